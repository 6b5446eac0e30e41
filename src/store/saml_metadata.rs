//! When the metadata of SAML providers is read again, and how the last look went.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{ConnectionId, OrganizationId};
use crate::domain::time::Timestamp;

sql! {
    PUT = "
        insert into saml_metadata (organization_id, connection_id, due_at, tried_at, failed)
        values ($1, $2, $3, $4, $5)
        on conflict (connection_id) do update
        set due_at = excluded.due_at, tried_at = excluded.tried_at, failed = excluded.failed";
    DELETE = "
        delete from saml_metadata
        where organization_id = $1 and connection_id = $2";
    CLAIM = "
        update saml_metadata
        set tried_at = $3
        where organization_id = $1 and connection_id = $2 and tried_at <= $4";
    FAILED = "
        select failed
        from saml_metadata
        where organization_id = $1 and connection_id = $2";
    DUE = "
        select organization_id, connection_id
        from saml_metadata
        where due_at <= $1
        order by due_at, connection_id
        limit $2 + 0";
}

/// How a look went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// When the next one is due.
    pub due_at: Timestamp,
    /// When it was.
    pub tried_at: Timestamp,
    /// Why it failed.
    pub failed: Option<String>,
}

/// Notes a look.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn put(scope: &mut Scope<'_>, id: ConnectionId, look: &Look) -> Result<(), StoreError> {
    let query = scope.query(PUT).bind(id.0).bind(look.due_at.0).bind(look.tried_at.0);
    query.bind(look.failed.clone()).execute().await?;
    Ok(())
}

/// Forgets a connection whose metadata is not read any more.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: ConnectionId) -> Result<(), StoreError> {
    scope.query(DELETE).bind(id.0).execute().await?;
    Ok(())
}

/// Takes the next look, unless there was one after `before`; answers whether it may be made.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn claim(
    scope: &mut Scope<'_>,
    id: ConnectionId,
    (now, before): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    let query = scope.query(CLAIM).bind(id.0).bind(now.0).bind(before.0);
    Ok(query.execute().await? == 1)
}

/// Why the last look failed; `None` when it did not, or there was none.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn failed(scope: &mut Scope<'_>, id: ConnectionId) -> Result<Option<String>, StoreError> {
    let row = scope.query(FAILED).bind(id.0).optional::<(Option<String>,)>().await?;
    Ok(row.and_then(|(failed,)| failed))
}

#[derive(FromRow)]
struct DueRow {
    organization_id: Uuid,
    connection_id: Uuid,
}

/// Connections whose metadata is due, whosever they are.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn due(
    conn: &mut Conn<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(OrganizationId, ConnectionId)>, StoreError> {
    let rows = conn.query(DUE).bind(now.0).bind(limit).all::<DueRow>().await?;
    let pair = |row: DueRow| (OrganizationId(row.organization_id), ConnectionId(row.connection_id));
    Ok(rows.into_iter().map(pair).collect())
}
