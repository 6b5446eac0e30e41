//! Tokens for the management surface: personal ones, and those of an organization.
//!
//! A token holds a list of built-in actions and, where it is confined, of resources. A personal one
//! allows what its list *and* its owner allow at that moment, and dies with her; one of the
//! organization allows its list, which was never above its creator, and goes on without her.

use super::actor::ActorRef;
use super::id::{OrganizationId, TokenId, UserId};
use super::platform::Action;
use super::resource::ResourceRef;
use super::time::Timestamp;

/// Longest name, in characters.
pub const NAME_MAX: usize = 100;
/// Tokens of one owner, and of one organization, that live at once.
pub const TOKENS_MAX: i64 = 100;
/// Resources to which one token is confined.
pub const RESOURCES_MAX: usize = 100;
/// How often the last use is written at most, in seconds.
pub const TOUCH_S: i64 = 60;
const DAY_S: i64 = 86_400;

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's.
    Personal,
    /// The organization's.
    Organization,
}

impl Kind {
    /// The word that is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Organization => "organization",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Personal, Self::Organization].into_iter().find(|kind| kind.as_str() == word)
    }

    /// How long one lives unless said, and at most, in seconds.
    #[must_use]
    pub const fn life_s(self) -> (i64, i64) {
        match self {
            Self::Personal => (90 * DAY_S, 365 * DAY_S),
            Self::Organization => (365 * DAY_S, 730 * DAY_S),
        }
    }

    /// Whether one may hold an action: none makes tokens, and none is an identity action.
    #[must_use]
    pub fn may_hold(self, action: Action) -> bool {
        !action.is_identity() && action != Action::TokensCreate
    }
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// Whose organization it is for.
    pub organization_id: OrganizationId,
    /// Whose it is.
    pub kind: Kind,
    /// The person who owns a personal one.
    pub owner: Option<UserId>,
    /// The person who made it; `None`: the operator.
    pub creator: Option<UserId>,
    /// Who made it.
    pub created_by: ActorRef,
    /// What people call it.
    pub name: String,
    /// Keys of the built-in actions that it allows.
    pub permissions: Vec<String>,
    /// Resources to which it is confined; empty: to none.
    pub resources: Vec<String>,
    /// Whether whoever made it has left.
    pub creator_left: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it may be used.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// Whether its list holds an action.
    #[must_use]
    pub fn holds(&self, action: &str) -> bool {
        self.permissions.iter().any(|held| held == action)
    }

    /// Whether it is confined to resources, and which.
    pub fn confined(&self) -> Option<impl Iterator<Item = ResourceRef>> {
        let named = self.resources.iter().filter_map(|text| ResourceRef::parse(text).ok());
        (!self.resources.is_empty()).then_some(named)
    }

    /// Whether its use is worth writing down.
    #[must_use]
    pub fn is_worth_touching(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|at| now.since_s(at) >= TOUCH_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_makes_tokens_or_holds_an_identity_action() {
        for kind in [Kind::Personal, Kind::Organization] {
            assert!(!kind.may_hold(Action::TokensCreate));
            assert!(!kind.may_hold(Action::ConnectionsManage));
            assert!(kind.may_hold(Action::UsersView));
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::Personal.life_s(), (90 * 86_400, 365 * 86_400));
        assert_eq!(Kind::Organization.life_s(), (365 * 86_400, 730 * 86_400));
    }
}
