//! What other roles would change: a role of the organization's own as it is to be, or another
//! platform definition. Nothing is written.
//!
//! A second state of the organization is built in memory beside the present one, with the roles as
//! they would be and with what the rules would give then, and the two are asked the same.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::keeping::{keeps, stands};
use super::live::{FIRST, Live, rows};
use super::rules::{own, under};
use super::seen::{self, candidates};
use crate::domain::access::custom::{self, Draft, Named};
use crate::domain::access::difference::{Difference, rights, vacant};
use crate::domain::access::grant::Source;
use crate::domain::access::{GrantRow, RoleTable, Snapshot, UserRow};
use crate::domain::id::{GrantId, OrganizationId, RoleId, UserId};
use crate::domain::mapping::{RuleSet, Selection};
use crate::domain::platform::Definition;
use crate::domain::user::User;
use crate::flow::problem::Problem;
use crate::flow::role::refused;
use crate::flow::runner::Runner;
use crate::store::grant::Grant;
use crate::store::held_loss::HeldLoss;
use crate::store::profile::Person;
use crate::store::{self, Scope};

/// Users that are read at once.
const AT_ONCE: i64 = 500;

/// A role of the organization's own as it is to be: in the place of one, or new.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Which it stands for.
    pub id: Option<RoleId>,
    /// What it is called.
    pub named: Named,
    /// What it holds.
    pub draft: Draft,
}

/// Compares what is with what would be, were this a role of the organization.
///
/// # Errors
/// 404 for the id of no role, 422 for fields that do not fit; 503 when the database does not
/// answer.
pub async fn preview_role(
    runner: &Runner,
    live: &Live,
    organization: OrganizationId,
    candidate: &Candidate,
) -> Result<Difference, Problem> {
    let kept = store::role::all(&mut runner.read(organization)).await?;
    let place = match candidate.id {
        None => None,
        Some(id) => {
            let place = kept.iter().position(|role| role.id == id);
            Some(place.ok_or_else(|| Problem::not_found("role"))?)
        }
    };
    let mut roles: Vec<(Named, Draft)> = kept.iter().map(own).collect();
    let present = custom::table(&runner.platform, &roles);
    let taken = || Problem::invalid("/role/key", "taken", "Another role has this key.");
    let same = |at: usize| Some(at) == place;
    if roles.iter().enumerate().any(|(at, (one, _))| one.key == candidate.named.key && !same(at)) {
        return Err(taken());
    }
    custom::check(&candidate.named, &candidate.draft, &present).map_err(|mut wrongs| {
        for wrong in &mut wrongs {
            wrong.pointer = format!("/role{}", wrong.pointer);
        }
        refused(wrongs)
    })?;
    let one = (candidate.named.clone(), candidate.draft.clone());
    match place.and_then(|place| roles.get_mut(place)) {
        Some(role) => *role = one,
        None => roles.push(one),
    }
    compare(runner, live, organization, custom::table(&runner.platform, &roles)).await
}

/// Compares what is with what would be, were the platform this one.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn preview_platform(
    runner: &Runner,
    live: &Live,
    organization: OrganizationId,
    definition: &Arc<Definition>,
) -> Result<Difference, Problem> {
    let kept = store::role::all(&mut runner.read(organization)).await?;
    let roles: Vec<(Named, Draft)> = kept.iter().map(own).collect();
    compare(runner, live, organization, custom::table(definition, &roles)).await
}

async fn compare(
    runner: &Runner,
    live: &Live,
    organization: OrganizationId,
    roles: RoleTable,
) -> Result<Difference, Problem> {
    let rules = under(&mut runner.read(organization), &roles).await?;
    let after = build(runner, live, organization, (Arc::new(roles), &rules)).await?;
    let at = runner.clock.now();
    let mut difference = live
        .ask_all(organization, |before| {
            let mut difference = Difference::default();
            let Some(before) = before else { return difference };
            for (user, _) in before.users(None) {
                difference.add(user, &rights(before, user, at), &rights(&after, user, at));
            }
            difference
        })
        .await?;
    difference.vacant_roles = vacant(after.definition(), &after, at);
    Ok(difference)
}

