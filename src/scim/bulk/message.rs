//! The BulkRequest message: its shape, its operations, what each of them says (C135, C138).
//!
//! What makes the message unreadable refuses all of it. What is wrong with one operation is kept
//! as the refusal of that one, to be reported in its place.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use crate::scim::dialect::{Dialect, Notes, Tolerance};
use crate::scim::error::{ScimError, excerpt};
use crate::scim::json;
use crate::scim::quirk;
use crate::scim::schema::ResourceType;
use crate::scim::value::twice;

use super::{OPERATIONS_MAX, REQUEST_URN, Target, reference, target};

/// A bulk request.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// After how many errors the rest is left; `None` for never (C139).
    pub fail_on_errors: Option<usize>,
    /// The operations in the order of the request.
    pub operations: Vec<Operation>,
}

/// One operation: what its answer repeats, and what it asks for.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its method, in capitals where it is one.
    pub method: String,
    /// Its own name within the request.
    pub bulk_id: Option<String>,
    /// Its path as sent.
    pub path: Option<String>,
    /// What it asks for, or why that cannot be read.
    pub call: Result<Call, ScimError>,
}

impl Operation {
    /// Whether it is meant to make something, readable or not.
    #[must_use]
    pub fn makes(&self) -> bool {
        self.method == "POST"
    }
}

/// What an operation asks for.
#[derive(Debug, Clone)]
pub struct Call {
    /// The type of the resource.
    pub rt: &'static ResourceType,
    /// What to do, and to which resource.
    pub verb: Verb,
    /// The version that the resource must have, as `If-Match` has it (C140).
    pub version: Option<String>,
    /// The names of operations that the body refers to (C137).
    pub refers: BTreeSet<String>,
}

/// What to do; bodies are mended of the client's habits, and otherwise as sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// POST
    Create(Map<String, Value>),
    /// PUT
    Replace(Target, Map<String, Value>),
    /// PATCH
    Patch(Target, Map<String, Value>),
    /// DELETE
    Remove(Target),
}

impl Call {
    /// The resource that is addressed; `None` for a create.
    #[must_use]
    pub const fn target(&self) -> Option<&Target> {
        match &self.verb {
            Verb::Create(_) => None,
            Verb::Replace(target, _) | Verb::Patch(target, _) | Verb::Remove(target) => {
                Some(target)
            }
        }
    }
}

/// Reads a bulk request.
///
/// # Errors
/// [`ScimError::invalid_syntax`] for the message and for a `bulkId` that stands twice (C138); 413
/// for more than [`OPERATIONS_MAX`] operations (C141). All else is told by operation.
pub fn parse(
    body: Map<String, Value>,
    dialect: Dialect,
    notes: &mut Notes,
) -> Result<Bulk, ScimError> {
    let [schemas, fail_on_errors, operations] =
        fields(body, ["schemas", "failOnErrors", "Operations"], notes)?;
    let is_bulk = |urn: &Value| urn.as_str().is_some_and(|s| s.eq_ignore_ascii_case(REQUEST_URN));
    let named = match &schemas {
        Some(Value::Array(urns)) => urns.iter().any(is_bulk),
        Some(single) => is_bulk(single),
        None => false,
    };
    if !named {
        return Err(ScimError::invalid_syntax(format!("schemas does not name {REQUEST_URN}")));
    }
    let fail_on_errors = errors_max(fail_on_errors)?;
    let operations = match operations {
        Some(Value::Array(operations)) => operations,
        Some(Value::Object(single)) => {
            notes.used(Tolerance::BareElement);
            vec![Value::Object(single)]
        }
        None | Some(Value::Null) => Vec::new(),
        Some(_) => return Err(ScimError::invalid_syntax("Operations takes an array")),
    };
    if operations.is_empty() {
        return Err(ScimError::invalid_syntax("The message has no Operations"));
    }
    if operations.len() > OPERATIONS_MAX {
        let count = operations.len();
        let detail =
            format!("The message has {count} operations; maxOperations is {OPERATIONS_MAX}");
        return Err(ScimError::status(413, detail));
    }
    let mut read = Vec::with_capacity(operations.len());
    for (position, operation) in operations.into_iter().enumerate() {
        let one = one(operation, dialect, notes);
        read.push(one.map_err(|error| error.at(&format!("Operation {}", position + 1)))?);
    }
    distinct(&read)?;
    Ok(Bulk { fail_on_errors, operations: read })
}

/// Takes the named fields out of an object, their names in any letter case; others are ignored.
fn fields<const N: usize>(
    object: Map<String, Value>,
    names: [&str; N],
    notes: &mut Notes,
) -> Result<[Option<Value>; N], ScimError> {
    let mut found = [const { None }; N];
    for (name, value) in object {
        let mut slots = names.iter().zip(&mut found);
        let Some((spelling, slot)) = slots.find(|(known, _)| known.eq_ignore_ascii_case(&name))
        else {
            continue;
        };
        if name != *spelling {
            notes.used(Tolerance::LetterCase);
        }
        if slot.replace(value).is_some() {
            return Err(twice(&name));
        }
    }
    Ok(found)
}

