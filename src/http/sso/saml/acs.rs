//! `POST /sso/{connection}/acs`: the provider's answer, brought by the browser from another site.
//!
//! It is verified before any transaction opens. What holds is kept under a handle, and the browser
//! is sent for it by a request of its own, with which cookies come (K2). An answer that belongs to
//! no request of this browser counts only where the connection lets people begin at the provider,
//! and then they are asked first (K3).

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::place::{Place, url};
use super::form::{self, Sent};
use super::start::{redirected, with_cookie};
use super::{Addresses, ring_of, saml_of};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::login::{Login, ReturnTo};
use crate::domain::saml::Saml;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::saml::identity::{Identity, asserted};
use crate::domain::saml::judge::{Expected, Request as Answers};
use crate::domain::saml::result::{Arrived, LIFE_S};
use crate::domain::secret::{SecretHash, draw};
use crate::domain::sign_in::{Refusal, Step};
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::saml::Arrival;
use crate::http::cookie::Cookie;
use crate::http::{page, request_id};
use crate::outbound::saml::decrypt::Keys;
use crate::outbound::saml::{fetch, verify};
use crate::store;

/// Takes a response, and sends the browser for what it is worth, or shows why it is worth nothing.
pub async fn acs(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    // What is no text is no connection's id either.
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let place = match Place::of(&app, &connection).await {
        Ok(place) if saml_of(&place).is_ok() => place,
        Ok(_) => return page::refuse(Problem::not_found("connection"), &parts.headers),
        Err(problem) => return page::refuse(problem, &parts.headers),
    };
    match take(&app, &place, &parts.headers, body).await {
        Ok(Ok(response)) => response,
        Ok(Err(Stopped::Now(refusal))) => place.refuse(&app, &parts.headers, refusal).await,
        Ok(Err(Stopped::Written(refusal))) => place.show(&app, &parts.headers, &refusal),
        Err(problem) => page::refuse(problem, &parts.headers),
    }
}

/// A refusal that is to be written down, or was.
enum Stopped {
    Now(Refusal),
    Written(Refusal),
}

type Taken<T> = Result<Result<T, Stopped>, Problem>;

async fn take(app: &App, place: &Place, headers: &HeaderMap, body: Body) -> Taken<Response> {
    let sent = match form::read(headers, body).await {
        Ok(sent) => sent,
        Err(found) => return Ok(Err(Stopped::Now(found.into()))),
    };
    let login = match login(app, place, &sent, headers).await? {
        Ok(login) => login,
        Err(refusal) => return Ok(Err(Stopped::Now(refusal))),
    };
    let trial = login.as_ref().is_some_and(|login| login.trial);
    let open =
        if trial { place.check_trial(Step::Callback) } else { place.check_open(Step::Callback) };
    if let Err(refusal) = open {
        return Ok(Err(Stopped::Now(refusal)));
    }
    let identity = match verified(app, place, (&sent.response, login.as_ref())).await? {
        Ok(identity) => identity,
        Err(refusal) => return Ok(Err(Stopped::Now(refusal))),
    };
    arrive(app, place, login, identity).await
}

/// The request of this browser that is answered; `None` when it answers none.
///
/// A `RelayState` that is not one of ours means nothing: whether the answer may come unasked is
/// judged by what it says itself.
async fn login(
    app: &App,
    place: &Place,
    sent: &Sent,
    headers: &HeaderMap,
) -> Result<Result<Option<Login>, Refusal>, Problem> {
    let Some(state) = &sent.relay_state else { return Ok(Ok(None)) };
    let connection = &place.connection;
    let scope = &mut app.runner.read(connection.organization_id);
    let state = SecretHash::of(state.as_bytes());
    let Some(found) = store::login::by_state(scope, connection.id, state).await? else {
        return Ok(Ok(None));
    };
    let browser = Cookie::Login.read(headers, &app.public);
    let checked = flow::sign_in::check_login(Some(found), browser, app.runner.clock.now());
    Ok(checked.map(Some))
}

