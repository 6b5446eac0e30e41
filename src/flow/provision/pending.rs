//! Members that a client named before they came (D8), and their coming.
//!
//! Ids are ours to give, so a client can only know a member beforehand by an id of its own: a value
//! is taken for an id first, and else for an external id. Until a user or a group has it, nobody
//! sees it and nothing counts it as a member.

use std::collections::BTreeSet;

use super::{Client, named, nesting};
use crate::domain::directory::UnknownMembers;
use crate::domain::event::Happened;
use crate::domain::group::{Group, PENDING_IN_DIRECTORY_MAX, PENDING_IN_GROUP_MAX};
use crate::domain::id::GroupId;
use crate::domain::nesting::NESTED_MAX;
use crate::domain::user::User;
use crate::flow::access;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::scim::{Member, MemberKind, ScimError};
use crate::store;
use crate::store::pending::Arrival;

/// Keeps members that the directory does not have, where it says so; refuses them elsewhere.
///
/// # Errors
/// 400 `invalidValue` that lists them, or names the limit; asks for another run when the rule set
/// is not held alone, since whoever is just coming must see what is kept here.
pub async fn keep(
    work: &mut Work,
    client: Client,
    group: GroupId,
    members: &[Member],
) -> Result<(), Problem> {
    let shapeless = |member: &Member| member.value.chars().any(char::is_control);
    if client.unknown_members == UnknownMembers::Refuse || members.iter().any(shapeless) {
        return Err(named::unknown(members).into());
    }
    access::insist_on_rules_alone(work).await?;
    // What the token's door remembers of the directory may be a second old.
    let directory = store::directory::by_id(&mut work.scope(), client.directory).await?;
    let mode = directory.map(|directory| directory.settings.unknown_members);
    if mode != Some(UnknownMembers::Pending) {
        return Err(named::unknown(members).into());
    }
    let scope = &mut work.scope();
    let kept = store::pending::keep(scope, client.directory, group, members).await?;
    if kept > 0 {
        work.record(Happened::to("group.members_awaited", "group", group).with("count", kept));
    }
    let (of_group, of_all) =
        store::pending::count(&mut work.scope(), client.directory, group).await?;
    let limit = |what: &str, most: i64| {
        let detail = format!("{what} may name at most {most} members before they come");
        Err(ScimError::invalid_value(detail).into())
    };
    if of_group > PENDING_IN_GROUP_MAX {
        return limit("A group", PENDING_IN_GROUP_MAX);
    }
    if of_all > PENDING_IN_DIRECTORY_MAX {
        return limit("The groups of a directory", PENDING_IN_DIRECTORY_MAX);
    }
    Ok(())
}

/// A user came, or got another external id: groups that named her before have her as a member
/// now. Answers whether there were any; her access follows by the caller.
///
/// # Errors
/// 503 when the database does not answer; asks for another run when her row is `held` already and
/// the rule set is not held alone, since groups are locked before users.
pub async fn user_came(
    work: &mut Work,
    client: Client,
    user: &User,
    held: bool,
) -> Result<bool, Problem> {
    let arrival = Arrival {
        directory: client.directory,
        kind: MemberKind::User,
        id: user.id.0,
        external_id: user.external_id.clone(),
    };
    let Some(groups) = awaiting(work, &arrival, held).await? else { return Ok(false) };
    let scope = &mut work.scope();
    let joined = store::member::join(scope, client.directory, user.id, &groups).await?;
    tell(work, &joined, ("users", user.id.to_string())).await?;
    Ok(true)
}

/// A group came, or got another external id: groups that named it before hold it now, unless that
/// would make a circle or break a limit. The access of those within it follows by the caller.
///
/// # Errors
/// 503 when the database does not answer; asks for another run when the rule set is not held alone.
pub async fn group_came(work: &mut Work, client: Client, group: &Group) -> Result<(), Problem> {
    let arrival = Arrival {
        directory: client.directory,
        kind: MemberKind::Group,
        id: group.id.0,
        external_id: group.external_id.clone(),
    };
    let Some(groups) = awaiting(work, &arrival, true).await? else { return Ok(()) };
    let come = BTreeSet::from([group.id]);
    let mut joined = Vec::new();
    for holder in groups {
        let has_room = store::nesting::count(&mut work.scope()).await? < NESTED_MAX;
        let is_new = !store::nesting::members(&mut work.scope(), holder).await?.contains(&group.id);
        if has_room && is_new && nesting::check(work, holder, &come).await?.is_ok() {
            store::nesting::add(&mut work.scope(), client.directory, holder, &come).await?;
            joined.push(holder);
        }
    }
    tell(work, &joined, ("groups", group.id.to_string())).await
}

/// The groups that named who came, locked; they do not wait any longer.
async fn awaiting(
    work: &mut Work,
    arrival: &Arrival,
    alone: bool,
) -> Result<Option<BTreeSet<GroupId>>, Problem> {
    let groups = store::pending::awaiting(&mut work.scope(), arrival).await?;
    if groups.is_empty() {
        return Ok(None);
    }
    if alone {
        access::insist_on_rules_alone(work).await?;
    }
    let scope = &mut work.scope();
    let locked = store::group::lock_among(scope, arrival.directory, &groups).await?;
    // Under the locks: who was taken off a list meanwhile is not waited for any more.
    let waited = store::pending::arrived(&mut work.scope(), arrival).await?;
    Ok(Some(locked.into_iter().filter(|group| waited.contains(group)).collect()))
}

async fn tell(
    work: &mut Work,
    groups: &[GroupId],
    (what, who): (&str, String),
) -> Result<(), Problem> {
    if groups.is_empty() {
        return Ok(());
    }
    let at = work.at;
    store::group::member_came(&mut work.scope(), groups, at).await?;
    for group in groups {
        let added = Happened::to("group.member_added", "group", *group);
        work.record(added.with(what, vec![who.clone()]));
    }
    Ok(())
}
