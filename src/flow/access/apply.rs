//! Rules applied to users, and the difference written: grants, what stays unresolved, events.
//!
//! Grants of other sources are never touched. Rows are held in the order of their ids before facts
//! are read, so that two writes that together meet a rule do not miss it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::access::RoleTable;
use crate::domain::access::grant::{Reach, Source};
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, GrantId, RuleId, UserId};
use crate::domain::mapping::{Known, MappedGrant, Outcome, RuleSet, Selection};
use crate::domain::resource::{ResourceRef, fold};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store::grant::Grant;
use crate::store::profile::{Group, Person};
use crate::store::unresolved::Unresolved;
use crate::store::{self};

use super::keeping::Losses;
use super::rules::Checked;
use super::seen::{self, candidates};
use super::{ACCESS_CHANGED, keeping};

/// Users that are evaluated at once.
pub const EVALUATED_AT_ONCE: usize = 500;

/// A role on a reach, as events name it.
pub(in crate::flow) type Held = (String, Reach);

/// Applies rules to users within one transaction.
pub(super) struct Applying {
    rules: Arc<RuleSet>,
    roles: Arc<RoleTable>,
    /// Whether resources are registered, as far as was asked.
    registered: HashMap<ResourceRef, bool>,
    /// The directory whose client changed the facts: its brake may hold losses.
    pub brake: Option<DirectoryId>,
    /// Roles that must keep a holder and of which somebody lost a grant.
    pub lost_kept_roles: BTreeSet<String>,
    /// Grants to be written together.
    new: Vec<Grant>,
    /// Grants to be taken away together.
    gone: Vec<GrantId>,
}

struct Registered<'r>(&'r HashMap<ResourceRef, bool>);

impl Known for Registered<'_> {
    fn is_registered(&self, resource: &ResourceRef) -> bool {
        self.0.get(resource).copied().unwrap_or(false)
    }

    /// The nearest key is computed where the row is shown.
    fn nearest(&self, _: &ResourceRef) -> Option<String> {
        None
    }
}

/// What is kept of the users that are evaluated.
pub(super) struct Present {
    pub(super) persons: Vec<Person>,
    groups: HashMap<UserId, Vec<Group>>,
    pub(super) grants: HashMap<UserId, Vec<Grant>>,
    unresolved: HashMap<UserId, Vec<Unresolved>>,
    losses: Losses,
}

impl Applying {
    pub(super) fn new(Checked { rules, roles }: Checked) -> Self {
        let (registered, lost_kept_roles) = (HashMap::new(), BTreeSet::new());
        let (new, gone) = (Vec::new(), Vec::new());
        Self { rules, roles, registered, brake: None, lost_kept_roles, new, gone }
    }

    /// Applies the rules of a selection to users; what other rules gave them stays. With all rules
    /// selected, what rules that are gone gave them goes too.
    pub(super) async fn users(
        &mut self,
        work: &mut Work,
        users: &[UserId],
        selection: &Selection,
    ) -> Result<(), Problem> {
        for chunk in users.chunks(EVALUATED_AT_ONCE) {
            self.chunk(work, chunk, selection).await?;
        }
        Ok(())
    }

    async fn chunk(
        &mut self,
        work: &mut Work,
        users: &[UserId],
        selection: &Selection,
    ) -> Result<(), Problem> {
        let mut present = read(work, users).await?;
        let everything = selection.is_all();
        let named = self.rules.selected(selection).take_while(|_| !everything);
        let selected: HashSet<String> = named.map(|rule| rule.id.to_string()).collect();
        let concerns = |id: &str| everything || selected.contains(id);
        let (losses, all) = (std::mem::take(&mut present.losses), Selection::all());
        let people: Vec<_> =
            present.persons.iter().map(|person| (person.id, person.directory_id)).collect();
        let at = work.at;
        let claims = seen::claims(&mut work.scope(), &self.rules, &people, at).await?;
        let mut outcomes = Vec::with_capacity(present.persons.len());
        for person in &present.persons {
            let groups = present.groups.get(&person.id).map(Vec::as_slice).unwrap_or_default();
            // Any group may give back what is held, so all rules are asked.
            let asked = if losses.contains_key(&person.id) { &all } else { selection };
            let facts = (groups, claims.get(&person.id));
            outcomes.push((person.id, candidates(&self.rules, person, facts, asked)?));
        }
        for (_, outcome) in &outcomes {
            self.look_up(work, outcome).await?;
        }
        let known = Registered(&self.registered);
        let outcomes: Vec<(UserId, Outcome)> =
            outcomes.into_iter().map(|(user, outcome)| (user, outcome.settle(&known))).collect();
        let seen = (&present, &losses);
        let keepers = keeping::keepers(work, self.brake, seen, &outcomes, &concerns).await?;
        for (user, outcome) in outcomes {
            let grants = present.grants.remove(&user).unwrap_or_default();
            let noted = present.unresolved.remove(&user).unwrap_or_default();
            let touched = if keepers.contains(&user) {
                keeping::end_rules_gone(work, &self.rules, &grants).await?
            } else {
                let whole = losses.contains_key(&user);
                let concerns = |id: &str| whole || concerns(id);
                save_unresolved(work, (user, &outcome), noted, &concerns).await?;
                self.save_grants(work, (user, &outcome), &grants, &concerns).await?
            };
            if touched {
                work.changed(Change::User(user));
            }
        }
        self.write(work).await
    }

