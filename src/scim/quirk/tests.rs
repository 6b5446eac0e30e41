use serde_json::json;

use super::*;
use crate::scim::catalog::{ENTERPRISE_URN, GROUP, GROUP_URN, USER, USER_URN};
use crate::scim::patch::{self, MemberChange, PATCH_URN};
use crate::scim::{Resource, ScimError, validate};

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn create_in(
    dialect: Dialect,
    rt: &ResourceType,
    body: Value,
) -> Result<(Value, Notes), ScimError> {
    let (mut body, mut notes) = (map(body), Notes::default());
    mend_body(&mut body, rt, dialect, &mut notes);
    let incoming = validate::create(body, rt, &mut notes)?;
    Ok((Value::Object(incoming.resource.into_map()), notes))
}

/// Both spellings of a user give the same document, the loose one is counted, and strict takes the
/// canonical one alone.
fn same_user(tolerance: Tolerance, loose: Value, canonical: Value) {
    let user = |more: Value| {
        let mut body = json!({"schemas": [USER_URN], "userName": "ada"});
        body.as_object_mut().unwrap().extend(map(more));
        body
    };
    let (plain, notes) = create_in(Dialect::Strict, &USER, user(canonical)).unwrap();
    assert!(!notes.has(tolerance));
    for dialect in [Dialect::Generic, Dialect::Entra, Dialect::Okta] {
        let (mended, notes) = create_in(dialect, &USER, user(loose.clone())).unwrap();
        assert_eq!(mended, plain);
        assert!(notes.has(tolerance), "{tolerance}");
    }
    let strict = create_in(Dialect::Strict, &USER, user(loose));
    assert_ne!(strict.map(|(made, _)| made), Ok(plain));
}

fn patch_in(dialect: Dialect, before: &Value, ops: &Value) -> Result<(Value, Notes), ScimError> {
    let mut notes = Notes::default();
    let mut body = map(json!({"schemas": [PATCH_URN], "Operations": ops}));
    mend_patch(&mut body, &USER, dialect, &mut notes);
    let patch = patch::parse(body, &USER, "u-1", dialect, &mut notes)?;
    let before = Resource::from_stored(map(before.clone()));
    let after = patch::apply(&patch, &USER, &before, dialect, &mut notes)?;
    Ok((Value::Object(after.into_map()), notes))
}

fn before() -> Value {
    json!({"schemas": [USER_URN], "userName": "ada", "active": true})
}

/// As [`same_user`], for the operations of a PATCH.
fn same_patch(tolerance: Tolerance, loose: Value, canonical: Value) {
    let (plain, _) = patch_in(Dialect::Strict, &before(), &canonical).unwrap();
    for dialect in [Dialect::Generic, Dialect::Entra, Dialect::Okta] {
        let (mended, notes) = patch_in(dialect, &before(), &loose).unwrap();
        assert_eq!(mended, plain);
        assert!(notes.has(tolerance), "{tolerance}");
    }
    let strict = patch_in(Dialect::Strict, &before(), &loose);
    assert_ne!(strict.map(|(after, _)| after), Ok(plain));
}

#[test]
fn booleans_may_be_words_l2() {
    same_user(Tolerance::WordBoolean, json!({"active": "False"}), json!({"active": false}));
    same_user(
        Tolerance::WordBoolean,
        json!({"roles": [{"value": "a", "primary": "True"}]}),
        json!({"roles": [{"value": "a", "primary": true}]}),
    );
}

#[test]
fn every_spelling_of_active_means_false_e9() {
    let canonical = json!([{"op": "replace", "path": "active", "value": false}]);
    for value in [json!("False"), json!("false"), json!([false]), json!(["False"])] {
        let (plain, _) = patch_in(Dialect::Strict, &before(), &canonical).unwrap();
        let ops = json!([{"op": "Replace", "path": "active", "value": value}]);
        assert_eq!(patch_in(Dialect::Entra, &before(), &ops).unwrap().0, plain);
        let ops = json!([{"op": "replace", "value": {"active": value}}]);
        assert_eq!(patch_in(Dialect::Entra, &before(), &ops).unwrap().0, plain);
        assert!(patch_in(Dialect::Strict, &before(), &ops).is_err());
    }
    for value in [json!("maybe"), json!(2), json!({}), json!([true, false])] {
        let ops = json!([{"op": "Replace", "path": "active", "value": value}]);
        assert_eq!(patch_in(Dialect::Entra, &before(), &ops).unwrap_err().status, 400);
    }
}

