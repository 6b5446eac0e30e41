//! Groups as members of groups: edges that are read upwards for what a user is in, and downwards
//! for whom a group holds.
//!
//! Edges change only while the rule set is held alone, so whoever holds it at all sees them stand
//! still. A statement that reads many rows tells by itself whether there are edges to be read.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::error::StoreError;
use super::profile::Group;
use super::scope::Scope;
use super::user_row::{Grouped, GroupedRow};
use crate::domain::group::GroupRef;
use crate::domain::id::{DirectoryId, GroupId};
use crate::domain::nesting::{Above, Edge, NESTED_MAX};

sql! {
    MEMBERS = "
        select member_id
        from group_members
        where organization_id = $1 and group_id = $2
        order by member_id
        limit $3 + 0";
    HOLDERS = "
        select group_id
        from group_members
        where organization_id = $1 and member_id = $2
        order by group_id
        limit $3 + 0";
    COUNT = "
        select count(*)
        from group_members
        where organization_id = $1";
}

sql_by_engine! {
    /// Every edge on the ways up from these groups. The lateral joins look each step up by its key,
    /// whatever the planner expects of the steps before.
    ABOVE = [
        "with recursive above (member_id, group_id) as (
             select found.member_id, found.group_id
             from ",
        given,
        {
            "    (select n.member_id, n.group_id
                  from group_members n
                  where n.organization_id = $1 and n.member_id = given.id
                  offset 0) as found
             union
             select found.member_id, found.group_id
             from above a
             cross join lateral (
                 select n.member_id, n.group_id
                 from group_members n
                 where n.member_id = a.group_id
                 offset 0) as found)",
            "    group_members found
             where found.organization_id = $1 and found.member_id = given.id
             union
             select n.member_id, n.group_id
             from above a
             join group_members n on n.member_id = a.group_id)",
        },
        "select a.member_id, g.id, g.display_name, g.external_id
         from above a
         join groups g on g.id = a.group_id
         order by a.member_id, g.id
         limit $3 + 0",
    ];
    /// Every edge on the ways down from these groups.
    BELOW = [
        "with recursive below (group_id, member_id) as (
             select found.group_id, found.member_id
             from ",
        given,
        {
            "    (select n.group_id, n.member_id
                  from group_members n
                  where n.organization_id = $1 and n.group_id = given.id
                  offset 0) as found
             union
             select found.group_id, found.member_id
             from below b
             cross join lateral (
                 select n.group_id, n.member_id
                 from group_members n
                 where n.group_id = b.member_id
                 offset 0) as found)",
            "    group_members found
             where found.organization_id = $1 and found.group_id = given.id
             union
             select n.group_id, n.member_id
             from below b
             join group_members n on n.group_id = b.member_id)",
        },
        "select group_id, member_id
         from below
         order by group_id, member_id
         limit $3 + 0",
    ];
    /// Costs by the list: read as a set beside the directory's groups, it would be read anew for
    /// each of them where the planner knows nothing of their number.
    ADD = [
        "insert into group_members (organization_id, group_id, member_id)
         select $1, $3, found.id
         from ",
        given_groups,
        " on conflict do nothing",
    ];
    REMOVE = [
        "delete from group_members
         where ",
        {
            "ctid = any (array(
                 select found.place
                 from (select unnest(translate($2, '[]\"', '{}')::uuid[]) as id) as given
                 cross join lateral (
                     select n.ctid as place
                     from group_members n
                     where n.organization_id = $1 and n.group_id = $3 and n.member_id = given.id
                     offset 0) as found))",
            "organization_id = $1 and group_id = $3
                 and member_id in (select unhex(value, '-') from json_each($2))",
        },
    ];
}

/// The groups that are members of a group themselves.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn members(
    scope: &mut Scope<'_>,
    group: GroupId,
) -> Result<BTreeSet<GroupId>, StoreError> {
    ids(scope.query(MEMBERS).bind(group.0).bind(NESTED_MAX).all().await?)
}

