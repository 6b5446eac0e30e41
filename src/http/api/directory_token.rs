//! Tokens of directories: make, list, change, revoke.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::actor::ActorRef;
use crate::domain::directory as domain;
use crate::domain::id::{DirectoryId, TokenId};
use crate::flow;
use crate::http::answer::{Answer, Page, created_once};
use crate::http::extract::{Body, Paging, clearable, cursor, kept};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::store;

const OF_DIRECTORY: Needs = Needs::Action("directories.manage", Of::Directory);
const OF_ITSELF: Needs = Needs::Action("directories.manage", Of::DirectoryToken);

/// Routes of the tokens of directories.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/directories/{id}/tokens",
        OF_DIRECTORY,
        || post(create_token),
        Doc::of("Makes a token of a directory; this answer alone shows it.")
            .body(schema::<NewToken>)
            .answer(201, schema::<ShownToken>),
    ),
    Route::new(
        Get,
        "/directories/{id}/tokens",
        OF_DIRECTORY,
        || get(list_tokens),
        Doc::of("Lists the tokens of a directory that were not revoked.")
            .query(PAGED)
            .answer(200, page::<Token>),
    ),
    Route::new(
        Patch,
        "/directory-tokens/{id}",
        OF_ITSELF,
        || patch(change_token),
        Doc::of("Renames a token of a directory or moves its end.")
            .body(schema::<TokenChange>)
            .answer(200, schema::<Token>),
    ),
    Route::new(
        Delete,
        "/directory-tokens/{id}",
        OF_ITSELF,
        || delete(revoke_token),
        Doc::of("Revokes a token of a directory at once.").nothing(),
    ),
];

/// A new token of a directory.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDirectoryToken)]
pub struct NewToken {
    /// What people call it, 1 to 200 characters.
    name: String,
    /// `scim.read`, `scim.write`; both unless said.
    scopes: Option<Vec<String>>,
    /// When it ends, as RFC 3339; until it is revoked unless said.
    expires_at: Option<String>,
}

impl From<NewToken> for flow::directory_token::New {
    fn from(sent: NewToken) -> Self {
        Self { name: sent.name, scopes: sent.scopes, expires_at: sent.expires_at }
    }
}

/// A change as a JSON Merge Patch: what is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DirectoryTokenChange)]
pub struct TokenChange {
    /// What people call it, 1 to 200 characters.
    #[serde(default, deserialize_with = "kept")]
    name: Option<String>,
    /// When it ends, as RFC 3339; `null`: when it is revoked.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    expires_at: Option<Option<String>>,
}

impl From<TokenChange> for flow::directory_token::Patch {
    fn from(sent: TokenChange) -> Self {
        Self { name: sent.name, expires_at: sent.expires_at }
    }
}

/// A token of a directory, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryToken)]
pub struct Token {
    id: String,
    directory_id: String,
    name: String,
    scopes: Vec<&'static str>,
    created_by: CreatedBy,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
}

/// A new token of a directory with its secret: no other answer shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownDirectoryToken)]
pub struct ShownToken {
    /// The secret to enter at the client.
    token: String,
    #[serde(flatten)]
    rest: Token,
}

/// Who made something.
#[derive(Serialize, ToSchema)]
pub struct CreatedBy {
    /// `operator`, `user` or `system`.
    kind: String,
    id: Option<String>,
}

impl From<ActorRef> for CreatedBy {
    fn from(from: ActorRef) -> Self {
        Self { kind: from.kind, id: from.id }
    }
}

impl From<domain::Token> for Token {
    fn from(from: domain::Token) -> Self {
        Self {
            id: from.id.to_string(),
            directory_id: from.directory_id.to_string(),
            name: from.name,
            scopes: from.scopes.iter().map(|scope| scope.as_str()).collect(),
            created_by: from.created_by.into(),
            created_at: from.created_at.to_string(),
            expires_at: from.expires_at.map(|at| at.to_string()),
            last_used_at: from.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// `POST /directories/{id}/tokens`
async fn create_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    Body(new): Body<NewToken>,
) -> Answer {
    let organization = caller.organization()?;
    let new = flow::directory_token::New::from(new);
    let (token, text) = app
        .runner
        .write(caller.actor, organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::directory_token::create(work, id, &new).await })
        })
        .await?;
    Ok(created_once(ShownToken { token: text, rest: token.into() }, "token"))
}

/// `GET /directories/{id}/tokens`
async fn list_tokens(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DirectoryId>,
    paging: Paging,
) -> Answer<Json<Page<Token>>> {
    let after = (paging.after.0, TokenId(paging.after.1));
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::directory_token::page(scope, id, after, paging.limit + 1).await?;
    Ok(Json(Page::of(found, paging.limit, |item| cursor(item.created_at, item.id.0))))
}

/// `PATCH /directory-tokens/{id}`
async fn change_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
    Body(sent): Body<TokenChange>,
) -> Answer<Json<Token>> {
    let organization = caller.organization()?;
    let patch = flow::directory_token::Patch::from(sent);
    let changed = app
        .runner
        .write(caller.actor, organization, move |work| {
            let patch = patch.clone();
            Box::pin(async move { flow::directory_token::change(work, id, &patch).await })
        })
        .await?;
    Ok(Json(changed.into()))
}

/// `DELETE /directory-tokens/{id}`
async fn revoke_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::directory_token::revoke(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
