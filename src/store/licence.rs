//! Licences: how many of a level a user was allocated.

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::list::{LIST_MAX, places};
use super::scope::Scope;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

/// Most levels of one user that are read; a definition has fewer.
const LEVELS_MAX: i64 = 100;

sql! {
    OF_USER = "
        select level, total
        from licences
        where organization_id = $1 and user_id = $2
        order by level
        limit $3 + 0";
    /// The levels of which these users have any.
    HELD_BY = concat!("
        select user_id, level
        from licences
        where organization_id = $1 and user_id in (", places!(), ") and total > 0
        order by user_id, level
        limit 10000");
    PUT = "
        insert into licences (organization_id, user_id, level, total, updated_at)
        values ($1, $2, $3, $4, $5)
        on conflict (user_id, level) do update
        set total = excluded.total, updated_at = excluded.updated_at";
}

#[derive(FromRow)]
struct HeldRow {
    user_id: Uuid,
    level: String,
}

/// What a user was allocated, by the keys of the levels; former levels too.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(
    scope: &mut Scope<'_>,
    user: UserId,
) -> Result<HashMap<String, i64>, StoreError> {
    let query = scope.query(OF_USER).bind(user.0).bind(LEVELS_MAX);
    Ok(query.all::<(String, i64)>().await?.into_iter().collect())
}

/// The keys of the levels of which each of these users has licences.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn held_by(
    scope: &mut Scope<'_>,
    users: &[UserId],
) -> Result<HashMap<UserId, Vec<String>>, StoreError> {
    let mut held: HashMap<UserId, Vec<String>> = HashMap::new();
    for chunk in users.chunks(LIST_MAX) {
        let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
        for row in scope.query(HELD_BY).bind_ids(&ids).all::<HeldRow>().await? {
            held.entry(UserId(row.user_id)).or_default().push(row.level);
        }
    }
    Ok(held)
}

/// Keeps how many licences of a level a user has. The caller holds her row.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn put(
    scope: &mut Scope<'_>,
    user: UserId,
    (level, total): (&str, i64),
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = scope.query(PUT).bind(user.0).bind(level.to_owned()).bind(total).bind(at.0);
    query.execute().await?;
    Ok(())
}
