//! Traces of removed users, looked up when somebody signs in under a name that was theirs.

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::domain::tombstone::Trace;

sql! {
    /// A newer removal under the same name takes the place of the older one.
    INSERT = "
        insert into tombstones (organization_id, kind, hash, user_id, at)
        values ($1, $2, $3, $4, $5)
        on conflict (organization_id, kind, hash) do update
        set user_id = excluded.user_id, at = excluded.at";
    BY_TRACE = "
        select user_id, at
        from tombstones
        where organization_id = $1 and kind = $2 and hash = $3";
}

/// Who was removed under a name, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The user who is gone.
    pub user: UserId,
    /// When she was removed.
    pub at: Timestamp,
}

/// Leaves a trace of a removed user.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    scope: &mut Scope<'_>,
    trace: Trace,
    user: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(trace.name.as_str())
        .bind(trace.hash.to_vec())
        .bind(user.0)
        .bind(at.0)
        .execute()
        .await?;
    Ok(())
}

/// The last user who was removed under this name.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_trace(
    scope: &mut Scope<'_>,
    trace: Trace,
) -> Result<Option<Tombstone>, StoreError> {
    let row = scope
        .query(BY_TRACE)
        .bind(trace.name.as_str())
        .bind(trace.hash.to_vec())
        .optional::<(Uuid, i64)>()
        .await?;
    Ok(row.map(|(user, at)| Tombstone { user: UserId(user), at: Timestamp(at) }))
}
