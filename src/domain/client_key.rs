//! The key by which we prove to a provider who we are (`private_key_jwt`, RFC 7523).
//!
//! It is kept as PEM in the place of a client secret: a private key (RSA of 2048 bits or more, or
//! EC P-256) and, where the provider knows us by a certificate, that certificate behind it. The
//! public half is shown under the connection, so that a provider can fetch it.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::time::Timestamp;

/// Longest PEM, in bytes.
pub const PEM_MAX: usize = 16 * 1024;
/// How long an assertion holds, in seconds (R5).
pub const ASSERTION_S: i64 = 60;
/// Shortest RSA key, in bytes of its modulus.
const RSA_MIN: usize = 256;
/// Letters of a line of PEM.
const LINE: usize = 64;

/// A text that holds no key that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Send a private key as PEM: RSA of 2048 bits or more, or EC P-256 in PKCS#8; its certificate \
     may stand behind it."
)]
pub struct NotAKey;

/// A private key that signs assertions.
pub struct ClientKey {
    key: EncodingKey,
    algorithm: Algorithm,
    public: Jwk,
    kid: String,
    certificate: Option<String>,
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientKey({})", self.kid)
    }
}

/// What an assertion says.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// Our name there.
    pub client_id: &'a str,
    /// For whom it is.
    pub audience: &'a str,
    /// Its id, used once.
    pub id: &'a str,
    /// When it is made.
    pub at: Timestamp,
}

impl ClientKey {
    /// Draws a new key on P-256, as PEM.
    ///
    /// # Errors
    /// [`NotAKey`] when the cryptographic library makes none, which only a fault could cause.
    pub fn draw() -> Result<String, NotAKey> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| NotAKey)?;
        let private = pair.to_pkcs8v1().map_err(|_| NotAKey)?;
        let text = STANDARD.encode(private.as_ref());
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(LINE)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        let body = lines.join("\n");
        Ok(format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"))
    }

    /// Reads a key, and the certificate that may stand behind it.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn parse(pem: &str) -> Result<Self, NotAKey> {
        if pem.len() > PEM_MAX {
            return Err(NotAKey);
        }
        let private = block(pem, &["PRIVATE KEY", "RSA PRIVATE KEY"]).ok_or(NotAKey)?;
        let certificate = block(pem, &["CERTIFICATE"]).and_then(der);
        let certificate = certificate.map(|der| URL_SAFE_NO_PAD.encode(Sha256::digest(der)));
        let (key, algorithm) = signing(private, certificate.is_some())?;
        let mut public = Jwk::from_encoding_key(&key, algorithm).map_err(|_| NotAKey)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| NotAKey)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { key, algorithm, public, kid, certificate })
    }

    /// The public half as others verify by it.
    #[must_use]
    pub const fn public(&self) -> &Jwk {
        &self.public
    }

    /// A signed assertion of who we are (RFC 7523 §3).
    ///
    /// # Errors
    /// [`NotAKey`] when the library refuses to sign.
    pub fn assert(&self, what: &Assertion<'_>) -> Result<String, NotAKey> {
        let now = what.at.seconds();
        let claims = json!({
            "iss": what.client_id, "sub": what.client_id, "aud": what.audience, "jti": what.id,
            "iat": now, "nbf": now, "exp": now + ASSERTION_S,
        });
        let header = Header {
            kid: Some(self.kid.clone()),
            x5t_s256: self.certificate.clone(),
            ..Header::new(self.algorithm)
        };
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| NotAKey)
    }
}

/// The key and how it signs: whoever knows us by a certificate wants PS256 (Entra).
fn signing(private: &str, certified: bool) -> Result<(EncodingKey, Algorithm), NotAKey> {
    if let Ok(key) = EncodingKey::from_rsa_pem(private.as_bytes()) {
        let bytes = key.as_bytes();
        let pair = RsaKeyPair::from_der(bytes).or_else(|_| RsaKeyPair::from_pkcs8(bytes));
        if pair.map_err(|_| NotAKey)?.public_modulus_len() < RSA_MIN {
            return Err(NotAKey);
        }
        return Ok((key, if certified { Algorithm::PS256 } else { Algorithm::RS256 }));
    }
    let key = EncodingKey::from_ec_pem(private.as_bytes()).map_err(|_| NotAKey)?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_bytes())
        .map_err(|_| NotAKey)?;
    Ok((key, Algorithm::ES256))
}

/// The first block of one of these kinds, with its lines of beginning and end.
fn block<'p>(pem: &'p str, kinds: &[&str]) -> Option<&'p str> {
    kinds.iter().find_map(|kind| {
        let (begin, end) = (format!("-----BEGIN {kind}-----"), format!("-----END {kind}-----"));
        let from = pem.find(&begin)?;
        let to = pem.get(from..)?.find(&end)? + end.len();
        pem.get(from..from + to)
    })
}

/// The bytes inside a block.
fn der(block: &str) -> Option<Vec<u8>> {
    let body: String =
        block.lines().map(str::trim).filter(|line| !line.contains("-----")).collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::Value;

    use super::*;

    const CERTIFICATE: &str = include_str!("../../tests/it/tls/cert.pem");

    fn said(key: &ClientKey) -> (Header, Value) {
        let what = Assertion { client_id: "portico", audience: "x", id: "1", at: Timestamp(0) };
        let text = key.assert(&what).unwrap();
        let mut how = Validation::new(key.algorithm);
        how.set_audience(&["x"]);
        how.validate_exp = false;
        let public = DecodingKey::from_jwk(key.public()).unwrap();
        let read = jsonwebtoken::decode::<Value>(&text, &public, &how).unwrap();
        (read.header, read.claims)
    }

    #[test]
    fn a_drawn_key_signs_assertions_of_a_minute_that_its_public_half_verifies_r5() {
        let key = ClientKey::parse(&ClientKey::draw().unwrap()).unwrap();
        let (header, claims) = said(&key);
        assert_eq!(header.kid, key.public().common.key_id);
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("portico"), &json!("portico")));
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!((life, &claims["jti"]), (ASSERTION_S, &json!("1")));
        let shown = serde_json::to_value(key.public()).unwrap();
        assert!(shown.get("d").is_none(), "{shown}");
    }

    #[test]
    fn a_certificate_behind_the_key_is_named_by_its_thumbprint() {
        let pem = format!("{}{CERTIFICATE}", ClientKey::draw().unwrap());
        let (header, _) = said(&ClientKey::parse(&pem).unwrap());
        let digest = URL_SAFE_NO_PAD.decode(header.x5t_s256.unwrap()).unwrap();
        assert_eq!(digest, Sha256::digest(der(CERTIFICATE).unwrap()).to_vec());
    }

    #[test]
    fn a_short_key_or_none_is_refused() {
        let rsa = |size| {
            let pair = RsaKeyPair::generate(size).unwrap();
            let body = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&pair);
            let body = STANDARD.encode(body.unwrap().as_ref());
            format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----")
        };
        let good = rsa(aws_lc_rs::rsa::KeySize::Rsa2048);
        assert_eq!(ClientKey::parse(&good).unwrap().algorithm, Algorithm::RS256);
        let long = format!("{good}{}", " ".repeat(PEM_MAX));
        for bad in ["", "secret", CERTIFICATE, long.as_str()] {
            assert_eq!(ClientKey::parse(bad).unwrap_err(), NotAKey);
        }
    }
}
