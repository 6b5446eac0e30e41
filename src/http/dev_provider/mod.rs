//! A small OpenID provider for `portico demo`, and for nothing else.
//!
//! It signs in whoever presses a button, on loopback, with keys that live as long as the process.
//! It speaks the authorization code flow with PKCE so that the relying party is shown in earnest.

mod key;
mod page;
mod token;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use self::key::Key;
use crate::domain::secret::draw;
use crate::domain::time::{Clock, Rng, Timestamp};

/// Codes and access tokens that are held at once; older ones are dropped.
const HELD_MAX: usize = 1_000;
/// A code lives this long, in seconds.
const CODE_S: i64 = 60;

/// Somebody who can be signed in by pressing a button.
#[derive(Clone, Debug)]
pub struct Account {
    /// The subject.
    pub subject: String,
    /// Her address, given as verified.
    pub email: String,
    /// Her name.
    pub name: String,
}

/// What an authorization request asked for.
#[derive(Clone, Debug, Deserialize)]
struct Asked {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    state: String,
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
}

/// A code that was given and not yet redeemed.
struct Code {
    asked: Asked,
    account: Account,
    at: Timestamp,
}

struct Inner {
    issuer: String,
    client_id: String,
    client_secret: String,
    accounts: Vec<Account>,
    clock: Arc<Clock>,
    key: Key,
    redirects: Mutex<Vec<String>>,
    codes: Mutex<HashMap<String, Code>>,
    signed_in: Mutex<HashMap<String, Account>>,
}

/// The running provider.
#[derive(Clone)]
pub struct DevProvider(Arc<Inner>);

impl DevProvider {
    /// Starts it on a free port of loopback; it ends with the process.
    ///
    /// # Errors
    /// When no port is free or no key can be made.
    pub async fn start(accounts: Vec<Account>, clock: Arc<Clock>) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let provider = Self(Arc::new(Inner {
            issuer: format!("http://{}", listener.local_addr()?),
            client_id: "portico-demo".to_owned(),
            client_secret: draw(Rng),
            accounts,
            clock,
            key: Key::draw()?,
            redirects: Mutex::default(),
            codes: Mutex::default(),
            signed_in: Mutex::default(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/jwks", get(keys))
            .route("/authorize", get(choose).post(choose_made))
            .route("/token", post(token::redeem))
            .route("/userinfo", get(token::userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(error = %error, "the provider of the demo stopped");
            }
        });
        Ok(provider)
    }

    /// Its issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The one client's id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// The one client's secret.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.0.client_secret
    }

    /// Registers a redirect URI of the client.
    pub fn allow_redirect(&self, uri: &str) {
        lock(&self.0.redirects).push(uri.to_owned());
    }

    /// Whether a request may be answered at all: only then is the browser sent back.
    fn check(&self, asked: &Asked) -> Result<(), &'static str> {
        if asked.client_id != self.0.client_id {
            return Err("This client is not known.");
        }
        if !lock(&self.0.redirects).contains(&asked.redirect_uri) {
            return Err("This redirect URI is not registered.");
        }
        if asked.response_type != "code" || asked.code_challenge_method != "S256" {
            return Err("Only the code flow with PKCE (S256) is spoken here.");
        }
        Ok(())
    }
}

/// A lock whose holder cannot have torn what it guards.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn configuration(State(provider): State<DevProvider>) -> Json<Value> {
    let issuer = provider.issuer();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported": ["sub", "email", "email_verified", "name"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn keys(State(provider): State<DevProvider>) -> Json<Value> {
    Json(json!({"keys": [provider.0.key.public()]}))
}

async fn choose(
    State(provider): State<DevProvider>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    provider.check(&asked).map_err(Refused)?;
    Ok(plain(Html(page::choose(&provider.0.accounts, &asked))))
}

#[derive(Deserialize)]
struct Chosen {
    subject: String,
    #[serde(flatten)]
    asked: Asked,
}

async fn choose_made(
    State(provider): State<DevProvider>,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Refused> {
    let Chosen { subject, asked } = chosen;
    provider.check(&asked).map_err(Refused)?;
    let known = provider.0.accounts.iter().find(|account| account.subject == subject);
    let account = known.cloned().ok_or(Refused("This account is not known."))?;
    let mut back = url::Url::parse(&asked.redirect_uri)
        .map_err(|_| Refused("This redirect URI is not registered."))?;
    let code = draw(Rng);
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &asked.state)
        .append_pair("iss", provider.issuer());
    let at = provider.0.clock.now();
    let mut codes = lock(&provider.0.codes);
    if codes.len() >= HELD_MAX {
        codes.clear();
    }
    codes.insert(code, Code { asked, account, at });
    Ok(Redirect::to(back.as_str()).into_response())
}

/// A request that cannot be answered at its redirect URI.
struct Refused(&'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = plain(Html(page::refused(self.0)));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    }
}

/// A page that loads nothing and is kept by nobody.
fn plain(page: Html<String>) -> Response {
    let mut response = page.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    );
    response
}
