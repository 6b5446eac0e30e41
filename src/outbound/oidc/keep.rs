//! Something fetched from a provider and kept for a while.
//!
//! One fetch at a time. What is kept is used while it is fresh; when it cannot be fetched anew the
//! stale one still serves for a day. A failure is remembered for some seconds, so that a dead
//! provider is not asked by everybody who waits for it (R7, R9).

use std::sync::Arc;

use http::HeaderMap;
use tokio::sync::Mutex;

use crate::domain::sign_in::Refusal;
use crate::domain::time::Timestamp;

/// Shortest time that something is kept, in seconds.
pub const FRESH_MIN_S: i64 = 5 * 60;
/// Longest time that something is kept, in seconds.
pub const FRESH_MAX_S: i64 = 24 * 3600;
/// How long it is kept when the provider does not say, in seconds.
pub const FRESH_S: i64 = 3600;
/// How long a stale one serves while no fresh one can be had, in seconds.
pub const STALE_S: i64 = 24 * 3600;
/// Between two looks for something newer than what is fresh, in seconds.
pub const COOLDOWN_S: i64 = 60;
/// How long a failure is remembered, in seconds.
pub const FAILURE_S: i64 = 10;

/// Something fetched, and how long it is fresh, in seconds.
pub type Fetched<T> = Result<(T, i64), Refusal>;

/// A place for one kept thing.
pub struct Kept<T>(Mutex<Shelf<T>>);

struct Shelf<T> {
    value: Option<Arc<T>>,
    fresh_until: Timestamp,
    usable_until: Timestamp,
    forced_at: Option<Timestamp>,
    failed: Option<(Timestamp, Refusal)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(Shelf {
            value: None,
            fresh_until: Timestamp(i64::MIN),
            usable_until: Timestamp(i64::MIN),
            forced_at: None,
            failed: None,
        }))
    }
}

impl<T> Kept<T> {
    /// The kept one while it is fresh, otherwise a new one, otherwise the stale one.
    ///
    /// # Errors
    /// What `fetch` refused, when there is nothing usable.
    pub async fn get<F>(&self, now: Timestamp, fetch: impl FnOnce() -> F) -> Result<Arc<T>, Refusal>
    where
        F: Future<Output = Fetched<T>>,
    {
        let mut shelf = self.0.lock().await;
        match &shelf.value {
            Some(value) if now < shelf.fresh_until => return Ok(Arc::clone(value)),
            _ => {}
        }
        shelf.fetch(now, fetch).await
    }

