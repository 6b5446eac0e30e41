//! Groups: one row each, with the number of its members kept, not counted.
//!
//! A row is locked before its members change, so that version and number move with them. Lists
//! over SCIM are in [`filter`](super::filter).

use std::collections::BTreeSet;

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::group::Group;
use crate::domain::id::{DirectoryId, GroupId, UserId};
use crate::domain::time::Timestamp;
use crate::scim::fold;

/// The columns of a row, in the order of [`Row`].
macro_rules! group_columns {
    () => {
        "g.id, g.directory_id, g.display_name, g.external_id, g.document, g.member_count,
            g.version, g.created_at, g.updated_at"
    };
}
pub(super) use group_columns;

sql! {
    BY_ID = concat!("
        select ", group_columns!(), "
        from groups g
        where g.organization_id = $1 and g.id = $2");
    PAGE = concat!("
        select ", group_columns!(), "
        from groups g
        where g.organization_id = $1 and (g.created_at, g.id) > ($2, $3)
        order by g.created_at, g.id
        limit $4 + 0");
    INSERT = "
        insert into groups (organization_id, id, directory_id, display_name, display_name_key,
            external_id, document, member_count, version, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        returning exists (
            select 1
            from pending_members p
            where p.directory_id = $3 and p.value = $6)";
    UPDATE = "
        update groups
        set display_name = $3, display_name_key = $4, external_id = $5, document = $6,
            member_count = $7, updated_at = $8, version = version + 1
        where organization_id = $1 and id = $2 and version = $9";
    DELETE = "
        delete from groups
        where organization_id = $1 and id = $2";
}

sql_by_engine! {
    LOCKED = [
        "select ",
        (super::group::group_columns!()),
        ", exists (select 1 from group_members n where n.group_id = g.id) as holds_groups,
             exists (select 1 from group_members n where n.member_id = g.id) as is_held
         from groups g
         where g.organization_id = $1 and g.directory_id = $2 and g.id = $3",
        locked,
    ];
    LOCKED_AMONG = [
        "select g.id
         from groups g
         where g.organization_id = $1 and g.directory_id = $3 and g.id ",
        ids,
        " order by g.id",
        locked,
    ];
    LOCKED_OF_USER = [
        "select g.id
         from groups g
         where g.organization_id = $1
             and g.id in (select group_id from members where user_id = $2)
         order by g.id",
        locked,
    ];
    /// One member came to each of these groups, or left it.
    MEMBER_MOVED = [
        "update groups
         set member_count = member_count + $4, version = version + 1,
             updated_at = case when updated_at < $3 then $3 else updated_at + 1 end
         where organization_id = $1 and id ",
        ids,
    ];
}

/// A row as it is stored.
#[derive(FromRow)]
pub(super) struct Row {
    id: Uuid,
    directory_id: Uuid,
    display_name: String,
    external_id: Option<String>,
    document: String,
    member_count: i64,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

/// A group whose row is locked for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The group.
    pub group: Group,
    /// Whether groups are members of it.
    pub holds_groups: bool,
    /// Whether it is a member of groups.
    pub is_held: bool,
}

#[derive(FromRow)]
struct LockedRow {
    #[sqlx(flatten)]
    row: Row,
    holds_groups: bool,
    is_held: bool,
}

impl From<Row> for Group {
    fn from(row: Row) -> Self {
        Self {
            id: GroupId(row.id),
            directory: DirectoryId(row.directory_id),
            display_name: row.display_name,
            external_id: row.external_id,
            document: row.document,
            member_count: row.member_count,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// The group with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: GroupId) -> Result<Option<Group>, StoreError> {
    Ok(scope.query(BY_ID).bind(id.0).optional::<Row>().await?.map(Group::from))
}

/// Groups of the organization in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    after: (Timestamp, GroupId),
    limit: i64,
) -> Result<Vec<Group>, StoreError> {
    let query = scope.query(PAGE).bind(after.0.0).bind(after.1.0).bind(limit);
    Ok(query.all::<Row>().await?.into_iter().map(Group::from).collect())
}

/// The group of a directory with this id; its row is locked for a change.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn locked(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    id: GroupId,
) -> Result<Option<Locked>, StoreError> {
    let query = scope.query_on(LOCKED).bind(directory.0).bind(id.0);
    let found = query.optional::<LockedRow>().await?;
    Ok(found.map(|found| Locked {
        group: found.row.into(),
        holds_groups: found.holds_groups,
        is_held: found.is_held,
    }))
}

/// Locks those of these groups that the directory has, in the order of their ids.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn lock_among(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    groups: &BTreeSet<GroupId>,
) -> Result<Vec<GroupId>, StoreError> {
    let ids = serde_json::to_string(groups).map_err(|_| StoreError::unreadable("ids"))?;
    let query = scope.query_on(LOCKED_AMONG).bind(ids).bind(directory.0);
    let rows = query.all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| GroupId(id)).collect())
}

/// Locks every group that a user is in, in the order of their ids; answers which they are.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn lock_of_user(scope: &mut Scope<'_>, user: UserId) -> Result<Vec<GroupId>, StoreError> {
    let rows = scope.query_on(LOCKED_OF_USER).bind(user.0).all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| GroupId(id)).collect())
}

/// Adds a group; answers whether a group named it as a member before it came, by its external id.
///
/// # Errors
/// [`StoreError::Unique`]: `groups_display_name_key` or `groups_external_id_key`.
pub async fn insert(scope: &mut Scope<'_>, new: &Group) -> Result<bool, StoreError> {
    let awaited = scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.directory.0)
        .bind(new.display_name.clone())
        .bind(fold(&new.display_name))
        .bind(new.external_id.clone())
        .bind(new.document.clone())
        .bind(new.member_count)
        .bind(new.version)
        .bind(new.created_at.0)
        .bind(new.updated_at.0)
        .one::<(bool,)>()
        .await?;
    Ok(awaited.0)
}

/// Writes a changed group if its version still stands; answers whether it did.
///
/// # Errors
/// [`StoreError::Unique`], as for [`insert`].
pub async fn update(scope: &mut Scope<'_>, changed: &Group) -> Result<bool, StoreError> {
    let rows = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.display_name.clone())
        .bind(fold(&changed.display_name))
        .bind(changed.external_id.clone())
        .bind(changed.document.clone())
        .bind(changed.member_count)
        .bind(changed.updated_at.0)
        .bind(changed.version)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Counts one member less in each of these groups and moves their versions on.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn member_left(
    scope: &mut Scope<'_>,
    groups: &[GroupId],
    at: Timestamp,
) -> Result<(), StoreError> {
    member_moved(scope, groups, at, -1).await
}

/// Counts one member more in each of these groups and moves their versions on.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn member_came(
    scope: &mut Scope<'_>,
    groups: &[GroupId],
    at: Timestamp,
) -> Result<(), StoreError> {
    member_moved(scope, groups, at, 1).await
}

async fn member_moved(
    scope: &mut Scope<'_>,
    groups: &[GroupId],
    at: Timestamp,
    by: i64,
) -> Result<(), StoreError> {
    let ids = serde_json::to_string(groups).map_err(|_| StoreError::unreadable("ids"))?;
    scope.query_on(MEMBER_MOVED).bind(ids).bind(at.0).bind(by).execute().await?;
    Ok(())
}

/// Removes a group with its memberships.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: GroupId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}
