//! Habits of Microsoft Entra ID (E8, E11, E14, E17); other clients copied some of them.

use serde_json::{Map, Value};

use super::{Mender, member};
use crate::scim::dialect::{Dialect, Tolerance};
use crate::scim::path::Path;

/// Tells whether a group in the answer to a write leaves `members` out unless they are named (D1).
pub const fn answers_without_members(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Entra)
}

impl Mender<'_> {
    /// L9: the manager as an id, in an array, or as `""` for nobody (E11).
    pub(super) fn mend_manager(&mut self, value: &mut Value) {
        if let Value::Array(elements) = value
            && elements.len() == 1
            && self.may(Tolerance::LooseManager)
            && let Some(single) = elements.pop()
        {
            *value = single;
        }
        if let Value::String(id) = value
            && self.may(Tolerance::LooseManager)
        {
            *value = match std::mem::take(id) {
                empty if empty.is_empty() => Value::Null,
                id => object([("value", id.into())]),
            };
        }
    }

    /// L5: members as bare ids, alone or in an array (E14).
    pub(super) fn members(&mut self, value: &mut Value) {
        match value {
            Value::Array(elements) => {
                elements.iter_mut().for_each(|element| self.bare_member(element));
            }
            single => self.bare_member(single),
        }
    }

    fn bare_member(&mut self, element: &mut Value) {
        if let Value::String(id) = element
            && self.may(Tolerance::BareMember)
        {
            *element = object([("value", std::mem::take(id).into())]);
        }
    }

    /// L10: a role whose value is JSON text, `{"id":…,"value":…,"displayName":…}` (E17).
    pub(super) fn json_role(&mut self, role: &mut Value) {
        let Value::Object(held) = role else { return };
        let Some(Value::String(text)) = member(held, "value") else { return };
        let Ok(Value::Object(inner)) = serde_json::from_str::<Value>(text) else { return };
        let text_of = |name: &str| member(&inner, name).filter(|value| value.is_string()).cloned();
        let Some(value) = text_of("value").or_else(|| text_of("id")) else { return };
        if !self.may(Tolerance::JsonRole) {
            return;
        }
        let display = text_of("displayName").or_else(|| text_of("display"));
        held.retain(|name, _| !name.eq_ignore_ascii_case("value"));
        held.insert("value".into(), value);
        if let Some(display) = display
            && member(held, "display").is_none()
        {
            held.insert("display".into(), display);
        }
    }

    /// L7: takes the keys out that are paths, such as `name.givenName` or
    /// `urn:…:User:department` (E8). What resolves to nothing stays, to be left out as unknown.
    pub(super) fn flat_keys(&mut self, given: &mut Map<String, Value>) -> Vec<(String, Value)> {
        let is_flat = |name: &String| {
            self.rt.attribute(name).is_none()
                && self.rt.extension(name).is_none()
                && Path::parse(name, self.rt, self.dialect).is_ok()
        };
        let names: Vec<String> = given.keys().filter(|name| is_flat(name)).cloned().collect();
        if names.is_empty() || !self.may(Tolerance::FlatKeys) {
            return Vec::new();
        }
        let taken = names.into_iter().map(|name| {
            let value = given.shift_remove(&name).unwrap_or(Value::Null);
            (name, value)
        });
        taken.collect()
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
