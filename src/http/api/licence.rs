//! Licences of a user: how many of each level she was allocated.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::id::UserId;
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::answer::{Answer, Page};
use crate::http::extract::Body;
use crate::http::guard::Caller;
use crate::http::route::Method::{Get, Put};
use crate::http::route::{Doc, Needs, Of, Route, page, schema};
use crate::store;

/// Routes of licences.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/users/{id}/licences",
        Needs::Action("users.view", Of::User),
        || get(read),
        Doc::of("Lists the licences of a user by level, whole.").answer(200, page::<Licence>),
    ),
    Route::new(
        Put,
        "/users/{id}/licences/{level}",
        Needs::Action("licences.manage", Of::User),
        || axum::routing::put(allocate),
        Doc::of("Allocates licences of a level to a user, in place of what she had.")
            .body(schema::<Allocation>)
            .answer(200, schema::<Licence>),
    ),
];

/// How many licences a user is to have.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LicenceAllocation)]
pub struct Allocation {
    /// 0 to 1,000,000.
    total: i64,
}

/// The licences of one level.
#[derive(Serialize, ToSchema)]
pub struct Licence {
    /// The level's key.
    level: String,
    /// The level's name for people.
    label: String,
    total: i64,
}

impl Licence {
    fn of(app: &App, level: &str, total: i64) -> Option<Self> {
        let level = app.runner.platform.levels.iter().find(|known| known.key == level)?;
        Some(Self { level: level.key.clone(), label: level.label.clone(), total })
    }
}

/// `GET /users/{id}/licences`
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Answer<Json<Page<Licence>>> {
    let organization = caller.organization()?;
    let held = store::licence::of_user(&mut app.runner.read(organization), id).await?;
    let total = |level: &str| held.get(level).copied().unwrap_or(0);
    let levels = app.runner.platform.levels.iter();
    let shown = levels.filter_map(|level| Licence::of(&app, &level.key, total(&level.key)));
    Ok(Json(Page::whole(shown.collect())))
}

/// `PUT /users/{id}/licences/{level}`
async fn allocate(
    State(app): State<App>,
    caller: Caller,
    Path((id, level)): Path<(UserId, String)>,
    Body(sent): Body<Allocation>,
) -> Answer<Json<Licence>> {
    let organization = caller.organization()?;
    let key = level.clone();
    let total = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (level, total) = (key.clone(), sent.total);
            Box::pin(async move { flow::licence::allocate(work, id, (&level, total)).await })
        })
        .await?;
    let shown = Licence::of(&app, &level, total);
    Ok(Json(shown.ok_or_else(|| Problem::not_found("licence level"))?))
}
