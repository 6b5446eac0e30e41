//! Jobs of the outbox: claimed for a while, done or tried again later.
//!
//! A commit that leaves a job wakes the loop; it also looks by the clock. A job whose worker died
//! is claimed again once its time is over.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{wait, write};
use crate::domain::actor::Actor;
use crate::domain::time::{Rng, Timestamp};
use crate::flow::access::{self, Step};
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::store::outbox::{self, Job, Lane};

/// How often the loop looks without being woken, in milliseconds.
const POLL_MS: u64 = 1_000;
/// Jobs that are claimed at once.
const CLAIMED: i64 = 10;
/// How long a claim lasts, in seconds; every step of a job renews it.
pub const CLAIM_S: i64 = 15;
/// The wait before the second try, in seconds; it doubles from try to try.
const BACK_OFF_S: i64 = 1;
/// While others write, a job rests after each step this many times as long as the step held the one
/// writer of SQLite: writers are slowed down by half at most.
const RESTS: u32 = 2;
/// The longest rest, in milliseconds.
const REST_MAX_MS: u64 = 1_000;
/// The longest wait between two tries, in seconds.
const BACK_OFF_MAX_S: i64 = 600;

/// Runs jobs until the token says to stop.
pub async fn run(runner: Runner, stop: CancellationToken) {
    loop {
        match round(&runner, &stop).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(problem) => log(&problem, "jobs could not be claimed"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = runner.wake.notified() => {}
            go_on = wait(&stop, POLL_MS) => if !go_on { return },
        }
    }
}

/// Claims and runs jobs that are due; answers how many.
async fn round(runner: &Runner, stop: &CancellationToken) -> Result<usize, Problem> {
    let now = runner.clock.now();
    if stop.is_cancelled() || !outbox::are_due(&mut runner.db.conn(), now, Lane::House).await? {
        return Ok(0);
    }
    let until = now.plus_s(CLAIM_S);
    let jobs = write(&runner.db, move |conn| {
        Box::pin(async move { outbox::claim(conn, (now, until), Lane::House, CLAIMED).await })
    })
    .await?;
    let count = jobs.len();
    for job in jobs {
        if stop.is_cancelled() {
            give_back(runner, job, None).await;
        } else if let Err((job, problem)) = perform(runner, job, stop).await {
            log(&problem, "a job failed and is tried again");
            give_back(runner, job, Some(problem)).await;
        }
    }
    Ok(count)
}

/// Runs a job to its end, step by step; one that stops in between is given back as it stands.
async fn perform(
    runner: &Runner,
    mut job: Job,
    stop: &CancellationToken,
) -> Result<(), (Job, Problem)> {
    if job.kind != access::JOB {
        let problem = Problem::internal(format!("no worker knows jobs of kind {}", job.kind));
        return Err((job, problem));
    }
    loop {
        if stop.is_cancelled() {
            give_back(runner, job, None).await;
            return Ok(());
        }
        let (until, before) = (runner.clock.now().plus_s(CLAIM_S), runner.db.turns());
        match step(runner, job.clone(), until).await {
            Ok((Step::More(next), held)) => {
                job = next;
                let turns = runner.db.turns().zip(before).map(|(now, before)| now - before);
                let rest = rest(held, turns);
                if !rest.is_zero() {
                    tokio::time::sleep(rest).await;
                }
            }
            Ok((Step::Done, _)) => return Ok(()),
            Err(problem) => return Err((job, problem)),
        }
    }
}

/// How long a job leaves the writer to others: not at all where it alone had a turn, or where there
/// is more than one writer.
fn rest(held: Duration, turns: Option<u64>) -> Duration {
    match turns {
        Some(turns) if turns > 1 => {
            held.saturating_mul(RESTS).min(Duration::from_millis(REST_MAX_MS))
        }
        _ => Duration::ZERO,
    }
}

/// One step, and how long it held the transaction.
async fn step(runner: &Runner, job: Job, until: Timestamp) -> Result<(Step, Duration), Problem> {
    let organization = job.organization_id;
    runner
        .write(Actor::System, organization, move |work| {
            let job = job.clone();
            Box::pin(async move {
                let began = Instant::now();
                let step = access::step(work, &job, until).await?;
                Ok((step, began.elapsed()))
            })
        })
        .await
}

/// Lets a job run again: at once when nothing was wrong, later and later when something was.
async fn give_back(runner: &Runner, job: Job, problem: Option<Problem>) {
    let organization = job.organization_id;
    let wait_s = problem.as_ref().map_or(0, |_| back_off_s(job.attempts, Rng.bytes()));
    let error = problem.map(|problem| problem.to_string());
    let given = runner
        .write(Actor::System, organization, move |work| {
            let (job, error) = (job.clone(), error.clone());
            Box::pin(async move {
                let run_at = work.at.plus_s(wait_s);
                let said = error.clone().unwrap_or_default();
                outbox::again(&mut work.scope(), job.id, run_at, &said).await?;
                match error {
                    Some(error) if job.kind == access::JOB => access::failed(work, &error).await,
                    _ => Ok(()),
                }
            })
        })
        .await;
    if let Err(problem) = given {
        // It runs again all the same, once its claim is over.
        log(&problem, "a job could not be given back");
    }
}

/// Seconds until the next try: doubling, and up to half as much again by chance, so that jobs that
/// failed together do not come again together.
fn back_off_s(attempts: i64, chance: [u8; 1]) -> i64 {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    let wait = BACK_OFF_S.saturating_mul(1 << doublings).min(BACK_OFF_MAX_S);
    wait.saturating_add(wait.saturating_mul(i64::from(chance[0])) / 512)
}

fn log(problem: &Problem, what: &'static str) {
    let cause = problem.cause.as_ref().map(ToString::to_string).unwrap_or_default();
    tracing::warn!(problem = %problem, cause = %cause, "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_rests_where_others_wait_for_the_one_writer_and_nowhere_else() {
        let held = Duration::from_millis(20);
        assert_eq!(rest(held, None), Duration::ZERO);
        assert_eq!(rest(held, Some(1)), Duration::ZERO);
        assert_eq!(rest(held, Some(2)), 2 * held);
        assert_eq!(rest(Duration::from_secs(9), Some(5)), Duration::from_millis(REST_MAX_MS));
    }

    #[test]
    fn the_wait_doubles_up_to_its_limit_and_varies_by_half() {
        assert_eq!(back_off_s(1, [0]), 1);
        assert_eq!(back_off_s(5, [0]), 16);
        assert_eq!(back_off_s(5, [255]), 23);
        assert_eq!(back_off_s(100, [0]), BACK_OFF_MAX_S);
        assert_eq!(back_off_s(100, [255]), 898);
    }
}
