//! `GET /sso/{connection}/start`: a sign-in begins.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::place::Place;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::id::LoginId;
use crate::domain::identity::EMAIL_MAX;
use crate::domain::login::{LIFE_S, Login, ReturnTo};
use crate::domain::seal::Place as Sealed;
use crate::domain::sealed::Column;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::sign_in::{Refusal, Step};
use crate::domain::time::Rng;
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::http::cookie::Cookie;
use crate::http::page;
use crate::outbound::oidc::Ask;

/// The table and column of a login's PKCE verifier.
pub const VERIFIER: Column = Column::LoginVerifier;

/// What the caller may ask for.
#[derive(Default, Deserialize)]
pub struct Asked {
    /// Where the browser goes afterwards.
    pub return_to: Option<String>,
    /// Who probably wants to sign in.
    pub login_hint: Option<String>,
    /// `1` when she must sign in anew at the provider (K7).
    pub fresh: Option<String>,
    /// The secret of a trial of the connection.
    pub test: Option<String>,
}

/// Begins a sign-in and sends the browser to the provider.
pub async fn start(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(asked)) = asked else {
        let problem = Problem::new(Code::Malformed, "The query cannot be read.");
        return page::refuse(problem, &headers);
    };
    // What is no text is no connection's id either.
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    answer(&app, &connection, &asked, &headers).await
}

/// Begins a sign-in, however it was asked for, and answers the browser.
pub async fn answer(app: &App, connection: &str, asked: &Asked, headers: &HeaderMap) -> Response {
    let begun = match begin(app, connection, (asked, headers)).await {
        Ok(begun) => begun,
        Err(problem) => return page::refuse(problem, headers),
    };
    match begun {
        Begun::Sent(response) => response,
        Begun::Refused(place, refusal) => place.refuse(app, headers, refusal).await,
    }
}

enum Begun {
    Sent(Response),
    Refused(Box<Place>, Refusal),
}

/// What is sent out and of which only hashes stay.
struct Secrets {
    state: String,
    nonce: String,
    verifier: String,
    browser: String,
}

async fn begin(
    app: &App,
    connection: &str,
    (asked, headers): (&Asked, &HeaderMap),
) -> Result<Begun, Problem> {
    let place = Place::of(app, connection).await?;
    let Some(return_to) = flow::sign_in::return_to(asked.return_to.as_deref()) else {
        return Err(Problem::new(Code::Malformed, "return_to is not a path of this host."));
    };
    let trial = is_trial(app, &place, asked).await?;
    let open = if trial { place.check_trial(Step::Start) } else { place.check_open(Step::Start) };
    if let Err(refusal) = open {
        return Ok(Begun::Refused(Box::new(place), refusal));
    }
    let fresh = asked.fresh.as_deref() == Some("1");
    if place.connection.settings.saml.is_some() {
        let (how, language) = ((return_to, fresh, trial), page::language(None, headers));
        let begun = super::saml::start::begin(app, &place, how, language).await?;
        keep(app, begun.login).await?;
        return Ok(Begun::Sent(begun.response));
    }
    let [state, nonce, verifier, browser] = std::array::from_fn(|_| draw(Rng));
    let secrets = Secrets { state, nonce, verifier, browser };
    let redirect_uri = place.redirect_uri(app);
    let hint = asked.login_hint.as_deref();
    let known = flow::connection::secrets(&app.seal, &place.connection)?;
    let ask = Ask {
        secrets: &known,
        redirect_uri: &redirect_uri,
        state: &secrets.state,
        nonce: &secrets.nonce,
        verifier: &secrets.verifier,
        login_hint: hint.filter(|hint| (1..=EMAIL_MAX).contains(&hint.len())),
        fresh,
    };
    let oidc = &place.connection.settings.oidc;
    let url = match app.providers.authorization_url(oidc, &ask).await {
        Ok(url) => url,
        Err(refusal) => return Ok(Begun::Refused(Box::new(place), refusal)),
    };
    remember(app, &place, &secrets, (return_to, fresh, trial)).await?;
    sent(app, url.as_str(), &secrets).map(Begun::Sent)
}

/// Whether the connection is only tried out: the secret of the trial counts once.
async fn is_trial(app: &App, place: &Place, asked: &Asked) -> Result<bool, Problem> {
    let Some(secret) = &asked.test else { return Ok(false) };
    let (id, secret) = (place.connection.id, SecretHash::of(secret.as_bytes()));
    let used = app
        .runner
        .write(Actor::Anonymous, place.connection.organization_id, move |work| {
            Box::pin(async move { flow::connection::test_secret(work, id, secret).await })
        })
        .await?;
    if used {
        return Ok(true);
    }
    let detail = "This trial was used already, or is over: test the connection again.";
    Err(Problem::new(Code::Gone, detail))
}

async fn remember(
    app: &App,
    place: &Place,
    secrets: &Secrets,
    (return_to, fresh, trial): (ReturnTo, bool, bool),
) -> Result<(), Problem> {
    let (id, now): (LoginId, _) = (app.runner.id(), app.runner.clock.now());
    let organization = place.connection.organization_id;
    let at = Sealed { column: VERIFIER, row: id.0, organization };
    let verifier =
        app.seal.seal(Rng, at, secrets.verifier.as_bytes()).map_err(Problem::internal)?;
    let login = Login {
        id,
        organization_id: organization,
        connection_id: place.connection.id,
        state: SecretHash::of(secrets.state.as_bytes()),
        browser: SecretHash::of(secrets.browser.as_bytes()),
        nonce: SecretHash::of(secrets.nonce.as_bytes()),
        verifier,
        return_to,
        created_at: now,
        expires_at: now.plus_s(LIFE_S),
        used_at: None,
        fresh,
        trial,
    };
    keep(app, login).await
}

async fn keep(app: &App, login: Login) -> Result<(), Problem> {
    app.runner
        .write(Actor::Anonymous, login.organization_id, move |work| {
            let login = login.clone();
            Box::pin(async move { flow::sign_in::begin(work, &login).await })
        })
        .await
}

fn sent(app: &App, url: &str, secrets: &Secrets) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let location = HeaderValue::from_str(url).map_err(Problem::internal)?;
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let cookie = Cookie::Login.set(&secrets.browser, &app.public);
    headers.append(
        header::SET_COOKIE,
        cookie.ok_or_else(|| Problem::internal("the login cookie is no header"))?,
    );
    Ok(response)
}
