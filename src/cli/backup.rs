//! Arguments of `portico backup`: a copy of the SQLite file, also while a gateway runs on it.

use std::path::PathBuf;

/// Copies the SQLite database.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// File to write; it must not be there yet
    pub file: PathBuf,
}
