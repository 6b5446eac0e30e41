//! The rule set of the organization, held until commit: the first lock of every write.
//!
//! Whoever changes facts of people holds it with others. Whoever changes rules, resources or groups
//! within groups holds it alone, so that what others read of these stands still.

use std::sync::atomic::Ordering;

use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store::rule_set::{self, Hold};

/// Holds the organization's rule set until commit, with others who change facts. Whoever locks
/// groups or users first in a transaction calls this before, so that locks follow one order.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn hold_rules(work: &mut Work) -> Result<(), Problem> {
    hold(work, Hold::Shared).await.map(drop)
}

/// Holds the organization's rule set alone until commit: before rules or resources are read that
/// are to change.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn hold_rules_alone(work: &mut Work) -> Result<(), Problem> {
    hold(work, Hold::Alone).await.map(drop)
}

/// Goes on only when the rule set is held alone. A work that holds it with others is taken back and
/// run again, alone from the start: two that both waited to be alone would wait for each other.
///
/// # Errors
/// Asks for another run; 503 when the database does not answer.
pub async fn insist_on_rules_alone(work: &mut Work) -> Result<(), Problem> {
    let is_shared = matches!(work.rule_set, Some((Hold::Shared, _)));
    if is_shared && work.scope().is_postgres() {
        work.must_be_alone.store(true, Ordering::Relaxed);
        let problem = Problem::unavailable("the rule set must be held alone");
        return Err(Problem { again: true, ..problem });
    }
    hold_rules_alone(work).await
}

pub(super) async fn hold(work: &mut Work, wanted: Hold) -> Result<rule_set::RuleSet, Problem> {
    let alone = work.must_be_alone.load(Ordering::Relaxed);
    let wanted = if alone { Hold::Alone } else { wanted };
    if let Some((held, set)) = &work.rule_set
        && (*held == Hold::Alone || *held == wanted)
    {
        return Ok(set.clone());
    }
    let set = rule_set::hold(&mut work.scope(), wanted).await?;
    work.rule_set = Some((wanted, set.clone()));
    Ok(set)
}
