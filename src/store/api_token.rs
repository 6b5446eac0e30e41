//! Tokens of people and organizations: looked up by their public part, compared by hash.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::api_token::{ApiToken, Kind};
use crate::domain::id::{OrganizationId, TokenId, UserId};
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "organization_id, id, kind, owner_id, creator_id, created_by, name, permissions, resources,
            creator_left, created_at, expires_at, last_used_at, revoked_at, hash"
    };
}

sql! {
    BY_PUBLIC_PART = concat!("
        select ", columns!(), "
        from api_tokens
        where public_part = $1");
    BY_ID = concat!("
        select ", columns!(), "
        from api_tokens
        where organization_id = $1 and id = $2");
    PAGE = concat!("
        select ", columns!(), "
        from api_tokens
        where organization_id = $1 and kind = $2 and revoked_at is null
            and (created_at, id) > ($3, $4)
        order by created_at, id
        limit $5 + 0");
    OF_OWNER = concat!("
        select ", columns!(), "
        from api_tokens
        where organization_id = $1 and owner_id = $2 and revoked_at is null
            and (created_at, id) > ($3, $4)
        order by created_at, id
        limit $5 + 0");
    OF_CREATOR = concat!("
        select ", columns!(), "
        from api_tokens
        where organization_id = $1 and creator_id = $2 and kind = 'organization'
            and revoked_at is null
        order by created_at, id
        limit $3 + 0");
    LIVE = "
        select count(*)
        from (
            select id
            from api_tokens
            where organization_id = $1 and kind = $2 and (owner_id = $3 or $2 = 'organization')
                and revoked_at is null and expires_at > $4
            limit $5 + 0) as live";
    INSERT = "
        insert into api_tokens (organization_id, id, kind, owner_id, creator_id, created_by, name,
            public_part, hash, permissions, resources, creator_left, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, false, $12, $13)";
    TOUCH = "
        update api_tokens
        set last_used_at = $3
        where organization_id = $1 and id = $2";
    REVOKE = "
        update api_tokens
        set revoked_at = $3
        where organization_id = $1 and id = $2 and revoked_at is null";
    REVOKE_OF = "
        update api_tokens
        set revoked_at = $3
        where organization_id = $1 and owner_id = $2 and revoked_at is null";
    CREATOR_LEFT = "
        update api_tokens
        set creator_left = true
        where organization_id = $1 and id = $2";
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    id: Uuid,
    kind: String,
    owner_id: Option<Uuid>,
    creator_id: Option<Uuid>,
    created_by: String,
    name: String,
    permissions: String,
    resources: String,
    creator_left: bool,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
    hash: Vec<u8>,
}

impl Row {
    fn read(self) -> Result<(ApiToken, SecretHash), StoreError> {
        let hash = SecretHash::from_slice(&self.hash);
        let list = |text: &str| {
            serde_json::from_str::<Vec<String>>(text).map_err(|_| StoreError::unreadable("list"))
        };
        let token = ApiToken {
            id: TokenId(self.id),
            organization_id: OrganizationId(self.organization_id),
            kind: Kind::parse(&self.kind).ok_or_else(|| StoreError::unreadable("kind"))?,
            owner: self.owner_id.map(UserId),
            creator: self.creator_id.map(UserId),
            created_by: serde_json::from_str(&self.created_by)
                .map_err(|_| StoreError::unreadable("created_by"))?,
            name: self.name,
            permissions: list(&self.permissions)?,
            resources: list(&self.resources)?,
            creator_left: self.creator_left,
            created_at: Timestamp(self.created_at),
            expires_at: Timestamp(self.expires_at),
            last_used_at: self.last_used_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
        };
        Ok((token, hash.ok_or_else(|| StoreError::unreadable("hash"))?))
    }
}

fn tokens(rows: Vec<Row>) -> Result<Vec<ApiToken>, StoreError> {
    rows.into_iter().map(|row| row.read().map(|(token, _)| token)).collect()
}

/// The token with this public part and the digest of its secret; ended ones too.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_public_part(
    conn: &mut Conn<'_>,
    public_part: &str,
) -> Result<Option<(ApiToken, SecretHash)>, StoreError> {
    let row = conn.query(BY_PUBLIC_PART).bind(public_part.to_owned()).optional::<Row>().await?;
    row.map(Row::read).transpose()
}

/// The token with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: TokenId) -> Result<Option<ApiToken>, StoreError> {
    let row = scope.query(BY_ID).bind(id.0).optional::<Row>().await?;
    Ok(row.map(Row::read).transpose()?.map(|(token, _)| token))
}

/// Tokens of a kind that were not revoked, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    kind: Kind,
    after: (Timestamp, TokenId),
    limit: i64,
) -> Result<Vec<ApiToken>, StoreError> {
    let query = scope.query(PAGE).bind(kind.as_str()).bind(after.0.0).bind(after.1.0).bind(limit);
    tokens(query.all().await?)
}

/// Personal tokens of one owner that were not revoked, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_owner(
    scope: &mut Scope<'_>,
    owner: UserId,
    after: (Timestamp, TokenId),
    limit: i64,
) -> Result<Vec<ApiToken>, StoreError> {
    let query = scope.query(OF_OWNER).bind(owner.0).bind(after.0.0).bind(after.1.0).bind(limit);
    tokens(query.all().await?)
}

/// Tokens of the organization that one person made and that were not revoked.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_creator(
    scope: &mut Scope<'_>,
    creator: UserId,
    limit: i64,
) -> Result<Vec<ApiToken>, StoreError> {
    tokens(scope.query(OF_CREATOR).bind(creator.0).bind(limit).all().await?)
}

