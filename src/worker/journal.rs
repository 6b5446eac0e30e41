//! Writes the journals of directories, each second or sooner when many exchanges wait, and tells of
//! directories whose clients do not call any more.
//!
//! What comes while the servers drain is written by whoever ends them.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::wait;
use crate::flow::provision::journal::{self, Journal};
use crate::flow::runner::Runner;

/// How long an entry waits at most, in milliseconds.
const WAIT_MS: u64 = 1_000;
/// How often it is looked for directories without contact, in milliseconds.
const STALE_POLL_MS: u64 = 60_000;

/// Writes what waits until the token says to stop.
pub async fn write(runner: Runner, journal: Arc<Journal>, stop: CancellationToken) {
    loop {
        let go_on = tokio::select! {
            () = stop.cancelled() => false,
            () = journal.filled() => true,
            () = tokio::time::sleep(Duration::from_millis(WAIT_MS)) => true,
        };
        journal.flush(&runner).await;
        if !go_on {
            return;
        }
    }
}

/// Tells of directories without contact until the token says to stop.
pub async fn tell_stale(runner: Runner, stop: CancellationToken) {
    loop {
        if let Err(problem) = journal::tell_stale(&runner).await {
            tracing::warn!(problem = %problem, "stale directories could not be told of");
        }
        if !wait(&stop, STALE_POLL_MS).await {
            return;
        }
    }
}
