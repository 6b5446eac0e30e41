//! Tokens of directories: looked up by their public part, compared by hash.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::actor::ActorRef;
use crate::domain::directory::{Token, TokenScope};
use crate::domain::id::{DirectoryId, OrganizationId, TokenId};
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

sql! {
    BY_PUBLIC_PART = "
        select organization_id, directory_id, id, name, hash, scopes, created_by, created_at,
            expires_at, last_used_at, revoked_at
        from directory_tokens
        where public_part = $1";
    BY_ID = "
        select organization_id, directory_id, id, name, hash, scopes, created_by, created_at,
            expires_at, last_used_at, revoked_at
        from directory_tokens
        where organization_id = $1 and id = $2 and revoked_at is null";
    PAGE = "
        select organization_id, directory_id, id, name, hash, scopes, created_by, created_at,
            expires_at, last_used_at, revoked_at
        from directory_tokens
        where organization_id = $1 and directory_id = $2 and revoked_at is null
            and (created_at, id) > ($3, $4)
        order by created_at, id
        limit $5 + 0";
    INSERT = "
        insert into directory_tokens (organization_id, directory_id, id, name, public_part, hash,
            scopes, created_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// Another end makes all notices due again.
    UPDATE = "
        update directory_tokens
        set name = $3, expires_at = $4,
            noticed_days = case when expires_at = $4 then noticed_days end
        where organization_id = $1 and id = $2 and revoked_at is null";
    REVOKE = "
        update directory_tokens
        set revoked_at = $3
        where organization_id = $1 and id = $2 and revoked_at is null";
    TOUCH = "
        update directory_tokens
        set last_used_at = $3
        where organization_id = $1 and id = $2 and (last_used_at is null or last_used_at < $4)";
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    directory_id: Uuid,
    id: Uuid,
    name: String,
    hash: Vec<u8>,
    scopes: String,
    created_by: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for Token {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: TokenId(row.id),
            organization_id: OrganizationId(row.organization_id),
            directory_id: DirectoryId(row.directory_id),
            name: row.name,
            scopes: read_scopes(&row.scopes)?,
            created_by: serde_json::from_str(&row.created_by)
                .map_err(|_| StoreError::unreadable("created_by"))?,
            created_at: Timestamp(row.created_at),
            expires_at: row.expires_at.map(Timestamp),
            last_used_at: row.last_used_at.map(Timestamp),
            revoked_at: row.revoked_at.map(Timestamp),
        })
    }
}

/// The token with this public part and the digest of its secret. Revoked and expired ones are
/// found too, so that their use can be told (scim S5): ask [`Token::is_live`].
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_public_part(
    conn: &mut Conn<'_>,
    public_part: &str,
) -> Result<Option<(Token, SecretHash)>, StoreError> {
    let row = conn.query(BY_PUBLIC_PART).bind(public_part.to_owned()).optional::<Row>().await?;
    row.map(|row| {
        let hash = SecretHash::from_slice(&row.hash);
        let hash = hash.ok_or_else(|| StoreError::unreadable("hash"))?;
        Ok((Token::try_from(row)?, hash))
    })
    .transpose()
}

/// The token with this id, unless it was revoked.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: TokenId) -> Result<Option<Token>, StoreError> {
    let row = scope.query(BY_ID).bind(id.0).optional::<Row>().await?;
    row.map(Token::try_from).transpose()
}

/// Tokens of a directory that were not revoked, in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    after: (Timestamp, TokenId),
    limit: i64,
) -> Result<Vec<Token>, StoreError> {
    let rows = scope
        .query(PAGE)
        .bind(directory.0)
        .bind(after.0.0)
        .bind(after.1.0)
        .bind(limit)
        .all::<Row>()
        .await?;
    rows.into_iter().map(Token::try_from).collect()
}

/// Adds a token under its index key, with the digest of its secret.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    scope: &mut Scope<'_>,
    new: &Token,
    public_part: &str,
    hash: SecretHash,
) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.directory_id.0)
        .bind(new.id.0)
        .bind(new.name.clone())
        .bind(public_part.to_owned())
        .bind(hash.0.to_vec())
        .bind(scope_words(&new.scopes))
        .bind(creator(&new.created_by)?)
        .bind(new.created_at.0)
        .bind(new.expires_at.map(|at| at.0))
        .execute()
        .await?;
    Ok(())
}

/// Writes name and end of a token; answers whether it is still there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn update(scope: &mut Scope<'_>, changed: &Token) -> Result<bool, StoreError> {
    let query = scope.query(UPDATE).bind(changed.id.0).bind(changed.name.clone());
    Ok(query.bind(changed.expires_at.map(|at| at.0)).execute().await? == 1)
}

/// Ends a token; answers whether it was live until now.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn revoke(scope: &mut Scope<'_>, id: TokenId, at: Timestamp) -> Result<bool, StoreError> {
    Ok(scope.query(REVOKE).bind(id.0).bind(at.0).execute().await? == 1)
}

/// Notes that a token was used, unless that was noted after `not_since` already.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn touch(
    scope: &mut Scope<'_>,
    id: TokenId,
    at: Timestamp,
    not_since: Timestamp,
) -> Result<(), StoreError> {
    scope.query(TOUCH).bind(id.0).bind(at.0).bind(not_since.0).execute().await?;
    Ok(())
}

/// Scopes as they are kept: words apart by spaces.
pub(super) fn scope_words(scopes: &[TokenScope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// Reads kept scopes back.
pub(super) fn read_scopes(words: &str) -> Result<Vec<TokenScope>, StoreError> {
    let scopes = words.split_whitespace().map(TokenScope::parse).collect::<Option<_>>();
    scopes.ok_or_else(|| StoreError::unreadable("scopes"))
}

/// Who made it, as it is kept.
pub(super) fn creator(by: &ActorRef) -> Result<String, StoreError> {
    serde_json::to_string(by).map_err(|_| StoreError::unreadable("created_by"))
}
