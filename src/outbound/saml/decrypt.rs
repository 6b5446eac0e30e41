//! Decrypts an assertion: ours, by OpenSSL, with every length checked before it is used (G16).
//!
//! RSA-OAEP alone unwraps keys. AES-GCM is always taken; AES-CBC, which says nothing about who made
//! the text, only where the response was signed, or where the connection carries the flag for it.
//! All failures look alike: which key, which step and which byte is nobody's business.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::encrypt::Decrypter;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;
use openssl::symm::{Cipher, Crypter, Mode, decrypt_aead};

use super::lexical::is_space;
use super::reader::Ns::{Dsig, Enc, Enc11};
use super::reader::Work;
use super::tree::Element;
use crate::domain::saml::fault::{Fault, Found};

/// Keys of ours that are tried (G17).
pub const KEYS_MAX: usize = 4;
/// Encrypted keys of a message that are tried.
const WRAPPED_MAX: usize = 4;
/// Bytes of a GCM nonce.
const NONCE: usize = 12;
/// Bytes of a GCM tag.
const TAG: usize = 16;
/// Bytes of an AES block.
const BLOCK: usize = 16;

/// The secret halves of our encryption keys.
pub struct Keys(Vec<PKey<Private>>);

impl Keys {
    /// Takes keys as PKCS #8; what is none is left out.
    #[must_use]
    pub fn of(secrets: &[Vec<u8>]) -> Self {
        let read = |secret: &Vec<u8>| PKey::private_key_from_pkcs8(secret).ok();
        Self(secrets.iter().filter_map(read).take(KEYS_MAX).collect())
    }
}

/// How something is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Gcm(usize),
    Cbc(usize),
}

impl Method {
    fn of(algorithm: &str) -> Result<Self, Found> {
        match algorithm {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Ok(Self::Gcm(16)),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Ok(Self::Gcm(32)),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Ok(Self::Cbc(16)),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Ok(Self::Cbc(32)),
            other => Err(Fault::EncryptionAlgorithm.with(other)),
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Gcm(bytes) | Self::Cbc(bytes) => bytes,
        }
    }
}

/// Decrypts an `EncryptedAssertion`; the answer is not yet believed.
///
/// # Errors
/// [`Fault::EncryptionAlgorithm`] for what is not taken, [`Fault::Decryption`] for all else.
pub fn decrypt(
    encrypted: &Element,
    keys: &Keys,
    cbc: bool,
    work: &mut Work,
) -> Result<String, Found> {
    let data = encrypted.child(Enc, "EncryptedData").ok_or(Fault::Decryption)?;
    let method = Method::of(algorithm(data)?)?;
    if matches!(method, Method::Cbc(_)) && !cbc {
        return Err(Fault::EncryptionAlgorithm.with("AES-CBC, and the response is not signed"));
    }
    let cipher = cipher_value(data)?;
    let beside = encrypted.all(Enc, "EncryptedKey");
    let within =
        data.child(Dsig, "KeyInfo").into_iter().flat_map(|info| info.all(Enc, "EncryptedKey"));
    let mut refused = None;
    for wrapped in within.chain(beside).take(WRAPPED_MAX) {
        let transport = match Transport::of(wrapped) {
            Ok(transport) => transport,
            Err(found) => {
                refused = Some(found);
                continue;
            }
        };
        for key in &keys.0 {
            work.decrypted += 1;
            let Some(plain) = transport.unwrap(key, &cipher_value(wrapped)?) else { continue };
            if plain.len() != method.key_bytes() {
                continue;
            }
            let Some(opened) = open(method, &plain, &cipher) else { continue };
            return String::from_utf8(opened).map_err(|_| Fault::Decryption.into());
        }
    }
    Err(refused.unwrap_or_else(|| Fault::Decryption.into()))
}

fn algorithm(of: &Element) -> Result<&str, Found> {
    let method = of.child(Enc, "EncryptionMethod").ok_or(Fault::Decryption)?;
    Ok(method.attribute("Algorithm").unwrap_or_default())
}

fn cipher_value(of: &Element) -> Result<Vec<u8>, Found> {
    let value = of.child(Enc, "CipherData").and_then(|data| data.child(Enc, "CipherValue"));
    let text: String = value.ok_or(Fault::Decryption)?.text.split(is_space).collect();
    STANDARD.decode(text).map_err(|_| Fault::Decryption.into())
}

