//! One login or e-mail in two places of an organization: the same person, or two?
//!
//! A directory that meets a user of the organization itself may adopt her, under conditions that
//! keep it from taking over anybody; else it gets a user of its own, and the two stand among the
//! conflicts for an admin to judge.

use super::id::{DirectoryId, UserId};
use super::time::Timestamp;
use super::user::{Source, User};

/// Why a user of the organization was not adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdopted {
    /// The billing system owns her.
    Billing,
    /// She is somebody's sub-user.
    SubUser,
    /// She opens the house when nothing else does.
    BreakGlass,
    /// The domain of her e-mail is none that the organization has verified.
    DomainNotVerified,
    /// The directory does not list it.
    DomainNotListed,
    /// She never showed that the e-mail is hers, or the directory names another one.
    EmailNotProved,
    /// She holds a role that must keep a holder.
    HoldsKeptRole,
    /// Several users could be the one.
    Several,
}

impl NotAdopted {
    const ALL: [Self; 8] = [
        Self::Billing,
        Self::SubUser,
        Self::BreakGlass,
        Self::DomainNotVerified,
        Self::DomainNotListed,
        Self::EmailNotProved,
        Self::HoldsKeptRole,
        Self::Several,
    ];

    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Billing => "billing",
            Self::SubUser => "sub-user",
            Self::BreakGlass => "break-glass",
            Self::DomainNotVerified => "domain-not-verified",
            Self::DomainNotListed => "domain-not-listed",
            Self::EmailNotProved => "email-not-proved",
            Self::HoldsKeptRole => "holds-kept-role",
            Self::Several => "several",
        }
    }

    /// Reads the stored code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == code)
    }

    /// What an admin can do, if both are one person.
    #[must_use]
    pub const fn what_to_do(self) -> &'static str {
        match self {
            Self::Billing => {
                "The billing system owns the older user: end her there, or leave both as they are."
            }
            Self::SubUser => {
                "The older user belongs to another user: remove her there, or leave both as they \
                 are."
            }
            Self::BreakGlass => {
                "The older user is a break-glass account, which no directory takes over: give such \
                 accounts logins that no directory has."
            }
            Self::DomainNotVerified => {
                "Verify the domain of her e-mail and list it on the directory, remove the newer \
                 user at the provider, and let it push her again: she is adopted then."
            }
            Self::DomainNotListed => {
                "List the domain of her e-mail on the directory, remove the newer user at the \
                 provider, and let it push her again: she is adopted then."
            }
            Self::EmailNotProved => {
                "She has never signed in with this e-mail. If both are one person, remove the \
                 older user and give the newer one her roles."
            }
            Self::HoldsKeptRole => {
                "The older user holds a role that must keep a holder, which no directory may take \
                 over: give it to the newer user by hand, then remove the older one."
            }
            Self::Several => {
                "Several older users could be this person: remove all but one of them and the \
                 newer user, and let the provider push her again."
            }
        }
    }
}

/// What to do about two users of whom neither could have been adopted.
pub const WHAT_TO_DO: &str = "Two sources know this login or e-mail. If both are one person, end \
    her in one of them; if not, leave both as they are.";

/// What is known of a user whom a directory meets.
#[derive(Clone, Copy, Debug)]
pub struct Met<'a> {
    /// The user.
    pub user: &'a User,
    /// Whether the e-mail that she showed to be hers is the one that the directory names.
    pub is_proved: bool,
    /// Whether the domain of her e-mail is verified, and listed on the directory.
    pub domain: (bool, bool),
    /// Whether she holds a role that must keep a holder.
    pub holds_kept_role: bool,
}

/// Whether a directory may adopt a user of the organization.
///
/// # Errors
/// [`NotAdopted`], the first reason against it.
pub const fn may_adopt(met: &Met<'_>) -> Result<(), NotAdopted> {
    Err(match met {
        Met { user: User { source: Source::Billing, .. }, .. } => NotAdopted::Billing,
        Met { user: User { source: Source::SubUser, .. }, .. } => NotAdopted::SubUser,
        Met { user: User { break_glass: true, .. }, .. } => NotAdopted::BreakGlass,
        Met { domain: (false, _), .. } => NotAdopted::DomainNotVerified,
        Met { domain: (true, false), .. } => NotAdopted::DomainNotListed,
        Met { is_proved: false, .. } => NotAdopted::EmailNotProved,
        Met { holds_kept_role: true, .. } => NotAdopted::HoldsKeptRole,
        _ => return Ok(()),
    })
}

/// Two users who share a login or an e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The newer one.
    pub user: UserId,
    /// The one who was there.
    pub other: UserId,
    /// Whether the newer one's login is a login or e-mail of the other.
    pub login: bool,
    /// Whether the newer one's e-mail is.
    pub email: bool,
    /// Why the other was not adopted; `None` where that was not in question.
    pub refused: Option<NotAdopted>,
    /// When they met.
    pub at: Timestamp,
}

/// A user as conflicts name her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Her id.
    pub id: UserId,
    /// Her login.
    pub user_name: String,
    /// Her directory.
    pub directory: Option<DirectoryId>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::scim::Resource;

    fn user(source: Source) -> User {
        let document = json!({"userName": "ada"}).as_object().unwrap().clone();
        let id = DirectoryId(Uuid::nil());
        let resource = Resource::from_stored(document);
        let user = User::provisioned(UserId(Uuid::nil()), id, &resource, Timestamp(0));
        User { source, directory: None, ..user }
    }

    #[test]
    fn a_user_is_adopted_only_when_nothing_speaks_against_it() {
        let ada = user(Source::Api);
        let good =
            Met { user: &ada, is_proved: true, domain: (true, true), holds_kept_role: false };
        assert_eq!(may_adopt(&good), Ok(()));
        let (billing, sub) = (user(Source::Billing), user(Source::SubUser));
        let glass = User { break_glass: true, ..user(Source::Api) };
        for (met, reason) in [
            (Met { user: &billing, ..good }, NotAdopted::Billing),
            (Met { user: &sub, ..good }, NotAdopted::SubUser),
            (Met { user: &glass, ..good }, NotAdopted::BreakGlass),
            (Met { domain: (false, true), ..good }, NotAdopted::DomainNotVerified),
            (Met { domain: (true, false), ..good }, NotAdopted::DomainNotListed),
            (Met { is_proved: false, ..good }, NotAdopted::EmailNotProved),
            (Met { holds_kept_role: true, ..good }, NotAdopted::HoldsKeptRole),
        ] {
            assert_eq!(may_adopt(&met), Err(reason));
            assert_eq!(NotAdopted::parse(reason.as_str()), Some(reason));
        }
    }
}
