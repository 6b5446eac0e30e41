//! What a right answer is: status, ids, counts, and values that come back as they were sent.
//!
//! Each check answers what it found, or a sentence about what is wrong. Values of people are in
//! those sentences; they are made up.

use serde_json::{Map, Value};

use crate::outbound::scim_client::Answer;
use crate::scim::list::LIST_URN;

/// What a check finds wrong.
pub(super) type Checked<T> = Result<T, String>;

/// Longest id that is kept, in bytes.
const ID_MAX: usize = 256;

/// A page of a list.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) total: u64,
    pub(super) resources: &'a [Value],
}

/// One of these statuses.
pub(super) fn status(answer: &Answer, wanted: &[u16]) -> Checked<()> {
    if wanted.contains(&answer.status) {
        return Ok(());
    }
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    Err(format!("the status should be {}", wanted.join(" or ")))
}

/// A list: all four numbers, as numbers, and in agreement (C54, C55).
pub(super) fn page(answer: &Answer, start: u64) -> Checked<Page<'_>> {
    status(answer, &[200])?;
    let body = &answer.body;
    covers(body, &serde_json::json!({"schemas": [LIST_URN]}))?;
    let number = |name: &str| {
        body.get(name).and_then(Value::as_u64).ok_or_else(|| format!("{name} is no number"))
    };
    let (total, items) = (number("totalResults")?, number("itemsPerPage")?);
    let resources = body.get("Resources").and_then(Value::as_array).ok_or("no Resources")?;
    if items != resources.len() as u64 {
        return Err(format!("itemsPerPage is {items}, and {} came", resources.len()));
    }
    if number("startIndex")? != start {
        return Err(format!("startIndex is not {start}"));
    }
    if total < items {
        return Err(format!("totalResults is {total}, and {items} came"));
    }
    Ok(Page { total, resources })
}

/// A list of nothing.
pub(super) fn none(answer: &Answer) -> Checked<()> {
    match page(answer, 1)?.total {
        0 => Ok(()),
        total => Err(format!("nothing should be found, and {total} are")),
    }
}

/// A list of one thing or none.
pub(super) fn one_or_none(answer: &Answer) -> Checked<Option<&Value>> {
    let page = page(answer, 1)?;
    match (page.total, page.resources) {
        (0, []) => Ok(None),
        (1, [one]) => Ok(Some(one)),
        (total, _) => Err(format!("at most one should be found, and {total} are")),
    }
}

/// A list of exactly the thing with this id.
pub(super) fn only(answer: &Answer, wanted: &str) -> Checked<()> {
    let found = one_or_none(answer)?.ok_or("one should be found, and none is")?;
    same_id(found, wanted)
}

/// A resource's id.
pub(super) fn id(resource: &Value) -> Checked<Box<str>> {
    let id = resource.get("id").and_then(Value::as_str).ok_or("there is no id")?;
    if id.is_empty() || id.len() > ID_MAX {
        return Err(format!("the id has {} bytes, and 1 to {ID_MAX} are right", id.len()));
    }
    Ok(id.into())
}

/// 201 with what was sent, an id and where to find it (C47).
pub(super) fn created(answer: &Answer, sent: &Value) -> Checked<Box<str>> {
    status(answer, &[201])?;
    let id = id(&answer.body)?;
    covers(&answer.body, sent)?;
    let named = answer.body.pointer("/meta/location").and_then(Value::as_str);
    match (answer.location.as_deref(), named) {
        (Some(location), Some(named)) if location == named => Ok(id),
        (location, named) => {
            Err(format!("Location is {location:?}, and meta.location is {named:?}"))
        }
    }
}

/// 200 with this resource, which holds all of that.
pub(super) fn read(answer: &Answer, wanted: &str, holds: &Value) -> Checked<()> {
    status(answer, &[200])?;
    same_id(&answer.body, wanted)?;
    covers(&answer.body, holds)
}

/// 200 or 204, as both are right after PATCH.
pub(super) fn changed(answer: &Answer) -> Checked<()> {
    status(answer, &[200, 204])
}

/// A refusal in SCIM's form, with this status and type.
pub(super) fn refused(answer: &Answer, wanted: u16, scim_type: Option<&str>) -> Checked<()> {
    status(answer, &[wanted])?;
    let said = |name: &str| answer.body.get(name).and_then(Value::as_str);
    if said("status") != Some(wanted.to_string().as_str()) {
        return Err(format!("the body should hold the status as the text \"{wanted}\""));
    }
    if said("scimType") != scim_type {
        return Err(format!("scimType should be {scim_type:?}"));
    }
    Ok(())
}

