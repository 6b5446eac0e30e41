//! One decision, and many.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::body::{AllDecided, Asked as Body, Decided, Evaluation, Evaluations, malformed};
use super::who::{self, Asked};
use crate::app::App;
use crate::domain::id::{OrganizationId, UserId};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::Answer;
use crate::http::guard::Caller;

/// Questions in one request.
pub const EVALUATIONS_MAX: usize = 1_000;

/// How many of several questions are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Semantic {
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantic {
    fn read(word: Option<&str>) -> Result<Self, Problem> {
        match word {
            None | Some("execute_all") => Ok(Self::ExecuteAll),
            Some("deny_on_first_deny") => Ok(Self::DenyOnFirstDeny),
            Some("permit_on_first_permit") => Ok(Self::PermitOnFirstPermit),
            Some(_) => Err(malformed(
                "/options/evaluations_semantic",
                "value",
                "It is `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`.",
            )),
        }
    }

    /// Whether the questions after an answer stay unanswered.
    const fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

/// `POST /access/v1/evaluation`
pub async fn one(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<Evaluation>,
) -> Answer<Json<Decided>> {
    Ok(Json(decide(&app, &caller, &asked).await?))
}

/// `POST /access/v1/evaluations`
pub async fn many(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<Evaluations>,
) -> Answer<Response> {
    let semantic = Semantic::read(asked.options.evaluations_semantic.as_deref())?;
    if asked.evaluations.is_empty() {
        return Ok(Json(decide(&app, &caller, &asked.defaults).await?).into_response());
    }
    if asked.evaluations.len() > EVALUATIONS_MAX {
        let detail = format!("At most {EVALUATIONS_MAX} evaluations go into one request.");
        return Err(malformed("/evaluations", "too-many", &detail).into());
    }
    let mut found = Vec::with_capacity(asked.evaluations.len());
    for (at, one) in asked.evaluations.into_iter().enumerate() {
        let one = one.over(&asked.defaults);
        // One that cannot be read is refused in its place, and the others are answered.
        match who::find(&app, &caller, &one).await {
            Err(problem) if problem.code == Code::Malformed => {
                found.push(Err(below(&problem, at)));
            }
            one => found.push(Ok(one?)),
        }
    }
    read_ahead(&app, &found).await?;
    let mut evaluations = Vec::with_capacity(found.len());
    for one in found {
        let decided = match one {
            Ok(one) => answer(&app, &caller, one).await?,
            Err(failed) => failed,
        };
        let ends = semantic.ends_with(decided.decision);
        evaluations.push(decided);
        if ends {
            break;
        }
    }
    Ok(Json(AllDecided { evaluations }).into_response())
}

async fn decide(app: &App, caller: &Caller, asked: &Evaluation) -> Result<Decided, Problem> {
    let found = who::find(app, caller, asked).await?;
    answer(app, caller, found).await
}

async fn answer(app: &App, caller: &Caller, asked: Asked) -> Result<Decided, Problem> {
    let found = match asked {
        Asked::Found(found) => found,
        Asked::Unknown(reason) => return Ok(Decided::of(who::unknown(reason), false)),
    };
    let at = app.runner.clock.now();
    let answer = app.live.decide(found.organization, &found.question(at)).await?;
    let explained = who::may_explain(app, caller, found.organization, at).await?;
    Ok(Decided::of(answer, explained))
}

/// Reads the users of all questions at once, so that each is answered from memory.
async fn read_ahead(app: &App, asked: &[Result<Asked, Decided>]) -> Result<(), Problem> {
    let mut users: BTreeMap<OrganizationId, Vec<UserId>> = BTreeMap::new();
    for one in asked {
        if let Ok(Asked::Found(found)) = one {
            users.entry(found.organization).or_default().push(found.user);
        }
    }
    for (organization, mut users) in users {
        users.sort_unstable();
        users.dedup();
        app.live.ask(organization, &users, |_, _| ()).await?;
    }
    Ok(())
}

/// The answer in the place of a question that cannot be read, with a pointer into the list.
fn below(problem: &Problem, at: usize) -> Decided {
    let pointer = problem.errors.first().map(|error| error.pointer.as_str()).unwrap_or_default();
    let message = format!("/evaluations/{at}{pointer}: {}", problem.detail);
    Decided::failed(&Problem::new(problem.code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_semantic_ends_where_its_name_says() {
        let read = |word| Semantic::read(Some(word)).unwrap();
        assert!(read("deny_on_first_deny").ends_with(false));
        assert!(!read("deny_on_first_deny").ends_with(true));
        assert!(read("permit_on_first_permit").ends_with(true));
        assert!(!read("permit_on_first_permit").ends_with(false));
        assert!(!read("execute_all").ends_with(true));
        assert!(!Semantic::read(None).unwrap().ends_with(false));
        assert!(Semantic::read(Some("execute_some")).is_err());
    }
}
