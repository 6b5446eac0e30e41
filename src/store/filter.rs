//! What a SCIM list reads: users and groups of a directory, found by an indexed equality or in
//! order of creation.
//!
//! A [`Source`] may find more than a filter means, never less: the definition of the filter
//! decides about each row that is found. Every list is in the order of (creation, id), so that a
//! page goes on behind the last row of the page before, at a [`Place`].

use std::collections::BTreeSet;

use uuid::Uuid;

use super::error::StoreError;
use super::group;
use super::nesting;
use super::place::{Place, owned};
use super::query::Query;
use super::scope::Scope;
use super::user::{Grouped, GroupedRow};
use crate::domain::group::Group;
use crate::domain::id::{DirectoryId, GroupId};

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

/// A list of groups: `$2` the directory, `$3` and `$4` the place, `$5` how many. The first goes
/// along the index of the directory.
macro_rules! all_groups {
    () => {
        concat!(
            "select ",
            super::group::group_columns!(),
            " from groups g
              where g.directory_id = $2 and ",
            owned!(),
            " and (g.created_at, g.id) > ($3, $4)
              order by g.created_at, g.id
              limit $5 + 0"
        )
    };
}

/// A list of the groups that a key `$6` finds. Directory and order are written so that no index of
/// them is tempting: it would be read from end to end, and the key finds few rows.
macro_rules! keyed_groups {
    ($key:literal) => {
        concat!(
            "select ",
            super::group::group_columns!(),
            " from groups g
              where ",
            $key,
            " and (g.directory_id = $2) is true and ",
            owned!(),
            " and (g.created_at + 0, g.id) > ($3, $4)
              order by g.created_at + 0, g.id
              limit $5 + 0"
        )
    };
}

sql! {
    GROUPS = all_groups!();
    GROUP_BY_ID = keyed_groups!("g.id = $6");
    GROUPS_BY_EXTERNAL_ID = keyed_groups!("g.directory_id = $2 and g.external_id = $6");
    GROUPS_BY_DISPLAY_NAME = keyed_groups!("g.directory_id = $2 and g.display_name_key = $6");
    GROUPS_OF_MEMBER = keyed_groups!("g.id in (
        select group_id
        from members
        where user_id = $6
        union all
        select group_id
        from group_members
        where member_id = $6)");
}

/// Lists of users, as of groups.
macro_rules! users {
    ({ $($other:tt)* } $($name:ident = $key:literal;)+) => {
        sql_by_engine! { $($name = [
            "select ",
            (super::user::user_columns!()),
            ", ",
            groups,
            " as groups
              from users u
              where ",
            $key,
            " and (u.directory_id = $2) is true and ",
            (super::place::owned!()),
            " and (u.created_at + 0, u.id) > ($3, $4)
              order by u.created_at + 0, u.id
              limit $5 + 0",
        ];)+ $($other)* }
    };
}

users! {
    {
        USERS = [
            "select ",
            (super::user::user_columns!()),
            ", ",
            groups,
            " as groups
              from users u
              where u.directory_id = $2 and ",
            (super::place::owned!()),
            " and (u.created_at, u.id) > ($3, $4)
              order by u.created_at, u.id
              limit $5 + 0",
        ];
        USERS_BY_IDS = [
            "select ",
            (super::user::user_columns!()),
            ", ",
            groups,
            " as groups
              from users u
              where (u.organization_id = $1) is true and (u.directory_id = $3) is true and u.id ",
            ids,
            " limit $4 + 0",
        ];
        /// Those whom a group holds through others too; groups without others have a plainer text.
        USERS_OF_GROUPS = [
            "select ",
            (super::user::user_columns!()),
            ", ",
            groups,
            " as groups
              from users u
              where u.id in (select user_id from members where group_id ",
            ids,
            ") and (u.organization_id = $1) is true and (u.directory_id = $3) is true
                and (u.created_at + 0, u.id) > ($4, $5)
              order by u.created_at + 0, u.id
              limit $6 + 0",
        ];
        GROUPS_BY_IDS = [
            "select ",
            (super::group::group_columns!()),
            " from groups g
              where (g.organization_id = $1) is true and (g.directory_id = $3) is true and g.id ",
            ids,
            " limit $4 + 0",
        ];
    }
    USER_BY_ID = "u.id = $6";
    USERS_BY_USER_NAME = "u.directory_id = $2 and u.user_name_key = $6";
    USERS_BY_EXTERNAL_ID = "u.directory_id = $2 and u.external_id = $6";
    USERS_BY_EMAIL = "u.id in (
        select user_id
        from user_values
        where directory_id = $2 and path = 'emails' and value_key = $6)";
    USERS_BY_WORK_EMAIL = "u.id in (
        select user_id
        from user_values
        where directory_id = $2 and path = 'emails.work' and value_key = $6)";
    USERS_BY_DISPLAY_NAME = "u.directory_id = $2 and u.display_name_key = $6";
    USERS_OF_GROUP = "u.id in (select user_id from members where group_id = $6)";
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
    let groups = match source {
        Source::Membership(group) => held(scope, GroupId(*group)).await?,
        _ => BTreeSet::new(),
    };
    let query = if groups.len() > 1 {
        let ids = serde_json::to_string(&groups).map_err(|_| StoreError::unreadable("ids"))?;
        let query = scope.query_on(USERS_OF_GROUPS).bind(ids).bind(directory.0);
        query.bind(after.at.0).bind(after.id).bind(limit)
    } else {
        list(scope.query_on(sql), directory, source, after, limit)
    };
    let rows = query.all::<GroupedRow>().await?;
    nesting::complete(scope, rows).await
}

/// A group and those that it holds.
async fn held(scope: &mut Scope<'_>, group: GroupId) -> Result<BTreeSet<GroupId>, StoreError> {
    let mut groups = BTreeSet::from([group]);
    let below = nesting::below(scope, &groups).await?;
    groups.extend(below.into_iter().map(|edge| edge.member));
    Ok(groups)
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
        Source::Membership(_) => GROUPS_OF_MEMBER,
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
    let rows = query.all::<GroupedRow>().await?;
    nesting::complete(scope, rows).await
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