/// Verifies the message, and takes from it what the connection wants. Where no known key verifies
/// it the provider may have a newer one: its metadata is read again, seldom, and then the message
/// is judged once more (G32).
async fn verified(
    app: &App,
    place: &Place,
    (encoded, login): (&str, Option<&Login>),
) -> Result<Result<Identity, Refusal>, Problem> {
    let saml = saml_of(place)?.clone();
    let mut outcome = judged(app, place, (encoded, login), saml.clone()).await?;
    let unknown =
        outcome.as_ref().err().is_some_and(|found| found.fault == Fault::SignatureInvalid);
    if unknown && let Some(newer) = newer(app, place, &saml).await? {
        outcome = judged(app, place, (encoded, login), newer).await?;
    }
    Ok(outcome.map_err(Refusal::from).and_then(|identity| {
        // What the connection would refuse later is refused before anything is used up.
        asserted(&place.connection, &identity).map(|_| identity)
    }))
}

/// What the provider's metadata says now, where that may be asked and differs.
async fn newer(app: &App, place: &Place, saml: &Saml) -> Result<Option<Saml>, Problem> {
    if saml.metadata_url.is_none() {
        return Ok(None);
    }
    let (id, organization) = (place.connection.id, place.connection.organization_id);
    let claimed = app
        .runner
        .write(Actor::System, organization, move |work| {
            Box::pin(async move { flow::saml_metadata::claim(work, id).await })
        })
        .await?;
    if !claimed {
        return Ok(None);
    }
    let now = app.runner.clock.now();
    let looked = fetch::again((&app.guarded, &app.saml), saml, now).await;
    let found = app
        .runner
        .write(Actor::System, organization, move |work| {
            let looked = looked.clone();
            Box::pin(async move { flow::saml_metadata::looked(work, id, &looked).await })
        })
        .await?;
    let found = found.and_then(|found| found.settings.saml);
    Ok(found.filter(|found| found.certificates != saml.certificates))
}

/// Judges the message behind the wall.
async fn judged(
    app: &App,
    place: &Place,
    (encoded, login): (&str, Option<&Login>),
    saml: Saml,
) -> Result<Result<Identity, Found>, Problem> {
    let addresses = Addresses::of(app, place.connection.id);
    let (encoded, secrets) = (encoded.to_owned(), ring_of(app, place)?.decrypting());
    let (now, asked) = (app.runner.clock.now(), login.map(|login| login.nonce));
    let fresh_since = login.filter(|login| login.fresh).map(|login| login.created_at);
    let job = move || {
        let is = |id: &str| asked.is_some_and(|asked| asked.matches(id.as_bytes()));
        let expected = Expected {
            saml: &saml,
            sp_entity_id: &addresses.entity_id,
            acs_url: &addresses.acs,
            request: match asked {
                Some(_) => Answers::Of(&is),
                None => Answers::Unsolicited { allowed: saml.allow_idp_initiated },
            },
            now,
            fresh_since,
        };
        verify::response(&encoded, &expected, &Keys::of(&secrets)).outcome
    };
    Ok(app.saml.run(job).await.and_then(|outcome| outcome))
}

async fn arrive(
    app: &App,
    place: &Place,
    login: Option<Login>,
    identity: Identity,
) -> Taken<Response> {
    let connection = &place.connection;
    let (handle, browser) = (draw(Rng), draw(Rng));
    let target = saml_of(place)?.idp_initiated_target.as_deref().and_then(ReturnTo::parse);
    let id = app.runner.id::<uuid::Uuid>();
    let arrived = Arrived {
        id,
        connection_id: connection.id,
        handle: SecretHash::of(handle.as_bytes()),
        browser: SecretHash::of(browser.as_bytes()),
        identity: flow::saml::sealed((&app.seal, Rng), connection, (id, &identity))?,
        return_to: match &login {
            Some(login) => login.return_to.clone(),
            None => target.unwrap_or_else(ReturnTo::home),
        },
        asks: login.is_none(),
        trial: login.as_ref().is_some_and(|login| login.trial),
        expires_at: app.runner.clock.now().plus_s(LIFE_S),
        used_at: None,
    };
    let arrival = Arrival {
        login: login.map(|login| login.id),
        identity,
        arrived,
        request_id: request_id::current(),
    };
    let kept = app
        .runner
        .write(Actor::Anonymous, connection.organization_id, move |work| {
            let arrival = arrival.clone();
            Box::pin(async move { flow::saml::arrive(work, &arrival).await })
        })
        .await?;
    if let Err(refusal) = kept {
        return Ok(Err(Stopped::Written(refusal)));
    }
    let next = format!("{}?result={handle}", url(app, connection.id, "continue"));
    // The cookie of the request is over; what waits belongs to a new one.
    with_cookie(app, redirected(&next)?, &browser).map(Ok)
}
