//! What is left of a removed user: keyed traces that keep others from inheriting her links.
//!
//! A trace is a digest of what named her, bound to the kind of name and to the directory or
//! connection in which it named her; the value itself is gone with her.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What kind of name a trace remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The login of a user, by its key; within her directory, or the organization.
    UserName,
    /// The client's id of a user, within her directory.
    ExternalId,
    /// The subject of an identity, within its connection.
    Subject,
}

impl Name {
    /// The word under which it is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserName => "user_name",
            Self::ExternalId => "external_id",
            Self::Subject => "subject",
        }
    }

    /// The trace of a value that named somebody `within` a directory, connection or organization.
    #[must_use]
    pub fn trace(self, within: Uuid, value: &str) -> Trace {
        let mut digest = Sha256::new();
        digest.update(self.as_str());
        digest.update([0]);
        digest.update(within.as_bytes());
        digest.update(value);
        Trace { name: self, hash: digest.finalize().into() }
    }
}

/// The digest of a name that was somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    /// What kind of name it was.
    pub name: Name,
    /// The digest.
    pub hash: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_leaves_different_traces_in_different_places() {
        let (here, there) = (Uuid::nil(), Uuid::max());
        assert_eq!(Name::Subject.trace(here, "a"), Name::Subject.trace(here, "a"));
        assert_ne!(Name::Subject.trace(here, "a"), Name::Subject.trace(there, "a"));
        assert_ne!(Name::Subject.trace(here, "a").hash, Name::ExternalId.trace(here, "a").hash);
    }
}
