//! `POST /sso/{connection}/backchannel-logout`: the provider tells us that somebody left (OpenID
//! Connect Back-Channel Logout 1.0, R14).
//!
//! The caller has no credential but the token itself, which the provider's keys must verify. What
//! does not count is answered 400 and ends nothing.

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::Deserialize;
use serde_json::json;

use super::place::Place;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::connection::Kind;
use crate::flow;
use crate::flow::problem::{Code, Problem};

/// What the provider sends.
#[derive(Deserialize)]
pub struct Sent {
    logout_token: String,
}

/// Ends the sessions that a logout token means.
pub async fn logout(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    sent: Result<Form<Sent>, FormRejection>,
) -> Response {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let Ok(Form(sent)) = sent else { return refuse("logout_token is missing") };
    match end(&app, &connection, &sent.logout_token).await {
        Ok(None) => answered(StatusCode::OK.into_response()),
        Ok(Some(found)) => refuse(&found),
        Err(problem) if problem.code == Code::NotFound => refuse("there is no such connection"),
        Err(problem) => {
            crate::http::answer::log(&problem);
            let status = crate::http::answer::status(problem.code);
            answered(status.into_response())
        }
    }
}

/// What is wrong with the token, if anything.
async fn end(app: &App, connection: &str, token: &str) -> Result<Option<String>, Problem> {
    let place = Place::speaking(app, connection, Kind::Oidc).await?;
    let (id, settings) = (place.connection.id, &place.connection.settings);
    let at = (&settings.oidc, settings.tenant_id.as_deref());
    let token = match app.providers.logged_out(at, token).await {
        Ok(token) => token,
        Err(refused) => {
            tracing::warn!(connection.id = %id, found = %refused, "a logout token does not count");
            return Ok(Some(refused.to_string()));
        }
    };
    let ended = app
        .runner
        .write(Actor::Anonymous, place.connection.organization_id, move |work| {
            let token = token.clone();
            Box::pin(async move { flow::logout::by_provider(work, id, &token).await })
        })
        .await?;
    Ok(ended.is_none().then(|| "the logout token was used before".to_owned()))
}

fn refuse(found: &str) -> Response {
    let body = json!({"error": "invalid_request", "error_description": found});
    answered((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

fn answered(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}
