//! The key of the development provider: made at each start, never kept.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::domain::secret::hex;
use crate::domain::time::Rng;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the cryptographic library made no key")]
pub struct SignerUnmade;

/// A key on P-256 and its public half.
pub struct Signer {
    key: EncodingKey,
    kid: String,
    point: Vec<u8>,
}

impl Signer {
    /// Draws a key.
    pub fn new() -> Result<Self, SignerUnmade> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| SignerUnmade)?;
        let private = pair.to_pkcs8v1().map_err(|_| SignerUnmade)?;
        Ok(Self {
            key: EncodingKey::from_ec_der(private.as_ref()),
            kid: hex(&Rng.bytes::<8>()),
            point: pair.public_key().as_ref().to_vec(),
        })
    }

    /// The public half as others verify by it.
    pub fn jwk(&self) -> Value {
        // An uncompressed point: 4, then 32 bytes of x and 32 of y.
        let part = |from: usize| {
            URL_SAFE_NO_PAD.encode(self.point.get(from..from + 32).unwrap_or_default())
        };
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid,
            "x": part(1), "y": part(33),
        })
    }

    /// A signed token; `None` when the library refuses, which only a fault could cause.
    pub fn sign(&self, claims: &Value) -> Option<String> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.key).ok()
    }
}
