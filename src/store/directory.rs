//! Directories of an organization.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::directory::{Directory, Profile, Status};
use crate::domain::id::{DirectoryId, OrganizationId};
use crate::domain::time::Timestamp;

sql! {
    BY_ID = "
        select organization_id, id, name, profile, status, settings, version, created_at, updated_at
        from directories
        where organization_id = $1 and id = $2";
    ANYWHERE = "
        select organization_id, id, name, profile, status, settings, version, created_at, updated_at
        from directories
        where id = $1";
    PAGE = "
        select organization_id, id, name, profile, status, settings, version, created_at, updated_at
        from directories
        where organization_id = $1 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0";
    INSERT = "
        insert into directories (organization_id, id, name, profile, status, settings, version,
            created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    UPDATE = "
        update directories
        set name = $3, profile = $4, status = $5, settings = $6, version = version + 1,
            updated_at = $7
        where organization_id = $1 and id = $2 and version = $8";
    DELETE = "
        delete from directories
        where organization_id = $1 and id = $2";
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    id: Uuid,
    name: String,
    profile: String,
    status: String,
    settings: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Directory {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: DirectoryId(row.id),
            organization_id: OrganizationId(row.organization_id),
            name: row.name,
            profile: Profile::parse(&row.profile)
                .ok_or_else(|| StoreError::unreadable("profile"))?,
            status: Status::parse(&row.status).ok_or_else(|| StoreError::unreadable("status"))?,
            settings: serde_json::from_str(&row.settings)
                .map_err(|_| StoreError::unreadable("settings"))?,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

/// The organization's directory with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(
    scope: &mut Scope<'_>,
    id: DirectoryId,
) -> Result<Option<Directory>, StoreError> {
    let row = scope.query(BY_ID).bind(id.0).optional::<Row>().await?;
    row.map(Directory::try_from).transpose()
}

/// The directory with this id, whosever it is: for the guard of the SCIM surface, which knows a
/// token before it knows an organization.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn anywhere(
    conn: &mut Conn<'_>,
    id: DirectoryId,
) -> Result<Option<Directory>, StoreError> {
    let row = conn.query(ANYWHERE).bind(id.0).optional::<Row>().await?;
    row.map(Directory::try_from).transpose()
}

/// Directories in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    after: (Timestamp, DirectoryId),
    limit: i64,
) -> Result<Vec<Directory>, StoreError> {
    let rows = scope.query(PAGE).bind(after.0.0).bind(after.1.0).bind(limit).all::<Row>().await?;
    rows.into_iter().map(Directory::try_from).collect()
}

/// Adds a directory.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(scope: &mut Scope<'_>, new: &Directory) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.name.clone())
        .bind(new.profile.as_str())
        .bind(new.status.as_str())
        .bind(settings(new)?)
        .bind(new.version)
        .bind(new.created_at.0)
        .bind(new.updated_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Writes the directory if its version still stands; answers whether it did.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn update(scope: &mut Scope<'_>, changed: &Directory) -> Result<bool, StoreError> {
    let changed_rows = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.name.clone())
        .bind(changed.profile.as_str())
        .bind(changed.status.as_str())
        .bind(settings(changed)?)
        .bind(changed.updated_at.0)
        .bind(changed.version)
        .execute()
        .await?;
    Ok(changed_rows == 1)
}

/// Deletes the directory with its tokens, groups and whatever user is still in it; answers whether
/// it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: DirectoryId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}

fn settings(directory: &Directory) -> Result<String, StoreError> {
    serde_json::to_string(&directory.settings).map_err(|_| StoreError::unreadable("settings"))
}
