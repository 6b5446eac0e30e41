//! What changed, and whom rules must be applied to: facts of people, resources, the rules.
//!
//! Up to [`WIDE_USERS`] users are evaluated in the transaction of the change. Past that the change
//! commits with all losses, and a durable job applies the gains.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::apply::Applying;
use super::hold::hold;
use super::job;
use super::live::FIRST;
use super::rules;
use crate::domain::access::grant::Source;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, GroupId, UserId};
use crate::domain::mapping::{GroupFacts, RuleSet, Selection};
use crate::domain::resource::ResourceRef;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store::profile::Group;
use crate::store::rule_set::Hold;
use crate::store::{self};

/// Users that are evaluated in the transaction of a change; past that a job applies the gains.
pub const WIDE_USERS: usize = 5_000;

/// A fact of a user that rules read and that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub fact: Fact,
}

/// Which fact changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// Any: she is new, her attributes changed, or a group of hers was renamed or deleted.
    Everything,
    /// She joined or left a group whose name stayed, and so all groups that hold it.
    Group(GroupId),
}

/// Begins to apply the rules that stand: those of memory, unless this transaction edited them.
pub(super) async fn applying(
    work: &mut Work,
    hold_as: Hold,
) -> Result<(Applying, Arc<RuleSet>), Problem> {
    let set = hold(work, hold_as).await?;
    let (cache, platform) = (Arc::clone(&work.rules), Arc::clone(&work.platform));
    let checked = if work.rules_edited {
        rules::read(&mut work.scope(), &platform).await?
    } else {
        cache.of(&mut work.scope(), &set, &platform).await?
    };
    let rules = Arc::clone(&checked.rules);
    Ok((Applying::new(checked), rules))
}

/// Applies rules after facts of people changed, in the same transaction: grants, what stays
/// unresolved, and `user.access_changed` for each user whose access is another one now. The rows
/// of the facts are written before this is called; users that are gone are passed over. Where the
/// client of a directory changed them, its brake may hold losses.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn facts_changed(
    work: &mut Work,
    directory: Option<DirectoryId>,
    changes: &[FactChange],
) -> Result<(), Problem> {
    if changes.is_empty() {
        return Ok(());
    }
    let (mut applying, rules) = applying(work, Hold::Shared).await?;
    applying.brake = directory;
    let selections = selections(work, &rules, changes).await?;
    apply(work, (&mut applying, &rules), selections).await
}

/// Applies rules after users joined or left a group whose name stayed and is known, as
/// [`facts_changed`] does.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn members_changed(
    work: &mut Work,
    directory: DirectoryId,
    (group, is_held): (&Group, bool),
    users: BTreeSet<UserId>,
) -> Result<(), Problem> {
    if users.is_empty() {
        return Ok(());
    }
    let (mut applying, rules) = applying(work, Hold::Shared).await?;
    applying.brake = Some(directory);
    let selection = of_group(work, &rules, group, is_held).await?;
    apply(work, (&mut applying, &rules), vec![(selection, users)]).await
}

async fn apply(
    work: &mut Work,
    (applying, rules): (&mut Applying, &RuleSet),
    mut selections: Vec<(Selection, BTreeSet<UserId>)>,
) -> Result<(), Problem> {
    selections.retain(|(selection, _)| !selection.is_empty());
    let users: BTreeSet<UserId> = selections.iter().flat_map(|(_, users)| users).copied().collect();
    if users.len() > WIDE_USERS {
        let all = Selection::all();
        let holders = holders(work, rules.rules().iter().map(|rule| rule.id.to_string())).await?;
        let losers: Vec<UserId> = holders.intersection(&users).copied().collect();
        applying.users(work, &losers, &all).await?;
        job::enqueue(work).await?;
    } else {
        for (selection, users) in &selections {
            let users: Vec<UserId> = users.iter().copied().collect();
            applying.users(work, &users, selection).await?;
        }
    }
    tell_vacancies(work, &applying.lost_kept_roles).await
}

/// Which rules each user must be evaluated by.
async fn selections(
    work: &mut Work,
    rules: &RuleSet,
    changes: &[FactChange],
) -> Result<Vec<(Selection, BTreeSet<UserId>)>, Problem> {
    let mut facts: BTreeMap<UserId, BTreeSet<Option<GroupId>>> = BTreeMap::new();
    for change in changes {
        let group = match change.fact {
            Fact::Everything => None,
            Fact::Group(group) => Some(group),
        };
        facts.entry(change.user).or_default().insert(group);
    }
    let mut touched: BTreeMap<Option<GroupId>, Selection> = BTreeMap::new();
    let mut selections: BTreeMap<BTreeSet<Option<GroupId>>, BTreeSet<UserId>> = BTreeMap::new();
    for (user, facts) in facts {
        selections.entry(facts).or_default().insert(user);
    }
    let mut found = Vec::with_capacity(selections.len());
    for (facts, users) in selections {
        let mut selection = Selection::default();
        for fact in facts {
            let of_fact = match touched.get(&fact) {
                Some(known) => known.clone(),
                None => {
                    let read = of_fact(work, rules, fact).await?;
                    touched.entry(fact).or_insert(read).clone()
                }
            };
            selection.add(of_fact);
        }
        found.push((selection, users));
    }
    Ok(found)
}

