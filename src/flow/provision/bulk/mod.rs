//! Bulk requests: many operations in few transactions (C135 to C143).
//!
//! Operations run in chunks. A chunk is one transaction and holds the writer for a bounded number
//! of operations and a bounded time; each operation is a part of it that is refused by itself
//! (C140). What a chunk did is committed before the next one begins, so a request that is given up
//! in the middle has done what its answers say. Parts that are refused leave no trace.

mod call;
mod chunk;
mod circle;

use std::collections::VecDeque;
use std::sync::Arc;

use self::chunk::Chunk;
use super::Client;
use crate::domain::actor::Actor;
use crate::domain::id::OrganizationId;
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::scim::ScimError;
use crate::scim::bulk::{Bulk, Call, Made, Unit, Verb, plan};
use crate::scim::catalog::USER;

/// Operations of one transaction; only a circle of creates may have more.
pub const CHUNK_OPERATIONS: usize = 100;
/// After how many milliseconds no further operation joins a transaction.
pub const CHUNK_MS: u64 = 250;

/// What was done to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// 201, 200 or 204.
    pub status: u16,
    /// The version that it has now; `None` when it is gone.
    pub version: Option<i64>,
}

/// What one operation came to.
#[derive(Debug)]
pub struct Answer {
    /// Its position in the request.
    pub position: usize,
    /// The id of its resource, as far as there is one.
    pub id: Option<String>,
    /// What was done, or why nothing was.
    pub result: Result<Done, Problem>,
}

impl Answer {
    fn refused(position: usize, problem: impl Into<Problem>) -> Self {
        Self { position, id: None, result: Err(problem.into()) }
    }
}

/// A bulk request while it runs.
pub struct Run {
    client: Client,
    bulk: Arc<Bulk>,
    waiting: VecDeque<Unit>,
    made: Made,
    errors: usize,
    /// How many of the next units are not to be tried together.
    one_by_one: usize,
}

impl Run {
    /// Begins a request; nothing has been done yet.
    #[must_use]
    pub fn new(client: Client, bulk: Bulk) -> Self {
        let waiting = plan(&bulk.operations).into();
        let (bulk, made) = (Arc::new(bulk), Made::default());
        Self { client, bulk, waiting, made, errors: 0, one_by_one: 0 }
    }

    /// The request.
    #[must_use]
    pub fn bulk(&self) -> Arc<Bulk> {
        Arc::clone(&self.bulk)
    }

