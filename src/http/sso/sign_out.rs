//! `POST /sign-out` and the page after it.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::domain::actor::Actor;
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::cookie::Cookie;
use crate::http::{page, session};

#[derive(Template)]
#[template(path = "sso/signed_out.html")]
struct SignedOut;

/// Ends the session of the browser; without one there is nothing to end, and that is fine.
pub async fn sign_out(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(problem) = session::check_origin(&parts, &app.public) {
        return page::refuse(problem, &parts.headers);
    }
    match end(&app, &parts.headers).await {
        Ok(()) => left(&app),
        Err(problem) => page::refuse(problem, &parts.headers),
    }
}

async fn end(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(signed) = session::of(app, headers).await? else { return Ok(()) };
    let session = signed.session;
    app.runner
        .write(Actor::User(session.user_id), session.organization_id, move |work| {
            let session = session.clone();
            Box::pin(async move { flow::session::end(work, &session).await.map(|_| ()) })
        })
        .await
}

fn left(app: &App) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static("/signed-out"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cleared) = Cookie::Session.clear(&app.public) {
        headers.append(header::SET_COOKIE, cleared);
    }
    response
}

/// Says that the session is over.
pub async fn signed_out() -> Response {
    page::page(StatusCode::OK, &SignedOut)
}
