//! Leaving: the browser is sent to the provider to sign out there too (R13), and the provider tells
//! us behind the browser that somebody left (R14).

use url::Url;

use super::Providers;
use super::jws::{self, Unsigned};
use crate::domain::connection::Oidc;
use crate::domain::logout::{Expected, LogoutRefused, LogoutToken, read};
use crate::domain::sign_in::Refusal;

/// Longest ID token that is sent as a hint, in bytes: it stands in a URL.
pub const HINT_MAX: usize = 4 * 1024;

/// Longest logout token, in bytes.
pub const TOKEN_MAX: usize = 16 * 1024;

/// A request to sign out at the provider.
pub struct Leaving<'a> {
    /// The ID token of the session.
    pub id_token: Option<&'a str>,
    /// Where the browser comes back.
    pub back: &'a str,
    /// Comes back with it.
    pub state: &'a str,
}

/// Why a logout token does not count.
#[derive(Debug, thiserror::Error)]
pub enum NotLoggedOut {
    /// The provider's keys cannot be had now: it may try again.
    #[error("the provider's keys cannot be had: {0}")]
    Unavailable(Refusal),
    /// The signature does not hold.
    #[error("the logout token does not count: {0}")]
    Unsigned(#[from] Unsigned),
    /// What it says does not fit.
    #[error("the logout token does not count: {0}")]
    Refused(#[from] LogoutRefused),
}

impl Providers {
    /// Where the browser goes to sign out; `None` where the provider offers nothing, or cannot be
    /// asked: nobody is kept from leaving.
    pub async fn end_session_url(&self, oidc: &Oidc, leaving: &Leaving<'_>) -> Option<Url> {
        let discovery = self.discovery(&oidc.issuer).await.ok()?;
        let mut url = discovery.end_session_endpoint.clone()?;
        let mut query = url.query_pairs_mut();
        if let Some(hint) = leaving.id_token.filter(|hint| hint.len() <= HINT_MAX) {
            query.append_pair("id_token_hint", hint);
        }
        query
            .append_pair("client_id", &oidc.client_id)
            .append_pair("post_logout_redirect_uri", leaving.back)
            .append_pair("state", leaving.state);
        drop(query);
        Some(url)
    }

    /// Verifies a logout token of an issuer; a key that is not known is looked for once.
    ///
    /// # Errors
    /// [`NotLoggedOut`].
    pub async fn logged_out(
        &self,
        (oidc, tenant): (&Oidc, Option<&str>),
        token: &str,
    ) -> Result<LogoutToken, NotLoggedOut> {
        if token.len() > TOKEN_MAX {
            return Err(Unsigned::Unreadable.into());
        }
        let there = NotLoggedOut::Unavailable;
        let discovery = self.discovery(&oidc.issuer).await.map_err(there)?;
        let keys = self.keys(&oidc.issuer, &discovery).await.map_err(there)?;
        let signed = match jws::verify(token, &keys) {
            Err(Unsigned::UnknownKey) => {
                let keys = self.newer_keys(&oidc.issuer, &discovery, &keys).await.map_err(there)?;
                jws::verify(token, &keys)?
            }
            judged => judged?,
        };
        let issuer = discovery.issuer(tenant).map_err(there)?;
        let expected = Expected {
            issuer: &issuer,
            client_id: &oidc.client_id,
            now: self.clock.now(),
            leeway_s: oidc.leeway_s,
        };
        Ok(read(signed.typ.as_deref(), &signed.claims, &expected)?)
    }
}
