//! What falls due by the clock: notices ahead of the end of secrets, losses that were held for
//! their time, and claims that count no more.
//!
//! Any process may look; several at once do nothing twice.

use tokio_util::sync::CancellationToken;

use super::wait;
use crate::flow;
use crate::flow::runner::Runner;

/// How often the loop looks, in milliseconds.
const POLL_MS: u64 = 30_000;

/// Looks until the token says to stop.
pub async fn run(runner: Runner, stop: CancellationToken) {
    loop {
        if let Err(problem) = flow::expiry::tell(&runner).await {
            tracing::warn!(problem = %problem, "ends that come near could not be told");
        }
        if let Err(problem) = flow::provision::held::apply_due(&runner).await {
            tracing::warn!(problem = %problem, "losses that are due could not be applied");
        }
        if let Err(problem) = flow::sign_in::claims::end_due(&runner).await {
            tracing::warn!(problem = %problem, "claims that count no more could not be ended");
        }
        if !wait(&stop, POLL_MS).await {
            return;
        }
    }
}
