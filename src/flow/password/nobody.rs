//! Wrong passwords for logins that no account has: they are counted as those of an account are, so
//! that nobody learns from the limit who exists.
//!
//! They are counted in this process alone and in bounded memory: a database that strangers fill
//! with names would be worse than a count that begins anew.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::sign_in::Asked;
use crate::domain::id::OrganizationId;
use crate::domain::password::tries::{Tried, WINDOW_S};
use crate::domain::time::Timestamp;
use crate::scim::fold;

/// Logins and addresses that are counted at once.
const COUNTED_MAX: usize = 20_000;

/// What was asked for, from one address or from all together.
type Key = (String, Option<OrganizationId>, Option<IpAddr>);

/// Failures since an instant.
#[derive(Clone, Copy)]
struct Failures {
    count: i64,
    since: Timestamp,
}

/// Counts them.
#[derive(Default)]
pub struct Nobody(Mutex<HashMap<Key, Failures>>);

impl Nobody {
    /// Whether another password may be tried.
    #[must_use]
    pub fn may(&self, asked: &Asked, now: Timestamp) -> bool {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [here, everywhere] = keys(asked).map(|key| {
            let found = counted.get(&key).filter(|found| found.counts(now));
            found.map_or(0, |found| found.count)
        });
        Tried { here, everywhere, trusted_at: None }.may(now)
    }

    /// Notes a wrong password.
    pub fn failed(&self, asked: &Asked, now: Timestamp) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= COUNTED_MAX {
            counted.retain(|_, found| found.counts(now));
        }
        if counted.len() >= COUNTED_MAX {
            counted.clear();
        }
        for key in keys(asked) {
            let found = counted.entry(key).or_insert(Failures { count: 0, since: now });
            if !found.counts(now) {
                *found = Failures { count: 0, since: now };
            }
            found.count += 1;
        }
    }
}

impl Failures {
    fn counts(&self, now: Timestamp) -> bool {
        self.since > now.plus_s(-WINDOW_S)
    }
}

/// From this address, and from all.
fn keys(asked: &Asked) -> [Key; 2] {
    let login = fold(&asked.login);
    [(login.clone(), asked.organization, Some(asked.address)), (login, asked.organization, None)]
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::domain::password::tries::{EVERYWHERE_MAX, HERE_MAX};

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    fn asked(login: &str, from: u8) -> Asked {
        let address = IpAddr::V4(Ipv4Addr::new(203, 0, 113, from));
        Asked { login: login.to_owned(), organization: None, address }
    }

    #[test]
    fn a_login_of_nobody_waits_as_one_of_somebody_does() {
        let nobody = Nobody::default();
        for _ in 0..HERE_MAX {
            assert!(nobody.may(&asked("Mallory", 1), NOW));
            nobody.failed(&asked("mallory", 1), NOW);
        }
        assert!(!nobody.may(&asked("MALLORY", 1), NOW));
        assert!(nobody.may(&asked("mallory", 2), NOW), "another address");
        assert!(nobody.may(&asked("oscar", 1), NOW), "another login");
        assert!(nobody.may(&asked("mallory", 1), NOW.plus_s(WINDOW_S)));
        for from in 2..=5 {
            for _ in 0..HERE_MAX {
                nobody.failed(&asked("mallory", from), NOW);
            }
        }
        const { assert!(HERE_MAX * 5 >= EVERYWHERE_MAX) };
        assert!(!nobody.may(&asked("mallory", 6), NOW), "strangers together");
    }

    #[test]
    fn memory_is_bounded() {
        let nobody = Nobody::default();
        for at in 0..COUNTED_MAX {
            nobody.failed(&asked(&at.to_string(), 1), NOW);
        }
        assert!(nobody.0.lock().unwrap().len() <= COUNTED_MAX + 1);
    }
}
