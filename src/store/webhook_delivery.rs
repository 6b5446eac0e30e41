//! Messages to webhooks: laid ready, claimed, finished.
//!
//! Of each webhook and subject only the oldest that is not finished is `pending` and can be
//! claimed; the next ones are `waiting` behind it. So what happened to one subject is told in
//! order, no subject waits for another, and what waits costs nothing. Whoever writes here holds the
//! webhook.

use std::collections::HashSet;

use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{DeliveryId, EventId, OrganizationId, WebhookId};
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "organization_id, webhook_id, id, event_id, event_name, subject, body, state, attempts,
            status, error, created_at, finished_at, run_at"
    };
}
pub(super) use columns;

sql! {
    PAGE = concat!("
        select ", columns!(), "
        from webhook_deliveries
        where organization_id = $1 and webhook_id = $2 and (created_at, id) > ($3, $4)
        order by created_at, id
        limit $5 + 0");
    SWEEP = "
        delete from webhook_deliveries
        where id in (
            select id
            from webhook_deliveries
            where finished_at < $1
            order by finished_at
            limit $2 + 0)";
}

sql_by_engine! {
    /// A message waits when another one of its subject is before it, in the table or in the list.
    INSERT = [
        "insert into webhook_deliveries (organization_id, webhook_id, id, event_id, event_name,
             subject, body, place, state, attempts, run_at, created_at)
         select $1, $2, ",
        {
            "(value->>0)::uuid, (value->>1)::uuid, value->>2, value->>3, value->>4,
                 (value->>5)::bigint",
            "unhex(value->>0, '-'), unhex(value->>1, '-'), value->>2, value->>3, value->>4,
                 value->>5",
        },
        ", case when value->>6 = 'waiting' or exists (
                 select 1
                 from webhook_deliveries d
                 where d.organization_id = $1 and d.webhook_id = $2 and d.subject = value->>3
                     and d.finished_at is null)
             then 'waiting' else 'pending' end, 0, ",
        {
            "$4::bigint, $4::bigint
             from jsonb_array_elements($3::jsonb)",
            "$4, $4
             from json_each($3)",
        },
    ];
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is sent next, or tried again later.
    Pending,
    /// It waits until one before it is finished.
    Waiting,
    /// The endpoint took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl State {
    /// The word that is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Waiting, Self::Delivered, Self::Failed];
        all.into_iter().find(|state| state.as_str() == word)
    }
}

/// A message to be laid ready.
#[derive(Clone, Debug)]
pub struct New {
    /// Its id.
    pub id: DeliveryId,
    /// What it tells.
    pub event: EventId,
    /// The event's name.
    pub event_name: String,
    /// What it happened to: its messages follow one another.
    pub subject: String,
    /// What is sent.
    pub body: String,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// Its id.
    pub id: DeliveryId,
    /// What it tells.
    pub event: EventId,
    /// The event's name.
    pub event_name: String,
    /// What it happened to.
    pub subject: String,
    /// What is sent.
    pub body: String,
    /// How far it has come.
    pub state: State,
    /// How often it was tried.
    pub attempts: i64,
    /// The status of the last answer.
    pub status: Option<i64>,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was laid ready.
    pub created_at: Timestamp,
    /// When it was finished.
    pub finished_at: Option<Timestamp>,
    /// When it is tried next, while it waits.
    pub run_at: Timestamp,
}

/// A message as the engine gives it.
#[derive(FromRow)]
pub(super) struct Row {
    organization_id: Uuid,
    webhook_id: Uuid,
    id: Uuid,
    event_id: Uuid,
    event_name: String,
    subject: String,
    body: String,
    state: String,
    attempts: i64,
    status: Option<i64>,
    error: Option<String>,
    created_at: i64,
    finished_at: Option<i64>,
    run_at: i64,
}

impl TryFrom<Row> for Delivery {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            organization: OrganizationId(row.organization_id),
            webhook: WebhookId(row.webhook_id),
            id: DeliveryId(row.id),
            event: EventId(row.event_id),
            event_name: row.event_name,
            subject: row.subject,
            body: row.body,
            state: State::parse(&row.state).ok_or_else(|| StoreError::unreadable("state"))?,
            attempts: row.attempts,
            status: row.status,
            error: row.error,
            created_at: Timestamp(row.created_at),
            finished_at: row.finished_at.map(Timestamp),
            run_at: Timestamp(row.run_at),
        })
    }
}

/// Lays messages ready that may be sent from `at` on; `last` is the number of the last of them.
///
/// # Errors
/// [`StoreError::Reference`] when the webhook is gone.
pub async fn insert(
    scope: &mut Scope<'_>,
    (webhook, last): (WebhookId, i64),
    new: &[New],
    at: Timestamp,
) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let first = last - i64::try_from(new.len()).unwrap_or(last) + 1;
    let mut before = HashSet::with_capacity(new.len());
    let row = |(place, one): (i64, &New)| {
        let state =
            if before.insert(one.subject.clone()) { State::Pending } else { State::Waiting };
        json!([one.id.0, one.event.0, one.event_name, one.subject, one.body, place, state.as_str()])
    };
    let rows = Value::Array((first..).zip(new).map(row).collect()).to_string();
    scope.query_on(INSERT).bind(webhook.0).bind(rows).bind(at.0).execute().await?;
    Ok(())
}

/// Messages of a webhook, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    webhook: WebhookId,
    after: (Timestamp, DeliveryId),
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let query = scope.query(PAGE).bind(webhook.0).bind(after.0.0).bind(after.1.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(Delivery::try_from).collect()
}

/// Forgets messages that were finished before an instant; answers how many.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn sweep(conn: &mut Conn<'_>, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    conn.query(SWEEP).bind(before.0).bind(limit).execute().await
}
