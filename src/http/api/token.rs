//! Tokens: a person's own, and those of the organization.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::access::decision::Question;
use crate::domain::actor::Actor;
use crate::domain::api_token::{ApiToken, Kind};
use crate::domain::id::{OrganizationId, TokenId, UserId};
use crate::domain::platform::Action;
use crate::flow;
use crate::flow::problem::{Code, FieldError, Problem};
use crate::http::answer::{Answer, Page, created_once};
use crate::http::extract::{Body, Paging, Params, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Post};
use crate::http::route::{AFTER, Doc, LIMIT, Needs, Of, PAGED, Route, page, schema};
use crate::http::session::{Signed, check_action};
use crate::store;
use crate::store::owner::Owned;

/// Routes of tokens.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/me/tokens",
        Needs::Session,
        || post(create_own),
        Doc::of("Makes a personal token; needs `tokens.create`. It is shown once.")
            .body(schema::<New>)
            .answer(201, schema::<Token>),
    ),
    Route::new(
        Get,
        "/me/tokens",
        Needs::Session,
        || get(list_own),
        Doc::of("Lists one's own tokens.").query(PAGED).answer(200, page::<Token>),
    ),
    Route::new(
        Post,
        "/organizations/{org}/tokens",
        Needs::Action("org_tokens.manage", Of::Organization),
        || post(create),
        Doc::of("Makes a token of the organization, never above its creator. It is shown once.")
            .body(schema::<New>)
            .answer(201, schema::<Token>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/tokens",
        Needs::Action("tokens.view", Of::Organization),
        || get(list),
        Doc::of("Lists tokens of people or of the organization.")
            .query(&[("kind", "`personal` or `organization` (unless said)."), LIMIT, AFTER])
            .answer(200, page::<Token>),
    ),
    Route::new(
        Delete,
        "/tokens/{id}",
        Needs::Credential,
        || delete(revoke),
        Doc::of("Revokes a token: one's own, or another one with `tokens.revoke`.").nothing(),
    ),
];

/// A new token.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
pub struct New {
    /// What people call it, 1 to 100 characters.
    name: String,
    /// Keys of built-in actions, such as `users.view`.
    permissions: Vec<String>,
    /// `kind:key` each: the token is confined to them; to none unless said.
    resources: Option<Vec<String>>,
    /// When it ends, as RFC 3339: after 90 days (personal, at most 365) or 365 days (of the
    /// organization, at most 730) unless said.
    expires_at: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub struct Token {
    id: String,
    /// The token itself; only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// `personal` or `organization`.
    kind: &'static str,
    name: String,
    owner_id: Option<String>,
    permissions: Vec<String>,
    resources: Vec<String>,
    /// Whether whoever made it has left.
    creator_left: bool,
    created_at: String,
    expires_at: String,
    last_used_at: Option<String>,
}

impl From<ApiToken> for Token {
    fn from(from: ApiToken) -> Self {
        Self {
            id: from.id.to_string(),
            token: None,
            kind: from.kind.as_str(),
            name: from.name,
            owner_id: from.owner.map(|id| id.to_string()),
            permissions: from.permissions,
            resources: from.resources,
            creator_left: from.creator_left,
            created_at: from.created_at.to_string(),
            expires_at: from.expires_at.to_string(),
            last_used_at: from.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// `?kind=`
#[derive(Deserialize)]
struct Asked {
    kind: Option<String>,
}

fn signed(caller: &Caller) -> Result<&Signed, Problem> {
    caller.signed.as_deref().ok_or_else(|| Problem::internal("the route needs no session"))
}

/// `POST /me/tokens`
async fn create_own(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let signed = signed(&caller)?;
    let (home, owner) = (signed.organization.id, signed.user.id);
    check_action(&app, signed, home, "tokens.create").await?;
    made(&app, &caller, (home, Kind::Personal, Some(owner)), new).await
}

/// `POST /organizations/{org}/tokens`
async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let organization = caller.organization()?;
    made(&app, &caller, (organization, Kind::Organization, None), new).await
}

async fn made(
    app: &App,
    caller: &Caller,
    (organization, kind, owner): (OrganizationId, Kind, Option<UserId>),
    new: New,
) -> Answer {
    let new = flow::api_token::New {
        name: new.name,
        permissions: new.permissions,
        resources: new.resources.unwrap_or_default(),
        expires_at: new.expires_at,
    };
    within(app, caller, organization, &new.permissions).await?;
    let (token, text) = app
        .runner
        .write(caller.actor.clone(), organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::api_token::create(work, (kind, owner), &new).await })
        })
        .await?;
    Ok(created_once(Token { token: Some(text), ..Token::from(token) }, "token"))
}