    /// One that is newer than `seen`, if the last look for one is long enough ago; `seen` itself
    /// or a stale one otherwise.
    ///
    /// # Errors
    /// What `fetch` refused, when there is nothing usable.
    pub async fn get_newer<F>(
        &self,
        now: Timestamp,
        seen: &Arc<T>,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, Refusal>
    where
        F: Future<Output = Fetched<T>>,
    {
        let mut shelf = self.0.lock().await;
        match &shelf.value {
            // Somebody else looked while we waited.
            Some(value) if !Arc::ptr_eq(value, seen) => return Ok(Arc::clone(value)),
            _ => {}
        }
        if shelf.forced_at.is_some_and(|at| now < at.plus_s(COOLDOWN_S)) {
            return Ok(Arc::clone(seen));
        }
        shelf.forced_at = Some(now);
        shelf.fetch(now, fetch).await
    }
}

impl<T> Shelf<T> {
    async fn fetch<F>(
        &mut self,
        now: Timestamp,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, Refusal>
    where
        F: Future<Output = Fetched<T>>,
    {
        let stale = self.value.clone().filter(|_| now < self.usable_until);
        if let Some((at, refusal)) = &self.failed
            && now < at.plus_s(FAILURE_S)
        {
            return stale.ok_or_else(|| refusal.clone());
        }
        match fetch().await {
            Ok((value, fresh_s)) => {
                let value = Arc::new(value);
                self.value = Some(Arc::clone(&value));
                self.fresh_until = now.plus_s(fresh_s.clamp(FRESH_MIN_S, FRESH_MAX_S));
                self.usable_until = self.fresh_until.plus_s(STALE_S);
                self.failed = None;
                Ok(value)
            }
            Err(refusal) => {
                tracing::warn!(found = %refusal.detail, "a provider could not be asked");
                self.failed = Some((now, refusal.clone()));
                stale.ok_or(refusal)
            }
        }
    }
}

/// How long an answer says it is fresh, in seconds.
#[must_use]
pub fn fresh_s(headers: &HeaderMap) -> i64 {
    let said = headers.get(http::header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let Some(said) = said else { return FRESH_S };
    let mut directives = said.split(',').map(|one| one.trim().to_ascii_lowercase());
    if directives.clone().any(|one| one == "no-store" || one == "no-cache") {
        return FRESH_MIN_S;
    }
    directives
        .find_map(|one| one.strip_prefix("max-age=")?.trim_matches('"').parse().ok())
        .unwrap_or(FRESH_S)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::sign_in::{Refused, Step};

    /// A source that counts how often it is asked.
    #[derive(Default)]
    struct Source {
        asked: AtomicUsize,
        dead: std::sync::atomic::AtomicBool,
    }

    impl Source {
        async fn fetch(&self, fresh_s: i64) -> Fetched<usize> {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::task::yield_now().await;
            if self.dead.load(Ordering::SeqCst) {
                return Err(Refusal::new(Step::Start, Refused::ProviderError));
            }
            Ok((asked, fresh_s))
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn it_is_fetched_once_for_all_who_wait_and_kept_while_fresh() {
        let (kept, source, at) = (Kept::default(), Source::default(), Timestamp(0));
        let get = |at| kept.get(at, || source.fetch(1000));
        let (one, two) = tokio::join!(get(at), get(at));
        assert_eq!((*one.unwrap(), *two.unwrap()), (1, 1));
        assert_eq!(*get(at.plus_s(999)).await.unwrap(), 1);
        assert_eq!(*get(at.plus_s(1000)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn the_time_is_bounded_on_both_sides() {
        for (said, kept_s) in [(0, FRESH_MIN_S), (i64::MAX, FRESH_MAX_S), (400, 400)] {
            let (kept, source, at) = (Kept::default(), Source::default(), Timestamp(0));
            for (at, fetches) in [(at, 1), (at.plus_s(kept_s - 1), 1), (at.plus_s(kept_s), 2)] {
                kept.get(at, || source.fetch(said)).await.unwrap();
                assert_eq!(source.asked(), fetches, "{said}");
            }
        }
    }

    #[tokio::test]
    async fn a_stale_one_serves_a_day_when_the_provider_is_dead() {
        let (kept, source, at) = (Kept::default(), Source::default(), Timestamp(0));
        let get = |at| kept.get(at, || source.fetch(FRESH_MIN_S));
        get(at).await.unwrap();
        source.dead.store(true, Ordering::SeqCst);
        let end = at.plus_s(FRESH_MIN_S + STALE_S);
        assert_eq!(*get(end.plus_s(-1)).await.unwrap(), 1);
        assert!(get(end.plus_s(FAILURE_S)).await.is_err());
    }

    #[tokio::test]
    async fn a_failure_is_remembered_for_some_seconds() {
        let (kept, source, at) = (Kept::<usize>::default(), Source::default(), Timestamp(0));
        source.dead.store(true, Ordering::SeqCst);
        let get = |at| kept.get(at, || source.fetch(1));
        assert!(get(at).await.is_err());
        assert!(get(at.plus_s(FAILURE_S - 1)).await.is_err());
        assert_eq!(source.asked(), 1);
        source.dead.store(false, Ordering::SeqCst);
        assert!(get(at.plus_s(FAILURE_S)).await.is_ok());
    }

    #[tokio::test]
    async fn a_newer_one_is_looked_for_at_most_once_a_minute_oa5() {
        let (kept, source, at) = (Kept::default(), Source::default(), Timestamp(0));
        let seen = kept.get(at, || source.fetch(9999)).await.unwrap();
        let newer = |at, seen| {
            let (kept, source) = (&kept, &source);
            async move { kept.get_newer(at, &seen, || source.fetch(9999)).await.unwrap() }
        };
        let second = newer(at, Arc::clone(&seen)).await;
        assert_eq!((*second, source.asked()), (2, 2));
        // One who saw the first gets the second without a fetch; the second is not refetched yet.
        assert_eq!(*newer(at, seen).await, 2);
        assert_eq!(*newer(at.plus_s(COOLDOWN_S - 1), Arc::clone(&second)).await, 2);
        assert_eq!(source.asked(), 2);
        assert_eq!(*newer(at.plus_s(COOLDOWN_S), second).await, 3);
    }

    #[test]
    fn how_long_comes_from_cache_control() {
        let said = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::CACHE_CONTROL, text.parse().unwrap());
            fresh_s(&headers)
        };
        assert_eq!(said("public, Max-Age=600"), 600);
        assert_eq!(said("no-store, max-age=600"), FRESH_MIN_S);
        assert_eq!(said("max-age=nonsense"), FRESH_S);
        assert_eq!(fresh_s(&HeaderMap::new()), FRESH_S);
    }
}
