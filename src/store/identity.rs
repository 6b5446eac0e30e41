//! Identities: which subject at which connection is which user.

use std::collections::HashSet;

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::list::{LIST_MAX, places};
use super::scope::Scope;
use crate::domain::id::{ConnectionId, DirectoryId, IdentityId, UserId};
use crate::domain::identity::Identity;
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "id, connection_id, subject, user_id, rule, created_at, last_sign_in_at"
    };
}

sql! {
    BY_SUBJECT = concat!("
        select ", columns!(), "
        from identities
        where organization_id = $1 and connection_id = $2 and subject = $3");
    OF_USER = concat!("
        select ", columns!(), "
        from identities
        where organization_id = $1 and user_id = $2
        order by created_at, id
        limit $3 + 0");
    AT_CONNECTION = "
        select id
        from identities
        where organization_id = $1 and connection_id = $2 and user_id = $3
        limit 1";
    ANY_AT_CONNECTION = "
        select id
        from identities
        where organization_id = $1 and connection_id = $2
        limit 1";
    BY_ID = concat!("
        select ", columns!(), "
        from identities
        where organization_id = $1 and id = $2");
    BY_ADDRESS = "
        select id
        from users
        where organization_id = $1 and directory_id = $2 and (email_key = $3 or user_name_key = $3)
        order by id
        limit $4 + 0";
    /// Users of the organization itself who could be meant by an address: nobody of the billing
    /// system, and no sub-user.
    LOCAL_BY_ADDRESS = "
        select id
        from users
        where organization_id = $1 and directory_id is null and not leaving and parent_id is null
            and source in ('invite', 'api', 'sso') and (email_key = $2 or user_name_key = $2)
        order by id
        limit $3 + 0";
    ANY_BY_ADDRESS = "
        select id
        from users
        where organization_id = $1 and (email_key = $2 or user_name_key = $2)
        order by id
        limit 1";
    LINKED = concat!("
        select distinct user_id
        from identities
        where organization_id = $1 and user_id in (", places!(), ")
        order by user_id
        limit 100");
    INSERT = "
        insert into identities (organization_id, id, connection_id, subject, user_id, rule,
            created_at, last_sign_in_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    SIGNED_IN = "
        update identities
        set last_sign_in_at = $3
        where organization_id = $1 and id = $2";
    DELETE = "
        delete from identities
        where organization_id = $1 and id = $2";
}

sql_by_engine! {
    LOCK_USER = ["select id from users where organization_id = $1 and id = $2", locked];
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    connection_id: Uuid,
    subject: String,
    user_id: Uuid,
    rule: String,
    created_at: i64,
    last_sign_in_at: Option<i64>,
}

impl From<Row> for Identity {
    fn from(row: Row) -> Self {
        Self {
            id: IdentityId(row.id),
            connection_id: ConnectionId(row.connection_id),
            subject: row.subject,
            user_id: UserId(row.user_id),
            rule: row.rule,
            created_at: Timestamp(row.created_at),
            last_sign_in_at: row.last_sign_in_at.map(Timestamp),
        }
    }
}

/// The identity of a subject at a connection.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_subject(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    subject: &str,
) -> Result<Option<Identity>, StoreError> {
    let query = scope.query(BY_SUBJECT).bind(connection.0).bind(subject.to_owned());
    Ok(query.optional::<Row>().await?.map(Identity::from))
}

/// Identities of a user, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(
    scope: &mut Scope<'_>,
    user: UserId,
    limit: i64,
) -> Result<Vec<Identity>, StoreError> {
    let rows = scope.query(OF_USER).bind(user.0).bind(limit).all::<Row>().await?;
    Ok(rows.into_iter().map(Identity::from).collect())
}

/// Whether a user has an identity at a connection.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn is_at(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    user: UserId,
) -> Result<bool, StoreError> {
    let query = scope.query(AT_CONNECTION).bind(connection.0).bind(user.0);
    Ok(query.optional::<(Uuid,)>().await?.is_some())
}

/// Whether anybody has an identity at a connection.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn are_at(scope: &mut Scope<'_>, connection: ConnectionId) -> Result<bool, StoreError> {
    let query = scope.query(ANY_AT_CONNECTION).bind(connection.0);
    Ok(query.optional::<(Uuid,)>().await?.is_some())
}

/// The identity with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: IdentityId) -> Result<Option<Identity>, StoreError> {
    Ok(scope.query(BY_ID).bind(id.0).optional::<Row>().await?.map(Identity::from))
}

/// Locks the row of a user until the transaction ends, so that nobody suspends her meanwhile.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn lock_user(scope: &mut Scope<'_>, id: UserId) -> Result<(), StoreError> {
    scope.query_on(LOCK_USER).bind(id.0).optional::<(Uuid,)>().await?;
    Ok(())
}

/// Users of a directory whose e-mail or login this is, by its key; at most `limit`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_address(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    key: &str,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let query = scope.query(BY_ADDRESS).bind(directory.0).bind(key.to_owned()).bind(limit);
    Ok(query.all::<(Uuid,)>().await?.into_iter().map(|(id,)| UserId(id)).collect())
}

/// Joins a subject and a user.
///
/// # Errors
/// [`StoreError::Unique`] (`identities_pkey`) when the subject is joined already.
pub async fn insert(scope: &mut Scope<'_>, new: &Identity) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.connection_id.0)
        .bind(new.subject.clone())
        .bind(new.user_id.0)
        .bind(new.rule.clone())
        .bind(new.created_at.0)
        .bind(new.last_sign_in_at.map(|at| at.0))
        .execute()
        .await?;
    Ok(())
}

/// Remembers a sign-in by this identity.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn signed_in(
    scope: &mut Scope<'_>,
    id: IdentityId,
    at: Timestamp,
) -> Result<(), StoreError> {
    scope.query(SIGNED_IN).bind(id.0).bind(at.0).execute().await?;
    Ok(())
}

/// Parts a subject and a user; answers whether they were joined.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: IdentityId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}

/// Users of the organization itself whose e-mail or login this is, by its key, and who could be
/// meant by it; at most `limit`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn local_by_address(
    scope: &mut Scope<'_>,
    key: &str,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let query = scope.query(LOCAL_BY_ADDRESS).bind(key.to_owned()).bind(limit);
    Ok(query.all::<(Uuid,)>().await?.into_iter().map(|(id,)| UserId(id)).collect())
}

/// Somebody of the organization, wherever she is from, whose e-mail or login this is.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn any_by_address(
    scope: &mut Scope<'_>,
    key: &str,
) -> Result<Option<UserId>, StoreError> {
    let query = scope.query(ANY_BY_ADDRESS).bind(key.to_owned());
    Ok(query.optional::<(Uuid,)>().await?.map(|(id,)| UserId(id)))
}

/// Those of these users who have an identity at any connection.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn linked(
    scope: &mut Scope<'_>,
    users: &[UserId],
) -> Result<HashSet<UserId>, StoreError> {
    let mut found = HashSet::new();
    for chunk in users.chunks(LIST_MAX) {
        let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
        let rows = scope.query(LINKED).bind_ids(&ids).all::<(Uuid,)>().await?;
        found.extend(rows.into_iter().map(|(id,)| UserId(id)));
    }
    Ok(found)
}
