//! Holders of grants: who has something of a source, on a resource, or in a role.

use uuid::Uuid;

use super::error::StoreError;
use super::grant::OF_USER_MAX;
use super::scope::Scope;
use crate::domain::access::grant::Source;
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::time::Timestamp;

sql! {
    /// The next users who have a grant of this source.
    USERS_OF_SOURCE = "
        select distinct user_id
        from grants
        where organization_id = $1 and source = $2 and source_id = $3 and user_id > $4
        order by user_id
        limit $5 + 0";
    /// The next users who have a grant on this resource.
    USERS_ON_RESOURCE = "
        select distinct user_id
        from grants
        where organization_id = $1 and resource_kind = $2 and resource_key = $3
            and reach = 'resource' and user_id > $4
        order by user_id
        limit $5 + 0";
    /// The rules that gave grants, those that are gone too.
    RULES_WITH_GRANTS = "
        select distinct source_id
        from grants
        where organization_id = $1 and source = 'rule'
        limit $2 + 0";
    /// Whether anybody holds a role, wherever.
    HELD = "
        select count(*)
        from (
            select id
            from grants
            where organization_id = $1 and role = $2 and (expires_at is null or expires_at > $3)
            limit 1) as one";
    /// Whether an enabled user holds a role on the whole organization.
    HOLDERS = "
        select count(*)
        from (
            select g.id
            from grants g
            join users u on u.id = g.user_id
            where g.organization_id = $1 and g.role = $2 and g.reach = 'organization'
                and (g.expires_at is null or g.expires_at > $3) and u.suspended_by = 0
            limit 1) as one";
    /// Who is enabled and holds a role on the whole organization.
    HOLDER_IDS = "
        select distinct g.user_id
        from grants g
        join users u on u.id = g.user_id
        where g.organization_id = $1 and g.role = $2 and g.reach = 'organization'
            and (g.expires_at is null or g.expires_at > $3) and u.suspended_by = 0
        order by g.user_id
        limit $4 + 0";
    /// Where enabled holders of a role on the whole organization are written to.
    ADDRESSES = "
        select distinct u.email
        from grants g
        join users u on u.id = g.user_id
        where g.organization_id = $1 and g.role = $2 and g.reach = 'organization'
            and (g.expires_at is null or g.expires_at > $3) and u.suspended_by = 0
            and u.email is not null
        order by u.email
        limit $4 + 0";
    /// Holders who stay holders when a directory goes: those of other places, and (`$5`) those to
    /// whom something else than a rule gave the role.
    HOLDERS_WITHOUT = "
        select count(*)
        from (
            select g.id
            from grants g
            join users u on u.id = g.user_id
            where g.organization_id = $1 and g.role = $2 and g.reach = 'organization'
                and (g.expires_at is null or g.expires_at > $3) and u.suspended_by = 0
                and (u.directory_id is null or u.directory_id <> $4
                    or ($5 and g.source <> 'rule'))
            limit 1) as one";
}

/// Users after `after`, in the order of their ids, who have a grant of this source.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn users_of_source(
    scope: &mut Scope<'_>,
    (source, source_id): (Source, &str),
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let rows = scope
        .query(USERS_OF_SOURCE)
        .bind(source.key())
        .bind(source_id.to_owned())
        .bind(after.0)
        .bind(limit)
        .all::<(Uuid,)>()
        .await?;
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

/// Users after `after`, in the order of their ids, who have a grant on exactly this resource.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn users_on_resource(
    scope: &mut Scope<'_>,
    (kind, key_folded): (&str, &str),
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let rows = scope
        .query(USERS_ON_RESOURCE)
        .bind(kind.to_owned())
        .bind(key_folded.to_owned())
        .bind(after.0)
        .bind(limit)
        .all::<(Uuid,)>()
        .await?;
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

/// The source ids of all grants that rules gave, those of rules that are gone too.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn rules_with_grants(scope: &mut Scope<'_>) -> Result<Vec<String>, StoreError> {
    let rows = scope.query(RULES_WITH_GRANTS).bind(OF_USER_MAX).all::<(String,)>().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whether anybody holds a role at an instant, wherever and enabled or not.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn is_held(scope: &mut Scope<'_>, role: &str, at: Timestamp) -> Result<bool, StoreError> {
    let query = scope.query(HELD).bind(role.to_owned()).bind(at.0);
    Ok(query.one::<(i64,)>().await?.0 > 0)
}

/// Whether anybody who is enabled holds a role on the whole organization at an instant.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn has_holder(
    scope: &mut Scope<'_>,
    role: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let query = scope.query(HOLDERS).bind(role.to_owned()).bind(at.0);
    Ok(query.one::<(i64,)>().await?.0 > 0)
}

/// Those who are enabled and hold a role on the whole organization at an instant, in the order of
/// their ids.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn holders(
    scope: &mut Scope<'_>,
    role: &str,
    at: Timestamp,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let query = scope.query(HOLDER_IDS).bind(role.to_owned()).bind(at.0).bind(limit);
    Ok(query.all::<(Uuid,)>().await?.into_iter().map(|(id,)| UserId(id)).collect())
}

/// Addresses of holders who are written to at most.
const ADDRESSES_MAX: i64 = 50;

/// The addresses of those who hold a role on the whole organization at an instant and are enabled.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn addresses(
    scope: &mut Scope<'_>,
    role: &str,
    at: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let query = scope.query(ADDRESSES).bind(role.to_owned()).bind(at.0).bind(ADDRESSES_MAX);
    Ok(query.all::<(String,)>().await?.into_iter().map(|(email,)| email).collect())
}

/// Whether a role keeps an enabled holder for the whole organization when a directory goes: with
/// its people, or (`kept`) with what rules gave them alone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn has_holder_without(
    scope: &mut Scope<'_>,
    role: &str,
    at: Timestamp,
    (directory, kept): (DirectoryId, bool),
) -> Result<bool, StoreError> {
    let query = scope.query(HOLDERS_WITHOUT).bind(role.to_owned()).bind(at.0);
    Ok(query.bind(directory.0).bind(kept).one::<(i64,)>().await?.0 > 0)
}
