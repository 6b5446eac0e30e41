//! What has run out goes: sign-ins in progress, sessions, access tokens, repeated requests, old
//! changes, journals, what is left of invites, passwords and mail, tokens and organizations that
//! ended long ago.
//!
//! Every statement takes a bounded number of rows, and a round a bounded number of statements; any
//! process may sweep, several at once only find less.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Retention, wait, write};
use crate::domain::actor::Actor;
use crate::domain::mail::SUPPRESSED_S;
use crate::domain::password::tries::TRUSTED_S;
use crate::domain::time::Timestamp;
use crate::domain::{brake, exchange};
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::store;
use crate::store::purge;
use crate::store::sweep::{self, Journal, RunOut};

/// How often a round is made, in milliseconds.
const POLL_MS: u64 = 60_000;
/// Rows that one statement takes.
const ROWS: i64 = 1_000;
/// Statements of one kind in a round.
const STATEMENTS: u32 = 20;
/// How long access tokens are kept once ended, so that their use is told as such, in seconds.
pub const ENDED_S: i64 = 3_600;
/// Rows of the journals of exchanges that one statement takes: they come by thousands a second.
const EXCHANGES: i64 = 2_000;
/// Statements about them in a round.
const EXCHANGES_STATEMENTS: u32 = 200;
/// How long the answers to repeated requests are kept, in seconds.
pub const IDEMPOTENCY_S: i64 = 24 * 3_600;
/// How long changes are kept for other processes, in seconds.
pub const CHANGES_S: i64 = 600;
/// How far back a change looks for older ones of its user, in seconds.
const CHANGES_WINDOW_S: i64 = 3_600;
/// How long a deleted organization is kept, and a token that was revoked, in seconds.
pub const DELETED_S: i64 = 30 * 86_400;
/// How long links that ran out are kept, so that whoever opens one is told so, in seconds.
const LINK_S: i64 = 7 * 86_400;

/// Sweeps until the token says to stop.
pub async fn run(runner: Runner, retention: Retention, stop: CancellationToken) {
    loop {
        if let Err(problem) = round(&runner, retention, &stop).await {
            tracing::warn!(problem = %problem, "what has run out could not be swept");
        }
        if !wait(&stop, POLL_MS).await {
            return;
        }
    }
}

/// One kind of thing that runs out.
#[derive(Clone, Copy)]
enum Kind {
    Rows(RunOut, i64),
    Followed,
    Journal(Journal, i64),
    Exchanges,
}

impl Kind {
    /// Rows that a statement takes, and statements in a round.
    const fn bites(self) -> (i64, u32) {
        match self {
            Self::Exchanges => (EXCHANGES, EXCHANGES_STATEMENTS),
            _ => (ROWS, STATEMENTS),
        }
    }
}

const fn kinds(retention: Retention) -> [Kind; 24] {
    [
        Kind::Rows(RunOut::Logins, 0),
        Kind::Rows(RunOut::SamlReplays, 0),
        Kind::Rows(RunOut::SamlResults, 0),
        Kind::Rows(RunOut::Sessions, 0),
        Kind::Rows(RunOut::ClientTokens, ENDED_S),
        Kind::Rows(RunOut::LogoutTokens, 0),
        Kind::Rows(RunOut::Traces, 0),
        Kind::Rows(RunOut::Removals, brake::WINDOW_S.1),
        Kind::Rows(RunOut::IdempotencyKeys, IDEMPOTENCY_S),
        Kind::Rows(RunOut::Changes, CHANGES_S),
        Kind::Followed,
        Kind::Journal(Journal::SignIns, retention.journals_s),
        Kind::Journal(Journal::Events, retention.events_s),
        Kind::Exchanges,
        Kind::Rows(RunOut::Exchanges, retention.journals_s),
        Kind::Rows(RunOut::ExchangeCounts, exchange::COUNTED_S),
        Kind::Rows(RunOut::ToleranceCounts, retention.journals_s),
        Kind::Rows(RunOut::ApiTokens, DELETED_S),
        Kind::Rows(RunOut::DirectoryTokens, DELETED_S),
        Kind::Rows(RunOut::DirectoryClients, DELETED_S),
        Kind::Rows(RunOut::PasswordLinks, LINK_S),
        Kind::Rows(RunOut::PasswordTries, TRUSTED_S),
        Kind::Rows(RunOut::Suppressions, SUPPRESSED_S),
        Kind::Rows(RunOut::Invites, retention.invites_s),
    ]
}

/// One round over everything that can run out.
async fn round(
    runner: &Runner,
    retention: Retention,
    stop: &CancellationToken,
) -> Result<(), Problem> {
    let now = runner.clock.now();
    for kind in kinds(retention) {
        let (rows, statements) = kind.bites();
        for _ in 0..statements {
            if stop.is_cancelled() || !take(runner, kind, rows, now).await? {
                break;
            }
        }
    }
    purge(runner, stop, now).await
}

/// Takes one bounded bite; answers whether more may be left.
async fn take(runner: &Runner, kind: Kind, rows: i64, now: Timestamp) -> Result<bool, Problem> {
    let gone = write(&runner.db, move |conn| {
        Box::pin(async move {
            match kind {
                Kind::Rows(what, age_s) => {
                    sweep::run_out(conn, what, now.plus_s(-age_s), rows).await
                }
                Kind::Followed => {
                    let before = now.plus_s(-CHANGES_S);
                    let since = before.plus_s(-CHANGES_WINDOW_S);
                    sweep::changes_followed(conn, before, since, rows).await
                }
                Kind::Journal(journal, age_s) => {
                    sweep::journal(conn, journal, first_id(now.plus_s(-age_s)), rows).await
                }
                Kind::Exchanges => store::exchange::prune(conn, exchange::KEPT_MAX, rows).await,
            }
        })
    })
    .await?;
    Ok(i64::try_from(gone).is_ok_and(|gone| gone >= rows))
}

/// The lowest id that can be drawn at an instant: ids of entries begin with their instant.
fn first_id(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.0.div_euclid(1_000)).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// Deletes a part of an organization that was deleted long ago.
async fn purge(runner: &Runner, stop: &CancellationToken, now: Timestamp) -> Result<(), Problem> {
    let before = now.plus_s(-DELETED_S);
    let Some(organization) = purge::deleted(&mut runner.db.conn(), before).await? else {
        return Ok(());
    };
    for _ in 0..STATEMENTS.saturating_mul(10) {
        if stop.is_cancelled() {
            break;
        }
        let gone = runner
            .write(Actor::System, organization, |work| {
                Box::pin(async move { Ok(purge::purge(&mut work.scope(), ROWS).await?) })
            })
            .await?;
        if gone {
            tracing::info!(organization.id = %organization, "a deleted organization was purged");
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Rng;

    #[test]
    fn an_id_drawn_at_an_instant_is_never_below_the_first_id_of_it() {
        let at = Timestamp(1_700_000_000_000_000);
        let drawn: Uuid = Rng.id(at);
        assert!(first_id(at) <= drawn);
        assert!(drawn < first_id(at.plus_s(1)));
    }
}
