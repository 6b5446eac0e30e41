//! Signed messages that are no ID tokens (RFC 7515): logout tokens (R14) and signed UserInfo (R6).
//!
//! They are verified by the provider's keys alone, with the algorithms that ID tokens may have,
//! whatever key the message itself brings or names.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::id_token::object;
use super::keys::Keys;

/// Algorithms that verify, by their names.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// A token whose signature holds.
#[derive(Debug)]
pub struct Signed {
    /// Its type, where it says one.
    pub typ: Option<String>,
    /// Its claims.
    pub claims: Map<String, Value>,
}

/// Why a token's signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// It is no token.
    #[error("it is not a signed token")]
    Unreadable,
    /// Its algorithm is not accepted.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// It names a key that we do not know: the provider may have a new one.
    #[error("no key of the provider fits its kid and alg")]
    UnknownKey,
    /// The key does not verify it.
    #[error("the signature does not hold")]
    Signature,
}

/// Verifies a signature and reads what was signed.
///
/// # Errors
/// [`Unsigned`], by the first thing that does not fit.
pub fn verify(token: &str, keys: &Keys) -> Result<Signed, Unsigned> {
    let (message, signature) = token.rsplit_once('.').ok_or(Unsigned::Unreadable)?;
    let (header, payload) = message.split_once('.').ok_or(Unsigned::Unreadable)?;
    let header = part(header)?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    if header.contains_key("crit") {
        return Err(Unsigned::Unreadable);
    }
    let named = text("alg").unwrap_or_default();
    let known = ALGORITHMS.iter().find(|(name, _)| *name == named);
    let algorithm = known.map(|(_, algorithm)| *algorithm).ok_or(Unsigned::Algorithm)?;
    let key = key(keys.all(), text("kid"), (named, algorithm)).ok_or(Unsigned::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| Unsigned::Signature)?;
    match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm) {
        Ok(true) => Ok(Signed { typ: text("typ").map(str::to_owned), claims: part(payload)? }),
        _ => Err(Unsigned::Signature),
    }
}

fn part(text: &str) -> Result<Map<String, Value>, Unsigned> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unsigned::Unreadable)?;
    object(&bytes).map_err(|_| Unsigned::Unreadable)
}

/// The key that a token means: the one of its name, or the only one that fits.
fn key<'k>(
    keys: &'k [Jwk],
    kid: Option<&str>,
    (named, algorithm): (&str, Algorithm),
) -> Option<&'k Jwk> {
    let mut fitting = keys.iter().filter(|key| {
        let common = &key.common;
        let of_use = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let of_alg = common.key_algorithm.is_none_or(|of| of.to_string() == named);
        let of_name = kid.is_none() || common.key_id.as_deref() == kid;
        of_use && of_alg && of_name && is_of_kind(key, algorithm)
    });
    let first = fitting.next()?;
    // Without a name only one key may fit: which of several was meant would be a guess.
    (kid.is_some() || fitting.next().is_none()).then_some(first)
}

fn is_of_kind(key: &Jwk, algorithm: Algorithm) -> bool {
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(
            algorithm,
            Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::PS256
                | Algorithm::PS384
                | Algorithm::PS512
        ),
        AlgorithmParameters::EllipticCurve(key) => matches!(
            (&key.curve, algorithm),
            (EllipticCurve::P256, Algorithm::ES256) | (EllipticCurve::P384, Algorithm::ES384)
        ),
        AlgorithmParameters::OctetKeyPair(_) => algorithm == Algorithm::EdDSA,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outbound::oidc::fake::{Key, unsigned};

    fn keys(keys: &[&Key]) -> Keys {
        let set: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        Keys::parse(json!({"keys": set}).to_string().as_bytes()).unwrap()
    }

    fn judged(token: &str, keys: &Keys) -> Option<Unsigned> {
        verify(token, keys).err()
    }

    #[test]
    fn only_the_providers_own_keys_sign_a_logout_token_oc22() {
        let (key, stranger) = (Key::new("k1"), Key::new("k1"));
        let known = keys(&[&key]);
        let claims = json!({"sub": "ada"});
        let read = verify(&key.sign(&claims), &known).unwrap();
        assert_eq!((read.typ.as_deref(), &read.claims["sub"]), (Some("JWT"), &json!("ada")));
        assert_eq!(judged(&stranger.sign(&claims), &known), Some(Unsigned::Signature));
        let none = format!("{}.", unsigned(&json!({"alg": "none"}), "{}"));
        assert_eq!(judged(&none, &known), Some(Unsigned::Algorithm));
        for (header, why) in [
            (json!({"alg": "HS256", "kid": "k1"}), Unsigned::Algorithm),
            (json!({"alg": "RS256", "kid": "k1"}), Unsigned::UnknownKey),
            (json!({"alg": "ES256", "kid": "k2"}), Unsigned::UnknownKey),
            (json!({"alg": "ES256", "kid": "k1", "crit": ["b64"]}), Unsigned::Unreadable),
        ] {
            assert_eq!(judged(&key.sign_with(&header, &claims), &known), Some(why), "{header}");
        }
        let embedded = json!({"alg": "ES256", "kid": "k1", "jwk": stranger.jwk()});
        let token = stranger.sign_with(&embedded, &claims);
        assert_eq!(judged(&token, &known), Some(Unsigned::Signature));
        let twice = key.sign_text(&json!({"alg": "ES256", "kid": "k1"}), r#"{"a":1,"a":2}"#);
        assert_eq!(judged(&twice, &known), Some(Unsigned::Unreadable));
        for bad in ["", "a.b", "a.b.c"] {
            assert_eq!(judged(bad, &known), Some(Unsigned::Unreadable));
        }
    }

    #[test]
    fn without_a_name_the_only_key_that_fits_is_meant() {
        let (one, other) = (Key::new("k1"), Key::new("k2"));
        let token = one.sign_with(&json!({"alg": "ES256"}), &json!({}));
        assert_eq!(judged(&token, &keys(&[&one])), None);
        assert_eq!(judged(&token, &keys(&[&one, &other])), Some(Unsigned::UnknownKey));
    }
}
