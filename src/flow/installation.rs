//! The installation's secret key, checked at start.

use uuid::Uuid;

use super::problem::Problem;
use super::runner::Runner;
use crate::domain::actor::Actor;
use crate::domain::id::OrganizationId;
use crate::domain::seal::Seal;
use crate::domain::time::Rng;
use crate::store;

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
