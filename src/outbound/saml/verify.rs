//! The pipeline of a response, in its order and nowhere else: pre-flight, signature, decryption,
//! reading, judging (section 2 of the register; G11, G12, G14, G15).
//!
//! Pure work on bytes: it opens no connection and reads no file. The wall around it is in
//! [`super::wall`].

use super::certificate::{self, Certificate};
use super::decrypt::{self, Keys};
use super::preflight::{self, Inner, Root};
use super::reader::Ns::Assertion;
use super::reader::Work;
use super::signature::{self, Verified};
use super::tree::Element;
use super::{lexical, read};
use crate::domain::saml::Require;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::saml::identity::Identity;
use crate::domain::saml::judge::{self, Expected};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Most bytes of a message in base64.
pub const ENCODED_MAX: usize = 1024 * 1024 + 64 * 1024;

/// What became of a response.
#[derive(Debug)]
pub struct Verdict {
    /// Whom it is about, or why it does not count.
    pub outcome: Result<Identity, Found>,
    /// How much there was to do.
    pub work: Work,
    /// What was decrypted of it, as far as that came.
    pub opened: Option<String>,
}

/// Reads a message out of its base64: white space may be in it, nothing else (G1).
///
/// # Errors
/// [`Fault::TooLarge`] or [`Fault::Encoding`].
pub fn decode(encoded: &str) -> Result<String, Found> {
    if encoded.len() > ENCODED_MAX {
        return Err(Fault::TooLarge.into());
    }
    let body: String = encoded.split(lexical::is_space).collect();
    let bytes = STANDARD.decode(body).map_err(|_| Fault::Encoding.with("no base64"))?;
    if bytes.len() > preflight::MESSAGE_MAX {
        return Err(Fault::TooLarge.into());
    }
    String::from_utf8(bytes).map_err(|_| Fault::Encoding.with("not UTF-8"))
}

/// Verifies a response and judges it.
#[must_use]
pub fn response(encoded: &str, expected: &Expected<'_>, keys: &Keys) -> Verdict {
    let (mut work, mut opened) = (Work::default(), None);
    let outcome =
        decode(encoded).and_then(|text| run(&text, expected, keys, (&mut work, &mut opened)));
    Verdict { outcome, work, opened }
}

fn run(
    text: &str,
    expected: &Expected<'_>,
    keys: &Keys,
    (work, opened): (&mut Work, &mut Option<String>),
) -> Result<Identity, Found> {
    let checked = preflight::check(text, Root::Response)?;
    *work = checked.work;
    let certificates = certificate::usable(&expected.saml.certificates);
    if certificates.is_empty() {
        return Err(Fault::NoCertificate.into());
    }
    let signed = match &checked.inner {
        // An error report, or what must be decrypted first, may be unsigned.
        None | Some(Inner::Encrypted) if !checked.signed => None,
        _ => Some(signature::verify(&checked, Root::Response, &certificates, work)?),
    };
    let response = match &signed {
        Some(verified) if verified.root() == Root::Response => Element::read(verified.text())?,
        _ => Element::read(text)?,
    };
    let envelope = read::envelope(&response, checked.signed)?;
    judge::envelope(&envelope, expected)?;
    let (assertion, inner_signed) = match (&checked.inner, &signed) {
        (None, _) => return Err(Fault::Assertions.with("none")),
        (Some(Inner::Encrypted), _) => {
            let flow = Decryption { response: &response, signed: signed.as_ref(), certificates };
            flow.run(expected, keys, (work, opened))?
        }
        (Some(Inner::Plain { signed: inner, .. }), Some(verified)) => {
            (assertion_of(verified)?, *inner)
        }
        (Some(Inner::Plain { .. }), None) => return Err(Fault::SignatureMissing.into()),
    };
    required(expected.saml.require, checked.signed, inner_signed)?;
    let statement = read::statement(&assertion, inner_signed)?;
    judge::statement(&envelope, &statement, expected)
}

/// The assertion within verified octets: their root, or the one child of it.
fn assertion_of(verified: &Verified) -> Result<Element, Found> {
    let tree = Element::read(verified.text())?;
    match verified.root() {
        Root::Assertion => Ok(tree),
        _ => only(&tree, "Assertion"),
    }
}

fn only(response: &Element, name: &str) -> Result<Element, Found> {
    let mut found = response.all(Assertion, name);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.clone()),
        _ => Err(Fault::Assertions.into()),
    }
}

/// G12: what the connection wants signed.
fn required(require: Require, response: bool, assertion: bool) -> Result<(), Found> {
    let good = match require {
        Require::Either => response || assertion,
        Require::Response => response,
        Require::Assertion => assertion,
        Require::Both => response && assertion,
    };
    let found = || Fault::SignatureMissing.with(&format!("require is {}", require.as_str()));
    if good { Ok(()) } else { Err(found()) }
}

/// An encrypted assertion on its way to a plain one.
struct Decryption<'d> {
    /// The response: the verified octets where it is signed.
    response: &'d Element,
    /// What was verified of it.
    signed: Option<&'d Verified>,
    certificates: Vec<Certificate>,
}

impl Decryption<'_> {
    /// The assertion, and whether it is signed by itself (G14, G15).
    fn run(
        self,
        expected: &Expected<'_>,
        keys: &Keys,
        (work, seen): (&mut Work, &mut Option<String>),
    ) -> Result<(Element, bool), Found> {
        let encrypted = only(self.response, "EncryptedAssertion")?;
        let cbc = self.signed.is_some() || expected.saml.legacy_cbc;
        let plain = decrypt::decrypt(&encrypted, keys, cbc, work)?;
        *seen = Some(plain.clone());
        let opened = self.open(plain, work);
        // Without a signature around it a text that opens must look like one that does not.
        if self.signed.is_none() && expected.saml.legacy_cbc {
            return opened.map_err(|_| Fault::Decryption.into());
        }
        opened
    }

    fn open(&self, plain: String, work: &mut Work) -> Result<(Element, bool), Found> {
        let checked = preflight::check(&plain, Root::Assertion)?;
        work.elements += checked.work.elements;
        work.signatures += checked.work.signatures;
        if checked.signed {
            let inner = signature::verify(&checked, Root::Assertion, &self.certificates, work)?;
            return assertion_of(&inner).map(|assertion| (assertion, true));
        }
        let Some(outer) = self.signed else { return Err(Fault::SignatureMissing.into()) };
        let inner = Verified::within(plain, outer);
        assertion_of(&inner).map(|assertion| (assertion, false))
    }
}