#[test]
fn scalars_may_be_wrapped_l3() {
    same_user(Tolerance::WrappedScalar, json!({"title": ["t"]}), json!({"title": "t"}));
    same_patch(
        Tolerance::WrappedScalar,
        json!([{"op": "add", "path": "name.givenName", "value": ["A"]}]),
        json!([{"op": "add", "path": "name.givenName", "value": "A"}]),
    );
    let two = json!({"schemas": [USER_URN], "userName": ["a", "b"]});
    assert!(create_in(Dialect::Generic, &USER, two).is_err());
}

#[test]
fn members_may_be_bare_ids_l5() {
    for value in [json!("u1"), json!(["u1"]), json!([{"value": "u1"}])] {
        let mut notes = Notes::default();
        let mut body = map(json!({"schemas": [PATCH_URN],
            "Operations": [{"op": "Add", "path": "members", "value": value}]}));
        mend_patch(&mut body, &GROUP, Dialect::Entra, &mut notes);
        let patch = patch::parse(body, &GROUP, "g", Dialect::Entra, &mut notes).unwrap();
        let (_, changes) = patch.split_members();
        assert!(matches!(changes.as_slice(), [MemberChange::Add(m)] if m[0].value == "u1"));
    }
    let group = json!({"schemas": [GROUP_URN], "displayName": "G", "members": ["u1"]});
    assert!(create_in(Dialect::Generic, &GROUP, group.clone()).is_ok());
    assert!(create_in(Dialect::Strict, &GROUP, group).is_err());
}

#[test]
fn flat_keys_land_in_the_nested_attribute_l7_e8() {
    let key = format!("{ENTERPRISE_URN}:employeeNumber");
    same_patch(
        Tolerance::FlatKeys,
        json!([{"op": "replace", "value": {"displayName": "C", "name.givenName": "A",
            "emails[type eq \"work\"].value": "a@x", key: "7", "active": true,
            ENTERPRISE_URN: {"department": "D"}}}]),
        json!([{"op": "replace", "value": {"displayName": "C", "name": {"givenName": "A"},
            "emails": [{"type": "work", "value": "a@x"}],
            ENTERPRISE_URN: {"employeeNumber": "7", "department": "D"}}}]),
    );
    let unknown = json!([{"op": "replace", "value": {"colour.hue": "x", "title": "t"}}]);
    let (after, notes) = patch_in(Dialect::Entra, &before(), &unknown).unwrap();
    assert_eq!(after["title"], "t");
    assert_eq!(notes.dropped_names(), ["colour.hue"]);
}

#[test]
fn a_manager_comes_in_many_shapes_l9_e11() {
    let path = format!("{ENTERPRISE_URN}:manager");
    let canonical = json!([{"op": "add", "path": path, "value": {"value": "m"}}]);
    for value in [json!("m"), json!([{"value": "m"}]), json!(["m"])] {
        let loose = json!([{"op": "Add", "path": path, "value": value}]);
        same_patch(Tolerance::LooseManager, loose, canonical.clone());
    }
    same_user(
        Tolerance::LooseManager,
        json!({ENTERPRISE_URN: {"manager": "m"}}),
        json!({ENTERPRISE_URN: {"manager": {"value": "m"}}}),
    );
    let mut managed = before();
    managed[ENTERPRISE_URN] = json!({"manager": {"value": "m"}});
    let gone = json!([{"op": "Replace", "path": path, "value": ""}]);
    assert_eq!(patch_in(Dialect::Entra, &managed, &gone).unwrap().0, before());
}

