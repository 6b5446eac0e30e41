//! Certificates of providers: read once from what was configured, and bounded (G9).
//!
//! Only the key counts. A certificate may be signed by anybody or by itself, and it may be over
//! (IIP-MD12): the key was given to us by the administrator, and she is warned.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::ec::EcKey;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::x509::X509;

use crate::domain::saml::Ending;
use crate::domain::secret::hex;
use crate::domain::time::Timestamp;

/// Fewest bits of an RSA key.
const RSA_MIN_BITS: u32 = 2048;
/// Most bits of an RSA key: beyond, a check costs more than it is worth.
const RSA_MAX_BITS: u32 = 8192;
/// Longest certificate, in bytes.
const CERTIFICATE_MAX: usize = 16 * 1024;

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is none.
    #[error("this is not an X.509 certificate, as PEM or as base64")]
    Unreadable,
    /// Its key is too weak, or of another kind.
    #[error("its key is not RSA with 2048 to 8192 bits, nor EC on P-256 or P-384")]
    Key,
}

/// A certificate that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// As DER.
    pub der: Vec<u8>,
    /// When it is over.
    pub ends_at: Timestamp,
}

impl Certificate {
    /// Reads PEM or base64 with any line ends.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let body: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("-----"))
            .flat_map(str::chars)
            .filter(|c| !c.is_ascii_whitespace())
            .collect();
        if body.len() > CERTIFICATE_MAX * 4 / 3 + 4 {
            return Err(Unusable::Unreadable);
        }
        let der = STANDARD.decode(body).map_err(|_| Unusable::Unreadable)?;
        Self::from_der(der)
    }

    /// Reads DER.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn from_der(der: Vec<u8>) -> Result<Self, Unusable> {
        if der.len() > CERTIFICATE_MAX {
            return Err(Unusable::Unreadable);
        }
        let read = X509::from_der(&der).map_err(|_| Unusable::Unreadable)?;
        let key = read.public_key().map_err(|_| Unusable::Key)?;
        check_key(&key)?;
        let epoch = openssl::asn1::Asn1Time::from_unix(0).map_err(|_| Unusable::Unreadable)?;
        let since = epoch.diff(read.not_after()).map_err(|_| Unusable::Unreadable)?;
        let ends_at = Timestamp(0).plus_s(i64::from(since.days) * 86_400 + i64::from(since.secs));
        // What follows the certificate in the same bytes is nobody's business.
        let der = read.to_der().map_err(|_| Unusable::Unreadable)?;
        Ok(Self { der, ends_at })
    }

    /// As base64, for keeping and showing.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// When it ends, and what it is called.
    #[must_use]
    pub fn ending(&self) -> Ending {
        let thumbprint = hex(&openssl::sha::sha256(&self.der));
        Ending { thumbprint, at: self.ends_at.0 }
    }

    /// Its key.
    ///
    /// # Errors
    /// [`Unusable`].
    pub(super) fn key(&self) -> Result<PKey<Public>, Unusable> {
        let read = X509::from_der(&self.der).map_err(|_| Unusable::Unreadable)?;
        read.public_key().map_err(|_| Unusable::Key)
    }
}

fn check_key(key: &PKey<Public>) -> Result<(), Unusable> {
    let good = match key.id() {
        Id::RSA => (RSA_MIN_BITS..=RSA_MAX_BITS).contains(&key.bits()),
        Id::EC => {
            let curve = key.ec_key().ok().and_then(|key: EcKey<Public>| key.group().curve_name());
            matches!(curve, Some(Nid::X9_62_PRIME256V1 | Nid::SECP384R1))
        }
        _ => false,
    };
    if good { Ok(()) } else { Err(Unusable::Key) }
}

/// Reads what is configured; what cannot be used is left out.
#[must_use]
pub fn usable(configured: &[String]) -> Vec<Certificate> {
    configured.iter().filter_map(|text| Certificate::parse(text).ok()).collect()
}
