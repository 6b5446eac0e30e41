//! What a SCIM list reads: users and groups of a directory, found by an indexed equality or in
//! order of creation.
//!
//! A [`Source`] may find more than a filter means, never less: the definition of the filter
//! decides about each row that is found. Every list is in the order of (creation, id), so that a
//! page goes on behind the last row of the page before.

use uuid::Uuid;

use super::error::StoreError;
use super::group;
use super::query::Query;
use super::scope::Scope;
use super::user::{Grouped, GroupedRow};
use crate::domain::group::Group;
use crate::domain::id::DirectoryId;
use crate::domain::time::Timestamp;

/// An indexed equality of a list, or none. Texts are keys where the index holds keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Everything of the directory.
    All,
    /// The id.
    Id(Uuid),
    /// The key of the userName (users).
    UserName(String),
    /// The externalId, exact.
    ExternalId(String),
    /// The key of an e-mail address of any type (users).
    Email(String),
    /// The key of an e-mail address of type work (users).
    WorkEmail(String),
    /// The key of the displayName.
    DisplayName(String),
    /// The members of a group (users), or the groups of a user (groups).
    Membership(Uuid),
}

/// Behind which row a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// When the row was made.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl Place {
    /// Before the first row.
    pub const START: Self = Self { at: Timestamp(i64::MIN), id: Uuid::nil() };
}

/// What a directory holds, kept by the database with each row that comes or goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Users there are.
    pub users: i64,
    /// Users that were removed.
    pub users_removed: i64,
    /// Groups there are.
    pub groups: i64,
    /// Groups that were removed.
    pub groups_removed: i64,
}

/// A list of groups: `$2` the directory, `$3` and `$4` the place, `$5` how many, `$6` the key.
macro_rules! list_groups {
    ($key:literal) => {
        concat!(
            "select ",
            super::group::group_columns!(),
            " from groups g
              where g.organization_id = $1 and g.directory_id = $2
                and (g.created_at, g.id) > ($3, $4) ",
            $key,
            " order by g.created_at, g.id
              limit $5 + 0"
        )
    };
}
sql! {
    COUNTS = "
        select cast(coalesce(sum(users), 0) as bigint),
            cast(coalesce(sum(users_removed), 0) as bigint),
            cast(coalesce(sum(groups), 0) as bigint),
            cast(coalesce(sum(groups_removed), 0) as bigint)
        from directory_counts
        where organization_id = $1 and directory_id = $2";
    /// Reads the index alone: rows are not touched on the way to a deep page.
    USER_PLACE = "
        select u.created_at, u.id
        from users u
        where u.directory_id = $2
            and exists (select 1 from directories where organization_id = $1 and id = $2)
        order by u.created_at, u.id
        limit 1
        offset $3";
    GROUP_PLACE = "
        select g.created_at, g.id
        from groups g
        where g.directory_id = $2
            and exists (select 1 from directories where organization_id = $1 and id = $2)
        order by g.created_at, g.id
        limit 1
        offset $3";
    GROUPS = list_groups!("");
    GROUP_BY_ID = list_groups!("and g.id = $6");
    GROUPS_BY_EXTERNAL_ID = list_groups!("and g.external_id = $6");
    GROUPS_BY_DISPLAY_NAME = list_groups!("and g.display_name_key = $6");
    GROUPS_OF_USER = list_groups!("and g.id in (select group_id from members where user_id = $6)");
}

/// A list of users, as of groups.
macro_rules! users {
    ({ $($other:tt)* } $($name:ident = $key:literal;)+) => {
        sql_by_engine! { $($name = [
            "select ",
            (super::user::user_columns!()),
            ", ",
            groups,
            " as groups
              from users u
              where u.organization_id = $1 and u.directory_id = $2
                and (u.created_at, u.id) > ($3, $4) ",
            $key,
            " order by u.created_at, u.id
              limit $5 + 0",
        ];)+ $($other)* }
    };
}

users! {
    {
        USERS_BY_IDS = [
            "select ",
            (super::user::user_columns!()),
            ", ",
            groups,
            " as groups
              from users u
              where u.organization_id = $1 and u.directory_id = $3 and u.id ",
            ids,
            " order by u.created_at, u.id
              limit $4 + 0",
        ];
        GROUPS_BY_IDS = [
            "select ",
            (super::group::group_columns!()),
            " from groups g
              where g.organization_id = $1 and g.directory_id = $3 and g.id ",
            ids,
            " order by g.created_at, g.id
              limit $4 + 0",
        ];
    }
    USERS = "";
    USER_BY_ID = "and u.id = $6";
    USERS_BY_USER_NAME = "and u.user_name_key = $6";
    USERS_BY_EXTERNAL_ID = "and u.external_id = $6";
    USERS_BY_EMAIL = "and u.id in (
        select user_id
        from user_values
        where directory_id = $2 and path = 'emails' and value_key = $6)";
    USERS_BY_WORK_EMAIL = "and u.id in (
        select user_id
        from user_values
        where directory_id = $2 and path = 'emails.work' and value_key = $6)";
    USERS_BY_DISPLAY_NAME = "and u.display_name_key = $6";
    USERS_OF_GROUP = "and u.id in (select user_id from members where group_id = $6)";
}

