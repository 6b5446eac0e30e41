//! `POST /users/{id}/erase` and `GET /users/{id}/export`: one person forgotten, or all that is kept
//! of her told.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::permit;
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
    let profile: Value = serde_json::from_str(&user.document).unwrap_or_default();
    let mut told = json!({
        "exported_at": now,
        "user": {
            "id": user.id.to_string(), "user_name": user.user_name, "email": user.email,
            "first_name": user.first_name, "last_name": user.last_name,
            "display_name": user.display_name, "description": user.description,
            "external_id": user.external_id, "external_ref": user.external_ref,
            "source": user.source.as_str(), "status": user.status(now).as_str(),
            "suspended_by": user.suspended_by.words(), "created_at": user.created_at,
            "updated_at": user.updated_at, "last_sign_in_at": user.last_sign_in_at,
        },
        "profile": profile,
    });
    let list = |items: Vec<Value>| Value::Array(items);
    if let Some(fields) = told.as_object_mut() {
        let shown = grants.into_iter().map(|one| {
            json!({"id": one.id.to_string(), "role": one.role, "resource": one.reach.resource(),
                "source": one.source.key(), "created_at": one.created_at,
                "expires_at": one.expires_at})
        });
        fields.insert("grants".to_owned(), list(shown.collect()));
        let shown = identities.into_iter().map(|one| {
            json!({"connection_id": one.connection_id.to_string(), "subject": one.subject,
                "rule": one.rule, "created_at": one.created_at,
                "last_sign_in_at": one.last_sign_in_at})
        });
        fields.insert("identities".to_owned(), list(shown.collect()));
        let shown = sessions.into_iter().map(|one| {
            json!({"id": one.id.to_string(), "signed_in_at": one.signed_in_at,
                "last_seen_at": one.last_seen_at, "expires_at": one.expires_at})
        });
        fields.insert("sessions".to_owned(), list(shown.collect()));
        let shown = invites.into_iter().map(|one| {
            json!({"id": one.id.to_string(), "email": one.email, "created_at": one.created_at,
                "expires_at": one.expires_at})
        });
        fields.insert("invites".to_owned(), list(shown.collect()));
        let shown = tokens.into_iter().map(|one| {
            json!({"id": one.id.to_string(), "name": one.name, "permissions": one.permissions,
                "created_at": one.created_at, "last_used_at": one.last_used_at})
        });
        fields.insert("tokens".to_owned(), list(shown.collect()));
        let shown = sign_ins.into_iter().map(|(at, outcome, subject, email)| {
            json!({"at": Timestamp(at), "outcome": outcome, "subject": subject, "email": email})
        });
        fields.insert("sign_ins".to_owned(), list(shown.collect()));
    }
    let mut response: Response = Json(told).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
