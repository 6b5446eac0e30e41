//! OAuth clients of directories: make, list, change, revoke.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::directory::token_url;
use super::directory_token::{CreatedBy, TokenChange};
use crate::app::App;
use crate::domain::directory_client::DirectoryClient;
use crate::domain::id::{ClientId, DirectoryId};
use crate::flow;
use crate::http::answer::{Answer, Page, created_once};
use crate::http::extract::{Body, Paging, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::store;

const OF_DIRECTORY: Needs = Needs::Action("directories.manage", Of::Directory);
const OF_ITSELF: Needs = Needs::Action("directories.manage", Of::DirectoryClient);

/// Routes of the OAuth clients of directories.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/directories/{id}/clients",
        OF_DIRECTORY,
        || post(create),
        Doc::of("Makes an OAuth client of a directory; this answer alone shows its secret.")
            .body(schema::<New>)
            .answer(201, schema::<Shown>),
    ),
    Route::new(
        Get,
        "/directories/{id}/clients",
        OF_DIRECTORY,
        || get(list),
        Doc::of("Lists the OAuth clients of a directory that were not revoked.")
            .query(PAGED)
            .answer(200, page::<Client>),
    ),
    Route::new(
        Patch,
        "/directory-clients/{id}",
        OF_ITSELF,
        || patch(change),
        Doc::of("Renames an OAuth client of a directory or moves the end of its secret.")
            .body(schema::<TokenChange>)
            .answer(200, schema::<Client>),
    ),
    Route::new(
        Delete,
        "/directory-clients/{id}",
        OF_ITSELF,
        || delete(revoke),
        Doc::of("Revokes an OAuth client of a directory and all its tokens at once.").nothing(),
    ),
];

/// A new OAuth client of a directory.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDirectoryClient)]
struct New {
    /// What people call it, 1 to 200 characters; `OAuth client` unless said.
    name: Option<String>,
    /// `scim.read`, `scim.write`; both unless said.
    scopes: Option<Vec<String>>,
    /// When its secret ends, as RFC 3339; until it is revoked unless said.
    expires_at: Option<String>,
}

/// What a client is called that nobody named.
const NAMELESS: &str = "OAuth client";

impl From<New> for flow::directory_token::New {
    fn from(sent: New) -> Self {
        let name = sent.name.unwrap_or_else(|| NAMELESS.to_owned());
        Self { name, scopes: sent.scopes, expires_at: sent.expires_at }
    }
}

/// An OAuth client of a directory, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryClient)]
pub struct Client {
    id: String,
    /// The same, as OAuth calls it.
    client_id: String,
    directory_id: String,
    name: String,
    /// What its tokens may do at most.
    scopes: Vec<&'static str>,
    /// Where it gets its tokens.
    token_url: String,
    created_by: CreatedBy,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
}

/// A new OAuth client with its secret: no other answer shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownDirectoryClient)]
pub struct Shown {
    /// The secret to enter at the provider.
    client_secret: String,
    #[serde(flatten)]
    rest: Client,
}

impl Client {
    fn of(app: &App, from: DirectoryClient) -> Self {
        Self {
            id: from.id.to_string(),
            client_id: from.id.to_string(),
            directory_id: from.directory_id.to_string(),
            name: from.name,
            scopes: from.scopes.iter().map(|scope| scope.as_str()).collect(),
            token_url: token_url(app),
            created_by: from.created_by.into(),
            created_at: from.created_at.to_string(),
            expires_at: from.expires_at.map(|at| at.to_string()),
            last_used_at: from.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// `POST /directories/{id}/clients`
async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    Body(new): Body<New>,
) -> Answer {
    let organization = caller.organization()?;
    let new = flow::directory_token::New::from(new);
    let (client, client_secret) = app
        .runner
        .write(caller.actor, organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::directory_client::create(work, id, &new).await })
        })
        .await?;
    let rest = Client::of(&app, client);
    Ok(created_once(Shown { client_secret, rest }, "client_secret"))
}

/// `GET /directories/{id}/clients`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    paging: Paging,
) -> Answer<Json<Page<Client>>> {
    let after = (paging.after.0, ClientId(paging.after.1));
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::directory_client::page(scope, id, after, paging.limit + 1).await?;
    let next = |item: &DirectoryClient| cursor(item.created_at, item.id.0);
    Ok(Json(Page::map(found, paging.limit, next, |item| Client::of(&app, item))))
}

/// `PATCH /directory-clients/{id}`
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClientId>,
    Body(sent): Body<TokenChange>,
) -> Answer<Json<Client>> {
    let organization = caller.organization()?;
    let patch = flow::directory_token::Patch::from(sent);
    let changed = app
        .runner
        .write(caller.actor, organization, move |work| {
            let patch = patch.clone();
            Box::pin(async move { flow::directory_client::change(work, id, &patch).await })
        })
        .await?;
    Ok(Json(Client::of(&app, changed)))
}

/// `DELETE /directory-clients/{id}`
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClientId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::directory_client::revoke(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
