//! Access tokens that OAuth clients were given: found by their public part, swept once ended.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::directory_token::{read_scopes, scope_words};
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::directory_client::AccessToken;
use crate::domain::id::{ClientId, TokenId};
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

sql! {
    BY_PUBLIC_PART = "
        select client_id, id, hash, scopes, created_at, expires_at
        from client_tokens
        where public_part = $1";
    LIVE = "
        select count(*)
        from (
            select id
            from client_tokens
            where organization_id = $1 and client_id = $2 and expires_at > $3
            limit $4 + 0) as live";
    INSERT = "
        insert into client_tokens (organization_id, client_id, id, public_part, hash, scopes,
            created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
}

#[derive(FromRow)]
struct Row {
    client_id: Uuid,
    id: Uuid,
    hash: Vec<u8>,
    scopes: String,
    created_at: i64,
    expires_at: i64,
}

/// The token with this public part and the digest of its secret. Ended ones are found until they
/// are swept.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_public_part(
    conn: &mut Conn<'_>,
    public_part: &str,
) -> Result<Option<(AccessToken, SecretHash)>, StoreError> {
    let row = conn.query(BY_PUBLIC_PART).bind(public_part.to_owned()).optional::<Row>().await?;
    row.map(|row| {
        let hash = SecretHash::from_slice(&row.hash);
        let token = AccessToken {
            id: TokenId(row.id),
            client: ClientId(row.client_id),
            scopes: read_scopes(&row.scopes)?,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
        };
        Ok((token, hash.ok_or_else(|| StoreError::unreadable("hash"))?))
    })
    .transpose()
}

/// How many tokens of a client live, counted up to `most`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn live(
    scope: &mut Scope<'_>,
    client: ClientId,
    now: Timestamp,
    most: i64,
) -> Result<i64, StoreError> {
    let query = scope.query(LIVE).bind(client.0).bind(now.0).bind(most);
    Ok(query.one::<(i64,)>().await?.0)
}

/// Adds a token under its index key, with the digest of its secret.
///
/// # Errors
/// [`StoreError::Reference`] when the client is gone.
pub async fn insert(
    scope: &mut Scope<'_>,
    new: &AccessToken,
    public_part: &str,
    hash: SecretHash,
) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.client.0)
        .bind(new.id.0)
        .bind(public_part.to_owned())
        .bind(hash.0.to_vec())
        .bind(scope_words(&new.scopes))
        .bind(new.created_at.0)
        .bind(new.expires_at.0)
        .execute()
        .await?;
    Ok(())
}
