//! Verbs on roles that an organization makes for itself: create, change, delete.
//!
//! That the author holds what she puts in is asked at the edge, from memory. Each verb holds the
//! rule set alone, since rules name roles, and everything of the organization is read anew after.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::access::{self, own};
use super::condition::Condition;
use super::fields::{Fields, read};
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::access::custom::{self, Draft, Named, Wrong, key_of};
use crate::domain::event::Happened;
use crate::domain::id::RoleId;
use crate::store;
use crate::store::StoreError;
use crate::store::role::{ROLES_MAX, Role};

/// A role to be made: without a key its label becomes one.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// `custom-...`
    pub key: Option<String>,
    /// Its name for people.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it holds.
    pub draft: Draft,
}

impl New {
    /// What it will be called.
    #[must_use]
    pub fn named(&self) -> Named {
        Named {
            key: self.key.clone().unwrap_or_else(|| key_of(&self.label)),
            label: self.label.clone(),
            description: self.description.clone(),
        }
    }
}

/// Makes a role.
///
/// # Errors
/// 422 for fields that do not fit; 409 for a key that is taken, or when there are as many roles as
/// there may be.
pub async fn create(work: &mut Work, new: &New) -> Result<Role, Problem> {
    access::hold_rules_alone(work).await?;
    if store::role::count(&mut work.scope()).await? >= ROLES_MAX {
        let detail = format!("An organization makes at most {ROLES_MAX} roles.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let named = new.named();
    check(work, &named, &new.draft).await?;
    let definition = serde_json::to_string(&new.draft).map_err(Problem::internal)?;
    let Named { key, label, description } = named;
    let (id, at) = (work.id(), work.at);
    let role = Role {
        id,
        key,
        label,
        description,
        definition,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    store::role::insert(&mut work.scope(), &role).await.map_err(taken)?;
    let created = Happened::to("role.created", "role", id).named(&role.label);
    work.record(created.with("key", role.key.clone()));
    access::roles_changed(work, false).await?;
    Ok(role)
}

fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Unique(_) => {
            Problem::new(Code::Conflict, "A role of the organization has this key already.")
        }
        other => other.into(),
    }
}

/// What a role is after a JSON Merge Patch (RFC 7396) of it; the key stays.
///
/// # Errors
/// 422 for fields that do not fit their types.
pub fn patched(kept: &Role, patch: &Map<String, Value>) -> Result<(Named, Draft), Problem> {
    let (mut named, draft) = own(kept);
    let mut patch = patch.clone();
    if patch.shift_remove("key").is_some_and(|key| key != named.key.as_str()) {
        return Err(Problem::invalid("/key", "immutable", "The key of a role stays."));
    }
    let text = |name: &str, value: Value| match value {
        Value::String(text) => Ok(text),
        _ => Err(Problem::invalid(&format!("/{name}"), "type", "This is a text.")),
    };
    if let Some(label) = patch.shift_remove("label") {
        named.label = text("label", label)?;
    }
    match patch.shift_remove("description") {
        None => {}
        Some(Value::Null) => named.description = None,
        Some(value) => named.description = Some(text("description", value)?),
    }
    let mut value = serde_json::to_value(&draft).map_err(Problem::internal)?;
    if let Some(fields) = value.as_object_mut() {
        for (name, value) in patch {
            if value.is_null() {
                fields.shift_remove(&name);
            } else {
                fields.insert(name, value);
            }
        }
    }
    Ok((named, read(value)?))
}

/// Changes a role by a merge patch. Whoever holds it has what it holds now at once.
///
/// # Errors
/// 404, 412 when it changed meanwhile, 422 for fields that do not fit; 409 `in-use` when what it is
/// given on changes while it is given; 409 `last-holder`.
pub async fn change(
    work: &mut Work,
    id: RoleId,
    condition: &Condition,
    patch: &Map<String, Value>,
) -> Result<Role, Problem> {
    access::hold_rules_alone(work).await?;
    let found = by_id(work, id).await?;
    condition.meet(found.version)?;
    let (named, draft) = patched(&found, patch)?;
    let (before_named, before) = own(&found);
    let attributes = differences((&before_named, &before), (&named, &draft))?;
    if attributes.is_empty() {
        return Ok(found);
    }
    check(work, &named, &draft).await?;
    let spread =
        |draft: &Draft| (draft.scope.clone(), draft.resource_kinds.clone(), draft.resources_min);
    if spread(&before) != spread(&draft) {
        refuse_in_use(work, &found, "what it is given on stays while").await?;
    }
    let changed = Role {
        label: named.label,
        description: named.description,
        definition: serde_json::to_string(&draft).map_err(Problem::internal)?,
        updated_at: work.at,
        ..found
    };
    if !store::role::update(&mut work.scope(), &changed).await? {
        return Err(Problem::stale());
    }
    let updated = Happened::to("role.updated", "role", id).named(&changed.label);
    work.record(updated.with("attributes", attributes));
    access::roles_changed(work, before.permissions != draft.permissions).await?;
    Ok(Role { version: changed.version + 1, ..changed })
}

/// Deletes a role.
///
/// # Errors
/// 404, 412 when it changed meanwhile, 409 `in-use` while somebody holds it or a rule, a ceiling or
/// another role names it.
pub async fn delete(work: &mut Work, id: RoleId, condition: &Condition) -> Result<(), Problem> {
    access::hold_rules_alone(work).await?;
    let found = by_id(work, id).await?;
    condition.meet(found.version)?;
    refuse_in_use(work, &found, "it stays while").await?;
    store::role::delete(&mut work.scope(), id).await?;
    let removed = Happened::to("role.removed", "role", id).named(&found.label);
    work.record(removed.with("key", found.key));
    access::roles_changed(work, false).await
}

async fn by_id(work: &mut Work, id: RoleId) -> Result<Role, Problem> {
    store::role::by_id(&mut work.scope(), id).await?.ok_or_else(|| Problem::not_found("role"))
}

async fn check(work: &mut Work, named: &Named, draft: &Draft) -> Result<(), Problem> {
    let platform = Arc::clone(&work.platform);
    let roles = access::roles(&mut work.scope(), &platform).await?;
    custom::check(named, draft, &roles).map(drop).map_err(refused)
}

/// What is wrong with a role, as the caller hears it.
#[must_use]
pub fn refused(wrongs: Vec<Wrong>) -> Problem {
    let mut fields = Fields::new();
    for wrong in wrongs {
        fields.wrong(&wrong.pointer, wrong.code, wrong.detail);
    }
    fields.refusal()
}

/// The names of the fields that differ.
fn differences(
    (before_named, before): (&Named, &Draft),
    (after_named, after): (&Named, &Draft),
) -> Result<Vec<String>, Problem> {
    let fields = |draft: &Draft| match serde_json::to_value(draft) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::internal("a draft is an object")),
        Err(error) => Err(Problem::internal(error)),
    };
    let (old, new) = (fields(before)?, fields(after)?);
    let mut names = Vec::new();
    if before_named.label != after_named.label {
        names.push("label".to_owned());
    }
    if before_named.description != after_named.description {
        names.push("description".to_owned());
    }
    let added = new.keys().filter(|name| !old.contains_key(*name));
    let all = old.keys().chain(added);
    names.extend(all.filter(|name| old.get(*name) != new.get(*name)).cloned());
    Ok(names)
}

