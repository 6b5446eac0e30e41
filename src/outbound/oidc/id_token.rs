//! The checks of an ID token (OpenID Connect Core §3.1.3.7, R10, R18).
//!
//! `openidconnect` checks signature, algorithm, issuer, audience, `exp` and nonce; the rest is
//! checked here, on the claims of the very octets that were signed.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Alg};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IssuerUrl, JsonWebTokenType,
    Nonce, SignatureVerificationError,
};
use serde::Deserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::keys::Keys;
use crate::domain::secret::SecretHash;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::domain::time::{SECOND_US, Timestamp};

/// How old a token may be, in seconds (R18).
pub const AGE_MAX_S: i64 = 600;
/// Algorithms that verify: none without a public key, none that the provider cannot keep secret.
const ALGORITHMS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

/// What a token must fit.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer, byte for byte.
    pub issuer: &'a str,
    /// Our name there.
    pub client_id: &'a str,
    /// The hash of the nonce.
    pub nonce: SecretHash,
    /// The access token that came with it.
    pub access_token: Option<&'a str>,
    /// The present instant.
    pub now: Timestamp,
    /// Leeway on times, in seconds.
    pub leeway_s: i64,
}

/// Why a token is not believed.
#[derive(Debug)]
pub enum Unverified {
    /// It names a key that we do not know: the provider may have a new one.
    UnknownKey,
    /// Something does not fit.
    Refused(Refusal),
}

fn refuse(code: Refused, found: &str) -> Unverified {
    Unverified::Refused(Refusal::new(Step::Token, code).found(found))
}

/// Verifies a token and answers its claims.
///
/// # Errors
/// [`Unverified`], by the first thing that does not fit.
pub fn verify(
    token: &str,
    keys: &Keys,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>, Unverified> {
    let claims = claims(token)?;
    if !claims.contains_key("sub") {
        return Err(refuse(Refused::SubjectMissing, "sub"));
    }
    let parsed = CoreIdToken::from_str(token).map_err(|error| {
        // An issuer that is no URL, as Google's short name of itself, is another issuer.
        let other = claims.get("iss").is_some_and(|iss| iss != expected.issuer);
        let code = if other { Refused::IssuerMismatch } else { Refused::TokenInvalid };
        refuse(code, &error.to_string())
    })?;
    let verifier = verifier(keys, expected)?;
    let nonce = |sent: Option<&Nonce>| match sent {
        Some(sent) if expected.nonce.matches(sent.secret().as_bytes()) => Ok(()),
        Some(_) => Err("another nonce".to_owned()),
        None => Err("no nonce".to_owned()),
    };
    let verified = parsed.claims(&verifier, nonce).map_err(|error| sort(&error))?;
    check_times(&claims, verified.issue_time().timestamp(), expected)?;
    check_parties(&claims, expected)?;
    if let Some(hash) = verified.access_token_hash() {
        check_access_token(&parsed, &verifier, hash, expected)?;
    }
    Ok(claims)
}

fn verifier<'k>(
    keys: &Keys,
    expected: &Expected<'_>,
) -> Result<CoreIdTokenVerifier<'k>, Unverified> {
    let broken = |_| refuse(Refused::IssuerMismatch, "the issuer is no URL");
    let issuer = IssuerUrl::new(expected.issuer.to_owned()).map_err(broken)?;
    let client_id = ClientId::new(expected.client_id.to_owned());
    let jwt = JsonWebTokenType::new("JWT".to_owned()).normalize();
    let jwt = jwt.map_err(|_| refuse(Refused::TokenInvalid, "typ"))?;
    let now = expected.now.plus_s(-expected.leeway_s);
    let now = chrono::DateTime::from_timestamp_micros(now.0)
        .ok_or_else(|| refuse(Refused::Expired, "the clock is out of range"))?;
    Ok(CoreIdTokenVerifier::new_public_client(client_id, issuer, keys.set())
        .set_allowed_algs(ALGORITHMS)
        .set_allowed_jose_types([jwt])
        .set_time_fn(move || now)
        // Several audiences are judged with `azp`, below.
        .set_other_audience_verifier_fn(|_| true))
}

fn sort(error: &ClaimsVerificationError) -> Unverified {
    let code = match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => return Unverified::UnknownKey,
        ClaimsVerificationError::SignatureVerification(cause) => {
            return refuse(Refused::SignatureInvalid, &cause.to_string());
        }
        ClaimsVerificationError::Expired(_) => Refused::Expired,
        ClaimsVerificationError::InvalidAudience(_) => Refused::AudienceMismatch,
        ClaimsVerificationError::InvalidIssuer(_) => Refused::IssuerMismatch,
        ClaimsVerificationError::InvalidNonce(_) => Refused::NonceInvalid,
        ClaimsVerificationError::InvalidSubject(_) => Refused::SubjectMissing,
        _ => Refused::TokenInvalid,
    };
    refuse(code, &error.to_string())
}

