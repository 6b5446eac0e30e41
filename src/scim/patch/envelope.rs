//! The PatchOp message: its shape, its operations, their paths (C102 to C109).

use serde_json::{Map, Value};

use super::member::{self, is_members};
use super::{Action, Operation, Patch};
use crate::scim::dialect::{Dialect, Notes, Tolerance};
use crate::scim::error::{ScimError, excerpt};
use crate::scim::json;
use crate::scim::path::{Path, Target};
use crate::scim::schema::ResourceType;
use crate::scim::validate::has_members;
use crate::scim::value::twice;

/// Message schema of PATCH.
pub const PATCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Most operations of one message (S9).
pub const OPERATIONS_MAX: usize = 1_000;

/// Reads a PATCH message for the resource with this id.
///
/// # Errors
/// [`ScimError::invalid_syntax`] for the envelope, and per operation what its path, value and
/// target deserve; the detail names the operation, counted from 1.
pub fn parse(
    body: Map<String, Value>,
    rt: &ResourceType,
    id: &str,
    dialect: Dialect,
    notes: &mut Notes,
) -> Result<Patch, ScimError> {
    let operations = envelope(body, notes)?;
    if operations.len() > OPERATIONS_MAX {
        return Err(ScimError::invalid_value(format!(
            "The message has {} operations; at most {OPERATIONS_MAX} are taken",
            operations.len()
        )));
    }
    if operations.is_empty() {
        if !dialect.allows(Tolerance::NoOperations) {
            return Err(ScimError::invalid_syntax("The message has no operations"));
        }
        notes.used(Tolerance::NoOperations);
    }
    let mut reader = Reader { rt, id, dialect, notes, patch: Patch::default() };
    for (position, operation) in operations.into_iter().enumerate() {
        let number = position + 1;
        reader.operation(number, operation).map_err(|e| e.at(&format!("Operation {number}")))?;
    }
    Ok(reader.patch)
}

fn envelope(body: Map<String, Value>, notes: &mut Notes) -> Result<Vec<Value>, ScimError> {
    let (mut schemas, mut operations) = (None, None);
    for (name, value) in body {
        let (slot, spelling) = if name.eq_ignore_ascii_case("schemas") {
            (&mut schemas, "schemas")
        } else if name.eq_ignore_ascii_case("Operations") {
            (&mut operations, "Operations")
        } else {
            continue;
        };
        if name != spelling {
            notes.used(Tolerance::LetterCase);
        }
        if slot.replace(value).is_some() {
            return Err(twice(&name));
        }
    }
    let is_patch = |urn: &Value| urn.as_str().is_some_and(|s| s.eq_ignore_ascii_case(PATCH_URN));
    let named = match &schemas {
        Some(Value::Array(urns)) => urns.iter().any(is_patch),
        Some(single) => is_patch(single),
        None => false,
    };
    if !named {
        return Err(ScimError::invalid_syntax(format!("schemas does not name {PATCH_URN}")));
    }
    match operations {
        Some(Value::Array(operations)) => Ok(operations),
        Some(Value::Object(single)) => {
            notes.used(Tolerance::BareElement);
            Ok(vec![Value::Object(single)])
        }
        Some(_) => Err(ScimError::invalid_syntax("Operations takes an array")),
        None => Err(ScimError::invalid_syntax("Operations is missing")),
    }
}

struct Reader<'a> {
    rt: &'a ResourceType,
    id: &'a str,
    dialect: Dialect,
    notes: &'a mut Notes,
    patch: Patch,
}

/// The members of one operation, by their names.
#[derive(Default)]
struct Raw {
    op: Option<Value>,
    path: Option<Value>,
    value: Option<Value>,
}

