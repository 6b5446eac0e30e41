//! Strangers' habits, rewritten before the engine sees them (section 5.1 of the register).
//!
//! Each rule turns one spelling into another and notes its number; what the rules leave alone, the
//! engine judges. The strict profile allows none of them. Deviations that only the engine can judge
//! are asked of the dialect there: L6, L8, L22, L23, and in filters L2 and L18.

mod entra;
mod okta;
mod scalar;

use serde_json::{Map, Value};

use super::dialect::{Dialect, Notes, Tolerance};
use super::path::{Path, Target};
use super::schema::{Attribute, Kind, ResourceType, find};
use super::validate::is_old_schema;

pub use entra::answers_without_members;
pub use okta::reactivates_on_create;

/// Rewrites the body of a POST or PUT.
pub fn mend_body(
    body: &mut Map<String, Value>,
    rt: &ResourceType,
    dialect: Dialect,
    notes: &mut Notes,
) {
    let mut mender = Mender { rt, dialect, notes };
    mender.lift_core(body);
    mender.drop_foreign_schemas(body);
    mender.attributes(body);
}

/// Rewrites the operations of a PATCH message. What is no operation is left to the engine.
pub fn mend_patch(
    body: &mut Map<String, Value>,
    rt: &ResourceType,
    dialect: Dialect,
    notes: &mut Notes,
) {
    let mut mender = Mender { rt, dialect, notes };
    let operations = body.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("Operations"));
    let Some((_, Value::Array(operations))) = operations else { return };
    let mut mended = Vec::with_capacity(operations.len());
    for operation in operations.drain(..) {
        let mut further = Vec::new();
        mended.push(mender.operation(operation, &mut further));
        mended.append(&mut further);
    }
    *operations = mended;
}

/// One request being rewritten.
struct Mender<'a> {
    rt: &'a ResourceType,
    dialect: Dialect,
    notes: &'a mut Notes,
}

impl Mender<'_> {
    /// Tells whether a rule may be used here, and notes it if so.
    fn may(&mut self, tolerance: Tolerance) -> bool {
        let allowed = self.dialect.allows(tolerance);
        if allowed {
            self.notes.used(tolerance);
        }
        allowed
    }

    /// L14: attributes below the core URN belong at the top.
    fn lift_core(&mut self, body: &mut Map<String, Value>) {
        let Some(name) = body.keys().find(|name| self.rt.is_base(name)).cloned() else { return };
        if !body.get(&name).is_some_and(Value::is_object) || !self.may(Tolerance::NestedCore) {
            return;
        }
        if let Some(Value::Object(core)) = body.shift_remove(&name) {
            for (name, value) in core {
                let there = body.keys().any(|other| other.eq_ignore_ascii_case(&name));
                if !there {
                    body.insert(name, value);
                }
            }
        }
    }

    /// L13: URNs that the type does not know; those of SCIM 1.1 stay, to be refused by name (L25).
    fn drop_foreign_schemas(&mut self, body: &mut Map<String, Value>) {
        let schemas = body.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("schemas"));
        let Some((_, Value::Array(urns))) = schemas else { return };
        let rt = self.rt;
        let foreign = |urn: &Value| {
            urn.as_str().is_some_and(|urn| {
                !rt.is_base(urn) && rt.extension(urn).is_none() && !is_old_schema(urn)
            })
        };
        if urns.iter().any(foreign) && self.may(Tolerance::ForeignSchema) {
            urns.retain(|urn| !foreign(urn));
        }
    }

    /// Rewrites the attributes of a body or of a value without path.
    fn attributes(&mut self, body: &mut Map<String, Value>) {
        for (name, value) in body.iter_mut() {
            if let Some(schema) = self.rt.extension(name) {
                self.extension(schema.attributes, value);
            } else if let Some(attribute) = self.rt.attribute(name) {
                self.attribute(attribute, value);
            }
        }
    }

    fn extension(&mut self, table: &'static [Attribute], value: &mut Value) {
        let Value::Object(held) = value else { return };
        for (name, value) in held.iter_mut() {
            if let Some(attribute) = find(table, name) {
                self.attribute(attribute, value);
            }
        }
    }

    /// Rewrites the value of an attribute as a whole.
    fn attribute(&mut self, attribute: &'static Attribute, value: &mut Value) {
        if attribute.is_read_only() || attribute.name == "schemas" {
            return;
        }
        match attribute.name {
            "manager" => self.mend_manager(value),
            "members" => self.members(value),
            _ => {}
        }
        match value {
            Value::Array(elements) if attribute.multi => {
                for element in elements {
                    self.element(attribute, element);
                }
            }
            _ => self.element(attribute, value),
        }
    }

    /// Rewrites one value of an attribute.
    fn element(&mut self, attribute: &'static Attribute, value: &mut Value) {
        if !attribute.multi {
            self.unwrap_scalar(value);
        }
        self.scalar(attribute, value);
        if attribute.kind != Kind::Complex {
            return;
        }
        if attribute.name == "roles" {
            self.json_role(value);
        }
        if let Value::Object(held) = value {
            for (name, value) in held.iter_mut() {
                if let Some(sub) = attribute.sub(name) {
                    self.element(sub, value);
                }
            }
        }
    }

    /// Rewrites one operation; keys that are paths become operations of their own.
    fn operation(&mut self, operation: Value, further: &mut Vec<Value>) -> Value {
        let Value::Object(mut operation) = operation else { return operation };
        let path = member(&operation, "path").and_then(Value::as_str).unwrap_or_default();
        let path = path.trim().to_owned();
        if path.is_empty() {
            self.without_path(&mut operation, further);
        } else if let Ok(found) = Path::parse(&path, self.rt, self.dialect)
            && let Some(value) = member_mut(&mut operation, "value")
        {
            match found {
                Path::Extension(schema) => self.extension(schema.attributes, value),
                Path::Attribute(Target { sub: Some(sub), .. }) => self.attribute(sub, value),
                Path::Attribute(Target { attribute, selection: Some(_), .. }) => {
                    self.element(attribute, value);
                }
                Path::Attribute(Target { attribute, .. }) => self.attribute(attribute, value),
            }
        }
        Value::Object(operation)
    }

    fn without_path(&mut self, operation: &mut Map<String, Value>, further: &mut Vec<Value>) {
        let op = member(operation, "op").cloned();
        let Some(Value::Object(given)) = member_mut(operation, "value") else { return };
        self.lift_core(given);
        for (path, value) in self.flat_keys(given) {
            let mut single = Map::new();
            single.extend(op.clone().map(|op| ("op".to_owned(), op)));
            single.insert("path".into(), path.into());
            single.insert("value".into(), value);
            further.push(self.operation(Value::Object(single), &mut Vec::new()));
        }
        self.attributes(given);
    }
}

fn member<'a>(object: &'a Map<String, Value>, wanted: &str) -> Option<&'a Value> {
    object.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

fn member_mut<'a>(object: &'a mut Map<String, Value>, wanted: &str) -> Option<&'a mut Value> {
    object.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests;
