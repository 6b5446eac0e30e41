use serde_json::json;

use super::*;
use crate::scim::ScimType;
use crate::scim::catalog::{ENTERPRISE_URN, GROUP, GROUP_URN, USER, USER_URN};
use crate::scim::schema::{Attribute, ELEMENTS_MAX, KEY_LENGTH_MAX, LENGTH_MAX, Schema};

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A minimal user with more attributes over it.
fn user(more: Value) -> Map<String, Value> {
    let mut body = map(json!({"schemas": [USER_URN], "userName": "ada"}));
    body.extend(map(more));
    body
}

fn created(body: Map<String, Value>) -> Value {
    let incoming = create(body, &USER, &mut Notes::default()).unwrap();
    Value::Object(incoming.resource.into_map())
}

fn refused(body: Map<String, Value>) -> ScimError {
    create(body, &USER, &mut Notes::default()).unwrap_err()
}

#[test]
fn names_take_the_spelling_of_the_tables_c14() {
    let body = map(json!({
        "SCHEMAS": [USER_URN.to_uppercase()], "USERNAME": "Ada", "Name": {"GIVENNAME": "A"},
        "Emails": [{"VALUE": "a@x", "Primary": true}],
        (ENTERPRISE_URN.to_lowercase()): {"DEPARTMENT": "D"}
    }));
    let wanted = json!({
        "schemas": [USER_URN, ENTERPRISE_URN], "userName": "Ada", "name": {"givenName": "A"},
        "active": true, "emails": [{"value": "a@x", "primary": true}],
        ENTERPRISE_URN: {"department": "D"}
    });
    assert_eq!(created(body), wanted);
}

#[test]
fn one_name_in_two_letter_cases_is_refused_c50() {
    assert_eq!(refused(user(json!({"USERNAME": "b"}))).scim_type, Some(ScimType::InvalidSyntax));
    let extensions = json!({ENTERPRISE_URN: {}, (ENTERPRISE_URN.to_lowercase()): {}});
    assert_eq!(refused(user(extensions)).scim_type, Some(ScimType::InvalidSyntax));
}

#[test]
fn unknown_attributes_are_left_out_and_noted_d11() {
    let mut notes = Notes::default();
    let body = user(json!({"colour": "red", "emails": [{"value": "a@x", "colour": 1}],
        "department": "D", "__proto__": {}}));
    let made = create(body, &USER, &mut notes).unwrap().resource;
    assert!(!made.to_text().contains("colour") && !made.to_text().contains("proto"));
    assert_eq!(notes.dropped_names(), ["colour", "emails[0].colour", "department", "__proto__"]);
}

#[test]
fn what_the_server_owns_is_ignored_c49() {
    let mut notes = Notes::default();
    let body = user(json!({"id": "x", "meta": {"version": "y"}, "groups": [{"value": "g"}],
        ENTERPRISE_URN: {"manager": {"displayName": "Boss"}}}));
    let made = create(body, &USER, &mut notes).unwrap().resource;
    assert_eq!(made.as_map().keys().collect::<Vec<_>>(), ["schemas", "userName", "active"]);
    assert!(notes.has(Tolerance::ReadOnlySent));
}

#[test]
fn a_password_is_accepted_and_never_kept_c37() {
    assert!(created(user(json!({"password": "x"}))).get("password").is_none());
    assert!(refused(user(json!({"password": 5}))).detail.contains("password"));
}

#[test]
fn null_and_empty_mean_unassigned_c15() {
    let body = user(json!({"title": null, "emails": [], "name": {"givenName": null},
        "roles": [{}], ENTERPRISE_URN: null}));
    assert_eq!(created(body), created(user(json!({}))));
}

#[test]
fn a_create_names_its_base_schema_d9() {
    for (schemas, kind) in [
        (json!(null), ScimType::InvalidSyntax),
        (json!([]), ScimType::InvalidSyntax),
        (json!([ENTERPRISE_URN]), ScimType::InvalidSyntax),
        (json!([5]), ScimType::InvalidSyntax),
        (json!([USER_URN, "urn:example:x"]), ScimType::InvalidValue),
        (json!([USER_URN, GROUP_URN]), ScimType::InvalidValue),
    ] {
        assert_eq!(refused(user(json!({"schemas": schemas}))).scim_type, Some(kind));
    }
    assert!(refused(map(json!({"userName": "ada"}))).detail.contains(USER_URN));
}

#[test]
fn a_schema_of_scim_1_1_is_refused_with_the_right_one_named_l25() {
    let error = refused(user(json!({"schemas": ["urn:scim:schemas:core:1.0"]})));
    assert!(error.detail.contains("1.1") && error.detail.contains(USER_URN));
}

#[test]
fn an_extension_need_not_be_listed_l12() {
    let mut notes = Notes::default();
    let made = create(user(json!({ENTERPRISE_URN: {"division": "D"}})), &USER, &mut notes);
    assert_eq!(made.unwrap().resource.as_map()["schemas"], json!([USER_URN, ENTERPRISE_URN]));
    assert!(notes.has(Tolerance::UnlistedExtension));
}

