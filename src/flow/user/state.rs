//! Whether a user may act, by hand: suspend, resume, remove, and the one way in which users end.

use std::sync::Arc;

use uuid::Uuid;

use super::super::condition::Condition;
use super::super::problem::{Code, Problem};
use super::super::work::Work;
use super::super::{access, api_token, grant, invite, sub_user, webhook};
use super::load;
use crate::domain::access::grant::Source;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::{GroupId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::tombstone::Name;
use crate::domain::user::{Suspender, User};
use crate::scim::fold;
use crate::store;

/// Suspends a user by hand: her sessions end, and nobody but an admin lifts it.
///
/// # Errors
/// 404; 409 `last-holder` when nobody else has a role that must keep a holder.
pub async fn suspend(work: &mut Work, id: UserId) -> Result<User, Problem> {
    store::organization::hold(&mut work.scope()).await?;
    grant::hold_user(work, id).await?;
    let user = load(work, id).await?;
    if user.suspended_by.holds(Suspender::Admin) {
        return Ok(user);
    }
    let held = grant::live(work, id).await?;
    let suspended = mark(work, &user, true).await?;
    store::user::end_sessions(&mut work.scope(), id).await?;
    work.record(Happened::to("user.suspended", "user", id).with("by", "admin"));
    if user.is_enabled() {
        grant::keep_one(work, &held).await?;
    }
    Ok(suspended)
}

/// Lifts what an admin suspended; what others did stays.
///
/// # Errors
/// 404.
pub async fn resume(work: &mut Work, id: UserId) -> Result<User, Problem> {
    grant::hold_user(work, id).await?;
    let user = load(work, id).await?;
    if !user.suspended_by.holds(Suspender::Admin) {
        return Ok(user);
    }
    let resumed = mark(work, &user, false).await?;
    work.record(Happened::to("user.resumed", "user", id).with("by", "admin"));
    Ok(resumed)
}

async fn mark(work: &mut Work, user: &User, suspended: bool) -> Result<User, Problem> {
    let suspended_by = user.suspended_by.with(Suspender::Admin, suspended);
    let changed = User { suspended_by, updated_at: work.at, ..user.clone() };
    if !store::user::update(&mut work.scope(), user, &changed).await? {
        return Err(Problem::new(Code::Conflict, "The user changed meanwhile: try again."));
    }
    work.changed(Change::User(user.id));
    Ok(User { version: user.version + 1, ..changed })
}

/// Ends every session of a user.
///
/// # Errors
/// 404.
pub async fn end_sessions(work: &mut Work, id: UserId) -> Result<(), Problem> {
    load(work, id).await?;
    let ended = store::user::end_sessions(&mut work.scope(), id).await?;
    if ended > 0 {
        work.record(Happened::to("session.ended", "user", id).with("count", ended));
    }
    Ok(())
}

/// Removes a user by hand. One of a live directory loses all access and is suspended by an admin
/// instead: her directory goes on reading and writing her record.
///
/// # Errors
/// 404, 412 when she changed meanwhile; 409 `last-holder` when nobody else has a role that must
/// keep a holder.
pub async fn remove(work: &mut Work, id: UserId, condition: &Condition) -> Result<(), Problem> {
    access::hold_rules(work).await?;
    store::organization::hold(&mut work.scope()).await?;
    let groups = store::group::lock_of_user(&mut work.scope(), id).await?;
    grant::hold_user(work, id).await?;
    let user = load(work, id).await?;
    condition.meet(user.version)?;
    let held = grant::live(work, id).await?;
    remove_held(work, &user, &groups).await?;
    if user.is_enabled() { grant::keep_one(work, &held).await } else { Ok(()) }
}

/// Removes a user who is held with her groups; whoever calls judges who must stay.
pub(super) async fn remove_held(
    work: &mut Work,
    user: &User,
    groups: &[GroupId],
) -> Result<(), Problem> {
    if user.directory.is_some() { block(work, user).await } else { erase(work, user, groups).await }
}

/// Ends all access of a user whom a directory owns, but her record.
async fn block(work: &mut Work, user: &User) -> Result<(), Problem> {
    let before = grant::live(work, user.id).await?;
    for given in store::grant::of_user(&mut work.scope(), user.id).await? {
        if given.source != Source::Rule {
            store::grant::delete(&mut work.scope(), given.id).await?;
        }
    }
    grant::tell(work, user.id, &before).await?;
    grant::end_elsewhere(work, user.id).await?;
    store::user::end_sessions(&mut work.scope(), user.id).await?;
    invite::end_of(work, user.id).await?;
    api_token::end_of(work, user.id).await?;
    webhook::creator_left(work, user.id).await?;
    work.changed(Change::User(user.id));
    if !user.suspended_by.holds(Suspender::Admin) {
        mark(work, user, true).await?;
        let blocked = Happened::to("user.suspended", "user", user.id);
        work.record(blocked.with("by", "admin").with("removed", true));
    }
    Ok(())
}

/// Ends a user for good, whoever does it: memberships, sessions, identities and grants go with her,
/// and traces keep others from inheriting her links. The caller holds these groups, and her row.
///
/// # Errors
/// Asks for another run when she is in a group that is not held.
pub async fn erase(work: &mut Work, user: &User, held: &[GroupId]) -> Result<(), Problem> {
    let home = user.directory.map_or(work.organization.0, |directory| directory.0);
    erase_from(work, (user, home, work.at), held).await
}

/// The same, for somebody who left `home` (her directory, or the organization) at an instant that
/// may lie back: whoever came under her names since then is not taken for her.
///
/// # Errors
/// As for [`erase`].
pub async fn erase_from(
    work: &mut Work,
    (user, home, left_at): (&User, Uuid, Timestamp),
    held: &[GroupId],
) -> Result<(), Problem> {
    leave_groups(work, user.id, held).await?;
    invite::end_of(work, user.id).await?;
    api_token::end_of(work, user.id).await?;
    webhook::creator_left(work, user.id).await?;
    end_sub_users(work, user.id, left_at).await?;
    grant::end_elsewhere(work, user.id).await?;
    leave_traces(work, user, home, left_at).await?;
    store::user::delete(&mut work.scope(), user.id).await?;
    work.record(Happened::to("user.removed", "user", user.id));
    work.changed(Change::User(user.id));
    Ok(())
}

/// Ends the sub-users of a user who goes: they are of no directory and in no group.
async fn end_sub_users(work: &mut Work, parent: UserId, at: Timestamp) -> Result<(), Problem> {
    let most = sub_user::SUB_USERS_MAX;
    for id in store::sub_user::of_parent(&mut work.scope(), parent, most).await? {
        grant::hold_user(work, id).await?;
        let user = load(work, id).await?;
        let home = work.organization.0;
        leave_traces(work, &user, home, at).await?;
        store::user::delete(&mut work.scope(), id).await?;
        work.record(Happened::to("user.removed", "user", id));
        work.changed(Change::User(id));
    }
    Ok(())
}

/// Takes a user out of all her groups, which the caller holds with her row.
///
/// # Errors
/// Asks for another run when she is in a group that is not held.
pub async fn leave_groups(work: &mut Work, user: UserId, held: &[GroupId]) -> Result<(), Problem> {
    let at = work.at;
    let groups = store::member::leave_all(&mut work.scope(), user).await?;
    if !groups.iter().all(|group| held.contains(group)) {
        // She joined one between the two locks: groups come before users, so once more.
        return Err(Problem { again: true, ..Problem::unavailable("a membership came meanwhile") });
    }
    if !groups.is_empty() {
        store::group::member_left(&mut work.scope(), &groups, at).await?;
    }
    for group in groups {
        let left = Happened::to("group.member_removed", "group", group);
        work.record(left.with("users", vec![user.to_string()]));
    }
    Ok(())
}

async fn leave_traces(
    work: &mut Work,
    user: &User,
    home: Uuid,
    at: Timestamp,
) -> Result<(), Problem> {
    let mut names: Vec<(Name, Uuid, String)> = vec![(Name::UserName, home, fold(&user.user_name))];
    if let Some(external_id) = &user.external_id {
        names.push((Name::ExternalId, home, external_id.clone()));
    }
    if let (Some(_), Some(email)) = (user.directory, &user.email) {
        names.push((Name::Email, work.organization.0, fold(email)));
    }
    let identities = store::user::identities(&mut work.scope(), user.id).await?;
    names.extend(identities.into_iter().map(|(at, subject)| (Name::Subject, at, subject)));
    let seal = Arc::clone(&work.seal);
    for (name, within, value) in names {
        let trace = name.trace(&seal, within, &value).map_err(Problem::internal)?;
        store::tombstone::insert(&mut work.scope(), trace, user.id, at).await?;
    }
    Ok(())
}
