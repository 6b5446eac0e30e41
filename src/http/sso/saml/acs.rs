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
use serde_json::{Value, json};

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
use crate::outbound::saml::redirect::Carries;
use crate::outbound::saml::{fetch, trace, verify};
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
        Ok(Err(Stopped::Now(refusal, sent))) => {
            place.refuse_sent(&app, &parts.headers, refusal, sent).await
        }
        Ok(Err(Stopped::Written(refusal))) => place.show(&app, &parts.headers, (&refusal, None)),
        Err(problem) => page::refuse(problem, &parts.headers),
    }
}

/// A refusal that is to be written down, with what was sent where traces are on; or that was.
enum Stopped {
    Now(Refusal, Option<Value>),
    Written(Refusal),
}

type Taken<T> = Result<Result<T, Stopped>, Problem>;

async fn take(app: &App, place: &Place, headers: &HeaderMap, body: Body) -> Taken<Response> {
    let sent = match form::read(headers, body, &[Carries::Response]).await {
        Ok(sent) => sent,
        Err(found) => return Ok(Err(Stopped::Now(found.into(), None))),
    };
    let login = match login(app, place, &sent, headers).await? {
        Ok(login) => login,
        Err(refusal) => return stopped(app, place, refusal, sent.message).await,
    };
    let trial = login.as_ref().is_some_and(|login| login.trial);
    let open =
        if trial { place.check_trial(Step::Callback) } else { place.check_open(Step::Callback) };
    if let Err(refusal) = open {
        return stopped(app, place, refusal, sent.message).await;
    }
    let (outcome, message) = verified(app, place, (&sent.message, login.as_ref())).await?;
    match outcome {
        Ok(identity) => arrive(app, place, login, (identity, message)).await,
        Err(refusal) => Ok(Err(Stopped::Now(refusal, message))),
    }
}

/// A refusal before the message was verified.
async fn stopped<T>(app: &App, place: &Place, refusal: Refusal, encoded: String) -> Taken<T> {
    let traces = place.connection.traces(app.runner.clock.now());
    let message = match traces {
        true => app.saml.run(move || message(&encoded, None)).await.ok(),
        false => None,
    };
    Ok(Err(Stopped::Now(refusal, message)))
}

/// What a trace keeps of a message: nothing in it can be used again (G30).
fn message(encoded: &str, opened: Option<&str>) -> Value {
    let text = verify::decode(encoded).ok();
    json!({
        "kind": "saml",
        "response": text.as_deref().map(trace::redacted),
        "assertion": opened.map(trace::redacted),
    })
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
) -> Result<(Result<Identity, Refusal>, Option<Value>), Problem> {
    let saml = saml_of(place)?.clone();
    let mut judged = judge(app, place, (encoded, login), saml.clone()).await?;
    let unknown =
        judged.0.as_ref().err().is_some_and(|found| found.fault == Fault::SignatureInvalid);
    if unknown && let Some(newer) = newer(app, place, &saml).await? {
        judged = judge(app, place, (encoded, login), newer).await?;
    }
    let (outcome, message) = judged;
    let outcome = outcome.map_err(Refusal::from).and_then(|identity| {
        // What the connection would refuse later is refused before anything is used up.
        asserted(&place.connection, &identity).map(|_| identity)
    });
    Ok((outcome, message))
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

/// Whom a message is about, or why it does not count; and what a trace keeps of it.
type Judged = (Result<Identity, Found>, Option<Value>);

/// Judges the message behind the wall.
async fn judge(
    app: &App,
    place: &Place,
    (encoded, login): (&str, Option<&Login>),
    saml: Saml,
) -> Result<Judged, Problem> {
    let addresses = Addresses::of(app, place.connection.id);
    let (encoded, secrets) = (encoded.to_owned(), ring_of(app, place)?.decrypting());
    let (now, asked) = (app.runner.clock.now(), login.map(|login| login.nonce));
    let traces = place.connection.traces(now);
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
        let verdict = verify::response(&encoded, &expected, &Keys::of(&secrets));
        let message = traces.then(|| message(&encoded, verdict.opened.as_deref()));
        (verdict.outcome, message)
    };
    Ok(app.saml.run(job).await.unwrap_or_else(|found| (Err(found), None)))
}

async fn arrive(
    app: &App,
    place: &Place,
    login: Option<Login>,
    (identity, message): (Identity, Option<Value>),
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
        message,
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
