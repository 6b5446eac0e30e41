//! The order of the feed: events get their places after commit, from one process at a time.
//!
//! Whoever holds the lease places; the lease is taken in the same transaction, so that places are
//! given one after another whatever the clocks say.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{wait, write};
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::store::{event, lease};

/// The name of the lease.
const LEASE: &str = "events";
/// How long the lease lasts without being renewed, in seconds.
const LEASE_S: i64 = 10;
/// How often the loop looks for events without a place, in milliseconds.
const POLL_MS: u64 = 200;
/// Events that are placed at once.
const PLACED: i64 = 1_000;

/// Places events until the token says to stop.
pub async fn run(runner: Runner, holder: Uuid, stop: CancellationToken) {
    loop {
        match round(&runner, holder).await {
            Ok(placed) if i64::try_from(placed).is_ok_and(|placed| placed == PLACED) => continue,
            Ok(_) => {}
            Err(problem) => tracing::warn!(problem = %problem, "events could not be placed"),
        }
        if !wait(&stop, POLL_MS).await {
            break;
        }
    }
    let given_back = write(&runner.db, move |conn| {
        Box::pin(async move { lease::give_back(conn, (LEASE, holder)).await })
    });
    if let Err(problem) = given_back.await {
        tracing::warn!(problem = %problem, "the lease of the feed could not be given back");
    }
}

/// Places what has no place yet; answers how many. Nothing when another process holds the lease.
async fn round(runner: &Runner, holder: Uuid) -> Result<u64, Problem> {
    if !event::are_unplaced(&mut runner.db.conn()).await? {
        return Ok(0);
    }
    let now = runner.clock.now();
    write(&runner.db, move |conn| {
        Box::pin(async move {
            if !lease::take(conn, (LEASE, holder), now.plus_s(LEASE_S), now).await? {
                return Ok(0);
            }
            event::place(conn, PLACED).await
        })
    })
    .await
}
