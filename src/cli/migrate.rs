//! `portico migrate`: brings the database to the schema of this program, and says so.

use super::compose::{self, Opening};
use super::serve::runtime;
use crate::config::Settings;

/// Brings the database up to date; it has no arguments besides the settings.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {}

/// Migrates and answers what to print.
///
/// # Errors
/// A database that cannot be reached or is newer than this program.
pub fn run(settings: &Settings) -> anyhow::Result<String> {
    runtime()?.block_on(async {
        let opening = Opening { create: true, exclusive: false, migrate: true };
        let db = compose::database(settings, opening).await?;
        let version = db.schema_found().await?;
        db.close().await;
        Ok(format!("The database has schema version {version}."))
    })
}
