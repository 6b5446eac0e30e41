//! Directories: make, read, list, change, delete.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::directory_settings::{Ceiling, MaxRemovals};
use super::permit;
use crate::app::App;
use crate::domain::directory as domain;
use crate::domain::id::DirectoryId;
use crate::flow;
use crate::flow::directory_removal::Users;
use crate::flow::problem::Problem;
use crate::http::answer::{Answer, Page, versioned};
use crate::http::extract::{Body, IfMatch, Paging, Params, clearable, cursor, kept};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::store;

const IN_ORGANIZATION: Needs = Needs::Action("directories.manage", Of::Organization);
const OF_ITSELF: Needs = Needs::Action("directories.manage", Of::Directory);

/// Routes of directories.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/directories",
        IN_ORGANIZATION,
        || post(create),
        Doc::of("Makes a directory.").body(schema::<New>).answer(201, schema::<Directory>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/directories",
        IN_ORGANIZATION,
        || get(list),
        Doc::of("Lists directories in order of creation.")
            .query(PAGED)
            .answer(200, page::<Directory>),
    ),
    Route::new(
        Get,
        "/directories/{id}",
        OF_ITSELF,
        || get(read),
        Doc::of("Reads a directory.").answer(200, schema::<Directory>),
    ),
    Route::new(
        Patch,
        "/directories/{id}",
        OF_ITSELF,
        || patch(change),
        Doc::of("Changes a directory; `disabled` refuses its tokens and changes nobody.")
            .body(schema::<Change>)
            .answer(200, schema::<Directory>),
    ),
    Route::new(
        Delete,
        "/directories/{id}",
        OF_ITSELF,
        || delete(remove),
        Doc::of("Deletes a directory with its tokens, groups and rules.")
            .query(&[("users", "What becomes of its users: `suspend`, `remove` or `keep`.")])
            .nothing(),
    ),
];

/// A new directory.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDirectory)]
pub struct New {
    /// What people call it, 1 to 200 characters.
    name: String,
    /// Whose habits are tolerated: `strict`, `generic`, `entra` or `okta`.
    profile: String,
    /// Ids of domains whose people this directory may adopt, once they are verified.
    domains: Option<Vec<String>>,
    /// `ready` (unless said): a new user may sign in at once.
    on_provision: Option<String>,
    /// `refuse` (unless said): members that the directory does not have are refused. `pending`:
    /// they are kept and become members when they come.
    unknown_members: Option<String>,
    /// How many people it may take access from before the losses are held; all unless said.
    max_removals: Option<MaxRemovals>,
    /// The key of a role, or a list of keys: nobody is given a role that may do more.
    #[schema(value_type = Option<String>)]
    role_ceiling: Option<Ceiling>,
}

/// A change as a JSON Merge Patch: what is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DirectoryChange)]
pub struct Change {
    /// What people call it.
    #[serde(default, deserialize_with = "kept")]
    name: Option<String>,
    /// Whose habits are tolerated.
    #[serde(default, deserialize_with = "kept")]
    profile: Option<String>,
    /// `active` or `disabled`.
    #[serde(default, deserialize_with = "kept")]
    status: Option<String>,
    /// Ids of domains whose people this directory may adopt.
    #[serde(default, deserialize_with = "kept")]
    domains: Option<Vec<String>>,
    /// `ready`: a new user may sign in at once.
    #[serde(default, deserialize_with = "kept")]
    on_provision: Option<String>,
    /// `refuse` or `pending`: what becomes of members that the directory does not have.
    #[serde(default, deserialize_with = "kept")]
    unknown_members: Option<String>,
    /// How many people it may take access from before the losses are held; `null`: all.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<MaxRemovals>)]
    max_removals: Option<Option<MaxRemovals>>,
    /// The key of a role, or a list of keys: nobody is given a role that may do more; `null`: all.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    role_ceiling: Option<Option<Ceiling>>,
}

/// `?users=`
#[derive(Deserialize)]
struct Removal {
    users: Option<String>,
}

/// A directory.
#[derive(Serialize, ToSchema)]
pub struct Directory {
    id: String,
    organization_id: String,
    name: String,
    /// `strict`, `generic`, `entra` or `okta`.
    profile: &'static str,
    /// `active` or `disabled`.
    status: &'static str,
    /// Where the client sends its requests.
    scim_base_url: String,
    /// Where OAuth clients of this directory get their tokens.
    oauth2_token_url: String,
    domains: Vec<String>,
    on_provision: &'static str,
    unknown_members: &'static str,
    max_removals: Option<MaxRemovals>,
    /// The key of a role, or a list of keys.
    #[schema(value_type = Option<String>)]
    role_ceiling: Option<Ceiling>,
    entra: EntraFields,
    okta: OktaFields,
    created_at: String,
    updated_at: String,
}

/// What to enter in Entra ID, under Provisioning, Admin credentials.
#[derive(Serialize, ToSchema)]
pub struct EntraFields {
    /// "Tenant URL".
    tenant_url: String,
    /// "Secret token": where to take it from.
    secret_token: &'static str,
}

