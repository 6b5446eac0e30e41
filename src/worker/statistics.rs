//! Keeps what PostgreSQL believes of its tables near to what they hold, while they grow fast.

use tokio_util::sync::CancellationToken;

use super::wait;
use crate::flow::runner::Runner;

/// How often the loop looks, in milliseconds.
const POLL_MS: u64 = 2_000;

/// Looks until the token says to stop; on SQLite there is nothing to look at. Several processes
/// that look at once count a table twice at worst.
pub async fn run(runner: Runner, stop: CancellationToken) {
    while runner.db.is_postgres() && wait(&stop, POLL_MS).await {
        if let Err(error) = runner.db.count_anew().await {
            tracing::warn!(error = %error, "tables that have grown could not be counted");
        }
    }
}
