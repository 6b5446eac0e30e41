//! What the requests of one exchange made use of: tolerances, and attributes that were dropped.
//!
//! The notes are collected in a task-local value, so that neither handlers nor verbs hand them on.
//! A transaction may run again: its notes are those of [`Work::notes`](super::work::Work), and the
//! runner takes only the last run's in.

use std::sync::{Arc, Mutex, PoisonError};

use crate::scim::Notes;

/// Where the notes of an exchange come together.
#[derive(Clone, Debug, Default)]
pub struct Noted(Arc<Mutex<Notes>>);

tokio::task_local! {
    static CURRENT: Noted;
}

/// Runs an exchange and answers what it made use of besides.
pub async fn collect<F: Future>(exchange: F) -> (F::Output, Notes) {
    let noted = Noted::default();
    let output = CURRENT.scope(noted.clone(), exchange).await;
    let notes = std::mem::take(&mut *noted.0.lock().unwrap_or_else(PoisonError::into_inner));
    (output, notes)
}

/// The notes of the exchange that this task answers, to be taken along into another task.
#[must_use]
pub fn current() -> Option<Noted> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs something that takes notes, and keeps them whatever it answers.
pub fn noting<T>(run: impl FnOnce(&mut Notes) -> T) -> T {
    let mut notes = Notes::default();
    let output = run(&mut notes);
    if let Some(noted) = current() {
        noted.take_in(&notes);
    }
    output
}

impl Noted {
    /// Adds notes to those of the exchange.
    pub fn take_in(&self, notes: &Notes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).merge(notes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::Tolerance;

    #[tokio::test]
    async fn notes_of_an_exchange_come_together_from_its_tasks_and_from_no_other() {
        noting(|notes| notes.used(Tolerance::WordBoolean));
        let (answer, notes) = collect(async {
            let failed: Result<(), ()> = noting(|notes| {
                notes.used(Tolerance::BareElement);
                Err(())
            });
            let noted = current().unwrap();
            let elsewhere = tokio::spawn(async move {
                let mut notes = Notes::default();
                notes.dropped("shoeSize");
                noted.take_in(&notes);
            });
            elsewhere.await.unwrap();
            failed
        })
        .await;
        assert!(answer.is_err() && notes.has(Tolerance::BareElement));
        assert!(!notes.has(Tolerance::WordBoolean));
        assert_eq!(notes.dropped_names(), ["shoeSize"]);
    }
}
