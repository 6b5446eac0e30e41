//! The schema of SAML messages in miniature: which children an element may have, how many, and
//! where text may be (G7).
//!
//! What is not here is refused: the parts of SAML that nobody sends are the parts that attacks are
//! made of. Within extensions and attribute values any foreign element may stand, but none of
//! SAML, signatures or encryption (G5).

use super::reader::Ns::{self, Assertion, Dsig, Dsig11, Enc, Enc11, ExcC14n, Protocol};

/// What else may be within an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// What its shape names.
    Named,
    /// Foreign elements too.
    Foreign,
    /// Foreign elements and a `NameID`.
    Value,
}

/// A child that may be.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// Its namespace.
    pub ns: Ns,
    /// Its name.
    pub name: &'static str,
    /// How many there must be.
    pub min: u16,
    /// How many there may be.
    pub max: u16,
}

/// What an element may hold.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    ns: Ns,
    name: &'static str,
    /// Whether it may hold text.
    pub text: bool,
    /// What else may be within.
    pub within: Within,
    /// Its children.
    pub children: &'static [Child],
}

/// As many as fit into a message.
const MANY: u16 = u16::MAX;

const fn child(ns: Ns, name: &'static str, min: u16, max: u16) -> Child {
    Child { ns, name, min, max }
}

const fn one(ns: Ns, name: &'static str) -> Child {
    child(ns, name, 1, 1)
}

const fn maybe(ns: Ns, name: &'static str) -> Child {
    child(ns, name, 0, 1)
}

const fn some(ns: Ns, name: &'static str, max: u16) -> Child {
    child(ns, name, 0, max)
}

const fn shape(ns: Ns, name: &'static str, children: &'static [Child]) -> Shape {
    Shape { ns, name, text: false, within: Within::Named, children }
}

const fn text(ns: Ns, name: &'static str) -> Shape {
    Shape { ns, name, text: true, within: Within::Named, children: &[] }
}

const fn foreign(ns: Ns, name: &'static str) -> Shape {
    Shape { ns, name, text: true, within: Within::Foreign, children: &[] }
}

const fn value(ns: Ns, name: &'static str) -> Shape {
    Shape { ns, name, text: true, within: Within::Value, children: &[] }
}

/// What may be within an element that nobody named.
pub const FOREIGN: Shape = foreign(Ns::Other, "");
/// What may be within an element of an attribute value.
pub const IN_VALUE: Shape = value(Ns::Other, "");

/// What a signature's `KeyInfo` may hold; nothing of it is used.
const SIGNING_KEY: Shape = shape(
    Dsig,
    "KeyInfo",
    &[some(Dsig, "X509Data", 8), some(Dsig, "KeyName", 8), some(Dsig, "KeyValue", 8)],
);
/// What the `KeyInfo` of something encrypted may hold: keys too, and a hint where they are.
const ENCRYPTING_KEY: Shape = shape(
    Dsig,
    "KeyInfo",
    &[
        some(Enc, "EncryptedKey", 4),
        some(Dsig, "X509Data", 8),
        some(Dsig, "KeyName", 8),
        some(Dsig, "KeyValue", 8),
        some(Dsig, "RetrievalMethod", 4),
    ],
);

