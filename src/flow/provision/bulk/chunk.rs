//! One transaction of a bulk request: operations one after another, each a part of its own.
//!
//! New users that follow one another are added together; when one of them is refused, they are
//! taken back and added one by one, so that each gets its own answer and the order of effects is
//! that of the plan.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::call::{self, Ready};
use super::{Answer, CHUNK_MS, Done, circle};
use crate::domain::id::UserId;
use crate::flow::access;
use crate::flow::problem::Problem;
use crate::flow::provision::{Client, user_batch};
use crate::flow::work::Work;
use crate::scim::Resource;
use crate::scim::bulk::{Bulk, Call, Made, Operation, Unit};
use crate::scim::catalog::USER;
use crate::store;
use crate::telemetry::Stopwatch;

/// What one transaction shall do; it may run again.
pub(super) struct Chunk {
    pub client: Client,
    pub bulk: Arc<Bulk>,
    pub units: Vec<Unit>,
    /// What earlier transactions made.
    pub made: Made,
    /// After how many further errors the rest is left.
    pub errors_left: usize,
    /// How many of the units are not to be tried together, since that was refused before.
    pub one_by_one: usize,
}

/// What one transaction did.
pub(super) struct Ran {
    pub answers: Vec<Answer>,
    pub made: Made,
    /// How many units were done.
    pub units: usize,
    /// How many of the units that follow are not to be tried together.
    pub one_by_one: usize,
}

impl Ran {
    fn errors(&self) -> usize {
        self.answers.iter().filter(|answer| answer.result.is_err()).count()
    }
}

impl Chunk {
    /// Runs units until all are done, the time is over or too much failed; at least one.
    pub(super) async fn run(&self, work: &mut Work) -> Result<Ran, Problem> {
        let watch = Stopwatch::start();
        access::hold_rules(work).await?;
        self.hold_users(work).await?;
        let (made, one_by_one) = (self.made.clone(), self.one_by_one);
        let mut ran = Ran { answers: Vec::new(), made, units: 0, one_by_one };
        while let Some(unit) = self.units.get(ran.units) {
            if ran.one_by_one == 0 {
                let together = self.new_users(&ran);
                if together.len() > 1 {
                    self.add_users(work, together, &mut ran).await?;
                    continue;
                }
            }
            if unit.is_circular() {
                let (bulk, made) = (&self.bulk, &mut ran.made);
                let done = circle::run(work, self.client, bulk, unit, made).await?;
                ran.answers.extend(done);
            } else {
                for at in unit.positions() {
                    self.one(work, *at, &mut ran).await?;
                }
            }
            ran.units += 1;
            ran.one_by_one = ran.one_by_one.saturating_sub(1);
            let late = watch.elapsed() >= Duration::from_millis(CHUNK_MS);
            if late || ran.errors() >= self.errors_left {
                break;
            }
        }
        Ok(ran)
    }

    fn operation(&self, at: usize) -> Option<(&Operation, &Call)> {
        let operation = self.bulk.operations.get(at)?;
        Some((operation, operation.call.as_ref().ok()?))
    }

    /// Locks the users that are changed here in the order of their ids, before any of them is
    /// changed in the order of the request (S20).
    async fn hold_users(&self, work: &mut Work) -> Result<(), Problem> {
        let users: BTreeSet<UserId> = self
            .units
            .iter()
            .flat_map(Unit::positions)
            .filter_map(|at| self.operation(*at))
            .filter(|(_, call)| call.rt.name == USER.name)
            .filter_map(|(_, call)| self.made.target(call.target()?).ok())
            .filter_map(|id| UserId::parse(id).ok())
            .collect();
        if users.len() > 1 && work.scope().is_postgres() {
            let users: Vec<UserId> = users.into_iter().collect();
            store::profile::hold(&mut work.scope(), &users).await?;
        }
        Ok(())
    }

    async fn one(&self, work: &mut Work, at: usize, ran: &mut Ran) -> Result<(), Problem> {
        let Some(operation) = self.bulk.operations.get(at) else { return Ok(()) };
        let answer = match &operation.call {
            Err(error) => Answer::refused(at, error.clone()),
            Ok(call) => self.called(work, (at, call), &ran.made).await?,
        };
        ran.made.note(operation, answer.id.clone().filter(|_| answer.result.is_ok()));
        ran.answers.push(answer);
        Ok(())
    }

    async fn called(
        &self,
        work: &mut Work,
        (position, call): (usize, &Call),
        made: &Made,
    ) -> Result<Answer, Problem> {
        let id = call.target().and_then(|target| made.target(target).ok()).map(str::to_owned);
        let ready = match call::ready(call, made, self.client) {
            Ok(ready) => ready,
            Err(error) => return Ok(Answer { position, id, result: Err(error.into()) }),
        };
        let (client, expected) = (self.client, call::expected(call));
        let ran = work
            .part(move |work| {
                Box::pin(async move { call::apply(work, client, ready, &expected).await })
            })
            .await?;
        Ok(match ran {
            Ok((id, done)) => Answer { position, id: Some(id), result: Ok(done) },
            Err(problem) => Answer { position, id, result: Err(problem) },
        })
    }

    /// The new users that come next, as far as they are good and refer to nothing among them.
    fn new_users(&self, ran: &Ran) -> Vec<Resource> {
        let next = self.units.get(ran.units..).unwrap_or_default().iter();
        let document = |unit: &Unit| {
            let at = unit.positions().first().filter(|_| !unit.is_circular())?;
            let (_, call) = self.operation(*at)?;
            if call.rt.name != USER.name || call.target().is_some() {
                return None;
            }
            match call::ready(call, &ran.made, self.client) {
                Ok(Ready::CreateUser(document)) => Some(document),
                _ => None,
            }
        };
        next.map_while(document).collect()
    }

    /// Adds users together; leaves them to be added one by one when any is refused.
    async fn add_users(
        &self,
        work: &mut Work,
        documents: Vec<Resource>,
        ran: &mut Ran,
    ) -> Result<(), Problem> {
        let (client, count) = (self.client, documents.len());
        let added = work
            .part(move |work| {
                Box::pin(async move { user_batch::create(work, client, &documents).await })
            })
            .await?;
        let Ok(users) = added else {
            ran.one_by_one = count;
            return Ok(());
        };
        for user in users {
            let unit = self.units.get(ran.units).map(Unit::positions).unwrap_or_default();
            for at in unit {
                let id = user.id.to_string();
                if let Some((operation, _)) = self.operation(*at) {
                    ran.made.note(operation, Some(id.clone()));
                }
                let done = Done { status: 201, version: Some(user.version) };
                ran.answers.push(Answer { position: *at, id: Some(id), result: Ok(done) });
            }
            ran.units += 1;
        }
        Ok(())
    }
}