/// The attribute is absent.
pub(super) fn lacks(resource: &Value, name: &str) -> Checked<()> {
    match resource.get(name) {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(format!("{name} should not be there")),
    }
}

fn same_id(resource: &Value, wanted: &str) -> Checked<()> {
    let found = id(resource)?;
    if *found == *wanted { Ok(()) } else { Err(format!("the id is {found}, and not {wanted}")) }
}

/// Whether all that is expected is there: members of objects by name, elements of lists in any
/// order. Nulls and empty lists expect nothing (C15).
pub(super) fn covers(actual: &Value, expected: &Value) -> Checked<()> {
    match (actual, expected) {
        (_, Value::Null) => Ok(()),
        (_, Value::Array(expected)) if expected.is_empty() => Ok(()),
        (Value::Object(actual), Value::Object(expected)) => object(actual, expected),
        (Value::Array(actual), Value::Array(expected)) => {
            let missing = |one: &&Value| !actual.iter().any(|other| covers(other, one).is_ok());
            match expected.iter().find(missing) {
                None => Ok(()),
                Some(one) => Err(format!("should have an element {one}")),
            }
        }
        _ if actual == expected => Ok(()),
        _ => Err(format!("is {actual}, and should be {expected}")),
    }
}

fn object(actual: &Map<String, Value>, expected: &Map<String, Value>) -> Checked<()> {
    for (name, expected) in expected {
        let actual = actual.get(name).unwrap_or(&Value::Null);
        covers(actual, expected).map_err(|why| format!("{name} {why}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: Value) -> Answer {
        Answer { status, body, location: Some("http://h/1".to_owned()), took: Duration::ZERO }
    }

    #[test]
    fn what_was_sent_must_come_back_and_more_may() {
        let sent = json!({"a": 1, "b": {"c": "x"}, "d": [{"e": 1}], "f": null, "g": []});
        let actual = json!({"a": 1, "b": {"c": "x", "y": 2}, "d": [{"e": 2}, {"e": 1, "z": 0}]});
        assert_eq!(covers(&actual, &sent), Ok(()));
        for wrong in [
            json!({"a": 1, "b": {"c": "X"}, "d": [{"e": 1}]}),
            json!({"a": "1", "b": {"c": "x"}, "d": [{"e": 1}]}),
            json!({"a": 1, "b": {"c": "x"}, "d": [{"e": 2}]}),
            json!({"a": 1, "d": [{"e": 1}]}),
        ] {
            assert!(covers(&wrong, &sent).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_must_agree_with_itself() {
        let list = |total: Value, items: u64| {
            answer(
                200,
                json!({"schemas": [LIST_URN], "totalResults": total, "startIndex": 1,
                    "itemsPerPage": items, "Resources": [{"id": "u"}]}),
            )
        };
        assert_eq!(page(&list(json!(1), 1), 1).unwrap().total, 1);
        assert_eq!(only(&list(json!(1), 1), "u"), Ok(()));
        assert!(only(&list(json!(1), 1), "v").is_err());
        assert!(page(&list(json!(1), 1), 101).is_err());
        assert!(page(&list(json!("1"), 1), 1).is_err(), "a text is no number");
        assert!(page(&list(json!(1), 2), 1).is_err());
        assert!(page(&list(json!(0), 1), 1).is_err());
        assert!(one_or_none(&list(json!(2), 1)).is_err());
        assert!(none(&list(json!(1), 1)).is_err());
    }

    #[test]
    fn a_create_needs_an_id_and_one_location() {
        let body = json!({"id": "1", "userName": "a", "meta": {"location": "http://h/1"}});
        assert_eq!(*created(&answer(201, body.clone()), &json!({"userName": "a"})).unwrap(), *"1");
        assert!(created(&answer(200, body.clone()), &json!({})).is_err());
        assert!(created(&answer(201, body), &json!({"userName": "b"})).is_err());
        assert!(created(&answer(201, json!({"id": "1"})), &json!({})).is_err());
        let long = json!({"id": "x".repeat(ID_MAX + 1), "meta": {"location": "http://h/1"}});
        assert!(created(&answer(201, long), &json!({})).is_err());
    }

    #[test]
    fn a_refusal_must_be_scims() {
        let body = json!({"status": "409", "scimType": "uniqueness"});
        assert_eq!(refused(&answer(409, body.clone()), 409, Some("uniqueness")), Ok(()));
        assert!(refused(&answer(409, body), 409, None).is_err());
        assert!(refused(&answer(409, json!({"status": 409})), 409, None).is_err());
    }
}
