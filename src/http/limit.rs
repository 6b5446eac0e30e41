//! How often strangers may ask: by address and by connection (K9).
//!
//! Counted in memory for each process. What is over the limit is answered 429, and the count of
//! those who stopped is forgotten.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::address::{self, counted};
use super::page;
use crate::app::App;
use crate::flow::problem::{Code, Problem};

/// Requests of one address in a second.
pub const ADDRESS_PER_S: u32 = 20;
/// Requests of one address at once.
pub const ADDRESS_BURST: u32 = 500;
/// Requests to one connection in a second.
pub const CONNECTION_PER_S: u32 = 100;
/// Between two looks for those who stopped, in requests.
const FORGET_AFTER: u32 = 10_000;

type Counted<K, C> = RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The limits of one process.
pub struct Limits<C: Clock = DefaultClock> {
    addresses: Counted<IpAddr, C>,
    connections: Counted<Uuid, C>,
    clock: C,
    asked: AtomicU32,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(DefaultClock::default())
    }
}

const fn quota(per_s: u32, burst: u32) -> Quota {
    // Both are constants above zero; the smallest number stands in for a zero that cannot be.
    let one = std::num::NonZeroU32::MIN;
    let per_s = match std::num::NonZeroU32::new(per_s) {
        Some(per_s) => per_s,
        None => one,
    };
    let burst = match std::num::NonZeroU32::new(burst) {
        Some(burst) => burst,
        None => one,
    };
    Quota::per_second(per_s).allow_burst(burst)
}

impl<C: Clock + Clone> Limits<C> {
    /// Nobody has asked yet.
    pub fn new(clock: C) -> Self {
        let addresses = quota(ADDRESS_PER_S, ADDRESS_BURST);
        let connections = quota(CONNECTION_PER_S, CONNECTION_PER_S);
        Self {
            addresses: RateLimiter::dashmap_with_clock(addresses, clock.clone()),
            connections: RateLimiter::dashmap_with_clock(connections, clock.clone()),
            clock,
            asked: AtomicU32::new(0),
        }
    }

    /// Counts a request of an address, and to a connection where it names one.
    ///
    /// # Errors
    /// 429 when either has asked too often.
    pub fn check(&self, address: IpAddr, connection: Option<Uuid>) -> Result<(), Problem> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            self.addresses.retain_recent();
            self.connections.retain_recent();
        }
        self.one(&self.addresses, &counted(address))?;
        match connection {
            Some(connection) => self.one(&self.connections, &connection),
            None => Ok(()),
        }
    }

    fn one<K: Hash + Eq + Clone>(&self, by: &Counted<K, C>, key: &K) -> Result<(), Problem> {
        by.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let problem = Problem::new(Code::RateLimited, "Too many requests: wait a little.");
            Problem { retry_after_s: Some(seconds.max(1)), ..problem }
        })
    }
}

/// What counts the requests of a surface by their addresses.
#[derive(Clone)]
pub struct ByAddress {
    app: App,
    limits: Arc<Limits>,
}

impl ByAddress {
    /// Nobody has asked yet.
    #[must_use]
    pub fn of(app: &App) -> Self {
        Self { app: app.clone(), limits: Arc::default() }
    }
}

/// Counts a request by its address, for surfaces of pages.
pub async fn by_address(
    State(counted): State<ByAddress>,
    request: Request,
    next: Next,
) -> Response {
    let trusted = &counted.app.public.trusted_proxies;
    let from = address::of(request.extensions(), request.headers(), trusted);
    match counted.limits.check(from, None) {
        Ok(()) => next.run(request).await,
        Err(problem) => page::refuse(problem, request.headers()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn an_address_has_a_burst_and_then_its_rate_k9() {
        let clock = FakeRelativeClock::default();
        let limits = Limits::new(clock.clone());
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse().unwrap());
        let passed = |count: u32| (0..count).filter(|_| limits.check(one, None).is_ok()).count();
        assert_eq!(passed(ADDRESS_BURST + 1), ADDRESS_BURST as usize);
        let refused = limits.check(one, None).unwrap_err();
        assert_eq!((refused.code, refused.retry_after_s), (Code::RateLimited, Some(1)));
        assert!(limits.check(other, None).is_ok());
        clock.advance(Duration::from_secs(1));
        assert_eq!(passed(ADDRESS_PER_S + 1), ADDRESS_PER_S as usize);
    }

    #[test]
    fn a_connection_has_its_rate_whoever_asks_k9() {
        let limits = Limits::new(FakeRelativeClock::default());
        let connection = Some(Uuid::from_u128(1));
        let ask = |n: u32| {
            let [a, b, c, d] = (0x0100_0000 + n).to_be_bytes();
            limits.check(IpAddr::from([a, b, c, d]), connection).is_ok()
        };
        assert_eq!((0..=CONNECTION_PER_S).filter(|n| ask(*n)).count(), CONNECTION_PER_S as usize);
    }
}
