use serde_json::{Map, Value, json};

use super::*;
use crate::scim::catalog::{ENTERPRISE_URN, USER, USER_URN};
use crate::scim::dialect::{Dialect, Notes, Tolerance};
use crate::scim::{Resource, ScimError, ScimType};

const ID: &str = "u-1";

pub(super) fn stored(more: Value) -> Resource {
    let mut document = json!({"schemas": [USER_URN], "userName": "ada", "active": true});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Resource::settled(document.as_object().unwrap().clone(), &USER)
}

pub(super) fn message(operations: &Value) -> Map<String, Value> {
    json!({"schemas": [PATCH_URN], "Operations": operations}).as_object().unwrap().clone()
}

pub(super) fn patched_in(
    dialect: Dialect,
    before: &Resource,
    ops: &Value,
) -> Result<Resource, ScimError> {
    let mut notes = Notes::default();
    let patch = parse(message(ops), &USER, ID, dialect, &mut notes)?;
    apply(&patch, &USER, before, dialect, &mut notes)
}

fn patched(before: Value, ops: Value) -> Value {
    let after = patched_in(Dialect::Generic, &stored(before), &ops);
    Value::Object(after.unwrap_or_else(|error| panic!("{error}")).into_map())
}

fn refused(before: Value, ops: Value) -> (Option<ScimType>, String) {
    let error = patched_in(Dialect::Generic, &stored(before), &ops).unwrap_err();
    assert_eq!(error.status, 400);
    (error.scim_type, error.detail)
}

fn unchanged(before: Value, ops: Value) {
    let before = stored(before);
    let after = patched_in(Dialect::Generic, &before, &ops).unwrap();
    assert_eq!((after.to_text(), &after), (before.to_text(), &before));
}

pub(super) fn two() -> Value {
    json!({"emails": [
        {"value": "w@x", "type": "work", "primary": true},
        {"value": "h@x", "type": "home"}
    ]})
}

