//! What a commit changed for those who answer from memory: decisions, tokens, sessions.
//!
//! A change names what must be read anew, never what it became; so applying one twice, late or
//! out of order does no harm.

use super::id::UserId;
use super::resource::ResourceRef;

/// One thing that must be read anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A user: whether she is enabled, her grants.
    User(UserId),
    /// A resource: whether it is there, its parent.
    Resource(ResourceRef),
    /// Tokens and directories of the organization.
    Tokens,
    /// Everything of the organization.
    Organization,
}

impl Change {
    /// The words under which a change is kept.
    #[must_use]
    pub fn stored(&self) -> (&'static str, String) {
        match self {
            Self::User(id) => ("user", id.to_string()),
            Self::Resource(resource) => ("resource", resource.to_string()),
            Self::Tokens => ("tokens", String::new()),
            Self::Organization => ("organization", String::new()),
        }
    }

    /// Reads a kept change; `None` for words of a newer program.
    #[must_use]
    pub fn read(kind: &str, key: &str) -> Option<Self> {
        match kind {
            "user" => UserId::parse(key).ok().map(Self::User),
            "resource" => ResourceRef::parse(key).ok().map(Self::Resource),
            "tokens" => Some(Self::Tokens),
            "organization" => Some(Self::Organization),
            _ => None,
        }
    }
}
