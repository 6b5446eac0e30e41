//! Operations applied to a document, in order, to a copy: a failure leaves no trace (C104).

use serde_json::{Map, Value};

use super::remove::{keep_unselected, remove, remove_elements, selected};
use super::{Action, Operation, Patch, element};
use crate::scim::dialect::{Dialect, Notes, Tolerance};
use crate::scim::error::ScimError;
use crate::scim::path::{Path, Target};
use crate::scim::resource::{Resource, order_subs};
use crate::scim::schema::{Attribute, Kind, Mutability, ResourceType, Schema, find};
use crate::scim::validate::required;
use crate::scim::value::{At, accept, bounded, one_primary};

/// Most comparisons of elements in one message (S9).
pub const COMPARISONS_MAX: usize = 2_000_000;

/// Applies a patch to a document.
///
/// The result equals the original exactly when nothing changed (C111).
///
/// # Errors
/// That of the first operation that fails, its number in the detail; or
/// [`ScimError::invalid_value`] if the result lacks a required attribute.
pub fn apply(
    patch: &Patch,
    rt: &ResourceType,
    resource: &Resource,
    dialect: Dialect,
    notes: &mut Notes,
) -> Result<Resource, ScimError> {
    let document = resource.as_map().clone();
    let mut editor = Editor { rt, dialect, notes, action: Action::Add, compared: 0, document };
    for operation in &patch.operations {
        editor
            .run(operation)
            .map_err(|error| error.at(&format!("Operation {}", operation.number)))?;
    }
    let changed = Resource::settled(editor.document, rt);
    required(&changed, rt)?;
    Ok(changed)
}

struct Editor<'a> {
    rt: &'a ResourceType,
    dialect: Dialect,
    notes: &'a mut Notes,
    /// What the operation at hand does.
    action: Action,
    /// Elements compared so far.
    compared: usize,
    document: Map<String, Value>,
}

