//! Mapping rules, checked once for each version of an organization's rule set.
//!
//! A rule is kept as the JSON of its draft beside a few columns. One that can no longer be checked
//! (its role is gone from the platform) gives nothing and is logged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::domain::access::RoleTable;
use crate::domain::access::ceiling::roles_under;
use crate::domain::access::custom::{self, Named};
use crate::domain::directory::{DIRECTORIES_MAX, Directory};
use crate::domain::id::{DirectoryId, OrganizationId};
use crate::domain::mapping::{self, Ceilings, RuleDraft, RuleSet, Terms};
use crate::domain::platform::Definition;
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;
use crate::store::role::Role;
use crate::store::rule::Rule;
use crate::store::{self, Scope};

/// Organizations whose checked rules are kept in memory.
pub const KEPT_MAX: usize = 1_000;

/// Checked rules, with the roles that their handles name.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    /// The rules.
    pub(super) rules: Arc<RuleSet>,
    /// The roles of the organization.
    pub(super) roles: Arc<RoleTable>,
}

/// Which edits of rules and of roles something was read after.
type Version = (i64, i64);

/// Checked rules by organization, each with the versions of rules and roles that they are.
#[derive(Debug, Default)]
pub struct Rules(Mutex<HashMap<OrganizationId, (Version, Checked)>>);

impl Rules {
    fn kept(&self, organization: OrganizationId, version: Version) -> Option<Checked> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&organization).filter(|(kept, _)| *kept == version).map(|(_, rules)| rules.clone())
    }

    fn keep(&self, organization: OrganizationId, version: Version, rules: Checked) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX && !kept.contains_key(&organization) {
            // Any one will do: it is read again when it is needed.
            let first = kept.keys().next().copied();
            first.map(|first| kept.remove(&first));
        }
        kept.insert(organization, (version, rules));
    }

    /// A commit failed: a version that was read beside it may never have been, and its number will
    /// be another edit's. Everything is read again.
    pub(in crate::flow) fn forget_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The rules of a version that is committed and held: from memory, or read and kept there. On
    /// SQLite "committed" may mean a savepoint of a batch whose commit can still fail.
    ///
    /// # Errors
    /// 503 when they must be read and the database does not answer.
    pub(super) async fn of(
        &self,
        scope: &mut Scope<'_>,
        set: &store::rule_set::RuleSet,
        definition: &Arc<Definition>,
    ) -> Result<Checked, Problem> {
        let organization = scope.organization();
        let version = (set.version, set.roles_version);
        if let Some(rules) = self.kept(organization, version) {
            return Ok(rules);
        }
        let rules = read(scope, definition).await?;
        self.keep(organization, version, rules.clone());
        Ok(rules)
    }
}

/// Reads and checks the rules as this transaction sees them.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn read(
    scope: &mut Scope<'_>,
    definition: &Arc<Definition>,
) -> Result<Checked, Problem> {
    let roles = roles(scope, definition).await?;
    let rules = under(scope, &roles).await?;
    Ok(Checked { rules: Arc::new(rules), roles: Arc::new(roles) })
}

/// The organization's rules, as they are with these roles.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn under(scope: &mut Scope<'_>, roles: &RoleTable) -> Result<RuleSet, Problem> {
    let kept = store::rule::all(scope).await?;
    let checked = kept.iter().filter_map(|rule| checked(rule, roles)).collect();
    let rules = RuleSet::new(checked).map_err(Problem::internal)?;
    Ok(rules.under(ceilings(scope, roles).await?))
}

/// The roles that each directory with a ceiling may give.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn ceilings(scope: &mut Scope<'_>, roles: &RoleTable) -> Result<Ceilings, Problem> {
    let most = i64::try_from(DIRECTORIES_MAX).unwrap_or(i64::MAX);
    let start = (Timestamp(i64::MIN), DirectoryId(uuid::Uuid::nil()));
    let directories = store::directory::page(scope, start, most).await?;
    let ceiling = |directory: Directory| {
        let ceiling = directory.settings.role_ceiling?;
        Some((directory.id, roles_under(roles, &ceiling)))
    };
    Ok(directories.into_iter().filter_map(ceiling).collect())
}

fn checked(rule: &Rule, roles: &RoleTable) -> Option<mapping::Rule> {
    // A rule without a directory stays as it is when the organization gets a second one, so only
    // the directory that it names is a term here.
    let terms = Terms { roles, directories: rule.directory_id.as_slice() };
    let refused = match draft(rule) {
        Ok(draft) => match mapping::check(rule.id, &draft, &terms) {
            Ok(rule) => return Some(rule),
            Err(refusals) => refusals.first().map(|one| format!("{}: {}", one.pointer, one.detail)),
        },
        Err(problem) => problem.cause.map(|cause| cause.to_string()),
    };
    tracing::warn!(
        rule.id = %rule.id,
        reason = refused.unwrap_or_default(),
        "a mapping rule gives nothing, since it can no longer be read"
    );
    None
}

/// The roles of an organization: the platform's and those that it made.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn roles(
    scope: &mut Scope<'_>,
    definition: &Arc<Definition>,
) -> Result<RoleTable, Problem> {
    let kept = store::role::all(scope).await?;
    Ok(custom::table(definition, &kept.iter().map(own).collect::<Vec<_>>()))
}

/// A kept role as it was sent. One whose definition cannot be read holds nothing and is given on
/// nothing.
#[must_use]
pub fn own(kept: &Role) -> (Named, custom::Draft) {
    let named = Named {
        key: kept.key.clone(),
        label: kept.label.clone(),
        description: kept.description.clone(),
    };
    let draft = serde_json::from_str(&kept.definition).unwrap_or_else(|_| {
        tracing::warn!(role.id = %kept.id, "a role holds nothing, since it cannot be read");
        custom::Draft::default()
    });
    (named, draft)
}

/// A kept rule as it was sent: the kept JSON holds `when`, `each`, `role`, `resources` and
/// `exclusive`; the columns tell the rest.
///
/// # Errors
/// 500 when the kept JSON is not a rule's.
pub fn draft(rule: &Rule) -> Result<RuleDraft, Problem> {
    let mut fields: Map<String, Value> =
        serde_json::from_str(&rule.definition).map_err(Problem::internal)?;
    fields.insert("id".to_owned(), Value::from(rule.id.to_string()));
    fields.insert("name".to_owned(), Value::from(rule.name.clone()));
    fields.insert("position".to_owned(), Value::from(rule.position));
    fields.insert("enabled".to_owned(), Value::from(rule.enabled));
    let directory = rule.directory_id.map(|id| id.to_string());
    fields.insert("directory".to_owned(), Value::from(directory));
    serde_json::from_value(Value::Object(fields)).map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::platform::preset;

    #[test]
    fn what_was_kept_beside_a_commit_that_failed_is_no_longer_answered() {
        let (rules, organization) = (Rules::default(), OrganizationId(uuid::Uuid::from_u128(1)));
        let definition = Definition::parse(preset("field-vision").unwrap(), "test").unwrap();
        let checked = Checked {
            rules: Arc::new(RuleSet::new(Vec::new()).unwrap()),
            roles: Arc::new(custom::table(&Arc::new(definition), &[])),
        };
        rules.keep(organization, (2, 1), checked);
        assert!(rules.kept(organization, (2, 1)).is_some());
        assert!(rules.kept(organization, (2, 2)).is_none());
        rules.forget_all();
        assert!(rules.kept(organization, (2, 1)).is_none());
    }
}
