//! Another platform definition than at the last start: rules are applied again.
//!
//! What roles hold is read from the definition with every question. What rules gave stays in rows,
//! and a role that holds more or less may have come above or below a ceiling.

use std::fmt::Write;

use super::hold::hold;
use super::job;
use crate::domain::actor::Actor;
use crate::domain::change::Change;
use crate::domain::id::OrganizationId;
use crate::domain::platform::Definition;
use crate::domain::secret::{SecretHash, hex};
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::flow::work::Work;
use crate::store::rule_set::{self, Hold, RuleSet};
use crate::store::{self};

/// Organizations that are read at once.
const AT_ONCE: i64 = 100;

/// Compares the platform with that of the last start, and has the rules of every organization
/// applied again when it gives access otherwise; answers for how many. A start that is cut off
/// begins again.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn platform_started(runner: &Runner) -> Result<usize, Problem> {
    let present = print(&runner.platform);
    let known = store::installation::platform(&mut runner.db.conn()).await?;
    if known.as_ref() == Some(&present) {
        return Ok(0);
    }
    let mut applied = 0;
    if known.is_some() {
        let mut after = (Timestamp(i64::MIN), OrganizationId(uuid::Uuid::nil()));
        loop {
            let conn = &mut runner.db.conn();
            let batch = store::organization::page(conn, after, AT_ONCE).await?;
            let Some(last) = batch.last() else { break };
            after = (last.created_at, last.id);
            for organization in batch {
                let done = runner
                    .write(Actor::System, organization.id, |work| {
                        Box::pin(async move { apply_again(work).await })
                    })
                    .await?;
                applied += usize::from(done);
            }
        }
    }
    let nobody = OrganizationId(uuid::Uuid::nil());
    runner
        .write(Actor::System, nobody, move |work| {
            let present = present.clone();
            Box::pin(async move {
                Ok(store::installation::set_platform(&mut work.conn(), present).await?)
            })
        })
        .await?;
    Ok(applied)
}

/// Leaves a job that applies the rules to everybody; false where there are none.
async fn apply_again(work: &mut Work) -> Result<bool, Problem> {
    let set = hold(work, Hold::Alone).await?;
    if store::rule::count(&mut work.scope()).await? == 0 {
        return Ok(false);
    }
    let set = RuleSet { version: set.version + 1, ..set };
    rule_set::save(&mut work.scope(), &set).await?;
    work.rule_set = Some((Hold::Alone, set));
    work.rules_edited = true;
    work.changed(Change::Organization);
    job::enqueue(work).await?;
    Ok(true)
}

/// What a definition says of access, as a text that is equal for equal access.
fn print(platform: &Definition) -> String {
    let mut text = String::new();
    for kind in platform.kinds() {
        // Writing to a String cannot fail.
        let _ = write!(text, "kind {} in {:?};", kind.key, kind.parents);
    }
    for permission in platform.permissions() {
        let _ = write!(text, "permission {};", permission.key);
    }
    for role in platform.roles() {
        let (key, permissions, scope) = (&role.key, &role.permissions, role.scope.key());
        let least = role.resources_min;
        let _ = write!(text, "role {key} {permissions:?} {scope} {:?} {least} ", role.kinds);
        let _ = write!(text, "{:?} {:?};", role.products, role.confined_to);
    }
    hex(&SecretHash::of(text.as_bytes()).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::platform::preset;

    fn of(text: &str) -> String {
        print(&Definition::parse(text, "test").unwrap())
    }

    #[test]
    fn only_what_gives_access_makes_a_platform_another_one() {
        let text = preset("field-vision").unwrap();
        assert_eq!(of(text), of(&text.replace("View users", "See users")));
        let other = text.replacen("permissions = [\"site.view\"]", "permissions = []", 1);
        assert_ne!(other, text);
        assert_ne!(of(text), of(&other));
    }
}
