//! One transaction: who acts, where, at what instant, and what happened.
//!
//! The instant is frozen when the work opens. Events, changes and jobs are collected and written in
//! the same transaction, just before it commits.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::Value;

use super::access::{ACCESS_CHANGED, Rules};
use super::announcement;
use super::problem::{Code, Problem};
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::event::{Event, Happened};
use crate::domain::id::{EventId, JobId, OrganizationId};
use crate::domain::platform::Definition;
use crate::domain::seal::Seal;
use crate::domain::time::{Rng, Timestamp};
use crate::scim::Notes;
use crate::store::outbox::Job;
use crate::store::rule_set::{Hold, RuleSet};
use crate::store::{self, Conn, Scope, Tx};

/// Events that one statement writes.
const EVENTS_AT_ONCE: usize = 1_000;

/// A transaction with all that a verb needs.
pub struct Work {
    tx: Tx,
    /// Who acts.
    pub actor: Actor,
    /// In which organization.
    pub organization: OrganizationId,
    /// The frozen instant.
    pub at: Timestamp,
    /// Where chance comes from.
    pub rng: Rng,
    /// What the engine makes use of while this runs.
    pub notes: Notes,
    /// Which permissions, roles and resource kinds there are.
    pub platform: Arc<Definition>,
    /// Marks what must be recognised and not kept.
    pub seal: Arc<Seal>,
    /// Checked mapping rules, shared by all works.
    pub(super) rules: Arc<Rules>,
    /// The rule set, once this work holds it.
    pub(super) rule_set: Option<(Hold, RuleSet)>,
    /// A run of this work found out that it must hold the rule set alone: the next one begins so.
    pub(super) must_be_alone: Arc<AtomicBool>,
    /// This work edited the rules: those of memory are not what it must apply.
    pub(super) rules_edited: bool,
    /// The request in which this is done, if any.
    pub(super) request_id: Option<String>,
    events: Vec<Happened>,
    changes: Vec<Change>,
    heard: HashSet<Change>,
    jobs: usize,
}

/// What a part of a work answers, boxed so that it may borrow the work.
pub type Part<'w, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'w>>;

/// Where a part of a work began: what was collected until then.
struct Mark {
    rule_set: Option<(Hold, RuleSet)>,
    rules_edited: bool,
    events: usize,
    changes: usize,
    jobs: usize,
}

/// What those who answer from memory must hear after the commit.
pub(super) struct Aftermath {
    pub changes: Vec<Change>,
    pub jobs: usize,
}

impl Work {
    pub(super) fn new(
        tx: Tx,
        (actor, organization): (Actor, OrganizationId),
        at: Timestamp,
        (platform, rules, seal): (Arc<Definition>, Arc<Rules>, Arc<Seal>),
    ) -> Self {
        Self {
            tx,
            actor,
            organization,
            at,
            rng: Rng,
            notes: Notes::default(),
            platform,
            seal,
            rules,
            rule_set: None,
            must_be_alone: Arc::default(),
            rules_edited: false,
            request_id: None,
            events: Vec::new(),
            changes: Vec::new(),
            heard: HashSet::new(),
            jobs: 0,
        }
    }

