//! OpenID providers as a relying party sees them: code flow with PKCE, and nothing else (R1).
//!
//! Discovery documents and keys are kept for each issuer. `openidconnect` verifies ID tokens; what
//! it leaves open (times with leeway, `azp`, `at_hash`, doubled claims, sizes) is checked beside.
//! Every refusal says for the journal what was found, without secrets.

mod client;
mod discovery;
mod exchange;
pub mod id_token;
mod jws;
mod keep;
pub mod keys;
mod logout;
mod pushed;
mod redeem;
mod trial;
mod user_info;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use self::client::Client;
use self::discovery::Discovery;
use self::keep::Kept;
use self::keys::Keys;
pub use self::logout::{Leaving, NotLoggedOut};
pub use self::trial::{Check, Checked, Tested};
use super::http::{Guarded, Refused as NotAsked};
use crate::domain::connection::{ClientAuth, Oidc, Secrets};
use crate::domain::secret::SecretHash;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::domain::time::{Clock, Timestamp};

/// Issuers that are remembered; the one that was asked longest ago gives way.
pub const ISSUERS_MAX: usize = 1000;

/// All providers, by issuer.
pub struct Providers {
    http: Guarded,
    clock: Arc<Clock>,
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    issuer: Arc<Issuer>,
    asked: u64,
}

/// What is kept of one issuer.
#[derive(Default)]
struct Issuer {
    discovery: Kept<Discovery>,
    keys: Kept<Keys>,
}

/// A request for a sign-in.
pub struct Ask<'a> {
    /// What the provider knows us by, where the request is left with it first (R17).
    pub secrets: &'a Secrets,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// Comes back with the answer.
    pub state: &'a str,
    /// Comes back in the token.
    pub nonce: &'a str,
    /// The PKCE verifier, of which only the hash is sent.
    pub verifier: &'a str,
    /// Who probably wants to sign in.
    pub login_hint: Option<&'a str>,
    /// Whether she must sign in anew there (K7).
    pub fresh: bool,
}

/// The provider's answer and what it must fit.
pub struct Answered<'a> {
    /// The provider and our place there.
    pub oidc: &'a Oidc,
    /// The tenant that is pinned, for a provider that serves many (EN1).
    pub tenant: Option<&'a str>,
    /// What it knows us by.
    pub secrets: &'a Secrets,
    /// Where the answer came.
    pub redirect_uri: &'a str,
    /// The code.
    pub code: &'a str,
    /// `iss` of the answer, if it came (R2).
    pub iss: Option<&'a str>,
    /// The PKCE verifier.
    pub verifier: &'a str,
    /// The hash of the nonce.
    pub nonce: SecretHash,
    /// The claim that there must be, asked of UserInfo when the token has it not.
    pub needed: &'a str,
    /// Claims that would help, asked likewise.
    pub wanted: &'a [&'a str],
    /// When she must have signed in at the provider at the earliest, where that is demanded (K7).
    pub fresh_since: Option<Timestamp>,
    /// Takes the claims of the ID token as they were sent, believed or not, for a trace.
    pub seen: Option<&'a Mutex<Map<String, Value>>>,
}

/// What a provider said of a person, verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Redeemed {
    /// The claims of the ID token, with those of UserInfo that it has not.
    pub claims: Map<String, Value>,
    /// The ID token itself, for a logout.
    pub id_token: String,
    /// The host of the provider's keys (R9).
    pub keys_host: Option<String>,
}

impl Providers {
    /// No provider is known yet.
    #[must_use]
    pub fn new(http: Guarded, clock: Arc<Clock>) -> Self {
        Self { http, clock, known: Mutex::default() }
    }

    /// Whether an issuer is a URL that would be asked, before it is saved.
    ///
    /// # Errors
    /// Why not, in words for the person who configures it.
    pub fn check_issuer(&self, issuer: &str) -> Result<(), NotAsked> {
        let url = self.http.check(issuer)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(NotAsked::Url("an issuer has no query and no fragment"));
        }
        Ok(())
    }

    /// Where the browser goes to sign in.
    ///
    /// # Errors
    /// [`Refusal`] when the provider cannot be discovered, or does not take the request where it
    /// wants it beforehand.
    pub async fn authorization_url(&self, oidc: &Oidc, ask: &Ask<'_>) -> Result<Url, Refusal> {
        let discovery = self.discovery(&oidc.issuer).await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(ask.verifier.as_bytes()));
        let scope = oidc.scopes.join(" ");
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", oidc.client_id.as_str()),
            ("redirect_uri", ask.redirect_uri),
            ("scope", &scope),
            ("state", ask.state),
            ("nonce", ask.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if let Some(hint) = ask.login_hint {
            fields.push(("login_hint", hint));
        }
        if ask.fresh {
            fields.extend([("prompt", "login"), ("max_age", "0")]);
        }
        let there = &discovery.authorization_endpoint;
        if let Some(endpoint) = &discovery.pushed_to {
            let client = Client { oidc, secrets: ask.secrets, now: self.clock.now() };
            // Who we are says the authentication, or the form beside it.
            fields.retain(|(name, _)| *name != "client_id" || oidc.auth == ClientAuth::Basic);
            return pushed::push(&self.http, client, (endpoint, there), &fields).await;
        }
        let mut url = there.clone();
        url.query_pairs_mut().extend_pairs(fields);
        Ok(url)
    }

    async fn discovery(&self, issuer: &str) -> Result<Arc<Discovery>, Refusal> {
        let kept = self.issuer(issuer);
        kept.discovery.get(self.clock.now(), || discovery::fetch(&self.http, issuer)).await
    }

    /// The keys of an issuer, by the name under which it is configured.
    async fn keys(&self, issuer: &str, discovery: &Discovery) -> Result<Arc<Keys>, Refusal> {
        let fetch = || keys::fetch(&self.http, &discovery.jwks_uri);
        self.issuer(issuer).keys.get(self.clock.now(), fetch).await
    }

    /// Keys that are newer than those seen, if the last look for some is long enough ago (R7).
    async fn newer_keys(
        &self,
        issuer: &str,
        discovery: &Discovery,
        seen: &Arc<Keys>,
    ) -> Result<Arc<Keys>, Refusal> {
        let fetch = || keys::fetch(&self.http, &discovery.jwks_uri);
        self.issuer(issuer).keys.get_newer(self.clock.now(), seen, fetch).await
    }

    /// What is kept of an issuer, made when it is new.
    fn issuer(&self, name: &str) -> Arc<Issuer> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = known.values().map(|one| one.asked).max().unwrap_or(0) + 1;
        if let Some(one) = known.get_mut(name) {
            one.asked = turn;
            return Arc::clone(&one.issuer);
        }
        if known.len() >= ISSUERS_MAX {
            let oldest =
                known.iter().min_by_key(|(_, one)| one.asked).map(|(name, _)| name.clone());
            known.remove(&oldest.unwrap_or_default());
        }
        let issuer = Arc::new(Issuer::default());
        known.insert(name.to_owned(), Known { issuer: Arc::clone(&issuer), asked: turn });
        issuer
    }
}

/// A refusal because the provider did not answer as it should.
fn provider_error(step: Step, found: &str) -> Refusal {
    Refusal::new(step, Refused::ProviderError).found(found)
}

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
