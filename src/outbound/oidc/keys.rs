//! The keys of an issuer (RFC 7517).

use http::Request;
use http::header::ACCEPT;
use jsonwebtoken::jwk::Jwk;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet};
use serde_json::Value;

use super::keep::{Fetched, fresh_s};
use super::provider_error;
use crate::domain::sign_in::{Refusal, Step};
use crate::outbound::http::Guarded;

/// Largest set, in bytes (R7).
pub const SET_MAX: usize = 512 * 1024;
/// Most keys in a set (R7).
pub const KEYS_MAX: usize = 100;
/// Shortest modulus of an RSA key, in letters of base64: 2048 bits.
const RSA_MODULUS_MIN: usize = 342;

/// The keys of an issuer that may verify: for ID tokens, and for tokens of other kinds.
pub struct Keys {
    set: CoreJsonWebKeySet,
    others: Vec<Jwk>,
}

impl Keys {
    /// The set as the verifier of ID tokens wants it.
    #[must_use]
    pub fn set(&self) -> CoreJsonWebKeySet {
        self.set.clone()
    }

    /// The same keys, for tokens that are no ID tokens.
    #[must_use]
    pub fn all(&self) -> &[Jwk] {
        &self.others
    }

    /// Reads a set; keys of kinds that we do not know are left out.
    ///
    /// # Errors
    /// [`Refusal`] for a text that is no set, or one with too many keys.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let refuse = |found: &str| provider_error(Step::Token, &format!("keys: {found}"));
        let document: Value =
            serde_json::from_slice(body).map_err(|error| refuse(&error.to_string()))?;
        let Some(Value::Array(keys)) = document.get("keys") else {
            return Err(refuse("the document has no keys"));
        };
        if keys.len() > KEYS_MAX {
            return Err(refuse(&format!("there are more than {KEYS_MAX}")));
        }
        let strong: Vec<&Value> = keys.iter().filter(|key| is_strong(key)).collect();
        let set = strong
            .iter()
            .filter_map(|key| serde_json::from_value::<CoreJsonWebKey>((*key).clone()).ok())
            .collect();
        let others =
            strong.iter().filter_map(|key| serde_json::from_value((*key).clone()).ok()).collect();
        Ok(Self { set: CoreJsonWebKeySet::new(set), others })
    }
}

/// Symmetric keys verify nothing that others can read, and short RSA keys nothing at all.
fn is_strong(key: &Value) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("kty") {
        "RSA" => text("n").trim_start_matches('A').len() >= RSA_MODULUS_MIN,
        "oct" => false,
        _ => true,
    }
}

/// Fetches the keys at `url`.
pub async fn fetch(http: &Guarded, url: &str) -> Fetched<Keys> {
    let refuse = |found: &str| provider_error(Step::Token, &format!("keys: {found}"));
    let request = Request::get(url)
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .body(Vec::new())
        .map_err(|_| refuse("jwks_uri is no URL"))?;
    let answer = http.send(request, SET_MAX).await.map_err(|error| refuse(&error.to_string()))?;
    if answer.status() != http::StatusCode::OK {
        return Err(refuse(&format!("the provider answered {}", answer.status().as_u16())));
    }
    Ok((Keys::parse(answer.body())?, fresh_s(answer.headers())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outbound::oidc::fake::Key;

    #[test]
    fn a_set_holds_a_hundred_keys_and_weak_ones_do_not_count_r7() {
        let key = Key::new("k1");
        let many = |count| json!({"keys": vec![key.jwk(); count]}).to_string();
        assert!(Keys::parse(many(KEYS_MAX).as_bytes()).is_ok());
        assert!(Keys::parse(many(KEYS_MAX + 1).as_bytes()).is_err());
        let weak = json!({"keys": [
            {"kty": "RSA", "n": "A".repeat(400), "e": "AQAB"},
            {"kty": "RSA", "n": "w".repeat(171), "e": "AQAB"},
            {"kty": "oct", "k": "c2VjcmV0"},
            {"kty": "unheard-of"},
            {"kty": "RSA", "n": "w".repeat(342), "e": "AQAB"},
        ]});
        assert_eq!(Keys::parse(weak.to_string().as_bytes()).unwrap().set().keys().len(), 1);
    }
}
