//! JSON bodies, read strictly (C3, C50, S9, S14).
//!
//! What a lenient reader lets through in two ways is refused here once: duplicate names, deep
//! nesting, NUL, lone surrogates, numbers beyond a double. Size is the caller's to bound.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::{ScimError, excerpt};

/// Deepest nesting of objects and arrays (S9).
pub const DEPTH_MAX: usize = 64;

/// Reads one JSON value from the bytes of a body.
///
/// # Errors
/// [`ScimError::invalid_syntax`]; [`ScimError::invalid_value`] for NUL in a text.
pub fn read(bytes: &[u8]) -> Result<Value, ScimError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| ScimError::invalid_syntax("The body is not UTF-8"))?;
    if text.trim_ascii().is_empty() {
        return Err(ScimError::invalid_syntax("The body is empty"));
    }
    let fault = Cell::new(None);
    let mut source = serde_json::Deserializer::from_str(text);
    let value = Node { depth: 0, fault: &fault }
        .deserialize(&mut source)
        .and_then(|value| source.end().map(|()| value));
    value.map_err(|cause| {
        fault
            .take()
            .unwrap_or_else(|| ScimError::invalid_syntax(format!("The body is no JSON: {cause}")))
    })
}

/// Reads a JSON object from the bytes of a body (C50).
///
/// # Errors
/// As [`read`], and [`ScimError::invalid_syntax`] for any other value.
pub fn read_object(bytes: &[u8]) -> Result<Map<String, Value>, ScimError> {
    match read(bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(ScimError::invalid_syntax("The body is no JSON object")),
    }
}

/// Names a value's JSON type, for details.
pub const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[derive(Clone, Copy)]
struct Node<'a> {
    depth: usize,
    fault: &'a Cell<Option<ScimError>>,
}

impl Node<'_> {
    fn refuse<E: Error>(self, error: ScimError) -> E {
        self.fault.set(Some(error));
        E::custom("refused")
    }

    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.refuse(ScimError::invalid_syntax(format!(
                "The body nests deeper than {DEPTH_MAX}"
            ))));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn text<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            return Err(self.refuse(ScimError::invalid_value("A text of the body holds NUL")));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| self.refuse(ScimError::invalid_syntax("A number is not finite")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.text(text)?;
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        self.text(&text)?;
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut elements = Vec::new();
        while let Some(element) = source.next_element_seed(inside)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = source.next_key::<String>()? {
            self.text(&name)?;
            if object.contains_key(&name) {
                return Err(self.refuse(ScimError::invalid_syntax(format!(
                    "The name '{}' stands twice in one object",
                    excerpt(&name)
                ))));
            }
            let value = source.next_value_seed(inside)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::ScimType;

    fn refused(body: &[u8]) -> Option<ScimType> {
        let error = read_object(body).unwrap_err();
        assert_eq!(error.status, 400);
        error.scim_type
    }

    #[test]
    fn what_is_no_json_object_is_refused_c50() {
        let bodies: [&[u8]; 9] =
            [b"", b"  ", b"[]", b"\"x\"", b"null", b"{\"a\":", b"{} x", b"{a:1}", b"{\"a\":1,}"];
        for body in bodies {
            assert_eq!(refused(body), Some(ScimType::InvalidSyntax), "{body:?}");
        }
    }

    #[test]
    fn duplicate_names_are_refused_at_any_depth_c50() {
        assert_eq!(refused(br#"{"a":1,"a":1}"#), Some(ScimType::InvalidSyntax));
        let error = read(br#"{"x":[{"a":1,"\u0061":2}]}"#).unwrap_err();
        assert!(error.detail.contains("'a' stands twice"));
    }

    #[test]
    fn texts_and_numbers_that_no_store_keeps_are_refused_s14() {
        assert_eq!(refused(br#"{"a":"x\u0000"}"#), Some(ScimType::InvalidValue));
        assert_eq!(refused(br#"{"\u0000":1}"#), Some(ScimType::InvalidValue));
        assert_eq!(refused(br#"{"a":"\ud800"}"#), Some(ScimType::InvalidSyntax));
        assert_eq!(refused(br#"{"a":"\udc00x"}"#), Some(ScimType::InvalidSyntax));
        assert_eq!(refused(br#"{"a":1e400}"#), Some(ScimType::InvalidSyntax));
        assert_eq!(refused(b"{\"a\":\"\xff\"}"), Some(ScimType::InvalidSyntax));
        assert!(read_object(br#"{"__proto__":{"a":-0}}"#).is_ok());
    }

    #[test]
    fn nesting_is_read_to_the_limit_and_no_deeper_s9() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(DEPTH_MAX).as_bytes()).is_ok());
        let error = read(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert!(error.detail.contains("64"));
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn letters_of_any_plane_survive_byte_for_byte_c3() {
        let body = "{\"a\":\"Z\u{6f}\u{308} \u{1f600}\"}";
        assert_eq!(serde_json::to_string(&read(body.as_bytes()).unwrap()).unwrap(), body);
    }
}
