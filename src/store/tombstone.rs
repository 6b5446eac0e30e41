//! Traces of removed users, looked up when somebody signs in under a name that was theirs.

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::UserId;
use crate::domain::secret::hex;
use crate::domain::time::Timestamp;
use crate::domain::tombstone::{Name, Trace};

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

sql_by_engine! {
    ANY_OF = [
        "select hash
         from tombstones
         where organization_id = $1 and kind = $3 and hash ",
        {
            "in (select decode(value, 'hex') from jsonb_array_elements_text($2::jsonb))",
            "in (select unhex(value) from json_each($2))",
        },
    ];
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

/// Those of these traces that somebody left.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn any_of(
    scope: &mut Scope<'_>,
    name: Name,
    hashes: &[[u8; 32]],
) -> Result<Vec<Vec<u8>>, StoreError> {
    let hashes: Vec<String> = hashes.iter().map(|hash| hex(hash)).collect();
    let hashes = serde_json::to_string(&hashes).map_err(|_| StoreError::unreadable("hashes"))?;
    let query = scope.query_on(ANY_OF).bind(hashes).bind(name.as_str());
    Ok(query.all::<(Vec<u8>,)>().await?.into_iter().map(|(hash,)| hash).collect())
}