    /// Applies rules to a user who was made in this transaction: she has nothing yet.
    pub(super) async fn newcomer(
        &mut self,
        work: &mut Work,
        user: UserId,
        outcome: Outcome,
    ) -> Result<(), Problem> {
        self.look_up(work, &outcome).await?;
        let outcome = outcome.settle(&Registered(&self.registered));
        save_unresolved(work, (user, &outcome), Vec::new(), &|_| true).await?;
        self.save_grants(work, (user, &outcome), &[], &|_| true).await?;
        self.write(work).await
    }

    /// Writes the differences that were noted.
    async fn write(&mut self, work: &mut Work) -> Result<(), Problem> {
        store::grant::delete_all(&mut work.scope(), &self.gone).await?;
        store::grant::insert_all(&mut work.scope(), &self.new).await?;
        self.gone.clear();
        self.new.clear();
        Ok(())
    }

    async fn look_up(&mut self, work: &mut Work, outcome: &Outcome) -> Result<(), Problem> {
        for resource in outcome.resources() {
            if !self.registered.contains_key(resource) {
                let (kind, key) = (resource.kind(), resource.folded_key());
                let found = store::resource::place(&mut work.scope(), kind, &key).await?;
                self.registered.insert(resource.clone(), found.is_some());
            }
        }
        Ok(())
    }

    /// Notes the difference between the grants that rules gave and give, to be written with that of
    /// others; answers whether there is any.
    async fn save_grants(
        &mut self,
        work: &mut Work,
        (user, outcome): (UserId, &Outcome),
        grants: &[Grant],
        concerns: &impl Fn(&str) -> bool,
    ) -> Result<bool, Problem> {
        let mut wanted: BTreeMap<(RuleId, &str, &Reach), &MappedGrant> = BTreeMap::new();
        for grant in &outcome.grants {
            wanted.entry((grant.rule, self.roles.key(grant.role), &grant.reach)).or_insert(grant);
        }
        let at = work.at;
        // A grant of a rule has an end only when a wide edit took it away before this evaluation:
        // the loss is told here, once the row goes.
        let is_live = |grant: &&Grant| {
            grant.source == Source::Rule || grant.expires_at.is_none_or(|end| at < end)
        };
        let before: BTreeSet<Held> = grants.iter().filter(is_live).map(held).collect();
        let mut after = before.clone();
        let (mut old, mut stays) = (Vec::new(), BTreeSet::new());
        let mut touched = false;
        for grant in grants {
            if grant.source != Source::Rule || !concerns(&grant.source_id) {
                if is_live(&grant) {
                    stays.insert(held(grant));
                }
                continue;
            }
            let rule = RuleId::parse(&grant.source_id).ok();
            let key = rule.map(|rule| (rule, grant.role.as_str(), &grant.reach));
            match key.and_then(|key| wanted.remove(&key)) {
                Some(still) => {
                    stays.insert(held(grant));
                    if grant.expires_at.is_some() {
                        store::grant::revive(&mut work.scope(), grant.id).await?;
                        touched = true;
                    }
                    if still.matched != grant.why {
                        let scope = &mut work.scope();
                        store::grant::set_why(scope, grant.id, &still.matched).await?;
                    }
                }
                None => old.push(grant),
            }
        }
        touched |= !old.is_empty() || !wanted.is_empty();
        for grant in old {
            self.gone.push(grant.id);
            after.remove(&held(grant));
        }
        for ((rule, role, reach), mapped) in wanted {
            let new = Grant {
                id: work.id::<GrantId>(),
                user_id: user,
                role: role.to_owned(),
                reach: reach.clone(),
                source: Source::Rule,
                source_id: rule.to_string(),
                why: mapped.matched.clone(),
                expires_at: None,
                created_at: work.at,
            };
            after.insert(held(&new));
            self.new.push(new);
        }
        after.extend(stays);
        self.tell(work, user, &before, &after);
        Ok(touched)
    }

