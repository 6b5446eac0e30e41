//! Losses of access that a directory's brake holds: list, release, reject.

use axum::Json;
use axum::body::HttpBody;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::header;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::id::{DirectoryId, UserId};
use crate::flow::problem::Problem;
use crate::flow::provision::held::{self, SETTLED_MAX, Settled, Word};
use crate::http::answer::{Answer, Page};
use crate::http::extract::{Body, Paging, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::{Get, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::store;
use crate::store::held_loss::Listed;

const OF_DIRECTORY: Needs = Needs::Action("directories.manage", Of::Directory);
/// Users that one call names.
pub const NAMED_MAX: usize = 1_000;

/// Routes of held losses.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/directories/{id}/held",
        OF_DIRECTORY,
        || get(list),
        Doc::of("Lists the losses of access that the brake holds, oldest first.")
            .query(PAGED)
            .answer(200, page::<Held>),
    ),
    Route::new(
        Post,
        "/directories/{id}/held/release",
        OF_DIRECTORY,
        || post(release),
        Doc::of("Applies held losses at once: those of `ids`, or the next 5,000.")
            .body(schema::<Named>)
            .answer(200, schema::<Outcome>),
    ),
    Route::new(
        Post,
        "/directories/{id}/held/reject",
        OF_DIRECTORY,
        || post(reject),
        Doc::of("Keeps the access of held losses as hand grants for seven days.")
            .body(schema::<Named>)
            .answer(200, schema::<Outcome>),
    ),
];

/// A loss of access that is held.
#[derive(Serialize, ToSchema)]
#[schema(as = HeldLoss)]
pub struct Held {
    /// The id of the user.
    id: String,
    user_name: String,
    display_name: Option<String>,
    /// `deactivated`, `deleted` or `left_groups`.
    loss: &'static str,
    /// `held`, or `rejected` for somebody who keeps her access for some days.
    state: &'static str,
    held_at: String,
    /// When it is applied.
    due_at: String,
}

impl From<Listed> for Held {
    fn from(listed: Listed) -> Self {
        let held = listed.held;
        Self {
            id: held.user.to_string(),
            user_name: listed.user_name,
            display_name: listed.display_name,
            loss: held.loss.as_str(),
            state: if held.rejected { "rejected" } else { "held" },
            held_at: held.held_at.to_string(),
            due_at: held.due_at.to_string(),
        }
    }
}

/// Whose losses are meant.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HeldLosses)]
struct Named {
    /// Ids of users, at most 1,000; all unless said.
    ids: Option<Vec<String>>,
}

/// What became of them.
#[derive(Serialize, ToSchema)]
#[schema(as = SettledLosses)]
struct Outcome {
    /// How many losses were settled.
    count: usize,
    /// Their users.
    ids: Vec<String>,
    /// Ids that name nobody whose loss is held.
    unknown: Vec<String>,
    /// How many are left to be settled, counted up to 5,000.
    left: i64,
}

/// `GET /directories/{id}/held`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    paging: Paging,
) -> Answer<Json<Page<Held>>> {
    let after = (paging.after.0, UserId(paging.after.1));
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::held_loss::page(scope, id, after, paging.limit + 1).await?;
    let next = |item: &Listed| cursor(item.held.held_at, item.held.user.0);
    Ok(Json(Page::of(found, paging.limit, next)))
}

/// `POST /directories/{id}/held/release`
async fn release(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    request: Request,
) -> Answer<Json<Outcome>> {
    settle(&app, caller, id, (Word::Release, request)).await
}

/// `POST /directories/{id}/held/reject`
async fn reject(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    request: Request,
) -> Answer<Json<Outcome>> {
    settle(&app, caller, id, (Word::Reject, request)).await
}

async fn settle(
    app: &App,
    caller: Caller,
    id: DirectoryId,
    (word, request): (Word, Request),
) -> Answer<Json<Outcome>> {
    let organization = caller.organization()?;
    let (named, mut unknown) = named(app, request).await?;
    let who = (caller.actor, organization);
    let done: Settled = held::settle(&app.runner, who, id, word, named).await?;
    let scope = &mut app.runner.read(organization);
    let most = i64::try_from(SETTLED_MAX).unwrap_or(i64::MAX);
    let left = store::held_loss::count(scope, id, most).await?;
    unknown.extend(done.unknown.iter().map(ToString::to_string));
    let ids: Vec<String> = done.users.iter().map(ToString::to_string).collect();
    Ok(Json(Outcome { count: ids.len(), ids, unknown, left }))
}

/// The users that the body names; `None` for all, which no body says too. Beside them texts that
/// are no ids.
async fn named(app: &App, request: Request) -> Answer<(Option<Vec<UserId>>, Vec<String>)> {
    let is_typed = request.headers().contains_key(header::CONTENT_TYPE);
    let sent = if is_typed || !request.body().is_end_stream() {
        Body::<Named>::from_request(request, app).await?.0
    } else {
        Named::default()
    };
    let Some(ids) = sent.ids else { return Ok((None, Vec::new())) };
    if ids.len() > NAMED_MAX {
        let detail = format!("Name at most {NAMED_MAX} users at a time.");
        return Err(Problem::invalid("/ids", "length", detail).into());
    }
    let (mut users, mut unknown) = (Vec::with_capacity(ids.len()), Vec::<String>::new());
    for text in ids {
        match UserId::parse(&text) {
            Ok(id) if users.contains(&id) => {}
            Ok(id) => users.push(id),
            Err(_) => unknown.push(text),
        }
    }
    Ok((Some(users), unknown))
}
