//! An identity: a subject at a connection and the user it is, with the rule that joined them.
//!
//! It also says how e-mail addresses are compared: folded, with the domain as A-labels, and no
//! tricks with dots or plus signs (LI9).

use super::domain_name::DomainName;
use super::id::{ConnectionId, IdentityId, UserId};
use super::time::Timestamp;
use crate::scim::fold;

/// Longest subject, in bytes (R18).
pub const SUBJECT_MAX: usize = 255;
/// Longest e-mail address, in bytes.
pub const EMAIL_MAX: usize = 320;
/// Which rule joined a subject and a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Joined before.
    Li1,
    /// The link claim is the configured SCIM key.
    Li2,
    /// A verified and listed domain, and one user with this address in the paired directory.
    Li2b,
    /// An invite that waits for her.
    Li3,
    /// A verified address, and a user of the organization itself who proved that she is meant.
    Li4,
    /// Made at her first sign-in.
    Li5,
    /// Moved by an administrator.
    Li8,
}

/// Rules whose links hold only while the connection may vouch for the person's domain.
const RESTING: [Rule; 3] = [Rule::Li2b, Rule::Li4, Rule::Li5];

impl Rule {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Li1 => "LI1",
            Self::Li2 => "LI2",
            Self::Li2b => "LI2b",
            Self::Li3 => "LI3",
            Self::Li4 => "LI4",
            Self::Li5 => "LI5",
            Self::Li8 => "LI8",
        }
    }
}

/// A subject at a connection and the user it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// At which connection.
    pub connection_id: ConnectionId,
    /// What the provider calls her, byte for byte.
    pub subject: String,
    /// Who she is here.
    pub user_id: UserId,
    /// Which rule joined them.
    pub rule: String,
    /// When they were joined.
    pub created_at: Timestamp,
    /// When she last came this way.
    pub last_sign_in_at: Option<Timestamp>,
}

impl Identity {
    /// Whether the link holds only while the connection may vouch for her domain.
    #[must_use]
    pub fn rests_on_domain(&self) -> bool {
        RESTING.iter().any(|rule| rule.as_str() == self.rule)
    }
}

/// An e-mail address as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailKey {
    /// The whole address, folded.
    pub address: String,
    /// Its domain.
    pub domain: DomainName,
}

impl EmailKey {
    /// Reads an address; `None` for a text that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > EMAIL_MAX || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return None;
        }
        let (local, domain) = text.rsplit_once('@')?;
        let domain = DomainName::parse(domain)?;
        (!local.is_empty()).then(|| Self { address: fold(text), domain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_folded_and_their_domains_as_a_labels() {
        let key = EmailKey::parse("Ada+x@Bücher.Example").unwrap();
        assert_eq!(key.address, "ada+x@bücher.example");
        assert_eq!(key.domain.as_str(), "xn--bcher-kva.example");
        assert_ne!(EmailKey::parse("a.da@x.org"), EmailKey::parse("ada@x.org"));
    }

    #[test]
    fn a_homoglyph_domain_is_another_domain_oa17() {
        let latin = EmailKey::parse("ada@apple.example").unwrap();
        let cyrillic = EmailKey::parse("ada@аpple.example").unwrap();
        assert_ne!(latin.domain, cyrillic.domain);
        assert_ne!(latin.address, cyrillic.address);
    }

    #[test]
    fn a_text_that_is_no_address_has_no_key() {
        let long = format!("{}@x.org", "a".repeat(EMAIL_MAX - 5));
        let bad = ["", "ada", "@x.org", "ada@", "ada@localhost", "ada@127.0.0.1", "a da@x.org"];
        for bad in bad.into_iter().chain([long.as_str()]) {
            assert_eq!(EmailKey::parse(bad), None, "{bad}");
        }
    }
}