#[test]
fn a_user_name_is_required_and_not_blank_c35() {
    for name in [json!(null), json!(""), json!("  "), json!([])] {
        let error = refused(user(json!({"userName": name})));
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
        assert!(error.detail.contains("userName"));
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_by_name_c21() {
    for (more, at) in [
        (json!({"active": "True"}), "active takes a boolean, not a string"),
        (json!({"active": 1}), "active takes a boolean, not a number"),
        (json!({"title": ["x"]}), "title takes a string, not an array"),
        (json!({"name": "Ada"}), "name takes an object, not a string"),
        (json!({"emails": ["a@x"]}), "emails[0] takes an object, not a string"),
        (json!({"emails": [{}, {"value": 1}]}), "emails[1].value takes a string"),
        (json!({"profileUrl": "not a uri"}), "profileUrl takes a URI"),
        (json!({"x509Certificates": [{"value": "§"}]}), "x509Certificates[0].value takes base64"),
        (json!({ENTERPRISE_URN: "x"}), "takes an object"),
        (json!({ENTERPRISE_URN: {"manager": "m"}}), "manager takes an object"),
    ] {
        let error = refused(user(more));
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
        assert!(error.detail.contains(at), "{}", error.detail);
    }
}

#[test]
fn loose_texts_are_stored_as_sent_c27_c41() {
    let more = json!({"locale": "Klingon", "timezone": "Mars", "phoneNumbers":
        [{"value": " +49 (0) 30 ", "type": "carrier pigeon"}], "addresses":
        [{"country": "United States of America"}], "x509Certificates": [{"value": "abc"}]});
    let made = created(user(more.clone()));
    for (name, value) in map(more) {
        assert_eq!(made[&name], value);
    }
}

#[test]
fn two_primaries_are_refused_and_exact_duplicates_merged_d14() {
    let work = json!({"value": "a@x", "type": "work", "primary": true});
    let home = json!({"value": "b@x", "primary": true});
    assert!(refused(user(json!({"emails": [work, home]}))).detail.contains("2 primary"));
    let merged = created(user(json!({"emails": [work, work]})));
    assert_eq!(merged["emails"], json!([work]));
}

#[test]
fn one_object_for_a_list_is_a_list_of_one_l4() {
    let made = created(user(json!({"emails": {"value": "a@x"}})));
    assert_eq!(made["emails"], json!([{"value": "a@x"}]));
}

#[test]
fn texts_and_lists_are_kept_to_their_limits_s9() {
    let name = |length: usize| user(json!({"userName": "é".repeat(length)}));
    created(name(KEY_LENGTH_MAX));
    assert!(refused(name(KEY_LENGTH_MAX + 1)).detail.contains("512"));
    let title = |length: usize| user(json!({"title": "x".repeat(length)}));
    created(title(LENGTH_MAX));
    assert!(refused(title(LENGTH_MAX + 1)).detail.contains("4096"));
    let roles = |count: usize| {
        let roles: Vec<Value> = (0..count).map(|n| json!({"value": n.to_string()})).collect();
        user(json!({ "roles": roles }))
    };
    created(roles(ELEMENTS_MAX));
    assert!(refused(roles(ELEMENTS_MAX + 1)).detail.contains("1000"));
}

#[test]
fn a_group_body_is_split_from_its_members_c101() {
    let body = map(json!({"schemas": [GROUP_URN], "displayName": "G",
        "members": [{"value": "u1", "display": "x"}]}));
    let incoming = create(body, &GROUP, &mut Notes::default()).unwrap();
    assert!(incoming.resource.as_map().get("members").is_none());
    assert_eq!(incoming.members, Some(vec![Member { value: "u1".into(), kind: None }]));
    let bare = map(json!({"schemas": [GROUP_URN]}));
    assert!(create(bare, &GROUP, &mut Notes::default()).is_err());
}

#[test]
fn a_replace_clears_what_it_omits_but_active_d2() {
    let old = create(user(json!({"title": "t", "active": false})), &USER, &mut Notes::default());
    let old = old.unwrap().resource;
    let new = replace(user(json!({})), &USER, &old, Dialect::Generic, &mut Notes::default());
    let new = new.unwrap().resource;
    assert!(new.active() == Some(false) && new.as_map().get("title").is_none());
}

#[test]
fn a_group_replace_without_members_keeps_them_but_in_strict_l23() {
    let body = map(json!({"schemas": [GROUP_URN], "displayName": "G"}));
    let old = create(body.clone(), &GROUP, &mut Notes::default()).unwrap().resource;
    let put = |dialect| {
        replace(body.clone(), &GROUP, &old, dialect, &mut Notes::default()).unwrap().members
    };
    assert_eq!(put(Dialect::Okta), None);
    assert_eq!(put(Dialect::Strict), Some(Vec::new()));
}

#[test]
fn an_immutable_attribute_is_set_once_c97() {
    static SCHEMA: Schema = Schema {
        id: "urn:example:badge",
        name: "Badge",
        description: "",
        attributes: &[Attribute::string("serial", "").immutable()],
    };
    static BADGE: ResourceType = ResourceType {
        name: "Badge",
        endpoint: "/Badges",
        description: "",
        schema: &SCHEMA,
        extensions: &[],
        common: COMMON,
        finds_unprefixed: false,
    };
    let body = |more: Value| {
        let mut body = map(json!({"schemas": ["urn:example:badge"]}));
        body.extend(map(more));
        body
    };
    let put = |more: Value, old: &Resource| {
        replace(body(more), &BADGE, old, Dialect::Strict, &mut Notes::default())
    };
    let bare = create(body(json!({})), &BADGE, &mut Notes::default()).unwrap().resource;
    let set = put(json!({"serial": "1"}), &bare).unwrap().resource;
    assert_eq!(put(json!({}), &set).unwrap().resource, set);
    assert_eq!(put(json!({"serial": "1"}), &set).unwrap().resource, set);
    let error = put(json!({"serial": "2"}), &set).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::Mutability));
}
