//! `GET` and `POST /sso/{connection}/slo`: logouts that providers ask for or answer, and our own
//! requests for them (G35).
//!
//! Here a session ends before the provider is asked to end hers, and whether it answers or not
//! (SDP-SP34). What a provider asks for is done only when its signature holds: over the very query
//! of a redirect, or on the root of what a form brings. Answers of ours go as its metadata says.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::place::Place;
use super::form;
use super::post::{self, Going};
use super::start::redirected;
use super::{Addresses, ring_of, saml_of, unwritten};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::language::Language;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::saml::{Binding, Saml};
use crate::domain::session::Session;
use crate::domain::sign_in::Refusal;
use crate::domain::time::{Rng, Timestamp};
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::saml::Logout;
use crate::http::page;
use crate::outbound::saml::compose;
use crate::outbound::saml::logout::{self, Message, Request as Asked};
use crate::outbound::saml::redirect::{self, Carries};
use crate::store;

/// Longest `RelayState` that we send back, in bytes.
const RELAY_MAX: usize = 80;

/// What a provider sent by the browser.
enum Sent {
    Query(String),
    Form(form::Sent),
}

type Taken = Result<Result<Response, Found>, Problem>;

/// Takes a logout request or response by redirect.
pub async fn by_redirect(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let sent = Sent::Query(uri.query().unwrap_or_default().to_owned());
    answered(&app, connection, &headers, async { Ok(sent) }).await
}

/// Takes a logout request or response by a form.
pub async fn by_form(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    answered(&app, connection, &parts.headers, read(&parts.headers, body)).await
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Sent, Found> {
    form::read(headers, body, &[Carries::Request, Carries::Response]).await.map(Sent::Form)
}

async fn answered(
    app: &App,
    connection: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
    sent: impl Future<Output = Result<Sent, Found>>,
) -> Response {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let place = match Place::of(app, &connection).await {
        Ok(place) if saml_of(&place).is_ok() => place,
        Ok(_) => return page::refuse(Problem::not_found("connection"), headers),
        Err(problem) => return page::refuse(problem, headers),
    };
    let taken = match sent.await {
        Ok(sent) => take(app, &place, sent, page::language(None, headers)).await,
        Err(found) => Ok(Err(found)),
    };
    match taken {
        Ok(Ok(response)) => response,
        Ok(Err(found)) => place.refuse(app, headers, Refusal::from(found)).await,
        Err(problem) => page::refuse(problem, headers),
    }
}

async fn take(app: &App, place: &Place, sent: Sent, language: Language) -> Taken {
    let saml = saml_of(place)?.clone();
    let (now, slo) = (app.runner.clock.now(), Addresses::of(app, place.connection.id).slo);
    let job = move || opened(sent, &saml, &slo, now);
    let (message, relay) = match app.saml.run(job).await.and_then(|done| done) {
        Ok(read) => read,
        Err(found) => return Ok(Err(found)),
    };
    match message {
        Message::Response { .. } => Ok(Ok(redirected("/signed-out")?)),
        Message::Request(asked) => log_out(app, place, (asked, relay), language).await,
    }
}

/// The message, its signature verified, and what goes back with the answer.
fn opened(
    sent: Sent,
    saml: &Saml,
    slo: &str,
    now: Timestamp,
) -> Result<(Message, Option<String>), Found> {
    match sent {
        Sent::Query(query) => {
            let received = redirect::received(&query)?;
            Ok((logout::read(&received, saml, slo, now)?, received.relay_state))
        }
        Sent::Form(form) => {
            let message = logout::read_posted((form.carries, &form.message), saml, slo, now)?;
            Ok((message, form.relay_state))
        }
    }
}

/// Ends what the provider names, and answers it.
async fn log_out(
    app: &App,
    place: &Place,
    (asked, relay): (Asked, Option<String>),
    language: Language,
) -> Taken {
    let logout = Logout {
        connection: place.connection.id,
        id: asked.id.clone(),
        until: asked.replay_until,
        name: asked.name,
        sessions: asked.sessions,
    };
    let ended = app
        .runner
        .write(Actor::Anonymous, place.connection.organization_id, move |work| {
            let logout = logout.clone();
            Box::pin(async move { flow::saml::log_out(work, &logout).await })
        })
        .await?;
    if ended.is_none() {
        return Ok(Err(Fault::Replayed.into()));
    }
    let saml = saml_of(place)?;
    let to = saml.slo_response_url.as_ref().or(saml.slo_url.as_ref());
    let Some(to) = to else { return Ok(Ok(redirected("/signed-out")?)) };
    let addresses = Addresses::of(app, place.connection.id);
    let (id, now) = (compose::draw_id(Rng), app.runner.clock.now());
    let xml = compose::logout_response(&addresses.sp(), to, (&asked.id, None), (&id, now));
    let relay_state = relay.filter(|relay| relay.len() <= RELAY_MAX);
    let going = Going { to: to.clone(), carries: Carries::Response, xml, relay_state };
    sent(app, place, going, language).await.map(Ok)
}

/// The browser on its way to the provider with a signed message, as the metadata says.
async fn sent(
    app: &App,
    place: &Place,
    going: Going,
    language: Language,
) -> Result<Response, Problem> {
    if saml_of(place)?.slo_binding == Binding::Post {
        let going = post::signed(app, place, going).await?;
        return Ok(post::shown(&going, language, true));
    }
    let key = ring_of(app, place)?.signing().cloned();
    let job = move || {
        let key = key.as_ref().map(|key| key.secret.as_slice());
        let message = (going.carries, going.xml.as_str());
        redirect::sent(&going.to, message, going.relay_state.as_deref(), key)
    };
    let url = app.saml.run(job).await.and_then(|url| url).map_err(unwritten)?;
    redirected(url.as_str())
}

/// The way of a browser whose session was ended here, when its provider takes logouts.
pub async fn leave(
    app: &App,
    session: &Session,
    named: store::saml::Named,
    language: Language,
) -> Option<Response> {
    let id = session.connection_id?;
    let place = Place::of(app, &id.to_string()).await.ok()?;
    let to = saml_of(&place).ok()?.slo_url.clone()?;
    let addresses = Addresses::of(app, id);
    let request = (compose::draw_id(Rng), app.runner.clock.now());
    let known = (&named.name, named.session_index.as_deref());
    let xml = compose::logout_request(&addresses.sp(), &to, known, (&request.0, request.1));
    let going = Going { to, carries: Carries::Request, xml, relay_state: None };
    sent(app, &place, going, language).await.ok()
}
