//! What all rules go by was edited: the rules themselves, or the ceiling of a directory.
//!
//! It is applied to everybody. Past [`WIDE_USERS`] the losses come with the edit, and a durable job
//! applies the gains. A hand that would leave a role without its last holder is refused.

use std::collections::BTreeSet;

use super::apply::{Applying, EVALUATED_AT_ONCE};
use super::changed::{WIDE_USERS, applying, holders};
use super::hold::hold;
use super::job;
use super::live::FIRST;
use super::rules;
use crate::domain::change::Change;
use crate::domain::directory::{DIRECTORIES_MAX, Directory};
use crate::domain::id::{DirectoryId, RuleId, UserId};
use crate::domain::mapping::Selection;
use crate::flow::problem::{Code, Problem};
use crate::flow::work::Work;
use crate::store;
use crate::store::rule_set::{self, Hold};

/// Applies rules after they were edited: the rows of the rules are written before this is called,
/// each with the work's instant as `updated_at`.
///
/// # Errors
/// 409 `last-holder` when the edit would leave a role that must keep a holder without one; 503
/// when the database does not answer.
pub async fn rules_changed(work: &mut Work) -> Result<(), Problem> {
    changed(work, Edited::Rules).await
}

/// Applies rules after the role ceiling of a directory was edited: its row is written before this
/// is called.
///
/// # Errors
/// As for [`rules_changed`].
pub async fn ceiling_changed(work: &mut Work) -> Result<(), Problem> {
    changed(work, Edited::Ceiling).await
}

/// Has what an edit of the organization's own roles means follow: everybody who answers from memory
/// reads it anew, and rules are applied again where a role may have come above or below a ceiling
/// (`moved`). The caller holds the rule set alone, and wrote the rows.
///
/// # Errors
/// As for [`rules_changed`].
pub async fn roles_changed(work: &mut Work, moved: bool) -> Result<(), Problem> {
    rule_set::roles_edited(&mut work.scope()).await?;
    if let Some((_, set)) = &mut work.rule_set {
        set.roles_version += 1;
    }
    work.changed(Change::Organization);
    let ceilings = moved && has_ceilings(work).await?;
    if ceilings { changed(work, Edited::Ceiling).await } else { Ok(()) }
}

async fn has_ceilings(work: &mut Work) -> Result<bool, Problem> {
    Ok(directories(work).await?.iter().any(|one| one.settings.role_ceiling.is_some()))
}

/// Whether the ceiling of a directory names a role.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn is_ceiling(work: &mut Work, role: &str) -> Result<bool, Problem> {
    let names = |one: &Directory| {
        one.settings.role_ceiling.as_ref().is_some_and(|keys| keys.iter().any(|key| key == role))
    };
    Ok(directories(work).await?.iter().any(names))
}

async fn directories(work: &mut Work) -> Result<Vec<Directory>, Problem> {
    let most = i64::try_from(DIRECTORIES_MAX).unwrap_or(i64::MAX);
    let start = (FIRST.0, DirectoryId(FIRST.1.0));
    Ok(store::directory::page(&mut work.scope(), start, most).await?)
}

/// What was edited of what all rules go by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edited {
    Rules,
    Ceiling,
}

async fn changed(work: &mut Work, edited: Edited) -> Result<(), Problem> {
    let mut set = hold(work, Hold::Alone).await?;
    work.rules_edited = true;
    set.version += 1;
    work.changed(Change::Organization);
    let (mut applying, rules) = applying(work, Hold::Alone).await?;
    let most = i64::try_from(WIDE_USERS).unwrap_or(i64::MAX);
    let count = store::profile::count(&mut work.scope(), most + 1).await?;
    if count > most {
        end_rules_gone(work).await?;
        let losers: Vec<UserId> = match edited {
            Edited::Rules => edited_holders(work).await?,
            Edited::Ceiling => {
                holders(work, rules.rules().iter().map(|rule| rule.id.to_string())).await?
            }
        }
        .into_iter()
        .collect();
        applying.users(work, &losers, &Selection::all()).await?;
        rule_set::save(&mut work.scope(), &set).await?;
        work.rule_set = Some((Hold::Alone, set));
        job::enqueue(work).await?;
    } else {
        apply_to_all(work, &mut applying).await?;
        store::outbox::forget(&mut work.scope(), job::JOB, job::KEY).await?;
        let set = rule_set::RuleSet {
            version: set.version,
            applied_version: set.version,
            roles_version: set.roles_version,
            ..rule_set::RuleSet::default()
        };
        rule_set::save(&mut work.scope(), &set).await?;
        work.rule_set = Some((Hold::Alone, set));
    }
    refuse_vacancies(work, &applying.lost_kept_roles).await
}

async fn apply_to_all(work: &mut Work, applying: &mut Applying) -> Result<(), Problem> {
    let limit = i64::try_from(EVALUATED_AT_ONCE).unwrap_or(i64::MAX);
    let mut after = FIRST;
    loop {
        let batch = store::profile::walk(&mut work.scope(), after, limit).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = *last;
        let users: Vec<UserId> = batch.iter().map(|(_, user)| *user).collect();
        applying.users(work, &users, &Selection::all()).await?;
    }
}

/// Ends what rules gave that are gone or switched off, for all their holders at once; the job
/// tells each of them.
async fn end_rules_gone(work: &mut Work) -> Result<(), Problem> {
    let kept = store::rule::all(&mut work.scope()).await?;
    let enabled: BTreeSet<String> =
        kept.iter().filter(|rule| rule.enabled).map(|rule| rule.id.to_string()).collect();
    let at = work.at;
    for rule in store::holder::rules_with_grants(&mut work.scope()).await? {
        if !enabled.contains(&rule) {
            store::grant::end_of_rule(&mut work.scope(), &rule, at).await?;
        }
    }
    Ok(())
}

/// The present holders of grants of the rules that this work edited. Exclusive rules win or lose
/// together, so one of them brings the others.
async fn edited_holders(work: &mut Work) -> Result<BTreeSet<UserId>, Problem> {
    let kept = store::rule::all(&mut work.scope()).await?;
    let at = work.at;
    let exclusive =
        |rule: &store::rule::Rule| rules::draft(rule).is_ok_and(|draft| draft.exclusive.is_some());
    let rivals = kept.iter().any(|rule| rule.updated_at == at && exclusive(rule));
    let edited: Vec<RuleId> = kept
        .iter()
        .filter(|rule| rule.enabled)
        .filter(|rule| rule.updated_at == at || (rivals && exclusive(rule)))
        .map(|rule| rule.id)
        .collect();
    holders(work, edited.into_iter().map(|rule| rule.to_string())).await
}

async fn refuse_vacancies(work: &mut Work, roles: &BTreeSet<String>) -> Result<(), Problem> {
    let at = work.at;
    for role in roles {
        if !store::holder::has_holder(&mut work.scope(), role, at).await? {
            return Err(Problem::new(
                Code::LastHolder,
                format!(
                    "This would leave the role `{role}` without a holder: give it to \
                         somebody else first."
                ),
            ));
        }
    }
    Ok(())
}
