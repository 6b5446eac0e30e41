//! The turns of webhooks: who is due, which messages are claimed, and what became of them.
//!
//! Each verb here but [`due`] and [`is_due`] is called by whoever holds the webhook.

use serde_json::{Value, json};
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use super::webhook_delivery::{Delivery, Row};
use crate::domain::id::{DeliveryId, OrganizationId, WebhookId};
use crate::domain::time::Timestamp;

sql! {
    /// Active webhooks of all organizations with messages that are due, one after another.
    DUE = "
        select w.organization_id, w.id
        from webhooks w
        where w.status = 'active' and w.id > $2 and exists (
            select 1
            from webhook_deliveries d
            where d.webhook_id = w.id and d.state = 'pending' and d.run_at <= $1)
        order by w.id
        limit $3 + 0";
    IS_DUE = "
        select count(*)
        from (
            select id
            from webhook_deliveries
            where organization_id = $1 and webhook_id = $2 and state = 'pending' and run_at <= $3
            limit 1) as one";
    FAIL = "
        update webhook_deliveries
        set state = 'failed', status = $3, error = $4, finished_at = $5
        where organization_id = $1 and id = $2 and finished_at is null";
    /// Only for the claim that asks: a later one has its own answer.
    AGAIN = "
        update webhook_deliveries
        set status = $3, error = $4, run_at = $5
        where organization_id = $1 and id = $2 and state = 'pending' and attempts = $6";
    DROP_PENDING = "
        update webhook_deliveries
        set state = 'failed', error = $3, finished_at = $4
        where organization_id = $1 and webhook_id = $2 and finished_at is null";
}

sql_by_engine! {
    DELIVERED = [
        "update webhook_deliveries
         set state = 'delivered', error = null, finished_at = $3, status = ",
        {
            "(v.value->>1)::bigint
             from jsonb_array_elements($4::jsonb) as v (value)
             where organization_id = $1 and webhook_id = $2 and id = (v.value->>0)::uuid",
            "v.value->>1
             from json_each($4) as v
             where organization_id = $1 and webhook_id = $2
                 and webhook_deliveries.id = unhex(v.value->>0, '-')",
        },
        " and finished_at is null",
    ];
    /// A claim lasts until the message is due again.
    CLAIM = [
        "update webhook_deliveries
         set run_at = $4, attempts = attempts + 1
         where organization_id = $1 and webhook_id = $2 and id ",
        { "= any (array(", "in (" },
        "    select d.id
             from webhook_deliveries d
             where d.organization_id = $1 and d.webhook_id = $2 and d.state = 'pending'
                 and d.run_at <= $3
             order by d.run_at, d.place
             limit $5 + 0",
        { ")) returning ", ") returning " },
        (super::webhook_delivery::columns!()),
    ];
    /// Lets the oldest that waits of each subject be sent, unless one before it is not finished.
    PROMOTE = [
        "update webhook_deliveries
         set state = 'pending', run_at = $3
         where organization_id = $1 and state = 'waiting' and id ",
        { "= any (array(", "in (" },
        "    select (
                 select d.id
                 from webhook_deliveries d
                 where d.organization_id = $1 and d.webhook_id = $2 and d.subject = s.value
                     and d.finished_at is null
                 order by d.place
                 limit 1)
             from ",
        { "jsonb_array_elements_text($4::jsonb) as s (value)))", "json_each($4) as s)" },
    ];
}

/// Active webhooks of all organizations with messages that are due, by their ids after `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn due(
    conn: &mut Conn<'_>,
    (now, after): (Timestamp, WebhookId),
    limit: i64,
) -> Result<Vec<(OrganizationId, WebhookId)>, StoreError> {
    let query = conn.query(DUE).bind(now.0).bind(after.0).bind(limit);
    let rows = query.all::<(Uuid, Uuid)>().await?;
    Ok(rows.into_iter().map(|(place, id)| (OrganizationId(place), WebhookId(id))).collect())
}

/// Whether any message of a webhook is due.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn is_due(
    scope: &mut Scope<'_>,
    webhook: WebhookId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(scope.query(IS_DUE).bind(webhook.0).bind(now.0).one::<(i64,)>().await?.0 > 0)
}

/// Claims due messages of a webhook, so that nobody else sends them before `until`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn claim(
    scope: &mut Scope<'_>,
    webhook: WebhookId,
    (now, until): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let query = scope.query_on(CLAIM).bind(webhook.0).bind(now.0).bind(until.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(Delivery::try_from).collect()
}

/// Notes that the endpoint took messages, each with the status of its answer.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delivered(
    scope: &mut Scope<'_>,
    webhook: WebhookId,
    taken: &[(DeliveryId, Option<i64>)],
    at: Timestamp,
) -> Result<(), StoreError> {
    if taken.is_empty() {
        return Ok(());
    }
    let rows: Value = taken.iter().map(|(id, status)| json!([id.0, status])).collect();
    let query = scope.query_on(DELIVERED).bind(webhook.0).bind(at.0).bind(rows.to_string());
    query.execute().await?;
    Ok(())
}

/// Gives a message up.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn fail(
    scope: &mut Scope<'_>,
    id: DeliveryId,
    (status, error): (Option<i64>, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = scope.query(FAIL).bind(id.0).bind(status).bind(error.to_owned()).bind(at.0);
    query.execute().await?;
    Ok(())
}

/// Lets a message be tried again from `run_at` on, unless somebody tries it already.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn again(
    scope: &mut Scope<'_>,
    tried: &Delivery,
    (status, error): (Option<i64>, &str),
    run_at: Timestamp,
) -> Result<(), StoreError> {
    let query = scope.query(AGAIN).bind(tried.id.0).bind(status).bind(error.to_owned());
    query.bind(run_at.0).bind(tried.attempts).execute().await?;
    Ok(())
}

/// Lets what waits behind finished messages of these subjects be sent.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn promote(
    scope: &mut Scope<'_>,
    webhook: WebhookId,
    subjects: &[&str],
    at: Timestamp,
) -> Result<(), StoreError> {
    if subjects.is_empty() {
        return Ok(());
    }
    let subjects = json!(subjects).to_string();
    scope.query_on(PROMOTE).bind(webhook.0).bind(at.0).bind(subjects).execute().await?;
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
