//! Which octets of a message were signed: the one place that calls samael (G9 to G11).
//!
//! Its primitive runs in `PreDigest` mode, once for each certificate, over messages that passed the
//! pre-flight, and answers exactly what was digested. Those octets pass the pre-flight again, and
//! their root must be what the message says is signed; nothing else is ever read for an identity.

use samael::crypto::{
    AllowedSignatureAlgorithm as Algorithm, CertificateDer, Crypto, CryptoProvider, ReduceMode,
};

use super::certificate::Certificate;
use super::preflight::{self, Checked, Inner, Root};
use super::reader::Work;
use crate::domain::saml::fault::{Fault, Found};

/// What the primitive accepts besides the pre-flight's list.
const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::RsaSha256,
    Algorithm::RsaSha384,
    Algorithm::RsaSha512,
    Algorithm::EcdsaSha256,
    Algorithm::EcdsaSha384,
];

/// Octets that a key of the provider vouches for. Only this module and decryption make them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    text: String,
    root: Root,
}

impl Verified {
    /// The octets.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What they are.
    #[must_use]
    pub const fn root(&self) -> Root {
        self.root
    }

    /// An assertion whose encrypted form is within octets that were verified.
    pub(super) const fn within(text: String, _vouching: &Self) -> Self {
        Self { text, root: Root::Assertion }
    }
}

/// Verifies a message that has one signature or two: all must hold, by one certificate.
///
/// # Errors
/// [`Fault::SignatureMissing`], [`Fault::NoCertificate`], [`Fault::SignatureInvalid`] or
/// [`Fault::SignatureScope`].
pub fn verify(
    checked: &Checked<'_>,
    root: Root,
    certificates: &[Certificate],
    work: &mut Work,
) -> Result<Verified, Found> {
    let (covers, id) = match &checked.inner {
        _ if checked.signed => (root, checked.id.as_str()),
        Some(Inner::Plain { id, signed: true }) if root == Root::Response => {
            (Root::Assertion, id.as_str())
        }
        _ => return Err(Fault::SignatureMissing.into()),
    };
    if certificates.is_empty() {
        return Err(Fault::NoCertificate.into());
    }
    for certificate in certificates {
        work.verified += 1;
        let Some(text) = digested(checked.text, certificate) else { continue };
        let again = preflight::check(&text, covers).map_err(|found| scope(&found.found))?;
        if again.id != id {
            return Err(scope("another id"));
        }
        // The octets lack the signature that was verified; the assertion within keeps its own.
        let inner_kept = match (covers, &checked.inner, &again.inner) {
            (Root::Response, Some(was), Some(is)) => was == is,
            (Root::Response, Some(_), None) | (Root::Response, None, Some(_)) => false,
            _ => true,
        };
        if !inner_kept {
            return Err(scope("another assertion"));
        }
        return Ok(Verified { text, root: covers });
    }
    Err(Fault::SignatureInvalid.into())
}

fn scope(found: &str) -> Found {
    Fault::SignatureScope.with(found)
}

/// What was digested, if the certificate verifies every signature. Errors of the primitive are not
/// `Send` and say nothing that is not known: they end here, and never the loop (G10).
pub(super) fn digested(text: &str, certificate: &Certificate) -> Option<String> {
    let certificates = [CertificateDer::from(certificate.der.clone())];
    let reduced = Crypto::reduce_xml_to_signed_with_allowed_algorithms(
        text,
        &certificates,
        ReduceMode::PreDigest,
        Some(&ALGORITHMS),
    );
    reduced.ok()
}
