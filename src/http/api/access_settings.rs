//! Access settings of a user: what is denied to her, what could be, and what a change would do.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permit;
use crate::app::App;
use crate::domain::access::Snapshot;
use crate::domain::access::effective::{Effective, denying, offered};
use crate::domain::id::{OrganizationId, UserId};
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::answer::{Answer, versioned};
use crate::http::extract::{Body, IfMatch};
use crate::http::guard::Caller;
use crate::http::route::Method::{Get, Post, Put};
use crate::http::route::{Doc, Needs, Of, Route, schema};
use crate::store;
use crate::store::access_settings::AccessSettings;

/// Routes of access settings.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/users/{id}/access-settings",
        Needs::Action("users.view", Of::User),
        || get(read),
        Doc::of("Reads what is denied to a user, whatever her roles give.")
            .answer(200, schema::<Settings>),
    ),
    Route::new(
        Put,
        "/users/{id}/access-settings",
        Needs::Action("users.access_settings.edit", Of::User),
        || axum::routing::put(replace),
        Doc::of("Denies permissions to a user, and no others; needs If-Match.")
            .body(schema::<Denied>)
            .answer(200, schema::<Settings>),
    ),
    Route::new(
        Post,
        "/users/{id}/access-settings/preview",
        Needs::Action("users.access_settings.edit", Of::User),
        || post(preview),
        Doc::of("Tells what a user would gain and lose by other access settings; writes nothing.")
            .body(schema::<Denied>)
            .answer(200, schema::<Preview>),
    ),
];

/// What is to be denied.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeniedPermissions)]
pub struct Denied {
    /// Keys of permissions.
    denied: Vec<String>,
}

/// What is denied to a user.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessSettings)]
pub struct Settings {
    user_id: String,
    /// Keys of permissions, in display order.
    denied: Vec<String>,
    /// The permissions of her roles, but for levels without a licence of hers or her parent's.
    offered: Vec<String>,
}

/// What a change of access settings would do.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessSettingsPreview)]
pub struct Preview {
    gained: Vec<Reached>,
    lost: Vec<Reached>,
}

/// A permission and how far it reaches.
#[derive(Serialize, ToSchema)]
#[schema(as = ReachedPermission)]
pub struct Reached {
    permission: String,
    /// `kind:key`, `kind:prefix*`, or `null` for the whole organization.
    resource: Option<String>,
}

impl Reached {
    fn of(snapshot: &Snapshot, (permission, reach): &Effective) -> Self {
        let row = snapshot.definition().permission(*permission);
        let permission = row.map(|row| row.key.clone()).unwrap_or_default();
        Self { permission, resource: snapshot.reach_text(reach) }
    }
}

async fn answer(
    app: &App,
    organization: OrganizationId,
    user: UserId,
    settings: AccessSettings,
) -> Answer {
    let now = app.runner.clock.now();
    let offered = app
        .live
        .ask(organization, &[user], |snapshot, _| {
            let Some(snapshot) = snapshot else { return Vec::new() };
            let key = |index| snapshot.definition().permission(index).map(|row| row.key.clone());
            offered(snapshot, user, now).iter().filter_map(key).collect()
        })
        .await?;
    let user_id = user.to_string();
    let shown = Settings { user_id, denied: settings.denied, offered };
    Ok(versioned(StatusCode::OK, settings.version, shown))
}

/// `GET /users/{id}/access-settings`
async fn read(State(app): State<App>, caller: Caller, Path(id): Path<UserId>) -> Answer {
    let organization = caller.organization()?;
    let scope = &mut app.runner.read(organization);
    let settings = store::access_settings::of_user(scope, id).await?;
    answer(&app, organization, id, settings).await
}

/// `PUT /users/{id}/access-settings`
async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    IfMatch(condition): IfMatch,
    Body(sent): Body<Denied>,
) -> Answer {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    let settings = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (denied, condition) = (sent.denied.clone(), condition.clone());
            Box::pin(
                async move { flow::access_settings::replace(work, id, &condition, &denied).await },
            )
        })
        .await?;
    answer(&app, organization, id, settings).await
}

/// `POST /users/{id}/access-settings/preview`
async fn preview(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    Body(sent): Body<Denied>,
) -> Answer<Json<Preview>> {
    let organization = caller.organization()?;
    let denied = flow::access_settings::check(&app.runner.platform, &sent.denied)?;
    let now = app.runner.clock.now();
    let preview = app
        .live
        .ask(organization, &[id], |snapshot, _| {
            let snapshot = snapshot?;
            let (gained, lost) = denying(snapshot, id, &denied, now);
            let shown = |all: Vec<Effective>| {
                all.iter().map(|one| Reached::of(snapshot, one)).collect::<Vec<_>>()
            };
            Some(Preview { gained: shown(gained), lost: shown(lost) })
        })
        .await?;
    Ok(Json(preview.ok_or_else(|| Problem::not_found("user"))?))
}
