//! Arguments of `portico demo`: `serve` with a filled database in a temporary folder.

/// Runs a gateway to look at; it has no arguments besides the settings.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {}