/// How many tokens of an owner, or of the organization, live, counted up to `most`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn live(
    scope: &mut Scope<'_>,
    (kind, owner): (Kind, Option<UserId>),
    now: Timestamp,
    most: i64,
) -> Result<i64, StoreError> {
    let query = scope.query(LIVE).bind(kind.as_str()).bind(owner.map(|id| id.0)).bind(now.0);
    Ok(query.bind(most).one::<(i64,)>().await?.0)
}

/// Adds a token under its index key, with the digest of its secret.
///
/// # Errors
/// [`StoreError::Reference`] when its owner is gone.
pub async fn insert(
    scope: &mut Scope<'_>,
    new: &ApiToken,
    (public_part, hash): (&str, SecretHash),
) -> Result<(), StoreError> {
    let text =
        |list: &[String]| serde_json::to_string(list).map_err(|_| StoreError::unreadable("list"));
    let by = serde_json::to_string(&new.created_by);
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.kind.as_str())
        .bind(new.owner.map(|id| id.0))
        .bind(new.creator.map(|id| id.0))
        .bind(by.map_err(|_| StoreError::unreadable("created_by"))?)
        .bind(new.name.clone())
        .bind(public_part.to_owned())
        .bind(hash.0.to_vec())
        .bind(text(&new.permissions)?)
        .bind(text(&new.resources)?)
        .bind(new.created_at.0)
        .bind(new.expires_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Remembers that a token was used.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn touch(scope: &mut Scope<'_>, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
    scope.query(TOUCH).bind(id.0).bind(at.0).execute().await?;
    Ok(())
}

/// Revokes a token; answers whether it was not before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn revoke(scope: &mut Scope<'_>, id: TokenId, at: Timestamp) -> Result<bool, StoreError> {
    Ok(scope.query(REVOKE).bind(id.0).bind(at.0).execute().await? == 1)
}

/// Revokes every personal token of a user; answers how many there were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn revoke_of(
    scope: &mut Scope<'_>,
    owner: UserId,
    at: Timestamp,
) -> Result<u64, StoreError> {
    scope.query(REVOKE_OF).bind(owner.0).bind(at.0).execute().await
}

/// Notes that whoever made a token has left.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn creator_left(scope: &mut Scope<'_>, id: TokenId) -> Result<(), StoreError> {
    scope.query(CREATOR_LEFT).bind(id.0).execute().await?;
    Ok(())
}
