//! Webhooks: make, list, change, rotate, test, replay, remove, and the log of their messages.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::id::{DeliveryId, EventId, WebhookId};
use crate::domain::time::Timestamp;
use crate::domain::webhook as domain;
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::webhook::Replayed;
use crate::http::answer::{Answer, Page, created_once, versioned};
use crate::http::extract::{Body, IfMatch, Paging, cursor, kept};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::outbound::http::Guarded;
use crate::store;
use crate::store::webhook_delivery as deliveries;

const fn on_webhook() -> Needs {
    Needs::Action("webhooks.manage", Of::Webhook)
}

/// Routes of webhooks.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/webhooks",
        Needs::Action("webhooks.manage", Of::Organization),
        || post(create),
        Doc::of("Makes a webhook. Its secret is shown once.")
            .body(schema::<New>)
            .answer(201, schema::<Webhook>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/webhooks",
        Needs::Action("webhooks.manage", Of::Organization),
        || get(list),
        Doc::of("Lists webhooks, oldest first.").query(PAGED).answer(200, page::<Webhook>),
    ),
    Route::new(
        Patch,
        "/webhooks/{id}",
        on_webhook(),
        || patch(change),
        Doc::of("Changes a webhook, or switches it off or on.")
            .body(schema::<Change>)
            .answer(200, schema::<Webhook>),
    ),
    Route::new(
        Delete,
        "/webhooks/{id}",
        on_webhook(),
        || delete(remove),
        Doc::of("Removes a webhook with its messages.").nothing(),
    ),
    Route::new(
        Post,
        "/webhooks/{id}/rotate",
        on_webhook(),
        || post(rotate),
        Doc::of("Draws a new secret, shown once; the old one signs too for a day.")
            .answer(201, schema::<Webhook>),
    ),
    Route::new(
        Post,
        "/webhooks/{id}/test",
        on_webhook(),
        || post(test),
        Doc::of("Sends a message of the type `webhook.test`.").answer(202, schema::<Queued>),
    ),
    Route::new(
        Post,
        "/webhooks/{id}/replay",
        on_webhook(),
        || post(replay),
        Doc::of("Tells one event once more, or all between two instants.")
            .body(schema::<Replay>)
            .answer(202, schema::<Queued>),
    ),
    Route::new(
        Get,
        "/webhooks/{id}/deliveries",
        on_webhook(),
        || get(list_deliveries),
        Doc::of("Lists messages, oldest first.").query(PAGED).answer(200, page::<Delivery>),
    ),
];

/// A new webhook.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
pub struct New {
    /// What people call it; the host of the URL unless said.
    name: Option<String>,
    /// Where messages go: https.
    url: String,
    /// Names of events; all unless said.
    types: Option<Vec<String>>,
}

/// A change as a JSON Merge Patch: what is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookChange)]
pub struct Change {
    #[serde(default, deserialize_with = "kept")]
    name: Option<String>,
    #[serde(default, deserialize_with = "kept")]
    url: Option<String>,
    #[serde(default, deserialize_with = "kept")]
    types: Option<Vec<String>>,
    /// `active` or `disabled`.
    #[serde(default, deserialize_with = "kept")]
    status: Option<String>,
}

/// What is to be told once more.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookReplay)]
pub struct Replay {
    /// One event.
    event_id: Option<String>,
    /// From this instant on, as RFC 3339.
    from: Option<String>,
    /// Before this instant.
    to: Option<String>,
}

/// A webhook.
#[derive(Serialize, ToSchema)]
pub struct Webhook {
    id: String,
    name: String,
    url: String,
    /// Names of events; empty: all.
    types: Vec<String>,
    /// `active` or `disabled`.
    status: &'static str,
    /// The secret that signs; only in the answers that draw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Since when nothing came through.
    failing_since: Option<String>,
    /// Whether whoever made it has left.
    creator_left: bool,
    created_at: String,
    updated_at: String,
}

/// Messages that were laid ready.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedMessages)]
pub struct Queued {
    queued: usize,
}

/// A message to a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct Delivery {
    id: String,
    event_id: String,
    r#type: String,
    /// `pending`, `delivered` or `failed`.
    state: &'static str,
    attempts: i64,
    /// The status of the last answer.
    status: Option<i64>,
    error: Option<String>,
    created_at: String,
    /// When it is tried next; null while it waits for an older one of its subject, or is over.
    next_attempt_at: Option<String>,
    finished_at: Option<String>,
}

impl From<domain::Webhook> for Webhook {
    fn from(from: domain::Webhook) -> Self {
        Self {
            id: from.id.to_string(),
            name: from.name,
            url: from.url,
            types: from.types,
            status: from.status.as_str(),
            secret: None,
            failing_since: from.failing_since.map(|at| at.to_string()),
            creator_left: from.creator_left,
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
        }
    }
}

