//! Groups that a directory pushes: create, replace, patch, remove.
//!
//! A change of the membership costs by what changes, not by the size of the group; it moves the
//! group's version only when somebody really joined or left (C31, C111).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::members::{self, Delta};
use super::{Client, Expected, after, uniqueness};
use crate::domain::event::Happened;
use crate::domain::group::Group;
use crate::domain::id::{GroupId, UserId};
use crate::flow::access::{self, Fact, FactChange};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::scim::catalog::GROUP;
use crate::scim::patch::{self, MemberChange, Patch};
use crate::scim::validate::{self, Incoming};
use crate::scim::{Resource, ScimError};
use crate::store;

/// Users that one membership event names at most.
pub const USERS_PER_EVENT: usize = 1_000;

/// Creates a group with its members.
///
/// # Errors
/// 409 `uniqueness` for a displayName or externalId that is taken; 400 `invalidValue` for unknown
/// members.
pub async fn create(
    work: &mut Work,
    client: Client,
    incoming: &Incoming,
) -> Result<Group, Problem> {
    access::hold_rules(work).await?;
    let mut group = Group::provisioned(work.id(), client.directory, &incoming.resource, work.at);
    let ids: Vec<String> =
        incoming.members.iter().flatten().map(|member| member.value.clone()).collect();
    if !ids.is_empty() {
        members::refuse_unknown(work, client, &ids, HashSet::new()).await?;
        let users: HashSet<UserId> = ids.iter().filter_map(|id| UserId::parse(id).ok()).collect();
        group.member_count = i64::try_from(users.len()).unwrap_or(i64::MAX);
    }
    store::group::insert(&mut work.scope(), &group).await.map_err(uniqueness)?;
    work.record(Happened::to("group.created", "group", group.id));
    if !ids.is_empty() {
        let changes = vec![MemberChange::Add(
            ids.into_iter().map(|value| crate::scim::Member { value }).collect(),
        )];
        let delta = members::run(work, client, group.id, changes).await?;
        tell(work, client, group.id, &delta).await?;
    }
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
    let current = found.resource();
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
    let current = found.resource();
    let document = if patch.is_empty() {
        current
    } else {
        patch::apply(&patch, &GROUP, &current, client.dialect, &mut work.notes)?
    };
    save(work, client, found, &document, changes).await
}

/// Removes a group for good; its members lose what it gave.
///
/// # Errors
/// 404, 412.
pub async fn remove(
    work: &mut Work,
    client: Client,
    id: GroupId,
    expected: &Expected,
) -> Result<(), Problem> {
    load(work, client, id, expected).await?;
    let members = store::member::clear(&mut work.scope(), id).await?;
    store::group::delete(&mut work.scope(), id).await?;
    let removed = Happened::to("group.removed", "group", id);
    work.record(removed.with("member_count", members.len()));
    follow(work, client, id, members).await
}

async fn load(
    work: &mut Work,
    client: Client,
    id: GroupId,
    expected: &Expected,
) -> Result<Group, Problem> {
    access::hold_rules(work).await?;
    let found = store::group::locked(&mut work.scope(), client.directory, id).await?;
    let found = found.ok_or_else(|| ScimError::not_found(GROUP.name, &id.to_string()))?;
    expected.check(found.version)?;
    Ok(found)
}

/// Writes what document and membership change; nothing when they change nothing.
async fn save(
    work: &mut Work,
    client: Client,
    before: Group,
    document: &Resource,
    changes: Vec<MemberChange>,
) -> Result<Group, Problem> {
    let old = before.resource();
    let attributes = crate::domain::user::changed_attributes(old.as_map(), document.as_map());
    let delta = members::run(work, client, before.id, changes).await?;
    if attributes.is_empty() && delta.is_empty() {
        return Ok(before);
    }
    let mut group = before.clone();
    group.describe(document);
    group.updated_at = after(before.updated_at, work.at);
    let count = |users: &HashSet<UserId>| i64::try_from(users.len()).unwrap_or(i64::MAX);
    group.member_count += count(&delta.joined) - count(&delta.left);
    if !store::group::update(&mut work.scope(), &group).await.map_err(uniqueness)? {
        return Err(ScimError::precondition_failed().into());
    }
    group.version = before.version + 1;
    if !attributes.is_empty() {
        let updated = Happened::to("group.updated", "group", group.id);
        work.record(updated.with("attributes", attributes));
    }
    tell(work, client, group.id, &delta).await?;
    let renamed =
        before.display_name != group.display_name || before.external_id != group.external_id;
    if renamed {
        access::group_renamed(work, group.id).await?;
    }
    Ok(group)
}

/// Records who joined and left, and lets their access follow.
async fn tell(
    work: &mut Work,
    client: Client,
    group: GroupId,
    delta: &Delta,
) -> Result<(), Problem> {
    let sides = [("group.member_added", &delta.joined), ("group.member_removed", &delta.left)];
    for (name, users) in sides {
        let ids: Vec<String> = users.iter().map(ToString::to_string).collect();
        for part in ids.chunks(USERS_PER_EVENT) {
            work.record(Happened::to(name, "group", group).with("users", part.to_vec()));
        }
    }
    let users = delta.joined.iter().chain(&delta.left).copied().collect();
    follow(work, client, group, users).await
}

async fn follow(
    work: &mut Work,
    client: Client,
    group: GroupId,
    mut users: Vec<UserId>,
) -> Result<(), Problem> {
    // Users are locked by id, whoever does it.
    users.sort_unstable();
    let changes: Vec<FactChange> =
        users.into_iter().map(|user| FactChange { user, fact: Fact::Group(group) }).collect();
    if changes.is_empty() {
        return Ok(());
    }
    access::facts_changed(work, Some(client.directory), &changes).await
}
