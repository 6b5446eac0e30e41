//! The installation's secret key: checked at start, and everything sealed anew when it changes.

use uuid::Uuid;

use super::problem::Problem;
use super::runner::Runner;
use crate::domain::actor::Actor;
use crate::domain::id::OrganizationId;
use crate::domain::seal::{Place, Seal, SealError};
use crate::domain::time::Rng;
use crate::store;

/// Sealed values that are looked at in one go.
const BATCH: i64 = 100;
/// The table and column of a connection's secrets.
pub const CONNECTION_SECRET: &str = "connections.secret";

/// Why the program must not start with these keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefused {
    /// The database was sealed with another key.
    #[error(
        "secret_key is not the key of this database: nothing sealed here could be read. Give the \
         key that was used before (add it behind the new one, then run `portico rekey`)"
    )]
    Wrong,
    /// There is no key at all.
    #[error("there is no secret_key")]
    Missing,
    /// The database does not answer.
    #[error("the secret key cannot be checked: {0}")]
    Unreadable(Problem),
}

/// Checks the keys against the database; the first start writes the value that later ones open.
///
/// # Errors
/// [`KeyRefused`], in words for the person who starts the program.
pub async fn check_key(runner: &Runner, seal: &Seal) -> Result<(), KeyRefused> {
    let read = || async { store::installation::key_check(&mut runner.db.conn()).await };
    let found = read().await.map_err(|error| KeyRefused::Unreadable(error.into()))?;
    let check = match found {
        Some(check) => check,
        None => {
            let new = seal.check(Rng).map_err(|_| KeyRefused::Missing)?;
            keep(runner, new).await.map_err(KeyRefused::Unreadable)?;
            // Another process may have been first: its value counts.
            let found = read().await.map_err(|error| KeyRefused::Unreadable(error.into()))?;
            found.ok_or(KeyRefused::Missing)?
        }
    };
    if seal.fits(&check) { Ok(()) } else { Err(KeyRefused::Wrong) }
}

async fn keep(runner: &Runner, check: Vec<u8>) -> Result<bool, Problem> {
    let nobody = OrganizationId(Uuid::nil());
    runner
        .write(Actor::System, nobody, move |work| {
            let check = check.clone();
            Box::pin(async move {
                let at = work.at;
                Ok(store::installation::insert(&mut work.conn(), check, at).await?)
            })
        })
        .await
}

/// How a sealing anew went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// Values that were sealed with the first key now.
    pub sealed: u64,
    /// Values that were so already.
    pub current: u64,
    /// Values that no key opens: they are left as they are.
    pub closed: u64,
}

/// Seals every secret with the first key. Sign-ins in progress are left: they end in minutes.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn rekey(runner: &Runner, seal: &Seal) -> Result<Rekeyed, Problem> {
    let mut done = Rekeyed::default();
    let mut after = Uuid::nil();
    loop {
        let found = store::connection::sealed(&mut runner.db.conn(), after, BATCH).await?;
        let Some(last) = found.last() else { break };
        after = last.id;
        for old in found {
            one(runner, seal, old, &mut done).await?;
        }
    }
    if done.closed == 0 {
        let check = seal.check(Rng).map_err(Problem::internal)?;
        let nobody = OrganizationId(Uuid::nil());
        runner
            .write(Actor::System, nobody, move |work| {
                let check = check.clone();
                Box::pin(async move {
                    Ok(store::installation::set_key_check(&mut work.conn(), check).await?)
                })
            })
            .await?;
    }
    Ok(done)
}

async fn one(
    runner: &Runner,
    seal: &Seal,
    old: store::connection::Sealed,
    done: &mut Rekeyed,
) -> Result<(), Problem> {
    let organization = OrganizationId(old.organization_id);
    let place = Place { table: CONNECTION_SECRET, row: old.id, organization };
    if seal.is_current(place, &old.secret) {
        done.current += 1;
        return Ok(());
    }
    let plain = match seal.open(place, &old.secret) {
        Ok(plain) => plain,
        Err(SealError::Closed) => {
            tracing::error!(connection.id = %old.id, "no secret_key opens this secret");
            done.closed += 1;
            return Ok(());
        }
        Err(error) => return Err(Problem::internal(error)),
    };
    let sealed = seal.seal(Rng, place, &plain).map_err(Problem::internal)?;
    let changed = runner
        .write(Actor::System, organization, move |work| {
            let (old, sealed) = (old.clone(), sealed.clone());
            Box::pin(async move {
                Ok(store::connection::reseal(&mut work.scope(), &old, sealed).await?)
            })
        })
        .await?;
    // Whoever changed it meanwhile sealed it with the first key.
    if changed {
        done.sealed += 1
    } else {
        done.current += 1
    }
    Ok(())
}
