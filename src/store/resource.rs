//! The registry of resources: what access can be given on, and what lies in what.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::ResourceId;
use crate::domain::time::Timestamp;

/// The columns of a resource, in the order of [`Row`].
macro_rules! columns {
    () => {
        "id, kind, key, key_folded, name, parent_kind, parent_key, status, location, attributes,
            url, version, created_at, updated_at"
    };
}

sql! {
    BY_KEY = concat!("
        select ", columns!(), "
        from resources
        where organization_id = $1 and kind = $2 and key_folded = $3");
    PAGE = concat!("
        select ", columns!(), "
        from resources
        where organization_id = $1 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0");
    PAGE_OF_KIND = concat!("
        select ", columns!(), "
        from resources
        where organization_id = $1 and kind = $4
            and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $5 + 0");
    /// The next resources by kind and folded key.
    PLACES = "
        select kind, key, key_folded, parent_kind, parent_key
        from resources
        where organization_id = $1 and (kind, key_folded) > ($2, $3)
        order by kind, key_folded
        limit $4 + 0";
    PLACE = "
        select kind, key, key_folded, parent_kind, parent_key
        from resources
        where organization_id = $1 and kind = $2 and key_folded = $3";
    CHILDREN = "
        select kind, key, key_folded, parent_kind, parent_key
        from resources
        where organization_id = $1 and parent_kind = $2 and parent_key = $3
        order by kind, key_folded
        limit $4 + 0";
    COUNT = "
        select count(*)
        from resources
        where organization_id = $1";
    INSERT = concat!("
        insert into resources (organization_id, ", columns!(), ")
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $13)");
    UPDATE = "
        update resources
        set name = $3, parent_kind = $4, parent_key = $5, status = $6, location = $7,
            attributes = $8, url = $9, version = version + 1, updated_at = $10
        where organization_id = $1 and id = $2 and version = $11";
    DELETE = "
        delete from resources
        where organization_id = $1 and id = $2";
}

/// A resource as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its id in the registry.
    pub id: ResourceId,
    /// The key of its kind.
    pub kind: String,
    /// Its key as it was sent.
    pub key: String,
    /// Its key as it is compared.
    pub key_folded: String,
    /// Its name for people.
    pub name: String,
    /// What it lies in: kind and folded key.
    pub parent: Option<(String, String)>,
    /// One of the kind's statuses.
    pub status: Option<String>,
    /// Where it is, in words.
    pub location: Option<String>,
    /// The extra columns of its kind, as JSON.
    pub attributes: String,
    /// Where the platform shows it.
    pub url: Option<String>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a resource lies: what a decision needs of it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Place {
    /// The key of its kind.
    pub kind: String,
    /// Its key as it was sent.
    pub key: String,
    /// Its key as it is compared.
    pub key_folded: String,
    /// The kind of what it lies in.
    pub parent_kind: Option<String>,
    /// The folded key of what it lies in.
    pub parent_key: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    key: String,
    key_folded: String,
    name: String,
    parent_kind: Option<String>,
    parent_key: Option<String>,
    status: Option<String>,
    location: Option<String>,
    attributes: String,
    url: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<Row> for Resource {
    fn from(row: Row) -> Self {
        Self {
            id: ResourceId(row.id),
            kind: row.kind,
            key: row.key,
            key_folded: row.key_folded,
            name: row.name,
            parent: row.parent_kind.zip(row.parent_key),
            status: row.status,
            location: row.location,
            attributes: row.attributes,
            url: row.url,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// The resource with this kind and folded key.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_key(
    scope: &mut Scope<'_>,
    kind: &str,
    key_folded: &str,
) -> Result<Option<Resource>, StoreError> {
    let row = scope
        .query(BY_KEY)
        .bind(kind.to_owned())
        .bind(key_folded.to_owned())
        .optional::<Row>()
        .await?;
    Ok(row.map(Resource::from))
}

/// Resources in order of creation, after the one at `after`; of one kind, or of all.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    kind: Option<&str>,
    after: (Timestamp, ResourceId),
    limit: i64,
) -> Result<Vec<Resource>, StoreError> {
    let query = scope.query(if kind.is_some() { PAGE_OF_KIND } else { PAGE });
    let query = query.bind(after.0.0).bind(after.1.0);
    let rows = match kind {
        Some(kind) => query.bind(kind.to_owned()).bind(limit).all::<Row>().await?,
        None => query.bind(limit).all::<Row>().await?,
    };
    Ok(rows.into_iter().map(Resource::from).collect())
}

/// Where resources lie, in the order of kind and folded key, after the pair at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn places(
    scope: &mut Scope<'_>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Place>, StoreError> {
    scope
        .query(PLACES)
        .bind(after.0.to_owned())
        .bind(after.1.to_owned())
        .bind(limit)
        .all::<Place>()
        .await
}

/// Where one resource lies; `None` when it is not registered.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn place(
    scope: &mut Scope<'_>,
    kind: &str,
    key_folded: &str,
) -> Result<Option<Place>, StoreError> {
    scope.query(PLACE).bind(kind.to_owned()).bind(key_folded.to_owned()).optional::<Place>().await
}

/// The resources that lie directly in one, at most `limit`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn children(
    scope: &mut Scope<'_>,
    kind: &str,
    key_folded: &str,
    limit: i64,
) -> Result<Vec<Place>, StoreError> {
    scope
        .query(CHILDREN)
        .bind(kind.to_owned())
        .bind(key_folded.to_owned())
        .bind(limit)
        .all::<Place>()
        .await
}

/// How many resources there are.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(scope: &mut Scope<'_>) -> Result<i64, StoreError> {
    Ok(scope.query(COUNT).one::<(i64,)>().await?.0)
}

/// Adds a resource.
///
/// # Errors
/// [`StoreError::Unique`] (`resources_key`) when the key is taken.
pub async fn insert(scope: &mut Scope<'_>, new: &Resource) -> Result<(), StoreError> {
    let (parent_kind, parent_key) = new.parent.clone().unzip();
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.kind.clone())
        .bind(new.key.clone())
        .bind(new.key_folded.clone())
        .bind(new.name.clone())
        .bind(parent_kind)
        .bind(parent_key)
        .bind(new.status.clone())
        .bind(new.location.clone())
        .bind(new.attributes.clone())
        .bind(new.url.clone())
        .bind(new.created_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Writes the resource if its version still stands; answers whether it did. Kind and key stay.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn update(scope: &mut Scope<'_>, changed: &Resource) -> Result<bool, StoreError> {
    let (parent_kind, parent_key) = changed.parent.clone().unzip();
    let rows = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.name.clone())
        .bind(parent_kind)
        .bind(parent_key)
        .bind(changed.status.clone())
        .bind(changed.location.clone())
        .bind(changed.attributes.clone())
        .bind(changed.url.clone())
        .bind(changed.updated_at.0)
        .bind(changed.version)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Takes a resource out of the registry; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: ResourceId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}
