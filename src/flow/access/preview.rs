//! What a list of rules would give and take, were it the organization's: nothing is written.
//!
//! Users are read page by page. A preview holds nobody up, so what changes while it runs may be in
//! it or not; applying the list to the same facts gives exactly the difference that it tells.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::keeping::{keeps, stands};
use super::live::{FIRST, Live};
use super::rules::{ceilings, roles};
use super::seen::{self, candidates};
use crate::domain::access::RoleTable;
use crate::domain::access::grant::Source;
use crate::domain::brake::Loss;
use crate::domain::directory::DIRECTORIES_MAX;
use crate::domain::id::{DirectoryId, OrganizationId, RuleId, UserId};
use crate::domain::mapping::preview::{Held, Preview, Previewing, Seen, held};
use crate::domain::mapping::{
    self, Outcome, RULES_MAX, Rule, RuleDraft, RuleSet, Selection, Terms,
};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::flow::fields::Fields;
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::store;
use crate::store::grant::Grant;
use crate::store::profile::{Group, Person};

/// Users that are read at once.
const AT_ONCE: i64 = 500;

/// A preview, with the rules by the ids that stand in it.
#[derive(Clone, Debug)]
pub struct Previewed {
    /// The difference.
    pub preview: Preview,
    /// The roles that its handles name.
    pub roles: RoleTable,
    /// The rules, with whether each is there already.
    pub rules: HashMap<RuleId, (String, bool)>,
}

/// Compares what is with what the rules would make of it; a draft with the id of a rule stands for
/// that rule, one without is new, and rules that are left out are gone.
///
/// # Errors
/// 422 for rules that do not fit; 503 when the database does not answer.
pub async fn preview(
    runner: &Runner,
    live: &Live,
    organization: OrganizationId,
    drafts: &[RuleDraft],
) -> Result<Previewed, Problem> {
    let roles = roles(&mut runner.read(organization), &runner.platform).await?;
    let (rules, names) = check(runner, organization, drafts, &roles).await?;
    let mut previewing = Previewing::new(&roles);
    let mut after = FIRST;
    loop {
        let scope = &mut runner.read(organization);
        let users = store::user::page(scope, after, AT_ONCE).await?;
        let Some(last) = users.last() else { break };
        after = (last.created_at, last.id);
        let facts = read(runner, organization, users, &rules).await?;
        live.ask(organization, &[], |snapshot, _| {
            let Some(snapshot) = snapshot else { return };
            let now = runner.clock.now();
            for mut facts in facts {
                let outcome = std::mem::take(&mut facts.outcome).settle(snapshot);
                add(&mut previewing, (&roles, &rules), (&facts, outcome), now);
            }
        })
        .await?;
    }
    let preview = previewing.finish();
    Ok(Previewed { preview, roles, rules: names })
}

/// What is known of one user.
struct Facts {
    user: User,
    /// What rules would give, were every resource registered.
    outcome: Outcome,
    grants: Vec<Grant>,
    /// How she lost her access, while the brake of her directory holds that (scim S27).
    loss: Option<Loss>,
}

fn add(
    previewing: &mut Previewing<'_>,
    (roles, rules): (&RoleTable, &RuleSet),
    (facts, outcome): (&Facts, Outcome),
    now: Timestamp,
) {
    let live = |grant: &&Grant| grant.expires_at.is_none_or(|end| now < end);
    let named = |grant: &Grant| Some((roles.index(&grant.role)?, grant.reach.clone()));
    let before: BTreeSet<Held> = facts.grants.iter().filter(live).filter_map(named).collect();
    let keeps = facts.loss.is_some_and(|loss| keeps(loss, &outcome));
    // Who is held gets nothing new, and keeps what the rules that stand gave her.
    let outcome = if keeps { Outcome::default() } else { outcome };
    let stays =
        |grant: &&Grant| grant.source != Source::Rule || keeps && stands(rules, &grant.source_id);
    let others = facts.grants.iter().filter(live).filter(stays);
    let mut after: BTreeSet<Held> = others.filter_map(named).collect();
    after.extend(held(&outcome));
    previewing.add(&Seen {
        user: facts.user.id,
        counts: facts.user.is_enabled(),
        before: &before,
        after: &after,
        unresolved: &outcome.unresolved,
    });
}

