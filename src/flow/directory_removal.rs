//! The end of a directory: it is disabled first, then its users go one batch after the other, and
//! at last the directory itself.
//!
//! Each batch is a transaction of its own, so that a directory of any size holds nobody up. Whoever
//! is cut off on the way sends the same call again: it goes on where it ended.

use std::sync::Arc;

use super::access;
use super::directory::Patch;
use super::grant;
use super::problem::{Code, Problem};
use super::provision::held;
use super::runner::Runner;
use super::work::Work;
use super::{condition::Condition, directory, user};
use crate::domain::access::grant::Source;
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, OrganizationId};
use crate::domain::user::{Suspender, User};
use crate::store::{self, StoreError};

/// Users that one transaction takes out of the directory.
pub const BATCH: i64 = 200;

/// What becomes of the users of a directory that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// They stay as users of the organization, suspended until an admin resumes them.
    Suspend,
    /// They are removed for good.
    Remove,
    /// They stay as users of the organization; what rules gave them ends.
    Keep,
}

impl Users {
    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "suspend" => Some(Self::Suspend),
            "remove" => Some(Self::Remove),
            "keep" => Some(Self::Keep),
            _ => None,
        }
    }
}

/// Deletes a directory.
///
/// # Errors
/// 404, 412 when it changed meanwhile; 409 `last-holder` when nobody else has a role that must keep
/// a holder; 409 `conflict` when a user that is kept has the login of a user of the organization.
pub async fn run(
    runner: &Runner,
    (actor, organization): (Actor, OrganizationId),
    id: DirectoryId,
    condition: Condition,
    users: Users,
) -> Result<(), Problem> {
    runner
        .write(actor.clone(), organization, move |work| {
            let condition = condition.clone();
            Box::pin(async move { close(work, id, &condition, users).await })
        })
        .await?;
    // What the brake holds is applied: nobody is left to take it back.
    held::release_all(runner, (actor.clone(), organization), id).await?;
    loop {
        let took = runner
            .write(actor.clone(), organization, move |work| {
                Box::pin(async move { take_out(work, id, users).await })
            })
            .await?;
        if took < BATCH {
            break;
        }
    }
    runner
        .write(actor, organization, move |work| Box::pin(async move { delete(work, id).await }))
        .await
}

/// Disables the directory, so that nobody is pushed into it any more, once nothing speaks against
/// its end.
async fn close(
    work: &mut Work,
    id: DirectoryId,
    condition: &Condition,
    users: Users,
) -> Result<(), Problem> {
    store::organization::hold(&mut work.scope()).await?;
    let disabled = Patch { status: Some("disabled".to_owned()), ..Patch::default() };
    directory::change(work, id, condition, &disabled).await?;
    let (platform, at) = (Arc::clone(&work.platform), work.at);
    for role in platform.roles().iter().filter(|role| role.keep_one) {
        let scope = &mut work.scope();
        let left = (id, users == Users::Keep);
        if store::holder::has_holder(scope, &role.key, at).await?
            && !store::holder::has_holder_without(scope, &role.key, at, left).await?
        {
            let detail = format!(
                "Nobody outside this directory holds the role `{}`, and somebody must: give it to \
                 another first.",
                role.key
            );
            return Err(Problem::new(Code::LastHolder, detail));
        }
    }
    Ok(())
}

/// Takes the next users out of the directory; answers how many.
async fn take_out(work: &mut Work, id: DirectoryId, users: Users) -> Result<i64, Problem> {
    access::hold_rules(work).await?;
    let batch = store::directory_removal::of_directory(&mut work.scope(), id, BATCH).await?;
    let mut held = Vec::new();
    for user in &batch {
        held.extend(store::group::lock_of_user(&mut work.scope(), user.id).await?);
    }
    let ids: Vec<_> = batch.iter().map(|user| user.id).collect();
    store::profile::hold(&mut work.scope(), &ids).await?;
    for user in &batch {
        match users {
            Users::Remove => user::erase(work, user, &held).await?,
            Users::Suspend | Users::Keep => {
                let suspend = users == Users::Suspend || !user.is_enabled();
                detach(work, user, suspend).await?;
            }
        }
    }
    Ok(i64::try_from(batch.len()).unwrap_or(i64::MAX))
}

/// Makes a user of the directory one of the organization. Whom the directory had suspended stays
/// so by an admin, since no directory is left to lift it.
async fn detach(work: &mut Work, user: &User, suspend: bool) -> Result<(), Problem> {
    let at = work.at;
    let before = grant::live(work, user.id).await?;
    for given in store::grant::of_user(&mut work.scope(), user.id).await? {
        if given.source == Source::Rule {
            store::grant::delete(&mut work.scope(), given.id).await?;
        }
    }
    for missing in store::unresolved::of_user(&mut work.scope(), user.id).await? {
        store::unresolved::delete(&mut work.scope(), &missing).await?;
    }
    let groups = store::member::leave_all(&mut work.scope(), user.id).await?;
    if !groups.is_empty() {
        store::group::member_left(&mut work.scope(), &groups, at).await?;
    }
    let by_directory = user.suspended_by.with(Suspender::Directory, false);
    let suspended_by =
        if suspend { by_directory.with(Suspender::Admin, true) } else { by_directory };
    let changed = User { directory: None, suspended_by, ..user.clone() };
    store::directory_removal::detach(&mut work.scope(), &changed, at)
        .await
        .map_err(|error| taken(error, user))?;
    work.record(
        Happened::to("user.updated", "user", user.id).with("attributes", vec!["directory_id"]),
    );
    if suspend && user.is_enabled() {
        store::user::end_sessions(&mut work.scope(), user.id).await?;
        work.record(Happened::to("user.suspended", "user", user.id).with("by", "admin"));
    }
    work.changed(Change::User(user.id));
    grant::tell(work, user.id, &before).await
}

fn taken(error: StoreError, user: &User) -> Problem {
    match error {
        StoreError::Unique(_) => {
            let detail = format!(
                "The user {} has the login of a user of the organization: remove one of them, or \
                 delete the directory with `?users=remove`.",
                user.id
            );
            Problem::new(Code::Conflict, detail)
        }
        other => other.into(),
    }
}

/// Deletes the directory without users, with its tokens, groups, rules and journal.
async fn delete(work: &mut Work, id: DirectoryId) -> Result<(), Problem> {
    access::hold_rules_alone(work).await?;
    let rules = store::rule::all(&mut work.scope()).await?;
    let own: Vec<_> = rules.into_iter().filter(|rule| rule.directory_id == Some(id)).collect();
    for rule in &own {
        store::rule::delete(&mut work.scope(), rule.id).await?;
        work.record(
            Happened::to("mapping_rule.removed", "mapping_rule", rule.id).named(&rule.name),
        );
    }
    if !store::directory_removal::of_directory(&mut work.scope(), id, 1).await?.is_empty() {
        let detail = "A user came into the directory meanwhile: send the call again.";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let found = store::directory::by_id(&mut work.scope(), id).await?;
    let found = found.ok_or_else(|| Problem::not_found("directory"))?;
    if !store::directory::delete(&mut work.scope(), id).await? {
        return Err(Problem::not_found("directory"));
    }
    store::exchange::forget(&mut work.scope(), id).await?;
    work.record(Happened::to("directory.removed", "directory", id).named(&found.name));
    work.changed(Change::Tokens);
    if own.is_empty() { Ok(()) } else { access::rules_changed(work).await }
}
