//! What mapping rules and decisions read of people: their documents, groups and states.
//!
//! Nothing here is written. One user costs one statement for each kind of fact; many are read a
//! hundred at a time.

use std::collections::{BTreeSet, HashMap};

use sqlx::FromRow;
use uuid::Uuid;

use super::access_settings;
use super::dialect;
use super::error::StoreError;
use super::list::{LIST_MAX, places};
use super::nesting;
use super::scope::Scope;
use crate::domain::id::{DirectoryId, GroupId, UserId};
use crate::domain::time::Timestamp;

/// Most groups of one user or of a hundred.
pub const GROUPS_MAX: i64 = 1_000_000;

/// What is read of a group, in the order of [`GroupRow`].
macro_rules! group {
    () => {
        "select m.user_id, g.id, g.display_name, g.external_id,
            exists (select 1 from group_members n where n.member_id = g.id) as is_held
        from members m
        join groups g on g.id = m.group_id"
    };
}

/// What a decision reads of a user, in the order of [`StateRow`]. The version is the number of
/// the newest change to her access.
macro_rules! state {
    () => {
        "select u.id, u.user_name_key, u.suspended_by, u.parent_id, (
            select s.denied
            from access_settings s
            where s.user_id = u.id) as denied, (
            select max(c.id)
            from access_changes c
            where c.user_id = u.id) as version
        from users u"
    };
}

sql! {
    GROUPS = concat!(group!(), "
        where m.organization_id = $1 and m.user_id = $2
        order by m.group_id
        limit $3 + 0");
    GROUPS_OF_USERS = concat!(group!(), "
        where m.organization_id = $1 and m.user_id in (", places!(), ")
        order by m.user_id, m.group_id
        limit $102 + 0");
    GROUP = "
        select g.display_name, g.external_id,
            exists (select 1 from group_members n where n.member_id = g.id)
        from groups g
        where g.organization_id = $1 and g.id = $2";
    STATE = concat!(state!(), "
        where u.organization_id = $1 and u.id = $2");
    STATES = concat!(state!(), "
        where u.organization_id = $1 and u.id in (", places!(), ")
        order by u.id
        limit 100");
    BY_USER_NAME = "
        select id
        from users
        where organization_id = $1 and user_name_key = $2
        order by created_at, id
        limit 2";
    /// The next users of the organization, in order of creation.
    WALK = "
        select id, created_at
        from users
        where organization_id = $1 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0";
    /// The next members of a group.
    WALK_GROUP = "
        select user_id
        from members
        where organization_id = $1 and group_id = $2 and user_id > $3
        order by user_id
        limit $4 + 0";
    COUNT = "
        select count(*)
        from (
            select id
            from users
            where organization_id = $1
            limit $2 + 0) as counted";
}

/// A person as mapping rules read her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Her id.
    pub id: UserId,
    /// The directory that owns her.
    pub directory_id: Option<DirectoryId>,
    /// Whether rules reach her: she is of a directory, or came by sign-in.
    pub reached: bool,
    /// Her resource as the directory sent it, as JSON.
    pub document: String,
}

/// A group as mapping rules read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub display_name: String,
    /// The directory's own id for it.
    pub external_id: Option<String>,
}

impl From<&crate::domain::group::Group> for Group {
    fn from(group: &crate::domain::group::Group) -> Self {
        Self {
            id: group.id,
            display_name: group.display_name.clone(),
            external_id: group.external_id.clone(),
        }
    }
}

/// A user as decisions read her.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Her id.
    pub id: UserId,
    /// Her login, folded.
    pub user_name_key: String,
    /// Whether nobody suspended her.
    pub enabled: bool,
    /// For a sub-user: whose.
    pub parent: Option<UserId>,
    /// Keys of the permissions that are denied to her.
    pub denied: Vec<String>,
    /// The number of the newest change to her access; 0 for none.
    pub version: i64,
}

#[derive(FromRow)]
struct PersonRow {
    id: Uuid,
    directory_id: Option<Uuid>,
    reached: bool,
    document: String,
}

#[derive(FromRow)]
struct GroupRow {
    user_id: Uuid,
    id: Uuid,
    display_name: String,
    external_id: Option<String>,
    is_held: bool,
}

#[derive(FromRow)]
struct StateRow {
    id: Uuid,
    user_name_key: String,
    suspended_by: i64,
    parent_id: Option<Uuid>,
    denied: Option<String>,
    version: Option<i64>,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: UserId(row.id),
            directory_id: row.directory_id.map(DirectoryId),
            reached: row.reached,
            document: row.document,
        }
    }
}

impl TryFrom<StateRow> for State {
    type Error = StoreError;

    /// # Errors
    /// A list of denials that cannot be read: nothing is decided without it.
    fn try_from(row: StateRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            user_name_key: row.user_name_key,
            enabled: row.suspended_by == 0,
            parent: row.parent_id.map(UserId),
            denied: row.denied.as_deref().map_or(Ok(Vec::new()), access_settings::read)?,
            version: row.version.unwrap_or(0),
        })
    }
}

