//! Arguments of `portico rekey`: it seals all secrets with the first key.

/// Seals all secrets anew; it has no arguments besides the settings.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {}
