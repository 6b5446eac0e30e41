//! Taking away: attributes, elements, and parts of elements (RFC 7644 §3.5.2.2).

use serde_json::{Map, Value};

use super::element;
use crate::scim::error::ScimError;
use crate::scim::path::{Selection, Target};
use crate::scim::schema::{Attribute, Mutability};

/// The positions of the elements that a path selects; all of them without a filter.
pub(super) fn selected<'a>(
    list: &'a [Value],
    selection: Option<&'a Selection>,
) -> impl Iterator<Item = usize> + 'a {
    list.iter()
        .enumerate()
        .filter(move |(_, element)| selection.is_none_or(|chosen| chosen.matches(element)))
        .map(|(index, _)| index)
}

/// Drops the elements that a path selects.
pub(super) fn keep_unselected(list: &mut Vec<Value>, selection: Option<&Selection>) {
    list.retain(|element| selection.is_some_and(|chosen| !chosen.matches(element)));
}

/// Unassigns an attribute, or takes the listed elements out of it (C116, C117, L6).
pub(super) fn remove(
    attribute: &'static Attribute,
    holder: &mut Map<String, Value>,
    listed: &Value,
) -> Result<(), ScimError> {
    if attribute.required
        || (attribute.mutability == Mutability::Immutable && holder.contains_key(attribute.name))
    {
        return Err(ScimError::mutability(format!("{} cannot be removed", attribute.name)));
    }
    match (listed, holder.get_mut(attribute.name)) {
        (Value::Array(gone), Some(Value::Array(list))) => {
            element::remove_listed(attribute, list, gone);
        }
        (Value::Array(_), _) => {}
        _ => {
            holder.remove(attribute.name);
        }
    }
    Ok(())
}

/// Removes the selected elements, or a sub-attribute of them. None selected is success (C119).
pub(super) fn remove_elements(
    target: &Target,
    holder: &mut Map<String, Value>,
) -> Result<(), ScimError> {
    let Some(Value::Array(list)) = holder.get_mut(target.attribute.name) else { return Ok(()) };
    let selection = target.selection.as_deref();
    match target.sub {
        None => keep_unselected(list, selection),
        Some(sub) => {
            for index in selected(list, selection).collect::<Vec<_>>() {
                if let Some(Value::Object(held)) = list.get_mut(index) {
                    remove(sub, held, &Value::Null)?;
                }
            }
            list.retain(|element| element.as_object().is_none_or(|held| !held.is_empty()));
        }
    }
    Ok(())
}
