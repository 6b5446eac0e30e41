//! Why a SAML message is not believed: one stable code for each thing that can be wrong (G30).
//!
//! The codes are finer than those of the journal: an entry holds the journal's code, and names the
//! fault in its hint. Folders of refused messages in `conformance/saml` carry these names.

use crate::domain::sign_in::{Refusal, Refused, Step};

/// Declares the faults with the journal's code, and what the administrator can do.
macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $refused:ident, $hint:literal;)+) => {
        /// Why a message is not believed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault { $($(#[$doc])* $name,)+ }

        impl Fault {
            /// Every fault, in the order of the pipeline.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The code of the journal.
            #[must_use]
            pub const fn refused(self) -> Refused {
                match self { $(Self::$name => Refused::$refused,)+ }
            }

            /// What was found and what the administrator can do.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }
        }
    };
}

faults! {
    /// The form is not one `SAMLResponse` and at most one `RelayState`.
    Form = "form", ResponseInvalid,
        "The form has no `SAMLResponse`, several, or several `RelayState`.";
    /// More bytes than are read.
    TooLarge = "too_large", ResponseInvalid, "The message is larger than is read.";
    /// Not base64, or not deflated.
    Encoding = "encoding", ResponseInvalid,
        "The message is not base64, not deflated, or not UTF-8.";
    /// There is a DOCTYPE.
    Doctype = "doctype", ResponseInvalid, "The message has a DOCTYPE.";
    /// There is a comment.
    Comment = "comment", ResponseInvalid, "The message has a comment.";
    /// There is a processing instruction.
    Instruction = "processing_instruction", ResponseInvalid,
        "The message has a processing instruction.";
    /// There is a CDATA section.
    Cdata = "cdata", ResponseInvalid, "The message has a CDATA section.";
    /// There is an entity that XML does not know by itself.
    Entity = "entity", ResponseInvalid, "The message has an entity that is not built in.";
    /// It is no well-formed XML.
    NotWellFormed = "not_well_formed", ResponseInvalid, "The message is not well-formed XML.";
    /// An attribute stands twice.
    DuplicateAttribute = "duplicate_attribute", ResponseInvalid,
        "An element has the same attribute twice.";
    /// A prefix that nothing declares, or a namespace that is none.
    Namespace = "namespace", ResponseInvalid,
        "A prefix is not declared, or a namespace is no absolute URI.";
    /// There is something outside the root.
    OutsideRoot = "outside_root", ResponseInvalid, "There is something outside the root element.";
    /// Too many elements.
    TooManyElements = "too_many_elements", ResponseInvalid,
        "The message has more elements, attributes or declarations than are read.";
    /// Too deep.
    TooDeep = "too_deep", ResponseInvalid, "The message is nested deeper than is read.";
    /// Too many signatures or references.
    TooManySignatures = "too_many_signatures", ResponseInvalid,
        "The message has more than two signatures, or a signature with several references.";
    /// Another root.
    Root = "root", ResponseInvalid, "The message is not a SAML 2.0 Response.";
    /// No usable `ID`.
    Id = "id", ResponseInvalid, "The root or the assertion has no usable `ID`.";
    /// An id stands twice.
    DuplicateId = "duplicate_id", ResponseInvalid, "Two elements have the same id.";
    /// An id attribute in a namespace, or in other letters.
    ForeignId = "foreign_id", ResponseInvalid,
        "An id attribute has a namespace, or is written in other letters than `ID`.";
    /// Not exactly one assertion in its place.
    Assertions = "assertions", ResponseInvalid,
        "The response does not have exactly one assertion, as a child of its root.";
    /// An element where none may be.
    Element = "element", ResponseInvalid,
        "There is an element where the schema has none, or there is one too many or too few.";
    /// Text where none may be.
    Text = "text", ResponseInvalid, "There is text where the schema has none.";
    /// A signature that is not where it must be, or not shaped as it must be.
    SignatureShape = "signature_shape", SignatureInvalid,
        "The signature is not the second child of what it signs, or refers to something else.";
    /// An algorithm, canonicalization or transform that is not taken.
    Algorithm = "algorithm", SignatureInvalid,
        "The signature uses an algorithm that is not accepted: RSA or ECDSA with SHA-256 and up, \
         and exclusive canonicalization are.";
    /// There is no usable certificate.
    NoCertificate = "no_certificate", SignatureInvalid,
        "The connection has no usable certificate of the provider: upload its metadata again.";
    /// What must be signed is not.
    SignatureMissing = "signature_missing", SignatureInvalid,
        "The provider did not sign what this connection wants signed: see `require`.";
    /// No certificate verifies it.
    SignatureInvalid = "signature_invalid", SignatureInvalid,
        "No certificate of the connection verifies the signature: did the provider change its \
         key? Upload its metadata again.";
    /// The signature covers something else than it seems to.
    SignatureScope = "signature_scope", SignatureInvalid,
        "The signature covers another element than it seems to.";
    /// It is encrypted in a way that is not taken.
    EncryptionAlgorithm = "encryption_algorithm", DecryptionFailed,
        "The assertion is encrypted by an algorithm that is not accepted: RSA-OAEP with AES-GCM \
         is; AES-CBC where the response is signed too.";
    /// It cannot be decrypted.
    Decryption = "decryption", DecryptionFailed,
        "The assertion cannot be decrypted: let the provider take the encryption certificate from \
         our metadata.";
    /// A name or an attribute is encrypted by itself.
    EncryptedPart = "encrypted_part", DecryptionFailed,
        "The provider encrypts a name or an attribute by itself; let it encrypt the assertion.";
    /// The provider says that it did not work.
    Status = "status", ProviderError, "The provider answered with an error.";
    /// It is for another address.
    Destination = "destination", AudienceMismatch,
        "The response's `Destination` is missing though it is signed, or is not the ACS URL of \
         this connection.";
    /// Another provider made it.
    Issuer = "issuer", IssuerMismatch,
        "The issuer is not the entity id of the connection's provider.";
    /// It answers another request.
    InResponseTo = "in_response_to", StateInvalid,
        "The response answers another request than the one that this browser began.";
    /// Nobody asked for it.
    Unsolicited = "unsolicited", StateInvalid,
        "The sign-in was begun at the provider. Let people begin at the connection's `start_url`, \
         or set `allow_idp_initiated`.";
    /// The conditions are missing, doubled or unknown.
    Conditions = "conditions", ResponseInvalid,
        "The assertion has no `Conditions`, several, or one that is not known.";
    /// It is for another audience.
    Audience = "audience", AudienceMismatch,
        "The assertion's audience is not our entity id: enter `sp_entity_id` at the provider.";
    /// Nothing confirms the subject for us.
    Confirmation = "confirmation", AudienceMismatch,
        "No bearer confirmation of the subject has our ACS URL as its `Recipient`, an end, and no \
         beginning.";
    /// It is over.
    Expired = "expired", Expired,
        "The assertion is over. Compare the clocks of the provider and of this server.";
    /// It has not begun.
    NotYetValid = "not_yet_valid", NotYetValid,
        "The assertion begins in the future. Compare the clocks.";
    /// A time that is no UTC instant.
    Time = "time", ResponseInvalid, "A time is not written as a UTC instant.";
    /// It came before.
    Replayed = "replayed", Replayed, "The assertion or the response was used before.";
    /// Nobody signed in.
    AuthnStatement = "authn_statement", ResponseInvalid,
        "The assertion does not say how the person signed in (`AuthnStatement`).";
    /// She signed in otherwise than the connection demands.
    AuthnContext = "authn_context", InteractionRequired,
        "The person signed in in another way than `authn_context` demands.";
    /// She did not sign in anew.
    NotFresh = "not_fresh", NotFresh,
        "A fresh sign-in was demanded (`ForceAuthn`), and the person signed in there before.";
    /// It names nobody.
    Subject = "subject", SubjectMissing,
        "There is no lasting `NameID`, and the attribute `claims.subject` is not set, missing, or \
         has several values.";
    /// Too much at once, or too long.
    Busy = "busy", ProviderError, "The message could not be verified in time.";
    /// The metadata cannot be used.
    Metadata = "metadata", ProviderError, "The provider's metadata cannot be used.";
}