/// How a key is wrapped: RSA-OAEP with a digest, and a digest for its mask.
struct Transport {
    digest: MessageDigest,
    mask: MessageDigest,
}

impl Transport {
    fn of(wrapped: &Element) -> Result<Self, Found> {
        let method = wrapped.child(Enc, "EncryptionMethod").ok_or(Fault::Decryption)?;
        let refuse = |what: &str| Err(Fault::EncryptionAlgorithm.with(what));
        let named = method.child(Dsig, "DigestMethod").and_then(|one| one.attribute("Algorithm"));
        let digest = match named {
            None | Some("http://www.w3.org/2000/09/xmldsig#sha1") => MessageDigest::sha1(),
            Some("http://www.w3.org/2001/04/xmlenc#sha256") => MessageDigest::sha256(),
            Some("http://www.w3.org/2001/04/xmldsig-more#sha384") => MessageDigest::sha384(),
            Some("http://www.w3.org/2001/04/xmlenc#sha512") => MessageDigest::sha512(),
            Some(other) => return refuse(other),
        };
        if method.child(Enc, "OAEPparams").is_some_and(|label| !label.trimmed().is_empty()) {
            return refuse("OAEPparams");
        }
        let masked = method.child(Enc11, "MGF").and_then(|mask| mask.attribute("Algorithm"));
        let mask = match (method.attribute("Algorithm").unwrap_or_default(), masked) {
            // The older one always masks with SHA-1, whatever its digest.
            ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", None) => MessageDigest::sha1(),
            ("http://www.w3.org/2009/xmlenc11#rsa-oaep", named) => match named {
                None | Some("http://www.w3.org/2009/xmlenc11#mgf1sha1") => MessageDigest::sha1(),
                Some("http://www.w3.org/2009/xmlenc11#mgf1sha256") => MessageDigest::sha256(),
                Some("http://www.w3.org/2009/xmlenc11#mgf1sha384") => MessageDigest::sha384(),
                Some("http://www.w3.org/2009/xmlenc11#mgf1sha512") => MessageDigest::sha512(),
                Some(other) => return refuse(other),
            },
            (other, _) => return refuse(other),
        };
        Ok(Self { digest, mask })
    }

    fn unwrap(&self, key: &PKey<Private>, wrapped: &[u8]) -> Option<Vec<u8>> {
        if wrapped.len() != key.size() {
            return None;
        }
        let mut decrypter = Decrypter::new(key).ok()?;
        decrypter.set_rsa_padding(Padding::PKCS1_OAEP).ok()?;
        decrypter.set_rsa_oaep_md(self.digest).ok()?;
        decrypter.set_rsa_mgf1_md(self.mask).ok()?;
        let mut plain = vec![0; decrypter.decrypt_len(wrapped).ok()?];
        let length = decrypter.decrypt(wrapped, &mut plain).ok()?;
        plain.truncate(length);
        Some(plain)
    }
}

fn open(method: Method, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    match method {
        Method::Gcm(bytes) => open_gcm(bytes, key, sealed),
        Method::Cbc(bytes) => open_cbc(bytes, key, sealed),
    }
}

fn open_gcm(bytes: usize, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let cipher = if bytes == 16 { Cipher::aes_128_gcm() } else { Cipher::aes_256_gcm() };
    let (nonce, rest) = sealed.split_at_checked(NONCE)?;
    let (body, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
    if body.is_empty() {
        return None;
    }
    decrypt_aead(cipher, key, Some(nonce), &[], body, tag).ok()
}

/// A wrong padding is not told from a wrong text: the whole goes on, and is refused as a text.
fn open_cbc(bytes: usize, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let cipher = if bytes == 16 { Cipher::aes_128_cbc() } else { Cipher::aes_256_cbc() };
    let (vector, body) = sealed.split_at_checked(BLOCK)?;
    if body.is_empty() || body.len() % BLOCK != 0 {
        return None;
    }
    let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, Some(vector)).ok()?;
    crypter.pad(false);
    let mut plain = vec![0; body.len() + BLOCK];
    let mut length = crypter.update(body, &mut plain).ok()?;
    length += crypter.finalize(plain.get_mut(length..)?).ok()?;
    plain.truncate(length);
    let padding = usize::from(*plain.last()?);
    if (1..=BLOCK).contains(&padding) {
        plain.truncate(length - padding);
    }
    Some(plain)
}
