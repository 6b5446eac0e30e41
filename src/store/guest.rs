//! Guests: people of the operator who hold something in another organization.
//!
//! They have no row there but their grants, which the operator gave. What is read of them here is
//! what an organization may see: who they are, and what they hold in it.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::list::{LIST_MAX, places};
use super::scope::Scope;
use super::user::{Row, user_columns};
use crate::domain::id::{GrantId, OrganizationId, UserId};
use crate::domain::organization::{Kind, Status};
use crate::domain::user::User;

sql! {
    /// Where somebody is at home, and of what kind that is.
    HOME = "
        select o.id, o.kind
        from users u
        join organizations o on o.id = u.organization_id
        where u.id = $1";
    /// What somebody holds in other organizations than her own.
    ELSEWHERE = "
        select organization_id, id
        from grants
        where organization_id <> $1 and user_id = $2
        order by created_at, id
        limit $3 + 0";
    /// A guest of the organization.
    BY_ID = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id <> $1 and u.id = $2 and u.id in (
            select g.user_id
            from grants g
            where g.organization_id = $1 and g.user_id = $2)");
    /// What decisions read of guests.
    STATES = concat!("
        select u.id, u.organization_id as home, u.user_name_key, u.suspended_by, o.status, (
            select max(c.id)
            from access_changes c
            where c.user_id = u.id) as version
        from users u
        join organizations o on o.id = u.organization_id
        where u.organization_id <> $1 and u.id in (", places!(), ") and exists (
            select 1
            from grants g
            where g.organization_id = $1 and g.user_id = u.id)
        order by u.id
        limit 100");
    /// The next guests of the organization.
    WALK = "
        select distinct user_id
        from grants
        where organization_id = $1 and source = 'guest' and user_id > $2
        order by user_id
        limit $3 + 0";
}

/// Grants of one guest that are read.
pub const ELSEWHERE_MAX: i64 = 1_000;

/// A guest as decisions read her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Her id.
    pub id: UserId,
    /// Where she is at home.
    pub home: OrganizationId,
    /// Whether that is active.
    pub home_active: bool,
    /// Her login there, folded.
    pub user_name_key: String,
    /// Whether nobody suspended her there.
    pub enabled: bool,
    /// The number of the newest change to her access; 0 for none.
    pub version: i64,
}

#[derive(FromRow)]
struct GuestRow {
    id: Uuid,
    home: Uuid,
    user_name_key: String,
    suspended_by: i64,
    status: String,
    version: Option<i64>,
}

impl From<GuestRow> for Guest {
    fn from(row: GuestRow) -> Self {
        Self {
            id: UserId(row.id),
            home: OrganizationId(row.home),
            home_active: Status::parse(&row.status) == Some(Status::Active),
            user_name_key: row.user_name_key,
            enabled: row.suspended_by == 0,
            version: row.version.unwrap_or(0),
        }
    }
}

/// Where somebody is at home, and of what kind that is; `None` when there is nobody.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn home(
    conn: &mut Conn<'_>,
    user: UserId,
) -> Result<Option<(OrganizationId, Kind)>, StoreError> {
    let row = conn.query(HOME).bind(user.0).optional::<(Uuid, String)>().await?;
    let read = |(id, kind): (Uuid, String)| {
        let kind = Kind::parse(&kind).ok_or_else(|| StoreError::unreadable("kind"))?;
        Ok((OrganizationId(id), kind))
    };
    row.map(read).transpose()
}

/// A guest of the organization, with her row at home.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, user: UserId) -> Result<Option<User>, StoreError> {
    let row = scope.query(BY_ID).bind(user.0).optional::<Row>().await?;
    row.map(User::try_from).transpose()
}

/// Those of these users who are guests here, as decisions read them.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn states(scope: &mut Scope<'_>, users: &[UserId]) -> Result<Vec<Guest>, StoreError> {
    let mut found = Vec::new();
    for chunk in users.chunks(LIST_MAX) {
        let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
        let rows = scope.query(STATES).bind_ids(&ids).all::<GuestRow>().await?;
        found.extend(rows.into_iter().map(Guest::from));
    }
    Ok(found)
}

/// Guests of the organization in the order of their ids, after `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn walk(
    scope: &mut Scope<'_>,
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let rows = scope.query(WALK).bind(after.0).bind(limit).all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

/// What somebody who is at home here holds in other organizations, in the order in which it was
/// given.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn elsewhere(
    scope: &mut Scope<'_>,
    user: UserId,
) -> Result<Vec<(OrganizationId, GrantId)>, StoreError> {
    let query = scope.query(ELSEWHERE).bind(user.0).bind(ELSEWHERE_MAX);
    let rows = query.all::<(Uuid, Uuid)>().await?;
    Ok(rows.into_iter().map(|(there, id)| (OrganizationId(there), GrantId(id))).collect())
}
