//! One value against one attribute of the tables: type, bounds, canonical spelling (C21).
//!
//! Nothing is repaired here: strangers' spellings are rewritten before, by `quirk`. Values stay
//! verbatim (C27); only names take the spelling of the table (C14).

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use super::dialect::{Notes, Tolerance};
use super::error::{ScimError, excerpt};
use super::schema::{Attribute, Kind, Mutability};
use super::{instant, json};

/// Where a value stands, for details: `emails[1].value`.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    name: &'a str,
    index: Option<usize>,
}

impl<'a> At<'a> {
    pub(super) const fn top(name: &'a str) -> Self {
        Self { parent: None, name, index: None }
    }

    pub(super) const fn sub(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), name, index: None }
    }

    const fn element(self, index: usize) -> Self {
        Self { index: Some(index), ..self }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// Checks a value and hands it back in canonical spelling; `None` if it unassigns (C15).
///
/// # Errors
/// [`ScimError::invalid_value`] that names the attribute (C21, C23, S9).
pub(super) fn accept(
    attribute: &'static Attribute,
    value: Value,
    at: At<'_>,
    notes: &mut Notes,
) -> Result<Option<Value>, ScimError> {
    if !attribute.multi {
        return single(attribute, value, at, notes);
    }
    let values = match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        element => {
            notes.used(Tolerance::BareElement);
            vec![element]
        }
    };
    if values.is_empty() {
        notes.used(Tolerance::EmptyValue);
        return Ok(None);
    }
    let mut elements = Vec::with_capacity(values.len());
    bounded(attribute, values.len(), at)?;
    for (index, value) in values.into_iter().enumerate() {
        elements.extend(single(attribute, value, at.element(index), notes)?);
    }
    let elements = distinct(elements);
    one_primary(attribute, &elements, at)?;
    Ok((!elements.is_empty()).then_some(Value::Array(elements)))
}

/// Refuses a list beyond the cap of its attribute (S9).
pub(super) fn bounded(attribute: &Attribute, count: usize, at: At<'_>) -> Result<(), ScimError> {
    if count <= attribute.elements_max {
        return Ok(());
    }
    Err(ScimError::invalid_value(format!(
        "{at} has {count} elements; at most {} are kept",
        attribute.elements_max
    )))
}

/// Refuses two preferred elements (C23, D14).
pub(super) fn one_primary(
    attribute: &Attribute,
    elements: &[Value],
    at: At<'_>,
) -> Result<(), ScimError> {
    let preferred = elements.iter().filter(|element| is_primary(element)).count();
    if attribute.kind == Kind::Complex && preferred > 1 {
        return Err(ScimError::invalid_value(format!(
            "{at} has {preferred} primary elements; one is the most"
        )));
    }
    Ok(())
}

/// Keeps the first of elements that are exactly alike (D14). Their members stand in table order, so
/// equal elements have equal text.
pub(super) fn distinct(elements: Vec<Value>) -> Vec<Value> {
    if elements.len() < 2 {
        return elements;
    }
    let mut seen = HashSet::with_capacity(elements.len());
    elements.into_iter().filter(|element| seen.insert(element.to_string())).collect()
}

/// Tells whether an element says `primary: true`.
pub(super) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

fn single(
    attribute: &'static Attribute,
    value: Value,
    at: At<'_>,
    notes: &mut Notes,
) -> Result<Option<Value>, ScimError> {
    let fits = match (attribute.kind, &value) {
        (_, Value::Null) => {
            notes.used(Tolerance::EmptyValue);
            return Ok(None);
        }
        (_, Value::Array(elements)) if elements.is_empty() => {
            notes.used(Tolerance::EmptyValue);
            return Ok(None);
        }
        (Kind::Complex, Value::Object(_)) => return complex(attribute, value, at, notes),
        (Kind::String, Value::String(text)) => short(attribute, text, at)?,
        (Kind::Reference, Value::String(text)) => short(attribute, text, at)? && is_reference(text),
        (Kind::Binary, Value::String(text)) => short(attribute, text, at)? && is_base64(text),
        (Kind::DateTime, Value::String(text)) => instant::parse(text).is_some(),
        (Kind::Boolean, Value::Bool(_)) | (Kind::Decimal, Value::Number(_)) => true,
        (Kind::Integer, Value::Number(number)) => {
            // JSON knows `-0` as a double only.
            number.is_i64() || number.is_u64() || number.as_f64() == Some(0.0)
        }
        _ => false,
    };
    if fits { Ok(Some(value)) } else { Err(mismatch(attribute, &value, at)) }
}

