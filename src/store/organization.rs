//! Organizations: the one noun that is looked up before any scope is known.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::OrganizationId;
use crate::domain::organization::{Kind, Organization, Slug, Status};
use crate::domain::time::Timestamp;

sql! {
    BY_ID = "
        select id, slug, name, kind, external_ref, status, settings, version, created_at,
            updated_at, deleted_at
        from organizations
        where id = $1";
    BY_SLUG = "
        select id, slug, name, kind, external_ref, status, settings, version, created_at,
            updated_at, deleted_at
        from organizations
        where slug = $1";
    PAGE = "
        select id, slug, name, kind, external_ref, status, settings, version, created_at,
            updated_at, deleted_at
        from organizations
        where (created_at, id) > ($1, $2)
        order by created_at, id
        limit $3 + 0";
    OF_KIND = "
        select id, slug, name, kind, external_ref, status, settings, version, created_at,
            updated_at, deleted_at
        from organizations
        where kind = $1
        order by created_at, id
        limit 1";
    INSERT = "
        insert into organizations (id, slug, name, kind, external_ref, status, settings, version,
            created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    UPDATE = "
        update organizations
        set name = $2, slug = $3, external_ref = $4, status = $5, settings = $6,
            version = version + 1, updated_at = $7, deleted_at = $8
        where id = $1 and version = $9";
}

sql_by_engine! {
    HOLD = [
        "select version
         from organizations
         where id = $1",
        locked,
    ];
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    slug: String,
    name: String,
    kind: String,
    external_ref: Option<String>,
    status: String,
    settings: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl TryFrom<Row> for Organization {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: OrganizationId(row.id),
            slug: Slug::parse(&row.slug).ok_or_else(|| StoreError::unreadable("slug"))?,
            name: row.name,
            kind: Kind::parse(&row.kind).ok_or_else(|| StoreError::unreadable("kind"))?,
            external_ref: row.external_ref,
            status: Status::parse(&row.status).ok_or_else(|| StoreError::unreadable("status"))?,
            settings: serde_json::from_str(&row.settings)
                .map_err(|_| StoreError::unreadable("settings"))?,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            deleted_at: row.deleted_at.map(Timestamp),
        })
    }
}

/// The organization with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(
    conn: &mut Conn<'_>,
    id: OrganizationId,
) -> Result<Option<Organization>, StoreError> {
    let row = conn.query(BY_ID).bind(id.0).optional::<Row>().await?;
    row.map(Organization::try_from).transpose()
}

/// The organization with this slug.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_slug(conn: &mut Conn<'_>, slug: &Slug) -> Result<Option<Organization>, StoreError> {
    let row = conn.query(BY_SLUG).bind(slug.as_str().to_owned()).optional::<Row>().await?;
    row.map(Organization::try_from).transpose()
}

/// The first organization of a kind: the operator's own.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_kind(conn: &mut Conn<'_>, kind: Kind) -> Result<Option<Organization>, StoreError> {
    let row = conn.query(OF_KIND).bind(kind.as_str()).optional::<Row>().await?;
    row.map(Organization::try_from).transpose()
}

/// Organizations in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    conn: &mut Conn<'_>,
    after: (Timestamp, OrganizationId),
    limit: i64,
) -> Result<Vec<Organization>, StoreError> {
    let rows = conn.query(PAGE).bind(after.0.0).bind(after.1.0).bind(limit).all::<Row>().await?;
    rows.into_iter().map(Organization::try_from).collect()
}

/// Adds an organization.
///
/// # Errors
/// [`StoreError::Unique`] (`organizations_slug_key`) when the slug is taken.
pub async fn insert(conn: &mut Conn<'_>, new: &Organization) -> Result<(), StoreError> {
    conn.query(INSERT)
        .bind(new.id.0)
        .bind(new.slug.as_str().to_owned())
        .bind(new.name.clone())
        .bind(new.kind.as_str())
        .bind(new.external_ref.clone())
        .bind(new.status.as_str())
        .bind(settings(new)?)
        .bind(new.version)
        .bind(new.created_at.0)
        .bind(new.updated_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Writes the organization if its version still stands; answers whether it did.
///
/// # Errors
/// [`StoreError::Unique`] (`organizations_slug_key`) when the slug is taken.
pub async fn update(scope: &mut Scope<'_>, changed: &Organization) -> Result<bool, StoreError> {
    let changed_rows = scope
        .query(UPDATE)
        .bind(changed.name.clone())
        .bind(changed.slug.as_str().to_owned())
        .bind(changed.external_ref.clone())
        .bind(changed.status.as_str())
        .bind(settings(changed)?)
        .bind(changed.updated_at.0)
        .bind(changed.deleted_at.map(|at| at.0))
        .bind(changed.version)
        .execute()
        .await?;
    Ok(changed_rows == 1)
}

/// Holds the organization's row until commit: whoever might take the last holder of a role away
/// does so one after the other.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn hold(scope: &mut Scope<'_>) -> Result<(), StoreError> {
    scope.query_on(HOLD).optional::<(i64,)>().await?;
    Ok(())
}

fn settings(organization: &Organization) -> Result<String, StoreError> {
    serde_json::to_string(&organization.settings).map_err(|_| StoreError::unreadable("settings"))
}
