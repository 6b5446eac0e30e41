//! `portico rekey`: seals all secrets with the first key, so that the others can be dropped.

use super::compose::{self, Opening};
use super::serve::runtime;
use crate::config::Settings;
use crate::flow;

/// Seals all secrets anew; it has no arguments besides the settings.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {}

/// Seals anew and answers what to print.
///
/// # Errors
/// A database that cannot be reached, a key that is not this database's, or secrets that no key
/// opens: they are left as they are.
pub fn run(settings: &Settings) -> anyhow::Result<String> {
    runtime()?.block_on(async {
        let opening = Opening { create: false, exclusive: false, migrate: false };
        let app = compose::app(settings, opening).await?;
        let rekeyed = flow::rekey::rekey(&app.runner, &app.seal).await;
        app.runner.db.close().await;
        let done = rekeyed.map_err(compose::failed)?;
        anyhow::ensure!(
            done.closed == 0,
            "{} secrets are sealed with a key that was not given: give it behind the first one",
            done.closed
        );
        let (sealed, current) = (done.sealed, done.current);
        Ok(format!("Sealed {sealed} secrets with the first key; {current} were already."))
    })
}