fn errors_max(value: Option<Value>) -> Result<Option<usize>, ScimError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().and_then(|count| usize::try_from(count).ok()) {
            Some(count) if count > 0 => Ok(Some(count)),
            _ => Err(ScimError::invalid_value("failOnErrors takes a number of at least 1")),
        },
    }
}

/// Names are given once (C138).
fn distinct(operations: &[Operation]) -> Result<(), ScimError> {
    let mut seen = HashSet::new();
    for name in operations.iter().filter_map(|operation| operation.bulk_id.as_deref()) {
        if !seen.insert(name) {
            return Err(ScimError::invalid_syntax(format!(
                "The bulkId '{}' stands twice",
                excerpt(name)
            )));
        }
    }
    Ok(())
}

fn one(operation: Value, dialect: Dialect, notes: &mut Notes) -> Result<Operation, ScimError> {
    let Value::Object(operation) = operation else {
        return Err(ScimError::invalid_syntax("An operation takes an object"));
    };
    let names = ["method", "bulkId", "path", "version", "data"];
    let [method, bulk_id, path, version, data] = fields(operation, names, notes)?;
    let Some(Value::String(mut method)) = method else {
        return Err(ScimError::invalid_syntax("method is missing or no string"));
    };
    for known in ["POST", "PUT", "PATCH", "DELETE", "GET"] {
        if method.eq_ignore_ascii_case(known) && method != known {
            notes.used(Tolerance::LetterCase);
            method = known.to_owned();
        }
    }
    let (bulk_id, named) = match bulk_id {
        None | Some(Value::Null) => (None, Ok(())),
        Some(Value::String(name)) if !name.is_empty() => (Some(name), Ok(())),
        Some(_) => (None, Err(ScimError::invalid_syntax("bulkId takes a string, not empty"))),
    };
    let (path, located) = match path {
        Some(Value::String(path)) => (Some(path), Ok(())),
        None | Some(Value::Null) => (None, Err(ScimError::invalid_value("path is missing"))),
        Some(_) => (None, Err(ScimError::invalid_syntax("path takes a string"))),
    };
    let call = known(&method).and(named).and(located).and_then(|()| {
        let path = path.as_deref().unwrap_or_default();
        call((&method, bulk_id.as_deref(), path), (version, data), dialect, notes)
    });
    Ok(Operation { method, bulk_id, path, call })
}

fn known(method: &str) -> Result<(), ScimError> {
    match method {
        "POST" | "PUT" | "PATCH" | "DELETE" => Ok(()),
        "GET" => Err(ScimError::status(405, "GET is no method of a bulk request")),
        other => {
            let detail = format!("method '{}' is none of POST, PUT, PATCH, DELETE", excerpt(other));
            Err(ScimError::invalid_syntax(detail))
        }
    }
}

fn call(
    (method, bulk_id, path): (&str, Option<&str>, &str),
    (version, data): (Option<Value>, Option<Value>),
    dialect: Dialect,
    notes: &mut Notes,
) -> Result<Call, ScimError> {
    let (rt, target) = target::read(path)?;
    let misplaced = || {
        let detail = format!("{method} does not go with the path '{}'", excerpt(path));
        ScimError::status(405, detail)
    };
    let version = match version {
        None | Some(Value::Null) => None,
        Some(Value::String(version)) => Some(version),
        Some(_) => return Err(ScimError::invalid_value("version takes a string")),
    };
    let mut refers = BTreeSet::new();
    let visit: &mut dyn FnMut(&mut String) =
        &mut |id| refers.extend(reference::name(id).map(str::to_owned));
    let verb = match (method, target) {
        ("POST", None) => {
            if bulk_id.is_none() {
                return Err(ScimError::invalid_value("POST needs a bulkId"));
            }
            let mut body = object(data)?;
            quirk::mend_body(&mut body, rt, dialect, notes);
            reference::in_body(&mut body, rt, visit);
            Verb::Create(body)
        }
        ("PUT", Some(target)) => {
            let mut body = object(data)?;
            quirk::mend_body(&mut body, rt, dialect, notes);
            reference::in_body(&mut body, rt, visit);
            Verb::Replace(target, body)
        }
        ("PATCH", Some(target)) => {
            let mut body = object(data)?;
            quirk::mend_patch(&mut body, rt, dialect, notes);
            reference::in_patch(&mut body, rt, dialect, visit);
            Verb::Patch(target, body)
        }
        ("DELETE", Some(target)) => Verb::Remove(target),
        _ => return Err(misplaced()),
    };
    Ok(Call { rt, verb, version, refers })
}

fn object(data: Option<Value>) -> Result<Map<String, Value>, ScimError> {
    match data {
        Some(Value::Object(data)) => Ok(data),
        None | Some(Value::Null) => Err(ScimError::invalid_value("data is missing")),
        Some(other) => {
            let kind = json::type_name(&other);
            Err(ScimError::invalid_syntax(format!("data takes an object, not {kind}")))
        }
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