/// Holds these users until commit, in the order of their ids, and reads what rules read of them.
/// Facts that are read after this cannot change before the commit.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn hold(scope: &mut Scope<'_>, users: &[UserId]) -> Result<Vec<Person>, StoreError> {
    let postgres = scope.is_postgres();
    if let [user] = users {
        let sql = dialect::hold_person(postgres);
        let row = scope.query(sql).bind(user.0).optional::<PersonRow>().await?;
        return Ok(row.into_iter().map(Person::from).collect());
    }
    let mut ids: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for chunk in ids.chunks(LIST_MAX) {
        let sql = dialect::hold_persons(postgres);
        let rows = scope.query(sql).bind_ids(chunk).all::<PersonRow>().await?;
        found.extend(rows.into_iter().map(Person::from));
    }
    Ok(found)
}

/// The groups of these users: those that they are members of, and those that hold these.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn groups(
    scope: &mut Scope<'_>,
    users: &[UserId],
) -> Result<HashMap<UserId, Vec<Group>>, StoreError> {
    let mut found: HashMap<UserId, Vec<Group>> = HashMap::new();
    let mut held = BTreeSet::new();
    let mut keep = |rows: Vec<GroupRow>| {
        for row in rows {
            let (id, display_name) = (GroupId(row.id), row.display_name);
            if row.is_held {
                held.insert(id);
            }
            let group = Group { id, display_name, external_id: row.external_id };
            found.entry(UserId(row.user_id)).or_default().push(group);
        }
    };
    if let [user] = users {
        keep(scope.query(GROUPS).bind(user.0).bind(GROUPS_MAX).all().await?);
    } else {
        for chunk in users.chunks(LIST_MAX) {
            let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
            keep(scope.query(GROUPS_OF_USERS).bind_ids(&ids).bind(GROUPS_MAX).all().await?);
        }
    }
    add_nested(scope, &mut found, &held).await?;
    Ok(found)
}

/// Adds the groups that hold groups of users: `held` are those that are in any.
pub(super) async fn add_nested(
    scope: &mut Scope<'_>,
    found: &mut HashMap<UserId, Vec<Group>>,
    held: &BTreeSet<GroupId>,
) -> Result<(), StoreError> {
    if held.is_empty() {
        return Ok(());
    }
    let (above, ways) = nesting::ways(scope, held).await?;
    for groups in found.values_mut() {
        let direct = groups.iter().map(|group| group.id).collect();
        groups.extend(ways.of(&direct).iter().filter_map(|id| above.get(id)).cloned());
    }
    Ok(())
}

/// Name and external id of a group, and whether it is a member of others; `None` when it is gone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn group(
    scope: &mut Scope<'_>,
    id: GroupId,
) -> Result<Option<(Group, bool)>, StoreError> {
    let row = scope.query(GROUP).bind(id.0).optional::<(String, Option<String>, bool)>().await?;
    Ok(row.map(|(display_name, external_id, is_held)| {
        (Group { id, display_name, external_id }, is_held)
    }))
}

/// The state of a user; `None` when she is not of this organization.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn state(scope: &mut Scope<'_>, user: UserId) -> Result<Option<State>, StoreError> {
    let row = scope.query(STATE).bind(user.0).optional::<StateRow>().await?;
    row.map(State::try_from).transpose()
}

/// The states of these users.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn states(scope: &mut Scope<'_>, users: &[UserId]) -> Result<Vec<State>, StoreError> {
    let mut found = Vec::with_capacity(users.len());
    for chunk in users.chunks(LIST_MAX) {
        let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
        let rows = scope.query(STATES).bind_ids(&ids).all::<StateRow>().await?;
        for row in rows {
            found.push(State::try_from(row)?);
        }
    }
    Ok(found)
}

/// The users with this folded login: one in each directory at most, two are enough to doubt.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_user_name(
    scope: &mut Scope<'_>,
    user_name_key: &str,
) -> Result<Vec<UserId>, StoreError> {
    let rows = scope.query(BY_USER_NAME).bind(user_name_key.to_owned()).all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

/// Users of the organization in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn walk(
    scope: &mut Scope<'_>,
    after: (Timestamp, UserId),
    limit: i64,
) -> Result<Vec<(Timestamp, UserId)>, StoreError> {
    let query = scope.query(WALK).bind(after.0.0).bind(after.1.0).bind(limit);
    let rows = query.all::<(Uuid, i64)>().await?;
    Ok(rows.into_iter().map(|(id, at)| (Timestamp(at), UserId(id))).collect())
}

/// Members of a group in the order of their ids, after `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn walk_group(
    scope: &mut Scope<'_>,
    group: GroupId,
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let query = scope.query(WALK_GROUP).bind(group.0).bind(after.0).bind(limit);
    let rows = query.all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

/// How many users the organization has, counted up to `most`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(scope: &mut Scope<'_>, most: i64) -> Result<i64, StoreError> {
    Ok(scope.query(COUNT).bind(most).one::<(i64,)>().await?.0)
}
