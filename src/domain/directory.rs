//! A directory: one SCIM source of an organization, and the tokens that push into it.
//!
//! Its profile names the habits of the client behind it. A disabled directory refuses its tokens
//! and changes nobody (scim S6).

use serde::{Deserialize, Serialize};

use super::actor::ActorRef;
use super::brake::MaxRemovals;
use super::id::{DirectoryId, DomainId, OrganizationId, TokenId};
use super::time::Timestamp;

/// Longest name of a directory or token, in characters.
pub const NAME_MAX: usize = 200;
/// Directories that an organization may have.
pub const DIRECTORIES_MAX: usize = 100;
/// Tokens that a directory may have at a time, revoked ones not counted (scim S3).
pub const TOKENS_MAX: usize = 20;
/// Roles that the ceiling of a directory may name.
pub const CEILING_MAX: usize = 20;
/// Domains that a directory may list.
pub const DOMAINS_MAX: usize = 100;

/// Whose habits are tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Nobody's: RFC 7643 and RFC 7644 to the letter.
    Strict,
    /// Those that many clients share.
    Generic,
    /// Microsoft Entra ID.
    Entra,
    /// Okta.
    Okta,
}

impl Profile {
    /// Every profile, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Strict, Self::Generic, Self::Entra, Self::Okta];

    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Generic => "generic",
            Self::Entra => "entra",
            Self::Okta => "okta",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == text)
    }
}

/// Whether its tokens are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As usual.
    Active,
    /// Its tokens are refused; its users stay as they are.
    Disabled,
}

impl Status {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|status| status.as_str() == text)
    }
}

/// What becomes of members that a client names and the directory does not have (scim D8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownMembers {
    /// The request is refused.
    #[default]
    Refuse,
    /// They are kept and become members when they come.
    Pending,
}

impl UnknownMembers {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Pending => "pending",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Refuse, Self::Pending].into_iter().find(|mode| mode.as_str() == text)
    }
}

/// What becomes of a user whom a directory brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnProvision {
    /// She may sign in; nobody writes to her.
    #[default]
    Ready,
    /// The same, and she gets a mail that leads to sign-in.
    Invite,
}

impl OnProvision {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Invite => "invite",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ready, Self::Invite].into_iter().find(|mode| mode.as_str() == text)
    }
}

/// What can be chosen for a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Domains whose people this directory may adopt, once they are verified.
    pub domains: Vec<DomainId>,
    /// What becomes of members that it does not have.
    pub unknown_members: UnknownMembers,
    /// What becomes of users whom it brings.
    pub on_provision: OnProvision,
    /// Keys of roles: its facts give nobody a role that may do more than each of these.
    pub role_ceiling: Option<Vec<String>>,
    /// How many people it may take access from before the losses are held.
    pub max_removals: Option<MaxRemovals>,
}

/// One SCIM source of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its id.
    pub id: DirectoryId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// Whose habits are tolerated.
    pub profile: Profile,
    /// Whether its tokens are believed.
    pub status: Status,
    /// What was chosen.
    pub settings: Settings,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a token of a directory may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenScope {
    /// `scim.read`
    Read,
    /// `scim.write`
    Write,
}

impl TokenScope {
    /// Both, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "scim.read",
            Self::Write => "scim.write",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// A token of a directory, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Which directory it pushes into.
    pub directory_id: DirectoryId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<TokenScope>,
    /// Who made it.
    pub created_by: ActorRef,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `None` until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Whether it may be believed at this instant, once its secret has matched.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it may do this; neither scope holds the other.
    #[must_use]
    pub fn allows(&self, scope: TokenScope) -> bool {
        self.scopes.contains(&scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            id: TokenId(uuid::Uuid::nil()),
            organization_id: OrganizationId(uuid::Uuid::nil()),
            directory_id: DirectoryId(uuid::Uuid::nil()),
            name: "t".to_owned(),
            scopes: vec![TokenScope::Read],
            created_by: ActorRef { kind: "operator".to_owned(), id: None },
            created_at: Timestamp(0),
            expires_at: Some(Timestamp(10)),
            last_used_at: None,
            revoked_at: None,
        }
    }

    #[test]
    fn a_token_lives_until_its_end_or_its_revocation() {
        assert!(token().is_live(Timestamp(9)));
        assert!(!token().is_live(Timestamp(10)));
        assert!(Token { expires_at: None, ..token() }.is_live(Timestamp(i64::MAX)));
        assert!(!Token { revoked_at: Some(Timestamp(1)), ..token() }.is_live(Timestamp(5)));
    }

    #[test]
    fn a_token_may_do_what_its_scopes_say_and_no_more() {
        assert!(token().allows(TokenScope::Read));
        assert!(!token().allows(TokenScope::Write));
        let write = Token { scopes: vec![TokenScope::Write], ..token() };
        assert!(!write.allows(TokenScope::Read));
    }

    #[test]
    fn the_stored_words_are_read_back() {
        for profile in Profile::ALL {
            assert_eq!(Profile::parse(profile.as_str()), Some(profile));
        }
        for scope in TokenScope::ALL {
            assert_eq!(TokenScope::parse(scope.as_str()), Some(scope));
        }
        for status in [Status::Active, Status::Disabled] {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Profile::parse("Entra"), None);
    }
}
