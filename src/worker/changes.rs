//! Changes of other processes: read by the clock, and at once when one of them says so.
//!
//! The word is sent after commit by one connection, several commits sharing one; where it cannot
//! be heard, the clock is enough.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Worker, wait};
use crate::store::StoreError;

/// How often changes are read without a word, in milliseconds.
const POLL_MS: u64 = 500;
/// Commits within this time share a word, in milliseconds.
const SHARED_MS: u64 = 20;
/// How long to wait before listening again after the connection was lost, in milliseconds.
const LISTEN_AGAIN_MS: u64 = 1_000;

/// Reads changes until the token says to stop.
pub async fn read(worker: Worker, stop: CancellationToken) {
    loop {
        let now = worker.runner.clock.now();
        if let Err(error) = worker.feed.read(&worker.runner.db, now).await {
            tracing::warn!(error = %error, "changes of other processes could not be read");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = worker.feed.said() => {}
            () = tokio::time::sleep(Duration::from_millis(POLL_MS)) => {}
        }
    }
}

/// Tells other processes of commits of this one until the token says to stop.
pub async fn notify(worker: Worker, stop: CancellationToken) {
    if !worker.runner.db.is_postgres() {
        return;
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = worker.feed.told() => {}
        }
        if !wait(&stop, SHARED_MS).await {
            return;
        }
        if let Err(error) = worker.runner.db.notify().await {
            tracing::warn!(error = %error, "other processes could not be told of a change");
        }
    }
}

/// Listens to other processes until the token says to stop.
pub async fn listen(worker: Worker, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            heard = hear(&worker) => match heard {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(error = %error, "the connection that listens was lost");
                }
            },
        }
        if !wait(&stop, LISTEN_AGAIN_MS).await {
            return;
        }
    }
}

/// Passes words on for as long as the connection holds; `Ok` where there is none to hear.
async fn hear(worker: &Worker) -> Result<(), StoreError> {
    let Some(mut ear) = worker.runner.db.listen().await? else { return Ok(()) };
    // What was said before listening began is read now.
    loop {
        worker.feed.say();
        ear.heard().await?;
    }
}
