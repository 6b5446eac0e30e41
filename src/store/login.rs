//! Sign-ins in progress, found by the hash of their state.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{ConnectionId, LoginId, OrganizationId};
use crate::domain::login::{Login, ReturnTo};
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

sql! {
    INSERT = "
        insert into logins (organization_id, id, connection_id, state_hash, browser_hash,
            nonce_hash, verifier, return_to, created_at, expires_at, fresh, trial)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    BY_STATE = "
        select organization_id, id, connection_id, state_hash, browser_hash, nonce_hash, verifier,
            return_to, created_at, expires_at, used_at, fresh, trial
        from logins
        where organization_id = $1 and connection_id = $2 and state_hash = $3";
    CONSUME = "
        update logins
        set used_at = $3
        where organization_id = $1 and id = $2 and used_at is null";
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    id: Uuid,
    connection_id: Uuid,
    state_hash: Vec<u8>,
    browser_hash: Vec<u8>,
    nonce_hash: Vec<u8>,
    verifier: Vec<u8>,
    return_to: String,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
    fresh: bool,
    trial: bool,
}

impl TryFrom<Row> for Login {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let hash = |bytes: &[u8], column| {
            SecretHash::from_slice(bytes).ok_or_else(|| StoreError::unreadable(column))
        };
        Ok(Self {
            id: LoginId(row.id),
            organization_id: OrganizationId(row.organization_id),
            connection_id: ConnectionId(row.connection_id),
            state: hash(&row.state_hash, "state_hash")?,
            browser: hash(&row.browser_hash, "browser_hash")?,
            nonce: hash(&row.nonce_hash, "nonce_hash")?,
            verifier: row.verifier,
            return_to: ReturnTo::parse(&row.return_to)
                .ok_or_else(|| StoreError::unreadable("return_to"))?,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            used_at: row.used_at.map(Timestamp),
            fresh: row.fresh,
            trial: row.trial,
        })
    }
}

/// Remembers a sign-in that begins.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(scope: &mut Scope<'_>, new: &Login) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.connection_id.0)
        .bind(new.state.0.to_vec())
        .bind(new.browser.0.to_vec())
        .bind(new.nonce.0.to_vec())
        .bind(new.verifier.clone())
        .bind(new.return_to.as_str().to_owned())
        .bind(new.created_at.0)
        .bind(new.expires_at.0)
        .bind(new.fresh)
        .bind(new.trial)
        .execute()
        .await?;
    Ok(())
}

/// The sign-in of a connection with this state, used or not.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_state(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    state: SecretHash,
) -> Result<Option<Login>, StoreError> {
    let query = scope.query(BY_STATE).bind(connection.0).bind(state.0.to_vec());
    query.optional::<Row>().await?.map(Login::try_from).transpose()
}

/// Uses the sign-in up; answers whether nobody had used it before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn consume(
    scope: &mut Scope<'_>,
    id: LoginId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(scope.query(CONSUME).bind(id.0).bind(at.0).execute().await? == 1)
}
