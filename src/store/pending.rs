//! Members that a client named before they came (D8): kept with the group, counted and shown
//! nowhere else, until a user or a group of the directory has the value as id or external id.
//!
//! Rows come only while the rule set is held alone, and whoever brings a user or a group holds it
//! shared: so neither misses the other.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::group::PENDING_IN_DIRECTORY_MAX;
use crate::domain::id::{DirectoryId, GroupId};
use crate::scim::{Member, MemberKind};

sql! {
    CLEAR = "
        delete from pending_members
        where organization_id = $1 and group_id = $2";
    CLEAR_DIRECTORY = "
        delete from pending_members
        where organization_id = $1 and directory_id = $2";
    COUNT = "
        select
            (select count(*)
             from pending_members
             where organization_id = $1 and group_id = $2),
            (select count(*)
             from pending_members
             where organization_id = $1 and directory_id = $3)";
    AWAITING = "
        select group_id
        from pending_members
        where organization_id = $1 and directory_id = $2 and value in ($3, $4)
            and (kind is null or kind = $5)
        order by group_id
        limit $6 + 0";
    ARRIVED = "
        delete from pending_members
        where organization_id = $1 and directory_id = $2 and value in ($3, $4)
            and (kind is null or kind = $5)
        returning group_id";
}

sql_by_engine! {
    KEEP_FOR_LATER = [
        "insert into pending_members (organization_id, directory_id, group_id, value, kind) ",
        pairs,
        " on conflict do nothing",
    ];
    REMOVE = [
        "delete from pending_members
         where organization_id = $1 and group_id = $3 and value ",
        texts,
    ];
    REMOVE_OTHERS = [
        "delete from pending_members
         where organization_id = $1 and group_id = $3 and not value ",
        texts,
    ];
    COUNTS = [
        "select group_id, count(*)
         from pending_members
         where organization_id = $1 and group_id ",
        ids,
        " group by group_id
         order by group_id
         limit $3 + 0",
    ];
    USERS_NAMED = [
        "select id, external_id
         from users
         where organization_id = $1 and directory_id = $3 and external_id ",
        texts,
        " order by id
         limit $4 + 0",
    ];
    GROUPS_NAMED = [
        "select id, external_id
         from groups
         where organization_id = $1 and directory_id = $3 and external_id ",
        texts,
        " order by id
         limit $4 + 0",
    ];
}

/// Who came: the texts by which a group may have named it.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The directory.
    pub directory: DirectoryId,
    /// What it is.
    pub kind: MemberKind,
    /// Its id.
    pub id: Uuid,
    /// The client's own id of it.
    pub external_id: Option<String>,
}

/// Keeps members of a group for later; answers how many were not kept before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn keep(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    group: GroupId,
    members: &[Member],
) -> Result<u64, StoreError> {
    let kind = |member: &Member| member.kind.map(MemberKind::as_str);
    let pairs: Vec<(&str, Option<&str>)> =
        members.iter().map(|member| (member.value.as_str(), kind(member))).collect();
    let query = scope.query_on(KEEP_FOR_LATER).bind(directory.0).bind(group.0);
    query.bind(list(&pairs)?).execute().await
}

/// How many are kept for a group, and for all groups of the directory.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    group: GroupId,
) -> Result<(i64, i64), StoreError> {
    scope.query(COUNT).bind(group.0).bind(directory.0).one().await
}

/// How many are kept for each of these groups; those without any are left out.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn counts(
    scope: &mut Scope<'_>,
    groups: &[GroupId],
) -> Result<HashMap<GroupId, i64>, StoreError> {
    let limit = i64::try_from(groups.len()).unwrap_or(i64::MAX);
    let rows = scope.query_on(COUNTS).bind(list(groups)?).bind(limit).all::<(Uuid, i64)>().await?;
    Ok(rows.into_iter().map(|(id, count)| (GroupId(id), count)).collect())
}

/// Forgets these of a group.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn remove(
    scope: &mut Scope<'_>,
    group: GroupId,
    values: &[String],
) -> Result<(), StoreError> {
    scope.query_on(REMOVE).bind(list(values)?).bind(group.0).execute().await?;
    Ok(())
}

/// Forgets all of a group but these.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn remove_others(
    scope: &mut Scope<'_>,
    group: GroupId,
    values: &[String],
) -> Result<(), StoreError> {
    scope.query_on(REMOVE_OTHERS).bind(list(values)?).bind(group.0).execute().await?;
    Ok(())
}

/// Forgets all of a group.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn clear(scope: &mut Scope<'_>, group: GroupId) -> Result<(), StoreError> {
    scope.query(CLEAR).bind(group.0).execute().await?;
    Ok(())
}

/// Forgets all of a directory.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn clear_directory(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
) -> Result<(), StoreError> {
    scope.query(CLEAR_DIRECTORY).bind(directory.0).execute().await?;
    Ok(())
}

/// The groups that named this one before it came.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn awaiting(
    scope: &mut Scope<'_>,
    of: &Arrival,
) -> Result<BTreeSet<GroupId>, StoreError> {
    let (id, external_id) = of.names();
    let query = scope.query(AWAITING).bind(of.directory.0).bind(id).bind(external_id);
    let query = query.bind(of.kind.as_str()).bind(PENDING_IN_DIRECTORY_MAX);
    Ok(groups(query.all().await?))
}

/// Nobody waits for this one any more; answers the groups that did.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn arrived(scope: &mut Scope<'_>, of: &Arrival) -> Result<BTreeSet<GroupId>, StoreError> {
    let (id, external_id) = of.names();
    let query = scope.query(ARRIVED).bind(of.directory.0).bind(id).bind(external_id);
    Ok(groups(query.bind(of.kind.as_str()).all().await?))
}

fn groups(rows: Vec<(Uuid,)>) -> BTreeSet<GroupId> {
    rows.into_iter().map(|(id,)| GroupId(id)).collect()
}

impl Arrival {
    fn names(&self) -> (String, String) {
        let id = self.id.as_hyphenated().to_string();
        (id.clone(), self.external_id.clone().unwrap_or(id))
    }
}

/// Users or groups of a directory by the client's own ids.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn named(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    kind: MemberKind,
    external_ids: &[&str],
) -> Result<HashMap<String, Uuid>, StoreError> {
    let sql = match kind {
        MemberKind::User => USERS_NAMED,
        MemberKind::Group => GROUPS_NAMED,
    };
    let limit = i64::try_from(external_ids.len()).unwrap_or(i64::MAX);
    let query = scope.query_on(sql).bind(list(external_ids)?).bind(directory.0).bind(limit);
    let rows = query.all::<(Uuid, String)>().await?;
    Ok(rows.into_iter().map(|(id, external_id)| (external_id, id)).collect())
}

fn list<T: serde::Serialize>(values: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(values).map_err(|_| StoreError::unreadable("values"))
}
