//! Hashing passwords off the async threads, a few at a time.
//!
//! One hash takes megabytes and tens of milliseconds: as many run as there are processors, some
//! wait, and whoever comes beyond that is told to come again.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::domain::password;
use crate::domain::time::Rng;
use crate::flow::problem::{Code, Problem};

/// Hashes that wait or run at once in all.
pub const AT_ONCE_MAX: usize = 64;
/// Hashes that run at once, at most.
const RUNNING_MAX: usize = 4;
/// Seconds after which whoever was sent away comes again.
const WAIT_S: u64 = 5;

/// Hashes passwords.
pub struct Hasher {
    running: Semaphore,
    here: AtomicUsize,
}

impl Default for Hasher {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(threads.clamp(1, RUNNING_MAX))
    }
}

/// Counts somebody who waits or is worked for, until dropped.
struct Here<'h>(&'h AtomicUsize);

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Hasher {
    /// A hasher that works on so many at once.
    #[must_use]
    pub fn new(running: usize) -> Self {
        Self { running: Semaphore::new(running), here: AtomicUsize::new(0) }
    }

    /// The hash of a password.
    ///
    /// # Errors
    /// 429 when too many wait; 500 when the algorithm fails.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        let done = self.run(move || password::hash(&password, Rng)).await?;
        done.map_err(|error| Problem::internal(error.to_string()))
    }

    /// Whether a password is the one behind a hash; without a hash the work is done all the same.
    ///
    /// # Errors
    /// 429 when too many wait.
    pub async fn matches(&self, password: String, kept: Option<String>) -> Result<bool, Problem> {
        self.run(move || {
            let known = kept.is_some();
            password::matches(&password, kept.as_deref().unwrap_or(password::NOBODY)) && known
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let here = self.here.fetch_add(1, Ordering::SeqCst);
        let _here = Here(&self.here);
        if here >= AT_ONCE_MAX {
            let problem = Problem::new(Code::RateLimited, "Too many sign-ins at once: try again.");
            return Err(Problem { retry_after_s: Some(WAIT_S), ..problem });
        }
        let _running = self.running.acquire().await.map_err(Problem::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_password_is_hashed_and_found_again() {
        let hasher = Hasher::default();
        let kept = hasher.hash("correct horse battery".to_owned()).await.unwrap();
        let matches = |text: &str| hasher.matches(text.to_owned(), Some(kept.clone()));
        assert!(matches("correct horse battery").await.unwrap());
        assert!(!matches("correct horse").await.unwrap());
        assert!(!hasher.matches("correct horse battery".to_owned(), None).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_comes_beyond_the_limit_is_sent_away() {
        let hasher = Arc::new(Hasher::new(1));
        let gate = Arc::new(std::sync::Barrier::new(2));
        let (first, held) = (Arc::clone(&hasher), Arc::clone(&gate));
        let first = tokio::spawn(async move { first.run(move || held.wait().is_leader()).await });
        while hasher.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let mut waiting = Vec::new();
        for _ in 1..AT_ONCE_MAX {
            let hasher = Arc::clone(&hasher);
            waiting.push(tokio::spawn(async move { hasher.run(|| ()).await }));
        }
        while hasher.here.load(Ordering::SeqCst) < AT_ONCE_MAX {
            tokio::task::yield_now().await;
        }
        let refused = hasher.run(|| ()).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after_s), (Code::RateLimited, Some(WAIT_S)));
        tokio::task::spawn_blocking(move || gate.wait().is_leader()).await.unwrap();
        first.await.unwrap().unwrap();
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        assert!(hasher.run(|| ()).await.is_ok());
    }
}
