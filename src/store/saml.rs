//! SAML: messages that were used, sign-ins that wait for their browser, and names for logout.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{ConnectionId, SessionId, UserId};
use crate::domain::login::ReturnTo;
use crate::domain::saml::identity::NameId;
use crate::domain::saml::result::{Arrived, Used};
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

sql! {
    USE = "
        insert into saml_replays (organization_id, connection_id, kind, id_hash, expires_at)
        values ($1, $2, $3, $4, $5)
        on conflict (connection_id, kind, id_hash) do nothing";
    ARRIVE = "
        insert into saml_results (organization_id, id, connection_id, handle_hash, browser_hash,
            identity, return_to, asks, trial, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    BY_HANDLE = "
        select id, connection_id, handle_hash, browser_hash, identity, return_to, asks, trial,
            expires_at, used_at
        from saml_results
        where organization_id = $1 and connection_id = $2 and handle_hash = $3";
    CONSUME = "
        update saml_results
        set used_at = $3
        where organization_id = $1 and id = $2 and used_at is null";
    NAME_SESSION = "
        insert into saml_sessions (organization_id, session_id, connection_id, name_value, name,
            session_index)
        select organization_id, id, $3, $4, $5, $6
        from sessions
        where organization_id = $1 and hash = $2";
    NAMED = "
        select n.session_id, s.user_id, n.name, n.session_index
        from saml_sessions n
        join sessions s on s.id = n.session_id
        where n.organization_id = $1 and n.connection_id = $2 and n.name_value = $3
            and n.session_id > $4
        order by n.session_id
        limit $5 + 0";
    NAME_OF = "
        select n.session_id, s.user_id, n.name, n.session_index
        from saml_sessions n
        join sessions s on s.id = n.session_id
        where n.organization_id = $1 and n.session_id = $2";
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    connection_id: Uuid,
    handle_hash: Vec<u8>,
    browser_hash: Vec<u8>,
    identity: Vec<u8>,
    return_to: String,
    asks: bool,
    trial: bool,
    expires_at: i64,
    used_at: Option<i64>,
}

impl TryFrom<Row> for Arrived {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let hash = |bytes: &[u8], column| {
            SecretHash::from_slice(bytes).ok_or_else(|| StoreError::unreadable(column))
        };
        Ok(Self {
            id: row.id,
            connection_id: ConnectionId(row.connection_id),
            handle: hash(&row.handle_hash, "handle_hash")?,
            browser: hash(&row.browser_hash, "browser_hash")?,
            identity: row.identity,
            return_to: ReturnTo::parse(&row.return_to)
                .ok_or_else(|| StoreError::unreadable("return_to"))?,
            asks: row.asks,
            trial: row.trial,
            expires_at: Timestamp(row.expires_at),
            used_at: row.used_at.map(Timestamp),
        })
    }
}

/// Uses the id of a message up; answers whether nobody had used it before (G26).
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn use_up(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    used: &Used<'_>,
) -> Result<bool, StoreError> {
    let query = scope.query(USE).bind(connection.0).bind(used.kind.as_str());
    let hash = SecretHash::of(used.id.as_bytes());
    Ok(query.bind(hash.0.to_vec()).bind(used.until.0).execute().await? == 1)
}

/// Keeps what arrived until its browser comes for it.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn arrive(scope: &mut Scope<'_>, new: &Arrived) -> Result<(), StoreError> {
    scope
        .query(ARRIVE)
        .bind(new.id)
        .bind(new.connection_id.0)
        .bind(new.handle.0.to_vec())
        .bind(new.browser.0.to_vec())
        .bind(new.identity.clone())
        .bind(new.return_to.as_str().to_owned())
        .bind(new.asks)
        .bind(new.trial)
        .bind(new.expires_at.0)
        .execute()
        .await?;
    Ok(())
}

/// What arrived at a connection under this handle, used or not.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_handle(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    handle: SecretHash,
) -> Result<Option<Arrived>, StoreError> {
    let query = scope.query(BY_HANDLE).bind(connection.0).bind(handle.0.to_vec());
    query.optional::<Row>().await?.map(Arrived::try_from).transpose()
}

/// Uses what arrived up; answers whether nobody had used it before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn consume(scope: &mut Scope<'_>, id: Uuid, at: Timestamp) -> Result<bool, StoreError> {
    Ok(scope.query(CONSUME).bind(id).bind(at.0).execute().await? == 1)
}

/// A session and what the provider calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The session.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// What the provider calls her, whole.
    pub name: NameId,
    /// What the provider calls the session.
    pub session_index: Option<String>,
}

#[derive(FromRow)]
struct NamedRow {
    session_id: Uuid,
    user_id: Uuid,
    name: String,
    session_index: Option<String>,
}

impl TryFrom<NamedRow> for Named {
    type Error = StoreError;

    fn try_from(row: NamedRow) -> Result<Self, StoreError> {
        let name = serde_json::from_str(&row.name).map_err(|_| StoreError::unreadable("name"))?;
        let (session, user) = (SessionId(row.session_id), UserId(row.user_id));
        Ok(Self { session, user, name, session_index: row.session_index })
    }
}

/// Notes by which name the provider knows the session of a cookie.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn name_session(
    scope: &mut Scope<'_>,
    cookie: SecretHash,
    connection: ConnectionId,
    (name, session_index): (&NameId, Option<&str>),
) -> Result<(), StoreError> {
    let whole = serde_json::to_string(name).map_err(|_| StoreError::unreadable("name"))?;
    scope
        .query(NAME_SESSION)
        .bind(cookie.0.to_vec())
        .bind(connection.0)
        .bind(name.value.clone())
        .bind(whole)
        .bind(session_index.map(str::to_owned))
        .execute()
        .await?;
    Ok(())
}

/// Sessions of a connection by the value of a name, in the order of their ids after `after`; the
/// caller compares the rest of the name.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn named(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    (value, after): (&str, SessionId),
    limit: i64,
) -> Result<Vec<Named>, StoreError> {
    let query = scope.query(NAMED).bind(connection.0).bind(value.to_owned());
    let query = query.bind(after.0).bind(limit);
    query.all::<NamedRow>().await?.into_iter().map(Named::try_from).collect()
}

/// By which name the provider knows a session.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn name_of(
    scope: &mut Scope<'_>,
    session: SessionId,
) -> Result<Option<Named>, StoreError> {
    let row = scope.query(NAME_OF).bind(session.0).optional::<NamedRow>().await?;
    row.map(Named::try_from).transpose()
}
