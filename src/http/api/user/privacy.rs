//! `POST /users/{id}/erase` and `GET /users/{id}/export`: one person forgotten, or all that is kept
//! of her told.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::connection_shown::SignIn;
use super::super::grant::{self, Grant};
use super::super::identity::Identity;
use super::super::invite::Invite;
use super::super::permit;
use super::super::token::Token;
use super::shown::{self, Session, User};
use crate::app::App;
use crate::domain::id::{TokenId, UserId};
use crate::domain::time::Timestamp;
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::answer::Answer;
use crate::http::guard::Caller;
use crate::store;

/// Items of one kind that are told.
const ITEMS_MAX: i64 = 10_000;

/// `POST /users/{id}/erase`
pub async fn erase(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::user::forget(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All that is kept of one person.
#[derive(Serialize, ToSchema)]
pub struct Export {
    /// When it was read; what changed later is not in it.
    exported_at: String,
    user: User,
    /// Her attributes by their SCIM names, as her directory or an admin wrote them.
    #[schema(value_type = Object)]
    profile: Value,
    /// In the order in which they were given, ended ones too.
    grants: Vec<Grant>,
    identities: Vec<Identity>,
    sessions: Vec<Session>,
    /// Those that wait for her.
    invites: Vec<Invite>,
    tokens: Vec<Token>,
    sign_ins: Vec<SignIn>,
}

/// `GET /users/{id}/export`
pub async fn export(State(app): State<App>, caller: Caller, Path(id): Path<UserId>) -> Answer {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    let scope = &mut app.runner.read(organization);
    let user = store::user::by_id(scope, id).await?;
    let user = user.ok_or_else(|| Problem::not_found("user"))?;
    let now = app.runner.clock.now();
    let start = (Timestamp(i64::MIN), TokenId(uuid::Uuid::nil()));
    let grants = store::grant::of_user(scope, id).await?;
    let identities = store::identity::of_user(scope, id, ITEMS_MAX).await?;
    let sessions = store::session::of_user(scope, id, now, ITEMS_MAX).await?;
    let invites = store::invite::pending_of(scope, id, ITEMS_MAX).await?;
    let tokens = store::api_token::of_owner(scope, id, start, ITEMS_MAX).await?;
    let sign_ins = store::sign_in::of_user(scope, id, ITEMS_MAX).await?;
    let profile = serde_json::from_str(&user.document).unwrap_or_default();
    let shown = shown::all(&app, organization, vec![user]).await?.pop();
    let shown = shown.ok_or_else(|| Problem::not_found("user"))?;
    let invited = |one| Invite::of(organization, one, now);
    let told = Export {
        exported_at: now.to_string(),
        user: shown,
        profile,
        grants: grant::shown(&app, organization, grants).await?,
        identities: identities.into_iter().map(Identity::from).collect(),
        sessions: sessions.into_iter().map(Session::from).collect(),
        invites: invites.into_iter().map(invited).collect(),
        tokens: tokens.into_iter().map(Token::from).collect(),
        sign_ins: sign_ins.into_iter().map(SignIn::from).collect(),
    };
    let mut response: Response = Json(told).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
