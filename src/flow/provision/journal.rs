//! The journal of exchanges: queued in memory, written in batches off the request's path (S36).
//!
//! A crash loses what waits, a second at most. When the database does not answer, entries wait; a
//! full queue loses its oldest and counts them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use tokio::sync::Notify;

use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::exchange::{Exchange, Sums};
use crate::domain::health::STALE_S;
use crate::domain::id::{DirectoryId, OrganizationId};
use crate::flow::problem::{Code, Problem};
use crate::flow::runner::Runner;
use crate::store;
use crate::telemetry;

/// Entries that wait at most.
pub const QUEUE_MAX: usize = 10_000;
/// Entries that one statement writes.
pub const BATCH_MAX: usize = 500;
/// Waiting entries that are written without waiting for the second to end.
pub const FLUSH_AT: usize = 1_000;
/// Batches that are written at once; on SQLite they share commits.
const AT_ONCE: usize = 4;
/// Directories that are told of as stale in one round.
const STALE_MAX: i64 = 100;

/// Exchanges that wait to be written.
#[derive(Debug, Default)]
pub struct Journal {
    waiting: Mutex<VecDeque<Exchange>>,
    full: Notify,
}

/// What a flush wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Entries.
    pub entries: usize,
    /// Transactions that they took.
    pub batches: usize,
}

impl Journal {
    /// Takes an exchange in. It never waits.
    pub fn push(&self, exchange: Exchange) {
        let lost = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push_back(exchange);
            if waiting.len() == FLUSH_AT {
                self.full.notify_one();
            }
            (waiting.len() > QUEUE_MAX).then(|| waiting.pop_front())
        };
        if lost.is_some() {
            telemetry::journal_lost(1);
        }
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until so many wait that they should be written now.
    pub async fn filled(&self) {
        self.full.notified().await;
    }

    /// Writes all that wait now.
    pub async fn flush(&self, runner: &Runner) -> Flushed {
        let taken =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let flushed = stream::iter(batches(taken))
            .map(|batches| self.write_in_order(runner, batches))
            .buffer_unordered(AT_ONCE)
            .fold(Flushed::default(), async |sum, one| Flushed {
                entries: sum.entries + one.entries,
                batches: sum.batches + one.batches,
            })
            .await;
        telemetry::journal_written(flushed.entries, flushed.batches);
        flushed
    }

    /// Writes the batches of one directory. A database that does not answer gets what is left
    /// later.
    async fn write_in_order(&self, runner: &Runner, batches: Vec<Vec<Exchange>>) -> Flushed {
        let (mut flushed, mut left) = (Flushed::default(), batches.into_iter());
        while let Some(batch) = left.next() {
            let batch = Arc::new(batch);
            match write(runner, Arc::clone(&batch)).await {
                Ok(true) => {
                    flushed.entries += batch.len();
                    flushed.batches += 1;
                }
                // The directory is gone, and its journal with it.
                Ok(false) => break,
                Err(problem) => {
                    tracing::warn!(problem = %problem, "a part of a journal could not be written");
                    if problem.code == Code::Unavailable {
                        let rest = batch.iter().cloned().chain(left.flatten());
                        self.put_back(rest.collect());
                        break;
                    }
                    telemetry::journal_lost(batch.len());
                }
            }
        }
        flushed
    }

    /// Puts entries back before those that came since; the oldest are lost where there is no room.
    fn put_back(&self, batch: Vec<Exchange>) {
        let mut lost = 0;
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            for exchange in batch.into_iter().rev() {
                if waiting.len() < QUEUE_MAX {
                    waiting.push_front(exchange);
                } else {
                    lost += 1;
                }
            }
        }
        if lost > 0 {
            telemetry::journal_lost(lost);
        }
    }
}

/// Writes a batch of one directory; answers `false` when the directory is gone.
async fn write(runner: &Runner, batch: Arc<Vec<Exchange>>) -> Result<bool, Problem> {
    let Some(first) = batch.first() else { return Ok(true) };
    let (organization, directory) = (first.organization, first.directory);
    let sums = Arc::new(Sums::of(&batch));
    runner
        .write(Actor::System, organization, move |work| {
            let (batch, sums) = (Arc::clone(&batch), Arc::clone(&sums));
            Box::pin(async move {
                Ok(store::exchange::write(&mut work.scope(), directory, &batch, &sums).await?)
            })
        })
        .await
}

