//! `/sso/{connection}/continue`: the browser comes for what was verified.
//!
//! Where it began the sign-in itself, its session begins. Where the provider sent it unasked, the
//! person is asked whether it is she, so that nobody is signed in as somebody else by a link (K3).

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Form, FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::super::place::Place;
use super::super::tried;
use super::saml_of;
use super::start::redirected;
use super::words::{Words, words};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::saml::identity::{Identity, asserted};
use crate::domain::saml::result::Arrived;
use crate::domain::seal::Place as Sealed;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::sign_in::Step;
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::flow::saml::{Coming, IDENTITY};
use crate::flow::sign_in::Outcome;
use crate::http::cookie::Cookie;
use crate::http::{page, request_id, session};
use crate::store;

/// What the browser comes for.
#[derive(Deserialize)]
pub struct Handle {
    result: String,
}

#[derive(Template)]
#[template(path = "sso/continue.html")]
struct Ask<'a> {
    who: &'a str,
    organization: &'a str,
    action: &'a str,
    result: &'a str,
    cancel: &'a str,
    words: &'static Words,
}

/// Begins the session, or asks first.
pub async fn come(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    handle: Result<Query<Handle>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let Ok(Query(handle)) = handle else {
        let problem = Problem::new(Code::Malformed, "The query cannot be read.");
        return page::refuse(problem, &headers);
    };
    let place = match Place::of(&app, &connection).await {
        Ok(place) => place,
        Err(problem) => return page::refuse(problem, &headers),
    };
    match asks(&app, &place, &handle.result, &headers).await {
        Ok(Some(question)) => question,
        Ok(None) => finish(&app, &place, &handle.result, (&headers, false)).await,
        Err(problem) => page::refuse(problem, &headers),
    }
}

/// Begins the session of a person who said that it is she.
pub async fn agree(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let (parts, body) = request.into_parts();
    if let Err(problem) = session::check_origin(&parts, &app.public) {
        return page::refuse(problem, &parts.headers);
    }
    let headers = parts.headers.clone();
    let sent: Result<Form<Handle>, FormRejection> =
        Form::from_request(Request::from_parts(parts, body), &app).await;
    let Ok(Form(handle)) = sent else {
        let problem = Problem::new(Code::Malformed, "The form cannot be read.");
        return page::refuse(problem, &headers);
    };
    match Place::of(&app, &connection).await {
        Ok(place) => finish(&app, &place, &handle.result, (&headers, true)).await,
        Err(problem) => page::refuse(problem, &headers),
    }
}

/// The question, where there is one to ask; what does not fit is refused later, once for all.
async fn asks(
    app: &App,
    place: &Place,
    handle: &str,
    headers: &HeaderMap,
) -> Result<Option<Response>, Problem> {
    saml_of(place)?;
    let connection = &place.connection;
    let scope = &mut app.runner.read(connection.organization_id);
    let hash = SecretHash::of(handle.as_bytes());
    let found = store::saml::by_handle(scope, connection.id, hash).await?;
    let browser = Cookie::Login.read(headers, &app.public);
    let Ok(arrived) = Arrived::check(found, browser, app.runner.clock.now()) else {
        return Ok(None);
    };
    if !arrived.asks {
        return Ok(None);
    }
    let at = Sealed { column: IDENTITY, row: arrived.id, organization: connection.organization_id };
    let plain = app.seal.open(at, &arrived.identity).map_err(Problem::internal)?;
    let identity: Identity = serde_json::from_slice(&plain).map_err(Problem::internal)?;
    let Ok(asserted) = asserted(connection, &identity) else { return Ok(None) };
    let organization = place.organization.as_ref().map_or("", |found| found.name.as_str());
    let question = Ask {
        who: asserted.email.as_deref().unwrap_or(&asserted.subject),
        organization,
        action: &format!("/sso/{}/continue", connection.id),
        result: handle,
        cancel: "/sign-in",
        words: words(page::language(None, headers)),
    };
    Ok(Some(page::page(StatusCode::OK, &question)))
}

async fn finish(
    app: &App,
    place: &Place,
    handle: &str,
    (headers, agreed): (&HeaderMap, bool),
) -> Response {
    match end(app, place, handle, (headers, agreed)).await {
        Ok(response) => response,
        Err(problem) => page::refuse(problem, headers),
    }
}

async fn end(
    app: &App,
    place: &Place,
    handle: &str,
    (headers, agreed): (&HeaderMap, bool),
) -> Result<Response, Problem> {
    saml_of(place)?;
    // A draft is open to trials alone; who may sign in is judged with the rest.
    if let Err(refusal) = place.check_trial(Step::Callback) {
        return Ok(place.refuse(app, headers, refusal).await);
    }
    let cookie = draw(Rng);
    let coming = Coming {
        connection: place.connection.id,
        handle: SecretHash::of(handle.as_bytes()),
        browser: Cookie::Login.read(headers, &app.public),
        agreed,
        cookie: SecretHash::of(cookie.as_bytes()),
        old_cookie: Cookie::Session.read(headers, &app.public),
        invite: Cookie::Invite.read(headers, &app.public),
        request_id: request_id::current(),
    };
    let (outcome, return_to) = app
        .runner
        .write(Actor::Anonymous, place.connection.organization_id, move |work| {
            let coming = coming.clone();
            Box::pin(async move { flow::saml::finish(work, &coming).await })
        })
        .await?;
    match outcome {
        Outcome::SignedIn(_) => signed_in(app, &cookie, return_to.as_str()),
        Outcome::Tried(tried) => Ok(tried::page(app, place, *tried)),
        Outcome::Refused(refusal) => Ok(place.show(app, headers, (&refusal, Some(&return_to)))),
    }
}

fn signed_in(app: &App, cookie: &str, to: &str) -> Result<Response, Problem> {
    let mut response = redirected(to)?;
    let cookies = [
        Cookie::Session.set(cookie, &app.public),
        Cookie::Login.clear(&app.public),
        Cookie::Invite.clear(&app.public),
    ];
    for cookie in cookies {
        let cookie = cookie.ok_or_else(|| Problem::internal("a cookie is no header"))?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
