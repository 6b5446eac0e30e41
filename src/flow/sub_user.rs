//! Sub-users: users whom another user makes, and who never hold more than she does.

use super::access;
use super::fields::Fields;
use super::grant::hold_user;
use super::problem::{Code, Problem};
use super::user::{New, make};
use super::work::Work;
use crate::domain::id::UserId;
use crate::domain::platform::SUB_USER_ROLE;
use crate::domain::user::{Source, User};
use crate::store;

/// Sub-users of one user.
pub const SUB_USERS_MAX: i64 = 20;

/// Makes a sub-user. She holds the role of sub-users alone, and a decision allows her only what it
/// allows her parent too.
///
/// # Errors
/// 404 for a parent who is not here; 409 when the platform has no sub-users, the parent is one
/// herself or has as many as there may be, or the login is taken; 422 for fields that do not fit.
pub async fn create(work: &mut Work, parent: UserId, new: &New) -> Result<User, Problem> {
    if !work.platform.users.sub_users {
        return Err(Problem::new(Code::Conflict, "The platform has no sub-users."));
    }
    let mut fields = Fields::new();
    for (at, grant) in new.grants.iter().enumerate() {
        if grant.role != SUB_USER_ROLE {
            let detail = format!("A sub-user holds the role `{SUB_USER_ROLE}` alone.");
            fields.wrong(&format!("/grants/{at}/role"), "not-allowed", detail);
        }
    }
    fields.done()?;
    access::hold_rules(work).await?;
    hold_user(work, parent).await?;
    if store::sub_user::parent(&mut work.scope(), parent).await?.is_some() {
        return Err(Problem::new(Code::Conflict, "A sub-user has no sub-users of her own."));
    }
    let present = store::sub_user::of_parent(&mut work.scope(), parent, SUB_USERS_MAX).await?;
    if i64::try_from(present.len()).unwrap_or(i64::MAX) >= SUB_USERS_MAX {
        let detail = format!("A user has at most {SUB_USERS_MAX} sub-users.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    make(work, new, (Source::SubUser, Some(parent))).await
}
