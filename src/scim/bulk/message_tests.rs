use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scim::ScimType;

fn read(body: Value) -> Result<Bulk, ScimError> {
    let body = body.as_object().unwrap().clone();
    parse(body, Dialect::Generic, &mut Notes::default())
}

fn bulk(operations: Value) -> Value {
    json!({"schemas": [REQUEST_URN], "Operations": operations})
}

/// The one operation, read.
fn single(operation: Value) -> Operation {
    read(bulk(json!([operation]))).unwrap().operations.remove(0)
}

fn refused(operation: Value) -> (u16, Option<ScimType>) {
    let error = single(operation).call.unwrap_err();
    (error.status, error.scim_type)
}

#[test]
fn names_of_the_message_are_read_in_any_letter_case_c14() {
    let body = json!({"SCHEMAS": REQUEST_URN.to_uppercase(), "failonerrors": 3, "operations": [
        {"Method": "post", "BulkID": "a", "PATH": "/Users", "Data": {"userName": "u"}},
        {"method": "DELETE", "path": "/Users/1", "version": "W/\"2\"", "data": 5, "other": 1}]});
    let bulk = read(body).unwrap();
    assert_eq!(bulk.fail_on_errors, Some(3));
    let made = &bulk.operations[0];
    assert_eq!((made.method.as_str(), made.bulk_id.as_deref()), ("POST", Some("a")));
    assert!(made.makes() && matches!(made.call.as_ref().unwrap().verb, Verb::Create(_)));
    let gone = bulk.operations[1].call.as_ref().unwrap();
    assert_eq!(gone.verb, Verb::Remove(Target::Id("1".into())));
    assert_eq!(gone.version.as_deref(), Some("W/\"2\""));
}

#[test]
fn an_unreadable_message_is_refused_whole_c138() {
    let (post, user) = ("POST", json!({"userName": "u"}));
    for body in [
        json!({"Operations": [{}]}),
        json!({"schemas": ["urn:other"], "Operations": [{}]}),
        json!({"schemas": [REQUEST_URN]}),
        bulk(json!(null)),
        bulk(json!([])),
        bulk(json!("x")),
        bulk(json!([5])),
        bulk(json!([{}])),
        bulk(json!([{"method": 5}])),
        bulk(json!([{"method": post, "Method": post}])),
        json!({"schemas": [REQUEST_URN], "operations": [], "Operations": []}),
        bulk(json!([
            {"method": post, "bulkId": "a", "path": "/Users", "data": user},
            {"method": "DELETE", "bulkId": "a", "path": "/Users/1"}])),
    ] {
        let error = read(body.clone()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{body}");
    }
    for count in [json!(0), json!(-1), json!(1.5), json!("1"), json!([])] {
        let body = json!({"schemas": [REQUEST_URN], "failOnErrors": count, "Operations": [{}]});
        assert_eq!(read(body).unwrap_err().scim_type, Some(ScimType::InvalidValue));
    }
}

#[test]
fn what_is_wrong_with_an_operation_is_told_of_it_alone_c142() {
    use ScimType::{InvalidSyntax, InvalidValue};
    let data = json!({"userName": "u"});
    for (operation, status, scim_type) in [
        (json!({"method": "GET", "path": "/Users/1"}), 405, None),
        (json!({"method": "FROB", "path": "/Users/1"}), 400, Some(InvalidSyntax)),
        (json!({"method": "POST", "path": "/Users", "data": data}), 400, Some(InvalidValue)),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": "", "data": data}),
            400,
            Some(InvalidSyntax),
        ),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": 5, "data": data}),
            400,
            Some(InvalidSyntax),
        ),
        (json!({"method": "POST", "path": "/Users", "bulkId": "a"}), 400, Some(InvalidValue)),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": [1]}),
            400,
            Some(InvalidSyntax),
        ),
        (json!({"method": "POST", "path": "/Users/1", "bulkId": "a", "data": data}), 405, None),
        (json!({"method": "PUT", "path": "/Users", "data": data}), 405, None),
        (json!({"method": "DELETE", "path": "/Users"}), 405, None),
        (json!({"method": "DELETE"}), 400, Some(InvalidValue)),
        (json!({"method": "DELETE", "path": ["/Users/1"]}), 400, Some(InvalidSyntax)),
        (json!({"method": "DELETE", "path": "/Users/1", "version": 3}), 400, Some(InvalidValue)),
        (
            json!({"method": "POST", "path": "/Bulk", "bulkId": "a", "data": {}}),
            400,
            Some(InvalidValue),
        ),
        (json!({"method": "PUT", "path": "/Schemas/x", "data": {}}), 400, Some(InvalidValue)),
        (json!({"method": "PATCH", "path": "/Robots/1", "data": {}}), 404, None),
    ] {
        assert_eq!(refused(operation.clone()), (status, scim_type), "{operation}");
    }
}

