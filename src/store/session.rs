//! Browser sessions, found by the hash of their cookie.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{ConnectionId, OrganizationId, SessionId, UserId};
use crate::domain::secret::SecretHash;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "organization_id, id, hash, user_id, connection_id, subject, provider_session, signed_in_at,
            last_seen_at, expires_at"
    };
}

sql! {
    BY_HASH = concat!("
        select ", columns!(), "
        from sessions
        where hash = $1 and (connection_id is null or connection_id in (
            select c.id
            from connections c
            where c.id = sessions.connection_id and c.status = 'active'))");
    OF_USER = concat!("
        select ", columns!(), "
        from sessions
        where organization_id = $1 and user_id = $2 and expires_at > $3
        order by signed_in_at, id
        limit $4 + 0");
    INSERT = "
        insert into sessions (organization_id, id, hash, user_id, connection_id, subject,
            provider_session, signed_in_at, last_seen_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    TOUCH = "
        update sessions
        set last_seen_at = $3
        where organization_id = $1 and id = $2 and last_seen_at < $3";
    DELETE = "
        delete from sessions
        where organization_id = $1 and id = $2";
    DELETE_BY_HASH = "
        delete from sessions
        where organization_id = $1 and hash = $2";
    DELETE_OF_CONNECTION = "
        delete from sessions
        where organization_id = $1 and connection_id = $2";
    DELETE_OF_IDENTITY = "
        delete from sessions
        where organization_id = $1 and connection_id = $2 and user_id = $3";
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    id: Uuid,
    hash: Vec<u8>,
    user_id: Uuid,
    connection_id: Option<Uuid>,
    subject: Option<String>,
    provider_session: Option<String>,
    signed_in_at: i64,
    last_seen_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for Session {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId(row.id),
            organization_id: OrganizationId(row.organization_id),
            hash: SecretHash::from_slice(&row.hash)
                .ok_or_else(|| StoreError::unreadable("hash"))?,
            user_id: UserId(row.user_id),
            connection_id: row.connection_id.map(ConnectionId),
            subject: row.subject,
            provider_session: row.provider_session,
            signed_in_at: Timestamp(row.signed_in_at),
            last_seen_at: Timestamp(row.last_seen_at),
            expires_at: Timestamp(row.expires_at),
        })
    }
}

/// The session of a cookie, whosever it is: a cookie is all that a browser brings. A session of a
/// connection that is switched off does not count.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_hash(conn: &mut Conn<'_>, hash: SecretHash) -> Result<Option<Session>, StoreError> {
    let row = conn.query(BY_HASH).bind(hash.0.to_vec()).optional::<Row>().await?;
    row.map(Session::try_from).transpose()
}

/// Sessions of a user whose end has not come, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(
    scope: &mut Scope<'_>,
    user: UserId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Session>, StoreError> {
    let query = scope.query(OF_USER).bind(user.0).bind(now.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(Session::try_from).collect()
}

/// Begins a session.
///
/// # Errors
/// [`StoreError::Reference`] when the user or connection is gone.
pub async fn insert(scope: &mut Scope<'_>, new: &Session) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.hash.0.to_vec())
        .bind(new.user_id.0)
        .bind(new.connection_id.map(|id| id.0))
        .bind(new.subject.clone())
        .bind(new.provider_session.clone())
        .bind(new.signed_in_at.0)
        .bind(new.last_seen_at.0)
        .bind(new.expires_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Remembers that a session was used.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn touch(scope: &mut Scope<'_>, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
    scope.query(TOUCH).bind(id.0).bind(at.0).execute().await?;
    Ok(())
}

/// Ends a session; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: SessionId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}

/// Ends the session of a cookie; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_by_hash(scope: &mut Scope<'_>, hash: SecretHash) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE_BY_HASH).bind(hash.0.to_vec()).execute().await? == 1)
}

/// Ends every session that came by a connection; answers how many there were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_of_connection(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
) -> Result<u64, StoreError> {
    scope.query(DELETE_OF_CONNECTION).bind(connection.0).execute().await
}

/// Ends the sessions of a user that came by a connection; answers how many there were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_of_identity(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    user: UserId,
) -> Result<u64, StoreError> {
    scope.query(DELETE_OF_IDENTITY).bind(connection.0).bind(user.0).execute().await
}
