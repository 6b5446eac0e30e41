//! An answer becomes verified claims: the code is redeemed, the ID token verified, and UserInfo
//! asked for what is missing.

use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value};

use super::client::Client;
use super::discovery::Discovery;
use super::id_token::{self, Expected, Unverified};
use super::keys::Keys;
use super::{Answered, Providers, Redeemed, exchange, user_info};
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::domain::time::Timestamp;

impl Providers {
    /// Turns an answer into verified claims: redeems the code, verifies the ID token, and asks
    /// UserInfo where a claim is missing.
    ///
    /// # Errors
    /// [`Refusal`] with the code of the first thing that does not fit.
    pub async fn redeem(&self, answered: &Answered<'_>) -> Result<Redeemed, Refusal> {
        let oidc = answered.oidc;
        let discovery = self.discovery(&oidc.issuer).await?;
        let issuer = discovery.issuer(answered.tenant)?;
        discovery.check_iss(answered.iss, &issuer)?;
        let now = self.clock.now();
        let client = Client { oidc, secrets: answered.secrets, now };
        let tokens = exchange::redeem(&self.http, &discovery, client, answered).await?;
        if let (Some(seen), Ok(sent)) = (answered.seen, id_token::claims(&tokens.id_token)) {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = sent;
        }
        let expected = Expected {
            issuer: &issuer,
            client_id: &oidc.client_id,
            nonce: answered.nonce,
            access_token: tokens.access_token.as_deref(),
            now,
            leeway_s: oidc.leeway_s,
        };
        let (mut claims, keys) =
            self.verified((&oidc.issuer, &discovery), &tokens.id_token, &expected).await?;
        check_fresh(&claims, answered.fresh_since, oidc.leeway_s)?;
        let lacks = |claim: &str| !claims.contains_key(claim);
        let needed = lacks(answered.needed);
        if needed || answered.wanted.iter().any(|claim| lacks(claim)) {
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
                    tracing::debug!(found = %refusal.detail, "UserInfo was not answered");
                }
            }
        }
        Ok(Redeemed { claims, id_token: tokens.id_token, keys_host: discovery.keys_host() })
    }

    async fn verified(
        &self,
        (name, discovery): (&str, &Discovery),
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<(Map<String, Value>, Arc<Keys>), Refusal> {
        let keys = self.keys(name, discovery).await?;
        match id_token::verify(token, &keys, expected) {
            Ok(claims) => return Ok((claims, keys)),
            Err(Unverified::Refused(refusal)) => return Err(refusal),
            Err(Unverified::UnknownKey) => {}
        }
        // The provider may have changed its keys: one look, then the token is judged (R7).
        let keys = self.newer_keys(name, discovery, &keys).await?;
        match id_token::verify(token, &keys, expected) {
            Ok(claims) => Ok((claims, keys)),
            Err(Unverified::Refused(refusal)) => Err(refusal),
            Err(Unverified::UnknownKey) => {
                let refusal = Refusal::new(Step::Token, Refused::SignatureInvalid);
                Err(refusal.found("no key of the provider fits the token's kid and alg"))
            }
        }
    }
}

/// Whether she signed in at the provider since the instant that is demanded (K7).
fn check_fresh(
    claims: &Map<String, Value>,
    since: Option<Timestamp>,
    leeway_s: i64,
) -> Result<(), Refusal> {
    let Some(since) = since else { return Ok(()) };
    let signed_in = claims.get("auth_time").and_then(Value::as_i64);
    if signed_in.is_some_and(|at| at >= since.plus_s(-leeway_s).seconds()) {
        return Ok(());
    }
    Err(Refusal::new(Step::Token, Refused::NotFresh).found("auth_time"))
}
