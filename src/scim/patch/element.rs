//! Elements of lists: when two are the same, and how one joins the others.

use serde_json::Value;

use crate::scim::fold_cow;
use crate::scim::schema::{Attribute, Kind};
use crate::scim::value::is_primary;

/// Adds elements to a list: what is there already changes nothing (C111), the same value under the
/// same label is brought up to date, anything else is appended. A new primary is the only one
/// (C113).
pub(super) fn add(attribute: &Attribute, list: &mut Vec<Value>, elements: Vec<Value>) {
    let mut touched = Vec::new();
    for element in elements {
        if list.iter().any(|held| includes(held, &element)) {
            continue;
        }
        let same = list.iter_mut().enumerate().find(|(_, held)| same(attribute, held, &element));
        match (same, element) {
            (Some((index, Value::Object(held))), Value::Object(element)) => {
                held.extend(element);
                touched.push(index);
            }
            (_, element) => {
                touched.push(list.len());
                list.push(element);
            }
        }
    }
    prefer_touched(list, &touched);
}

/// Turns `primary` off wherever an element that was touched now claims it (C113, C126).
pub(super) fn prefer_touched(list: &mut [Value], touched: &[usize]) {
    let claimed = touched.iter().any(|index| list.get(*index).is_some_and(is_primary));
    if !claimed {
        return;
    }
    for (index, element) in list.iter_mut().enumerate() {
        if is_primary(element)
            && !touched.contains(&index)
            && let Some(primary) = element.get_mut("primary")
        {
            *primary = Value::Bool(false);
        }
    }
}

/// Removes the elements that a client listed instead of filtering (L6): by `value` where one is
/// given, else by everything that is given.
pub(super) fn remove_listed(attribute: &'static Attribute, list: &mut Vec<Value>, gone: &[Value]) {
    let by_value = |held: &Value, wanted: &Value| match attribute.sub("value") {
        Some(sub) => matches!((held.get("value"), wanted), (Some(Value::String(held)),
            Value::String(wanted)) if equal(sub, held, wanted)),
        None => false,
    };
    list.retain(|held| {
        !gone.iter().any(|listed| match listed {
            Value::Object(given) => match member_named(given, "value") {
                Some(value) if !value.is_null() => by_value(held, value),
                _ => !given.is_empty() && includes_in_any_case(attribute, held, given),
            },
            plain if attribute.kind == Kind::Complex => by_value(held, plain),
            plain => held == plain,
        })
    });
}

fn member_named<'a>(object: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn includes_in_any_case(
    attribute: &'static Attribute,
    held: &Value,
    given: &serde_json::Map<String, Value>,
) -> bool {
    given.iter().filter(|(_, value)| !value.is_null()).all(|(name, value)| {
        attribute.sub(name).is_some_and(|sub| held.get(sub.name) == Some(value))
    })
}

/// Tells whether an element already says all that another says.
fn includes(held: &Value, element: &Value) -> bool {
    match (held, element) {
        (Value::Object(held), Value::Object(element)) => {
            element.iter().all(|(name, value)| held.get(name) == Some(value))
        }
        _ => held == element,
    }
}

/// Tells whether two elements have the same value under the same label (C23).
fn same(attribute: &Attribute, held: &Value, element: &Value) -> bool {
    let agree = |name: &str| match (held.get(name), element.get(name)) {
        (Some(Value::String(one)), Some(Value::String(other))) => {
            attribute.sub(name).is_some_and(|sub| equal(sub, one, other))
        }
        (one, other) => one == other,
    };
    held.get("value").is_some() && agree("value") && agree("type")
}

fn equal(attribute: &Attribute, one: &str, other: &str) -> bool {
    if attribute.case_exact { one == other } else { fold_cow(one) == fold_cow(other) }
}