    /// Whether nothing is left to do, or so much failed that the rest is left (C139).
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.waiting.is_empty() || self.errors_left() == 0
    }

    fn errors_left(&self) -> usize {
        self.bulk.fail_on_errors.unwrap_or(usize::MAX).saturating_sub(self.errors)
    }

    /// Does the next operations in one transaction and answers for them.
    ///
    /// # Errors
    /// 503 or 500 when the transaction failed as a whole: nothing of it was done.
    pub async fn step(
        &mut self,
        runner: &Runner,
        (actor, organization): (Actor, OrganizationId),
    ) -> Result<Vec<Answer>, Problem> {
        let chunk = Arc::new(Chunk {
            client: self.client,
            bulk: Arc::clone(&self.bulk),
            units: self.next(runner.db.is_postgres()),
            made: self.made.clone(),
            errors_left: self.errors_left(),
            one_by_one: self.one_by_one,
        });
        let ran = runner
            .write(actor, organization, move |work| {
                let chunk = Arc::clone(&chunk);
                Box::pin(async move { chunk.run(work).await })
            })
            .await?;
        self.waiting.drain(..ran.units.min(self.waiting.len()));
        self.made = ran.made;
        self.one_by_one = ran.one_by_one;
        self.errors += ran.answers.iter().filter(|answer| answer.result.is_err()).count();
        Ok(ran.answers)
    }

    /// What is left to do, each operation refused with this error.
    #[must_use]
    pub fn left(&self, error: &ScimError) -> Vec<Answer> {
        let positions = self.waiting.iter().flat_map(Unit::positions);
        positions.map(|at| Answer::refused(*at, error.clone())).collect()
    }

    /// The units of the next transaction.
    fn next(&self, postgres: bool) -> Vec<Unit> {
        let (mut units, mut operations) = (Vec::new(), 0);
        for unit in &self.waiting {
            let alone = postgres && self.locks_groups(unit);
            operations += unit.positions().len();
            if !units.is_empty() && (alone || operations > CHUNK_OPERATIONS) {
                break;
            }
            units.push(unit.clone());
            if alone {
                break;
            }
        }
        units
    }

    /// Whether a unit locks groups before users. Where writers run side by side, such a unit has a
    /// transaction of its own: in a common one users would be locked before the next group (S20).
    fn locks_groups(&self, unit: &Unit) -> bool {
        let calls = unit.positions().iter().filter_map(|at| self.bulk.operations.get(*at));
        let of_users =
            |call: &Call| call.rt.name == USER.name && !matches!(call.verb, Verb::Remove(_));
        calls.filter_map(|operation| operation.call.as_ref().ok()).any(|call| !of_users(call))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::domain::directory::{OnProvision, UnknownMembers};
    use crate::domain::id::DirectoryId;
    use crate::scim::bulk::{REQUEST_URN, parse};
    use crate::scim::{Dialect, Notes};

    fn run(operations: &[Value]) -> Run {
        let body = json!({"schemas": [REQUEST_URN], "failOnErrors": 2, "Operations": operations});
        let dialect = Dialect::Generic;
        let bulk = parse(body.as_object().unwrap().clone(), dialect, &mut Notes::default());
        let unknown_members = UnknownMembers::default();
        let directory = DirectoryId(Uuid::nil());
        let on_provision = OnProvision::default();
        Run::new(Client { directory, dialect, unknown_members, on_provision }, bulk.unwrap())
    }

    fn create(endpoint: &str, at: usize) -> Value {
        json!({"method": "POST", "path": endpoint, "bulkId": format!("b{at}"), "data": {}})
    }

    fn sizes(mut run: Run, postgres: bool) -> Vec<usize> {
        let mut sizes = Vec::new();
        while !run.waiting.is_empty() {
            let next = run.next(postgres).len();
            sizes.push(next);
            run.waiting.drain(..next);
        }
        sizes
    }

    #[test]
    fn a_transaction_has_at_most_so_many_operations() {
        let users: Vec<Value> = (0..=CHUNK_OPERATIONS).map(|at| create("/Users", at)).collect();
        for postgres in [true, false] {
            assert_eq!(sizes(run(&users), postgres), [CHUNK_OPERATIONS, 1]);
        }
    }

    #[test]
    fn what_locks_groups_has_a_transaction_of_its_own_where_writers_run_side_by_side_s20() {
        let operations = [
            create("/Users", 0),
            create("/Users", 1),
            create("/Groups", 2),
            create("/Groups", 3),
            json!({"method": "PATCH", "path": "/Users/1", "data": {}}),
            json!({"method": "DELETE", "path": "/Users/1"}),
            json!({"method": "FROB", "path": "/Users/1"}),
        ];
        assert_eq!(sizes(run(&operations), true), [2, 1, 1, 1, 1, 1]);
        assert_eq!(sizes(run(&operations), false), [7]);
    }

    #[test]
    fn a_run_is_over_when_so_much_failed_c139() {
        let mut run = run(&[create("/Users", 0), create("/Users", 1)]);
        assert!(!run.is_over());
        run.errors = 1;
        assert!(!run.is_over());
        run.errors = 2;
        assert!(run.is_over());
        let left = run.left(&ScimError::status(503, "later"));
        assert_eq!(left.iter().map(|answer| answer.position).collect::<Vec<_>>(), [0, 1]);
    }
}
