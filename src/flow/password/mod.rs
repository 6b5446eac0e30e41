//! Verbs on passwords of ours: sign in with one, ask for a new one, set one by a link.
//!
//! Hashes are made and compared before a transaction opens. Nobody learns here who exists: what is
//! refused before the password is known to be right is refused alike.

mod break_glass;
mod hasher;
mod link;
mod nobody;
mod sign_in;

pub use break_glass::{Made, make};
pub use hasher::{AT_ONCE_MAX, Hasher};
pub use link::{LinkOpened, Set, forgot, open, set};
pub use nobody::Nobody;
pub use sign_in::{Asked, Candidate, Outcome, begin_session, failed, find, sign_in};

use super::problem::Problem;
use crate::domain::id::UserId;
use crate::domain::organization::Organization;
use crate::domain::platform::LoginType;
use crate::domain::seal::{Place, Seal};
use crate::domain::user::User;

/// Where the secret of one-time codes stands sealed.
const TOTP: &str = "passwords.totp";

/// Where it stands for a user.
const fn totp_place(organization: crate::domain::id::OrganizationId, user: UserId) -> Place {
    Place { table: TOTP, row: user.0, organization }
}

fn open_totp(
    seal: &Seal,
    organization: crate::domain::id::OrganizationId,
    (user, sealed): (UserId, &[u8]),
) -> Result<Vec<u8>, Problem> {
    seal.open(totp_place(organization, user), sealed).map_err(Problem::internal)
}

/// Whether somebody may use a password here: the organization has not enforced its connections, or
/// she opens the house when nothing else does (K10).
#[must_use]
pub fn is_open(organization: &Organization, user: &User) -> bool {
    user.break_glass
        || (!organization.settings.require_sso
            && user.login_type.is_none_or(|kind| kind == LoginType::Password))
}
