//! Who lost her access to a directory lately, and when an unusual number of them was told.

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::time::Timestamp;

sql! {
    INSERT = "
        insert into removals (organization_id, directory_id, user_id, at)
        values ($1, $2, $3, $4)
        on conflict (directory_id, user_id) do update
        set at = excluded.at";
    COUNT = "
        select count(*)
        from (
            select user_id
            from removals
            where organization_id = $1 and directory_id = $2 and at > $3
            limit $4 + 0) as counted";
    ALARMED = "
        select count(*)
        from removal_alarms
        where organization_id = $1 and directory_id = $2 and at > $3";
    /// The first to come writes; whoever comes at once waits for it and writes nothing.
    ALARM = "
        insert into removal_alarms (organization_id, directory_id, at)
        values ($1, $2, $3)
        on conflict (directory_id) do update
        set at = excluded.at
        where removal_alarms.at <= $4";
}

sql_by_engine! {
    HOLD = ["select version from directories where organization_id = $1 and id = $2", locked];
}

/// Holds the directory's row until commit, so that removals are counted one after another. It comes
/// after groups and users in the order of locks.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn hold(scope: &mut Scope<'_>, directory: DirectoryId) -> Result<(), StoreError> {
    scope.query_on(HOLD).bind(directory.0).optional::<(i64,)>().await?;
    Ok(())
}

/// Notes that somebody lost her access; each person counts once.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    user: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    scope.query(INSERT).bind(directory.0).bind(user.0).bind(at.0).execute().await?;
    Ok(())
}

/// How many people lost their access after an instant, counted up to `most`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    since: Timestamp,
    most: i64,
) -> Result<i64, StoreError> {
    let query = scope.query(COUNT).bind(directory.0).bind(since.0).bind(most);
    Ok(query.one::<(i64,)>().await?.0)
}

/// Whether an unusual number was told after an instant.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn is_alarmed(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let query = scope.query(ALARMED).bind(directory.0).bind(since.0);
    Ok(query.one::<(i64,)>().await?.0 > 0)
}

/// Notes that an unusual number is told; false when it was told after `since` already.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn alarm(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    at: Timestamp,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let query = scope.query(ALARM).bind(directory.0).bind(at.0).bind(since.0);
    Ok(query.execute().await? == 1)
}
