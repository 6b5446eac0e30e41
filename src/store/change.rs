//! What changed for decisions and tokens, for the other nodes to read.
//!
//! Sequence numbers are drawn before commit, so a reader looks back over an overlap and skips the
//! numbers that it has seen.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::change::Change;
use crate::domain::id::OrganizationId;
use crate::domain::time::Timestamp;

sql! {
    INSERT = "
        insert into access_changes (organization_id, kind, key, user_id, at)
        values ($1, $2, $3, $4, $5)
        returning id";
    SINCE = "
        select id, organization_id, kind, key
        from access_changes
        where at >= $1
        order by id
        limit $2";
}

/// Tells the other nodes what changed, and answers the change's number. The newest number of a
/// user is the version of her access: whoever changes it holds her row, so numbers of one user are
/// drawn in the order of their commits.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    scope: &mut Scope<'_>,
    change: &Change,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let (kind, key) = change.stored();
    let user = match change {
        Change::User(id) => Some(id.0),
        _ => None,
    };
    let query = scope.query(INSERT).bind(kind).bind(key).bind(user).bind(at.0);
    Ok(query.one::<(i64,)>().await?.0)
}

/// Changes written at or after `at`, with their numbers, at most `limit`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn since(
    conn: &mut Conn<'_>,
    at: Timestamp,
    limit: i64,
) -> Result<Vec<(i64, OrganizationId, Change)>, StoreError> {
    let rows =
        conn.query(SINCE).bind(at.0).bind(limit).all::<(i64, Uuid, String, String)>().await?;
    // A kind that this program does not know was written by a newer one: forget everything then.
    let read = |kind: &str, key: &str| Change::read(kind, key).unwrap_or(Change::Organization);
    Ok(rows
        .into_iter()
        .map(|(id, organization, kind, key)| (id, OrganizationId(organization), read(&kind, &key)))
        .collect())
}
