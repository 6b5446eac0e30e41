//! Messages to webhooks: laid ready, claimed, finished.
//!
//! Of each webhook and subject only the oldest that is not finished is claimed, so that what
//! happened to one subject is told in order, and no subject waits for another.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{DeliveryId, EventId, OrganizationId, WebhookId};
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "organization_id, webhook_id, id, event_id, event_name, body, state, attempts, status,
            error, created_at, finished_at, run_at"
    };
}

sql! {
    INSERT = "
        insert into webhook_deliveries (organization_id, webhook_id, id, event_id, event_name,
            subject, body, state, attempts, run_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, 'pending', 0, $8, $8)";
    PAGE = concat!("
        select ", columns!(), "
        from webhook_deliveries
        where organization_id = $1 and webhook_id = $2 and (created_at, id) > ($3, $4)
        order by created_at, id
        limit $5 + 0");
    /// Webhooks with messages that are due, of all organizations.
    DUE = "
        select distinct d.organization_id, d.webhook_id
        from webhook_deliveries d
        where d.state = 'pending' and d.run_at <= $1
            and (d.locked_until is null or d.locked_until <= $1)
        limit $2 + 0";
    FINISH = "
        update webhook_deliveries
        set state = $3, status = $4, error = $5, finished_at = $6, locked_until = null
        where organization_id = $1 and id = $2 and state = 'pending'";
    AGAIN = "
        update webhook_deliveries
        set status = $3, error = $4, run_at = $5, locked_until = null
        where organization_id = $1 and id = $2 and state = 'pending'";
    GIVE_BACK = "
        update webhook_deliveries
        set locked_until = null, attempts = attempts - 1
        where organization_id = $1 and id = $2 and state = 'pending'";
    DROP_PENDING = "
        update webhook_deliveries
        set state = 'failed', error = $3, finished_at = $4, locked_until = null
        where organization_id = $1 and webhook_id = $2 and state = 'pending'";
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
    CLAIM = [
        "update webhook_deliveries
         set locked_until = $4, attempts = attempts + 1
         where organization_id = $1 and id in (
             select d.id
             from webhook_deliveries d
             where d.organization_id = $1 and d.webhook_id = $2 and d.state = 'pending'
                 and d.run_at <= $3 and (d.locked_until is null or d.locked_until <= $3)
                 and not exists (
                     select 1
                     from webhook_deliveries older
                     where older.webhook_id = d.webhook_id and older.subject = d.subject
                         and older.state = 'pending' and older.id < d.id)
             order by d.run_at, d.id
             limit $5 + 0",
        { " for update skip locked", "" },
        ")
         returning ",
        (columns!()),
    ];
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits, or is tried again later.
    Pending,
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
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|s| s.as_str() == word)
    }
}

/// A message to be laid ready.
#[derive(Clone, Debug)]
pub struct New {
    /// Its id; ids of one webhook follow the order of the feed.
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

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    webhook_id: Uuid,
    id: Uuid,
    event_id: Uuid,
    event_name: String,
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

/// Lays a message ready that may be sent from `at` on.
///
/// # Errors
/// [`StoreError::Reference`] when the webhook is gone.
pub async fn insert(
    scope: &mut Scope<'_>,
    webhook: WebhookId,
    new: &New,
    at: Timestamp,
) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(webhook.0)
        .bind(new.id.0)
        .bind(new.event.0)
        .bind(new.event_name.clone())
        .bind(new.subject.clone())
        .bind(new.body.clone())
        .bind(at.0)
        .execute()
        .await?;
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

/// Webhooks of all organizations with messages that are due.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn due(
    conn: &mut Conn<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(OrganizationId, WebhookId)>, StoreError> {
    let rows = conn.query(DUE).bind(now.0).bind(limit).all::<(Uuid, Uuid)>().await?;
    Ok(rows.into_iter().map(|(place, id)| (OrganizationId(place), WebhookId(id))).collect())
}

/// Claims due messages of a webhook until `locked_until`: of each subject the oldest alone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn claim(
    scope: &mut Scope<'_>,
    webhook: WebhookId,
    (now, locked_until): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let query = scope.query_on(CLAIM).bind(webhook.0).bind(now.0).bind(locked_until.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(Delivery::try_from).collect()
}

/// Finishes a message.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn finish(
    scope: &mut Scope<'_>,
    id: DeliveryId,
    (state, status, error): (State, Option<i64>, Option<&str>),
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = scope.query(FINISH).bind(id.0).bind(state.as_str()).bind(status);
    query.bind(error.map(str::to_owned)).bind(at.0).execute().await?;
    Ok(())
}

/// Lets a message be tried again from `run_at` on.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn again(
    scope: &mut Scope<'_>,
    id: DeliveryId,
    (status, error): (Option<i64>, &str),
    run_at: Timestamp,
) -> Result<(), StoreError> {
    let query = scope.query(AGAIN).bind(id.0).bind(status).bind(error.to_owned());
    query.bind(run_at.0).execute().await?;
    Ok(())
}

/// Gives a claimed message back that was not tried.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn give_back(scope: &mut Scope<'_>, id: DeliveryId) -> Result<(), StoreError> {
    scope.query(GIVE_BACK).bind(id.0).execute().await?;
    Ok(())
}

/// Gives up whatever waits for a webhook.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn drop_pending(
    scope: &mut Scope<'_>,
    webhook: WebhookId,
    why: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = scope.query(DROP_PENDING).bind(webhook.0).bind(why.to_owned()).bind(at.0);
    query.execute().await?;
    Ok(())
}

/// Forgets messages that were finished before an instant; answers how many.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn sweep(conn: &mut Conn<'_>, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    conn.query(SWEEP).bind(before.0).bind(limit).execute().await
}
