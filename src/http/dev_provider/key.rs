//! The provider's signing key: drawn at start, gone with the process.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::secret::draw;
use crate::domain::time::Rng;

/// Bytes of one coordinate of P-256.
const COORDINATE: usize = 32;

/// An ES256 key with its id.
pub struct Key {
    id: String,
    signing: EncodingKey,
    x: String,
    y: String,
}

impl Key {
    /// Draws a key.
    ///
    /// # Errors
    /// When the cryptographic library gives none.
    pub fn draw() -> anyhow::Result<Self> {
        let failed = |_| anyhow::anyhow!("no signing key could be made");
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document =
            EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(failed)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref())
            .map_err(|_| anyhow::anyhow!("the signing key cannot be read"))?;
        // An uncompressed point: a byte 4, then both coordinates.
        let point = pair.public_key().as_ref();
        let part = |from: usize| {
            URL_SAFE_NO_PAD.encode(point.get(from..from + COORDINATE).unwrap_or_default())
        };
        Ok(Self {
            id: draw(Rng).chars().take(16).collect(),
            signing: EncodingKey::from_ec_der(document.as_ref()),
            x: part(1),
            y: part(1 + COORDINATE),
        })
    }

    /// The public half as a JSON Web Key.
    pub fn public(&self) -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "kid": self.id, "x": self.x, "y": self.y,
        })
    }

    /// Signs claims.
    ///
    /// # Errors
    /// When the cryptographic library refuses the key.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.signing)
    }
}