const SHAPES: &[Shape] = &[
    shape(
        Protocol,
        "Response",
        &[
            maybe(Assertion, "Issuer"),
            maybe(Dsig, "Signature"),
            maybe(Protocol, "Extensions"),
            one(Protocol, "Status"),
            some(Assertion, "Assertion", 1),
            some(Assertion, "EncryptedAssertion", 1),
        ],
    ),
    shape(
        Protocol,
        "LogoutRequest",
        &[
            one(Assertion, "Issuer"),
            maybe(Dsig, "Signature"),
            maybe(Protocol, "Extensions"),
            one(Assertion, "NameID"),
            some(Protocol, "SessionIndex", 64),
        ],
    ),
    shape(
        Protocol,
        "LogoutResponse",
        &[
            one(Assertion, "Issuer"),
            maybe(Dsig, "Signature"),
            maybe(Protocol, "Extensions"),
            one(Protocol, "Status"),
        ],
    ),
    foreign(Protocol, "Extensions"),
    text(Protocol, "SessionIndex"),
    shape(
        Protocol,
        "Status",
        &[
            one(Protocol, "StatusCode"),
            maybe(Protocol, "StatusMessage"),
            maybe(Protocol, "StatusDetail"),
        ],
    ),
    shape(Protocol, "StatusCode", &[maybe(Protocol, "StatusCode")]),
    text(Protocol, "StatusMessage"),
    foreign(Protocol, "StatusDetail"),
    shape(
        Assertion,
        "Assertion",
        &[
            one(Assertion, "Issuer"),
            maybe(Dsig, "Signature"),
            maybe(Assertion, "Subject"),
            some(Assertion, "Conditions", 1),
            maybe(Assertion, "Advice"),
            some(Assertion, "AuthnStatement", 8),
            some(Assertion, "AttributeStatement", 8),
        ],
    ),
    text(Assertion, "Issuer"),
    foreign(Assertion, "Advice"),
    shape(
        Assertion,
        "Subject",
        &[maybe(Assertion, "NameID"), some(Assertion, "SubjectConfirmation", 8)],
    ),
    text(Assertion, "NameID"),
    shape(
        Assertion,
        "SubjectConfirmation",
        &[maybe(Assertion, "NameID"), maybe(Assertion, "SubjectConfirmationData")],
    ),
    shape(Assertion, "SubjectConfirmationData", &[]),
    shape(
        Assertion,
        "Conditions",
        &[
            some(Assertion, "AudienceRestriction", 16),
            maybe(Assertion, "OneTimeUse"),
            maybe(Assertion, "ProxyRestriction"),
        ],
    ),
    shape(Assertion, "AudienceRestriction", &[child(Assertion, "Audience", 1, 64)]),
    shape(Assertion, "ProxyRestriction", &[some(Assertion, "Audience", 64)]),
    shape(Assertion, "OneTimeUse", &[]),
    text(Assertion, "Audience"),
    shape(
        Assertion,
        "AuthnStatement",
        &[maybe(Assertion, "SubjectLocality"), one(Assertion, "AuthnContext")],
    ),
    shape(Assertion, "SubjectLocality", &[]),
    shape(
        Assertion,
        "AuthnContext",
        &[
            maybe(Assertion, "AuthnContextClassRef"),
            maybe(Assertion, "AuthnContextDecl"),
            maybe(Assertion, "AuthnContextDeclRef"),
            some(Assertion, "AuthenticatingAuthority", 16),
        ],
    ),
    text(Assertion, "AuthnContextClassRef"),
    foreign(Assertion, "AuthnContextDecl"),
    text(Assertion, "AuthnContextDeclRef"),
    text(Assertion, "AuthenticatingAuthority"),
    shape(Assertion, "AttributeStatement", &[some(Assertion, "Attribute", MANY)]),
    shape(Assertion, "Attribute", &[some(Assertion, "AttributeValue", MANY)]),
    value(Assertion, "AttributeValue"),
    shape(
        Assertion,
        "EncryptedAssertion",
        &[one(Enc, "EncryptedData"), some(Enc, "EncryptedKey", 4)],
    ),
    shape(
        Enc,
        "EncryptedData",
        &[one(Enc, "EncryptionMethod"), maybe(Dsig, "KeyInfo"), one(Enc, "CipherData")],
    ),
    shape(
        Enc,
        "EncryptedKey",
        &[
            one(Enc, "EncryptionMethod"),
            maybe(Dsig, "KeyInfo"),
            one(Enc, "CipherData"),
            maybe(Enc, "ReferenceList"),
            maybe(Enc, "CarriedKeyName"),
        ],
    ),
    shape(
        Enc,
        "EncryptionMethod",
        &[
            maybe(Enc, "KeySize"),
            maybe(Enc, "OAEPparams"),
            maybe(Dsig, "DigestMethod"),
            maybe(Enc11, "MGF"),
        ],
    ),
    text(Enc, "KeySize"),
    text(Enc, "OAEPparams"),
    shape(Enc11, "MGF", &[]),
    shape(Enc, "CipherData", &[one(Enc, "CipherValue")]),
    text(Enc, "CipherValue"),
    shape(Enc, "ReferenceList", &[some(Enc, "DataReference", 4)]),
    shape(Enc, "DataReference", &[]),
    text(Enc, "CarriedKeyName"),
    shape(
        Dsig,
        "Signature",
        &[one(Dsig, "SignedInfo"), one(Dsig, "SignatureValue"), maybe(Dsig, "KeyInfo")],
    ),
    shape(
        Dsig,
        "SignedInfo",
        &[
            one(Dsig, "CanonicalizationMethod"),
            one(Dsig, "SignatureMethod"),
            child(Dsig, "Reference", 1, MANY),
        ],
    ),
    shape(Dsig, "CanonicalizationMethod", &[maybe(ExcC14n, "InclusiveNamespaces")]),
    shape(Dsig, "SignatureMethod", &[]),
    shape(
        Dsig,
        "Reference",
        &[one(Dsig, "Transforms"), one(Dsig, "DigestMethod"), one(Dsig, "DigestValue")],
    ),
    shape(Dsig, "Transforms", &[child(Dsig, "Transform", 1, MANY)]),
    shape(Dsig, "Transform", &[maybe(ExcC14n, "InclusiveNamespaces")]),
    shape(ExcC14n, "InclusiveNamespaces", &[]),
    shape(Dsig, "DigestMethod", &[]),
    text(Dsig, "DigestValue"),
    text(Dsig, "SignatureValue"),
    text(Dsig, "KeyName"),
    shape(Dsig, "RetrievalMethod", &[]),
    shape(
        Dsig,
        "X509Data",
        &[
            some(Dsig, "X509Certificate", 8),
            some(Dsig, "X509IssuerSerial", 8),
            some(Dsig, "X509SKI", 8),
            some(Dsig, "X509SubjectName", 8),
            some(Dsig11, "X509Digest", 8),
        ],
    ),
    text(Dsig, "X509Certificate"),
    shape(Dsig, "X509IssuerSerial", &[one(Dsig, "X509IssuerName"), one(Dsig, "X509SerialNumber")]),
    text(Dsig, "X509IssuerName"),
    text(Dsig, "X509SerialNumber"),
    text(Dsig, "X509SKI"),
    text(Dsig, "X509SubjectName"),
    text(Dsig11, "X509Digest"),
    shape(Dsig, "KeyValue", &[maybe(Dsig, "RSAKeyValue"), maybe(Dsig11, "ECKeyValue")]),
    shape(Dsig, "RSAKeyValue", &[one(Dsig, "Modulus"), one(Dsig, "Exponent")]),
    text(Dsig, "Modulus"),
    text(Dsig, "Exponent"),
    shape(Dsig11, "ECKeyValue", &[one(Dsig11, "NamedCurve"), one(Dsig11, "PublicKey")]),
    shape(Dsig11, "NamedCurve", &[]),
    text(Dsig11, "PublicKey"),
];

/// What an element may hold, within the element of that namespace and name.
#[must_use]
pub fn of(ns: Ns, name: &str, parent: Option<(Ns, &str)>) -> Option<&'static Shape> {
    if ns == Dsig && name == "KeyInfo" {
        return Some(match parent {
            Some((Enc, _)) => &ENCRYPTING_KEY,
            _ => &SIGNING_KEY,
        });
    }
    SHAPES.iter().find(|shape| shape.ns == ns && shape.name == name)
}
