//! Arguments of `portico platform`: looks at platform definitions without running anything.

use std::path::PathBuf;

/// Looks at platform definitions.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do with one.
    #[command(subcommand)]
    pub action: Action,
}

/// What is done with a platform definition.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Says what is wrong with a definition
    Check {
        /// The definition
        file: PathBuf,
    },
}
