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
use crate::http::sso::saml;
use crate::http::{page, session};
use crate::store;

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
        Ok(there) => left(&app, there),
        Err(problem) => page::refuse(problem, &parts.headers),
    }
}

/// Ends the session; answers where the provider's session is ended, where it takes that (G35).
async fn end(app: &App, headers: &HeaderMap) -> Result<Option<Response>, Problem> {
    let Some(signed) = session::of(app, headers).await? else { return Ok(None) };
    let session = signed.session;
    let scope = &mut app.runner.read(session.organization_id);
    let named = store::saml::name_of(scope, session.id).await?;
    let ended = session.clone();
    app.runner
        .write(Actor::User(session.user_id), session.organization_id, move |work| {
            let session = session.clone();
            Box::pin(async move { flow::session::end(work, &session).await.map(|_| ()) })
        })
        .await?;
    saml::leave(app, &ended, named).await
}

fn left(app: &App, there: Option<Response>) -> Response {
    let mut response = there.unwrap_or_else(|| StatusCode::SEE_OTHER.into_response());
    let headers = response.headers_mut();
    let signed_out = HeaderValue::from_static("/signed-out");
    headers.entry(header::LOCATION).or_insert(signed_out);
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
