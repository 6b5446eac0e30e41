//! Where pages ended: so that the page which follows begins there, however deep it is.
//!
//! A remembered place holds as long as nothing of the directory was removed since: what comes new
//! comes behind every page. A place that is not remembered is found by counting along an index.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::id::DirectoryId;
use crate::store::place::Place;

/// Places that are remembered at a time; beyond it all are forgotten.
pub const PAGES_MAX: usize = 20_000;

/// How many rows were removed when a place was remembered, and the place.
type Remembered = (i64, Place);

/// The places, by directory, resource type and offset.
#[derive(Default)]
pub struct Pages {
    counted: AtomicU64,
    held: Mutex<HashMap<(DirectoryId, &'static str, u64), Remembered>>,
}

impl Pages {
    /// The place behind which the page at this offset begins, if it is remembered and still holds.
    pub(super) fn place(
        &self,
        directory: DirectoryId,
        kind: &'static str,
        offset: u64,
        removed: i64,
    ) -> Option<Place> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, place) = held.get(&(directory, kind, offset))?;
        (*then == removed).then_some(*place)
    }

    /// How many places had to be found by counting, since nothing here led to them.
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.counted.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self) {
        self.counted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remember(
        &self,
        directory: DirectoryId,
        kind: &'static str,
        offset: u64,
        ended: Remembered,
    ) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= PAGES_MAX {
            held.clear();
        }
        held.insert((directory, kind, offset), ended);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_place_holds_until_something_is_removed() {
        let (pages, directory) = (Pages::default(), DirectoryId(Uuid::nil()));
        let place = Place { at: Timestamp(7), id: Uuid::max() };
        pages.remember(directory, "User", 100, (3, place));
        assert_eq!(pages.place(directory, "User", 100, 3), Some(place));
        assert_eq!(pages.place(directory, "User", 100, 4), None);
        assert_eq!(pages.place(directory, "Group", 100, 3), None);
        assert_eq!(pages.place(directory, "User", 99, 3), None);
    }

    #[test]
    fn no_more_places_are_held_than_the_limit() {
        let (pages, directory) = (Pages::default(), DirectoryId(Uuid::nil()));
        let held = || pages.held.lock().unwrap().len();
        for offset in 0..PAGES_MAX as u64 {
            pages.remember(directory, "User", offset, (0, Place::START));
        }
        assert_eq!(held(), PAGES_MAX);
        pages.remember(directory, "User", u64::MAX, (0, Place::START));
        assert_eq!(held(), 1);
    }
}