/// What the rules read of these users and what they hold now.
async fn read(
    runner: &Runner,
    organization: OrganizationId,
    users: Vec<User>,
    rules: &RuleSet,
) -> Result<Vec<Facts>, Problem> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let scope = &mut runner.read(organization);
    let groups: HashMap<UserId, Vec<Group>> = store::profile::groups(scope, &ids).await?;
    let mut grants: HashMap<UserId, Vec<Grant>> = HashMap::new();
    for grant in store::grant::of_users(scope, &ids).await? {
        grants.entry(grant.user_id).or_default().push(grant);
    }
    let losses = store::held_loss::of_users(scope, &ids).await?;
    let reached = seen::reached(scope, &users).await?;
    let people: Vec<_> = users.iter().map(|user| (user.id, user.directory)).collect();
    let claims = seen::claims(scope, rules, &people, runner.clock.now()).await?;
    let all = Selection::all();
    let mut facts = Vec::with_capacity(users.len());
    for user in users {
        let person = Person {
            id: user.id,
            directory_id: user.directory,
            reached: reached.contains(&user.id),
            document: user.document.clone(),
        };
        let groups = groups.get(&user.id).map(Vec::as_slice).unwrap_or_default();
        let known = (groups, claims.get(&user.id));
        let outcome = candidates(rules, &person, known, &all)?;
        let grants = grants.remove(&user.id).unwrap_or_default();
        let loss = losses.get(&user.id).filter(|held| !held.rejected).map(|held| held.loss);
        facts.push(Facts { user, outcome, grants, loss });
    }
    Ok(facts)
}

type Names = HashMap<RuleId, (String, bool)>;

async fn check(
    runner: &Runner,
    organization: OrganizationId,
    drafts: &[RuleDraft],
    roles: &RoleTable,
) -> Result<(RuleSet, Names), Problem> {
    if drafts.len() > RULES_MAX {
        let detail = format!("An organization has at most {RULES_MAX} mapping rules.");
        return Err(Problem::invalid("/rules", "length", detail));
    }
    let scope = &mut runner.read(organization);
    let most = i64::try_from(DIRECTORIES_MAX).unwrap_or(i64::MAX);
    let start = (Timestamp(i64::MIN), DirectoryId(uuid::Uuid::nil()));
    let directories = store::directory::page(scope, start, most).await?;
    let directories: Vec<DirectoryId> = directories.iter().map(|directory| directory.id).collect();
    let terms = Terms { roles, directories: &directories };
    let present: HashSet<RuleId> =
        store::rule::all(scope).await?.into_iter().map(|rule| rule.id).collect();
    let mut fields = Fields::new();
    let mut rules: Vec<Rule> = Vec::with_capacity(drafts.len());
    let mut names = HashMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        fields.below(format!("/rules/{at}"));
        let known = draft.id.is_none_or(|id| present.contains(&id) && !names.contains_key(&id));
        if !known {
            fields.wrong("/id", "unknown", "This is no rule here, or stands in the list twice.");
        }
        let id = draft.id.unwrap_or_else(|| runner.id());
        match mapping::check(id, draft, &terms) {
            Ok(rule) => rules.push(rule),
            Err(refusals) => {
                for refusal in refusals {
                    fields.wrong(&refusal.pointer, refusal.code, refusal.detail);
                }
            }
        }
        names.insert(id, (draft.name.clone(), draft.id.is_some()));
    }
    fields.done()?;
    let rules = RuleSet::new(rules).map_err(Problem::internal)?;
    let scope = &mut runner.read(organization);
    Ok((rules.under(ceilings(scope, roles).await?), names))
}
