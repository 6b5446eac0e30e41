//! Users: one person in her home organization.
//!
//! What a directory says of her is a canonical SCIM document, kept as text; the fields that others
//! read or compare (login, e-mail, names) are repeated beside it by [`User::describe`], the only
//! place that knows which attribute feeds which field. Whether she may sign in is a set of those
//! who suspended her; a status is computed from facts and never stored.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::id::{DirectoryId, UserId};
use super::platform::LoginType;
use super::time::Timestamp;
use crate::scim::{Resource, fold};

/// Where a user came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An invite.
    Invite,
    /// A directory pushed her.
    Directory,
    /// Her first sign-in.
    Sso,
    /// The billing system.
    Billing,
    /// The management API.
    Api,
    /// Another user.
    SubUser,
}

impl Source {
    const ALL: [Self; 6] =
        [Self::Invite, Self::Directory, Self::Sso, Self::Billing, Self::Api, Self::SubUser];

    /// The word under which it is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Directory => "directory",
            Self::Sso => "sso",
            Self::Billing => "billing",
            Self::Api => "api",
            Self::SubUser => "sub_user",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// Who may suspend a user; each sets and clears its own mark alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspender {
    /// Her directory, by `active: false`.
    Directory,
    /// The billing system.
    Billing,
    /// An admin, by hand.
    Admin,
}

impl Suspender {
    const ALL: [Self; 3] = [Self::Directory, Self::Billing, Self::Admin];

    const fn bit(self) -> i64 {
        match self {
            Self::Directory => 1,
            Self::Billing => 2,
            Self::Admin => 4,
        }
    }

    /// The word under which it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Billing => "billing",
            Self::Admin => "admin",
        }
    }
}

/// The set of those who suspended a user, as the bits that are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuspendedBy(pub i64);

impl SuspendedBy {
    /// The bit of who came by an invite alone and has not accepted it: nobody suspended her, and
    /// yet she is not enabled.
    const AWAITED: i64 = 8;

    /// Whether she came by an invite alone and has not accepted it.
    #[must_use]
    pub const fn is_awaited(self) -> bool {
        self.0 & Self::AWAITED != 0
    }

    /// The same suspenders, with an invite to be accepted or without.
    #[must_use]
    pub const fn awaited(self, awaited: bool) -> Self {
        Self(if awaited { self.0 | Self::AWAITED } else { self.0 & !Self::AWAITED })
    }

    /// Whether anybody suspended her.
    #[must_use]
    pub const fn is_suspended(self) -> bool {
        self.0 & !Self::AWAITED != 0
    }

    /// Whether this one suspended her.
    #[must_use]
    pub const fn holds(self, by: Suspender) -> bool {
        self.0 & by.bit() != 0
    }

    /// The set with this one's mark set or cleared; the others' stay.
    #[must_use]
    pub const fn with(self, by: Suspender, suspended: bool) -> Self {
        Self(if suspended { self.0 | by.bit() } else { self.0 & !by.bit() })
    }

    /// Whether nobody suspended her, and no invite waits to be accepted first.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words of those who did.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        Suspender::ALL.into_iter().filter(|by| self.holds(*by)).map(Suspender::as_str).collect()
    }
}

/// What a user is at present, computed from facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Enabled, and has signed in at least once.
    Active,
    /// Enabled, never signed in, and no invite waits for her.
    Provisioned,
    /// She holds a live invite and has never signed in.
    InvitePending,
    /// Her last invite ran out, and she has never signed in.
    InviteExpired,
    /// Somebody suspended her, whatever else holds.
    Suspended,
}

impl Status {
    /// The word under which it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Provisioned => "provisioned",
            Self::InvitePending => "invite_pending",
            Self::InviteExpired => "invite_expired",
            Self::Suspended => "suspended",
        }
    }
}

/// A user as she is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Her id, also over SCIM.
    pub id: UserId,
    /// The directory that owns her; `None` for a user of the organization itself.
    pub directory: Option<DirectoryId>,
    /// Where she came from.
    pub source: Source,
    /// Her login, as it was sent.
    pub user_name: String,
    /// The client's own id, letter case counting.
    pub external_id: Option<String>,
    /// Her work e-mail, or else the primary one, or else the first.
    pub email: Option<String>,
    /// The name to be shown.
    pub display_name: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Shown under the name.
    pub description: Option<String>,
    /// The platform's own id.
    pub external_ref: Option<String>,
    /// Who suspended her.
    pub suspended_by: SuspendedBy,
    /// The canonical SCIM document without `id`, `meta` and `groups`, as JSON text.
    pub document: String,
    /// Counts her changes.
    pub version: i64,
    /// When she was made.
    pub created_at: Timestamp,
    /// When she last changed.
    pub updated_at: Timestamp,
    /// Her last sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// How she signs in; `None` while both ways are open to her.
    pub login_type: Option<LoginType>,
    /// When the last invite that she has not accepted ends, or ended.
    pub invite_ends_at: Option<Timestamp>,
    /// Whether she opens the house when nothing else does.
    pub break_glass: bool,
    /// Whose sub-user she is.
    pub parent: Option<UserId>,
}