fn check_times(
    claims: &Map<String, Value>,
    iat: i64,
    expected: &Expected<'_>,
) -> Result<(), Unverified> {
    let latest = expected.now.plus_s(expected.leeway_s);
    if iat > latest.seconds() {
        return Err(refuse(Refused::NotYetValid, "iat"));
    }
    if expected.now.seconds().saturating_sub(iat) > AGE_MAX_S {
        return Err(refuse(Refused::Expired, "iat"));
    }
    match claims.get("nbf").map(Value::as_f64) {
        None => Ok(()),
        Some(None) => Err(refuse(Refused::TokenInvalid, "nbf is no number")),
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit a double exactly")]
        Some(Some(nbf)) if nbf > latest.0 as f64 / SECOND_US as f64 => {
            Err(refuse(Refused::NotYetValid, "nbf"))
        }
        Some(Some(_)) => Ok(()),
    }
}

fn check_parties(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), Unverified> {
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|aud| aud.len() > 1);
    match claims.get("azp") {
        None if several => Err(refuse(Refused::AudienceMismatch, "several aud need azp")),
        None => Ok(()),
        Some(azp) if azp == expected.client_id => Ok(()),
        Some(_) => Err(refuse(Refused::AudienceMismatch, "azp")),
    }
}

fn check_access_token(
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    hash: &AccessTokenHash,
    expected: &Expected<'_>,
) -> Result<(), Unverified> {
    let wrong = || refuse(Refused::TokenInvalid, "at_hash is not of the access token");
    let sent = expected.access_token.ok_or_else(wrong)?;
    let alg = token.signing_alg().map_err(|_| wrong())?;
    let key = token.signing_key(verifier).map_err(|_| wrong())?;
    let sent = AccessToken::new(sent.to_owned());
    let right = AccessTokenHash::from_token(&sent, alg, key).map_err(|_| wrong())?;
    if &right == hash { Ok(()) } else { Err(wrong()) }
}

/// The claims of a token as they stand in it, believed or not: a JSON object that names nothing
/// twice (R10).
///
/// # Errors
/// [`Unverified`] when it is no token, or no such object.
pub fn claims(token: &str) -> Result<Map<String, Value>, Unverified> {
    let wrong = |found: &str| refuse(Refused::TokenInvalid, found);
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong("it has not three parts"));
    };
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| wrong("it is not base64url"))?;
    object(&payload).map_err(|error| wrong(&error.to_string()))
}

/// Reads a JSON object that names nothing twice.
///
/// # Errors
/// What is wrong with it, as the reader of JSON says.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    struct Once;

    impl<'de> Visitor<'de> for Once {
        type Value = Map<String, Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut read = Map::new();
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                if read.contains_key(&name) {
                    return Err(A::Error::custom("a claim stands there twice"));
                }
                read.insert(name, value);
            }
            Ok(read)
        }
    }

    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = reader.deserialize_map(Once)?;
    reader.end()?;
    Ok(read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::connection::GOOGLE;
    use crate::outbound::oidc::fake::Key;

    #[test]
    fn google_is_known_by_sub_and_by_its_issuer_with_https_alone_w2_w3() {
        let key = Key::new("k1");
        let keys = Keys::parse(json!({"keys": [key.jwk()]}).to_string().as_bytes()).unwrap();
        let now = Timestamp(1_800_000_000_000_000);
        let expected = Expected {
            issuer: GOOGLE,
            client_id: "portico",
            nonce: SecretHash::of(b"n"),
            access_token: None,
            now,
            leeway_s: 60,
        };
        let judged = |iss: &str| {
            let token = key
                .sign(&json!({"iss": iss, "aud": "portico", "sub": "1100", "nonce": "n",
                "hd": "acme.example", "iat": now.seconds(), "exp": now.seconds() + 60}));
            verify(&token, &keys, &expected)
        };
        assert_eq!(judged(GOOGLE).unwrap()["sub"], "1100");
        for other in
            ["accounts.google.com", "http://accounts.google.com", "https://accounts.google.com/"]
        {
            let Err(Unverified::Refused(refusal)) = judged(other) else { panic!("{other}") };
            assert_eq!(refusal.code, Refused::IssuerMismatch, "{other}");
        }
    }
}