/// Refuses what would pull a role away from under those who name or hold it.
async fn refuse_in_use(work: &mut Work, role: &Role, what: &str) -> Result<(), Problem> {
    let refuse = |who: String| {
        let detail = format!("The role `{}` is in use: {what} {who}.", role.key);
        Err(Problem::new(Code::InUse, detail))
    };
    let at = work.at;
    if store::holder::is_held(&mut work.scope(), &role.key, at).await? {
        return refuse("somebody holds it".to_owned());
    }
    for rule in store::rule::all(&mut work.scope()).await? {
        if access::draft(&rule)?.role == role.key {
            return refuse(format!("the mapping rule `{}` gives it", rule.name));
        }
    }
    if access::is_ceiling(work, &role.key).await? {
        return refuse("the ceiling of a directory names it".to_owned());
    }
    for other in store::role::all(&mut work.scope()).await? {
        let (named, draft) = own(&other);
        let named_by = draft.assignable_by.is_some_and(|keys| keys.contains(&role.key));
        if other.id != role.id && named_by {
            return refuse(format!("holders of it may give the role `{}`", named.key));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::time::Timestamp;

    fn kept() -> Role {
        let draft = json!({"scope": "either", "permissions": ["a.b"], "assignable_by": ["x"]});
        Role {
            id: RoleId(uuid::Uuid::nil()),
            key: "custom-a".to_owned(),
            label: "A".to_owned(),
            description: Some("d".to_owned()),
            definition: draft.to_string(),
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    fn patch(value: Value) -> Result<(Named, Draft), Problem> {
        patched(&kept(), value.as_object().unwrap())
    }

    #[test]
    fn a_patch_replaces_and_clears_and_leaves_the_key() {
        let sent = json!({"key": "custom-a", "label": "B", "description": null,
            "permissions": ["c.d"], "assignable_by": null});
        let (named, draft) = patch(sent).unwrap();
        assert_eq!((named.label.as_str(), named.description.clone()), ("B", None));
        assert_eq!(draft.permissions, ["c.d"]);
        assert_eq!(draft.assignable_by, None);
        let (old_named, old) = own(&kept());
        let names = differences((&old_named, &old), (&named, &draft)).unwrap();
        assert_eq!(names, ["label", "description", "permissions", "assignable_by"]);
    }

    #[test]
    fn a_patch_that_does_not_fit_is_pointed_to() {
        for (sent, pointer) in [
            (json!({"key": "custom-b"}), "/key"),
            (json!({"label": null}), "/label"),
            (json!({"description": 7}), "/description"),
            (json!({"permissions": "a.b"}), "/permissions"),
            (json!({"keep_one": true}), "/keep_one"),
        ] {
            let problem = patch(sent.clone()).unwrap_err();
            assert_eq!(problem.errors[0].pointer, pointer, "{sent}");
        }
    }
}
