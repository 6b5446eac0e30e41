//! What is left of a removed user: keyed traces that keep others from inheriting her links.
//!
//! A trace is a digest of what named her, bound to the kind of name and to the directory or
//! connection in which it named her; the value itself is gone with her.

use uuid::Uuid;

use super::seal::{Seal, SealError};

/// What kind of name a trace remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The login of a user, by its key; within her directory, or the organization.
    UserName,
    /// The client's id of a user, within her directory.
    ExternalId,
    /// The subject of an identity, within its connection.
    Subject,
    /// The e-mail, by its key, of somebody who left by her directory; within the organization.
    Email,
}

impl Name {
    /// The word under which it is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserName => "user_name",
            Self::ExternalId => "external_id",
            Self::Subject => "subject",
            Self::Email => "email",
        }
    }

    /// The trace of a value that named somebody `within` a directory, connection or organization:
    /// nobody without the installation's key can tell which value it was.
    ///
    /// # Errors
    /// [`SealError::NoKey`] without a key.
    pub fn trace(self, seal: &Seal, within: Uuid, value: &str) -> Result<Trace, SealError> {
        let hash = seal.mark(self.mark_kind(), &named(within, value))?;
        Ok(Trace { name: self, hash })
    }

    /// The traces that the value would have left under every key: one of them is kept, if any.
    #[must_use]
    pub fn traces(self, seal: &Seal, within: Uuid, value: &str) -> Vec<Trace> {
        let hashes = seal.marks(self.mark_kind(), &named(within, value));
        hashes.into_iter().map(|hash| Trace { name: self, hash }).collect()
    }

    const fn mark_kind(self) -> &'static str {
        match self {
            Self::UserName => "tombstone user_name",
            Self::ExternalId => "tombstone external_id",
            Self::Subject => "tombstone subject",
            Self::Email => "tombstone email",
        }
    }
}

fn named(within: Uuid, value: &str) -> String {
    format!("{within} {value}")
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
    fn one_value_leaves_different_traces_in_different_places_and_under_different_keys() {
        let (here, there) = (Uuid::nil(), Uuid::max());
        let (old, new) = (Seal::new(vec![[1; 32]]), Seal::new(vec![[2; 32], [1; 32]]));
        let trace = |name: Name, within, value| name.trace(&old, within, value).unwrap();
        let ada = trace(Name::Subject, here, "a");
        assert_eq!(trace(Name::Subject, here, "a"), ada);
        assert_ne!(trace(Name::Subject, there, "a"), ada);
        assert_ne!(trace(Name::ExternalId, here, "a").hash, ada.hash);
        assert_ne!(Name::Subject.trace(&new, here, "a").unwrap(), ada);
        assert!(Name::Subject.traces(&new, here, "a").contains(&ada), "an older key finds it");
        assert!(Name::Subject.trace(&Seal::new(Vec::new()), here, "a").is_err());
    }
}
