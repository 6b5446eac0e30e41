//! New keys of ours: RSA with a certificate that signs itself, since providers want one.

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};

use crate::domain::saml::key::{Key, LIFE_S, Use};
use crate::domain::time::Timestamp;

/// Bits of our keys.
const BITS: u32 = 2048;
/// Bits of a certificate's serial number.
const SERIAL_BITS: i32 = 128;
/// Longest common name of a certificate, in characters.
const NAME_MAX: usize = 64;

/// Makes a key; it takes some tenths of a second.
///
/// # Errors
/// What OpenSSL says, as a text.
pub fn make(used_for: Use, name: &str, now: Timestamp) -> Result<Key, String> {
    build(used_for, name, now).map_err(|error| error.to_string())
}

fn build(used_for: Use, name: &str, now: Timestamp) -> Result<Key, ErrorStack> {
    let key = PKey::from_rsa(Rsa::generate(BITS)?)?;
    let mut subject = X509NameBuilder::new()?;
    let name: String = name.chars().filter(char::is_ascii).take(NAME_MAX).collect();
    subject.append_entry_by_text("CN", &name)?;
    let subject = subject.build();
    let mut serial = BigNum::new()?;
    serial.rand(SERIAL_BITS, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    let mut certificate = X509::builder()?;
    certificate.set_version(2)?;
    certificate.set_serial_number(&serial)?;
    certificate.set_subject_name(&subject)?;
    certificate.set_issuer_name(&subject)?;
    certificate.set_pubkey(&key)?;
    let (from, until) = (
        Asn1Time::from_unix(now.plus_s(-3600).seconds())?,
        Asn1Time::from_unix(now.plus_s(LIFE_S).seconds())?,
    );
    certificate.set_not_before(&from)?;
    certificate.set_not_after(&until)?;
    certificate.sign(&key, MessageDigest::sha256())?;
    Ok(Key {
        used_for,
        certificate: certificate.build().to_der()?,
        secret: key.private_key_to_pkcs8()?,
        made_at: now.0,
    })
}
