//! Licences: how many of a level a user has. Decisions ask whether she has any.

use super::fields::Fields;
use super::grant::hold_user;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::store;

/// Licences of one level that a user may have.
pub const TOTAL_MAX: i64 = 1_000_000;
const SECOND_US: i64 = 1_000_000;

/// Allocates licences of a level to a user, in place of what she had; answers the present number.
/// Without any left, what needs the level is denied from the next decision on.
///
/// # Errors
/// 404 for a user or level that is not there; 409 for a sub-user, who uses those of her parent; 422
/// for a number that does not fit.
pub async fn allocate(
    work: &mut Work,
    user: UserId,
    (level, total): (&str, i64),
) -> Result<i64, Problem> {
    if work.platform.level_index(level).is_none() {
        return Err(Problem::not_found("licence level"));
    }
    let mut fields = Fields::new();
    fields.range("/total", total, 0, TOTAL_MAX);
    fields.done()?;
    hold_user(work, user).await?;
    if store::sub_user::parent(&mut work.scope(), user).await?.is_some() {
        let detail = "A sub-user uses the licences of the user whose sub-user she is.";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let held = store::licence::of_user(&mut work.scope(), user).await?;
    let before = held.get(level).copied().unwrap_or(0);
    if before == total {
        return Ok(total);
    }
    let at = work.at;
    store::licence::put(&mut work.scope(), user, (level, total), at).await?;
    let allocated = Happened::to("licence.allocated", "user", user).with("level", level.to_owned());
    work.record(allocated.with("total", total).with("before", before));
    if total == 0 {
        let end = work.platform.licence_retention_s.saturating_mul(SECOND_US);
        let end = Timestamp(at.0.saturating_add(end));
        let revoked = Happened::to("licence.level_revoked", "user", user);
        work.record(revoked.with("level", level.to_owned()).with("kept_until", end.to_string()));
    }
    work.changed(Change::User(user));
    Ok(total)
}
