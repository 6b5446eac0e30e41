//! `portico backup`: a copy of the SQLite file, also while a gateway runs on it.

use std::path::PathBuf;

use super::compose::{self, Opening};
use super::serve::runtime;
use crate::config::Settings;

/// Copies the SQLite database.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// File to write; it must not be there yet
    pub file: PathBuf,
}

/// Makes the copy and answers what to print.
///
/// # Errors
/// A file that is there already, or a database that is not SQLite.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<String> {
    runtime()?.block_on(async {
        let opening = Opening { create: false, exclusive: false, migrate: false };
        let db = compose::database(settings, opening).await?;
        let copied = db.copy_to(&args.file).await;
        db.close().await;
        copied?;
        let file = args.file.display();
        Ok(match settings.key_file() {
            Some(key) => format!(
                "Copied to {file}. Keep {} with it: it opens what is sealed.",
                key.display()
            ),
            None => format!("Copied to {file}. Keep the secret_key with it."),
        })
    })
}
