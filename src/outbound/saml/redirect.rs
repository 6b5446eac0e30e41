//! The Redirect binding: messages deflated into a query, signed over its very letters.
//!
//! What comes is verified over the query as it was received, never over one that was put together
//! again: providers write percent signs in different ways (G35, EN7). Inflating is bounded (A57).

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey};
use openssl::sign::{Signer, Verifier};
use url::{Url, form_urlencoded};

use super::certificate::Certificate;
use super::lexical::is_space;
use super::signed::SIGNATURES;
use crate::domain::saml::fault::{Fault, Found};

/// Longest query that is read, in bytes.
pub const QUERY_MAX: usize = 64 * 1024;
/// Most bytes that a message inflates to.
pub const INFLATED_MAX: usize = 128 * 1024;
/// How our own messages are signed.
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// Which parameter carries the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// A request.
    Request,
    /// An answer.
    Response,
}

impl Carries {
    /// Its name.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A message out of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Whether it asks or answers.
    pub carries: Carries,
    /// The message, inflated.
    pub text: String,
    /// What comes back to whoever sent it.
    pub relay_state: Option<String>,
    signature: Option<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    octets: String,
    algorithm: String,
    value: Vec<u8>,
}

/// Puts a message into the query of a URL, signed where there is a key (PKCS #8).
///
/// # Errors
/// [`Fault::Metadata`] when the address or the key is none.
pub fn sent(
    to: &str,
    (carries, xml): (Carries, &str),
    relay_state: Option<&str>,
    key: Option<&[u8]>,
) -> Result<Url, Found> {
    let broken = || Fault::Metadata.with("the address or the key cannot be used");
    let mut url = Url::parse(to).map_err(|_| broken())?;
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(xml.as_bytes()).map_err(|_| broken())?;
    let deflated = STANDARD.encode(deflated.finish().map_err(|_| broken())?);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair(carries.parameter(), &deflated);
    if let Some(state) = relay_state {
        query.append_pair("RelayState", state);
    }
    if key.is_some() {
        query.append_pair("SigAlg", RSA_SHA256);
    }
    let mut query = query.finish();
    if let Some(key) = key {
        let key = PKey::private_key_from_pkcs8(key).map_err(|_| broken())?;
        let mut signer = Signer::new(MessageDigest::sha256(), &key).map_err(|_| broken())?;
        let value = signer.sign_oneshot_to_vec(query.as_bytes()).map_err(|_| broken())?;
        let value: String =
            form_urlencoded::byte_serialize(STANDARD.encode(value).as_bytes()).collect();
        query.push_str("&Signature=");
        query.push_str(&value);
    }
    let before = url.query().filter(|query| !query.is_empty()).map(|query| format!("{query}&"));
    url.set_query(Some(&format!("{}{query}", before.unwrap_or_default())));
    Ok(url)
}

/// Takes a message out of a query as it was received.
///
/// # Errors
/// [`Fault::Form`] for parameters that are missing or doubled, [`Fault::TooLarge`],
/// [`Fault::Encoding`].
pub fn received(query: &str) -> Result<Received, Found> {
    if query.len() > QUERY_MAX {
        return Err(Fault::TooLarge.into());
    }
    let raw = |name: &str| {
        let mut found = query.split('&').filter(|pair| key_of(pair) == name);
        match (found.next(), found.next()) {
            (one, None) => Ok(one),
            _ => Err(Fault::Form.with(name)),
        }
    };
    let (carries, message) = match (raw("SAMLRequest")?, raw("SAMLResponse")?) {
        (Some(message), None) => (Carries::Request, message),
        (None, Some(message)) => (Carries::Response, message),
        _ => return Err(Fault::Form.into()),
    };
    let (relay, algorithm, value) = (raw("RelayState")?, raw("SigAlg")?, raw("Signature")?);
    let encoding = raw("SAMLEncoding")?.map(value_of);
    if encoding
        .is_some_and(|one| one != "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE")
    {
        return Err(Fault::Encoding.into());
    }
    let signature = match (algorithm, value) {
        (Some(algorithm), Some(value)) => {
            let signed = [Some(message), relay, Some(algorithm)];
            Some(Signature {
                octets: signed.into_iter().flatten().collect::<Vec<_>>().join("&"),
                algorithm: value_of(algorithm),
                value: unbase64(&value_of(value))?,
            })
        }
        (None, None) => None,
        _ => return Err(Fault::Form.with("SigAlg and Signature belong together")),
    };
    let text = inflate(&unbase64(&value_of(message))?)?;
    Ok(Received { carries, text, relay_state: relay.map(value_of), signature })
}

impl Received {
    /// Verifies the signature over the query; there must be one.
    ///
    /// # Errors
    /// [`Fault::SignatureMissing`], [`Fault::Algorithm`], [`Fault::NoCertificate`] or
    /// [`Fault::SignatureInvalid`].
    pub fn verify(&self, certificates: &[Certificate]) -> Result<(), Found> {
        let signature = self.signature.as_ref().ok_or(Fault::SignatureMissing)?;
        if !SIGNATURES.contains(&signature.algorithm.as_str()) {
            return Err(Fault::Algorithm.with(&signature.algorithm));
        }
        if certificates.is_empty() {
            return Err(Fault::NoCertificate.into());
        }
        if certificates.iter().any(|one| signature.holds(one).unwrap_or(false)) {
            return Ok(());
        }
        Err(Fault::SignatureInvalid.into())
    }
}

impl Signature {
    fn holds(&self, certificate: &Certificate) -> Option<bool> {
        let key = certificate.key().ok()?;
        let (kind, digest) = self.algorithm.rsplit_once('#')?.1.split_once('-')?;
        let digest = match digest {
            "sha256" => MessageDigest::sha256(),
            "sha384" => MessageDigest::sha384(),
            "sha512" => MessageDigest::sha512(),
            _ => return None,
        };
        let value = match (kind, key.id()) {
            ("rsa", Id::RSA) => self.value.clone(),
            ("ecdsa", Id::EC) => {
                let (r, s) = self.value.split_at_checked(self.value.len() / 2)?;
                let (r, s) = (BigNum::from_slice(r).ok()?, BigNum::from_slice(s).ok()?);
                EcdsaSig::from_private_components(r, s).ok()?.to_der().ok()?
            }
            _ => return None,
        };
        let mut verifier = Verifier::new(digest, &key).ok()?;
        verifier.verify_oneshot(&value, self.octets.as_bytes()).ok()
    }
}

fn key_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(key, _)| key)
}

fn value_of(pair: &str) -> String {
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn unbase64(text: &str) -> Result<Vec<u8>, Found> {
    let body: String = text.split(is_space).collect();
    STANDARD.decode(body).map_err(|_| Fault::Encoding.with("no base64"))
}

fn inflate(deflated: &[u8]) -> Result<String, Found> {
    let limit = u64::try_from(INFLATED_MAX).unwrap_or(u64::MAX);
    let mut inflated = Vec::new();
    let mut bounded = DeflateDecoder::new(deflated).take(limit + 1);
    bounded.read_to_end(&mut inflated).map_err(|_| Fault::Encoding.with("not deflated"))?;
    if inflated.len() > INFLATED_MAX {
        return Err(Fault::TooLarge.into());
    }
    String::from_utf8(inflated).map_err(|_| Fault::Encoding.with("not UTF-8"))
}

#[cfg(test)]
#[path = "redirect_tests.rs"]
mod tests;
