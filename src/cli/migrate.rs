//! Arguments of `portico migrate`: it brings the database up to date and ends.

/// Brings the database up to date; it has no arguments besides the settings.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {}
