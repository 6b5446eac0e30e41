//! `GET /sso/{connection}/callback`: the provider's answer ends a sign-in.

use std::sync::{Mutex, PoisonError};

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::place::Place;
use super::start::VERIFIER;
use super::tried;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::connection::{Connection, Kind};
use crate::domain::login::{Login, ReturnTo};
use crate::domain::seal::Place as Sealed;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::sign_in::{Asserted, Refusal, Refused, Step, asserted};
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::sign_in::{Ending, Outcome};
use crate::http::cookie::Cookie;
use crate::http::{page, request_id};
use crate::outbound::oidc::Answered;
use crate::store;

/// Longest code that is redeemed, in bytes.
const CODE_MAX: usize = 8 * 1024;

/// What the provider sends with the browser.
#[derive(Deserialize)]
pub struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Takes the provider's answer and begins a session, or shows why not.
pub async fn callback(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    answer: Result<Query<Answer>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    // What is no text is no connection's id either.
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let place = match Place::speaking(&app, &connection, Kind::Oidc).await {
        Ok(place) => place,
        Err(problem) => return page::refuse(problem, &headers),
    };
    let Ok(Query(answer)) = answer else {
        let refusal = Refusal::new(Step::Callback, Refused::StateInvalid);
        return place.refuse(&app, &headers, refusal.found("the answer cannot be read")).await;
    };
    let login = match login(&app, &place, &answer, &headers).await {
        Ok(Ok(login)) => login,
        Ok(Err(refusal)) => return place.refuse(&app, &headers, refusal).await,
        Err(problem) => return page::refuse(problem, &headers),
    };
    let seen = Mutex::default();
    let asserted = ask(&app, &place, (&login, &answer), &seen).await;
    let message = message(&answer, seen);
    match end(&app, &place, &login, (asserted, message), &headers).await {
        Ok(response) => response,
        Err(problem) => page::refuse(problem, &headers),
    }
}

/// The login that this answers, or why it answers none.
async fn login(
    app: &App,
    place: &Place,
    answer: &Answer,
    headers: &HeaderMap,
) -> Result<Result<Login, Refusal>, Problem> {
    let connection = &place.connection;
    let scope = &mut app.runner.read(connection.organization_id);
    let found = match answer.state.as_deref() {
        Some(state) => {
            let state = SecretHash::of(state.as_bytes());
            store::login::by_state(scope, connection.id, state).await?
        }
        None => None,
    };
    let browser = Cookie::Login.read(headers, &app.public);
    Ok(flow::sign_in::check_login(found, browser, app.runner.clock.now()))
}

/// What the provider asserts; it is asked here, before any transaction opens.
async fn ask(
    app: &App,
    place: &Place,
    (login, answer): (&Login, &Answer),
    seen: &Mutex<Map<String, Value>>,
) -> Result<Asserted, Refusal> {
    let refuse = |code, found: &str| Err(Refusal::new(Step::Callback, code).found(found));
    match login.trial {
        true => place.check_trial(Step::Callback)?,
        false => place.check_open(Step::Callback)?,
    }
    let connection = &place.connection;
    let oidc = &connection.settings.oidc;
    if let Some(error) = &answer.error {
        // Another provider may answer with an error too (OA1).
        if answer.iss.as_ref().is_some_and(|iss| *iss != connection.issuer()) {
            return refuse(Refused::IssuerMismatch, "the error is of another issuer");
        }
        let said = answer.error_description.as_deref().unwrap_or_default();
        return refuse(error_code(error), format!("{error} {said}").trim_end());
    }
    let Some(code) = answer.code.as_deref().filter(|code| (1..=CODE_MAX).contains(&code.len()))
    else {
        return refuse(Refused::ProviderError, "the answer has no code");
    };
    let broken = |_| Refusal::new(Step::Provider, Refused::ProviderError).found("no secret_key");
    let secrets = flow::connection::secrets(&app.seal, connection).map_err(|problem| {
        crate::http::answer::log(&problem);
        broken(())
    })?;
    let at = Sealed { column: VERIFIER, row: login.id.0, organization: connection.organization_id };
    let verifier = app.seal.open(at, &login.verifier).map_err(|_| broken(()))?;
    let verifier = String::from_utf8(verifier).map_err(|_| broken(()))?;
    let wanted = wanted(connection);
    let redirect_uri = place.redirect_uri(app);
    let answered = Answered {
        oidc,
        tenant: connection.settings.tenant_id.as_deref(),
        secrets: &secrets,
        redirect_uri: &redirect_uri,
        code,
        iss: answer.iss.as_deref(),
        verifier: &verifier,
        nonce: login.nonce,
        needed: &connection.settings.link.claim,
        wanted: &wanted,
        fresh_since: login.fresh.then_some(login.created_at),
        seen: Some(seen),
    };
    let redeemed = app.providers.redeem(&answered).await?;
    let asserted = asserted(connection, &redeemed.claims)?;
    let (id_token, keys_host) = (Some(redeemed.id_token), redeemed.keys_host);
    Ok(Asserted { id_token, keys_host, ..asserted })
}