/// What to enter in Okta, under Provisioning, Integration.
#[derive(Serialize, ToSchema)]
pub struct OktaFields {
    /// "SCIM connector base URL".
    base_url: String,
    /// "Unique identifier field for users".
    unique_identifier: &'static str,
    /// "Authentication mode".
    authentication_mode: &'static str,
    /// "Authorization": where to take the bearer token from.
    authorization: &'static str,
}

const WHERE_THE_TOKEN_IS: &str = "a token of this directory: POST /api/v1/directories/{id}/tokens";

impl Directory {
    fn of(app: &App, from: domain::Directory) -> Self {
        let scim_base_url = scim_base_url(app, from.id);
        Self {
            id: from.id.to_string(),
            organization_id: from.organization_id.to_string(),
            name: from.name,
            profile: from.profile.as_str(),
            status: from.status.as_str(),
            oauth2_token_url: token_url(app),
            domains: from.settings.domains.iter().map(ToString::to_string).collect(),
            on_provision: from.settings.on_provision.as_str(),
            unknown_members: from.settings.unknown_members.as_str(),
            max_removals: from.settings.max_removals.map(Into::into),
            role_ceiling: from.settings.role_ceiling.map(Into::into),
            entra: EntraFields {
                tenant_url: format!("{scim_base_url}?aadOptscim062020"),
                secret_token: WHERE_THE_TOKEN_IS,
            },
            okta: OktaFields {
                base_url: scim_base_url.clone(),
                unique_identifier: "userName",
                authentication_mode: "HTTP Header",
                authorization: WHERE_THE_TOKEN_IS,
            },
            scim_base_url,
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
        }
    }
}

fn scim_base_url(app: &App, id: DirectoryId) -> String {
    format!("{}/scim/{id}/v2", app.public.url.as_str().trim_end_matches('/'))
}

/// Where OAuth clients get their tokens.
pub(super) fn token_url(app: &App) -> String {
    format!("{}/oauth2/token", app.public.url.as_str().trim_end_matches('/'))
}

/// `POST /organizations/{org}/directories`
async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let organization = caller.organization()?;
    let new = flow::directory::New {
        name: new.name,
        profile: new.profile,
        domains: new.domains.unwrap_or_default(),
        unknown_members: new.unknown_members,
        on_provision: new.on_provision,
        role_ceiling: new.role_ceiling.map(Ceiling::keys),
        max_removals: new.max_removals.map(MaxRemovals::read).transpose()?,
    };
    permit::ceiling(&app, &caller, organization, new.role_ceiling.as_deref()).await?;
    let made = app
        .runner
        .write(caller.actor, organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::directory::create(work, &new).await })
        })
        .await?;
    Ok(versioned(StatusCode::CREATED, made.version, Directory::of(&app, made)))
}

/// `GET /organizations/{org}/directories`
async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Answer<Json<Page<Directory>>> {
    let after = (paging.after.0, DirectoryId(paging.after.1));
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::directory::page(scope, after, paging.limit + 1).await?;
    let next = |item: &domain::Directory| cursor(item.created_at, item.id.0);
    Ok(Json(Page::map(found, paging.limit, next, |item| Directory::of(&app, item))))
}

/// `GET /directories/{id}`
async fn read(State(app): State<App>, caller: Caller, Path(id): Path<DirectoryId>) -> Answer {
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::directory::by_id(scope, id).await?;
    let found = found.ok_or_else(|| Problem::not_found("directory"))?;
    Ok(versioned(StatusCode::OK, found.version, Directory::of(&app, found)))
}

/// `PATCH /directories/{id}`
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    IfMatch(condition): IfMatch,
    Body(sent): Body<Change>,
) -> Answer {
    let organization = caller.organization()?;
    let patch = flow::directory::Patch {
        name: sent.name,
        profile: sent.profile,
        status: sent.status,
        domains: sent.domains,
        unknown_members: sent.unknown_members,
        on_provision: sent.on_provision,
        role_ceiling: sent.role_ceiling.map(|sent| sent.map(Ceiling::keys)),
        max_removals: match sent.max_removals {
            None => None,
            Some(sent) => Some(sent.map(MaxRemovals::read).transpose()?),
        },
    };
    let ceiling = patch.role_ceiling.as_ref().and_then(Option::as_deref);
    permit::ceiling(&app, &caller, organization, ceiling).await?;
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (patch, condition) = (patch.clone(), condition.clone());
            Box::pin(async move { flow::directory::change(work, id, &condition, &patch).await })
        })
        .await?;
    Ok(versioned(StatusCode::OK, saved.version, Directory::of(&app, saved)))
}

/// `DELETE /directories/{id}?users=`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    IfMatch(condition): IfMatch,
    Params(sent): Params<Removal>,
) -> Answer<StatusCode> {
    let users = Users::parse(sent.users.as_deref().unwrap_or_default()).ok_or_else(|| {
        let detail = "Say what becomes of its users: `suspend`, `remove` or `keep`.";
        Problem::invalid("/users", "value", detail)
    })?;
    let who = (caller.actor.clone(), caller.organization()?);
    flow::directory_removal::run(&app.runner, who, id, condition, users).await?;
    Ok(StatusCode::NO_CONTENT)
}