impl From<deliveries::Delivery> for Delivery {
    fn from(from: deliveries::Delivery) -> Self {
        let waits = from.state == deliveries::State::Pending;
        Self {
            id: from.id.to_string(),
            event_id: from.event.to_string(),
            r#type: from.event_name,
            state: match from.state {
                deliveries::State::Waiting => deliveries::State::Pending.as_str(),
                state => state.as_str(),
            },
            attempts: from.attempts,
            status: from.status,
            error: from.error,
            created_at: from.created_at.to_string(),
            next_attempt_at: waits.then(|| from.run_at.to_string()),
            finished_at: from.finished_at.map(|at| at.to_string()),
        }
    }
}

/// Refuses a URL that would never be asked.
fn check(client: &Guarded, url: &str) -> Result<url::Url, Problem> {
    client.check(url).map_err(|error| Problem::invalid("/url", "url", error.to_string()))
}

/// `POST /organizations/{org}/webhooks`
async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let organization = caller.organization()?;
    let url = check(&app.guarded, &new.url)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let new = flow::webhook::New {
        name: new.name.unwrap_or(host),
        url: new.url,
        types: new.types.unwrap_or_default(),
    };
    let (made, secret) = app
        .runner
        .write(caller.actor, organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::webhook::create(work, &new).await })
        })
        .await?;
    Ok(created_once(Webhook { secret: Some(secret), ..Webhook::from(made) }, "secret"))
}

/// `GET /organizations/{org}/webhooks`
async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Answer<Json<Page<Webhook>>> {
    let scope = &mut app.runner.read(caller.organization()?);
    let after = (paging.after.0, WebhookId(paging.after.1));
    let found = store::webhook::page(scope, after, paging.limit + 1).await?;
    Ok(Json(Page::of(found, paging.limit, |one| cursor(one.created_at, one.id.0))))
}

/// `PATCH /webhooks/{id}`
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WebhookId>,
    IfMatch(condition): IfMatch,
    Body(sent): Body<Change>,
) -> Answer {
    if let Some(url) = &sent.url {
        check(&app.guarded, url)?;
    }
    let organization = caller.organization()?;
    let patch = flow::webhook::Patch {
        name: sent.name,
        url: sent.url,
        types: sent.types,
        status: sent.status,
    };
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (patch, condition) = (patch.clone(), condition.clone());
            Box::pin(async move { flow::webhook::change(work, id, &condition, &patch).await })
        })
        .await?;
    Ok(versioned(StatusCode::OK, saved.version, Webhook::from(saved)))
}

/// `DELETE /webhooks/{id}`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WebhookId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::webhook::remove(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /webhooks/{id}/rotate`
async fn rotate(State(app): State<App>, caller: Caller, Path(id): Path<WebhookId>) -> Answer {
    let organization = caller.organization()?;
    let (saved, secret) = app
        .runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::webhook::rotate(work, id).await })
        })
        .await?;
    Ok(created_once(Webhook { secret: Some(secret), ..Webhook::from(saved) }, "secret"))
}

type Accepted = Answer<(StatusCode, Json<Queued>)>;

/// `POST /webhooks/{id}/test`
async fn test(State(app): State<App>, caller: Caller, Path(id): Path<WebhookId>) -> Accepted {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::webhook::test(work, id).await })
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(Queued { queued: 1 })))
}

/// `POST /webhooks/{id}/replay`
async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WebhookId>,
    Body(sent): Body<Replay>,
) -> Accepted {
    let organization = caller.organization()?;
    let what = sent.read()?;
    let queued = app
        .runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::webhook::replay(work, id, what).await })
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(Queued { queued })))
}

impl Replay {
    fn read(&self) -> Result<Replayed, Problem> {
        if let (Some(id), None, None) = (&self.event_id, &self.from, &self.to) {
            let id = EventId::parse(id);
            let id = id.map_err(|_| Problem::invalid("/event_id", "value", "This is no id."))?;
            return Ok(Replayed::One(id));
        }
        let instant = |pointer: &str, text: &Option<String>| {
            let at = text.as_deref().and_then(Timestamp::parse);
            at.ok_or_else(|| Problem::invalid(pointer, "value", "Send an instant as RFC 3339."))
        };
        if self.event_id.is_some() {
            let detail = "Send event_id, or from and to.";
            return Err(Problem::invalid("/event_id", "value", detail));
        }
        Ok(Replayed::Between(instant("/from", &self.from)?, instant("/to", &self.to)?))
    }
}

/// `GET /webhooks/{id}/deliveries`
async fn list_deliveries(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WebhookId>,
    paging: Paging,
) -> Answer<Json<Page<Delivery>>> {
    let scope = &mut app.runner.read(caller.organization()?);
    let after = (paging.after.0, DeliveryId(paging.after.1));
    let found = deliveries::page(scope, id, after, paging.limit + 1).await?;
    Ok(Json(Page::of(found, paging.limit, |one| cursor(one.created_at, one.id.0))))
}
