//! The wall around all work on messages: off the threads that answer, only so much at once, only
//! so long, and a panic ends nothing but itself (G8).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::domain::saml::fault::{Fault, Found};
use crate::telemetry;

/// How long the work on a message may take, waiting included, in seconds.
pub const BUDGET_S: u64 = 5;

/// The wall, cheap to clone.
#[derive(Clone)]
pub struct Wall {
    permits: Arc<Semaphore>,
    budget: Duration,
}

impl Default for Wall {
    /// As many at once as there are cores.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { permits: Arc::new(Semaphore::new(cores)), budget: Duration::from_secs(BUDGET_S) }
    }
}

impl Wall {
    /// Does the work on a message behind the wall, in time or not at all.
    ///
    /// # Errors
    /// [`Fault::Busy`] when it takes too long or panics.
    pub async fn run<T, F>(&self, work: F) -> Result<T, Found>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let done = tokio::time::timeout(self.budget, self.unhurried(work)).await;
        let done = done.unwrap_or_else(|_| Err(Fault::Busy.into()));
        if done.is_err() {
            telemetry::saml_given_up();
        }
        done
    }

    /// Does work that takes its time, as making keys does: only so much at once, too.
    ///
    /// # Errors
    /// [`Fault::Busy`] when it panics.
    pub async fn unhurried<T, F>(&self, work: F) -> Result<T, Found>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Fault::Busy)?;
        // The permit goes along: what nobody waits for any more still takes its place.
        let job = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        // A panic is caught there, and tells nothing here.
        job.await.map_err(|_| Fault::Busy.with("the verifier failed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_behind_the_wall_is_a_refusal_and_the_wall_stands() {
        let wall = Wall::default();
        let fallen: Result<(), Found> = wall.run(|| panic!("on purpose")).await;
        assert_eq!(fallen.unwrap_err().fault, Fault::Busy);
        for _ in 0..64 {
            assert_eq!(wall.run(|| 1).await, Ok(1));
        }
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up_waiting_included_g8() {
        let budget = Duration::from_millis(5);
        let wall = Wall { permits: Arc::new(Semaphore::new(0)), budget };
        assert_eq!(wall.run(|| 1).await.unwrap_err().fault, Fault::Busy);
    }
}