/// Sorts entries by their directories, each in order and in bounded batches.
fn batches(taken: VecDeque<Exchange>) -> Vec<Vec<Vec<Exchange>>> {
    let mut by_directory: BTreeMap<DirectoryId, Vec<Vec<Exchange>>> = BTreeMap::new();
    for exchange in taken {
        let batches = by_directory.entry(exchange.directory).or_default();
        match batches.last_mut().filter(|batch| batch.len() < BATCH_MAX) {
            Some(batch) => batch.push(exchange),
            None => batches.push(vec![exchange]),
        }
    }
    by_directory.into_values().collect()
}

/// Records `directory.stale`, once, for each directory whose client called and has not for long;
/// answers how many. Several processes may do this: the row tells who was first.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn tell_stale(runner: &Runner) -> Result<usize, Problem> {
    let since = runner.clock.now().plus_s(-STALE_S);
    let found = store::exchange::stale(&mut runner.db.conn(), since, STALE_MAX).await?;
    let mut told = 0;
    for (organization, directory) in found {
        let (organization, directory) = (OrganizationId(organization), DirectoryId(directory));
        let first = runner
            .write(Actor::System, organization, move |work| {
                Box::pin(async move {
                    let (now, scope) = (work.at, &mut work.scope());
                    let marked = store::exchange::mark_stale(scope, directory, now, since).await?;
                    let Some(last) = marked else { return Ok(false) };
                    let stale = Happened::to("directory.stale", "directory", directory);
                    work.record(stale.with("last_contact_at", last.to_string()));
                    Ok(true)
                })
            })
            .await?;
        told += usize::from(first);
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::exchange::Tolerances;
    use crate::domain::id::{ExchangeId, TokenId};
    use crate::domain::time::Timestamp;

    fn exchange(directory: u128, number: usize) -> Exchange {
        Exchange {
            id: ExchangeId(Uuid::nil()),
            organization: OrganizationId(Uuid::nil()),
            directory: DirectoryId(Uuid::from_u128(directory)),
            token: TokenId(Uuid::nil()),
            at: Timestamp(i64::try_from(number).unwrap()),
            method: "GET",
            path: "/Users".to_owned(),
            status: 200,
            scim_type: None,
            detail: None,
            resource: None,
            tolerances: Tolerances(0),
            duration_us: 1,
            request_id: "r".to_owned(),
            shape: None,
            fault: None,
        }
    }

    #[test]
    fn a_full_queue_loses_its_oldest_and_holds_no_more_than_its_limit() {
        let journal = Journal::default();
        for number in 0..QUEUE_MAX {
            journal.push(exchange(1, number));
        }
        assert_eq!(journal.waiting(), QUEUE_MAX);
        journal.push(exchange(1, QUEUE_MAX));
        assert_eq!(journal.waiting(), QUEUE_MAX);
        assert_eq!(journal.waiting.lock().unwrap().front().unwrap().at, Timestamp(1));
    }

    #[test]
    fn entries_that_could_not_be_written_stand_before_later_ones_and_the_oldest_are_lost() {
        let journal = Journal::default();
        for number in 3..QUEUE_MAX + 1 {
            journal.push(exchange(1, number));
        }
        journal.put_back((0..3).map(|number| exchange(1, number)).collect());
        let waiting = journal.waiting.lock().unwrap();
        assert_eq!(waiting.len(), QUEUE_MAX);
        assert_eq!(waiting.front().unwrap().at, Timestamp(1));
    }

    #[test]
    fn batches_are_of_one_directory_in_order_and_bounded() {
        let mixed = (0..2 * BATCH_MAX + 2).map(|number| exchange(number as u128 % 2, number));
        let batches = batches(mixed.collect());
        assert_eq!(batches.len(), 2);
        for of_directory in &batches {
            let lengths: Vec<usize> = of_directory.iter().map(Vec::len).collect();
            assert_eq!(lengths, [BATCH_MAX, 1]);
            let all: Vec<&Exchange> = of_directory.iter().flatten().collect();
            assert!(all.windows(2).all(|pair| pair[0].at < pair[1].at));
            assert!(all.iter().all(|one| one.directory == all[0].directory));
        }
    }
}
