//! The health of a directory: how its client fares, and what an admin should do (S35).
//!
//! Pure: what was counted goes in, a forecast and findings come out. Findings have stable codes and
//! hold no value of a person.

mod finding;
mod forecast;

use super::directory::{Directory, Token};
use super::exchange::{Contact, Counts};
use super::time::Timestamp;

pub use finding::{Finding, findings};
pub use forecast::{Forecast, Outlook, forecast};

/// The windows in which requests are told, in seconds: an hour, a day, a week.
pub const WINDOWS_S: [i64; 3] = [3_600, FORECAST_S, 7 * 86_400];
/// The window that the forecast looks at, in seconds.
pub const FORECAST_S: i64 = 86_400;
/// A directory without contact for so long is stale, in seconds.
pub const STALE_S: i64 = 7 * 86_400;
/// How long before its end a token is told of, in seconds (S3).
pub const EXPIRING_S: i64 = 30 * 86_400;
/// Days in which uses of tolerances are told.
pub const USES_DAYS: i64 = 30;

/// A failure that comes often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its status.
    pub status: i64,
    /// Its sentence, without values.
    pub detail: Option<String>,
    /// How often it came.
    pub count: i64,
}

/// How often a tolerance was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its number in the register; 0 for unknown attributes (D11).
    pub number: u8,
    /// How often.
    pub uses: i64,
    /// The last time.
    pub last_at: Timestamp,
}

/// A resource that rules name and nobody registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// `kind:key`.
    pub resource: String,
    /// How many users would get it.
    pub users: i64,
    /// The registered one that is nearest, where one is near.
    pub nearest: Option<String>,
}

/// All that is known of a directory.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The present instant.
    pub now: Timestamp,
    /// The directory.
    pub directory: Directory,
    /// Its tokens that were not revoked.
    pub tokens: Vec<Token>,
    /// The contact with its client; `None` before the first.
    pub contact: Option<Contact>,
    /// Requests of the last day.
    pub day: Counts,
    /// What failed most in that day.
    pub frequent: Option<Failure>,
    /// Tolerances that were used.
    pub uses: Vec<Use>,
    /// Names of attributes that no schema knows.
    pub unknown: Vec<String>,
    /// Resources that are missing.
    pub unresolved: Vec<Unresolved>,
}

/// How long a token still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It holds.
    Live,
    /// It holds, and ends within [`EXPIRING_S`].
    Expiring,
    /// It has ended.
    Expired,
}

impl TokenState {
    /// The state of a token that was not revoked.
    #[must_use]
    pub fn of(token: &Token, now: Timestamp) -> Self {
        match token.expires_at {
            Some(end) if end <= now => Self::Expired,
            Some(end) if end <= now.plus_s(EXPIRING_S) => Self::Expiring,
            _ => Self::Live,
        }
    }

    /// The word that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests;
