//! Habits of spelling single values, seen from several clients.

use serde_json::Value;

use super::Mender;
use crate::scim::dialect::{Dialect, Tolerance};
use crate::scim::filter::word_boolean;
use crate::scim::schema::{Attribute, Kind};

impl Mender<'_> {
    /// L3: a scalar in an array of one, as Microsoft's validator sends it.
    pub(super) fn unwrap_scalar(&mut self, value: &mut Value) {
        let Value::Array(elements) = value else { return };
        if elements.len() == 1
            && self.may(Tolerance::WrappedScalar)
            && let Some(single) = elements.pop()
        {
            *value = single;
        }
    }

    /// L2: booleans as words (E9). L11: the empty text for an optional attribute (C128).
    pub(super) fn scalar(&mut self, attribute: &Attribute, value: &mut Value) {
        let Value::String(text) = value else { return };
        if text.is_empty() {
            // The row allows null and empty lists in strict as well, but not the empty text.
            if !attribute.required && self.dialect != Dialect::Strict {
                self.notes.used(Tolerance::EmptyValue);
                *value = Value::Null;
            }
        } else if attribute.kind == Kind::Boolean
            && let Some(word) = word_boolean(text)
            && self.may(Tolerance::WordBoolean)
        {
            *value = Value::Bool(word);
        }
    }
}
