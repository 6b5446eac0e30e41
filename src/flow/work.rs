//! One transaction: who acts, where, at what instant, and what happened.
//!
//! The instant is frozen when the work opens. Events, changes and jobs are collected and written in
//! the same transaction, just before it commits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::access::{ACCESS_CHANGED, Rules};
use super::problem::Problem;
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::event::{Event, Happened};
use crate::domain::id::{EventId, JobId, OrganizationId};
use crate::domain::platform::Definition;
use crate::domain::time::{Rng, Timestamp};
use crate::scim::Notes;
use crate::store::outbox::Job;
use crate::store::rule_set::{Hold, RuleSet};
use crate::store::{self, Conn, Scope, Tx};

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
    /// Checked mapping rules, shared by all works.
    pub(super) rules: Arc<Rules>,
    /// The rule set, once this work holds it.
    pub(super) rule_set: Option<(Hold, RuleSet)>,
    /// This work edited the rules: those of memory are not what it must apply.
    pub(super) rules_edited: bool,
    events: Vec<Happened>,
    changes: Vec<Change>,
    heard: HashSet<Change>,
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
        platform: Arc<Definition>,
        rules: Arc<Rules>,
    ) -> Self {
        Self {
            tx,
            actor,
            organization,
            at,
            rng: Rng,
            notes: Notes::default(),
            platform,
            rules,
            rule_set: None,
            rules_edited: false,
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

    /// Changes are written before events: the number of a user's change is the version of her
    /// access, which events about it carry.
    async fn write_collected(&mut self) -> Result<(), Problem> {
        let (at, mut versions) = (self.at, HashMap::new());
        for change in self.changes.clone() {
            let number = store::change::insert(&mut self.scope(), &change, at).await?;
            if let Change::User(user) = change {
                versions.insert(user.to_string(), number);
            }
        }
        let actor = self.actor.reference();
        let events = std::mem::take(&mut self.events);
        // Ids of one instant are drawn by chance: sorted, they keep the order of what happened.
        let mut ids: Vec<EventId> = events.iter().map(|_| self.id()).collect();
        ids.sort_unstable();
        for (id, happened) in ids.into_iter().zip(events) {
            let mut event = Event {
                id,
                organization_id: self.organization,
                name: happened.name,
                occurred_at: self.at,
                actor: actor.clone(),
                subject: (happened.kind, happened.id),
                data: happened.data,
            };
            if let Some(version) = versions.get(&event.subject.1)
                && event.name == ACCESS_CHANGED
            {
                event.data.insert("access_version".to_owned(), Value::from(*version));
            }
            store::event::insert(&mut self.scope(), &event).await?;
        }
        Ok(())
    }
}
