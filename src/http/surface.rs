//! Which surface a path belongs to, for refusals that come before any route: wrong host, time-out,
//! panic, unknown path. Each surface has its own error format, and none ever answers another's.

use axum::http::Uri;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;
use crate::flow::problem::Problem;

/// Renders a refusal in the format of the surface that `uri` is on.
pub fn refuse(uri: &Uri, problem: Problem) -> Response {
    let path = uri.path();
    if path == "/scim" || path.starts_with("/scim/") {
        return super::scim::refuse(problem);
    }
    if path.starts_with("/oauth2/") {
        return super::oauth2::refuse(problem);
    }
    Refusal(problem).into_response()
}