    /// Records what the user gained and lost, if anything.
    fn tell(
        &mut self,
        work: &mut Work,
        user: UserId,
        before: &BTreeSet<Held>,
        after: &BTreeSet<Held>,
    ) {
        let gained: Vec<Value> = after.difference(before).map(shown).collect();
        let lost: Vec<Value> = before.difference(after).map(shown).collect();
        if gained.is_empty() && lost.is_empty() {
            return;
        }
        let keeps_one = |key: &str| {
            self.roles.index(key).and_then(|at| self.roles.role(at)).map(|r| r.keep_one)
        };
        let kept: Vec<String> = before
            .difference(after)
            .filter(|(role, _)| keeps_one(role) == Some(true))
            .map(|(role, _)| role.clone())
            .collect();
        self.lost_kept_roles.extend(kept);
        work.record(
            Happened::to(ACCESS_CHANGED, "user", user).with("gained", gained).with("lost", lost),
        );
    }
}

/// A grant without its source.
pub(in crate::flow) fn held(grant: &Grant) -> Held {
    (grant.role.clone(), grant.reach.clone())
}

/// A role on a reach in the words of events.
pub(in crate::flow) fn shown((role, reach): &Held) -> Value {
    json!({"role": role, "resource": reach.resource()})
}

async fn read(work: &mut Work, users: &[UserId]) -> Result<Present, Problem> {
    let persons = store::profile::hold(&mut work.scope(), users).await?;
    if let [user] = users {
        return read_one(work, persons, *user).await;
    }
    let losses = keeping::losses(work, users).await?;
    let groups = store::profile::groups(&mut work.scope(), users).await?;
    let (mut grants, mut unresolved) = (HashMap::new(), HashMap::new());
    for grant in store::grant::of_users(&mut work.scope(), users).await? {
        grants.entry(grant.user_id).or_insert_with(Vec::new).push(grant);
    }
    for row in store::unresolved::of_users(&mut work.scope(), users).await? {
        unresolved.entry(row.user_id).or_insert_with(Vec::new).push(row);
    }
    Ok(Present { persons, groups, grants, unresolved, losses })
}

async fn read_one(work: &mut Work, persons: Vec<Person>, user: UserId) -> Result<Present, Problem> {
    let facts = store::facts::of_user(&mut work.scope(), user).await?.unwrap_or_default();
    let (mut unresolved, mut losses) = (Vec::new(), Losses::new());
    if facts.misses {
        unresolved = store::unresolved::of_user(&mut work.scope(), user).await?;
    }
    if facts.is_held {
        losses = keeping::losses(work, &[user]).await?;
    }
    let groups = HashMap::from([(user, facts.groups)]);
    let grants = HashMap::from([(user, facts.grants)]);
    let unresolved = HashMap::from([(user, unresolved)]);
    Ok(Present { persons, groups, grants, unresolved, losses })
}

async fn save_unresolved(
    work: &mut Work,
    (user, outcome): (UserId, &Outcome),
    noted: Vec<Unresolved>,
    concerns: &impl Fn(&str) -> bool,
) -> Result<(), Problem> {
    let mut wanted: HashSet<Unresolved> = HashSet::new();
    for one in &outcome.unresolved {
        let (kind, key) = one.resource.split_once(':').unwrap_or(("", &one.resource));
        wanted.insert(Unresolved {
            user_id: user,
            rule_id: one.rule,
            resource_kind: kind.to_owned(),
            resource_key: fold(key).into_owned(),
            resource: one.resource.clone(),
        });
    }
    for old in noted {
        if !wanted.remove(&old) && concerns(&old.rule_id.to_string()) {
            store::unresolved::delete(&mut work.scope(), &old).await?;
        }
    }
    for new in wanted {
        store::unresolved::insert(&mut work.scope(), &new).await?;
    }
    Ok(())
}
