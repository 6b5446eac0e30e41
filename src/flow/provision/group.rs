//! Groups that a directory pushes: create, replace, patch, remove.
//!
//! A change of the membership costs by what changes, not by the size of the group; it moves the
//! group's version only when somebody really joined or left (C31, C111).

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::members::{self, Delta};
use super::{Client, Expected, after, named, pending, uniqueness};
use crate::domain::event::Happened;
use crate::domain::group::Group;
use crate::domain::id::{GroupId, UserId};
use crate::flow::access::{self, Fact, FactChange};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::scim::catalog::GROUP;
use crate::scim::patch::{self, MemberChange, Patch};
use crate::scim::validate::{self, Incoming};
use crate::scim::{Member, Resource, ScimError};
use crate::store;
use crate::store::group::Locked;

/// Members that one membership event names at most.
pub const MEMBERS_PER_EVENT: usize = 1_000;

/// Creates a group with its members.
///
/// # Errors
/// 409 `uniqueness` for a displayName or externalId that is taken; 400 `invalidValue` for unknown
/// members, and for groups that cannot be nested.
pub async fn create(
    work: &mut Work,
    client: Client,
    incoming: &Incoming,
) -> Result<Group, Problem> {
    access::hold_rules(work).await?;
    let mut group = Group::provisioned(work.id(), client.directory, &incoming.resource, work.at);
    let members: &[Member] = incoming.members.as_deref().unwrap_or_default();
    let mut first = named::Named::default();
    if !members.is_empty() {
        first = named::find(work, client, members, HashSet::new()).await?;
        let count = first.users.len() + first.groups.len();
        group.member_count = i64::try_from(count).unwrap_or(i64::MAX);
    }
    let insert = store::group::insert(&mut work.scope(), &group).await;
    let is_awaited = insert.map_err(uniqueness)?;
    work.record(Happened::to("group.created", "group", group.id));
    let delta = members::begin(work, client, group.id, first).await?;
    if is_awaited {
        pending::group_came(work, client, &group).await?;
    }
    tell(work, group.id, &delta);
    let users = moved(work, &delta).await?;
    follow(work, client, users, Fact::Group(group.id)).await?;
    Ok(group)
}

/// Replaces a group by the body of a PUT; a body without `members` leaves them alone in all but
/// the strict profile (D2, L23).
///
/// # Errors
/// 404, 412, what the engine refuses, 409 `uniqueness`, 400 `invalidValue` for unknown members.
pub async fn replace(
    work: &mut Work,
    client: Client,
    id: GroupId,
    expected: &Expected,
    body: Map<String, Value>,
) -> Result<Group, Problem> {
    let found = load(work, client, id, expected).await?;
    let current = found.group.resource();
    let notes = &mut work.notes;
    let incoming = validate::replace(body, &GROUP, &current, client.dialect, notes)?;
    let changes = incoming.members.map(MemberChange::Replace).into_iter().collect();
    save(work, client, found, &incoming.resource, changes).await
}

/// Applies a PATCH to a group and its membership, all or nothing (C104).
///
/// # Errors
/// As [`replace`].
pub async fn patch(
    work: &mut Work,
    client: Client,
    id: GroupId,
    expected: &Expected,
    patch: Patch,
) -> Result<Group, Problem> {
    let found = load(work, client, id, expected).await?;
    let (patch, changes) = patch.split_members();
    let current = found.group.resource();
    let document = if patch.is_empty() {
        current
    } else {
        patch::apply(&patch, &GROUP, &current, client.dialect, &mut work.notes)?
    };
    save(work, client, found, &document, changes).await
}

/// Removes a group for good; whoever is within it loses what it gave, and groups that held it have
/// a member less (C132).
///
/// # Errors
/// 404, 412.
pub async fn remove(
    work: &mut Work,
    client: Client,
    id: GroupId,
    expected: &Expected,
) -> Result<(), Problem> {
    let found = load(work, client, id, expected).await?;
    let mut users = BTreeSet::new();
    if found.holds_groups || found.is_held {
        access::insist_on_rules_alone(work).await?;
        users = access::users_within(work, &BTreeSet::from([id])).await?;
        leave_holders(work, id).await?;
    }
    let members = store::member::clear(&mut work.scope(), id).await?;
    store::group::delete(&mut work.scope(), id).await?;
    let removed = Happened::to("group.removed", "group", id);
    work.record(removed.with("member_count", found.group.member_count));
    users.extend(members);
    follow(work, client, users, Fact::Group(id)).await
}

