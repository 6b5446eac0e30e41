//! Creates that refer to each other in a circle: made in two phases, all of them or none (C137).
//!
//! First each is made without what is not there yet, then that is added. Who fails keeps its own
//! reason; to the others the circle is a conflict.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::call::{self, Change, Ready};
use super::{Answer, Done};
use crate::flow::problem::Problem;
use crate::flow::provision::{Client, Expected};
use crate::flow::work::Work;
use crate::scim::bulk::{Bulk, Call, Made, Operation, Unit, Verb};
use crate::scim::{Notes, ScimError, patch};

/// Why a circle was refused, and by which of its operations.
struct Broken {
    position: usize,
    problem: Problem,
}

impl AsRef<Problem> for Broken {
    fn as_ref(&self) -> &Problem {
        &self.problem
    }
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        broken.problem
    }
}

/// What one create of the circle made, and what is to be added to it.
struct Begun {
    position: usize,
    id: String,
    done: Done,
    later: Option<Map<String, Value>>,
}

/// Makes a circle, and notes what was made.
///
/// # Errors
/// What ends the whole transaction.
pub(super) async fn run(
    work: &mut Work,
    client: Client,
    bulk: &Arc<Bulk>,
    unit: &Unit,
    made: &mut Made,
) -> Result<Vec<Answer>, Problem> {
    let (circle, units) = ((Arc::clone(bulk), made.clone()), unit.clone());
    let ran = work
        .part(move |work| {
            Box::pin(async move {
                let ((bulk, made), unit) = (circle, units);
                both_phases(work, client, &bulk, &unit, made).await
            })
        })
        .await?;
    let mut note = |at: usize, id: Option<String>| {
        if let Some(operation) = bulk.operations.get(at) {
            made.note(operation, id);
        }
    };
    let mut answers = Vec::with_capacity(unit.positions().len());
    match ran {
        Ok(begun) => {
            for Begun { position, id, done, .. } in begun {
                note(position, Some(id.clone()));
                answers.push(Answer { position, id: Some(id), result: Ok(done) });
            }
        }
        Err(Broken { position, problem }) => {
            for other in unit.positions() {
                note(*other, None);
                if *other != position {
                    answers.push(Answer::refused(*other, conflict(position)));
                }
            }
            answers.push(Answer::refused(position, problem));
        }
    }
    Ok(answers)
}

fn conflict(position: usize) -> ScimError {
    let number = position + 1;
    let detail = format!("It is part of a circle of references in which operation {number} failed");
    ScimError::status(409, detail)
}

async fn both_phases(
    work: &mut Work,
    client: Client,
    bulk: &Bulk,
    unit: &Unit,
    mut made: Made,
) -> Result<Vec<Begun>, Broken> {
    let member = |at: &usize| {
        let operation = bulk.operations.get(*at)?;
        Some((*at, operation, operation.call.as_ref().ok()?))
    };
    let members: Vec<(usize, &Operation, &Call)> =
        unit.positions().iter().filter_map(member).collect();
    let mut begun = Vec::with_capacity(members.len());
    for (position, operation, call) in &members {
        let within =
            |name: &str| members.iter().any(|(_, one, _)| one.bulk_id.as_deref() == Some(name));
        let one = first(work, client, (*position, call), &made, &within);
        let one = one.await.map_err(|problem| Broken { position: *position, problem })?;
        made.note(operation, Some(one.id.clone()));
        begun.push(one);
    }
    let alone = members.len() == 1;
    for (one, (position, _, call)) in begun.iter_mut().zip(&members) {
        let Some(later) = one.later.take() else { continue };
        let added = second(work, client, (call, &one.id), (later, &made)).await;
        let broken = |problem| Broken { position: *position, problem };
        one.done.version = added.map_err(|problem| broken(impossible(problem, alone)))?;
    }
    Ok(begun)
}

/// Makes one without what is not there yet.
async fn first(
    work: &mut Work,
    client: Client,
    (position, call): (usize, &Call),
    made: &Made,
    within: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Begun, Problem> {
    let Verb::Create(body) = &call.verb else {
        return Err(Problem::internal("only creates refer to each other"));
    };
    let draft = made.draft(body, call.rt, &|name| within(name))?;
    let ready: Ready = call::create(call, draft.body)?;
    let (id, done) = call::apply(work, client, ready, &Expected::Any).await?;
    Ok(Begun { position, id, done, later: draft.later })
}

/// Adds what was not there yet; answers the version after that.
async fn second(
    work: &mut Work,
    client: Client,
    (call, id): (&Call, &str),
    (later, made): (Map<String, Value>, &Made),
) -> Result<Option<i64>, Problem> {
    let later = made.patch(&later, call.rt, client.dialect)?;
    let patch = patch::parse(later, call.rt, id, client.dialect, &mut Notes::default())?;
    let ready = call::changed(call, id, Change::Patch(patch))?;
    Ok(call::apply(work, client, ready, &Expected::Any).await?.1.version)
}

/// A circle that cannot be closed is a conflict; what refers to itself alone keeps its reason.
fn impossible(problem: Problem, alone: bool) -> Problem {
    match &problem.scim {
        Some(error) if !alone && !problem.again => {
            ScimError::status(409, format!("The circle cannot be closed: {}", error.detail)).into()
        }
        _ => problem,
    }
}
