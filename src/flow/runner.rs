//! Runs works: begin, run the verb, commit, tell those who answer from memory.
//!
//! Each write runs in a task of its own, so that a caller who goes away cannot tear it; one whose
//! request was given up is taken back. A transaction that lost a race on PostgreSQL is run again a
//! few times.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures_util::FutureExt;
use tokio::sync::Notify;

use super::access::Rules;
use super::noted;
use super::patience::{self, Patience};
use super::problem::Problem;
use super::request;
use super::work::{Aftermath, Work};
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::id::OrganizationId;
use crate::domain::platform::Definition;
use crate::domain::seal::Seal;
use crate::domain::time::{Clock, Rng};
use crate::scim::Notes;
use crate::store::{Db, Scope};

/// How often a transaction that lost a race is run in all.
pub const RUNS_MAX: usize = 8;

/// What a verb answers, boxed so that it may borrow the work.
pub type Verb<'w, T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'w>>;

/// Whoever answers from memory hears what a commit changed, before the commit's caller is answered.
pub trait Listener: Send + Sync {
    /// These things of the organization must be read anew.
    fn changed(&self, organization: OrganizationId, changes: &[Change]);

    /// Changes may have been missed: everything must be read anew.
    fn forget_all(&self);
}

/// What a run has besides its verb: whether it must hold the rule set alone, where its notes go,
/// and who waits for which request.
type Besides<'r> = (&'r Arc<AtomicBool>, &'r mut Notes, &'r (Patience, Option<String>));

/// What every work stands on.
#[derive(Clone)]
pub struct Runner {
    /// The database.
    pub db: Db,
    /// Where instants come from.
    pub clock: Arc<Clock>,
    /// Which permissions, roles and resource kinds there are.
    pub platform: Arc<Definition>,
    /// Seals and marks secrets.
    pub seal: Arc<Seal>,
    /// Checked mapping rules of organizations.
    pub rules: Arc<Rules>,
    /// Who hears of changes.
    pub listeners: Arc<[Arc<dyn Listener>]>,
    /// Wakes the worker when a commit left something to do.
    pub wake: Arc<Notify>,
    /// Wakes whoever sends mail.
    pub wake_mail: Arc<Notify>,
}

impl Runner {
    /// The tables of an organization, for reads outside a transaction.
    #[must_use]
    pub fn read(&self, organization: OrganizationId) -> Scope<'_> {
        Scope::new(self.db.conn(), organization)
    }

    /// Runs one transaction: commits when `verb` answers `Ok`, takes everything back otherwise.
    /// `verb` may run several times when transactions race.
    ///
    /// # Errors
    /// What `verb` refused; 503 when the database does not answer, or when the request was given up
    /// meanwhile; 500 when `verb` panicked.
    pub async fn write<T, F>(
        &self,
        actor: Actor,
        organization: OrganizationId,
        verb: F,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: for<'w> Fn(&'w mut Work) -> Verb<'w, T> + Send + Sync + 'static,
    {
        let runner = self.clone();
        let noted = noted::current();
        let asked = (patience::current(), request::current());
        let task = tokio::spawn(async move {
            let (mut run, mut notes) = (1, Notes::default());
            let alone = Arc::new(AtomicBool::new(false));
            let done = loop {
                let besides = (&alone, &mut notes, &asked);
                match runner.once(&actor, organization, &verb, besides).await {
                    Err(problem) if problem.again && run < RUNS_MAX => run += 1,
                    done => break done,
                }
            };
            if let Some(noted) = noted {
                noted.take_in(&notes);
            }
            done
        });
        task.await.unwrap_or_else(|error| Err(Problem::internal(error)))
    }

    async fn once<T, F>(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        verb: &F,
        (alone, notes, (patience, request)): Besides<'_>,
    ) -> Result<T, Problem>
    where
        F: for<'w> Fn(&'w mut Work) -> Verb<'w, T>,
    {
        let tx = self.db.begin().await?;
        if patience.is_over() {
            self.db.drop_write(tx).await?;
            return Err(given_up());
        }
        let at = self.clock.now();
        let shared = (Arc::clone(&self.platform), Arc::clone(&self.rules), Arc::clone(&self.seal));
        let mut work = Work::new(tx, (actor.clone(), organization), at, shared);
        work.must_be_alone = Arc::clone(alone);
        work.request_id.clone_from(request);
        let ran = AssertUnwindSafe(verb(&mut work)).catch_unwind().await;
        *notes = std::mem::take(&mut work.notes);
        let (tx, written) = match ran {
            Ok(Ok(value)) => {
                let (tx, written) = work.finish().await;
                (tx, written.map(|aftermath| (value, aftermath)))
            }
            Ok(Err(problem)) => (work.finish_nothing(), Err(problem)),
            Err(_) => (work.finish_nothing(), Err(Problem::internal("a verb panicked"))),
        };
        match written {
            Ok((value, aftermath)) if patience.commits() => {
                let kept = self.db.keep(tx).await;
                patience.committed();
                if kept.is_err() {
                    self.rules.forget_all();
                }
                kept?;
                self.tell(organization, &aftermath);
                Ok(value)
            }
            refused => {
                let problem = refused.err().unwrap_or_else(given_up);
                if let Err(error) = self.db.drop_write(tx).await {
                    tracing::warn!(error = %error, "a write could not be taken back cleanly");
                }
                Err(problem)
            }
        }
    }

    fn tell(&self, organization: OrganizationId, aftermath: &Aftermath) {
        if !aftermath.changes.is_empty() {
            for listener in self.listeners.iter() {
                listener.changed(organization, &aftermath.changes);
            }
        }
        if aftermath.jobs > 0 {
            self.wake.notify_one();
            self.wake_mail.notify_one();
        }
    }

    /// A new id at the present instant, for what must be named before its work opens.
    #[must_use]
    pub fn id<T: From<uuid::Uuid>>(&self) -> T {
        Rng.id(self.clock.now())
    }
}

fn given_up() -> Problem {
    Problem::unavailable("the request was given up")
}
