//! Telling ahead that a secret ends: `directory.token_expiring`, at each notice once (scim S3), and
//! `connection.secret_expiring` and `connection.certificate_expiring`.
//!
//! Any process may look, several at once tell no more than one.

use uuid::Uuid;

use super::problem::Problem;
use super::runner::Runner;
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::expiry::{CONNECTION_NOTICE_DAYS, horizon, notice, notice_of};
use crate::domain::time::Timestamp;
use crate::store::connection_end;
use crate::store::expiry::{self, Ending, Secret};

/// Secrets that are read at once.
const AT_ONCE: i64 = 500;
/// Secrets that one look reads at most; the next look goes on with those that are left to tell.
pub const LOOKED_AT_MAX: usize = 100_000;

/// Tells every notice that is due; answers how many were told.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn tell(runner: &Runner) -> Result<usize, Problem> {
    let mut told = 0;
    for secret in [Secret::Token, Secret::Client] {
        told += of(runner, secret).await?;
    }
    Ok(told + of_connections(runner).await?)
}

/// Secrets and certificates of connections.
async fn of_connections(runner: &Runner) -> Result<usize, Problem> {
    let now = runner.clock.now();
    let mut after = (Timestamp(i64::MIN), Uuid::nil(), String::new());
    let (mut seen, mut told) = (0, 0);
    while seen < LOOKED_AT_MAX {
        let conn = &mut runner.db.conn();
        let from = (after.0, after.1, after.2.as_str());
        let batch = connection_end::ending(conn, (now, horizon(now)), from, AT_ONCE).await?;
        let Some(last) = batch.last() else { break };
        after = (last.end.at, last.connection.0, last.end.name.clone());
        seen += batch.len();
        for ending in batch {
            let days = notice_of(&CONNECTION_NOTICE_DAYS, ending.end.at, now, ending.told);
            if let Some(days) = days {
                told += usize::from(of_connection(runner, ending, days).await?);
            }
        }
    }
    Ok(told)
}

async fn of_connection(
    runner: &Runner,
    ending: connection_end::Ending,
    days: i64,
) -> Result<bool, Problem> {
    runner
        .write(Actor::System, ending.organization, move |work| {
            let ending = ending.clone();
            Box::pin(async move {
                let first = connection_end::note(&mut work.scope(), &ending, days).await?;
                if first {
                    let what = match ending.end.kind {
                        connection_end::Kind::ClientSecret => "connection.secret_expiring",
                        connection_end::Kind::Certificate => "connection.certificate_expiring",
                    };
                    work.record(
                        Happened::to(what, "connection", ending.connection)
                            .with("name", ending.end.name.clone())
                            .with("expires_at", ending.end.at.to_string())
                            .with("days", days),
                    );
                }
                Ok(first)
            })
        })
        .await
}

async fn of(runner: &Runner, secret: Secret) -> Result<usize, Problem> {
    let now = runner.clock.now();
    let (mut after, mut seen, mut told) = ((Timestamp(i64::MIN), Uuid::nil()), 0, 0);
    while seen < LOOKED_AT_MAX {
        let conn = &mut runner.db.conn();
        let batch = expiry::ending(conn, secret, (now, horizon(now)), after, AT_ONCE).await?;
        let Some(last) = batch.last() else { break };
        (after, seen) = ((last.end, last.id), seen + batch.len());
        for ending in batch {
            if let Some(days) = notice(ending.end, now, ending.told) {
                told += usize::from(one(runner, ending, days).await?);
            }
        }
    }
    Ok(told)
}

async fn one(runner: &Runner, ending: Ending, days: i64) -> Result<bool, Problem> {
    runner
        .write(Actor::System, ending.organization, move |work| {
            Box::pin(async move {
                let first = expiry::note(&mut work.scope(), &ending, days).await?;
                if first {
                    let id = match ending.secret {
                        Secret::Token => "token_id",
                        Secret::Client => "client_id",
                    };
                    work.record(
                        Happened::to("directory.token_expiring", "directory", ending.directory)
                            .with(id, ending.id.to_string())
                            .with("expires_at", ending.end.to_string())
                            .with("days", days),
                    );
                }
                Ok(first)
            })
        })
        .await
}
