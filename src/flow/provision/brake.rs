//! The brake (scim S27): what a directory takes away beyond its limit is held, not applied.
//!
//! Removals are counted in the transaction that makes them, one after another where a limit is set:
//! of two requests that cross it at once the second sees the first. A directory without a limit is
//! watched all the same.

use crate::domain::brake::{HELD_S, Loss, MaxRemovals, UNUSUAL_WINDOW_S, usual};
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, UserId};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;
use crate::store::held_loss::HeldLoss;

/// Users that one event names at most.
const USERS_PER_EVENT: usize = 1_000;

/// What becomes of losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are applied.
    Applied,
    /// They are held: the access stays.
    Held,
}

/// Counts people who are about to lose their access, and holds the losses beyond the limit. The
/// caller holds the rows of these users, who have some access and no loss that is held.
///
/// # Errors
/// 503 when the database does not answer.
pub(in crate::flow) async fn judge(
    work: &mut Work,
    directory: DirectoryId,
    users: &[UserId],
    loss: Loss,
) -> Result<Verdict, Problem> {
    if users.is_empty() {
        return Ok(Verdict::Applied);
    }
    let found = store::directory::by_id(&mut work.scope(), directory).await?;
    let limit = found.and_then(|found| found.settings.max_removals);
    if limit.is_some() {
        store::removal::hold(&mut work.scope(), directory).await?;
    }
    let at = work.at;
    for user in users {
        store::removal::insert(&mut work.scope(), directory, *user, at).await?;
    }
    match limit {
        None => watch(work, directory).await.map(|()| Verdict::Applied),
        Some(limit) if exceeds(work, directory, &limit).await? => {
            hold(work, directory, users, loss).await.map(|()| Verdict::Held)
        }
        Some(_) => Ok(Verdict::Applied),
    }
}

async fn exceeds(
    work: &mut Work,
    directory: DirectoryId,
    limit: &MaxRemovals,
) -> Result<bool, Problem> {
    let since = limit.since(work.at);
    let people = store::place::counts(&mut work.scope(), directory).await?.users;
    let most = limit.limit(people);
    let scope = &mut work.scope();
    Ok(store::removal::count(scope, directory, since, most.saturating_add(1)).await? > most)
}

/// Tells an unusual number of removals, once in [`UNUSUAL_WINDOW_S`].
async fn watch(work: &mut Work, directory: DirectoryId) -> Result<(), Problem> {
    let (at, since) = (work.at, work.at.plus_s(-UNUSUAL_WINDOW_S));
    let scope = &mut work.scope();
    if store::removal::is_alarmed(scope, directory, since).await? {
        return Ok(());
    }
    let most = usual(store::place::counts(scope, directory).await?.users);
    let count = store::removal::count(scope, directory, since, most.saturating_add(1)).await?;
    if count > most && store::removal::alarm(scope, directory, at, since).await? {
        work.record(
            Happened::to("directory.removals_unusual", "directory", directory)
                .with("count", count)
                .with("window_s", UNUSUAL_WINDOW_S),
        );
    }
    Ok(())
}

async fn hold(
    work: &mut Work,
    directory: DirectoryId,
    users: &[UserId],
    loss: Loss,
) -> Result<(), Problem> {
    let (held_at, due_at) = (work.at, work.at.plus_s(HELD_S));
    // One mail is enough for all that a directory takes away meanwhile.
    let mut told = store::held_loss::count(&mut work.scope(), directory, 1).await? > 0;
    for user in users {
        let new = HeldLoss { directory, user: *user, loss, rejected: false, held_at, due_at };
        store::held_loss::insert(&mut work.scope(), &new).await?;
    }
    let ids: Vec<String> = users.iter().map(ToString::to_string).collect();
    for part in ids.chunks(USERS_PER_EVENT) {
        let held = Happened::to("provisioning.held", "directory", directory)
            .with("loss", loss.as_str())
            .with("users", part.to_vec())
            .with("due_at", due_at.to_string());
        work.record(if told { held.quiet() } else { held });
        told = true;
    }
    Ok(())
}

/// Whether the loss of one user is held: because it is beyond the limit, or because an earlier one
/// of hers is held, whose place it takes.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn holds(
    work: &mut Work,
    directory: DirectoryId,
    user: UserId,
    loss: Loss,
) -> Result<bool, Problem> {
    let Some(held) = store::held_loss::of_user(&mut work.scope(), user).await? else {
        return Ok(judge(work, directory, &[user], loss).await? == Verdict::Held);
    };
    if held.loss < loss {
        let graver = HeldLoss { loss, ..held };
        store::held_loss::insert(&mut work.scope(), &graver).await?;
        work.record(
            Happened::to("provisioning.held", "directory", directory)
                .with("loss", loss.as_str())
                .with("users", vec![user.to_string()])
                .with("due_at", held.due_at.to_string())
                .quiet(),
        );
    }
    Ok(true)
}