/// Claims that would help: the address where it may find or make somebody, names of those who are
/// made, and what rules read.
fn wanted(connection: &Connection) -> Vec<&str> {
    let settings = &connection.settings;
    let mut wanted: Vec<&str> =
        settings.rule_claims.iter().map(|name| connection.claim(name)).collect();
    if !connection.domains.is_empty() || settings.jit.enabled {
        wanted.push(connection.email_claim());
    }
    if settings.jit.enabled {
        wanted.extend(["first_name", "last_name"].map(|name| connection.claim(name)));
    }
    wanted
}

/// What the provider sent, for a trace: nothing in it can be used again.
fn message(answer: &Answer, seen: Mutex<Map<String, Value>>) -> Value {
    let mut claims = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    for secret in ["nonce", "at_hash", "c_hash"] {
        claims.remove(secret);
    }
    json!({
        "kind": "oidc",
        "answer": {
            "iss": answer.iss, "error": answer.error, "error_description": answer.error_description,
        },
        "claims": claims,
    })
}

fn error_code(error: &str) -> Refused {
    match error {
        "access_denied" => Refused::AccessDenied,
        "login_required" => Refused::LoginRequired,
        "interaction_required" | "consent_required" | "account_selection_required" => {
            Refused::InteractionRequired
        }
        _ => Refused::ProviderError,
    }
}

async fn end(
    app: &App,
    place: &Place,
    login: &Login,
    (asserted, message): (Result<Asserted, Refusal>, Value),
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let cookie = draw(Rng);
    let ending = Ending {
        connection: place.connection.id,
        login: Some(login.id),
        asserted,
        cookie: SecretHash::of(cookie.as_bytes()),
        old_cookie: Cookie::Session.read(headers, &app.public),
        request_id: request_id::current(),
        invite: Cookie::Invite.read(headers, &app.public),
        trial: login.trial,
        message: Some(message),
    };
    let outcome = app
        .runner
        .write(Actor::Anonymous, place.connection.organization_id, move |work| {
            let ending = ending.clone();
            Box::pin(async move { flow::sign_in::end(work, &ending).await })
        })
        .await?;
    match outcome {
        Outcome::SignedIn(_) => signed_in(app, &cookie, &login.return_to),
        Outcome::Tried(tried) => Ok(tried::page(app, place, *tried)),
        Outcome::Refused(refusal) => {
            Ok(place.show(app, headers, (&refusal, Some(&login.return_to))))
        }
    }
}

fn signed_in(app: &App, cookie: &str, return_to: &ReturnTo) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let location = HeaderValue::from_str(return_to.as_str()).map_err(Problem::internal)?;
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let cookies = [
        Cookie::Session.set(cookie, &app.public),
        Cookie::Login.clear(&app.public),
        Cookie::Invite.clear(&app.public),
    ];
    for cookie in cookies {
        let cookie = cookie.ok_or_else(|| Problem::internal("a cookie is no header"))?;
        headers.append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
