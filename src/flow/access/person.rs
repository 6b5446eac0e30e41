//! One person came or changed: rules are applied only as far as they read what is new.
//!
//! Most requests of a directory are of this kind, so what no rule reads costs no statement.

use super::changed::{applying, tell_vacancies};
use super::seen::candidates;
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::mapping::Selection;
use crate::domain::user::User;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store::profile::Person;
use crate::store::rule_set::Hold;

/// Applies rules to a user who was made in this transaction. She is in no group and has nothing
/// yet: unless a rule reads something in her attributes, there is nothing more to look at.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn user_came(work: &mut Work, user: &User) -> Result<(), Problem> {
    let (mut applying, rules) = applying(work, Hold::Shared).await?;
    let person = Person {
        id: user.id,
        directory_id: user.directory,
        reached: user.directory.is_some(),
        document: user.document.clone(),
    };
    let outcome = candidates(&rules, &person, (&[], None), &Selection::all())?;
    if outcome.grants.is_empty() && outcome.unresolved.is_empty() {
        return Ok(());
    }
    applying.newcomer(work, user.id, outcome).await
}

/// Applies rules after her directory changed attributes of a user, by the names that
/// [`changed_attributes`](crate::domain::user::changed_attributes) gives. Rules that read none of
/// them cannot come to anything else.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn attributes_changed(
    work: &mut Work,
    directory: DirectoryId,
    user: UserId,
    attributes: &[String],
) -> Result<(), Problem> {
    let (mut applying, rules) = applying(work, Hold::Shared).await?;
    applying.brake = Some(directory);
    let mut selection = Selection::default();
    for name in attributes {
        let bare = name.rsplit(':').next().unwrap_or(name);
        selection.add(rules.touched_by_attribute(bare));
    }
    if selection.is_empty() {
        return Ok(());
    }
    applying.users(work, &[user], &selection).await?;
    tell_vacancies(work, &applying.lost_kept_roles).await
}
