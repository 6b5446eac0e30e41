//! Arguments of `portico serve`: it migrates, answers requests and stops on SIGTERM.

/// Runs the gateway.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Start without bringing the database up to date first
    #[arg(long)]
    pub no_migrate: bool,
}
