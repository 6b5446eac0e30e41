//! Operations: is the process alive, is it ready, what does it count.
//!
//! On the main address `/metrics` needs an operator token; on the admin address it is open, since
//! that address is not for the world.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::answer::Answer;
use super::route::{Doc, Method, Needs, Route};
use crate::app::App;
use crate::flow::problem::Problem;
use crate::store;
use crate::telemetry::Metrics;

/// The rows of the main address.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/livez",
        needs: Needs::Nothing,
        handler: || get(live),
        doc: Doc::of("The process is alive."),
    },
    Route {
        method: Method::Get,
        path: "/readyz",
        needs: Needs::Nothing,
        handler: || get(ready),
        doc: Doc::of("The database answers and requests are welcome."),
    },
    Route {
        method: Method::Get,
        path: "/metrics",
        needs: Needs::Operator,
        handler: || get(metrics),
        doc: Doc::of("Metrics in Prometheus' text form."),
    },
];

/// The router of the admin address: the same, open.
pub fn admin(app: &App) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app.clone())
}

async fn live() -> Response {
    Json(json!({"status": "alive"})).into_response()
}

/// 503 while the database does not answer or the process is draining.
async fn ready(State(app): State<App>) -> Answer {
    if app.draining.is_cancelled() {
        return Err(Problem::unavailable("the process is stopping").into());
    }
    store::outbox::count(&mut app.runner.db.conn()).await.map_err(Problem::from)?;
    Ok((StatusCode::OK, Json(json!({"status": "ready"}))).into_response())
}

async fn metrics() -> Answer {
    let metrics = Metrics::start().map_err(Problem::internal)?;
    let text = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, text)], metrics.render()).into_response())
}
