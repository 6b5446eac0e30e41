use serde_json::{Value, json};

use super::tests::message;
use super::*;
use crate::scim::catalog::{GROUP, GROUP_URN};
use crate::scim::dialect::{Dialect, Notes};
use crate::scim::{Member, MemberKind, Resource, ScimError, ScimType};

fn changes(ops: Value, dialect: Dialect) -> Result<(bool, Vec<String>), ScimError> {
    let mut notes = Notes::default();
    let patch = parse(message(&ops), &GROUP, "g-1", dialect, &mut notes)?;
    let (rest, members) = split_members(patch);
    let ids =
        |members: &[Member]| members.iter().map(|m| m.value.clone()).collect::<Vec<_>>().join(",");
    let shown = members.iter().map(|change| match change {
        MemberChange::Add(members) => format!("+{}", ids(members)),
        MemberChange::Remove(gone) => format!("-{}", gone.join(",")),
        MemberChange::RemoveMatching(filter) => {
            let of = |kind, id, display| filter.matches(kind, id, display);
            let (ada, group) = (MemberKind::User, MemberKind::Group);
            format!("?{}{}", of(ada, "u1", Some("Ada")), of(group, "u2", None))
        }
        MemberChange::Clear => "0".into(),
        MemberChange::Replace(members) => format!("={}", ids(members)),
    });
    Ok((rest.is_empty(), shown.collect()))
}

#[test]
fn membership_changes_are_taken_out_as_deltas_in_order_e14_k13() {
    let of = |ops: Value| changes(ops, Dialect::Entra).unwrap().1;
    assert_eq!(
        of(json!([
            {"op": "remove", "path": "members[value eq \"u1\"]"},
            {"op": "add", "path": "members", "value": [{"value": "u2", "display": "b"}]},
            {"op": "Remove", "path": "members[value eq \"a\" or value eq \"b\"]"},
            {"op": "Remove", "path": "members[display sw \"ad\"]"},
            {"op": "replace", "value": {"members": [{"$ref": null, "value": "u3"}]}},
            {"op": "remove", "path": "members"}
        ])),
        ["-u1", "+u2", "-a,b", "?truefalse", "=u3", "0"]
    );
    assert_eq!(of(json!([{"op": "replace", "path": "members", "value": []}])), ["0"]);
    assert_eq!(of(json!([{"op": "add", "value": {"members": {"value": "u1"}}}])), ["+u1"]);
}

#[test]
fn a_remove_with_a_list_never_empties_a_group_c118() {
    let ops = |value: Value| json!([{"op": "Remove", "path": "members", "value": value}]);
    for dialect in [Dialect::Generic, Dialect::Entra, Dialect::Okta] {
        let listed = changes(ops(json!([{"$ref": null, "value": "u1"}])), dialect).unwrap();
        assert_eq!(listed.1, ["-u1"]);
        assert_eq!(changes(ops(json!([])), dialect).unwrap().1, Vec::<String>::new());
        assert_eq!(changes(ops(json!({"value": "u1"})), dialect).unwrap().1, ["-u1"]);
    }
    for value in [json!([]), json!([{"value": "u1"}])] {
        assert_eq!(changes(ops(value), Dialect::Strict).unwrap_err().status, 400);
    }
}

#[test]
fn a_member_is_replaced_and_not_edited_c42() {
    for ops in [
        json!([{"op": "replace", "path": "members[value eq \"u1\"].value", "value": "u2"}]),
        json!([{"op": "replace", "path": "members[value eq \"u1\"].display", "value": "x"}]),
        json!([{"op": "replace", "path": "members.type", "value": "User"}]),
        json!([{"op": "add", "path": "members[value eq \"u1\"]", "value": {"value": "u2"}}]),
    ] {
        let error = changes(ops, Dialect::Generic).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::Mutability));
    }
}

#[test]
fn a_filter_tells_members_by_what_they_are_c71() {
    let ops = json!([{"op": "remove", "path": "members[type eq \"Group\"]"}]);
    assert_eq!(changes(ops, Dialect::Generic).unwrap().1, ["?falsetrue"]);
}

#[test]
fn a_rename_comes_along_with_membership_changes_k12() {
    let ops = json!([{"op": "replace", "value":
        {"id": "g-1", "displayName": "H", "members": [{"value": "u1"}]}}]);
    let mut notes = Notes::default();
    let patch = parse(message(&ops), &GROUP, "g-1", Dialect::Okta, &mut notes).unwrap();
    let (patch, members) = split_members(patch);
    assert_eq!(members.len(), 1);
    let before = json!({"schemas": [GROUP_URN], "displayName": "G"});
    let before = Resource::from_stored(before.as_object().unwrap().clone());
    let after = apply(&patch, &GROUP, &before, Dialect::Okta, &mut notes).unwrap();
    assert_eq!(after.display_name(), Some("H"));
    assert!(after.as_map().get("members").is_none());
}
