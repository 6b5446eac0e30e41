//! Memberships of users: rows that come and go one by one, never lists that are rewritten.
//!
//! Each verb answers which rows it really added or removed, so that a repeat changes nothing. The
//! row of the group must be locked first; the number of members is kept there. What lists members
//! lists groups among them too; how those come and go is in [`nesting`](super::nesting).

use std::collections::BTreeSet;

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{DirectoryId, GroupId, UserId};
use crate::scim::MemberKind;

sql! {
    OF_GROUP = "
        select id, is_group, display
        from (
            select *
            from (
                select m.user_id as id, false as is_group,
                    coalesce(u.display_name, u.user_name) as display
                from members m
                join users u on u.id = m.user_id
                where m.organization_id = $1 and m.group_id = $2 and m.user_id > $3
                order by m.user_id
                limit $4 + 0) as people
            union all
            select *
            from (
                select n.member_id as id, true as is_group, g.display_name as display
                from group_members n
                join groups g on g.id = n.member_id
                where n.organization_id = $1 and n.group_id = $2 and n.member_id > $3
                order by n.member_id
                limit $4 + 0) as nested) as listed
        order by id
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
        "select group_id, id, is_group, display
         from (
             select m.group_id, m.user_id as id, false as is_group,
                 coalesce(u.display_name, u.user_name) as display
             from members m
             join users u on u.id = m.user_id
             where m.organization_id = $1 and m.group_id ",
        ids,
        "    union all
             select n.group_id, n.member_id as id, true as is_group, g.display_name as display
             from group_members n
             join groups g on g.id = n.member_id
             where n.organization_id = $1 and n.group_id ",
        ids,
        ") as listed
         order by group_id, id
         limit $3 + 0",
    ];
    /// Which of these groups a user or a group is in.
    IN_GROUPS = [
        "select group_id, id, is_group, display
         from (
             select m.group_id, m.user_id as id, false as is_group,
                 coalesce(u.display_name, u.user_name) as display
             from members m
             join users u on u.id = m.user_id
             where m.organization_id = $1 and m.user_id = $3 and m.group_id ",
        ids,
        "    union all
             select n.group_id, n.member_id as id, true as is_group, g.display_name as display
             from group_members n
             join groups g on g.id = n.member_id
             where n.organization_id = $1 and n.member_id = $3 and n.group_id ",
        ids,
        ") as listed
         order by group_id
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
    JOIN = [
        "insert into members (organization_id, group_id, user_id)
         select $1, found.id, $3
         from ",
        given_groups,
        " on conflict do nothing
         returning group_id",
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

/// A member as a group names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id of the user or of the group.
    pub id: Uuid,
    /// Which of the two it is.
    pub kind: MemberKind,
    /// The name to be shown: a user without one has her login there.
    pub display: String,
}

impl Member {
    fn new((id, is_group, display): (Uuid, bool, String)) -> Self {
        let kind = if is_group { MemberKind::Group } else { MemberKind::User };
        Self { id, kind, display }
    }
}

/// The members of a group in the order of their ids, after `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_group(
    scope: &mut Scope<'_>,
    group: GroupId,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Member>, StoreError> {
    let query = scope.query(OF_GROUP).bind(group.0).bind(after).bind(limit);
    let rows = query.all::<(Uuid, bool, String)>().await?;
    Ok(rows.into_iter().map(Member::new).collect())
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
    Ok(query.all::<(Uuid, Uuid, bool, String)>().await?.into_iter().map(paired).collect())
}

/// Which of these groups a user or a group is a member of.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn in_groups(
    scope: &mut Scope<'_>,
    groups: &[GroupId],
    member: Uuid,
) -> Result<Vec<(GroupId, Member)>, StoreError> {
    let limit = i64::try_from(groups.len()).unwrap_or(i64::MAX);
    let query = scope.query_on(IN_GROUPS).bind(list(groups)?).bind(member).bind(limit);
    Ok(query.all::<(Uuid, Uuid, bool, String)>().await?.into_iter().map(paired).collect())
}

fn paired((group, id, is_group, display): (Uuid, Uuid, bool, String)) -> (GroupId, Member) {
    (GroupId(group), Member::new((id, is_group, display)))
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

/// Makes a user a member of groups of the directory; answers those that she was not in before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn join(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    user: UserId,
    groups: &BTreeSet<GroupId>,
) -> Result<Vec<GroupId>, StoreError> {
    let groups: Vec<GroupId> = groups.iter().copied().collect();
    let query = scope.query_on(JOIN).bind(list(&groups)?).bind(user.0).bind(directory.0);
    let rows = query.all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| GroupId(id)).collect())
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
