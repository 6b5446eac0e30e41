//! Changes on their way to everybody in this process who answers from memory.
//!
//! A commit of this process is told at once. Commits of other processes are read from the table of
//! changes: everything above the highest number seen, and the numbers below it that were missing
//! then, since numbers are drawn before commit. A number that stays missing for [`OVERLAP_S`] was
//! never committed. Who was away for too long forgets everything instead.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::change::Change;
use crate::domain::id::OrganizationId;
use crate::domain::time::Timestamp;
use crate::flow::runner::Listener;
use crate::store::change::{self, Numbered};
use crate::store::{Db, StoreError};

/// How long a number may stay missing until it counts as never committed, in seconds.
pub const OVERLAP_S: i64 = 60;
/// How long nothing may have been read until everything is forgotten, in seconds; changes are
/// kept for longer than that.
pub const AWAY_MAX_S: i64 = 300;
/// Changes that are read at once.
pub const AT_ONCE: i64 = 1_000;
/// Missing numbers that are looked for; past that everything is forgotten.
pub const MISSING_MAX: usize = 10_000;

/// Tells changes to those who answer from memory.
pub struct Feed {
    listeners: Vec<Arc<dyn Listener>>,
    place: Mutex<Place>,
    told: Notify,
    said: Notify,
}

/// How far the table of changes was read.
#[derive(Clone, Debug, Default)]
struct Place {
    /// When it was read last; `None` before the first time.
    read_at: Option<Timestamp>,
    newest: i64,
    missing: BTreeMap<i64, Timestamp>,
}

impl Listener for Feed {
    fn changed(&self, organization: OrganizationId, changes: &[Change]) {
        self.tell(organization, changes);
        self.told.notify_one();
    }

    fn forget_all(&self) {
        self.listeners.iter().for_each(|listener| listener.forget_all());
    }
}

impl Feed {
    /// A feed to these listeners, which has read nothing yet.
    #[must_use]
    pub fn new(listeners: Vec<Arc<dyn Listener>>) -> Self {
        Self { listeners, place: Mutex::default(), told: Notify::new(), said: Notify::new() }
    }

    /// Waits until a commit of this process should be told to other processes.
    pub async fn told(&self) {
        self.told.notified().await;
    }

    /// Another process said that something changed.
    pub fn say(&self) {
        self.said.notify_one();
    }

    /// Waits until another process says that something changed.
    pub async fn said(&self) {
        self.said.notified().await;
    }

    fn tell(&self, organization: OrganizationId, changes: &[Change]) {
        for listener in &self.listeners {
            listener.changed(organization, changes);
        }
    }

    /// Reads what was committed since the last time and tells it. One caller at a time.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer; the next time goes on from here.
    pub async fn read(&self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let away = place.read_at.is_none_or(|at| now.since_s(at) > AWAY_MAX_S);
        if away || place.missing.len() > MISSING_MAX {
            place = begin(db, now).await?;
            self.forget_all();
        }
        self.read_new(db, &mut place, now).await?;
        self.read_missing(db, &mut place, now).await?;
        place.read_at = Some(now);
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
        Ok(())
    }

    async fn read_new(&self, db: &Db, place: &mut Place, now: Timestamp) -> Result<(), StoreError> {
        loop {
            let rows = change::after(&mut db.conn(), place.newest, AT_ONCE).await?;
            let full = i64::try_from(rows.len()).is_ok_and(|count| count == AT_ONCE);
            for row in rows {
                place.miss(row.0, now);
                self.tell_one(row);
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn read_missing(
        &self,
        db: &Db,
        place: &mut Place,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let missing: Vec<i64> = place.missing.keys().copied().take(MISSING_MAX).collect();
        for row in change::among(&mut db.conn(), &missing).await? {
            place.missing.remove(&row.0);
            self.tell_one(row);
        }
        place.missing.retain(|_, since| now.since_s(*since) <= OVERLAP_S);
        Ok(())
    }

    fn tell_one(&self, (_, organization, change): Numbered) {
        self.tell(organization, &[change]);
    }
}

impl Place {
    /// Takes a number in, and notes those between the newest one and it.
    fn miss(&mut self, number: i64, now: Timestamp) {
        let room = MISSING_MAX.saturating_add(1).saturating_sub(self.missing.len());
        let between = (self.newest.saturating_add(1)..number).take(room);
        self.missing.extend(between.map(|number| (number, now)));
        self.newest = number;
    }
}

/// The place from which a process that knows nothing reads on: numbers drawn lately that are not
/// committed yet are among the missing.
async fn begin(db: &Db, now: Timestamp) -> Result<Place, StoreError> {
    let mut place = Place { newest: change::newest(&mut db.conn()).await?, ..Place::default() };
    let limit = i64::try_from(MISSING_MAX).unwrap_or(i64::MAX);
    let recent = change::numbers_since(&mut db.conn(), now.plus_s(-OVERLAP_S), limit).await?;
    let newest = place.newest;
    if let Some(first) = recent.first() {
        place.newest = first.saturating_sub(1);
        for number in recent {
            place.miss(number, now);
        }
        place.newest = place.newest.max(newest);
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_between_are_missing_until_they_come() {
        let mut place = Place { newest: 3, ..Place::default() };
        place.miss(4, Timestamp(0));
        assert!(place.missing.is_empty());
        place.miss(7, Timestamp(0));
        assert_eq!(place.missing.keys().copied().collect::<Vec<_>>(), [5, 6]);
        assert_eq!(place.newest, 7);
    }

    #[test]
    fn more_missing_numbers_than_the_limit_are_noticed_and_not_kept() {
        let mut place = Place::default();
        place.miss(1_000_000, Timestamp(0));
        assert_eq!(place.missing.len(), MISSING_MAX + 1);
    }
}