#[test]
fn a_role_may_hold_json_text_l10_e17() {
    let text = r#"{"id":"1","value":"admin","displayName":"Admin"}"#;
    same_patch(
        Tolerance::JsonRole,
        json!([{"op": "Add", "path": "roles", "value": [{"value": text}]}]),
        json!([{"op": "add", "path": "roles", "value": [{"value": "admin", "display": "Admin"}]}]),
    );
    let plain = json!({"schemas": [USER_URN], "userName": "ada", "roles": [{"value": "{x"}]});
    let (made, _) = create_in(Dialect::Entra, &USER, plain).unwrap();
    assert_eq!(made["roles"][0]["value"], "{x");
}

#[test]
fn an_empty_text_unassigns_but_not_in_strict_l11() {
    same_user(Tolerance::EmptyValue, json!({"title": "", "name": {"givenName": ""}}), json!({}));
    let ops = json!([{"op": "replace", "path": "title", "value": ""}]);
    let mut titled = before();
    titled["title"] = json!("t");
    assert_eq!(patch_in(Dialect::Okta, &titled, &ops).unwrap().0, before());
    assert_eq!(patch_in(Dialect::Strict, &titled, &ops).unwrap().0["title"], "");
    let required = json!([{"op": "replace", "path": "userName", "value": ""}]);
    assert_eq!(patch_in(Dialect::Okta, &before(), &required).unwrap_err().status, 400);
}

#[test]
fn foreign_schemas_are_ignored_but_not_in_strict_l13_e12() {
    let foreign = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
    let group = json!({"schemas": [GROUP_URN, foreign], "displayName": "G"});
    let (made, notes) = create_in(Dialect::Entra, &GROUP, group.clone()).unwrap();
    assert_eq!(made["schemas"], json!([GROUP_URN]));
    assert!(notes.has(Tolerance::ForeignSchema));
    assert!(create_in(Dialect::Strict, &GROUP, group).is_err());
    let old = json!({"schemas": [GROUP_URN, "urn:scim:schemas:core:1.0"], "displayName": "G"});
    assert!(create_in(Dialect::Entra, &GROUP, old).unwrap_err().detail.contains("1.1"));
}

#[test]
fn core_attributes_below_the_core_urn_are_lifted_l14() {
    let body = json!({"schemas": [USER_URN], USER_URN: {"userName": "ada", "title": "t"}});
    let (made, notes) = create_in(Dialect::Generic, &USER, body.clone()).unwrap();
    assert_eq!((&made["userName"], &made["title"]), (&json!("ada"), &json!("t")));
    assert!(notes.has(Tolerance::NestedCore));
    assert!(create_in(Dialect::Strict, &USER, body).is_err());
}

#[test]
fn the_create_of_entra_is_taken_as_it_comes_e4() {
    let body = json!({"schemas": [USER_URN, ENTERPRISE_URN], "externalId": "g", "userName": "a@x",
        "active": "True", "displayName": "A B", "department": null, "manager": null,
        "emails": [{"primary": true, "type": "work", "value": "a@x"}],
        "meta": {"resourceType": "User"}, "name": {"formatted": "A B", "familyName": "B"},
        "roles": [], "title": null, "phoneNumbers": null,
        ENTERPRISE_URN: {"department": "D", "manager": "m"}});
    let (made, _) = create_in(Dialect::Entra, &USER, body).unwrap();
    let wanted = json!({"schemas": [USER_URN, ENTERPRISE_URN], "externalId": "g",
        "userName": "a@x", "name": {"formatted": "A B", "familyName": "B"}, "displayName": "A B",
        "active": true, "emails": [{"value": "a@x", "type": "work", "primary": true}],
        ENTERPRISE_URN: {"department": "D", "manager": {"value": "m"}}});
    assert_eq!(made, wanted);
}

#[test]
fn what_is_regular_is_not_counted() {
    let body = json!({"schemas": [USER_URN], "userName": "ada", "active": true,
        "emails": [{"value": "a@x", "type": "work", "primary": true}]});
    let (_, notes) = create_in(Dialect::Entra, &USER, body).unwrap();
    assert_eq!(notes, Notes::default());
}

#[test]
fn shapeless_messages_are_left_to_the_engine() {
    for ops in [json!([5, "x", null]), json!([{"op": 5, "path": 7}]), json!({"op": "add"})] {
        assert!(patch_in(Dialect::Entra, &before(), &ops).is_err());
    }
}