    /// The tables of the organization.
    pub fn scope(&mut self) -> Scope<'_> {
        Scope::new(self.tx.conn(), self.organization)
    }

    /// Tables that no organization owns.
    pub fn conn(&mut self) -> Conn<'_> {
        self.tx.conn()
    }

    /// A new id at the frozen instant.
    #[must_use]
    pub fn id<T: From<uuid::Uuid>>(&self) -> T {
        self.rng.id(self.at)
    }

    /// Something happened: audit entry, feed item and webhook body in one.
    pub fn record(&mut self, happened: Happened) {
        self.events.push(happened);
    }

    /// Something must be read anew by those who answer from memory.
    pub fn changed(&mut self, change: Change) {
        if self.heard.insert(change.clone()) {
            self.changes.push(change);
        }
    }

    /// Leaves something to be done after commit.
    ///
    /// # Errors
    /// [`Problem`] when the outbox cannot be written.
    pub async fn enqueue(&mut self, kind: &str, key: &str, payload: Value) -> Result<(), Problem> {
        let job = Job {
            id: self.id::<JobId>(),
            organization_id: self.organization,
            kind: kind.to_owned(),
            key: key.to_owned(),
            payload: payload.to_string(),
            attempts: 0,
        };
        let at = self.at;
        store::outbox::insert(&mut self.scope(), &job, at).await?;
        self.jobs += 1;
        Ok(())
    }

    /// Notes that jobs were left besides.
    pub(super) const fn left(&mut self, jobs: usize) {
        self.jobs = self.jobs.saturating_add(jobs);
    }

    /// Runs a part of this work that may be refused by itself: then nothing of it is left, neither
    /// rows nor what it recorded, and the work goes on. A part that ran into a race or an outage is
    /// no refusal: it ends the whole work.
    ///
    /// # Errors
    /// What ends the whole work; the part's own refusal is the inner one.
    pub async fn part<T, E, F>(&mut self, part: F) -> Result<Result<T, E>, Problem>
    where
        T: Send,
        E: AsRef<Problem> + Into<Problem> + Send,
        F: for<'w> FnOnce(&'w mut Self) -> Part<'w, T, E> + Send,
    {
        let mark = self.mark();
        self.tx.begin_part().await?;
        match part(self).await {
            Ok(value) => {
                self.tx.keep_part().await?;
                Ok(Ok(value))
            }
            Err(refused) if refused.as_ref().again => Err(refused.into()),
            Err(refused) if refused.as_ref().code == Code::Unavailable => Err(refused.into()),
            Err(refused) => {
                self.tx.drop_part().await?;
                self.forget_since(mark);
                Ok(Err(refused))
            }
        }
    }

    fn mark(&self) -> Mark {
        Mark {
            rule_set: self.rule_set.clone(),
            rules_edited: self.rules_edited,
            events: self.events.len(),
            changes: self.changes.len(),
            jobs: self.jobs,
        }
    }

    /// Locks that the part took are gone with it, so that what it held is not held any more.
    fn forget_since(&mut self, mark: Mark) {
        self.rule_set = mark.rule_set;
        self.rules_edited = mark.rules_edited;
        self.events.truncate(mark.events);
        for change in self.changes.drain(mark.changes..) {
            self.heard.remove(&change);
        }
        self.jobs = mark.jobs;
    }

    /// Writes what was collected; the runner commits.
    pub(super) async fn finish(mut self) -> (Tx, Result<Aftermath, Problem>) {
        let written = self.write_collected().await;
        let aftermath = Aftermath { changes: self.changes, jobs: self.jobs };
        (self.tx, written.map(|()| aftermath))
    }

    /// Gives the transaction back with nothing written, to be taken back.
    pub(super) fn finish_nothing(self) -> Tx {
        self.tx
    }

    async fn write_collected(&mut self) -> Result<(), Problem> {
        let (at, mut changes) = (self.at, self.changes.clone());
        let (actor, token) = (self.actor.reference(), self.actor.token());
        let happened = std::mem::take(&mut self.events);
        announcement::leave(self, &happened).await?;
        if happened.is_empty() {
            return Ok(store::change::insert(&mut self.scope(), &changes, at).await?);
        }
        // Ids of one instant are drawn by chance: sorted, they keep the order of what happened.
        let mut ids: Vec<EventId> = happened.iter().map(|_| self.id()).collect();
        ids.sort_unstable();
        let event = |(id, happened): (EventId, Happened)| Event {
            id,
            organization_id: happened.elsewhere.unwrap_or(self.organization),
            name: happened.name,
            occurred_at: at,
            actor: actor.clone(),
            token_id: token,
            request_id: self.request_id.clone(),
            subject: (happened.kind, happened.id),
            data: happened.data,
        };
        let events = ids.into_iter().zip(happened).map(event);
        let (here, elsewhere): (Vec<Event>, Vec<Event>) =
            events.partition(|event| event.organization_id == self.organization);
        for some in here.chunks(EVENTS_AT_ONCE) {
            store::event::insert(&mut self.scope(), (some, ACCESS_CHANGED), &changes).await?;
            changes.clear();
        }
        store::change::insert(&mut self.scope(), &changes, at).await?;
        for some in elsewhere.chunk_by(|one, next| one.organization_id == next.organization_id) {
            let Some(there) = some.first().map(|event| event.organization_id) else { continue };
            let mut scope = Scope::new(self.tx.conn(), there);
            store::event::insert(&mut scope, (some, ACCESS_CHANGED), &[]).await?;
        }
        Ok(())
    }
}
