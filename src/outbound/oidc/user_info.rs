//! UserInfo: claims that the ID token has not (OpenID Connect Core §5.3, R6).

use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value};

use super::discovery::Discovery;
use super::id_token::{Expected, object};
use super::jws;
use super::keys::Keys;
use super::provider_error;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::outbound::http::Guarded;

/// Largest answer, in bytes.
pub const ANSWER_MAX: usize = 256 * 1024;

/// Who asks, and what the answer must fit.
pub struct Asked<'a> {
    /// Where.
    pub discovery: &'a Discovery,
    /// For signed answers.
    pub keys: &'a Keys,
    /// What the ID token fitted.
    pub expected: Expected<'a>,
}

/// Why there are no more claims.
pub enum Failure {
    /// The answer is of somebody else: the sign-in is refused.
    Refused(Refusal),
    /// There is none: it matters when a needed claim is missing.
    Silent(Refusal),
}

fn silent(found: &str) -> Failure {
    Failure::Silent(provider_error(Step::Provider, &format!("UserInfo: {found}")))
}

/// Asks for the claims of the person whom the ID token names.
///
/// # Errors
/// [`Failure`].
pub async fn ask(
    http: &Guarded,
    asked: &Asked<'_>,
    claims: &Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    let url = asked.discovery.userinfo_endpoint.as_ref().ok_or_else(|| silent("there is none"))?;
    let token = asked.expected.access_token.ok_or_else(|| silent("no access token"))?;
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| silent("the access token is no header"))?;
    bearer.set_sensitive(true);
    let request = Request::get(url)
        .header(ACCEPT, "application/json, application/jwt")
        .header(AUTHORIZATION, bearer)
        .body(Vec::new())
        .map_err(|_| silent("userinfo_endpoint is no URL"))?;
    let answer =
        http.send(request, ANSWER_MAX).await.map_err(|error| silent(&error.to_string()))?;
    if answer.status() != http::StatusCode::OK {
        return Err(silent(&format!("the provider answered {}", answer.status().as_u16())));
    }
    let media = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let more = if media.eq_ignore_ascii_case("application/jwt") {
        signed(answer.body(), asked)?
    } else {
        object(answer.body()).map_err(|_| silent("the answer is not a JSON object"))?
    };
    // A token of one and an answer about another would mix two people (OC11).
    if more.get("sub").is_none() || more.get("sub") != claims.get("sub") {
        let refusal = Refusal::new(Step::Provider, Refused::TokenInvalid);
        return Err(Failure::Refused(refusal.found("UserInfo names another subject")));
    }
    Ok(more)
}

/// The claims of a signed answer: of this issuer, for us.
fn signed(body: &[u8], asked: &Asked<'_>) -> Result<Map<String, Value>, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| silent("the answer is not UTF-8"))?;
    let refuse = |code, found: &str| {
        let refusal = Refusal::new(Step::Provider, code);
        Failure::Refused(refusal.found(&format!("UserInfo: {found}")))
    };
    let claims = jws::verify(text.trim(), asked.keys)
        .map_err(|error| refuse(Refused::SignatureInvalid, &error.to_string()))?
        .claims;
    if claims.get("iss").and_then(Value::as_str) != Some(asked.expected.issuer) {
        return Err(refuse(Refused::IssuerMismatch, "iss"));
    }
    let client_id = asked.expected.client_id;
    let is_ours = match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(several)) => several.iter().any(|one| one == client_id),
        _ => false,
    };
    if is_ours { Ok(claims) } else { Err(refuse(Refused::AudienceMismatch, "aud")) }
}
