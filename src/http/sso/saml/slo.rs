//! `GET /sso/{connection}/slo`: logouts by redirect, and our own requests for them (G35).
//!
//! Here a session ends before the provider is asked to end hers, and whether it answers or not
//! (SDP-SP34). What a provider asks for is done only when its signature over the very query holds.

use axum::extract::rejection::PathRejection;
use axum::extract::{OriginalUri, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::place::Place;
use super::start::redirected;
use super::{Addresses, ring_of, saml_of};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::saml::Saml;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::session::Session;
use crate::domain::sign_in::Refusal;
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::saml::Logout;
use crate::http::page;
use crate::outbound::saml::compose;
use crate::outbound::saml::logout::{self, Message, Request};
use crate::outbound::saml::redirect::{self, Carries, Received};
use crate::store;

/// Longest `RelayState` that we send back, in bytes.
const RELAY_MAX: usize = 80;

/// Takes a logout request or response.
pub async fn slo(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let place = match Place::of(&app, &connection).await {
        Ok(place) => place,
        Err(problem) => return page::refuse(problem, &headers),
    };
    match take(&app, &place, uri.query().unwrap_or_default()).await {
        Ok(Ok(response)) => response,
        Ok(Err(found)) => place.refuse(&app, &headers, Refusal::from(found)).await,
        Err(problem) => page::refuse(problem, &headers),
    }
}

async fn take(app: &App, place: &Place, query: &str) -> Result<Result<Response, Found>, Problem> {
    let saml = saml_of(place)?.clone();
    let addresses = Addresses::of(app, place.connection.id);
    let (query, now, slo) = (query.to_owned(), app.runner.clock.now(), addresses.slo.clone());
    let trusted = saml.clone();
    let job = move || -> Result<(Message, Received), Found> {
        let received = redirect::received(&query)?;
        Ok((logout::read(&received, &trusted, &slo, now)?, received))
    };
    let (message, received) = match app.saml.run(job).await.and_then(|done| done) {
        Ok(read) => read,
        Err(found) => return Ok(Err(found)),
    };
    match message {
        Message::Response { .. } => Ok(Ok(redirected("/signed-out")?)),
        Message::Request(request) => log_out(app, place, &saml, (request, received)).await,
    }
}

/// Ends what the provider names, and answers it.
async fn log_out(
    app: &App,
    place: &Place,
    saml: &Saml,
    (request, received): (Request, Received),
) -> Result<Result<Response, Found>, Problem> {
    let logout = Logout {
        connection: place.connection.id,
        id: request.id.clone(),
        until: request.replay_until,
        name: request.name,
        sessions: request.sessions,
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
    let to = saml.slo_response_url.as_ref().or(saml.slo_url.as_ref());
    let Some(to) = to else { return Ok(Ok(redirected("/signed-out")?)) };
    let addresses = Addresses::of(app, place.connection.id);
    let (id, now) = (compose::draw_id(Rng), app.runner.clock.now());
    let xml = compose::logout_response(&addresses.sp(), to, (&request.id, None), (&id, now));
    let relay = received.relay_state.filter(|relay| relay.len() <= RELAY_MAX);
    let there = signed(app, place, to, (Carries::Response, xml), relay).await?;
    redirected(&there).map(Ok)
}

async fn signed(
    app: &App,
    place: &Place,
    to: &str,
    (carries, xml): (Carries, String),
    relay: Option<String>,
) -> Result<String, Problem> {
    let (key, to) = (ring_of(app, place)?.signing().cloned(), to.to_owned());
    let job = move || {
        let key = key.as_ref().map(|key| key.secret.as_slice());
        redirect::sent(&to, (carries, &xml), relay.as_deref(), key)
    };
    let url = app.saml.run(job).await.and_then(|url| url).map_err(Problem::internal)?;
    Ok(url.into())
}

/// Where a browser goes whose session was ended here, when its provider takes logouts.
pub async fn leave(app: &App, session: &Session, named: store::saml::Named) -> Option<String> {
    let id = session.connection_id?;
    let place = Place::of(app, &id.to_string()).await.ok()?;
    let to = saml_of(&place).ok()?.slo_url.clone()?;
    let addresses = Addresses::of(app, id);
    let request = (compose::draw_id(Rng), app.runner.clock.now());
    let known = (&named.name, named.session_index.as_deref());
    let xml = compose::logout_request(&addresses.sp(), &to, known, (&request.0, request.1));
    signed(app, &place, &to, (Carries::Request, xml), None).await.ok()
}
