//! `/Bulk`: many operations in one request (C135 to C143).
//!
//! Each operation counts against the directory's budget of them (S8), all before the first runs.
//! The operations run in chunks that are committed one after another. Before each further chunk the
//! door is asked once more, so that a token that is revoked in the middle does nothing more, and
//! the clock: what does not fit into [`TIME_S`] is answered with 503, operation by operation.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::answer::{self, Answer, Failure, scim_error};
use super::guard::{Base, Caller, Door};
use super::request::object;
use crate::app::App;
use crate::flow::noted;
use crate::flow::provision::bulk::{self as flow, Run};
use crate::flow::provision::limit::{Budget, Left};
use crate::http::answer::{etag, log};
use crate::http::route::{Needs, ScimScope};
use crate::scim::ScimError;
use crate::scim::bulk::{self, Answered, Operation, PAYLOAD_MAX};
use crate::telemetry::Stopwatch;

/// Seconds since the request came in after which no further chunk begins: well before a request is
/// given up.
pub const TIME_S: u64 = 20;

/// The body of a bulk request.
pub struct Message(Map<String, Value>);

impl FromRequest<App> for Message {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let too_large = |max| {
            let detail = format!("The body is larger than maxPayloadSize, which is {max} bytes");
            ScimError::status(413, detail)
        };
        Ok(Self(object(request, (PAYLOAD_MAX, too_large)).await?))
    }
}

/// What is asked before each chunk but the first, which the guard let in.
pub struct Gate {
    door: Door,
    parts: Parts,
    watch: Stopwatch,
    passed: bool,
}

impl FromRequestParts<App> for Gate {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let needs = Needs::Scim(ScimScope::Write);
        let door = Door { app: app.clone(), needs, path: "/Bulk" };
        Ok(Self { door, parts: parts.clone(), watch: Stopwatch::start(), passed: false })
    }
}

impl Gate {
    async fn pass(&mut self) -> Answer<()> {
        if !std::mem::replace(&mut self.passed, true) {
            return Ok(());
        }
        if self.watch.elapsed() >= Duration::from_secs(TIME_S) {
            let detail = "The time of the request was over before this operation: send it again";
            return Err(ScimError::status(503, detail).into());
        }
        self.door.admit(&mut self.parts).await.map(drop)
    }
}

/// `POST /Bulk`
pub async fn run(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    mut gate: Gate,
    Message(message): Message,
) -> Answer {
    let bulk = noted::noting(|notes| bulk::parse(message, caller.client.dialect, notes))?;
    let left = count(&app, &caller, bulk.operations.len())?;
    let mut run = Run::new(caller.client, bulk);
    let mut answers = Vec::new();
    let mut stopped = None;
    while !run.is_over() && stopped.is_none() {
        match step(&app, &caller, &mut gate, &mut run).await {
            Ok(more) => answers.extend(more),
            // Nothing was done: the whole request can be sent again.
            Err(failure) if answers.is_empty() => return Err(failure),
            Err(failure) => stopped = Some(failure.error()),
        }
    }
    let bulk = run.bulk();
    answers.extend(stopped.iter().flat_map(|error| run.left(error)));
    answers.sort_unstable_by_key(|answer| answer.position);
    let shown = answers.into_iter().filter_map(|answer| {
        let operation = bulk.operations.get(answer.position)?;
        Some(shown(&base, operation, answer))
    });
    let body = bulk::response(shown.collect());
    let mut answer = answer::body(StatusCode::OK, body.to_string());
    if let Some(left) = left {
        answer.extensions_mut().insert(left);
    }
    Ok(answer)
}

/// Counts the operations but the first, for which the door counted the request.
fn count(app: &App, caller: &Caller, operations: usize) -> Answer<Option<Left>> {
    let more = u32::try_from(operations).unwrap_or(u32::MAX).saturating_sub(1);
    if more == 0 {
        return Ok(None);
    }
    let taken = app.limits.take(caller.client.directory, Budget::Bulk, more);
    taken.map(Some).map_err(|spent| Failure::too_often(spent.wait_s))
}

async fn step(
    app: &App,
    caller: &Caller,
    gate: &mut Gate,
    run: &mut Run,
) -> Answer<Vec<flow::Answer>> {
    gate.pass().await?;
    Ok(run.step(&app.runner, (caller.actor(), caller.organization)).await?)
}

fn shown<'a>(base: &str, operation: &'a Operation, answer: flow::Answer) -> Answered<'a> {
    let (version, status) = match answer.result {
        Ok(done) => (done.version.map(etag), Ok(done.status)),
        Err(problem) => {
            log(&problem);
            (None, Err(scim_error(&problem)))
        }
    };
    let failed = status.is_err() && operation.makes();
    let location = location(base, operation, answer.id.as_deref()).filter(|_| !failed);
    Answered { operation, location, version, status }
}

/// The URL of the resource, or else what the operation addressed (C136).
fn location(base: &str, operation: &Operation, id: Option<&str>) -> Option<String> {
    match (&operation.call, id) {
        (Ok(call), Some(id)) => Some(format!("{base}{}/{id}", call.rt.endpoint)),
        _ => {
            let path = operation.path.as_deref()?;
            Some(format!("{base}/{}", path.strip_prefix('/').unwrap_or(path)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::scim::REQUEST_S;
    use crate::http::scim::request::BODY_S;

    #[test]
    fn the_time_of_a_bulk_request_ends_before_the_request_is_given_up() {
        const { assert!(TIME_S >= BODY_S && TIME_S + 5 < REQUEST_S) };
    }
}
