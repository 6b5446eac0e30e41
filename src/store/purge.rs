//! Organizations that were deleted go for good, table by table: one cascading deletion of a large
//! one would outlast every timeout.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::OrganizationId;
use crate::domain::time::Timestamp;

sql! {
    DELETED = "
        select id
        from organizations
        where deleted_at < $1
        order by deleted_at
        limit 1";
    PURGE_EVENTS = "
        delete from events
        where id in (select id from events where organization_id = $1 limit $2 + 0)";
    PURGE_SIGN_INS = "
        delete from sign_ins
        where id in (select id from sign_ins where organization_id = $1 limit $2 + 0)";
    PURGE_EXCHANGES = "
        delete from exchanges
        where (directory_id, number) in (
            select e.directory_id, e.number
            from directories d
            join exchanges e on e.directory_id = d.id
            where d.organization_id = $1
            limit $2 + 0)";
    PURGE_USERS = "
        delete from users
        where id in (select id from users where organization_id = $1 limit $2 + 0)";
    PURGE_GROUPS = "
        delete from groups
        where id in (select id from groups where organization_id = $1 limit $2 + 0)";
    PURGE_RESOURCES = "
        delete from resources
        where id in (select id from resources where organization_id = $1 limit $2 + 0)";
    PURGE_ORGANIZATION = "
        delete from organizations
        where id = $1";
}

/// An organization that was deleted before an instant.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn deleted(
    conn: &mut Conn<'_>,
    before: Timestamp,
) -> Result<Option<OrganizationId>, StoreError> {
    let row = conn.query(DELETED).bind(before.0).optional::<(Uuid,)>().await?;
    Ok(row.map(|(id,)| OrganizationId(id)))
}

/// Deletes a part of what an organization owns, at last the organization; answers whether it is
/// gone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn purge(scope: &mut Scope<'_>, limit: i64) -> Result<bool, StoreError> {
    let parts =
        [PURGE_EVENTS, PURGE_SIGN_INS, PURGE_EXCHANGES, PURGE_USERS, PURGE_GROUPS, PURGE_RESOURCES];
    for part in parts {
        if scope.query(part).bind(limit).execute().await? > 0 {
            return Ok(false);
        }
    }
    scope.query(PURGE_ORGANIZATION).execute().await?;
    Ok(true)
}