async fn of_fact(
    work: &mut Work,
    rules: &RuleSet,
    fact: Option<GroupId>,
) -> Result<Selection, Problem> {
    let Some(id) = fact else { return Ok(Selection::all()) };
    let Some((group, is_held)) = store::profile::group(&mut work.scope(), id).await? else {
        // A group that is gone: nobody can tell any more which rules named it.
        return Ok(Selection::all());
    };
    of_group(work, rules, &group, is_held).await
}

async fn of_group(
    work: &mut Work,
    rules: &RuleSet,
    group: &Group,
    is_held: bool,
) -> Result<Selection, Problem> {
    let mut selection = touched(rules, group);
    if is_held {
        // Whoever is in it is in all that hold it.
        let above = store::nesting::above(&mut work.scope(), &BTreeSet::from([group.id])).await?;
        for (_, group) in above {
            selection.add(touched(rules, &group));
        }
    }
    Ok(selection)
}

fn touched(rules: &RuleSet, group: &Group) -> Selection {
    let (value, display) = (group.id.to_string(), group.display_name.as_str());
    let external_id = group.external_id.as_deref();
    rules.touched_by_group(&GroupFacts { value: &value, display, external_id })
}

/// All users who have a grant of one of these rules.
pub(super) async fn holders(
    work: &mut Work,
    rules: impl Iterator<Item = String>,
) -> Result<BTreeSet<UserId>, Problem> {
    let mut holders = BTreeSet::new();
    for rule in rules {
        let mut after = FIRST.1;
        loop {
            let of = (Source::Rule, rule.as_str());
            let scope = &mut work.scope();
            let batch = store::holder::users_of_source(scope, of, after, HOLDERS_AT_ONCE).await?;
            let Some(last) = batch.last() else { break };
            after = *last;
            holders.extend(batch);
        }
    }
    Ok(holders)
}

/// Holders that are read at once.
const HOLDERS_AT_ONCE: i64 = 10_000;

/// Tells of roles that must keep a holder and lost the last one by what a directory said: it is
/// applied all the same (scim S26).
///
/// # Errors
/// 503 when the database does not answer.
pub(in crate::flow) async fn tell_vacancies(
    work: &mut Work,
    roles: &BTreeSet<String>,
) -> Result<(), Problem> {
    if roles.is_empty() {
        return Ok(());
    }
    // Two last holders may go at once: the one who comes second sees that the first is gone.
    store::organization::hold(&mut work.scope()).await?;
    let at = work.at;
    for role in roles {
        if !store::holder::has_holder(&mut work.scope(), role, at).await? {
            let organization = work.organization;
            work.record(
                Happened::to("organization.role_vacant", "organization", organization)
                    .named(role)
                    .with("role", role.clone()),
            );
        }
    }
    Ok(())
}

/// Applies rules after resources came or went: what waited for them is given, what rules gave on
/// them becomes unresolved. The rows of the resources are written before this is called.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn resources_changed(work: &mut Work, resources: &[ResourceRef]) -> Result<(), Problem> {
    for resource in resources {
        work.changed(Change::Resource(resource.clone()));
    }
    let (mut applying, _) = applying(work, Hold::Alone).await?;
    let mut users = BTreeSet::new();
    for resource in resources {
        let key = resource.folded_key().into_owned();
        let on = (resource.kind(), key.as_str());
        let registered = store::resource::place(&mut work.scope(), on.0, on.1).await?.is_some();
        let mut after = FIRST.1;
        loop {
            let scope = &mut work.scope();
            let batch = if registered {
                store::unresolved::users_waiting(scope, on, after, HOLDERS_AT_ONCE).await?
            } else {
                store::holder::users_on_resource(scope, on, after, HOLDERS_AT_ONCE).await?
            };
            let Some(last) = batch.last() else { break };
            after = *last;
            users.extend(batch);
        }
    }
    if users.len() > WIDE_USERS {
        // A grant on a resource that is gone covers nothing already: only gains are left to do.
        return job::enqueue(work).await;
    }
    let users: Vec<UserId> = users.into_iter().collect();
    applying.users(work, &users, &Selection::all()).await?;
    tell_vacancies(work, &applying.lost_kept_roles).await
}
