//! What a signature may say of itself: which algorithms, and what it refers to (G6).
//!
//! It refers to its own parent by id, and transforms nothing but itself away. What a certificate
//! in the message says is not looked at by anybody.

use super::preflight::{Open, Pass};
use super::reader::{Ns, Start};
use crate::domain::saml::fault::{Fault, Found};

/// Takes the signature itself out of what is signed.
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Canonicalizations, without comments.
pub(super) const CANONICAL: [&str; 2] =
    ["http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"];
/// How a signature may be made.
pub const SIGNATURES: [&str; 5] = [
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
];
/// How a digest may be made.
pub(super) const DIGESTS: [&str; 3] = [
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];

/// Looks at an element of a signature, or of a key beside something encrypted.
pub(super) fn check(pass: &mut Pass, start: &Start) -> Result<(), Found> {
    let algorithm = start.attribute("Algorithm").unwrap_or_default();
    let encrypting = pass.open.iter().any(|open| open.ns == Ns::Enc);
    match start.name.as_str() {
        // The reader of what is encrypted looks at its own algorithms.
        _ if encrypting => check_hint(start),
        "CanonicalizationMethod" => one_of(algorithm, &CANONICAL),
        "SignatureMethod" => one_of(algorithm, &SIGNATURES),
        "DigestMethod" => one_of(algorithm, &DIGESTS),
        "Transform" => transform(pass, algorithm),
        "Reference" => reference(pass, start),
        _ => Ok(()),
    }
}

fn one_of(algorithm: &str, known: &[&str]) -> Result<(), Found> {
    if known.contains(&algorithm) { Ok(()) } else { Err(Fault::Algorithm.with(algorithm)) }
}

/// First the signature goes, then the rest may be canonicalized.
fn transform(pass: &mut Pass, algorithm: &str) -> Result<(), Found> {
    pass.transforms += 1;
    match pass.transforms {
        1 if algorithm == ENVELOPED => Ok(()),
        2 => one_of(algorithm, &CANONICAL),
        1 => Err(Fault::Algorithm.with(algorithm)),
        _ => Err(Fault::SignatureShape.with("more than two transforms")),
    }
}

fn reference(pass: &mut Pass, start: &Start) -> Result<(), Found> {
    pass.references += 1;
    if pass.references > 1 {
        return Err(Fault::TooManySignatures.with("references"));
    }
    // Open are: what is signed, Signature, SignedInfo.
    let signed = pass.open.iter().rev().nth(2).and_then(|open: &Open| open.id.as_deref());
    let uri = start.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    if uri.is_some() && uri == signed {
        return Ok(());
    }
    let uri = start.attribute("URI").unwrap_or("none");
    Err(Fault::SignatureShape.with(&format!("it refers to {uri}")))
}

/// A hint where an encrypted key is must point into the message.
fn check_hint(start: &Start) -> Result<(), Found> {
    let inside = start.attribute("URI").is_none_or(|uri| uri.starts_with('#'));
    if inside { Ok(()) } else { Err(Fault::EncryptionAlgorithm.with("a key is elsewhere")) }
}
