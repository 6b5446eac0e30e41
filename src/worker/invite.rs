//! Tells of invites that ran out, within a minute of their end.
//!
//! Any process may look; several at once tell each invite once.

use tokio_util::sync::CancellationToken;

use super::wait;
use crate::flow;
use crate::flow::runner::Runner;

/// How often the loop looks, in milliseconds.
const POLL_MS: u64 = 20_000;

/// Looks until the token says to stop.
pub async fn tell_expired(runner: Runner, stop: CancellationToken) {
    loop {
        match flow::invite::tell_expired(&runner).await {
            Ok(told) if told > 0 => continue,
            Ok(_) => {}
            Err(problem) => {
                tracing::warn!(problem = %problem, "invites that ran out could not be told");
            }
        }
        if !wait(&stop, POLL_MS).await {
            return;
        }
    }
}