/// The organization in memory as it would be.
async fn build(
    runner: &Runner,
    live: &Live,
    organization: OrganizationId,
    (roles, rules): (Arc<RoleTable>, &RuleSet),
) -> Result<Snapshot, Problem> {
    let (active, resources) = live
        .ask(organization, &[], |snapshot, _| {
            snapshot.map_or((false, Vec::new()), |snapshot| {
                (snapshot.active, snapshot.resources().rows(snapshot.definition()))
            })
        })
        .await?;
    let mut after = Snapshot::new(active, roles);
    resources.iter().for_each(|row| after.put_resource(row));
    let mut last = FIRST;
    loop {
        let scope = &mut runner.read(organization);
        let users = store::user::page(scope, last, AT_ONCE).await?;
        let Some(end) = users.last() else { break };
        last = (end.created_at, end.id);
        for row in with_rules(runner, organization, (&after, rules), users).await? {
            after.put_user(row);
        }
    }
    Ok(after)
}

/// Users as they are read, with what the rules would give them in place of what they gave. Whose
/// loss is held gets nothing new, and keeps what the rules that stand gave her (scim S27).
async fn with_rules(
    runner: &Runner,
    organization: OrganizationId,
    (after, rules): (&Snapshot, &RuleSet),
    users: Vec<User>,
) -> Result<Vec<UserRow>, Problem> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let scope = &mut runner.read(organization);
    let rows = rows(scope, &ids, after.definition()).await?;
    let groups = store::profile::groups(scope, &ids).await?;
    let reached = seen::reached(scope, &users).await?;
    let people: Vec<_> = users.iter().map(|user| (user.id, user.directory)).collect();
    let claims = seen::claims(scope, rules, &people, runner.clock.now()).await?;
    let mut losses = store::held_loss::of_users(scope, &ids).await?;
    losses.retain(|_, held| !held.rejected);
    let standing = standing(scope, rules, &losses).await?;
    let (mut given, mut keepers) = (HashMap::<UserId, Vec<GrantRow>>::new(), HashSet::new());
    for user in users {
        let person = Person {
            id: user.id,
            directory_id: user.directory,
            reached: reached.contains(&user.id),
            document: user.document,
        };
        let groups = groups.get(&person.id).map(Vec::as_slice).unwrap_or_default();
        let facts = (groups, claims.get(&person.id));
        let outcome = candidates(rules, &person, facts, &Selection::all())?.settle(after);
        if losses.get(&person.id).is_some_and(|held| keeps(held.loss, &outcome)) {
            keepers.insert(person.id);
            continue;
        }
        let mut seen = BTreeSet::new();
        let grants = outcome.grants.into_iter().filter_map(|grant| {
            seen.insert((grant.role, grant.reach.clone())).then(|| GrantRow {
                id: GrantId(grant.rule.0),
                role: after.roles().key(grant.role).to_owned(),
                reach: grant.reach,
                source: Source::Rule,
                source_name: None,
                expires_at: None,
            })
        });
        given.insert(person.id, grants.collect());
    }
    let row = |mut row: UserRow| {
        let keeps = keepers.contains(&row.id);
        row.grants
            .retain(|grant| grant.source != Source::Rule || keeps && standing.contains(&grant.id));
        row.grants.extend(given.remove(&row.id).unwrap_or_default());
        row
    };
    Ok(rows.into_iter().map(row).collect())
}

/// What rules that stand gave to those whose loss is held.
async fn standing(
    scope: &mut Scope<'_>,
    rules: &RuleSet,
    losses: &HashMap<UserId, HeldLoss>,
) -> Result<HashSet<GrantId>, Problem> {
    if losses.is_empty() {
        return Ok(HashSet::new());
    }
    let users: Vec<UserId> = losses.keys().copied().collect();
    let grants = store::grant::of_users(scope, &users).await?.into_iter();
    let stand = |grant: &Grant| grant.source == Source::Rule && stands(rules, &grant.source_id);
    Ok(grants.filter(stand).map(|grant| grant.id).collect())
}
