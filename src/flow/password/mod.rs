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
use super::work::Work;
use crate::domain::id::UserId;
use crate::domain::mail::{Letter, Mail, Notice, plain_name};
use crate::domain::organization::Organization;
use crate::domain::platform::LoginType;
use crate::domain::seal::{Place, Seal};
use crate::domain::user::User;
use crate::flow::mail;
use crate::store;

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

/// Leaves a notice for somebody.
pub(super) async fn notify(
    work: &mut Work,
    (to, subject): (&str, &str),
    about: Notice,
) -> Result<(), Problem> {
    let id = work.organization;
    let organization = store::organization::by_id(&mut work.conn(), id).await?;
    let Some(organization) = organization else { return Ok(()) };
    let letter = Letter::Notice {
        organization: plain_name(&organization.name),
        about,
        subject: plain_name(subject),
        at: work.at.to_string(),
    };
    let mail = Mail { to: to.to_owned(), language: organization.settings.language, letter };
    mail::post(work, &mail, ("notice", None)).await
}

/// Leaves a notice for everybody who holds a role that must keep a holder.
pub(super) async fn notify_owners(
    work: &mut Work,
    subject: &str,
    about: Notice,
) -> Result<(), Problem> {
    let platform = std::sync::Arc::clone(&work.platform);
    let kept = platform.roles().iter().filter(|role| role.keep_one);
    let mut told = std::collections::BTreeSet::new();
    for role in kept {
        let at = work.at;
        for to in store::holder::addresses(&mut work.scope(), &role.key, at).await? {
            if told.insert(to.clone()) {
                notify(work, (&to, subject), about).await?;
            }
        }
    }
    Ok(())
}
