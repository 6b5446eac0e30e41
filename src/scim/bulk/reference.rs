//! References to what other operations make: `bulkId:x` in the place of an id (C137).
//!
//! They stand where ids of resources stand, in `members` and `manager`, and nowhere else: a
//! displayName that looks like one is a displayName (C27). Bodies are visited after the habits of
//! the client were mended, so that there is one spelling of everything.

use serde_json::{Map, Value, json};

use crate::scim::dialect::Dialect;
use crate::scim::filter::parse_within_path;
use crate::scim::path::{Path, Target};
use crate::scim::schema::{Attribute, ResourceType, Schema, find};

/// What stands before the `bulkId`.
const PREFIX: &str = "bulkId:";

/// Sees, and may change, the text of an id.
type Visit<'v> = &'v mut dyn FnMut(&mut String);

/// The `bulkId` that a text refers to.
pub(super) fn name(text: &str) -> Option<&str> {
    text.strip_prefix(PREFIX)
}

/// The attributes whose `value` is the id of a resource.
fn refers(attribute: &Attribute) -> bool {
    matches!(attribute.name, "members" | "manager")
}

/// Visits the ids in the body of a create or a replace, or in a value without path.
pub(super) fn in_body(body: &mut Map<String, Value>, rt: &ResourceType, visit: Visit<'_>) {
    for (name, value) in body.iter_mut() {
        if let Some(schema) = rt.extension(name) {
            in_extension(schema, value, visit);
        } else if let Some(attribute) = rt.attribute(name) {
            in_attribute(attribute, value, visit);
        }
    }
}

fn in_extension(schema: &Schema, value: &mut Value, visit: Visit<'_>) {
    let Value::Object(held) = value else { return };
    for (name, value) in held.iter_mut() {
        if let Some(attribute) = find(schema.attributes, name) {
            in_attribute(attribute, value, visit);
        }
    }
}

fn in_attribute(attribute: &Attribute, value: &mut Value, visit: Visit<'_>) {
    if !refers(attribute) {
        return;
    }
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|one| in_element(one, visit)),
        single => in_element(single, visit),
    }
}

fn in_element(element: &mut Value, visit: Visit<'_>) {
    let Value::Object(held) = element else { return };
    for (name, value) in held.iter_mut() {
        if name.eq_ignore_ascii_case("value")
            && let Value::String(id) = value
        {
            visit(id);
        }
    }
}

