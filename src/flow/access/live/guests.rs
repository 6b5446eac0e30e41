//! Guests who were read into memory: what happens to them at home must be told where they are
//! guests too.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::domain::change::Change;
use crate::domain::id::{OrganizationId, UserId};

/// Guests that are kept in mind; past that everything is forgotten.
pub const GUESTS_MAX: usize = 100_000;

/// Guests by their ids.
#[derive(Debug, Default)]
pub struct Guests(Mutex<HashMap<UserId, Guest>>);

#[derive(Debug)]
struct Guest {
    home: OrganizationId,
    known_in: HashSet<OrganizationId>,
}

impl Guests {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, Guest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes of an organization as they are seen where its people are guests.
    pub fn seen_elsewhere(
        &self,
        home: OrganizationId,
        changes: &[Change],
    ) -> Vec<(OrganizationId, Change)> {
        let guests = self.all();
        if guests.is_empty() {
            return Vec::new();
        }
        let mut seen = Vec::new();
        let mut see = |user: &UserId, guest: &Guest| {
            seen.extend(guest.known_in.iter().map(|there| (*there, Change::User(*user))));
        };
        for change in changes {
            match change {
                Change::User(user) => {
                    let guest = guests.get(user).filter(|guest| guest.home == home);
                    guest.into_iter().for_each(|guest| see(user, guest));
                }
                Change::Organization => {
                    let theirs = guests.iter().filter(|(_, guest)| guest.home == home);
                    theirs.for_each(|(user, guest)| see(user, guest));
                }
                Change::Resource(_) | Change::Tokens => {}
            }
        }
        seen
    }

    /// Keeps in mind where guests of an organization are at home; answers those of whom it was not
    /// known before: what was read of these may be older than a change that nobody told here.
    /// `None`: too many are kept in mind, so that everything in memory must be forgotten.
    pub fn note(
        &self,
        organization: OrganizationId,
        found: &[(UserId, OrganizationId)],
    ) -> Option<Vec<UserId>> {
        if found.is_empty() {
            return Some(Vec::new());
        }
        let mut guests = self.all();
        if guests.len() >= GUESTS_MAX {
            guests.clear();
            return None;
        }
        let mut unheard = Vec::new();
        for (user, home) in found {
            let known_in = HashSet::new();
            let guest = guests.entry(*user).or_insert(Guest { home: *home, known_in });
            if guest.known_in.insert(organization) {
                unheard.push(*user);
            }
        }
        Some(unheard)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn organization(n: u128) -> OrganizationId {
        OrganizationId(Uuid::from_u128(n))
    }

    fn user(n: usize) -> UserId {
        UserId(Uuid::from_u128(n as u128))
    }

    #[test]
    fn what_happens_at_home_is_told_where_she_is_a_guest() {
        let (home, here, there) = (organization(1), organization(2), organization(3));
        let guests = Guests::default();
        assert_eq!(guests.note(here, &[(user(7), home)]), Some(vec![user(7)]));
        assert_eq!(guests.note(here, &[(user(7), home)]), Some(Vec::new()));
        assert_eq!(guests.note(there, &[(user(7), home)]), Some(vec![user(7)]));
        let mut told = guests.seen_elsewhere(home, &[Change::User(user(7)), Change::Tokens]);
        told.sort_by_key(|(organization, _)| organization.0);
        assert_eq!(told, [(here, Change::User(user(7))), (there, Change::User(user(7)))]);
        assert_eq!(guests.seen_elsewhere(home, &[Change::Organization]).len(), 2);
        assert!(guests.seen_elsewhere(here, &[Change::User(user(7))]).is_empty());
        assert!(guests.seen_elsewhere(home, &[Change::User(user(8))]).is_empty());
    }

    #[test]
    fn more_guests_than_are_kept_in_mind_forget_everything() {
        let guests = Guests::default();
        let all: Vec<_> = (0..GUESTS_MAX).map(|n| (user(n), organization(1))).collect();
        assert_eq!(
            guests.note(organization(2), &all).map(|unheard| unheard.len()),
            Some(GUESTS_MAX)
        );
        assert_eq!(guests.note(organization(2), &[(user(1), organization(1))]), None);
        assert!(guests.note(organization(2), &[(user(1), organization(1))]).is_some());
    }
}
