//! How often a directory may ask, and how often a credential may fail.
//!
//! Reads, writes and operations of bulk requests are counted apart, so that none of them takes the
//! room of another (S8); each limit lies far above what providers send (E23). Failures are counted
//! by address and by the public part of the token; only failures are ever refused for it, so that a
//! good token is never blocked by a bad neighbour (S7).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::domain::id::DirectoryId;

/// Reads of one directory in a second; so many writes too, and operations of bulk requests.
pub const PER_SECOND: u32 = 2_000;
/// The same at once.
pub const BURST: u32 = 10_000;
/// Failures of one address, or of one token, in a minute; as many at once.
pub const FAILURES_PER_MINUTE: u32 = 60;
/// Addresses and tokens whose failures are counted before idle ones are forgotten.
const COUNTED_MAX: usize = 50_000;

/// What a request of a directory is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// Requests that change nothing.
    Reads,
    /// Requests that change one resource.
    Writes,
    /// Operations of bulk requests.
    Bulk,
}

/// How much of a budget is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How many there are at once, when nothing was asked for some time.
    pub most: u32,
    /// How many are left now.
    pub now: u32,
    /// The seconds until all are there again.
    pub full_s: u64,
}

/// A budget that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// How many there are at once, when nothing was asked for some time.
    pub most: u32,
    /// The seconds after which to ask again.
    pub wait_s: u64,
}

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
    budgets: DefaultKeyedRateLimiter<(DirectoryId, Budget), StateInformationMiddleware>,
    burst: NonZeroU32,
    failures: DefaultKeyedRateLimiter<Suspect>,
    clock: DefaultClock,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(PER_SECOND, BURST)
    }
}

impl Limits {
    /// Limits with these numbers for each budget of each directory.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let some = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let (per_second, burst) = (some(per_second), some(burst));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self {
            budgets: RateLimiter::keyed(quota).with_middleware(),
            burst,
            failures: RateLimiter::keyed(Quota::per_minute(some(FAILURES_PER_MINUTE))),
            clock: DefaultClock::default(),
        }
    }

    /// Takes so many from a budget, at least one; more than there ever are count as all of them.
    ///
    /// # Errors
    /// [`Spent`], when so many are not left.
    pub fn take(&self, directory: DirectoryId, budget: Budget, count: u32) -> Result<Left, Spent> {
        let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN).min(self.burst);
        let most = self.burst.get();
        match self.budgets.check_key_n(&(directory, budget), count) {
            Ok(Ok(state)) => Ok(left(most, &state)),
            Ok(Err(until)) => {
                Err(Spent { most, wait_s: seconds(until.wait_time_from(self.clock.now())) })
            }
            Err(_) => Err(Spent { most, wait_s: 1 }),
        }
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

fn left(most: u32, state: &StateSnapshot) -> Left {
    let now = state.remaining_burst_capacity().min(most);
    let missing = state.quota().replenish_interval().saturating_mul(most - now);
    Left { most, now, full_s: missing.as_secs() + u64::from(missing.subsec_nanos() > 0) }
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
        for now in [2, 1, 0] {
            let left = limits.take(one, Budget::Reads, 1).unwrap();
            assert_eq!((left.most, left.now), (3, now));
            assert!(left.full_s <= u64::from(3 - now));
        }
        let spent = limits.take(one, Budget::Reads, 1).unwrap_err();
        assert!(spent.most == 3 && spent.wait_s >= 1);
        assert!(limits.take(other, Budget::Reads, 1).is_ok());
    }

    #[test]
    fn no_budget_takes_the_room_of_another_s8() {
        let (limits, one) = (Limits::new(1, 3), DirectoryId(Uuid::nil()));
        for budget in [Budget::Bulk, Budget::Writes, Budget::Reads] {
            assert!(limits.take(one, budget, 3).is_ok());
            assert!(limits.take(one, budget, 1).is_err());
        }
    }

    #[test]
    fn operations_are_taken_all_or_none_and_never_more_than_there_are_s8() {
        let (limits, one) = (Limits::new(1, 5), DirectoryId(Uuid::nil()));
        assert!(limits.take(one, Budget::Bulk, 4).is_ok());
        assert!(limits.take(one, Budget::Bulk, 2).is_err());
        assert!(limits.take(one, Budget::Bulk, 1).is_ok());
        assert!(limits.take(DirectoryId(Uuid::max()), Budget::Bulk, 1_000).is_ok());
    }

    #[test]
    fn a_directory_gets_far_more_than_what_entra_sends_e23() {
        // 25 requests a second are what a gallery application must bear.
        const { assert!(PER_SECOND >= 25 * 10) };
        let (limits, one) = (Limits::default(), DirectoryId(Uuid::nil()));
        for budget in [Budget::Reads, Budget::Writes, Budget::Bulk] {
            assert!((0..25 * 60).all(|_| limits.take(one, budget, 1).is_ok()));
        }
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