#[test]
fn the_envelope_is_checked_c102() {
    let parse = |body: Value| {
        let body = body.as_object().unwrap().clone();
        parse(body, &USER, ID, Dialect::Generic, &mut Notes::default()).map(|_| ())
    };
    for body in [
        json!({"Operations": []}),
        json!({"schemas": [USER_URN], "Operations": []}),
        json!({"schemas": [PATCH_URN]}),
        json!({"schemas": [PATCH_URN], "Operations": "x"}),
        json!({"schemas": [PATCH_URN], "Operations": [5]}),
        json!({"schemas": [PATCH_URN], "Operations": [{"path": "title", "value": "x"}]}),
        json!({"schemas": [PATCH_URN], "Operations": [{"op": "move", "path": "title"}]}),
        json!({"schemas": [PATCH_URN], "Operations": [], "operations": []}),
    ] {
        let error = parse(body.clone()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{body}");
    }
    assert_eq!(parse(json!({"schemas": PATCH_URN, "Operations": []})), Ok(()));
}

#[test]
fn a_message_without_operations_changes_nothing_but_is_no_message_in_strict_l22() {
    unchanged(two(), json!([]));
    assert!(patched_in(Dialect::Strict, &stored(two()), &json!([])).is_err());
}

#[test]
fn words_of_the_message_have_any_letter_case_l1() {
    let body = json!({"SCHEMAS": [PATCH_URN.to_lowercase()],
        "operations": [{"OP": "Replace", "Path": "TITLE", "VALUE": "t"}]});
    let mut notes = Notes::default();
    let body = body.as_object().unwrap().clone();
    let patch = parse(body, &USER, ID, Dialect::Strict, &mut notes).unwrap();
    let after = apply(&patch, &USER, &stored(json!({})), Dialect::Strict, &mut notes).unwrap();
    assert_eq!(after.as_map()["title"], "t");
    assert!(notes.has(Tolerance::LetterCase));
}

#[test]
fn a_failure_names_its_operation_and_leaves_no_trace_c104() {
    let before = stored(two());
    let ops = json!([
        {"op": "add", "path": "title", "value": "t"},
        {"op": "remove", "path": "emails"},
        {"op": "replace", "path": "active", "value": "maybe"}
    ]);
    let error = patched_in(Dialect::Generic, &before, &ops).unwrap_err();
    assert!(error.detail.starts_with("Operation 3: active takes a boolean"), "{}", error.detail);
    assert_eq!(before, stored(two()));
}

#[test]
fn add_without_path_merges_c110() {
    let after = patched(
        json!({"name": {"givenName": "A"}, "emails": [{"value": "w@x"}]}),
        json!([{"op": "add", "value": {"NAME": {"familyName": "L"}, "title": "t",
            "emails": [{"value": "h@x"}], "colour": "red", "externalId": "e",
            ENTERPRISE_URN: {"department": "D"}}}]),
    );
    assert_eq!(after["name"], json!({"familyName": "L", "givenName": "A"}));
    assert_eq!(after["emails"], json!([{"value": "w@x"}, {"value": "h@x"}]));
    assert_eq!((&after["title"], &after["externalId"]), (&json!("t"), &json!("e")));
    assert_eq!(after["schemas"], json!([USER_URN, ENTERPRISE_URN]));
    assert!(after.get("colour").is_none());
}

#[test]
fn adding_what_is_there_changes_nothing_c111() {
    for value in [
        json!({"value": "w@x", "type": "work"}),
        json!([{"value": "h@x", "type": "home"}]),
        json!([{"value": "w@x", "type": "work", "primary": true}]),
        json!([]),
        json!(null),
    ] {
        unchanged(two(), json!([{"op": "add", "path": "emails", "value": value}]));
    }
    unchanged(json!({"title": "t"}), json!([{"op": "add", "path": "title", "value": "t"}]));
}

#[test]
fn an_element_with_the_same_value_and_label_is_brought_up_to_date_c111() {
    let after = patched(
        two(),
        json!([
            {"op": "add", "path": "emails", "value":
                {"value": "H@X", "type": "home", "display": "d"}}
        ]),
    );
    assert_eq!(after["emails"][1], json!({"value": "H@X", "display": "d", "type": "home"}));
    assert_eq!(after["emails"].as_array().unwrap().len(), 2);
}

#[test]
fn a_new_primary_turns_the_others_off_c113_c126() {
    let after = patched(
        two(),
        json!([
            {"op": "add", "path": "emails", "value": {"value": "n@x", "primary": true}}
        ]),
    );
    assert_eq!(after["emails"][0]["primary"], false);
    assert_eq!(after["emails"][2], json!({"value": "n@x", "primary": true}));
    let after = patched(
        two(),
        json!([
            {"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}
        ]),
    );
    assert_eq!(after["emails"][0]["primary"], false);
    assert_eq!(after["emails"][1]["primary"], true);
}

#[test]
fn two_elements_cannot_both_become_primary_c23() {
    let all = json!([{"op": "replace", "path": "emails.primary", "value": true}]);
    assert_eq!(refused(two(), all).0, Some(ScimType::InvalidValue));
}

#[test]
fn remove_needs_a_path_and_a_target_that_may_go_c115_c117() {
    assert_eq!(refused(two(), json!([{"op": "remove"}])).0, Some(ScimType::NoTarget));
    for path in ["userName", "id", "meta", "groups", "schemas", "meta.created"] {
        let ops = json!([{"op": "remove", "path": path}]);
        assert_eq!(refused(two(), ops).0, Some(ScimType::Mutability), "{path}");
    }
}

#[test]
fn remove_takes_what_the_path_names_c116() {
    let work = json!([{"op": "remove", "path": "emails[type eq \"work\"]"}]);
    assert_eq!(patched(two(), work)["emails"], json!([{"value": "h@x", "type": "home"}]));
    let all = json!([{"op": "remove", "path": "emails"}, {"op": "remove", "path": "title"}]);
    let after = patched(two(), all);
    assert!(after.get("emails").is_none() && after.get("title").is_none());
    let sub = json!([{"op": "remove", "path": "emails[type eq \"work\"].primary"}]);
    assert_eq!(patched(two(), sub)["emails"][0], json!({"value": "w@x", "type": "work"}));
    let emptied = json!([{"op": "remove", "path": "roles[value eq \"a\"].value"}]);
    assert!(patched(json!({"roles": [{"value": "a"}]}), emptied).get("roles").is_none());
}

#[test]
fn removing_what_is_not_there_changes_nothing_c119() {
    for path in ["title", "emails[type eq \"other\"]", "roles[value eq \"x\"].display", "name"] {
        unchanged(two(), json!([{"op": "remove", "path": path}]));
    }
}

#[test]
fn remove_with_a_list_takes_only_the_listed_ones_l6() {
    let roles = json!({"roles": [{"value": "a"}, {"value": "B"}, {"value": "c", "type": "t"}]});
    let after = patched(
        roles.clone(),
        json!([
            {"op": "remove", "path": "roles", "value": [{"value": "b"}, {"type": "t"}]}
        ]),
    );
    assert_eq!(after["roles"], json!([{"value": "a"}]));
    for value in [json!([]), json!([{"value": "z"}]), json!([{}]), json!("z")] {
        unchanged(roles.clone(), json!([{"op": "remove", "path": "roles", "value": value}]));
        let ops = json!([{"op": "remove", "path": "roles", "value": value}]);
        assert!(patched_in(Dialect::Strict, &stored(roles.clone()), &ops).is_err());
    }
}

#[test]
fn replace_without_path_sets_what_is_given_c121() {
    let mut before = two();
    before["name"] = json!({"givenName": "A"});
    let after = patched(
        before,
        json!([
            {"op": "replace", "value": {"name": {"familyName": "L"}, "emails": [{"value": "n@x"}]}}
        ]),
    );
    assert_eq!(after["name"], json!({"familyName": "L", "givenName": "A"}));
    assert_eq!(after["emails"], json!([{"value": "n@x"}]));
}

#[test]
fn replace_of_a_list_leaves_no_stale_element_c122() {
    let ops = json!([{"op": "replace", "path": "emails", "value": {"value": "n@x"}}]);
    assert_eq!(patched(two(), ops)["emails"], json!([{"value": "n@x"}]));
}

#[test]
fn replace_of_selected_elements_changes_all_of_them_c123_c124() {
    let roles = json!({"roles": [{"value": "a", "type": "t"}, {"value": "b", "type": "t"}]});
    let after = patched(
        roles,
        json!([
            {"op": "replace", "path": "roles[type eq \"t\"]", "value": {"display": "d"}}
        ]),
    );
    assert_eq!(
        after["roles"],
        json!([{"value": "a", "display": "d", "type": "t"},
        {"value": "b", "display": "d", "type": "t"}])
    );
    let after = patched(
        two(),
        json!([
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "n@x"}
        ]),
    );
    assert_eq!(after["emails"][0], json!({"value": "n@x", "type": "work", "primary": true}));
    assert_eq!(after["emails"][1], two()["emails"][1]);
}

#[test]
fn a_value_path_without_match_creates_the_described_element_d3() {
    let ops = |path: &str| json!([{"op": "Replace", "path": path, "value": "x"}]);
    let after = patched(
        json!({}),
        json!([
            {"op": "add", "path": "addresses[type eq \"work\"].locality", "value": "Lyon"},
            {"op": "add", "path": "addresses[type eq \"work\"].country", "value": "FR"},
            {"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "admin"}
        ]),
    );
    let address = json!([{"locality": "Lyon", "country": "FR", "type": "work"}]);
    assert_eq!(after["addresses"], address);
    assert_eq!(after["roles"], json!([{"value": "admin", "primary": true}]));
    let strict =
        patched_in(Dialect::Strict, &stored(json!({})), &ops("emails[type eq \"work\"].value"));
    assert_eq!(strict.unwrap_err().scim_type, Some(ScimType::NoTarget));
    for path in ["emails[type sw \"w\"].value", "emails[not (type eq \"w\")].value"] {
        assert_eq!(refused(json!({}), ops(path)).0, Some(ScimType::NoTarget));
    }
    unchanged(
        json!({}),
        json!([
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": null}
        ]),
    );
}

#[test]
fn read_only_attributes_are_refused_by_path_and_ignored_without_c127() {
    for path in ["id", "meta", "groups", "groups[value eq \"g\"]", "meta.version"] {
        let ops = json!([{"op": "replace", "path": path, "value": "x"}]);
        assert_eq!(refused(two(), ops).0, Some(ScimType::Mutability), "{path}");
    }
    let manager = format!("{ENTERPRISE_URN}:manager.displayName");
    let ops = json!([{"op": "add", "path": manager, "value": "x"}]);
    assert_eq!(refused(two(), ops).0, Some(ScimType::Mutability));
    unchanged(
        two(),
        json!([{"op": "replace", "value": {"id": ID, "meta": {"version": "x"},
        "groups": [{"value": "g"}], "schemas": ["x"]}}]),
    );
    let other = json!([{"op": "replace", "value": {"id": "u-2"}}]);
    assert_eq!(refused(two(), other).0, Some(ScimType::Mutability));
}

#[test]
fn replace_with_nothing_unassigns_c128() {
    for value in [json!(null), json!([])] {
        let ops = json!([{"op": "replace", "path": "emails", "value": value},
            {"op": "replace", "path": "title", "value": value}]);
        let mut before = two();
        before["title"] = json!("t");
        let after = patched(before, ops);
        assert!(after.get("emails").is_none() && after.get("title").is_none());
        let required = json!([{"op": "replace", "path": "userName", "value": value}]);
        assert_eq!(refused(two(), required).0, Some(ScimType::InvalidValue));
    }
    let blank = json!([{"op": "replace", "path": "userName", "value": " "}]);
    assert_eq!(refused(two(), blank).0, Some(ScimType::InvalidValue));
}

#[test]
fn an_extension_comes_and_goes_as_a_whole_c107_c112() {
    let add = json!([{"op": "add", "path": ENTERPRISE_URN, "value": {"department": "D"}}]);
    let after = patched(json!({}), add);
    assert_eq!(after["schemas"], json!([USER_URN, ENTERPRISE_URN]));
    let before = json!({ENTERPRISE_URN: {"department": "D", "division": "V"}});
    let part = json!([{"op": "remove", "path": format!("{ENTERPRISE_URN}:department")}]);
    assert_eq!(patched(before.clone(), part)[ENTERPRISE_URN], json!({"division": "V"}));
    let gone = patched(before, json!([{"op": "remove", "path": ENTERPRISE_URN}]));
    assert_eq!(gone["schemas"], json!([USER_URN]));
}

#[test]
fn a_new_manager_does_not_keep_the_url_of_the_old_one() {
    let before = json!({ENTERPRISE_URN: {"manager": {"value": "m1", "$ref": "/Users/m1"}}});
    let path = format!("{ENTERPRISE_URN}:manager");
    let of = |value: Value| {
        let ops = json!([{"op": "replace", "path": path, "value": value}]);
        patched(before.clone(), ops)[ENTERPRISE_URN]["manager"].clone()
    };
    assert_eq!(of(json!({"value": "m2"})), json!({"value": "m2"}));
    assert_eq!(of(json!({"value": "m1"})), json!({"value": "m1", "$ref": "/Users/m1"}));
    assert_eq!(of(json!({"displayName": "M"})), json!({"value": "m1", "$ref": "/Users/m1"}));
    assert_eq!(of(json!({"value": "m2", "$ref": "/Users/m2"})), {
        json!({"value": "m2", "$ref": "/Users/m2"})
    });
}

#[test]
fn a_password_is_taken_and_forgotten_k7() {
    unchanged(
        two(),
        json!([{"op": "replace", "value": {"password": "x"}},
        {"op": "add", "path": "password", "value": "y"}, {"op": "remove", "path": "password"}]),
    );
}

#[test]
fn a_value_is_missing_or_of_the_wrong_shape_c161() {
    for (ops, said) in [
        (json!([{"op": "add", "path": "title"}]), "need a value"),
        (json!([{"op": "add", "value": "x"}]), "takes an object, not a string"),
        (json!([{"op": "add", "path": ENTERPRISE_URN, "value": "x"}]), "takes an object"),
        (json!([{"op": "add", "path": "emails[type eq \"work\"]", "value": "x"}]), "an object"),
        (json!([{"op": "replace", "path": "name", "value": "x"}]), "name takes an object"),
    ] {
        let (kind, detail) = refused(two(), ops);
        assert_eq!(kind, Some(ScimType::InvalidValue));
        assert!(detail.contains(said), "{detail}");
    }
}