/// Users of a directory with their groups, found by a source, behind a place.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn users(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    source: &Source,
    after: Place,
    limit: i64,
) -> Result<Vec<Grouped>, StoreError> {
    let sql = match source {
        Source::All => USERS,
        Source::Id(_) => USER_BY_ID,
        Source::UserName(_) => USERS_BY_USER_NAME,
        Source::ExternalId(_) => USERS_BY_EXTERNAL_ID,
        Source::Email(_) => USERS_BY_EMAIL,
        Source::WorkEmail(_) => USERS_BY_WORK_EMAIL,
        Source::DisplayName(_) => USERS_BY_DISPLAY_NAME,
        Source::Membership(_) => USERS_OF_GROUP,
    };
    let query = list(scope.query_on(sql), directory, source, after, limit);
    query.all::<GroupedRow>().await?.into_iter().map(Grouped::try_from).collect()
}

/// Groups of a directory, found by a source, behind a place; none for a source of users alone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn groups(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    source: &Source,
    after: Place,
    limit: i64,
) -> Result<Vec<Group>, StoreError> {
    let sql = match source {
        Source::All => GROUPS,
        Source::Id(_) => GROUP_BY_ID,
        Source::ExternalId(_) => GROUPS_BY_EXTERNAL_ID,
        Source::DisplayName(_) => GROUPS_BY_DISPLAY_NAME,
        Source::Membership(_) => GROUPS_OF_USER,
        Source::UserName(_) | Source::Email(_) | Source::WorkEmail(_) => return Ok(Vec::new()),
    };
    let query = list(scope.query(sql), directory, source, after, limit);
    Ok(query.all::<group::Row>().await?.into_iter().map(Group::from).collect())
}

/// The users of a directory with these ids, with their groups.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn users_by_ids(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    ids: &[Uuid],
) -> Result<Vec<Grouped>, StoreError> {
    let query = by_ids(scope.query_on(USERS_BY_IDS), directory, ids)?;
    query.all::<GroupedRow>().await?.into_iter().map(Grouped::try_from).collect()
}

/// The groups of a directory with these ids.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn groups_by_ids(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    ids: &[Uuid],
) -> Result<Vec<Group>, StoreError> {
    let query = by_ids(scope.query_on(GROUPS_BY_IDS), directory, ids)?;
    Ok(query.all::<group::Row>().await?.into_iter().map(Group::from).collect())
}

fn by_ids<'a>(
    query: Query<'a>,
    directory: DirectoryId,
    ids: &[Uuid],
) -> Result<Query<'a>, StoreError> {
    let list = serde_json::to_string(ids).map_err(|_| StoreError::unreadable("ids"))?;
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    Ok(query.bind(list).bind(directory.0).bind(limit))
}

fn list<'a>(
    query: Query<'a>,
    directory: DirectoryId,
    source: &Source,
    after: Place,
    limit: i64,
) -> Query<'a> {
    let query = query.bind(directory.0).bind(after.at.0).bind(after.id).bind(limit);
    match source {
        Source::All => query,
        Source::Id(id) | Source::Membership(id) => query.bind(*id),
        Source::UserName(key)
        | Source::ExternalId(key)
        | Source::Email(key)
        | Source::WorkEmail(key)
        | Source::DisplayName(key) => query.bind(key.clone()),
    }
}

/// What a directory holds.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn counts(scope: &mut Scope<'_>, directory: DirectoryId) -> Result<Counts, StoreError> {
    let (users, users_removed, groups, groups_removed) =
        scope.query(COUNTS).bind(directory.0).one::<(i64, i64, i64, i64)>().await?;
    Ok(Counts { users, users_removed, groups, groups_removed })
}

/// The place of the user before whom `offset` users less one come: a page behind it begins with
/// user number `offset`, counted from 0.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn user_place(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    offset: i64,
) -> Result<Option<Place>, StoreError> {
    place(scope.query(USER_PLACE), directory, offset).await
}

/// As [`user_place`], for groups.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn group_place(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    offset: i64,
) -> Result<Option<Place>, StoreError> {
    place(scope.query(GROUP_PLACE), directory, offset).await
}

async fn place(
    query: Query<'_>,
    directory: DirectoryId,
    offset: i64,
) -> Result<Option<Place>, StoreError> {
    if offset <= 0 {
        return Ok(Some(Place::START));
    }
    let row = query.bind(directory.0).bind(offset - 1).optional::<(i64, Uuid)>().await?;
    Ok(row.map(|(at, id)| Place { at: Timestamp(at), id }))
}
