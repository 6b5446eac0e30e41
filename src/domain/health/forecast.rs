//! Whether Entra ID is about to quarantine its job, by its own rule (E27).
//!
//! Bad credentials and a missing endpoint quarantine at once. Else the job is looked at from 5,000
//! failures on, when more than 40 % of the requests fail or more than 40,000 did; 60,000 failures
//! are too many in any case. References that lead to nothing are no failures there.

use super::Seen;
use crate::domain::directory::Status;
use crate::domain::exchange::{Contact, Counts};

/// Failures below which nobody looks.
pub const LOOKED_AT_FROM: i64 = 5_000;
/// The share of failures, in percent, beyond which a job is quarantined.
pub const SHARE_PERCENT_MAX: i64 = 40;
/// Failures beyond which a job is quarantined whatever their share.
pub const FAILURES_MAX: i64 = 40_000;
/// Failures at which a job is quarantined in any case.
pub const FAILURES_ABSOLUTE: i64 = 60_000;

/// How likely a quarantine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// Nothing points to one.
    None,
    /// The figures are beyond those at which one comes.
    Likely,
    /// One comes with the next request, or has come.
    Certain,
}

impl Outlook {
    /// The word that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// A forecast with the figures that it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// How likely a quarantine is.
    pub outlook: Outlook,
    /// Why, in a sentence.
    pub reason: String,
    /// Requests of the last day.
    pub requests: i64,
    /// Failures of the last day that count.
    pub failed: i64,
    /// Failures that do not: references that lead to nothing.
    pub excused: i64,
}

/// Forecasts from what was counted in a day.
#[must_use]
pub fn forecast(seen: &Seen) -> Forecast {
    let Counts { requests, excused, .. } = seen.day;
    let failed = seen.day.failed.saturating_sub(excused).max(0);
    let (outlook, reason) = at_once(seen).unwrap_or_else(|| by_figures(requests, failed));
    Forecast { outlook, reason, requests, failed, excused }
}

/// What quarantines at once. Before the first contact there is nobody to be quarantined.
fn at_once(seen: &Seen) -> Option<(Outlook, String)> {
    let contact = seen.contact?;
    let stands = |at: Option<_>| at.is_some() && at > contact.last_success_at;
    let Contact { last_refused_at, last_missing_at, .. } = contact;
    let why = if seen.directory.status == Status::Disabled {
        "The directory is disabled: its client is refused."
    } else if !seen.tokens.iter().any(|token| token.is_live(seen.now)) {
        "No token of the directory holds: its client is refused."
    } else if stands(last_refused_at) {
        "The last request that could have succeeded was refused for its credentials."
    } else if stands(last_missing_at) {
        "The client asks for an endpoint that is not there."
    } else {
        return None;
    };
    Some((Outlook::Certain, why.to_owned()))
}

fn by_figures(requests: i64, failed: i64) -> (Outlook, String) {
    let share = failed.saturating_mul(100);
    if failed >= FAILURES_ABSOLUTE {
        let why = format!("{failed} failures in a day: {FAILURES_ABSOLUTE} are too many.");
        (Outlook::Certain, why)
    } else if failed < LOOKED_AT_FROM {
        let why = format!("{failed} failures in a day: fewer than {LOOKED_AT_FROM} do no harm.");
        (Outlook::None, why)
    } else if failed > FAILURES_MAX {
        (Outlook::Likely, format!("{failed} failures in a day are more than {FAILURES_MAX}."))
    } else if share > requests.saturating_mul(SHARE_PERCENT_MAX) {
        let why = format!(
            "{failed} of {requests} requests in a day failed: more than {SHARE_PERCENT_MAX} %."
        );
        (Outlook::Likely, why)
    } else {
        let why = format!(
            "{failed} of {requests} requests in a day failed: not more than {SHARE_PERCENT_MAX} %."
        );
        (Outlook::None, why)
    }
}
