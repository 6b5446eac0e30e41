//! Telling ahead that a secret ends: `directory.token_expiring`, at each notice once (scim S3), and
//! `connection.secret_expiring`, `connection.certificate_expiring` and `token.expiring`; all
//! of them by mail too.
//!
//! Any process may look, several at once tell no more than one.

use uuid::Uuid;

use super::announcement::notify_of_end;
use super::problem::Problem;
use super::runner::Runner;
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::expiry::{
    CONNECTION_NOTICE_DAYS, NOTICE_DAYS, TOKEN_NOTICE_DAYS, horizon, is_news, notice_of,
};
use crate::domain::id::TokenId;
use crate::domain::mail::Notice;
use crate::domain::time::Timestamp;
use crate::store::expiry::{self, Ending, Secret};
use crate::store::{self, connection_end};

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
    for secret in [Secret::Token, Secret::Client, Secret::ApiToken] {
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
            let days: &[i64] = match secret {
                Secret::ApiToken => &TOKEN_NOTICE_DAYS,
                Secret::Token | Secret::Client => &NOTICE_DAYS,
            };
            if let Some(days) = notice_of(days, ending.end, now, ending.told) {
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
                if !first {
                    return Ok(false);
                }
                let id = match ending.secret {
                    Secret::Token => "token_id",
                    Secret::Client => "client_id",
                    Secret::ApiToken => return of_token(work, TokenId(ending.id), days).await,
                };
                work.record(
                    Happened::to("directory.token_expiring", "directory", ending.opens)
                        .with(id, ending.id.to_string())
                        .with("expires_at", ending.end.to_string())
                        .with("days", days),
                );
                Ok(true)
            })
        })
        .await
}

/// A token of an organization is told of to the technical contacts, one of a person to its owner.
async fn of_token(work: &mut Work, id: TokenId, days: i64) -> Result<bool, Problem> {
    let Some(token) = store::api_token::by_id(&mut work.scope(), id).await? else {
        return Ok(false);
    };
    if !is_news(token.created_at, token.expires_at, days) {
        return Ok(false);
    }
    let until = token.expires_at.to_string();
    let told = Happened::to("token.expiring", "token", id)
        .named(&token.name)
        .with("kind", token.kind.as_str())
        .with("expires_at", until.clone())
        .with("days", days);
    let Some(owner) = token.owner else {
        work.record(told);
        return Ok(true);
    };
    work.record(told.quiet());
    let owner = store::user::by_id(&mut work.scope(), owner).await?;
    if let Some(email) = owner.and_then(|owner| owner.email) {
        notify_of_end(work, (&email, &token.name, until), Notice::TokenExpiring).await?;
    }
    Ok(true)
}
