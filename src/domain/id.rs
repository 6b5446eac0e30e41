//! Identifiers: ours, random, never taken from outside, one type for each noun.
//!
//! An id is a UUID of version 7, drawn from the injected [`Rng`](super::time::Rng) and the frozen
//! instant. Its text form is the hyphenated lower-case UUID; a text that is anything else is not
//! an id, and callers answer "not found" for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an identifier of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct NotAnId;

/// Declares id types that cannot be mistaken for one another.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads the hyphenated text form, in lower or upper case.
            ///
            /// # Errors
            /// [`NotAnId`] for any other text, so that a malformed id is never more than unknown.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                if text.len() != 36 {
                    return Err(NotAnId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Self::parse(text)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+ };
}

ids! {
    /// A customer, or the operator itself.
    OrganizationId,
    /// An e-mail domain that an organization claims.
    DomainId,
    /// One SCIM source.
    DirectoryId,
    /// A bearer token: of a directory, of an organization or of the operator.
    TokenId,
    /// An OAuth client of a directory.
    ClientId,
    /// One SSO source.
    ConnectionId,
    /// One person in her home organization.
    UserId,
    /// A group that a directory pushed.
    GroupId,
    /// A row of the registry of resources (outside it, a resource is named `kind:key`).
    ResourceId,
    /// A user's role, with its reach and source.
    GrantId,
    /// A role that an organization made for itself.
    RoleId,
    /// A mapping rule.
    RuleId,
    /// A sign-in in progress.
    LoginId,
    /// A subject at a connection.
    IdentityId,
    /// A browser session.
    SessionId,
    /// An entry of the sign-in journal.
    SignInId,
    /// An entry of a directory's journal.
    ExchangeId,
    /// An invite.
    InviteId,
    /// A link by which a password is set.
    LinkId,
    /// An endpoint that is told what happens.
    WebhookId,
    /// A message to a webhook.
    DeliveryId,
    /// Something that happened.
    EventId,
    /// A row of the outbox.
    JobId,
}