impl Reader<'_> {
    fn operation(&mut self, number: usize, operation: Value) -> Result<(), ScimError> {
        let Value::Object(operation) = operation else {
            return Err(ScimError::invalid_syntax("An operation takes an object"));
        };
        let raw = self.raw(operation)?;
        let action = self.action(raw.op)?;
        let path = self.path(raw.path)?;
        let value = match (action, &path) {
            (Action::Remove, None) => {
                return Err(ScimError::no_target("remove needs a path"));
            }
            (Action::Remove, Some(path)) => self.removed(path, raw.value)?,
            (Action::Add | Action::Replace, _) => {
                raw.value.ok_or_else(|| ScimError::invalid_value("add and replace need a value"))?
            }
        };
        if let Some(path) = &path {
            writable(path)?;
        }
        self.push(Operation { number, action, path, value })
    }

    fn raw(&mut self, operation: Map<String, Value>) -> Result<Raw, ScimError> {
        let mut raw = Raw::default();
        for (name, value) in operation {
            let (slot, spelling) = if name.eq_ignore_ascii_case("op") {
                (&mut raw.op, "op")
            } else if name.eq_ignore_ascii_case("path") {
                (&mut raw.path, "path")
            } else if name.eq_ignore_ascii_case("value") {
                (&mut raw.value, "value")
            } else {
                continue;
            };
            if name != spelling {
                self.notes.used(Tolerance::LetterCase);
            }
            if slot.replace(value).is_some() {
                return Err(twice(&name));
            }
        }
        Ok(raw)
    }

    fn action(&mut self, op: Option<Value>) -> Result<Action, ScimError> {
        let Some(Value::String(op)) = op else {
            return Err(ScimError::invalid_syntax("op is missing"));
        };
        let action = match op.to_ascii_lowercase().as_str() {
            "add" => Action::Add,
            "remove" => Action::Remove,
            "replace" => Action::Replace,
            _ => {
                return Err(ScimError::invalid_syntax(format!(
                    "op '{}' is none of add, remove, replace",
                    excerpt(&op)
                )));
            }
        };
        if op.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.notes.used(Tolerance::LetterCase);
        }
        Ok(action)
    }

    fn path(&mut self, path: Option<Value>) -> Result<Option<Path>, ScimError> {
        let text = match path {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(ScimError::invalid_path("path takes a string")),
        };
        if text.trim().is_empty() {
            return Ok(None);
        }
        let path = Path::parse(&text, self.rt, self.dialect)?;
        if let Some(used) = path.notes() {
            self.notes.merge(used);
        }
        Ok(Some(path))
    }

    /// The values that a `remove` lists, where it lists any (L6); `Null` for the whole target.
    fn removed(&mut self, path: &Path, value: Option<Value>) -> Result<Value, ScimError> {
        let value = match value {
            None | Some(Value::Null) => return Ok(Value::Null),
            Some(value) => value,
        };
        if !self.dialect.allows(Tolerance::RemoveValues) {
            return Err(ScimError::invalid_value(
                "remove takes no value: select elements by a filter in the path",
            ));
        }
        match path {
            Path::Attribute(Target { attribute, selection: None, sub: None, .. })
                if attribute.multi =>
            {
                self.notes.used(Tolerance::RemoveValues);
                Ok(match value {
                    Value::Array(values) => Value::Array(values),
                    single => Value::Array(vec![single]),
                })
            }
            // The path already says what goes.
            _ => Ok(Value::Null),
        }
    }

    /// Keeps the operation, without what concerns the members of a group.
    fn push(&mut self, mut operation: Operation) -> Result<(), ScimError> {
        match &operation.path {
            Some(Path::Attribute(target)) if is_members(target, self.rt) => {
                let change = member::read(operation.action, target, operation.value, self.notes)?;
                self.patch.members.extend(change);
                return Ok(());
            }
            Some(_) => {}
            None => {
                let Value::Object(value) = &mut operation.value else {
                    return Err(ScimError::invalid_value(format!(
                        "Without path the value takes an object, not {}",
                        json::type_name(&operation.value)
                    )));
                };
                same_id(value, self.id)?;
                if has_members(self.rt)
                    && let Some(members) = take(value, "members")
                {
                    let change = member::whole(operation.action, members, self.notes)?;
                    self.patch.members.extend(change);
                }
            }
        }
        self.patch.operations.push(operation);
        Ok(())
    }
}

/// Refuses a path to what clients do not write (C117, C127).
fn writable(path: &Path) -> Result<(), ScimError> {
    let Path::Attribute(target) = path else { return Ok(()) };
    let read_only = if target.attribute.is_read_only() {
        Some(target.attribute)
    } else {
        target.sub.filter(|sub| sub.is_read_only())
    };
    match read_only {
        Some(attribute) => Err(ScimError::mutability(format!("{} is read-only", attribute.name))),
        None => Ok(()),
    }
}

/// Tolerates the resource's own id in a value without path, and no other (C127, K12).
fn same_id(value: &Map<String, Value>, id: &str) -> Result<(), ScimError> {
    let given = value.iter().find(|(name, _)| name.eq_ignore_ascii_case("id"));
    match given {
        Some((_, Value::String(given))) if given == id => Ok(()),
        None | Some((_, Value::Null)) => Ok(()),
        Some(_) => Err(ScimError::mutability("id is read-only")),
    }
}

fn take(object: &mut Map<String, Value>, wanted: &str) -> Option<Value> {
    let name = object.keys().find(|name| name.eq_ignore_ascii_case(wanted))?.clone();
    object.shift_remove(&name)
}