#[test]
fn references_are_found_after_the_habits_of_the_client_were_mended_c137() {
    let loose = json!({"method": "POST", "bulkId": "a", "path": "/Groups",
        "data": {"displayName": "G", "members": ["bulkId:u", "bulkId:u", "x"]}});
    let call = single(loose).call.unwrap();
    assert_eq!(call.refers.into_iter().collect::<Vec<_>>(), ["u"]);
    let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    let patch = json!({"method": "PATCH", "path": "/Users/bulkId:u",
        "data": {"Operations": [{"op": "Replace", "path": path, "value": "bulkId:m"}]}});
    let call = single(patch).call.unwrap();
    assert_eq!(call.target(), Some(&Target::Made("u".into())));
    assert_eq!(call.refers.into_iter().collect::<Vec<_>>(), ["m"]);
}

#[test]
fn operations_are_counted_to_the_limit_c141() {
    let many = |count: usize| {
        let operation = json!({"method": "DELETE", "path": "/Users/1"});
        read(bulk(Value::Array(vec![operation; count])))
    };
    assert_eq!(many(OPERATIONS_MAX).unwrap().operations.len(), OPERATIONS_MAX);
    let error = many(OPERATIONS_MAX + 1).unwrap_err();
    assert_eq!(error.status, 413);
    assert!(error.detail.contains("maxOperations is 1000"), "{error}");
}

/// Any JSON, with a taste for what a bulk request is made of.
fn anything() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just(REQUEST_URN.to_owned()),
        Just("POST".to_owned()),
        Just("patch".to_owned()),
        Just("/Users/bulkId:a".to_owned()),
        Just("/Groups".to_owned()),
        Just("members[value eq \"bulkId:a\"]".to_owned()),
        Just("bulkId:a".to_owned()),
        Just("add".to_owned()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let name = prop_oneof![
            Just("schemas"),
            Just("Operations"),
            Just("failOnErrors"),
            Just("method"),
            Just("path"),
            Just("bulkId"),
            Just("data"),
            Just("version"),
            Just("members"),
            Just("value"),
            Just("op"),
            Just("x"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..8).prop_map(|pairs| {
                let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(pairs.collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_json_comes_is_read_or_refused_and_planned(
        body in anything(), operations in prop::collection::vec(anything(), 0..6)
    ) {
        for dialect in Dialect::ALL {
            let body = match &body {
                Value::Object(body) => body.clone(),
                _ => bulk(Value::Array(operations.clone())).as_object().unwrap().clone(),
            };
            match parse(body, dialect, &mut Notes::default()) {
                Ok(bulk) => {
                    let units = super::super::plan(&bulk.operations);
                    let planned: usize = units.iter().map(|unit| unit.positions().len()).sum();
                    prop_assert_eq!(planned, bulk.operations.len());
                }
                Err(error) => prop_assert!(error.status == 400 || error.status == 413),
            }
        }
    }
}
