//! Who keeps what rules gave her although her facts give nothing any more: the brake of her
//! directory holds the loss (scim S27).
//!
//! Nothing new is given meanwhile, and nothing is taken but by hands: what a rule gave that is gone
//! or switched off ends for everybody.

use std::collections::{HashMap, HashSet};

use super::apply::Present;
use crate::domain::access::grant::Source;
use crate::domain::brake::Loss;
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::mapping::{Outcome, RuleSet};
use crate::flow::problem::Problem;
use crate::flow::provision::brake::{Verdict, judge};
use crate::flow::provision::held;
use crate::flow::work::Work;
use crate::scim::Resource;
use crate::store;
use crate::store::grant::Grant;
use crate::store::held_loss::HeldLoss;

/// Losses that are held, of the users that are evaluated; rejected ones are none.
pub(super) type Losses = HashMap<UserId, HeldLoss>;

/// The losses of these users that are held. Their rows are held before.
pub(super) async fn losses(work: &mut Work, users: &[UserId]) -> Result<Losses, Problem> {
    let mut found = store::held_loss::of_users(&mut work.scope(), users).await?;
    found.retain(|_, held| !held.rejected);
    Ok(found)
}

/// Whose loss is held, now or since before. A group that gives her something again takes a loss
/// back; a directory with a brake has those counted who lose the last that rules gave them.
pub(super) async fn keepers(
    work: &mut Work,
    brake: Option<DirectoryId>,
    (present, losses): (&Present, &Losses),
    outcomes: &[(UserId, Outcome)],
    concerns: &impl Fn(&str) -> bool,
) -> Result<HashSet<UserId>, Problem> {
    let (mut keepers, mut losers) = (HashSet::new(), Vec::new());
    for (user, outcome) in outcomes {
        let gives = !outcome.grants.is_empty();
        match losses.get(user) {
            Some(held) if keeps(held.loss, outcome) => {
                keepers.insert(*user);
            }
            Some(_) => held::restore(work, *user).await?,
            None if !gives && brake.is_some() && loses(present, *user, concerns) => {
                losers.push(*user);
            }
            None => {}
        }
    }
    if let Some(directory) = brake
        && judge(work, directory, &losers, Loss::LeftGroups).await? == Verdict::Held
    {
        keepers.extend(losers);
    }
    Ok(keepers)
}

/// Whether a loss goes on being held: a group that gives something again takes it back.
pub(super) fn keeps(loss: Loss, outcome: &Outcome) -> bool {
    loss != Loss::LeftGroups || outcome.grants.is_empty()
}

/// Whether a rule is there and switched on: what it gave is kept while a loss is held.
pub(super) fn stands(rules: &RuleSet, id: &str) -> bool {
    rules.rules().iter().any(|rule| rule.enabled && rule.id.to_string() == id)
}

/// Whether somebody who is active has something by rules, all of which is evaluated now.
fn loses(present: &Present, user: UserId, concerns: &impl Fn(&str) -> bool) -> bool {
    let grants = present.grants.get(&user).map(Vec::as_slice).unwrap_or_default();
    let mut given = grants.iter().filter(|grant| grant.source == Source::Rule).peekable();
    given.peek().is_some()
        && given.all(|grant| concerns(&grant.source_id))
        && present.persons.iter().any(|person| {
            person.id == user
                && serde_json::from_str(&person.document)
                    .is_ok_and(|document| Resource::from_stored(document).active() != Some(false))
        })
}

/// Ends what rules gave that are gone or switched off; answers whether there was any.
pub(super) async fn end_rules_gone(
    work: &mut Work,
    rules: &RuleSet,
    grants: &[Grant],
) -> Result<bool, Problem> {
    let mut ended = false;
    for grant in grants.iter().filter(|grant| grant.source == Source::Rule) {
        if !stands(rules, &grant.source_id) {
            ended |= store::grant::delete(&mut work.scope(), grant.id).await?;
        }
    }
    Ok(ended)
}
