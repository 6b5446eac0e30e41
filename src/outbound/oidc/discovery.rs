//! The discovery document of an issuer (OpenID Connect Discovery 1.0).

use http::Request;
use http::header::ACCEPT;
use serde::Deserialize;
use url::Url;

use super::keep::{Fetched, fresh_s};
use super::provider_error;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::outbound::http::Guarded;

/// Largest document, in bytes.
pub const DOCUMENT_MAX: usize = 512 * 1024;

/// What we need of a discovery document, checked.
pub struct Discovery {
    /// The issuer, byte for byte the one that was asked for.
    pub issuer: String,
    /// Where the browser goes.
    pub authorization_endpoint: Url,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// Where more claims are.
    pub userinfo_endpoint: Option<String>,
    /// Whether answers must bear `iss` (RFC 9207).
    sends_iss: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    require_pushed_authorization_requests: bool,
}

/// Fetches and checks the document of an issuer.
pub async fn fetch(http: &Guarded, issuer: &str) -> Fetched<Discovery> {
    let refuse = |found: &str| provider_error(Step::Start, &format!("discovery: {found}"));
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let request = Request::get(url)
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| refuse("the issuer is no URL"))?;
    let answer =
        http.send(request, DOCUMENT_MAX).await.map_err(|error| refuse(&error.to_string()))?;
    if answer.status() != http::StatusCode::OK {
        return Err(refuse(&format!("the provider answered {}", answer.status().as_u16())));
    }
    let document: Document =
        serde_json::from_slice(answer.body()).map_err(|error| refuse(&error.to_string()))?;
    Ok((check(http, issuer, document)?, fresh_s(answer.headers())))
}

fn check(http: &Guarded, issuer: &str, document: Document) -> Result<Discovery, Refusal> {
    let refuse = |found: &str| provider_error(Step::Start, &format!("discovery: {found}"));
    if document.issuer != issuer {
        let found = format!("the discovery document says {}", document.issuer);
        return Err(Refusal::new(Step::Start, Refused::IssuerMismatch).found(&found));
    }
    if document.require_pushed_authorization_requests {
        return Err(refuse("the provider demands pushed authorization requests"));
    }
    let named = [("token_endpoint", &document.token_endpoint), ("jwks_uri", &document.jwks_uri)];
    let user_info = document.userinfo_endpoint.as_ref().map(|url| ("userinfo_endpoint", url));
    for (name, url) in named.into_iter().chain(user_info) {
        http.check(url).map_err(|error| refuse(&format!("{name}: {error}")))?;
    }
    let authorization_endpoint = page(http, &document.authorization_endpoint)
        .ok_or_else(|| refuse("authorization_endpoint is not an https URL"))?;
    Ok(Discovery {
        issuer: document.issuer,
        authorization_endpoint,
        token_endpoint: document.token_endpoint,
        jwks_uri: document.jwks_uri,
        userinfo_endpoint: document.userinfo_endpoint,
        sends_iss: document.authorization_response_iss_parameter_supported,
    })
}

/// A page that a browser is sent to: any https host, since it is not we who go there.
fn page(http: &Guarded, text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let safe = url.scheme() == "https" || http.check(text).is_ok();
    (plain && safe).then_some(url)
}

impl Discovery {
    /// Holds `iss` of an answer against the issuer (R2, RFC 9207).
    ///
    /// # Errors
    /// [`Refused::IssuerMismatch`] when it is another one, or missing where it is promised.
    pub fn check_iss(&self, iss: Option<&str>) -> Result<(), Refusal> {
        let refuse =
            |found: &str| Err(Refusal::new(Step::Callback, Refused::IssuerMismatch).found(found));
        match iss {
            Some(iss) if iss != self.issuer => refuse(&format!("the answer says {iss}")),
            None if self.sends_iss => refuse("the answer has no iss, though it was promised"),
            _ => Ok(()),
        }
    }
}
