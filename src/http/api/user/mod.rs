//! Users: make, read, list, change, suspend, resume, remove, and their sessions.

mod bulk;
mod export;
mod list;
mod privacy;
mod shown;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get, patch, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::grant_change::NewGrant;
use super::permit;
use crate::app::App;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::platform::LoginType;
use crate::domain::user::User as Kept;
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::answer::{Answer, Page, versioned};
use crate::http::extract::{Body, IfMatch, clearable};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, Route, page, schema};
use crate::store;

use shown::{Session, User};

const fn of_organization(action: &'static str) -> Needs {
    Needs::Action(action, Of::Organization)
}

const fn of_user(action: &'static str) -> Needs {
    Needs::Action(action, Of::User)
}

/// Routes of users.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/users",
        of_organization("users.edit"),
        || post(create),
        Doc::of("Makes a user of the organization itself.")
            .body(schema::<New>)
            .answer(201, schema::<User>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/users",
        of_organization("users.view"),
        || get(list::list),
        Doc::of("Lists users.").query(list::QUERY).answer(200, page::<User>),
    ),
    Route::new(
        Get,
        "/users/{id}",
        Needs::Action("users.view", Of::Person),
        || get(read),
        Doc::of("Reads a user; of a guest name, e-mail and roles here.")
            .answer(200, schema::<User>),
    ),
    Route::new(
        Patch,
        "/users/{id}",
        of_user("users.edit"),
        || patch(change),
        Doc::of("Changes a user; what her directory owns is refused.")
            .body(schema::<Change>)
            .answer(200, schema::<User>),
    ),
    Route::new(
        Delete,
        "/users/{id}",
        of_user("users.remove"),
        || delete(remove),
        Doc::of("Removes a user; one of a live directory loses all access instead.").nothing(),
    ),
    Route::new(
        Post,
        "/organizations/{org}/users/remove",
        of_organization("users.remove"),
        || post(bulk::remove),
        Doc::of("Removes users, with an answer for each; of guests it takes what they hold here.")
            .body(schema::<bulk::Sent>)
            .answer(200, schema::<bulk::Results>),
    ),
    Route::new(
        Post,
        "/users/{id}/erase",
        of_user("users.remove"),
        || post(privacy::erase),
        Doc::of("Forgets a user: she is removed, and what journals and invites kept of her goes.")
            .nothing(),
    ),
    Route::new(
        Get,
        "/users/{id}/export",
        of_user("users.view"),
        || get(export::export),
        Doc::of("Tells all that is kept of a user.").answer(200, schema::<export::Export>),
    ),
    Route::new(
        Post,
        "/users/{id}/suspend",
        of_user("users.suspend"),
        || post(suspend),
        Doc::of("Suspends a user and ends her sessions.").answer(200, schema::<User>),
    ),
    Route::new(
        Post,
        "/users/{id}/resume",
        of_user("users.suspend"),
        || post(resume),
        Doc::of("Lifts what an admin suspended.").answer(200, schema::<User>),
    ),
    Route::new(
        Get,
        "/users/{id}/sessions",
        of_user("users.view"),
        || get(sessions),
        Doc::of("Lists the sessions of a user that have not ended, whole.")
            .answer(200, page::<Session>),
    ),
    Route::new(
        Delete,
        "/users/{id}/sessions",
        of_user("users.suspend"),
        || delete(end_sessions),
        Doc::of("Ends every session of a user.").nothing(),
    ),
];

/// A new user of the organization itself.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub struct New {
    /// Her login, 1 to 200 characters.
    user_name: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// `sso` (by a connection) or `password`; both ways are open to her unless said.
    login_type: Option<String>,
    /// Roles to give her, at most 100.
    #[serde(default)]
    grants: Vec<NewGrant>,
}

/// A change as a JSON Merge Patch: what is left out stays, `null` clears.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChange)]
pub struct Change {
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    last_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    display_name: Option<Option<String>>,
    /// Shown under the name.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// The platform's own id.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    external_ref: Option<Option<String>>,
}

async fn answer(app: &App, organization: OrganizationId, status: StatusCode, user: Kept) -> Answer {
    let version = user.version;
    let mut shown = shown::all(app, organization, vec![user]).await?;
    let user = shown.pop().ok_or_else(|| Problem::not_found("user"))?;
    Ok(versioned(status, version, user))
}