impl User {
    /// A user whom a directory pushes, described by her document.
    #[must_use]
    pub fn provisioned(
        id: UserId,
        directory: DirectoryId,
        document: &Resource,
        at: Timestamp,
    ) -> Self {
        let mut user = Self {
            id,
            directory: Some(directory),
            source: Source::Directory,
            user_name: String::new(),
            external_id: None,
            email: None,
            display_name: None,
            first_name: None,
            last_name: None,
            description: None,
            external_ref: None,
            suspended_by: SuspendedBy::default(),
            document: String::new(),
            version: 1,
            created_at: at,
            updated_at: at,
            last_sign_in_at: None,
            login_type: None,
            invite_ends_at: None,
            break_glass: false,
            parent: None,
        };
        user.describe(document);
        user
    }

    /// Takes over a canonical document: its text, the fields that repeat it, and the directory's
    /// mark, which is `active` turned round.
    pub fn describe(&mut self, document: &Resource) {
        let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        self.user_name = owned(document.user_name()).unwrap_or_default();
        self.external_id = owned(document.external_id());
        self.display_name = owned(document.display_name());
        self.email = owned(document.work_email().or_else(|| document.preferred_email()));
        self.first_name = owned(document.given_name());
        self.last_name = owned(document.family_name());
        // Nobody is revived or suspended by an omission: a document without `active` says nothing.
        if let Some(active) = document.active() {
            self.suspended_by = self.suspended_by.with(Suspender::Directory, !active);
        }
        self.document = document.to_text();
    }

    /// Whether she may sign in and hold access.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.suspended_by.is_empty()
    }

    /// What she is at an instant.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        match (self.suspended_by.is_suspended(), self.last_sign_in_at, self.invite_ends_at) {
            (true, _, _) => Status::Suspended,
            (false, Some(_), _) => Status::Active,
            (false, None, Some(end)) if now < end => Status::InvitePending,
            (false, None, Some(_)) => Status::InviteExpired,
            (false, None, None) => Status::Provisioned,
        }
    }

    /// How others name her: the name to be shown, or else her login.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.user_name)
    }

    /// The document; empty when the text is none, which only a fault could cause.
    #[must_use]
    pub fn resource(&self) -> Resource {
        Resource::from_stored(serde_json::from_str(&self.document).unwrap_or_default())
    }
}

/// The paths under which values of a document are indexed, with their keys.
#[must_use]
pub fn index_values(document: &Resource) -> BTreeSet<(&'static str, String)> {
    let mut values = BTreeSet::new();
    for email in document.emails() {
        let key = fold(email.value);
        if email.label.is_some_and(|label| fold(label) == "work") {
            values.insert((WORK_EMAILS, key.clone()));
        }
        values.insert((EMAILS, key));
    }
    values
}

/// Index path of every e-mail address.
pub const EMAILS: &str = "emails";
/// Index path of e-mail addresses of type `work`.
pub const WORK_EMAILS: &str = "emails.work";

/// The names of the top-level attributes that differ, an extension's with its URN in front.
#[must_use]
pub fn changed_attributes(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<String> {
    let mut names = BTreeSet::new();
    for name in old.keys().chain(new.keys()) {
        let (before, after) = (old.get(name), new.get(name));
        if before == after || name == "schemas" {
            continue;
        }
        if !name.contains(':') {
            names.insert(name.clone());
            continue;
        }
        let part = |side: Option<&Value>| side.and_then(Value::as_object).cloned();
        let (before, after) = (part(before).unwrap_or_default(), part(after).unwrap_or_default());
        let inner = changed_attributes(&before, &after);
        names.extend(inner.into_iter().map(|inner| format!("{name}:{inner}")));
    }
    names.into_iter().collect()
}

#[cfg(test)]
#[path = "user_tests.rs"]
mod tests;
