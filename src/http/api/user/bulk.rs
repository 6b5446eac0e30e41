//! `POST /organizations/{org}/users/remove`: many at once, with an answer for each.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::permit;
use crate::app::App;
use crate::domain::id::UserId;
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::flow::user::{REMOVED_MAX, Removed};
use crate::http::answer::Answer;
use crate::http::extract::Body;
use crate::http::guard::Caller;

/// Users to be removed.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UsersToRemove)]
pub struct Sent {
    /// 1 to 1,000 ids of users; of guests what they hold here is taken.
    ids: Vec<String>,
}

/// What became of each.
#[derive(Serialize, ToSchema)]
#[schema(as = UsersRemoved)]
pub struct Results {
    results: Vec<One>,
}

/// What became of one.
#[derive(Serialize, ToSchema)]
#[schema(as = UserRemoved)]
pub struct One {
    id: String,
    /// `removed` or `failed`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Why>,
}

/// Why somebody is still there.
#[derive(Serialize, ToSchema)]
#[schema(as = WhyNotRemoved)]
pub struct Why {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    code: &'static str,
}

impl From<Problem> for Why {
    fn from(from: Problem) -> Self {
        Self {
            r#type: format!("urn:portico:problem:{}", from.code.as_str()),
            title: from.code.title(),
            status: from.code.status(),
            detail: from.detail,
            code: from.code.as_str(),
        }
    }
}

impl One {
    fn of(id: String, refused: Option<Problem>) -> Self {
        let status = if refused.is_none() { "removed" } else { "failed" };
        Self { id, status, problem: refused.map(Why::from) }
    }
}

/// `POST /organizations/{org}/users/remove`
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Body(sent): Body<Sent>,
) -> Answer<Json<Results>> {
    let organization = caller.organization()?;
    if !(1..=REMOVED_MAX).contains(&sent.ids.len()) {
        let detail = format!("Send 1 to {REMOVED_MAX} ids.");
        return Err(Problem::invalid("/ids", "length", detail).into());
    }
    let ids: Vec<UserId> = sent.ids.iter().filter_map(|id| UserId::parse(id).ok()).collect();
    let mut refused = BTreeSet::new();
    for id in &ids {
        match permit::manage(&app, &caller, organization, *id).await {
            Ok(()) => {}
            Err(problem) if problem.code == Code::Forbidden => {
                refused.insert(*id);
            }
            Err(problem) => return Err(problem.into()),
        }
    }
    let removed: Vec<Removed> = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (ids, refused) = (ids.clone(), refused.clone());
            Box::pin(async move { flow::user::remove_many(work, &ids, &refused).await })
        })
        .await?;
    let mut results: Vec<One> =
        removed.into_iter().map(|one| One::of(one.id.to_string(), one.refused)).collect();
    let strange = sent.ids.into_iter().filter(|id| UserId::parse(id).is_err());
    results.extend(strange.map(|id| One::of(id, Some(Problem::not_found("user")))));
    Ok(Json(Results { results }))
}
