//! The job that applies rules to every user of an organization, a hundred a transaction.
//!
//! Its row tells where it stands; each batch moves it in the same transaction, so that a process
//! that dies loses nothing and repeats nothing. A newer change of the same organization puts its
//! own job in the place of this one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::apply::Applying;
use super::live::FIRST;
use crate::domain::id::UserId;
use crate::domain::mapping::Selection;
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store::outbox::Job;
use crate::store::rule_set::{self, Hold, RuleSet, State};
use crate::store::{self};

/// The kind of the job in the outbox.
pub const JOB: &str = "mapping";
/// What it is about: all users of its organization.
pub(super) const KEY: &str = "all";
/// Users of one transaction of the job: few, since on SQLite everybody else waits for it.
pub const USERS_AT_ONCE: i64 = 100;
/// How many users are counted for the status.
const COUNTED_MAX: i64 = 10_000_000;

/// Where the job stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Payload {
    version: i64,
    at: i64,
    user: UserId,
    done: i64,
}

/// What a batch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Users are left: the job as it stands now.
    More(Job),
    /// All users were evaluated, or another job takes over.
    Done,
}

/// Leaves the job, in the place of one that is there already.
pub(super) async fn enqueue(work: &mut Work) -> Result<(), Problem> {
    store::outbox::forget(&mut work.scope(), JOB, KEY).await?;
    let set = match &work.rule_set {
        Some((_, set)) => set.clone(),
        None => rule_set::read(&mut work.scope()).await?,
    };
    let users_total = store::profile::count(&mut work.scope(), COUNTED_MAX).await?;
    let running = RuleSet { state: State::Running, users_total, users_done: 0, ..set };
    let running = RuleSet { error: None, ..running };
    rule_set::note(&mut work.scope(), &running).await?;
    let payload = json!({
        "version": running.version,
        "at": FIRST.0.0,
        "user": FIRST.1,
        "done": 0,
    });
    work.enqueue(JOB, KEY, payload).await
}

/// Applies the rules to the next users, in one transaction, and moves the job until
/// `locked_until`.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn step(work: &mut Work, job: &Job, locked_until: Timestamp) -> Result<Step, Problem> {
    let at: Payload = serde_json::from_str(&job.payload).map_err(Problem::internal)?;
    let set = rule_set::hold(&mut work.scope(), Hold::Shared).await?;
    work.rule_set = Some((Hold::Shared, set.clone()));
    if set.version != at.version {
        // A later edit evaluated everybody, or left a job of its own.
        store::outbox::done(&mut work.scope(), job.id).await?;
        return Ok(Step::Done);
    }
    let after = (Timestamp(at.at), at.user);
    let batch = store::profile::walk(&mut work.scope(), after, USERS_AT_ONCE).await?;
    let Some((last_at, last)) = batch.last().copied() else {
        return finish(work, job, set).await;
    };
    let done = at.done.saturating_add(i64::try_from(batch.len()).unwrap_or(0));
    let next = Payload { version: at.version, at: last_at.0, user: last, done };
    let payload = serde_json::to_string(&next).map_err(Problem::internal)?;
    let (cache, platform) = (Arc::clone(&work.rules), Arc::clone(&work.platform));
    let checked = cache.of(&mut work.scope(), &set, &platform).await?;
    let mut applying = Applying::new(checked);
    let users: Vec<UserId> = batch.into_iter().map(|(_, user)| user).collect();
    applying.users(work, &users, &Selection::all()).await?;
    // After the users: a change that leaves a job in the place of this one holds users first too.
    // What was applied is right even when the job is another worker's by now.
    if !store::outbox::go_on(&mut work.scope(), job, &payload, locked_until).await? {
        return Ok(Step::Done);
    }
    let progress = RuleSet { state: State::Running, users_done: done, error: None, ..set };
    rule_set::note(&mut work.scope(), &progress).await?;
    Ok(Step::More(Job { payload, ..job.clone() }))
}

async fn finish(work: &mut Work, job: &Job, set: RuleSet) -> Result<Step, Problem> {
    store::outbox::done(&mut work.scope(), job.id).await?;
    let idle = RuleSet {
        applied_version: set.version,
        state: State::Idle,
        users_done: set.users_total,
        error: None,
        ..set
    };
    rule_set::note(&mut work.scope(), &idle).await?;
    Ok(Step::Done)
}

/// Notes for the status that the job failed and is tried again.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn failed(work: &mut Work, error: &str) -> Result<(), Problem> {
    let set = rule_set::read(&mut work.scope()).await?;
    let failed = RuleSet { state: State::Failed, error: Some(error.to_owned()), ..set };
    rule_set::note(&mut work.scope(), &failed).await?;
    Ok(())
}
