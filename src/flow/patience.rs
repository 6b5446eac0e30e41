//! Whoever asked for a write was told meanwhile that nothing came of it: then nothing does (E24).
//!
//! The surface gives a request up after some time, while its write runs on in a task of its own.
//! Both meet here: a write that was given up is taken back in place of its commit, and one that
//! commits already is not given up any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const WAITS: u8 = 0;
const GIVEN_UP: u8 = 1;
const COMMITS: u8 = 2;

/// Whether somebody still waits for what a request writes.
#[derive(Clone, Debug, Default)]
pub struct Patience(Arc<AtomicU8>);

tokio::task_local! {
    static CURRENT: Patience;
}

/// The patience with the request that this task answers, to be taken along into another task;
/// endless where nobody gives up.
#[must_use]
pub fn current() -> Patience {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

impl Patience {
    /// Runs a request that may be given up.
    pub async fn with<F: Future>(&self, request: F) -> F::Output {
        CURRENT.scope(self.clone(), request).await
    }

    /// Gives the request up; false when something of it is being committed.
    #[must_use]
    pub fn give_up(&self) -> bool {
        self.turn(WAITS, GIVEN_UP) || self.is_over()
    }

    /// Whether the request was given up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::SeqCst) == GIVEN_UP
    }

    /// Begins a commit; false when the request was given up.
    #[must_use]
    pub(super) fn commits(&self) -> bool {
        self.turn(WAITS, COMMITS) || !self.is_over()
    }

    /// Ends a commit: a request may write several times.
    pub(super) fn committed(&self) {
        self.turn(COMMITS, WAITS);
    }

    fn turn(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_is_not_committed_and_what_commits_is_not_given_up_e24() {
        let patience = Patience::default();
        assert!(patience.commits());
        assert!(!patience.give_up());
        patience.committed();
        assert!(patience.give_up() && patience.is_over());
        assert!(!patience.commits());
        assert!(patience.give_up(), "it is given up already");
    }

    #[tokio::test]
    async fn the_patience_of_a_request_is_that_of_its_task_alone() {
        let patience = Patience::default();
        let seen = patience.with(async { current() }).await;
        assert!(patience.give_up());
        assert!(seen.is_over() && !current().is_over());
    }
}
