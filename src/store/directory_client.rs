//! OAuth clients of directories: looked up by their id, compared by hash.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::directory_token::{creator, read_scopes, scope_words};
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::directory_client::DirectoryClient;
use crate::domain::id::{ClientId, DirectoryId, OrganizationId};
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "organization_id, directory_id, id, name, public_part, hash, scopes, created_by, created_at,
            expires_at, last_used_at, revoked_at"
    };
}

sql! {
    ANYWHERE = concat!("
        select ", columns!(), "
        from directory_clients
        where id = $1");
    BY_ID = concat!("
        select ", columns!(), "
        from directory_clients
        where organization_id = $1 and id = $2 and revoked_at is null");
    PAGE = concat!("
        select ", columns!(), "
        from directory_clients
        where organization_id = $1 and directory_id = $2 and revoked_at is null
            and (created_at, id) > ($3, $4)
        order by created_at, id
        limit $5 + 0");
    INSERT = "
        insert into directory_clients (organization_id, directory_id, id, name, public_part, hash,
            scopes, created_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// Another end makes all notices due again.
    UPDATE = "
        update directory_clients
        set name = $3, expires_at = $4,
            noticed_days = case when expires_at = $4 then noticed_days end
        where organization_id = $1 and id = $2 and revoked_at is null";
    REVOKE = "
        update directory_clients
        set revoked_at = $3
        where organization_id = $1 and id = $2 and revoked_at is null";
    TOUCH = "
        update directory_clients
        set last_used_at = $3
        where organization_id = $1 and id = $2 and (last_used_at is null or last_used_at < $4)";
    REFUSE = "
        update directory_clients
        set refused_at = $3
        where organization_id = $1 and id = $2 and (refused_at is null or refused_at <= $4)";
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    directory_id: Uuid,
    id: Uuid,
    name: String,
    public_part: String,
    hash: Vec<u8>,
    scopes: String,
    created_by: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for DirectoryClient {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: ClientId(row.id),
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

/// What a client must show: the public part of its secret, and the digest of the rest.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The index key inside the secret.
    pub public_part: String,
    /// The digest of the secret part.
    pub hash: SecretHash,
}

/// The client with this id, whosever it is: for the token endpoint, which knows a client before it
/// knows an organization. Revoked and expired ones are found too, so that their use can be told
/// (scim S5): ask [`DirectoryClient::is_live`].
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn anywhere(
    conn: &mut Conn<'_>,
    id: ClientId,
) -> Result<Option<(DirectoryClient, Kept)>, StoreError> {
    let row = conn.query(ANYWHERE).bind(id.0).optional::<Row>().await?;
    row.map(|row| {
        let hash = SecretHash::from_slice(&row.hash);
        let hash = hash.ok_or_else(|| StoreError::unreadable("hash"))?;
        let kept = Kept { public_part: row.public_part.clone(), hash };
        Ok((DirectoryClient::try_from(row)?, kept))
    })
    .transpose()
}

/// The client with this id, unless it was revoked.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(
    scope: &mut Scope<'_>,
    id: ClientId,
) -> Result<Option<DirectoryClient>, StoreError> {
    let row = scope.query(BY_ID).bind(id.0).optional::<Row>().await?;
    row.map(DirectoryClient::try_from).transpose()
}

/// Clients of a directory that were not revoked, in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    after: (Timestamp, ClientId),
    limit: i64,
) -> Result<Vec<DirectoryClient>, StoreError> {
    let query = scope.query(PAGE).bind(directory.0).bind(after.0.0).bind(after.1.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(DirectoryClient::try_from).collect()
}

/// Adds a client with what its secret must show.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    scope: &mut Scope<'_>,
    new: &DirectoryClient,
    kept: &Kept,
) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.directory_id.0)
        .bind(new.id.0)
        .bind(new.name.clone())
        .bind(kept.public_part.clone())
        .bind(kept.hash.0.to_vec())
        .bind(scope_words(&new.scopes))
        .bind(creator(&new.created_by)?)
        .bind(new.created_at.0)
        .bind(new.expires_at.map(|at| at.0))
        .execute()
        .await?;
    Ok(())
}

/// Writes name and end of a client; answers whether it is still there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn update(scope: &mut Scope<'_>, changed: &DirectoryClient) -> Result<bool, StoreError> {
    let query = scope.query(UPDATE).bind(changed.id.0).bind(changed.name.clone());
    Ok(query.bind(changed.expires_at.map(|at| at.0)).execute().await? == 1)
}

/// Ends a client; answers whether it was live until now.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn revoke(
    scope: &mut Scope<'_>,
    id: ClientId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(scope.query(REVOKE).bind(id.0).bind(at.0).execute().await? == 1)
}

/// Notes that a client was used, unless that was noted after `not_since` already.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn touch(
    scope: &mut Scope<'_>,
    id: ClientId,
    at: Timestamp,
    not_since: Timestamp,
) -> Result<(), StoreError> {
    scope.query(TOUCH).bind(id.0).bind(at.0).bind(not_since.0).execute().await?;
    Ok(())
}

/// Notes that a client was refused; false when that was noted after `not_since` already.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn refuse(
    scope: &mut Scope<'_>,
    id: ClientId,
    at: Timestamp,
    not_since: Timestamp,
) -> Result<bool, StoreError> {
    let query = scope.query(REFUSE).bind(id.0).bind(at.0).bind(not_since.0);
    Ok(query.execute().await? == 1)
}
