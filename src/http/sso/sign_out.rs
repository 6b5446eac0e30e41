//! `POST /sign-out` and the page after it.
//!
//! Our own session ends first, whatever becomes of the rest. Where the connection's provider offers
//! it, the browser then goes there to sign out too and comes back with a state that only it knows
//! (R13).

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::place::signed_out_url;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::seal::Place;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::session::Session;
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::cookie::Cookie;
use crate::http::sso::saml;
use crate::http::words::{Words, words};
use crate::http::{page, session};
use crate::outbound::oidc::Leaving;
use crate::store;

#[derive(Template)]
#[template(path = "sso/signed_out.html")]
struct SignedOut {
    said: &'static str,
    words: &'static Words,
    carried: &'static str,
}

/// What the page is asked for.
#[derive(Default, Deserialize)]
pub struct Asked {
    state: Option<String>,
    lang: Option<String>,
}

/// Ends the session of the browser; without one there is nothing to end, and that is fine.
pub async fn sign_out(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(problem) = session::check_origin(&parts, &app.public) {
        return page::refuse(problem, &parts.headers);
    }
    match end(&app, &parts.headers).await {
        Ok(Some((ended, Some(named)))) => {
            // What SAML providers answer is signed, and says itself what it answers.
            let language = page::language(None, &parts.headers);
            let away = saml::leave(&app, &ended, named, language).await;
            left(&app, away.unwrap_or_else(|| sent("/signed-out")), None)
        }
        Ok(Some((ended, None))) => match farewell(&app, &ended).await {
            Some((there, state)) => left(&app, sent(&there), Some(&state)),
            None => left(&app, sent("/signed-out"), None),
        },
        Ok(None) => left(&app, sent("/signed-out"), None),
        Err(problem) => page::refuse(problem, &parts.headers),
    }
}

/// A session that was ended, and by which name a SAML provider knows it.
type Ended = (Session, Option<store::saml::Named>);

async fn end(app: &App, headers: &HeaderMap) -> Result<Option<Ended>, Problem> {
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
    Ok(Some((ended, named)))
}

/// Where the browser signs out at the provider, and the state that comes back; `None` where that is
/// not offered.
async fn farewell(app: &App, session: &Session) -> Option<(String, String)> {
    let scope = &mut app.runner.read(session.organization_id);
    let connection = store::connection::by_id(scope, session.connection_id?).await.ok()??;
    let organization = session.organization_id;
    let place = Place { column: flow::sign_in::ID_TOKEN, row: session.id.0, organization };
    let sealed = session.id_token.as_deref();
    let opened = sealed.and_then(|sealed| app.seal.open(place, sealed).ok());
    let hint = opened.and_then(|bytes| String::from_utf8(bytes).ok());
    let (back, state) = (signed_out_url(app), draw(Rng));
    let leaving = Leaving { id_token: hint.as_deref(), back: &back, state: &state };
    let url = app.providers.end_session_url(&connection.settings.oidc, &leaving).await?;
    Some((url.into(), state))
}

fn sent(there: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let location = HeaderValue::from_str(there);
    let location = location.unwrap_or(HeaderValue::from_static("/signed-out"));
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The session's cookie goes; the state that the provider is to bring back stays with the browser.
fn left(app: &App, mut response: Response, state: Option<&str>) -> Response {
    let cookies = [
        Cookie::Session.clear(&app.public),
        state.and_then(|state| Cookie::Logout.set(state, &app.public)),
    ];
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Says that the session is over. An answer of a provider that was not asked by this browser, or
/// that comes without the state, is told as such (OC20).
pub async fn signed_out(
    State(app): State<App>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let words = words(page::language(asked.lang.as_deref(), &headers));
    let expected = Cookie::Logout.read(&headers, &app.public);
    let sent = asked.state.as_deref().map(|state| SecretHash::of(state.as_bytes()));
    let (status, said) = match expected == sent {
        true => (StatusCode::OK, words.session_over),
        false => (StatusCode::BAD_REQUEST, words.not_our_logout),
    };
    let mut response = page::page(status, &SignedOut { said, words, carried: "" });
    if expected.is_some()
        && let Some(cleared) = Cookie::Logout.clear(&app.public)
    {
        response.headers_mut().append(header::SET_COOKIE, cleared);
    }
    response
}
