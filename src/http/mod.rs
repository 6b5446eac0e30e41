//! Requests in: route tables, guards, extractors and one renderer of problems per surface.

pub mod access;
pub mod address;
pub mod answer;
pub mod api;
pub mod cookie;
pub mod dev_provider;
pub mod entry_words;
pub mod extract;
pub mod guard;
pub mod inside;
pub mod invite;
pub mod limit;
pub mod linger;
pub mod oauth2;
pub mod ops;
pub mod outer;
pub mod page;
pub mod password;
pub mod request_id;
pub mod route;
pub mod scim;
pub mod session;
pub mod sso;
pub mod surface;
pub mod token;
pub mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::response::Response;

use crate::app::App;
use crate::flow::problem::{Code, Problem};

/// Largest body of the management surface, in bytes.
pub const BODY_MAX: usize = 1024 * 1024;

/// The router of all surfaces.
pub fn router(app: &App) -> Router {
    Router::new()
        .merge(route::mount(app, ops::ROUTES))
        .nest_service("/scim", scim::service(app))
        .merge(sso::router(app))
        .merge(invite::router(app))
        .merge(password::router(app))
        .merge(route::mount(app, oauth2::ROUTES))
        .nest("/access/v1", route::mount(app, access::ROUTES))
        .merge(route::mount(app, access::WELL_KNOWN))
        .nest("/api/v1", api::router(app))
        .nest("/api", route::mount(app, api::description::ROUTES))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(app.clone(), outer::around))
        .with_state(app.clone())
}

async fn unknown(uri: Uri) -> Response {
    surface::refuse(&uri, Problem::not_found("path"))
}

async fn wrong_method(uri: Uri) -> Response {
    let detail = "This path takes other methods.";
    surface::refuse(&uri, Problem::new(Code::MethodNotAllowed, detail))
}