/// The groups that a group is a member of itself.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn holders(
    scope: &mut Scope<'_>,
    group: GroupId,
) -> Result<BTreeSet<GroupId>, StoreError> {
    ids(scope.query(HOLDERS).bind(group.0).bind(NESTED_MAX).all().await?)
}

/// How many memberships of groups in groups the organization has.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(scope: &mut Scope<'_>) -> Result<i64, StoreError> {
    Ok(scope.query(COUNT).one::<(i64,)>().await?.0)
}

/// Every edge on the ways up from these groups: the group below, and the group above it.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn above(
    scope: &mut Scope<'_>,
    groups: &BTreeSet<GroupId>,
) -> Result<Vec<(GroupId, Group)>, StoreError> {
    let query = scope.query_on(ABOVE).bind(list(groups)?).bind(NESTED_MAX);
    let rows = query.all::<(Uuid, Uuid, String, Option<String>)>().await?;
    let above = |(below, id, display_name, external_id)| {
        (GroupId(below), Group { id: GroupId(id), display_name, external_id })
    };
    Ok(rows.into_iter().map(above).collect())
}

/// Every edge on the ways down from these groups.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn below(
    scope: &mut Scope<'_>,
    groups: &BTreeSet<GroupId>,
) -> Result<Vec<Edge>, StoreError> {
    let query = scope.query_on(BELOW).bind(list(groups)?).bind(NESTED_MAX);
    let edge = |(group, member)| Edge { group: GroupId(group), member: GroupId(member) };
    Ok(query.all::<(Uuid, Uuid)>().await?.into_iter().map(edge).collect())
}

/// Makes groups of the directory members of a group.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn add(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    group: GroupId,
    members: &BTreeSet<GroupId>,
) -> Result<(), StoreError> {
    let query = scope.query_on(ADD).bind(list(members)?).bind(group.0).bind(directory.0);
    query.execute().await?;
    Ok(())
}

/// Ends the membership of groups in a group.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn remove(
    scope: &mut Scope<'_>,
    group: GroupId,
    members: &BTreeSet<GroupId>,
) -> Result<(), StoreError> {
    scope.query_on(REMOVE).bind(list(members)?).bind(group.0).execute().await?;
    Ok(())
}

/// The groups above those that were asked about, each once, and the ways up to them.
pub(super) async fn ways(
    scope: &mut Scope<'_>,
    groups: &BTreeSet<GroupId>,
) -> Result<(BTreeMap<GroupId, Group>, Above), StoreError> {
    let found = above(scope, groups).await?;
    let edge = |(member, group): &(GroupId, Group)| Edge { group: group.id, member: *member };
    let ways = Above::new(found.iter().map(edge));
    Ok((found.into_iter().map(|(_, group)| (group.id, group)).collect(), ways))
}

/// Users with all their groups: the rows tell the direct ones, and whether those are in others.
pub(super) async fn complete(
    scope: &mut Scope<'_>,
    rows: Vec<GroupedRow>,
) -> Result<Vec<Grouped>, StoreError> {
    let (mut users, mut nested) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for row in rows {
        users.push(row.read(&mut nested)?);
    }
    if nested.is_empty() {
        return Ok(users);
    }
    let (found, ways) = ways(scope, &nested).await?;
    for user in &mut users {
        let direct = user.groups.iter().map(|group| group.id).collect();
        let indirect = ways.of(&direct);
        user.groups.extend(indirect.iter().filter_map(|id| found.get(id)).map(|group| GroupRef {
            id: group.id,
            display: group.display_name.clone(),
            direct: false,
        }));
    }
    Ok(users)
}

fn ids(rows: Vec<(Uuid,)>) -> Result<BTreeSet<GroupId>, StoreError> {
    Ok(rows.into_iter().map(|(id,)| GroupId(id)).collect())
}

fn list(groups: &BTreeSet<GroupId>) -> Result<String, StoreError> {
    serde_json::to_string(groups).map_err(|_| StoreError::unreadable("ids"))
}
