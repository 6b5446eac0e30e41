//! What becomes of losses that are held: an admin releases or rejects them, the directory takes
//! them back, or their time comes.
//!
//! Batches are transactions of their own. Nobody in them loses a group, so only the rule set and
//! the users are held, in the order of locks.

use std::collections::BTreeMap;

use super::user::kept_roles;
use crate::domain::access::grant::Source;
use crate::domain::actor::Actor;
use crate::domain::brake::{KEPT_S, Loss};
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, OrganizationId, UserId};
use crate::domain::user::{Suspender, User};
use crate::flow::access::{self, Fact, FactChange};
use crate::flow::problem::{Code, Problem};
use crate::flow::runner::Runner;
use crate::flow::user::erase_from;
use crate::flow::work::Work;
use crate::store;
use crate::store::grant::Grant;
use crate::store::held_loss::HeldLoss;

/// Losses that one transaction settles.
const BATCH: usize = 50;
/// Losses that one call settles; the caller comes again for the rest.
pub const SETTLED_MAX: usize = 5_000;

/// What an admin says of a held loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The directory is right: the loss is applied at once.
    Release,
    /// It is not: she keeps what she had for [`KEPT_S`], as hand grants.
    Reject,
}

/// What a call came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Losses that were settled.
    pub users: Vec<UserId>,
    /// Users named by the caller of whom no loss is held.
    pub unknown: Vec<UserId>,
}

/// Settles the held losses of these users, or the next [`SETTLED_MAX`] of the directory.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn settle(
    runner: &Runner,
    (actor, organization): (Actor, OrganizationId),
    directory: DirectoryId,
    word: Word,
    named: Option<Vec<UserId>>,
) -> Result<Settled, Problem> {
    let mut settled = Settled::default();
    let users = match named {
        Some(users) => users,
        None => {
            let scope = &mut runner.read(organization);
            let most = i64::try_from(SETTLED_MAX).unwrap_or(i64::MAX);
            let held = store::held_loss::of_directory(scope, directory, false, most).await?;
            held.into_iter().map(|held| held.user).collect()
        }
    };
    for batch in users.chunks(BATCH) {
        let users = batch.to_vec();
        let done = runner
            .write(actor.clone(), organization, move |work| {
                let users = users.clone();
                Box::pin(async move {
                    let of = |held: &HeldLoss| held.directory == directory && !held.rejected;
                    say(work, &users, word, of).await
                })
            })
            .await?;
        let unknown = batch.iter().filter(|user| !done.contains(user));
        settled.unknown.extend(unknown.copied());
        settled.users.extend(done);
    }
    Ok(settled)
}

/// Applies every loss of a directory that goes, rejected ones too.
///
/// # Errors
/// 503 when the database does not answer.
pub(in crate::flow) async fn release_all(
    runner: &Runner,
    (actor, organization): (Actor, OrganizationId),
    directory: DirectoryId,
) -> Result<(), Problem> {
    loop {
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let scope = &mut runner.read(organization);
        let held = store::held_loss::of_directory(scope, directory, true, most).await?;
        if held.is_empty() {
            return Ok(());
        }
        let users: Vec<UserId> = held.into_iter().map(|held| held.user).collect();
        runner
            .write(actor.clone(), organization, move |work| {
                let users = users.clone();
                Box::pin(async move {
                    say(work, &users, Word::Release, |held| held.directory == directory).await
                })
            })
            .await?;
    }
}

/// Applies the losses whose time has come; answers how many.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn apply_due(runner: &Runner) -> Result<usize, Problem> {
    let now = runner.clock.now();
    let mut applied = 0;
    while applied < SETTLED_MAX {
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let due = store::held_loss::due(&mut runner.db.conn(), now, most).await?;
        let mut by_organization: BTreeMap<OrganizationId, Vec<UserId>> = BTreeMap::new();
        for (organization, user) in due {
            by_organization.entry(organization).or_default().push(user);
        }
        if by_organization.is_empty() {
            break;
        }
        for (organization, users) in by_organization {
            applied += users.len();
            runner
                .write(Actor::System, organization, move |work| {
                    let users = users.clone();
                    Box::pin(async move {
                        say(work, &users, Word::Release, |held| held.due_at <= now).await
                    })
                })
                .await?;
        }
    }
    Ok(applied)
}

/// Says a word of those of these users whose loss still stands and is meant; answers who they were.
async fn say(
    work: &mut Work,
    users: &[UserId],
    word: Word,
    is_meant: impl Fn(&HeldLoss) -> bool,
) -> Result<Vec<UserId>, Problem> {
    access::hold_rules(work).await?;
    store::profile::hold(&mut work.scope(), users).await?;
    let held = store::held_loss::of_users(&mut work.scope(), users).await?;
    let mut meant: Vec<HeldLoss> = held.into_values().filter(|held| is_meant(held)).collect();
    meant.sort_unstable_by_key(|held| held.user);
    for held in &meant {
        match word {
            Word::Release => apply(work, held).await?,
            Word::Reject => reject(work, held).await?,
        }
    }
    Ok(meant.into_iter().map(|held| held.user).collect())
}

