//! How often a directory may ask, and how often a credential may fail.
//!
//! The limit of a directory lies far above what providers send (E23). Failures are counted by
//! address and by the public part of the token; only failures are ever refused for it, so that a
//! good token is never blocked by a bad neighbour (S7).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::domain::id::DirectoryId;

/// Requests of one directory in a second.
pub const PER_SECOND: u32 = 2_000;
/// Requests of one directory at once.
pub const BURST: u32 = 10_000;
/// Failures of one address, or of one token, in a minute; as many at once.
pub const FAILURES_PER_MINUTE: u32 = 60;
/// Addresses and tokens whose failures are counted before idle ones are forgotten.
const COUNTED_MAX: usize = 50_000;

/// Who failed to show a good credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Suspect {
    /// An address.
    Address(IpAddr),
    /// The public part of a token.
    Token(String),
}

/// The limits, counted in memory by each node.
pub struct Limits {
    directories: DefaultKeyedRateLimiter<DirectoryId>,
    failures: DefaultKeyedRateLimiter<Suspect>,
    clock: DefaultClock,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(PER_SECOND, BURST)
    }
}

impl Limits {
    /// Limits with these numbers for each directory.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let some = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let directory = Quota::per_second(some(per_second)).allow_burst(some(burst));
        let failures = some(FAILURES_PER_MINUTE);
        Self {
            directories: RateLimiter::keyed(directory),
            failures: RateLimiter::keyed(Quota::per_minute(failures)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of a directory.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn request(&self, directory: DirectoryId) -> Result<(), u64> {
        self.directories
            .check_key(&directory)
            .map_err(|until| seconds(until.wait_time_from(self.clock.now())))
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn failure(&self, suspect: &Suspect) -> Result<(), u64> {
        if self.failures.len() > COUNTED_MAX {
            self.failures.retain_recent();
        }
        self.failures
            .check_key(suspect)
            .map_err(|until| seconds(until.wait_time_from(self.clock.now())))
    }
}

/// Whole seconds, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_directory_may_ask_up_to_its_burst_and_another_is_not_held_for_it() {
        let limits = Limits::new(1, 3);
        let (one, other) = (DirectoryId(Uuid::nil()), DirectoryId(Uuid::max()));
        for _ in 0..3 {
            assert_eq!(limits.request(one), Ok(()));
        }
        assert!(limits.request(one).is_err_and(|wait| wait >= 1));
        assert_eq!(limits.request(other), Ok(()));
    }

    #[test]
    fn a_directory_gets_far_more_than_what_entra_sends_e23() {
        // 25 requests a second are what a gallery application must bear.
        const { assert!(PER_SECOND >= 25 * 10) };
        let (limits, one) = (Limits::default(), DirectoryId(Uuid::nil()));
        assert!((0..25 * 60).all(|_| limits.request(one).is_ok()));
    }

    #[test]
    fn failures_are_refused_after_their_limit() {
        let limits = Limits::default();
        let suspect = Suspect::Token("p".to_owned());
        for _ in 0..FAILURES_PER_MINUTE {
            assert_eq!(limits.failure(&suspect), Ok(()));
        }
        assert!(limits.failure(&suspect).is_err());
        assert_eq!(limits.failure(&Suspect::Token("q".to_owned())), Ok(()));
    }
}
