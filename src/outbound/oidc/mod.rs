//! OpenID providers as a relying party sees them: code flow with PKCE, and nothing else (R1).
//!
//! Discovery documents and keys are kept for each issuer. `openidconnect` verifies ID tokens; what
//! it leaves open (times with leeway, `azp`, `at_hash`, doubled claims, sizes) is checked beside.
//! Every refusal says for the journal what was found, without secrets.

mod discovery;
mod exchange;
mod id_token;
mod keep;
mod keys;
mod user_info;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use self::discovery::Discovery;
use self::id_token::{Expected, Unverified};
use self::keep::Kept;
use self::keys::Keys;
use super::http::{Guarded, Refused as NotAsked};
use crate::domain::connection::{Oidc, Secrets};
use crate::domain::secret::SecretHash;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::domain::time::Clock;

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
}

/// The provider's answer and what it must fit.
pub struct Answered<'a> {
    /// The provider and our place there.
    pub oidc: &'a Oidc,
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
    /// A claim that would help, asked likewise.
    pub wanted: Option<&'a str>,
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
    /// [`Refusal`] when the provider cannot be discovered.
    pub async fn authorization_url(&self, oidc: &Oidc, ask: &Ask<'_>) -> Result<Url, Refusal> {
        let discovery = self.discovery(oidc).await?;
        let mut url = discovery.authorization_endpoint.clone();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(ask.verifier.as_bytes()));
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", &oidc.client_id)
                .append_pair("redirect_uri", ask.redirect_uri)
                .append_pair("scope", &oidc.scopes.join(" "))
                .append_pair("state", ask.state)
                .append_pair("nonce", ask.nonce)
                .append_pair("code_challenge", &challenge)
                .append_pair("code_challenge_method", "S256");
            if let Some(hint) = ask.login_hint {
                query.append_pair("login_hint", hint);
            }
        }
        Ok(url)
    }

    /// Turns an answer into verified claims: redeems the code, verifies the ID token, and asks
    /// UserInfo where a claim is missing.
    ///
    /// # Errors
    /// [`Refusal`] with the code of the first thing that does not fit.
    pub async fn redeem(&self, answered: &Answered<'_>) -> Result<Map<String, Value>, Refusal> {
        let discovery = self.discovery(answered.oidc).await?;
        discovery.check_iss(answered.iss)?;
        let tokens = exchange::redeem(&self.http, &discovery, answered).await?;
        let expected = Expected {
            issuer: &discovery.issuer,
            client_id: &answered.oidc.client_id,
            nonce: answered.nonce,
            access_token: tokens.access_token.as_deref(),
            now: self.clock.now(),
            leeway_s: answered.oidc.leeway_s,
        };
        let (mut claims, keys) = self.verified(&discovery, &tokens.id_token, &expected).await?;
        let lacks = |claim: &str| !claims.contains_key(claim);
        let (needed, wanted) = (lacks(answered.needed), answered.wanted.is_some_and(lacks));
        if needed || wanted {
            let asked = user_info::Asked { discovery: &discovery, keys: &keys, expected };
            match user_info::ask(&self.http, &asked, &claims).await {
                Ok(more) => {
                    for (name, value) in more {
                        claims.entry(name).or_insert(value);
                    }
                }
                Err(user_info::Failure::Refused(refusal)) => return Err(refusal),
                Err(user_info::Failure::Silent(refusal)) if needed => return Err(refusal),
                Err(user_info::Failure::Silent(refusal)) => {
                    tracing::warn!(found = %refusal.detail, "UserInfo was not answered");
                }
            }
        }
        Ok(claims)
    }

    async fn verified(
        &self,
        discovery: &Discovery,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<(Map<String, Value>, Arc<Keys>), Refusal> {
        let issuer = self.issuer(&discovery.issuer);
        let fetch = || keys::fetch(&self.http, &discovery.jwks_uri);
        let now = expected.now;
        let keys = issuer.keys.get(now, fetch).await?;
        match id_token::verify(token, &keys, expected) {
            Ok(claims) => return Ok((claims, keys)),
            Err(Unverified::Refused(refusal)) => return Err(refusal),
            Err(Unverified::UnknownKey) => {}
        }
        // The provider may have changed its keys: one look, then the token is judged (R7).
        let keys = issuer.keys.get_newer(now, &keys, fetch).await?;
        match id_token::verify(token, &keys, expected) {
            Ok(claims) => Ok((claims, keys)),
            Err(Unverified::Refused(refusal)) => Err(refusal),
            Err(Unverified::UnknownKey) => {
                let refusal = Refusal::new(Step::Token, Refused::SignatureInvalid);
                Err(refusal.found("no key of the provider fits the token's kid and alg"))
            }
        }
    }

    async fn discovery(&self, oidc: &Oidc) -> Result<Arc<Discovery>, Refusal> {
        let issuer = self.issuer(&oidc.issuer);
        let now = self.clock.now();
        issuer.discovery.get(now, || discovery::fetch(&self.http, &oidc.issuer)).await
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
mod fake;
#[cfg(test)]
mod tests;
