//! Verbs on mapping rules: create, change, delete.
//!
//! Each holds the rule set alone, so that no fact changes meanwhile, and has what the rules give
//! follow.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::access;
use super::condition::Condition;
use super::fields::{Fields, read};
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::directory::DIRECTORIES_MAX;
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, RuleId};
use crate::domain::mapping::{self, RuleDraft, Terms};
use crate::domain::time::Timestamp;
use crate::store;
use crate::store::rule::{RULES_MAX, Rule};

/// Makes a rule; without a position it comes last.
///
/// # Errors
/// 422 for fields that do not fit; 409 when there are as many rules as there may be.
pub async fn create(
    work: &mut Work,
    draft: &RuleDraft,
    position: Option<u32>,
) -> Result<Rule, Problem> {
    access::hold_rules_alone(work).await?;
    if store::rule::count(&mut work.scope()).await? >= RULES_MAX {
        let detail = format!("An organization has at most {RULES_MAX} mapping rules.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let last = store::rule::last_position(&mut work.scope()).await?;
    let next = u32::try_from(last.saturating_add(1)).unwrap_or(u32::MAX);
    let draft = RuleDraft { position: position.unwrap_or(next), ..draft.clone() };
    let id = work.id();
    let rule = checked(work, id, &draft).await?;
    store::rule::insert(&mut work.scope(), &rule).await?;
    work.record(Happened::to("mapping_rule.created", "mapping_rule", id).named(&draft.name));
    access::rules_changed(work).await?;
    Ok(rule)
}

/// Changes a rule by a JSON Merge Patch (RFC 7396) of its draft.
///
/// # Errors
/// 404, 412 when it changed meanwhile, 422 for fields that do not fit.
pub async fn change(
    work: &mut Work,
    id: RuleId,
    condition: &Condition,
    patch: &Map<String, Value>,
) -> Result<Rule, Problem> {
    access::hold_rules_alone(work).await?;
    let found = by_id(work, id).await?;
    condition.meet(found.version)?;
    let before = access::draft(&found)?;
    let after = patched(&before, patch)?;
    let attributes = differences(&before, &after)?;
    if attributes.is_empty() {
        return Ok(found);
    }
    let changed = Rule {
        version: found.version,
        created_at: found.created_at,
        ..checked(work, id, &after).await?
    };
    if !store::rule::update(&mut work.scope(), &changed).await? {
        return Err(Problem::stale());
    }
    work.record(
        Happened::to("mapping_rule.updated", "mapping_rule", id)
            .named(&changed.name)
            .with("attributes", attributes),
    );
    access::rules_changed(work).await?;
    Ok(Rule { version: changed.version + 1, ..changed })
}

/// Deletes a rule; what it gave goes with it.
///
/// # Errors
/// 404, 412 when it changed meanwhile.
pub async fn delete(work: &mut Work, id: RuleId, condition: &Condition) -> Result<(), Problem> {
    access::hold_rules_alone(work).await?;
    let found = by_id(work, id).await?;
    condition.meet(found.version)?;
    store::rule::delete(&mut work.scope(), id).await?;
    work.record(Happened::to("mapping_rule.removed", "mapping_rule", id).named(&found.name));
    access::rules_changed(work).await
}

async fn by_id(work: &mut Work, id: RuleId) -> Result<Rule, Problem> {
    store::rule::by_id(&mut work.scope(), id)
        .await?
        .ok_or_else(|| Problem::not_found("mapping rule"))
}

fn patched(draft: &RuleDraft, patch: &Map<String, Value>) -> Result<RuleDraft, Problem> {
    if patch.contains_key("id") {
        return Err(Problem::invalid("/id", "unknown", "The id of a rule stays."));
    }
    let mut value = serde_json::to_value(draft).map_err(Problem::internal)?;
    merge(&mut value, &Value::Object(patch.clone()));
    read(value)
}

/// Applies a merge patch (RFC 7396): `null` removes, objects are merged, all else replaces. The
/// reader of bodies has bounded their depth.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.shift_remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

fn differences(old: &RuleDraft, new: &RuleDraft) -> Result<Vec<String>, Problem> {
    let fields = |draft| match serde_json::to_value(draft) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::internal("a draft is an object")),
        Err(error) => Err(Problem::internal(error)),
    };
    let (old, new): (Map<String, Value>, Map<String, Value>) = (fields(old)?, fields(new)?);
    let added = new.keys().filter(|name| !old.contains_key(*name));
    let names = old.keys().chain(added).filter(|name| old.get(*name) != new.get(*name));
    Ok(names.cloned().collect())
}

