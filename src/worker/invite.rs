//! Tells of invites that ran out, within a minute of their end, and sweeps what is over for long.
//!
//! Any process may look; several at once tell each invite once.

use tokio_util::sync::CancellationToken;

use super::{Retention, wait, write};
use crate::domain::mail::SUPPRESSED_S;
use crate::domain::password::tries::TRUSTED_S;
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::store::worn::{self, Worn};

/// How often the loop looks, in milliseconds.
const POLL_MS: u64 = 20_000;
/// Rows that one sweep takes of each kind.
const ROWS: i64 = 1_000;
/// How long links that ran out are kept, so that whoever opens one is told so, in seconds.
const LINK_S: i64 = 7 * 86_400;

/// Looks until the token says to stop.
pub async fn tell_expired(runner: Runner, retention: Retention, stop: CancellationToken) {
    loop {
        match flow::invite::tell_expired(&runner).await {
            Ok(told) if told > 0 => continue,
            Ok(_) => {}
            Err(problem) => {
                tracing::warn!(problem = %problem, "invites that ran out could not be told");
            }
        }
        if let Err(problem) = sweep(&runner, retention).await {
            tracing::warn!(problem = %problem, "what is over for long could not be swept");
        }
        if !wait(&stop, POLL_MS).await {
            return;
        }
    }
}

async fn sweep(runner: &Runner, retention: Retention) -> Result<(), Problem> {
    for (what, age_s) in [
        (Worn::PasswordLinks, LINK_S),
        (Worn::PasswordTries, TRUSTED_S),
        (Worn::Suppressions, SUPPRESSED_S),
        (Worn::Invites, retention.invites_s),
    ] {
        let before = runner.clock.now().plus_s(-age_s);
        write(&runner.db, move |conn| {
            Box::pin(async move { worn::sweep(conn, what, before, ROWS).await })
        })
        .await?;
    }
    Ok(())
}
