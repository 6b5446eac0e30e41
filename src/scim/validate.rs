//! Bodies of POST and PUT become documents (RFC 7644 §3.3, §3.5.1).
//!
//! Names in any letter case, unknown attributes left out and noted (D11), readOnly ones left out,
//! types and bounds checked. The body of PUT is a whole new document but for the few things that
//! silence does not change (D2).

use serde_json::{Map, Value};

use super::catalog::COMMON;
use super::dialect::{Dialect, Notes, Tolerance};
use super::error::{ScimError, excerpt};
use super::member::{self, Member};
use super::resource::Resource;
use super::schema::{Mutability, ResourceType, find};
use super::value::{At, accept_all, twice};

/// What a body says: the document, and beside it the members of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The document without members.
    pub resource: Resource,
    /// Exactly these members; `None` leaves the members as they are.
    pub members: Option<Vec<Member>>,
}

/// Checks the body of a create.
///
/// A user without `active` becomes active (K2).
///
/// # Errors
/// [`ScimError::invalid_syntax`] for `schemas` (C13, D9), [`ScimError::invalid_value`] for values.
pub fn create(
    body: Map<String, Value>,
    rt: &ResourceType,
    notes: &mut Notes,
) -> Result<Incoming, ScimError> {
    let (mut document, members) = read(body, rt, notes)?;
    if rt.attribute("active").is_some() {
        document.entry("active").or_insert(Value::Bool(true));
    }
    finish(document, members, rt)
}

/// Checks the body of a replace against what is stored.
///
/// Omitted attributes are cleared, but `active` stays as it is, and the members of a group stay in
/// every profile but the strict one (D2, L23).
///
/// # Errors
/// As [`create`]; [`ScimError::mutability`] for an immutable attribute that would change (C97).
pub fn replace(
    body: Map<String, Value>,
    rt: &ResourceType,
    current: &Resource,
    dialect: Dialect,
    notes: &mut Notes,
) -> Result<Incoming, ScimError> {
    let (mut document, mut members) = read(body, rt, notes)?;
    if let Some(active) = current.as_map().get("active") {
        document.entry("active").or_insert_with(|| active.clone());
    }
    if members.is_none() && has_members(rt) {
        if dialect.allows(Tolerance::MembersOmitted) {
            notes.used(Tolerance::MembersOmitted);
        } else {
            members = Some(Vec::new());
        }
    }
    for attribute in rt.schema.attributes.iter().filter(|a| a.mutability == Mutability::Immutable) {
        let Some(held) = current.as_map().get(attribute.name) else { continue };
        let given = document.entry(attribute.name).or_insert_with(|| held.clone());
        if given != held {
            return Err(ScimError::mutability(format!("{} cannot change", attribute.name)));
        }
    }
    finish(document, members, rt)
}

/// Tells whether resources of this type keep members beside the document.
pub(super) fn has_members(rt: &ResourceType) -> bool {
    find(rt.schema.attributes, "members").is_some()
}

fn finish(
    document: Map<String, Value>,
    members: Option<Vec<Member>>,
    rt: &ResourceType,
) -> Result<Incoming, ScimError> {
    let resource = Resource::settled(document, rt);
    required(&resource, rt)?;
    Ok(Incoming { resource, members })
}

/// Refuses a document that lacks a required attribute, or has a blank one (C35, C98).
pub(super) fn required(resource: &Resource, rt: &ResourceType) -> Result<(), ScimError> {
    let check = |held: &Map<String, Value>, name: &str| match held.get(name) {
        None => Err(ScimError::invalid_value(format!("{name} is required"))),
        Some(Value::String(text)) if text.trim().is_empty() => {
            Err(ScimError::invalid_value(format!("{name} is required and may not be blank")))
        }
        Some(_) => Ok(()),
    };
    for attribute in rt.schema.attributes.iter().filter(|a| a.required) {
        check(resource.as_map(), attribute.name)?;
    }
    for extension in rt.extensions {
        let Some(held) = resource.as_map().get(extension.schema.id).and_then(Value::as_object)
        else {
            if extension.required {
                return Err(ScimError::invalid_value(format!(
                    "{} is required",
                    extension.schema.id
                )));
            }
            continue;
        };
        for attribute in extension.schema.attributes.iter().filter(|a| a.required) {
            check(held, attribute.name)?;
        }
    }
    Ok(())
}

type Parts = (Map<String, Value>, Option<Vec<Member>>);

fn read(
    body: Map<String, Value>,
    rt: &ResourceType,
    notes: &mut Notes,
) -> Result<Parts, ScimError> {
    let mut listed = None;
    let (mut members, mut core, mut common, mut extensions) =
        (None, Map::new(), Map::new(), Vec::new());
    for (name, value) in body {
        if name.eq_ignore_ascii_case("schemas") {
            if listed.replace(value).is_some() {
                return Err(twice(&name));
            }
        } else if has_members(rt) && name.eq_ignore_ascii_case("members") {
            if members.replace(member::read(value, notes)?).is_some() {
                return Err(twice(&name));
            }
        } else if let Some(schema) = rt.extension(&name) {
            extensions.push((schema, value));
        } else if find(COMMON, &name).is_some() {
            common.insert(name, value);
        } else {
            core.insert(name, value);
        }
    }
    let listed = schemas(listed, rt, notes)?;
    let mut document = accept_all(rt.common, common, None, notes)?;
    document.extend(accept_all(rt.schema.attributes, core, None, notes)?);
    for (schema, value) in extensions {
        let at = At::top(schema.id);
        let held = match value {
            Value::Null => continue,
            Value::Object(held) => accept_all(schema.attributes, held, Some(&at), notes)?,
            _ => {
                return Err(ScimError::invalid_value(format!("{} takes an object", schema.id)));
            }
        };
        if !listed.iter().any(|urn| urn.eq_ignore_ascii_case(schema.id)) {
            notes.used(Tolerance::UnlistedExtension);
        }
        if document.insert(schema.id.to_owned(), Value::Object(held)).is_some() {
            return Err(twice(schema.id));
        }
    }
    Ok((document, members))
}

/// Checks `schemas`: the base is there, and nothing that this type does not know (C12, C13).
fn schemas(
    value: Option<Value>,
    rt: &ResourceType,
    notes: &mut Notes,
) -> Result<Vec<String>, ScimError> {
    let base = rt.schema.id;
    let values = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values,
        Some(single) => {
            notes.used(Tolerance::BareElement);
            vec![single]
        }
    };
    let mut listed = Vec::with_capacity(values.len());
    for value in values {
        let Value::String(urn) = value else {
            return Err(ScimError::invalid_syntax("schemas takes an array of strings"));
        };
        if is_old_schema(&urn) {
            notes.used(Tolerance::OldSchema);
            return Err(ScimError::invalid_syntax(format!(
                "'{}' is a schema of SCIM 1.1; use {base}",
                excerpt(&urn)
            )));
        }
        if !rt.is_base(&urn) && rt.extension(&urn).is_none() {
            return Err(ScimError::invalid_value(format!(
                "schemas names '{}', which {} does not have",
                excerpt(&urn),
                rt.name
            )));
        }
        listed.push(urn);
    }
    if listed.iter().any(|urn| rt.is_base(urn)) {
        Ok(listed)
    } else {
        Err(ScimError::invalid_syntax(format!("schemas does not name {base}")))
    }
}

/// Tells whether a URN is one of SCIM 1.1 (L25).
pub(super) fn is_old_schema(urn: &str) -> bool {
    const OLD: &str = "urn:scim:schemas:";
    urn.get(..OLD.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(OLD))
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
