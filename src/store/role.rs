//! Roles that organizations made for themselves, as they are kept: what they hold is JSON.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::RoleId;
use crate::domain::time::Timestamp;

/// Most roles that an organization makes for itself.
pub const ROLES_MAX: i64 = 200;

sql! {
    /// In the order in which they were made, so that a new one comes last.
    ALL = "
        select id, key, label, description, definition, version, created_at, updated_at
        from roles
        where organization_id = $1
        order by created_at, id
        limit $2 + 0";
    BY_ID = "
        select id, key, label, description, definition, version, created_at, updated_at
        from roles
        where organization_id = $1 and id = $2";
    COUNT = "
        select count(*)
        from roles
        where organization_id = $1";
    INSERT = "
        insert into roles (organization_id, id, key, label, description, definition, version,
            created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, 1, $7, $7)";
    UPDATE = "
        update roles
        set label = $3, description = $4, definition = $5, version = version + 1, updated_at = $6
        where organization_id = $1 and id = $2 and version = $7";
    DELETE = "
        delete from roles
        where organization_id = $1 and id = $2";
}

/// A role as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// `custom-...`; it never changes.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// Scope, kinds, permissions and who gives it, as JSON.
    pub definition: String,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    key: String,
    label: String,
    description: Option<String>,
    definition: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<Row> for Role {
    fn from(row: Row) -> Self {
        Self {
            id: RoleId(row.id),
            key: row.key,
            label: row.label,
            description: row.description,
            definition: row.definition,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// All roles of the organization, in the order in which they were made.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn all(scope: &mut Scope<'_>) -> Result<Vec<Role>, StoreError> {
    let rows = scope.query(ALL).bind(ROLES_MAX).all::<Row>().await?;
    Ok(rows.into_iter().map(Role::from).collect())
}

/// The role with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: RoleId) -> Result<Option<Role>, StoreError> {
    let row = scope.query(BY_ID).bind(id.0).optional::<Row>().await?;
    Ok(row.map(Role::from))
}

/// How many roles there are.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(scope: &mut Scope<'_>) -> Result<i64, StoreError> {
    Ok(scope.query(COUNT).one::<(i64,)>().await?.0)
}

/// Adds a role.
///
/// # Errors
/// [`StoreError::Unique`] (`roles_key`) when the key is taken.
pub async fn insert(scope: &mut Scope<'_>, new: &Role) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.key.clone())
        .bind(new.label.clone())
        .bind(new.description.clone())
        .bind(new.definition.clone())
        .bind(new.created_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Writes the role if its version still stands; answers whether it did.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn update(scope: &mut Scope<'_>, changed: &Role) -> Result<bool, StoreError> {
    let rows = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.label.clone())
        .bind(changed.description.clone())
        .bind(changed.definition.clone())
        .bind(changed.updated_at.0)
        .bind(changed.version)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Takes a role away; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: RoleId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}