/// `POST /organizations/{org}/users`
async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let login_type = login_type(&app, new.login_type.as_deref())?;
    let organization = caller.organization()?;
    let grants: Vec<flow::grant::New> = new.grants.into_iter().map(Into::into).collect();
    for grant in &grants {
        permit::give(&app, &caller, organization, grant).await?;
    }
    let new = flow::user::New {
        user_name: new.user_name,
        email: new.email,
        first_name: new.first_name,
        last_name: new.last_name,
        login_type,
        grants,
        ..flow::user::New::default()
    };
    let made = app
        .runner
        .write(caller.actor, organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::user::create(work, &new).await })
        })
        .await?;
    answer(&app, organization, StatusCode::CREATED, made).await
}

/// A way of signing in that the platform offers.
fn login_type(app: &App, word: Option<&str>) -> Result<Option<LoginType>, Problem> {
    let Some(word) = word else { return Ok(None) };
    let offered = &app.runner.platform.users.login_types;
    let kind = LoginType::by_key(word).filter(|kind| offered.contains(kind));
    let detail = "The platform does not offer this way of signing in.";
    let kind = kind.ok_or_else(|| Problem::invalid("/login_type", "not-offered", detail))?;
    Ok(Some(kind))
}

/// `GET /users/{id}`
async fn read(State(app): State<App>, caller: Caller, Path(id): Path<UserId>) -> Answer {
    let organization = caller.organization()?;
    let scope = &mut app.runner.read(organization);
    let Some(found) = store::user::by_id(scope, id).await? else {
        let guest = store::guest::by_id(scope, id).await?;
        let guest = guest.ok_or_else(|| Problem::not_found("user"))?;
        let mut shown = shown::guests(&app, organization, vec![guest]).await?;
        let guest = shown.pop().ok_or_else(|| Problem::not_found("user"))?;
        return Ok(Json(guest).into_response());
    };
    answer(&app, organization, StatusCode::OK, found).await
}

/// `PATCH /users/{id}`
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    IfMatch(condition): IfMatch,
    Body(sent): Body<Change>,
) -> Answer {
    let organization = caller.organization()?;
    let patch = flow::user::Patch {
        first_name: sent.first_name,
        last_name: sent.last_name,
        display_name: sent.display_name,
        description: sent.description,
        external_ref: sent.external_ref,
    };
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (patch, condition) = (patch.clone(), condition.clone());
            Box::pin(async move { flow::user::change(work, id, &condition, &patch).await })
        })
        .await?;
    answer(&app, organization, StatusCode::OK, saved).await
}

/// `DELETE /users/{id}`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    IfMatch(condition): IfMatch,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            let condition = condition.clone();
            Box::pin(async move { flow::user::remove(work, id, &condition).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /users/{id}/suspend`
async fn suspend(State(app): State<App>, caller: Caller, Path(id): Path<UserId>) -> Answer {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::user::suspend(work, id).await })
        })
        .await?;
    answer(&app, organization, StatusCode::OK, saved).await
}

/// `POST /users/{id}/resume`
async fn resume(State(app): State<App>, caller: Caller, Path(id): Path<UserId>) -> Answer {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::user::resume(work, id).await })
        })
        .await?;
    answer(&app, organization, StatusCode::OK, saved).await
}

/// Sessions of one user that are shown.
const SESSIONS_MAX: i64 = 1_000;

/// `GET /users/{id}/sessions`
async fn sessions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Answer<Json<Page<Session>>> {
    let organization = caller.organization()?;
    let settings = store::organization::by_id(&mut app.runner.db.conn(), organization).await?;
    let settings = settings.map(|organization| organization.settings).unwrap_or_default();
    let now = app.runner.clock.now();
    let scope = &mut app.runner.read(organization);
    let mut found = store::session::of_user(scope, id, now, SESSIONS_MAX).await?;
    found.retain(|session| session.holds(now, &settings));
    Ok(Json(Page::whole(found.into_iter().map(Session::from).collect())))
}

/// `DELETE /users/{id}/sessions`
async fn end_sessions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::user::end_sessions(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
