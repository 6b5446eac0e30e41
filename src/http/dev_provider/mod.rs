//! A small OpenID provider for demonstrations: anybody is whoever she likes to be.
//!
//! It listens on loopback alone, knows no passwords and says so on each page. What a relying party
//! relies on is real: exact redirect URIs, PKCE, client authentication, codes that count once,
//! signed tokens. `serve` never starts it.

mod authorize;
mod signer;
mod token;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use self::signer::Signer;
pub use self::signer::SignerUnmade;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::time::{Clock, Rng, Timestamp};

/// How long a code counts, in seconds.
const CODE_LIFE_S: i64 = 60;
/// How long tokens count, in seconds.
const TOKEN_LIFE_S: i64 = 300;
/// Codes and access tokens that are remembered.
const GRANTS_MAX: usize = 1000;

/// Somebody whom one can be.
#[derive(Clone, Debug)]
pub struct Account {
    /// What the provider calls her: the external id in her directory.
    pub sub: String,
    /// Her name.
    pub name: String,
    /// Her address.
    pub email: String,
    /// What one sees as her.
    pub note: String,
}

/// Why the provider did not start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// No port could be had.
    #[error("the development provider cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// No key could be made.
    #[error("the development provider has no key: {0}")]
    Key(#[from] SignerUnmade),
}

/// The provider while it runs, cheap to clone.
#[derive(Clone)]
pub struct DevProvider(Arc<Provider>);

struct Provider {
    issuer: String,
    client_id: String,
    client_secret: String,
    accounts: Vec<Account>,
    clock: Arc<Clock>,
    signer: Signer,
    kept: Mutex<Kept>,
}

/// What changes while it runs.
#[derive(Default)]
struct Kept {
    redirect_uris: Vec<String>,
    codes: HashMap<SecretHash, Code>,
    access_tokens: HashMap<SecretHash, (Account, Timestamp)>,
}

/// A code that waits to be redeemed.
struct Code {
    account: Account,
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    ends_at: Timestamp,
}

impl DevProvider {
    /// Starts a provider with one client on a port of loopback; port 0 takes a free one. It runs
    /// until the runtime ends.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub async fn start(
        port: u16,
        accounts: Vec<Account>,
        clock: Arc<Clock>,
    ) -> Result<Self, NotStarted> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let provider = Self(Arc::new(Provider {
            issuer,
            client_id: "portico-demo".to_owned(),
            client_secret: draw(Rng),
            accounts,
            clock,
            signer: Signer::new()?,
            kept: Mutex::default(),
        }));
        let router = provider.router();
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(error = %error, "the development provider ended");
            }
        });
        Ok(provider)
    }

    /// Its issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The name of its one client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// The secret of its one client, drawn at each start.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.0.client_secret
    }

    /// Lets answers go to this address.
    pub fn register(&self, redirect_uri: &str) {
        self.kept().redirect_uris.push(redirect_uri.to_owned());
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize::choose).post(authorize::chosen))
            .route("/token", post(token::redeem))
            .route("/userinfo", get(token::user_info).post(token::user_info))
            .with_state(self.clone())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Forgets what has ended; when too much is left, everything.
    fn forget(&mut self, now: Timestamp) {
        self.codes.retain(|_, code| now < code.ends_at);
        self.access_tokens.retain(|_, (_, ends_at)| now < *ends_at);
        if self.codes.len() + self.access_tokens.len() >= GRANTS_MAX {
            self.codes.clear();
            self.access_tokens.clear();
        }
    }
}

async fn discovery(State(provider): State<DevProvider>) -> Response {
    let at = |path: &str| format!("{}{path}", provider.issuer());
    let document = json!({
        "issuer": provider.issuer(),
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "userinfo_endpoint": at("/userinfo"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
        "authorization_response_iss_parameter_supported": true,
    });
    ([(header::CACHE_CONTROL, "max-age=300")], Json(document)).into_response()
}

async fn jwks(State(provider): State<DevProvider>) -> Response {
    let keys = json!({"keys": [provider.0.signer.jwk()]});
    ([(header::CACHE_CONTROL, "max-age=300")], Json(keys)).into_response()
}

#[cfg(test)]
mod tests;
