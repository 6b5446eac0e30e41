use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{patched_in, stored, two};
use crate::scim::dialect::Dialect;

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
