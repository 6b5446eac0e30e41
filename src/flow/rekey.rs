//! Seals every secret anew with the first key, so that the others can be dropped.
//!
//! Each value is a transaction of its own, beside a running server: whoever changes one meanwhile
//! seals it with the first key. Keys of digests are carried over with the check value, since
//! digests cannot be made anew.

use uuid::Uuid;

use super::mail;
use super::problem::Problem;
use super::runner::Runner;
use crate::domain::actor::Actor;
use crate::domain::id::OrganizationId;
use crate::domain::seal::{Place, Seal, SealError};
use crate::domain::sealed::Column;
use crate::domain::time::Rng;
use crate::store;
use crate::store::sealed::{Kept, Mail, Sealed};

/// Sealed values that are looked at in one go.
const BATCH: i64 = 100;

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

/// Seals every secret with the first key.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn rekey(runner: &Runner, seal: &Seal) -> Result<Rekeyed, Problem> {
    let mut done = Rekeyed::default();
    for column in Column::ALL {
        for kept in store::sealed::kept(column) {
            all(runner, seal, (column, *kept), &mut done).await?;
        }
    }
    mails(runner, seal, &mut done).await?;
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

/// All values of a column.
async fn all(
    runner: &Runner,
    seal: &Seal,
    (column, kept): (Column, Kept),
    done: &mut Rekeyed,
) -> Result<(), Problem> {
    let mut after = Uuid::nil();
    loop {
        let found = store::sealed::page(&mut runner.db.conn(), kept, after, BATCH).await?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.id;
        for old in found {
            let organization = OrganizationId(old.organization_id);
            let place = Place { column, row: old.row_id, organization };
            match anew(seal, place, &old.sealed)? {
                Anew::Current => done.current += 1,
                Anew::Closed => {
                    tracing::error!(table = kept.name.0, column = kept.name.1, row = %old.id,
                        "no secret_key opens this value");
                    done.closed += 1;
                }
                Anew::Sealed(new) => done.count(write(runner, (kept, old), new).await?),
            }
        }
    }
}

/// What comes of a sealed value.
enum Anew {
    /// The first key sealed it.
    Current,
    /// No key opens it.
    Closed,
    /// The same value, sealed by the first key.
    Sealed(Vec<u8>),
}

fn anew(seal: &Seal, place: Place, sealed: &[u8]) -> Result<Anew, Problem> {
    if seal.is_current(place, sealed) {
        return Ok(Anew::Current);
    }
    match seal.open(place, sealed) {
        Ok(plain) => Ok(Anew::Sealed(seal.seal(Rng, place, &plain).map_err(Problem::internal)?)),
        Err(SealError::Closed) => Ok(Anew::Closed),
        Err(error) => Err(Problem::internal(error)),
    }
}

impl Rekeyed {
    /// Whoever changed or removed a value meanwhile sealed it with the first key.
    const fn count(&mut self, changed: bool) {
        if changed {
            self.sealed += 1;
        } else {
            self.current += 1;
        }
    }
}

async fn write(
    runner: &Runner,
    (kept, old): (Kept, Sealed),
    new: Vec<u8>,
) -> Result<bool, Problem> {
    let organization = OrganizationId(old.organization_id);
    runner
        .write(Actor::System, organization, move |work| {
            let (old, new) = (old.clone(), new.clone());
            Box::pin(async move {
                Ok(store::sealed::reseal(&mut work.scope(), (kept, &old), new).await?)
            })
        })
        .await
}

/// Mails that wait in the outbox.
async fn mails(runner: &Runner, seal: &Seal, done: &mut Rekeyed) -> Result<(), Problem> {
    let mut after = Uuid::nil();
    loop {
        let found = store::sealed::mails(&mut runner.db.conn(), after, BATCH).await?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.id;
        for old in found {
            let Some((place, sealed)) = mail::kept(&old) else {
                done.closed += 1;
                continue;
            };
            match anew(seal, place, &sealed)? {
                Anew::Current => done.current += 1,
                Anew::Closed => {
                    tracing::error!(row = %old.id, "no secret_key opens this mail");
                    done.closed += 1;
                }
                Anew::Sealed(new) => done.count(write_mail(runner, old, &new).await?),
            }
        }
    }
}

async fn write_mail(runner: &Runner, old: Mail, new: &[u8]) -> Result<bool, Problem> {
    let Some(payload) = mail::with_sealed(&old, new) else { return Ok(false) };
    runner
        .write(Actor::System, OrganizationId(old.organization_id), move |work| {
            let (old, payload) = (old.clone(), payload.clone());
            Box::pin(async move {
                Ok(store::sealed::reseal_mail(&mut work.scope(), &old, payload).await?)
            })
        })
        .await
}
