//! The one place that reads the process's environment.
//!
//! Everything else takes an [`Environment`] by value, so that tests say what it holds.

use super::raw::Environment;
use super::table::VARIABLE_PREFIX;

/// The variables of this process whose names begin with ours.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(VARIABLE_PREFIX))
        .collect()
}
