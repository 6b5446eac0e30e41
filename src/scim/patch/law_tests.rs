use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{patched_in, stored, two};
use super::{COMPARISONS_MAX, OPERATIONS_MAX};
use crate::scim::dialect::Dialect;
use crate::scim::schema::ELEMENTS_MAX;

fn operation() -> impl Strategy<Value = Value> {
    let path = prop_oneof![
        Just("emails"),
        Just("emails[type eq \"work\"]"),
        Just("emails[type eq \"work\" and primary eq true]"),
        Just("roles"),
    ];
    let element = ("[ab]", prop_oneof![Just("work"), Just("home")], any::<bool>()).prop_map(
        |(value, kind, primary)| json!({"value": value, "type": kind, "primary": primary}),
    );
    let op = prop_oneof![Just("add"), Just("replace"), Just("remove")];
    (op, path, element).prop_map(|(op, path, element)| match op {
        "remove" => json!({"op": op, "path": path}),
        _ => json!({"op": op, "path": path, "value": element}),
    })
}

proptest! {
    #[test]
    fn an_operation_repeated_changes_nothing_more_s19(first in operation(), second in operation()) {
        let before = patched_in(Dialect::Generic, &stored(two()), &json!([first])).unwrap();
        let once = patched_in(Dialect::Generic, &before, &json!([second.clone()])).unwrap();
        let twice = patched_in(Dialect::Generic, &once, &json!([second])).unwrap();
        prop_assert_eq!(twice.to_text(), once.to_text());
    }

    #[test]
    fn what_a_document_holds_can_be_replaced_by_itself_c111(op in operation()) {
        let before = patched_in(Dialect::Generic, &stored(two()), &json!([op])).unwrap();
        for verb in ["add", "replace"] {
            let whole = json!([{"op": verb, "value": before.as_map()}]);
            let after = patched_in(Dialect::Generic, &before, &whole).unwrap();
            prop_assert_eq!(&after, &before);
        }
    }
}

#[test]
fn operations_are_counted_to_the_limit_s9() {
    let many = |count: usize| {
        Value::Array(vec![json!({"op": "replace", "path": "title", "value": "t"}); count])
    };
    assert!(patched_in(Dialect::Strict, &stored(json!({})), &many(OPERATIONS_MAX)).is_ok());
    let error =
        patched_in(Dialect::Strict, &stored(json!({})), &many(OPERATIONS_MAX + 1)).unwrap_err();
    assert!(error.detail.contains("1000"));
}

#[test]
fn the_work_of_a_message_is_bounded_s9() {
    let roles: Vec<Value> = (0..ELEMENTS_MAX).map(|n| json!({"value": n.to_string()})).collect();
    let op = json!({"op": "remove", "path": "roles", "value": vec![json!("x"); ELEMENTS_MAX]});
    let most = COMPARISONS_MAX / (ELEMENTS_MAX * ELEMENTS_MAX);
    let of = |count: usize| {
        let ops = Value::Array(vec![op.clone(); count]);
        patched_in(Dialect::Generic, &stored(json!({"roles": roles})), &ops)
    };
    assert!(of(most).is_ok());
    assert!(of(most + 1).unwrap_err().detail.contains("2000000"));
}

#[test]
fn a_list_cannot_grow_beyond_its_cap_s9() {
    let roles: Vec<Value> = (0..ELEMENTS_MAX).map(|n| json!({"value": n.to_string()})).collect();
    let ops = json!([{"op": "add", "path": "roles", "value": {"value": "one more"}}]);
    let error = patched_in(Dialect::Generic, &stored(json!({"roles": roles})), &ops);
    assert!(error.unwrap_err().detail.contains("1000"));
}
