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
            last_seen_at, expires_at, provider_subject, id_token"
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
            provider_session, signed_in_at, last_seen_at, expires_at, provider_subject, id_token)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
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
    /// One session at the provider, or all of a person there; both where both are named.
    DELETE_BY_PROVIDER = "
        delete from sessions
        where organization_id = $1 and connection_id = $2 and provider_session = $3
            and (provider_subject = $4 or $4 = '')
        returning id, user_id";
    DELETE_BY_SUBJECT = "
        delete from sessions
        where organization_id = $1 and connection_id = $2 and provider_subject = $3
        returning id, user_id";
    /// Sessions whose link rests on a domain that the connection lists.
    DELETE_RESTING = "
        delete from sessions
        where organization_id = $1 and connection_id = $2 and user_id in (
            select i.user_id
            from identities i
            where i.connection_id = $2 and i.rule in ('LI2b', 'LI4', 'LI5'))";
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
    provider_subject: Option<String>,
    id_token: Option<Vec<u8>>,
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
            provider_subject: row.provider_subject,
            id_token: row.id_token,
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
        .bind(new.provider_subject.clone())
        .bind(new.id_token.clone())
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

/// Ends the sessions that a provider ended: those of one session there, or all of a person;
/// answers each with its user.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_by_provider(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    (session, subject): (Option<&str>, Option<&str>),
) -> Result<Vec<(SessionId, UserId)>, StoreError> {
    let query = match (session, subject) {
        (Some(session), subject) => scope
            .query(DELETE_BY_PROVIDER)
            .bind(connection.0)
            .bind(session.to_owned())
            .bind(subject.unwrap_or_default().to_owned()),
        (None, Some(subject)) => {
            scope.query(DELETE_BY_SUBJECT).bind(connection.0).bind(subject.to_owned())
        }
        (None, None) => return Ok(Vec::new()),
    };
    let rows = query.all::<(Uuid, Uuid)>().await?;
    Ok(rows.into_iter().map(|(id, user)| (SessionId(id), UserId(user))).collect())
}

/// Ends the sessions of a connection whose links rest on a domain (LI2b, LI4, LI5); answers how
/// many there were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_resting_on_domain(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
) -> Result<u64, StoreError> {
    scope.query(DELETE_RESTING).bind(connection.0).execute().await
}