/// Visits the ids in a PATCH message: in values, and in the filters of paths.
pub(super) fn in_patch(
    body: &mut Map<String, Value>,
    rt: &ResourceType,
    dialect: Dialect,
    visit: Visit<'_>,
) {
    let Some(operations) = member_mut(body, "Operations") else { return };
    let operations = match operations {
        Value::Array(operations) => operations.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    for operation in operations {
        if let Value::Object(operation) = operation {
            in_operation(operation, rt, dialect, visit);
        }
    }
}

fn in_operation(
    operation: &mut Map<String, Value>,
    rt: &ResourceType,
    dialect: Dialect,
    visit: Visit<'_>,
) {
    let path = member_mut(operation, "path").and_then(|path| path.as_str().map(str::to_owned));
    let path = path.unwrap_or_default();
    if path.trim().is_empty() {
        if let Some(Value::Object(given)) = member_mut(operation, "value") {
            in_body(given, rt, visit);
        }
        return;
    }
    let Ok(found) = Path::parse(&path, rt, dialect) else { return };
    if let Some(value) = member_mut(operation, "value") {
        match &found {
            Path::Extension(schema) => in_extension(schema, value, visit),
            Path::Attribute(Target { attribute, sub: None, .. }) => {
                in_attribute(attribute, value, visit);
            }
            Path::Attribute(Target { attribute, sub: Some(sub), .. }) => {
                if refers(attribute)
                    && sub.name == "value"
                    && let Value::String(id) = value
                {
                    visit(id);
                }
            }
        }
    }
    if let Path::Attribute(Target { attribute, selection: Some(_), .. }) = &found
        && refers(attribute)
        && let Some(changed) = in_filter(&path, dialect, visit)
        && let Some(path) = member_mut(operation, "path")
    {
        *path = Value::String(changed);
    }
}

/// The path with the ids in its brackets visited; `None` when nothing changed.
fn in_filter(path: &str, dialect: Dialect, visit: Visit<'_>) -> Option<String> {
    let (name, inner) = path.split_once('[')?;
    let (mut filter, rest) = parse_within_path(inner, dialect).ok()?;
    let before = filter.clone();
    filter.visit_texts("value", visit);
    (filter != before).then(|| format!("{name}[{filter}]{rest}"))
}

/// Takes out of the body of a create what refers to things that wait to be made; answers the
/// operations of a PATCH that add it afterwards.
pub(super) fn withhold(
    body: &mut Map<String, Value>,
    rt: &ResourceType,
    waits: &dyn Fn(&str) -> bool,
) -> Vec<Value> {
    let mut later = Vec::new();
    for (name, value) in body.iter_mut() {
        if let Some(schema) = rt.extension(name) {
            let Value::Object(held) = value else { continue };
            for (name, value) in held.iter_mut() {
                if let Some(attribute) = find(schema.attributes, name) {
                    let path = format!("{}:{}", schema.id, attribute.name);
                    later.extend(withheld(attribute, value, path, waits));
                }
            }
        } else if let Some(attribute) = rt.attribute(name) {
            later.extend(withheld(attribute, value, attribute.name.to_owned(), waits));
        }
    }
    later
}

fn withheld(
    attribute: &Attribute,
    value: &mut Value,
    path: String,
    waits: &dyn Fn(&str) -> bool,
) -> Option<Value> {
    if !refers(attribute) {
        return None;
    }
    let is_later = |element: &mut Value| {
        let mut found = false;
        in_element(element, &mut |id| found |= name(id).is_some_and(waits));
        found
    };
    let taken = if let Value::Array(elements) = value {
        let taken: Vec<Value> = elements.extract_if(.., is_later).collect();
        (!taken.is_empty()).then_some(Value::Array(taken))?
    } else {
        is_later(value).then(|| std::mem::take(value))?
    };
    Some(json!({ "op": "add", "path": path, "value": taken }))
}

fn member_mut<'a>(object: &'a mut Map<String, Value>, wanted: &str) -> Option<&'a mut Value> {
    object.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::catalog::{ENTERPRISE_URN, GROUP, USER};

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    /// Puts `!` behind each id that is visited.
    fn marked(mut body: Map<String, Value>, rt: &ResourceType, is_patch: bool) -> Value {
        let visit: Visit<'_> = &mut |id| id.push('!');
        if is_patch {
            in_patch(&mut body, rt, Dialect::Generic, visit);
        } else {
            in_body(&mut body, rt, visit);
        }
        Value::Object(body)
    }

    #[test]
    fn ids_stand_in_members_and_manager_alone_c137() {
        let group = object(json!({"displayName": "bulkId:x", "MEMBERS": [{"Value": "a",
            "display": "d"}, "bare", {"value": 5}], "externalId": "bulkId:y"}));
        assert_eq!(
            marked(group, &GROUP, false),
            json!({"displayName": "bulkId:x", "MEMBERS": [{"Value": "a!", "display": "d"},
                "bare", {"value": 5}], "externalId": "bulkId:y"})
        );
        let urn = ENTERPRISE_URN.to_uppercase();
        let user = object(json!({"userName": "u", "emails": [{"value": "e"}],
            urn.clone(): {"manager": {"value": "m", "$ref": "r"}, "department": "d"}}));
        assert_eq!(
            marked(user, &USER, false),
            json!({"userName": "u", "emails": [{"value": "e"}],
                urn: {"manager": {"value": "m!", "$ref": "r"}, "department": "d"}})
        );
    }

    #[test]
    fn ids_stand_in_the_values_and_the_filters_of_a_patch_c137() {
        let manager = format!("{ENTERPRISE_URN}:manager");
        for (rt, before, after) in [
            (
                &GROUP,
                json!({"value": {"members": {"value": "a"}}}),
                json!({"value": {"members": {"value": "a!"}}}),
            ),
            (
                &GROUP,
                json!({"PATH": "members", "value": [{"value": "a"}]}),
                json!({"PATH": "members", "value": [{"value": "a!"}]}),
            ),
            (
                &GROUP,
                json!({"path": r#"members[value eq "a" or display eq "b"]"#}),
                json!({"path": r#"members[value eq "a!" or display eq "b"]"#}),
            ),
            (
                &GROUP,
                json!({"path": r#"members[value ne "a\"" and not (VALUE pr)]"#}),
                json!({"path": r#"members[value ne "a\"!" and not (VALUE pr)]"#}),
            ),
            (
                &GROUP,
                json!({"path": "displayName", "value": "a"}),
                json!({"path": "displayName", "value": "a"}),
            ),
            (
                &GROUP,
                json!({"path": "members[", "value": "a"}),
                json!({"path": "members[", "value": "a"}),
            ),
            (
                &USER,
                json!({"path": manager, "value": {"value": "a"}}),
                json!({"path": manager, "value": {"value": "a!"}}),
            ),
            (
                &USER,
                json!({"path": format!("{manager}.value"), "value": "a"}),
                json!({"path": format!("{manager}.value"), "value": "a!"}),
            ),
            (
                &USER,
                json!({"path": ENTERPRISE_URN, "value": {"manager": {"value": "a"}}}),
                json!({"path": ENTERPRISE_URN, "value": {"manager": {"value": "a!"}}}),
            ),
            (
                &USER,
                json!({"value": {ENTERPRISE_URN: {"manager": {"value": "a"}}}}),
                json!({"value": {ENTERPRISE_URN: {"manager": {"value": "a!"}}}}),
            ),
        ] {
            let many = object(json!({"Operations": [before]}));
            assert_eq!(marked(many, rt, true), json!({"Operations": [after]}));
            let one = object(json!({"operations": before}));
            assert_eq!(marked(one, rt, true), json!({"operations": after}));
        }
    }

    #[test]
    fn what_waits_is_taken_out_and_added_by_a_patch_afterwards_c137() {
        let mut group = object(json!({"members": [{"value": "bulkId:a"}, {"value": "x"},
            {"value": "bulkId:b"}]}));
        let later = withhold(&mut group, &GROUP, &|name| name == "b");
        assert_eq!(
            Value::Object(group),
            json!({"members": [{"value": "bulkId:a"}, {"value": "x"}]})
        );
        let add = json!({"op": "add", "path": "members", "value": [{"value": "bulkId:b"}]});
        assert_eq!(later, [add]);
        let mut user = object(json!({ENTERPRISE_URN: {"manager": {"value": "bulkId:b"}}}));
        assert_eq!(withhold(&mut user, &USER, &|_| false), [Value::Null; 0]);
        let later = withhold(&mut user, &USER, &|_| true);
        assert_eq!(Value::Object(user), json!({ENTERPRISE_URN: {"manager": null}}));
        let path = format!("{ENTERPRISE_URN}:manager");
        assert_eq!(later, [json!({"op": "add", "path": path, "value": {"value": "bulkId:b"}})]);
    }
}
