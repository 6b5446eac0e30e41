//! What a message says, read but not judged.
//!
//! An [`Envelope`] may be unsigned: of it only reasons to refuse are taken. A [`Statement`] is made
//! from octets that were verified, and from nothing else.

use super::identity::{Attribute, NameId};
use crate::domain::time::Timestamp;

/// What the response says around its assertion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub issued_at: Option<Timestamp>,
    /// Where it was sent to.
    pub destination: Option<String>,
    /// Which request it answers.
    pub in_response_to: Option<String>,
    /// Who made it.
    pub issuer: Option<Issuer>,
    /// How it went: the codes, outermost first.
    pub status: Vec<String>,
    /// What the provider says about it.
    pub status_message: Option<String>,
    /// Whether its signature was verified.
    pub signed: bool,
}

/// Who made something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// The name, as it stands.
    pub value: String,
    /// What kind of name it is.
    pub format: Option<String>,
}

/// A condition on when it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// From when on.
    pub not_before: Option<Timestamp>,
    /// Until when, that instant excluded.
    pub not_on_or_after: Option<Timestamp>,
    /// For whom: all of the lists must hold, one of each list does.
    pub audiences: Vec<Vec<String>>,
}

/// What confirms that the bearer is the subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// How.
    pub method: String,
    /// Whether there is anything that confirms.
    pub present: bool,
    /// To which address it may be sent.
    pub recipient: Option<String>,
    /// Which request it answers.
    pub in_response_to: Option<String>,
    /// From when on; a bearer confirmation has none.
    pub not_before: Option<Timestamp>,
    /// Until when, that instant excluded.
    pub not_on_or_after: Option<Timestamp>,
}

/// How and when the person signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authn {
    /// When.
    pub at: Option<Timestamp>,
    /// What the provider calls the session.
    pub session_index: Option<String>,
    /// When that session ends.
    pub session_until: Option<Timestamp>,
    /// How.
    pub class: Option<String>,
}

/// A verified assertion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub issued_at: Option<Timestamp>,
    /// Who made it.
    pub issuer: Issuer,
    /// Whom it is about.
    pub name_id: Option<NameId>,
    /// What confirms that.
    pub confirmations: Vec<Confirmation>,
    /// When and for whom it counts.
    pub conditions: Option<Conditions>,
    /// How the person signed in.
    pub authn: Vec<Authn>,
    /// What it says of her.
    pub attributes: Vec<Attribute>,
    /// Whether its own signature was verified.
    pub signed: bool,
}
