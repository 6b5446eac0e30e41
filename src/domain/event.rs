//! Something that happened: audit entry, feed item and webhook body in one value.
//!
//! An event is written in the transaction that made it true. Its data holds ids and names of
//! attributes, never personal values.

use serde_json::{Map, Value};

use super::actor::ActorRef;
use super::id::{EventId, OrganizationId, TokenId};
use super::time::Timestamp;

/// One thing that happened, as it is kept and shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its own id.
    pub id: EventId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Dotted and past tense: `user.created`.
    pub name: &'static str,
    /// The frozen instant of the work that made it.
    pub occurred_at: Timestamp,
    /// Who did it.
    pub actor: ActorRef,
    /// By which token of a directory.
    pub token_id: Option<TokenId>,
    /// In which request; `None` for what the gateway does by itself.
    pub request_id: Option<String>,
    /// What it happened to: a noun of ours and its id.
    pub subject: (&'static str, String),
    /// Ids and names, no personal values.
    pub data: Map<String, Value>,
}

/// What a flow says of an event; the work adds the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// Whose feed tells of it, when that is not the organization in which it was done.
    pub elsewhere: Option<OrganizationId>,
    /// Dotted and past tense.
    pub name: &'static str,
    /// The noun of the subject.
    pub kind: &'static str,
    /// The id of the subject.
    pub id: String,
    /// Ids and names, no personal values.
    pub data: Map<String, Value>,
    /// What a mail calls the subject; it is kept nowhere.
    pub named: Option<String>,
    /// No mail tells of it: another one of its kind does.
    pub quiet: bool,
}

impl Happened {
    /// `name` happened to the `kind` with this `id`.
    #[must_use]
    pub fn to(name: &'static str, kind: &'static str, id: impl ToString) -> Self {
        Self {
            elsewhere: None,
            name,
            kind,
            id: id.to_string(),
            data: Map::new(),
            named: None,
            quiet: false,
        }
    }

    /// What a mail that tells of it calls the subject.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.named = Some(name.to_owned());
        self
    }

    /// No mail tells of it.
    #[must_use]
    pub const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// The feed of another organization tells of it.
    #[must_use]
    pub fn elsewhere(mut self, organization: OrganizationId) -> Self {
        self.elsewhere = Some(organization);
        self
    }

    /// Adds one fact: an id, a number or a name.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }
}