/// A fault with what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {found}", .fault.as_str())]
pub struct Found {
    /// What is wrong.
    pub fault: Fault,
    /// What was found, without secrets; empty where the fault says all.
    pub found: String,
}

/// Longest text of a stranger within what was found, in characters.
const FOUND_MAX: usize = 120;

impl Fault {
    /// The fault with what was found.
    #[must_use]
    pub fn with(self, found: &str) -> Found {
        Found { fault: self, found: found.chars().take(FOUND_MAX).collect() }
    }
}

impl From<Fault> for Found {
    fn from(fault: Fault) -> Self {
        Self { fault, found: String::new() }
    }
}

impl From<Found> for Refusal {
    fn from(from: Found) -> Self {
        let code = from.fault.as_str();
        let hint = from.fault.hint();
        let found = match from.found.as_str() {
            "" => format!("{code}: {hint}"),
            found => format!("{code}: {hint} Found: {found}"),
        };
        Self::new(Step::Response, from.fault.refused()).found(&found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_code_of_its_own() {
        let mut codes: Vec<_> = Fault::ALL.iter().map(|fault| fault.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Fault::ALL.len());
    }

    #[test]
    fn a_fault_names_itself_in_the_journal() {
        let refusal: Refusal = Fault::Audience.with("https://other.example").into();
        assert_eq!(refusal.code, Refused::AudienceMismatch);
        assert!(refusal.detail.starts_with("audience: "), "{}", refusal.detail);
        assert!(refusal.detail.contains("https://other.example"), "{}", refusal.detail);
    }
}
