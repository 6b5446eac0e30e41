//! The resources that a user may see; for a person who asks, those that she may see as well.
//!
//! Who may see a resource is decided from memory, one page is read from the registry.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;

use super::resource::{Resource, shown};
use crate::app::App;
use crate::domain::access::Snapshot;
use crate::domain::access::effective::sees;
use crate::domain::actor::Actor;
use crate::domain::id::UserId;
use crate::domain::platform::KindIndex;
use crate::domain::resource::fold;
use crate::domain::time::Timestamp;
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, Page};
use crate::http::extract::{Params, limit};
use crate::http::guard::Caller;
use crate::http::route::Method::Get;
use crate::http::route::{AFTER, Doc, LIMIT, Needs, Of, Route, page};
use crate::store;

/// Routes of what users see.
pub const ROUTES: &[Route] = &[Route::new(
    Get,
    "/users/{id}/resources",
    Needs::Action("users.view", Of::User),
    || get(list),
    Doc::of("Lists the resources of a kind that a user may see, in the order of their keys.")
        .query(&[
            ("kind", "The kind of the resources; it must be said."),
            ("visible_to", "`me`: only those that the caller may see herself."),
            LIMIT,
            AFTER,
        ])
        .answer(200, page::<Resource>),
)];

/// `?kind=&visible_to=`
#[derive(Deserialize)]
struct Asked {
    kind: Option<String>,
    visible_to: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

fn malformed(detail: &str) -> Problem {
    Problem::new(Code::Malformed, detail)
}

/// Who must see a resource besides the user: the caller, when she asks for that and is a person.
fn viewer(asked: &Asked, caller: &Caller) -> Result<Option<UserId>, Problem> {
    match (asked.visible_to.as_deref(), &caller.actor) {
        (None, _) => Ok(None),
        (Some("me"), Actor::User(me)) => Ok(Some(*me)),
        // A program of the operator sees everything.
        (Some("me"), _) => Ok(None),
        (Some(_), _) => Err(malformed("visible_to is `me`.")),
    }
}

/// `GET /users/{id}/resources`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    Params(asked): Params<Asked>,
) -> Answer<Json<Page<Resource>>> {
    let organization = caller.organization()?;
    let limit = limit(asked.limit.as_deref())?;
    let platform = &app.runner.platform;
    let key = asked.kind.as_deref().ok_or_else(|| malformed("kind is missing."))?;
    let kind = platform.kind_index(key).ok_or_else(|| malformed("kind is no kind of resource."))?;
    let users: Vec<UserId> = std::iter::once(id).chain(viewer(&asked, &caller)?).collect();
    let (now, after) = (app.runner.clock.now(), asked.after.as_deref());
    let keys = app
        .live
        .ask(organization, &users, |snapshot, _| {
            let page = |snapshot| seen(snapshot, &users, (kind, now), (after, limit + 1));
            snapshot.map(page).unwrap_or_default()
        })
        .await?;
    let page = Page::<String>::map(keys, limit, String::clone, |key| key);
    let mut kept = Vec::with_capacity(page.data.len());
    for found in &page.data {
        let scope = &mut app.runner.read(organization);
        // One that was removed meanwhile is left out.
        kept.extend(store::resource::by_key(scope, key, &fold(found)).await?);
    }
    let data = shown(&app, organization, kept).await?;
    Ok(Json(Page { data, next: page.next }))
}

/// Keys of resources of a kind that each of these users may see, after one of them.
fn seen(
    snapshot: &Snapshot,
    users: &[UserId],
    (kind, at): (KindIndex, Timestamp),
    (after, limit): (Option<&str>, i64),
) -> Vec<String> {
    let by_all = |resource| users.iter().all(|user| sees(snapshot, *user, (kind, resource), at));
    snapshot
        .resources()
        .of_kind(kind, after)
        .filter(|(resource, _)| by_all(*resource))
        .take(usize::try_from(limit).unwrap_or(0))
        .map(|(_, key)| key.to_owned())
        .collect()
}