impl Editor<'_> {
    fn run(&mut self, operation: &Operation) -> Result<(), ScimError> {
        self.action = operation.action;
        let value = &operation.value;
        match &operation.path {
            None => match value {
                Value::Object(given) => self.no_path(given),
                _ => Ok(()),
            },
            Some(Path::Extension(schema)) => self.extension(schema, value),
            Some(Path::Attribute(target)) => {
                let mut holder = self.take_holder(target.extension);
                let done = self.target(target, &mut holder, value);
                self.put_holder(target.extension, holder);
                done
            }
        }
    }

    /// Bounds the work of one message, whose lists and operations multiply.
    fn spend(&mut self, comparisons: usize) -> Result<(), ScimError> {
        self.compared = self.compared.saturating_add(comparisons);
        if self.compared > COMPARISONS_MAX {
            return Err(ScimError::invalid_value(format!(
                "The message compares more than {COMPARISONS_MAX} elements: send it in parts"
            )));
        }
        Ok(())
    }

    /// Takes out the object that holds an attribute: the document itself or an extension.
    fn take_holder(&mut self, extension: Option<&str>) -> Map<String, Value> {
        match extension {
            None => std::mem::take(&mut self.document),
            Some(urn) => match self.document.get_mut(urn).map(Value::take) {
                Some(Value::Object(held)) => held,
                _ => Map::new(),
            },
        }
    }

    fn put_holder(&mut self, extension: Option<&str>, holder: Map<String, Value>) {
        match extension {
            None => self.document = holder,
            Some(urn) => {
                self.document.insert(urn.to_owned(), Value::Object(holder));
            }
        }
    }

    /// Merges an object into the document (C110, C121); what is unknown is left out (D11).
    fn no_path(&mut self, given: &Map<String, Value>) -> Result<(), ScimError> {
        for (name, value) in given {
            if let Some(schema) = self.rt.extension(name) {
                self.extension(schema, value)?;
                continue;
            }
            let Some(attribute) = self.rt.attribute(name) else {
                self.notes.dropped(name);
                continue;
            };
            if attribute.is_read_only() {
                self.notes.used(Tolerance::ReadOnlySent);
                continue;
            }
            let mut holder = self.take_holder(None);
            let done = self.write(attribute, &mut holder, value, At::top(attribute.name));
            self.put_holder(None, holder);
            done?;
        }
        Ok(())
    }

    fn extension(&mut self, schema: &'static Schema, value: &Value) -> Result<(), ScimError> {
        let given = match (self.action, value) {
            (Action::Remove, _) | (Action::Replace, Value::Null) => {
                self.document.remove(schema.id);
                return Ok(());
            }
            (Action::Add, Value::Null) => return Ok(()),
            (_, Value::Object(given)) => given,
            _ => return Err(ScimError::invalid_value(format!("{} takes an object", schema.id))),
        };
        let mut holder = self.take_holder(Some(schema.id));
        let done = self.merge(schema.attributes, &mut holder, given, At::top(schema.id));
        self.put_holder(Some(schema.id), holder);
        done
    }

    /// Writes each given attribute of a table into the object that holds them.
    fn merge(
        &mut self,
        table: &'static [Attribute],
        holder: &mut Map<String, Value>,
        given: &Map<String, Value>,
        at: At<'_>,
    ) -> Result<(), ScimError> {
        for (name, value) in given {
            let Some(attribute) = find(table, name) else {
                self.notes.dropped(&at.sub(name).to_string());
                continue;
            };
            if attribute.is_read_only() {
                self.notes.used(Tolerance::ReadOnlySent);
                continue;
            }
            self.write(attribute, holder, value, at.sub(attribute.name))?;
        }
        Ok(())
    }

    /// Writes one attribute as a whole.
    fn write(
        &mut self,
        attribute: &'static Attribute,
        holder: &mut Map<String, Value>,
        value: &Value,
        at: At<'_>,
    ) -> Result<(), ScimError> {
        if attribute.kind == Kind::Complex
            && !attribute.multi
            && let Value::Object(given) = value
        {
            let before = take_object(holder, attribute);
            let mut inner = before.clone();
            self.merge(attribute.subs, &mut inner, given, at)?;
            put_object(holder, attribute, inner, &before);
            return Ok(());
        }
        let accepted = accept(attribute, value.clone(), at, self.notes)?;
        if attribute.mutability == Mutability::WriteOnly {
            self.notes.used(Tolerance::AnyPassword);
            return Ok(());
        }
        if attribute.mutability == Mutability::Immutable
            && let Some(held) = holder.get(attribute.name)
            && accepted.as_ref() != Some(held)
        {
            return Err(ScimError::mutability(format!("{at} cannot change")));
        }
        match accepted {
            None if self.action == Action::Add => {}
            None if attribute.required => {
                return Err(ScimError::invalid_value(format!("{at} is required")));
            }
            None => {
                holder.remove(attribute.name);
            }
            Some(Value::Array(elements)) if attribute.multi && self.action == Action::Add => {
                let mut list = take_list(holder, attribute);
                self.spend(list.len().saturating_add(elements.len()) * elements.len())?;
                element::add(attribute, &mut list, elements);
                bounded(attribute, list.len(), at)?;
                one_primary(attribute, &list, at)?;
                holder.insert(attribute.name.to_owned(), Value::Array(list));
            }
            Some(accepted) => {
                holder.insert(attribute.name.to_owned(), accepted);
            }
        }
        Ok(())
    }

    /// Changes what a path leads to.
    fn target(
        &mut self,
        target: &Target,
        holder: &mut Map<String, Value>,
        value: &Value,
    ) -> Result<(), ScimError> {
        let attribute = target.attribute;
        let at = At::top(attribute.name);
        match (&target.selection, target.sub) {
            (None, None) if self.action == Action::Remove => {
                let held = holder.get(attribute.name).and_then(Value::as_array).map_or(0, Vec::len);
                self.spend(held * value.as_array().map_or(1, Vec::len))?;
                remove(attribute, holder, value)
            }
            (None, None) => self.write(attribute, holder, value, at),
            (None, Some(sub)) if !attribute.multi => {
                let before = take_object(holder, attribute);
                let mut inner = before.clone();
                if self.action == Action::Remove {
                    remove(sub, &mut inner, &Value::Null)?;
                } else {
                    self.write(sub, &mut inner, value, at.sub(sub.name))?;
                }
                put_object(holder, attribute, inner, &before);
                Ok(())
            }
            _ if self.action == Action::Remove => remove_elements(target, holder),
            _ => self.elements(target, holder, value),
        }
    }

    /// Changes the selected elements of a list, or makes the one that the filter describes (D3).
    fn elements(
        &mut self,
        target: &Target,
        holder: &mut Map<String, Value>,
        value: &Value,
    ) -> Result<(), ScimError> {
        let attribute = target.attribute;
        let at = At::top(attribute.name);
        let mut list = take_list(holder, attribute);
        self.spend(list.len())?;
        let mut touched: Vec<usize> = selected(&list, target.selection.as_deref()).collect();
        if touched.is_empty() {
            if !value.is_null() {
                let mut created = self.described(target)?;
                self.element(target, &mut created, value)?;
                element::add(attribute, &mut list, vec![Value::Object(created)]);
            }
        } else if target.sub.is_none() && value.is_null() && self.action == Action::Replace {
            keep_unselected(&mut list, target.selection.as_deref());
            touched.clear();
        }
        for index in &touched {
            if let Some(Value::Object(held)) = list.get_mut(*index) {
                self.element(target, held, value)?;
            }
        }
        element::prefer_touched(&mut list, &touched);
        // Elements that became alike are one (D14), before more than one primary is complained of.
        let mut list = Value::Array(list);
        order_subs(&mut list, attribute.subs);
        let Value::Array(list) = list else { return Ok(()) };
        bounded(attribute, list.len(), at)?;
        one_primary(attribute, &list, at)?;
        if !list.is_empty() {
            holder.insert(attribute.name.to_owned(), Value::Array(list));
        }
        Ok(())
    }

    fn element(
        &mut self,
        target: &Target,
        held: &mut Map<String, Value>,
        value: &Value,
    ) -> Result<(), ScimError> {
        let at = At::top(target.attribute.name);
        match (target.sub, value) {
            (Some(sub), value) => self.write(sub, held, value, at.sub(sub.name)),
            (None, Value::Object(given)) => self.merge(target.attribute.subs, held, given, at),
            (None, Value::Array(elements)) => match elements.as_slice() {
                [Value::Object(given)] => self.merge(target.attribute.subs, held, given, at),
                _ => Err(ScimError::invalid_value(format!("{at} takes one object"))),
            },
            (None, Value::Null) => Ok(()),
            (None, _) => Err(ScimError::invalid_value(format!("{at} takes an object"))),
        }
    }

    /// The element to create where a path selects nothing (C125, D3, L8).
    fn described(&mut self, target: &Target) -> Result<Map<String, Value>, ScimError> {
        let described = match &target.selection {
            Some(selection) => selection.described(),
            None => Some(Map::new()),
        };
        match described {
            Some(element) if self.dialect.allows(Tolerance::CreateElement) => {
                self.notes.used(Tolerance::CreateElement);
                Ok(element)
            }
            _ => Err(ScimError::no_target(format!(
                "The path selects no element of {}",
                target.attribute.name
            ))),
        }
    }
}

fn take_list(holder: &mut Map<String, Value>, attribute: &Attribute) -> Vec<Value> {
    match holder.remove(attribute.name) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

fn take_object(holder: &mut Map<String, Value>, attribute: &Attribute) -> Map<String, Value> {
    match holder.remove(attribute.name) {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    }
}

/// Puts a complex attribute back, unless it is empty. A reference goes with the value it belonged
/// to: a new manager does not keep the old one's URL.
fn put_object(
    holder: &mut Map<String, Value>,
    attribute: &Attribute,
    mut inner: Map<String, Value>,
    before: &Map<String, Value>,
) {
    let moved = inner.get("value") != before.get("value");
    if moved && before.contains_key("$ref") && inner.get("$ref") == before.get("$ref") {
        inner.remove("$ref");
    }
    if !inner.is_empty() {
        holder.insert(attribute.name.to_owned(), Value::Object(inner));
    }
}