/// Applies a held loss. The caller holds the rule set and the user's row.
async fn apply(work: &mut Work, held: &HeldLoss) -> Result<(), Problem> {
    let Some(user) = store::user::by_id(&mut work.scope(), held.user).await? else {
        return Ok(());
    };
    store::held_loss::delete(&mut work.scope(), user.id).await?;
    work.record(told("provisioning.released", held));
    match held.loss {
        Loss::LeftGroups => follow(work, user.id).await,
        Loss::Deactivated => {
            let kept = kept_roles(work, &user).await?;
            let suspended_by = user.suspended_by.with(Suspender::Directory, true);
            let suspended = User { suspended_by, updated_at: work.at, ..user.clone() };
            if !store::user::update(&mut work.scope(), &user, &suspended).await? {
                return Err(Problem::stale());
            }
            store::user::end_sessions(&mut work.scope(), user.id).await?;
            work.record(Happened::to("user.suspended", "user", user.id).with("by", "directory"));
            follow(work, user.id).await?;
            access::tell_vacancies(work, &kept).await
        }
        Loss::Deleted => {
            let kept = kept_roles(work, &user).await?;
            erase_from(work, (&user, held.directory.0, held.held_at), &[]).await?;
            access::tell_vacancies(work, &kept).await
        }
    }
}

/// Keeps what she has by rules as hand grants, until the directory is put right.
async fn reject(work: &mut Work, held: &HeldLoss) -> Result<(), Problem> {
    let end = work.at.plus_s(KEPT_S);
    let by = match &work.actor {
        Actor::User(id) => id.to_string(),
        _ => String::new(),
    };
    for given in store::grant::of_user(&mut work.scope(), held.user).await? {
        if given.source == Source::Rule && given.expires_at.is_none() {
            let kept = Grant {
                id: work.id(),
                source: Source::Manual,
                source_id: by.clone(),
                why: Vec::new(),
                expires_at: Some(end),
                created_at: work.at,
                ..given
            };
            store::grant::insert(&mut work.scope(), &kept).await?;
        }
    }
    match held.loss {
        Loss::LeftGroups => store::held_loss::delete(&mut work.scope(), held.user).await?,
        Loss::Deactivated | Loss::Deleted => {
            store::held_loss::reject(&mut work.scope(), held.user, end).await?;
        }
    }
    work.record(told("provisioning.rejected", held).with("until", end.to_string()));
    follow(work, held.user).await
}

/// Lets her access follow her facts again.
async fn follow(work: &mut Work, user: UserId) -> Result<(), Problem> {
    work.changed(Change::User(user));
    access::facts_changed(work, None, &[FactChange { user, fact: Fact::Everything }]).await
}

fn told(name: &'static str, held: &HeldLoss) -> Happened {
    Happened::to(name, "user", held.user)
        .with("directory_id", held.directory.to_string())
        .with("loss", held.loss.as_str())
}

/// The directory takes a loss back: she is active again, or in a group that gives her something.
///
/// # Errors
/// 503 when the database does not answer.
pub(in crate::flow) async fn restore(work: &mut Work, user: UserId) -> Result<(), Problem> {
    if let Some(held) = store::held_loss::of_user(&mut work.scope(), user).await? {
        store::held_loss::delete(&mut work.scope(), user).await?;
        work.record(told("provisioning.restored", &held));
    }
    Ok(())
}

/// Ends those whom the directory deleted and pushes anew under the same login or external id: their
/// access passes over to nobody, the new user has what rules give her.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn make_room(
    work: &mut Work,
    directory: DirectoryId,
    new: (&str, Option<&str>),
) -> Result<(), Problem> {
    let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let users = store::held_loss::leaving_like(&mut work.scope(), directory, new, most).await?;
    if users.is_empty() {
        return Ok(());
    }
    let of = |held: &HeldLoss| held.directory == directory && held.loss == Loss::Deleted;
    say(work, &users, Word::Release, of).await.map(drop)
}

/// Refuses to give anything to somebody whose loss is held.
///
/// # Errors
/// 409 `conflict`.
pub(in crate::flow) async fn refuse(work: &mut Work, user: UserId) -> Result<(), Problem> {
    match store::held_loss::of_user(&mut work.scope(), user).await? {
        Some(held) if !held.rejected => {
            let detail = "The end of her access is held: release or reject it first.";
            Err(Problem::new(Code::Conflict, detail))
        }
        _ => Ok(()),
    }
}