fn mismatch(attribute: &Attribute, value: &Value, at: At<'_>) -> ScimError {
    let given = json::type_name(value);
    let wanted = match attribute.kind {
        Kind::String => "a string",
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Decimal => "a number",
        Kind::DateTime => "a dateTime such as 2026-01-31T12:00:00Z",
        Kind::Binary => "base64",
        Kind::Reference => "a URI",
        Kind::Complex => "an object",
    };
    ScimError::invalid_value(format!("{at} takes {wanted}, not {given}"))
}

fn short(attribute: &Attribute, text: &str, at: At<'_>) -> Result<bool, ScimError> {
    let limit = attribute.length_max;
    // A character has one byte at least, so most texts need no counting.
    if text.len() > limit && text.chars().count() > limit {
        return Err(ScimError::invalid_value(format!("{at} is longer than {limit} characters")));
    }
    Ok(true)
}

/// Tells whether a text may be a URI or a relative one: no blanks, controls or brackets (C21).
fn is_reference(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '{' | '}' | '\\' | '^')
    })
}

/// Tells whether a text is written in one of the base64 alphabets; padding is optional (C21, C41).
fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n')
    })
}

fn complex(
    attribute: &'static Attribute,
    value: Value,
    at: At<'_>,
    notes: &mut Notes,
) -> Result<Option<Value>, ScimError> {
    let Value::Object(given) = value else { return Ok(None) };
    let mut held = accept_all(attribute.subs, given, Some(&at), notes)?;
    for sub in attribute.subs.iter().filter(|sub| sub.required) {
        if !held.is_empty() && !held.contains_key(sub.name) {
            return Err(ScimError::invalid_value(format!("{at}.{} is required", sub.name)));
        }
    }
    let mut ordered = Map::new();
    for sub in attribute.subs {
        ordered.extend(held.remove(sub.name).map(|value| (sub.name.to_owned(), value)));
    }
    Ok((!ordered.is_empty()).then_some(Value::Object(ordered)))
}

/// Checks each value of an object against a table; readOnly, hidden and unknown ones are left out.
///
/// # Errors
/// As [`accept`]; [`ScimError::invalid_syntax`] for one name in two letter cases.
pub(super) fn accept_all(
    table: &'static [Attribute],
    given: Map<String, Value>,
    parent: Option<&At<'_>>,
    notes: &mut Notes,
) -> Result<Map<String, Value>, ScimError> {
    let mut held = Map::new();
    let mut seen: Vec<&'static str> = Vec::new();
    for (name, value) in given {
        let Some(attribute) = super::schema::find(table, &name) else {
            let at = parent.map_or_else(|| At::top(&name), |parent| parent.sub(&name));
            notes.dropped(&at.to_string());
            continue;
        };
        if seen.contains(&attribute.name) {
            return Err(twice(&name));
        }
        seen.push(attribute.name);
        let at =
            parent.map_or_else(|| At::top(attribute.name), |parent| parent.sub(attribute.name));
        if attribute.is_read_only() {
            if !value.is_null() {
                notes.used(Tolerance::ReadOnlySent);
            }
            continue;
        }
        let Some(value) = accept(attribute, value, at, notes)? else { continue };
        if attribute.mutability == Mutability::WriteOnly {
            notes.used(Tolerance::AnyPassword);
        } else {
            held.insert(attribute.name.to_owned(), value);
        }
    }
    Ok(held)
}

/// Refuses a name that stands twice in one object, in two letter cases.
pub(super) fn twice(name: &str) -> ScimError {
    ScimError::invalid_syntax(format!("The attribute '{}' stands twice", excerpt(name)))
}