/// Counts a group that goes in those that hold it no more.
async fn leave_holders(work: &mut Work, id: GroupId) -> Result<(), Problem> {
    let holders = store::nesting::holders(&mut work.scope(), id).await?;
    if holders.is_empty() {
        return Ok(());
    }
    let (at, holders) = (work.at, holders.into_iter().collect::<Vec<_>>());
    store::group::member_left(&mut work.scope(), &holders, at).await?;
    for holder in holders {
        let left = Happened::to("group.member_removed", "group", holder);
        work.record(left.with("groups", vec![id.to_string()]));
    }
    Ok(())
}

async fn load(
    work: &mut Work,
    client: Client,
    id: GroupId,
    expected: &Expected,
) -> Result<Locked, Problem> {
    access::hold_rules(work).await?;
    let found = store::group::locked(&mut work.scope(), client.directory, id).await?;
    let found = found.ok_or_else(|| ScimError::not_found(GROUP.name, &id.to_string()))?;
    expected.check(found.group.version)?;
    Ok(found)
}

/// Writes what document and membership change; nothing when they change nothing.
async fn save(
    work: &mut Work,
    client: Client,
    found: Locked,
    document: &Resource,
    changes: Vec<MemberChange>,
) -> Result<Group, Problem> {
    let old = found.group.resource();
    let attributes = crate::domain::user::changed_attributes(old.as_map(), document.as_map());
    let delta = members::run(work, client, &found, changes).await?;
    let before = found.group;
    if attributes.is_empty() && delta.is_empty() {
        return Ok(before);
    }
    let mut group = before.clone();
    group.describe(document);
    group.updated_at = after(before.updated_at, work.at);
    group.member_count += delta.growth();
    let is_other = before.external_id != group.external_id;
    let is_renamed = is_other || before.display_name != group.display_name;
    if is_renamed && (found.holds_groups || !delta.came.is_empty()) {
        // Who joins a group within this one holds other rows: nobody may, while its name changes.
        access::insist_on_rules_alone(work).await?;
    }
    if !store::group::update(&mut work.scope(), &group).await.map_err(uniqueness)? {
        return Err(ScimError::precondition_failed().into());
    }
    group.version = before.version + 1;
    if !attributes.is_empty() {
        let updated = Happened::to("group.updated", "group", group.id);
        work.record(updated.with("attributes", attributes));
    }
    tell(work, group.id, &delta);
    if is_other {
        pending::group_came(work, client, &group).await?;
    }
    let mut users = moved(work, &delta).await?;
    if is_renamed {
        // Rules may have known all of them, those who left too, by the name of until now.
        users.extend(access::users_within(work, &BTreeSet::from([group.id])).await?);
        follow(work, client, users, Fact::Everything).await?;
    } else {
        let known = (&store::profile::Group::from(&group), found.is_held);
        access::members_changed(work, client.directory, known, users).await?;
    }
    Ok(group)
}

/// Records who joined and left.
fn tell(work: &mut Work, group: GroupId, delta: &Delta) {
    let mut told = |name: &'static str, what: &str, ids: Vec<String>| {
        for part in ids.chunks(MEMBERS_PER_EVENT) {
            work.record(Happened::to(name, "group", group).with(what, part.to_vec()));
        }
    };
    let users = |users: &HashSet<UserId>| users.iter().map(ToString::to_string).collect();
    let groups = |groups: &BTreeSet<GroupId>| groups.iter().map(ToString::to_string).collect();
    told("group.member_added", "users", users(&delta.joined));
    told("group.member_added", "groups", groups(&delta.came));
    told("group.member_removed", "users", users(&delta.left));
    told("group.member_removed", "groups", groups(&delta.went));
}

/// Whose groups are others now: users who moved, and all within groups that did.
async fn moved(work: &mut Work, delta: &Delta) -> Result<BTreeSet<UserId>, Problem> {
    let mut users = BTreeSet::new();
    if !delta.keeps_groups() {
        let groups = delta.came.union(&delta.went).copied().collect();
        users = access::users_within(work, &groups).await?;
    }
    users.extend(delta.joined.iter().chain(&delta.left));
    Ok(users)
}

/// Lets the access of users follow; they are locked in the order of their ids, whoever does it.
async fn follow(
    work: &mut Work,
    client: Client,
    users: BTreeSet<UserId>,
    fact: Fact,
) -> Result<(), Problem> {
    let changes: Vec<FactChange> =
        users.into_iter().map(|user| FactChange { user, fact }).collect();
    if changes.is_empty() {
        return Ok(());
    }
    access::facts_changed(work, Some(client.directory), &changes).await
}