/// Checks a draft against what the organization has, and makes the row to keep.
async fn checked(work: &mut Work, id: RuleId, draft: &RuleDraft) -> Result<Rule, Problem> {
    let most = i64::try_from(DIRECTORIES_MAX).unwrap_or(i64::MAX);
    let start = (Timestamp(i64::MIN), DirectoryId(uuid::Uuid::nil()));
    let directories = store::directory::page(&mut work.scope(), start, most).await?;
    let directories: Vec<DirectoryId> = directories.iter().map(|directory| directory.id).collect();
    let platform = Arc::clone(&work.platform);
    let roles = access::roles(&mut work.scope(), &platform).await?;
    let terms = Terms { roles: &roles, directories: &directories };
    let rule = mapping::check(id, draft, &terms).map_err(|refusals| {
        let mut fields = Fields::new();
        for refusal in refusals {
            fields.wrong(&refusal.pointer, refusal.code, refusal.detail);
        }
        fields.refusal()
    })?;
    let definition = json!({
        "when": draft.when,
        "each": draft.each,
        "role": roles.key(rule.role),
        "resources": draft.resources,
        "exclusive": draft.exclusive,
    });
    Ok(Rule {
        id,
        name: draft.name.clone(),
        position: i64::from(draft.position),
        enabled: draft.enabled,
        directory_id: rule.directory,
        definition: definition.to_string(),
        version: 1,
        created_at: work.at,
        updated_at: work.at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Rule {
        Rule {
            id: RuleId(uuid::Uuid::nil()),
            name: "r".to_owned(),
            position: 3,
            enabled: true,
            directory_id: None,
            definition: json!({"when": "a pr", "role": "x", "resources": null,
                "each": {"attribute": "groups.display", "pattern": "p"}, "exclusive": "product"})
            .to_string(),
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    fn patch(value: Value) -> Result<RuleDraft, Problem> {
        patched(&access::draft(&kept()).unwrap(), value.as_object().unwrap())
    }

    #[test]
    fn a_patch_replaces_merges_and_clears() {
        let changed = patch(json!({"name": "n", "each": {"pattern": "q"}, "exclusive": null}));
        let changed = changed.unwrap();
        assert_eq!(changed.name, "n");
        assert_eq!(changed.position, 3);
        let each = changed.each.clone().unwrap();
        assert_eq!((each.attribute.as_str(), each.pattern.as_str()), ("groups.display", "q"));
        assert_eq!(changed.exclusive, None);
        let names = differences(&access::draft(&kept()).unwrap(), &changed).unwrap();
        assert_eq!(names, ["name", "each", "exclusive"]);
    }

    #[test]
    fn a_patch_with_a_field_that_is_wrong_is_pointed_to() {
        for (sent, pointer) in [
            (json!({"id": "x"}), "/id"),
            (json!({"position": -1}), "/position"),
            (json!({"each": {"pattern": 7}}), "/each/pattern"),
            (json!({"colour": "red"}), "/colour"),
            (json!({"when": null}), ""),
        ] {
            let problem = patch(sent.clone()).unwrap_err();
            assert_eq!(problem.errors[0].pointer, pointer, "{sent}");
        }
    }
}
