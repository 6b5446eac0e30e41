//! Memberships: rows that come and go one by one, never lists that are rewritten.
//!
//! Each verb answers which rows it really added or removed, so that a repeat changes nothing. The
//! row of the group must be locked first; the number of members is kept there.

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{DirectoryId, GroupId, UserId};

sql! {
    OF_GROUP = "
        select m.user_id, coalesce(u.display_name, u.user_name)
        from members m
        join users u on u.id = m.user_id
        where m.organization_id = $1 and m.group_id = $2 and m.user_id > $3
        order by m.user_id
        limit $4 + 0";
    CLEAR = "
        delete from members
        where organization_id = $1 and group_id = $2
        returning user_id";
    LEAVE_ALL = "
        delete from members
        where organization_id = $1 and user_id = $2
        returning group_id";
}

sql_by_engine! {
    OF_GROUPS = [
        "select m.group_id, m.user_id, coalesce(u.display_name, u.user_name)
         from members m
         join users u on u.id = m.user_id
         where m.organization_id = $1 and m.group_id ",
        ids,
        " order by m.group_id, m.user_id
         limit $3 + 0",
    ];
    /// Which of these groups a user is in.
    IN_GROUPS = [
        "select m.group_id, m.user_id, coalesce(u.display_name, u.user_name)
         from members m
         join users u on u.id = m.user_id
         where m.organization_id = $1 and m.user_id = $3 and m.group_id ",
        ids,
        " order by m.group_id
         limit $4 + 0",
    ];
    /// Users of the directory among these; they cannot go away before the commit. The lateral join
    /// looks each up by its key, whatever the planner expects of the list; so in the others below.
    KNOWN = [
        "select found.id
         from ",
        given,
        {
            " (select u.id
               from users u
               where u.organization_id = $1 and u.directory_id = $3 and u.id = given.id
               offset 0
               for key share) as found",
            " users found
              where found.organization_id = $1 and found.directory_id = $3
                  and found.id = given.id",
        },
    ];
    ADD = [
        "insert into members (organization_id, group_id, user_id)
         select $1, $3, found.id
         from ",
        given,
        {
            " (select u.id
               from users u
               where u.organization_id = $1 and u.directory_id = $4 and u.id = given.id
               offset 0) as found",
            " users found
              where found.organization_id = $1 and found.directory_id = $4
                  and found.id = given.id",
        },
        " on conflict do nothing
         returning user_id",
    ];
    /// The row of the group is locked, so that rows of its members stay where they are.
    REMOVE = [
        "delete from members
         where ",
        {
            "ctid = any (array(
                 select found.place
                 from (select unnest(translate($2, '[]\"', '{}')::uuid[]) as id) as given
                 cross join lateral (
                     select m.ctid as place
                     from members m
                     where m.organization_id = $1 and m.group_id = $3 and m.user_id = given.id
                     offset 0) as found))",
            "organization_id = $1 and group_id = $3
                 and user_id in (select unhex(value, '-') from json_each($2))",
        },
        " returning user_id",
    ];
    /// Set difference costs by the sizes of both sides, whatever the planner expects of the list.
    KEEP = [
        "delete from members
         where ",
        {
            "ctid = any (array(
                 select found.place
                 from (
                     select user_id as id
                     from members
                     where organization_id = $1 and group_id = $3
                     except
                     select unnest(translate($2, '[]\"', '{}')::uuid[])) as given
                 cross join lateral (
                     select m.ctid as place
                     from members m
                     where m.organization_id = $1 and m.group_id = $3 and m.user_id = given.id
                     offset 0) as found))",
            "organization_id = $1 and group_id = $3
                 and user_id not in (select unhex(value, '-') from json_each($2))",
        },
        " returning user_id",
    ];
}

/// A member as a group names her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user: UserId,
    /// Her name to be shown, or else her login.
    pub display: String,
}

/// The members of a group in the order of their ids, after `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_group(
    scope: &mut Scope<'_>,
    group: GroupId,
    after: UserId,
    limit: i64,
) -> Result<Vec<Member>, StoreError> {
    let query = scope.query(OF_GROUP).bind(group.0).bind(after.0).bind(limit);
    let rows = query.all::<(Uuid, String)>().await?;
    Ok(rows.into_iter().map(|(id, display)| Member { user: UserId(id), display }).collect())
}

/// The members of several groups, by group; at most `limit` in all.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_groups(
    scope: &mut Scope<'_>,
    groups: &[GroupId],
    limit: i64,
) -> Result<Vec<(GroupId, Member)>, StoreError> {
    let query = scope.query_on(OF_GROUPS).bind(list(groups)?).bind(limit);
    Ok(query.all::<(Uuid, Uuid, String)>().await?.into_iter().map(paired).collect())
}

/// Which of these groups a user is in.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn in_groups(
    scope: &mut Scope<'_>,
    groups: &[GroupId],
    user: UserId,
) -> Result<Vec<(GroupId, Member)>, StoreError> {
    let limit = i64::try_from(groups.len()).unwrap_or(i64::MAX);
    let query = scope.query_on(IN_GROUPS).bind(list(groups)?).bind(user.0).bind(limit);
    Ok(query.all::<(Uuid, Uuid, String)>().await?.into_iter().map(paired).collect())
}

fn paired((group, user, display): (Uuid, Uuid, String)) -> (GroupId, Member) {
    (GroupId(group), Member { user: UserId(user), display })
}

/// Which of these are users of the directory; they stay until this transaction ends.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn known(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    users: &[UserId],
) -> Result<Vec<UserId>, StoreError> {
    ids(scope.query_on(KNOWN).bind(list(users)?).bind(directory.0).all().await?)
}

/// Adds members; answers those who were none before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn add(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    group: GroupId,
    users: &[UserId],
) -> Result<Vec<UserId>, StoreError> {
    let query = scope.query_on(ADD).bind(list(users)?).bind(group.0).bind(directory.0);
    ids(query.all().await?)
}

/// Removes members; answers those who were some before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn remove(
    scope: &mut Scope<'_>,
    group: GroupId,
    users: &[UserId],
) -> Result<Vec<UserId>, StoreError> {
    ids(scope.query_on(REMOVE).bind(list(users)?).bind(group.0).all().await?)
}

/// Removes every member but these; answers those who were removed.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn keep(
    scope: &mut Scope<'_>,
    group: GroupId,
    users: &[UserId],
) -> Result<Vec<UserId>, StoreError> {
    ids(scope.query_on(KEEP).bind(list(users)?).bind(group.0).all().await?)
}

/// Removes every member; answers who they were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn clear(scope: &mut Scope<'_>, group: GroupId) -> Result<Vec<UserId>, StoreError> {
    ids(scope.query(CLEAR).bind(group.0).all().await?)
}

/// Takes a user out of every group; answers which they were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn leave_all(scope: &mut Scope<'_>, user: UserId) -> Result<Vec<GroupId>, StoreError> {
    let rows = scope.query(LEAVE_ALL).bind(user.0).all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| GroupId(id)).collect())
}

fn ids(rows: Vec<(Uuid,)>) -> Result<Vec<UserId>, StoreError> {
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

fn list<T: serde::Serialize>(ids: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(ids).map_err(|_| StoreError::unreadable("ids"))
}