/// A token never holds more than whoever makes it.
async fn within(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    permissions: &[String],
) -> Result<(), Problem> {
    let Some(user) = caller.actor.answers() else { return Ok(()) };
    let platform = &app.runner.platform;
    let mut errors = Vec::new();
    for (at, key) in permissions.iter().enumerate() {
        let Some(action) = Action::by_key(key) else { continue };
        let Some(row) = platform.permission(platform.action(action)) else { continue };
        let at_now = app.runner.clock.now();
        let question = Question { user, permission: &row.key, resource: None, at: at_now };
        if !app.live.allows(organization, &question).await? {
            errors.push(FieldError {
                pointer: format!("/permissions/{at}"),
                code: "above-author".to_owned(),
                detail: "You do not have this permission for the whole organization.".to_owned(),
            });
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let detail = "A token holds nothing that its creator does not hold.";
    Err(Problem { errors, ..Problem::new(Code::Forbidden, detail) })
}

/// `GET /me/tokens`
async fn list_own(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Answer<Json<Page<Token>>> {
    let signed = signed(&caller)?;
    let scope = &mut app.runner.read(signed.organization.id);
    let after = (paging.after.0, TokenId(paging.after.1));
    let found = store::api_token::of_owner(scope, signed.user.id, after, paging.limit + 1).await?;
    Ok(Json(shown(found, paging.limit)))
}

fn shown(found: Vec<ApiToken>, limit: i64) -> Page<Token> {
    Page::of(found, limit, |token: &ApiToken| cursor(token.created_at, token.id.0))
}

/// `GET /organizations/{org}/tokens`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
    paging: Paging,
) -> Answer<Json<Page<Token>>> {
    let organization = caller.organization()?;
    let kind = asked.kind.as_deref().unwrap_or("organization");
    let kind = Kind::parse(kind)
        .ok_or_else(|| Problem::new(Code::Malformed, "kind is `personal` or `organization`."))?;
    let after = (paging.after.0, TokenId(paging.after.1));
    let scope = &mut app.runner.read(organization);
    let found = store::api_token::page(scope, kind, after, paging.limit + 1).await?;
    Ok(Json(shown(found, paging.limit)))
}

/// `DELETE /tokens/{id}`
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<TokenId>, PathRejection>,
) -> Answer<StatusCode> {
    let unknown = || Problem::not_found("token");
    let Path(id) = id.map_err(|_| unknown())?;
    let conn = &mut app.runner.db.conn();
    let owner = store::owner::of(conn, Owned::ApiToken, id.0).await?;
    let organization = owner.ok_or_else(unknown)?;
    let found = store::api_token::by_id(&mut app.runner.read(organization), id).await?;
    let found = found.ok_or_else(unknown)?;
    may_revoke(&app, &caller, &found).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::api_token::revoke(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The operator, the owner, or who may revoke those of others.
async fn may_revoke(app: &App, caller: &Caller, token: &ApiToken) -> Result<(), Problem> {
    if matches!(caller.actor, Actor::Operator(_)) {
        return Ok(());
    }
    let signed = caller
        .signed
        .as_deref()
        .ok_or_else(|| Problem::new(Code::Forbidden, "No token revokes tokens: sign in."))?;
    if token.owner == Some(signed.user.id) {
        return Ok(());
    }
    if signed.organization.id != token.organization_id {
        return Err(Problem::not_found("token"));
    }
    let action = match token.kind {
        Kind::Personal => "tokens.revoke",
        Kind::Organization => "org_tokens.manage",
    };
    check_action(app, signed, token.organization_id, action).await
}
