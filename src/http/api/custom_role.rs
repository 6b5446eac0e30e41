//! Roles that an organization makes for itself: make, read, change, delete.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::permit;
use super::role::Role;
use crate::app::App;
use crate::domain::access::custom::{self, Draft, Named};
use crate::domain::id::{OrganizationId, RoleId};
use crate::flow;
use crate::flow::condition::Condition;
use crate::flow::problem::Problem;
use crate::flow::role::{New, patched};
use crate::http::answer::{Answer, versioned};
use crate::http::extract::{Body, IfMatch};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, Route, schema};
use crate::store;
use crate::store::role::Role as Kept;

/// Routes of roles that organizations make.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/roles",
        Needs::Action("roles.manage", Of::Organization),
        || post(create),
        Doc::of("Makes a role of the organization's own, never above its author.")
            .body(schema::<NewRole>)
            .answer(201, schema::<Role>),
    ),
    Route::new(
        Get,
        "/roles/{id}",
        Needs::Action("roles.view", Of::Role),
        || get(read),
        Doc::of("Reads a role that the organization made.").answer(200, schema::<Role>),
    ),
    Route::new(
        Patch,
        "/roles/{id}",
        Needs::Action("roles.manage", Of::Role),
        || patch(change),
        Doc::of("Changes a role that the organization made; it is checked like a new one.")
            .body(schema::<Change>)
            .answer(200, schema::<Role>),
    ),
    Route::new(
        Delete,
        "/roles/{id}",
        Needs::Action("roles.manage", Of::Role),
        || delete(remove),
        Doc::of("Deletes a role that nobody holds and nothing names.").nothing(),
    ),
];

/// A role of the organization's own.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// `custom-` and 1 to 64 of a-z, 0-9 and `-`; made of the label unless said.
    pub(super) key: Option<String>,
    /// Its name for people, 1 to 200 characters.
    pub(super) label: String,
    /// What it is for, up to 500 characters.
    pub(super) description: Option<String>,
    /// The products it acts on.
    #[serde(default)]
    pub(super) products: Vec<String>,
    /// `organization`, `resources` or `either`; `organization` unless kinds are named.
    pub(super) scope: Option<String>,
    /// The kinds it may be given on; all of them for `either` unless said.
    #[serde(default)]
    pub(super) resource_kinds: Vec<String>,
    /// Keys of permissions, one by one: each held by the author for the whole organization.
    pub(super) permissions: Vec<String>,
    /// Those that any grant of it gives for the whole organization.
    #[serde(default)]
    pub(super) organization_permissions: Vec<String>,
    /// The least number of resources it is given on.
    #[serde(default)]
    pub(super) resources_min: u32,
    /// Keys of roles that may give it, each one that the author may give; the roles that must keep
    /// a holder unless said.
    pub(super) assignable_by: Option<Vec<String>>,
}

/// A change as a JSON Merge Patch: what is left out stays, `null` clears.
#[derive(ToSchema)]
#[schema(as = RoleChange)]
#[expect(dead_code, reason = "it describes the patch, which is merged as JSON")]
pub struct Change {
    label: Option<String>,
    description: Option<String>,
    products: Option<Vec<String>>,
    scope: Option<String>,
    resource_kinds: Option<Vec<String>>,
    permissions: Option<Vec<String>>,
    organization_permissions: Option<Vec<String>>,
    resources_min: Option<u32>,
    assignable_by: Option<Vec<String>>,
}

impl From<NewRole> for New {
    fn from(sent: NewRole) -> Self {
        let unsaid = if sent.resource_kinds.is_empty() { "organization" } else { "either" };
        let draft = Draft {
            products: sent.products,
            scope: sent.scope.unwrap_or_else(|| unsaid.to_owned()),
            resource_kinds: sent.resource_kinds,
            permissions: sent.permissions,
            organization_permissions: sent.organization_permissions,
            resources_min: sent.resources_min,
            assignable_by: sent.assignable_by,
        };
        Self { key: sent.key, label: sent.label, description: sent.description, draft }
    }
}

/// Goes on when the caller holds what the role would hold. What does not fit is left to the flow,
/// which says why.
///
/// # Errors
/// 403 with a pointer to each permission and role that is above her.
pub(super) async fn permitted(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    (named, draft): (&Named, &Draft),
) -> Result<(), Problem> {
    let roles = app.live.roles(organization).await?;
    match custom::check(named, draft, &roles) {
        Ok(role) => permit::author(app, caller, organization, (&role, draft)).await,
        Err(_) => Ok(()),
    }
}

async fn answer(
    app: &App,
    organization: OrganizationId,
    status: StatusCode,
    kept: &Kept,
) -> Answer {
    let scope = &mut app.runner.read(organization);
    let roles = flow::access::roles(scope, &app.runner.platform).await?;
    let role = roles.index(&kept.key).and_then(|index| roles.role(index));
    let role = role.ok_or_else(|| Problem::not_found("role"))?;
    Ok(versioned(status, kept.version, Role::of(&roles, role, Some(kept.id))))
}

async fn find(app: &App, organization: OrganizationId, id: RoleId) -> Result<Kept, Problem> {
    let found = store::role::by_id(&mut app.runner.read(organization), id).await?;
    found.ok_or_else(|| Problem::not_found("role"))
}

/// `POST /organizations/{org}/roles`
async fn create(State(app): State<App>, caller: Caller, Body(sent): Body<NewRole>) -> Answer {
    let organization = caller.organization()?;
    let new = New::from(sent);
    permitted(&app, &caller, organization, (&new.named(), &new.draft)).await?;
    let made = app
        .runner
        .write(caller.actor, organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::role::create(work, &new).await })
        })
        .await?;
    answer(&app, organization, StatusCode::CREATED, &made).await
}

/// `GET /roles/{id}`
async fn read(State(app): State<App>, caller: Caller, Path(id): Path<RoleId>) -> Answer {
    let organization = caller.organization()?;
    let found = find(&app, organization, id).await?;
    answer(&app, organization, StatusCode::OK, &found).await
}

/// `PATCH /roles/{id}`
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RoleId>,
    IfMatch(condition): IfMatch,
    Body(patch): Body<Map<String, Value>>,
) -> Answer {
    let organization = caller.organization()?;
    let found = find(&app, organization, id).await?;
    condition.meet(found.version)?;
    let (named, draft) = patched(&found, &patch)?;
    permitted(&app, &caller, organization, (&named, &draft)).await?;
    // What was permitted is what is changed: nobody else changed it meanwhile.
    let seen = Condition::Versions(vec![found.version]);
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (patch, seen) = (patch.clone(), seen.clone());
            Box::pin(async move { flow::role::change(work, id, &seen, &patch).await })
        })
        .await?;
    answer(&app, organization, StatusCode::OK, &saved).await
}

/// `DELETE /roles/{id}`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RoleId>,
    IfMatch(condition): IfMatch,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            let condition = condition.clone();
            Box::pin(async move { flow::role::delete(work, id, &condition).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
