//! The shape of a request: known names and types, never values (S15).
//!
//! It is what an admin needs to see how her client spells things, for the journal of its directory.
//! A shape is bounded in bytes, whatever was sent.

use serde_json::{Map, Value};

use super::redact::{GONE, filter, name, path};

/// Largest shape, in bytes of JSON.
pub const SHAPE_MAX: usize = 4096;
/// Names of a body or operations of a PATCH that a shape lists; fewer where they are too large.
const LISTED: [usize; 4] = [50, 15, 5, 0];
/// Names of an inner object that a type lists.
const INNER_MAX: usize = 12;
/// Objects within objects that are told.
const DEPTH_MAX: usize = 2;

/// What is told of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    query: Map<String, Value>,
    body: Map<String, Value>,
}

impl Shape {
    /// Takes in a parameter of the URL. Only those of RFC 7644 are told with more than their name.
    pub fn parameter(&mut self, sent: &str, value: &str) {
        let (name, told) = (name(sent), parameter(sent, value));
        let room = (SHAPE_MAX / 4).saturating_sub(size(&self.query));
        // The signs around a member, and quotes within it that are escaped.
        if name.len() + 2 * told.len() + 8 <= room {
            self.query.insert(name.into_owned(), told.into());
        }
    }

    /// Takes in a body: a message of operations, or the names of a resource with their types.
    pub fn body(&mut self, body: &Map<String, Value>) {
        for limit in LISTED {
            self.body = told(body, limit);
            // Half of the room is left for the rest.
            if size(&self.body) <= SHAPE_MAX / 2 {
                return;
            }
        }
    }

    /// The shape as JSON, with the attributes that were left out (D11), named as far as their names
    /// are known; `None` when there is nothing to tell.
    #[must_use]
    pub fn text(self, unknown: &[String]) -> Option<String> {
        let mut whole = Map::new();
        for (key, part) in [("query", self.query), ("body", self.body)] {
            if !part.is_empty() {
                whole.insert(key.to_owned(), Value::Object(part));
            }
        }
        let (mut names, mut room) = (Vec::new(), SHAPE_MAX / 4 - 64);
        for unknown in unknown {
            let told = name(unknown);
            room = room.saturating_sub(told.len() + 3);
            if room > 0 && !names.contains(&told) {
                names.push(told);
            }
        }
        if !names.is_empty() {
            whole.insert("unknown".to_owned(), names.into());
        }
        (!whole.is_empty()).then(|| Value::Object(whole).to_string())
    }
}

fn size(part: &Map<String, Value>) -> usize {
    serde_json::to_string(part).map_or(usize::MAX, |text| text.len())
}

fn parameter(sent: &str, value: &str) -> String {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match sent {
        "filter" => filter(value),
        "attributes" | "excludedAttributes" | "sortBy" => {
            let listed = value.split(',').take(INNER_MAX).map(str::trim);
            listed.map(name).collect::<Vec<_>>().join(",")
        }
        "startIndex" | "count" if number(value) && value.len() < 12 => value.to_owned(),
        _ => GONE.to_owned(),
    }
}

fn told(body: &Map<String, Value>, limit: usize) -> Map<String, Value> {
    let mut told = Map::new();
    for (sent, value) in body.iter().take(limit) {
        let is = |wanted: &str| sent.eq_ignore_ascii_case(wanted);
        let shape = match value {
            Value::Array(operations) if is("Operations") => {
                let listed = operations.iter().take(limit).map(operation).collect();
                more(&mut told, "operations_left_out", operations.len(), limit);
                Value::Array(listed)
            }
            Value::String(text) if is("filter") => filter(text).into(),
            value => kind(value, 0).into(),
        };
        told.insert(name(sent).into_owned(), shape);
    }
    more(&mut told, "names_left_out", body.len(), limit);
    told
}

fn more(told: &mut Map<String, Value>, key: &str, there: usize, limit: usize) {
    if let Some(more) = there.checked_sub(limit).filter(|more| *more > 0) {
        told.insert(key.to_owned(), more.into());
    }
}

/// An operation of a PATCH: its op, its path and the type of its value.
fn operation(sent: &Value) -> Value {
    let Value::Object(sent) = sent else { return kind(sent, 0).into() };
    let mut told = Map::new();
    for (key, value) in sent.iter().take(INNER_MAX) {
        let is = |wanted: &str| key.eq_ignore_ascii_case(wanted);
        let shape = match value {
            Value::String(op) if is("op") => {
                let known = ["add", "remove", "replace"];
                let known = known.iter().any(|word| op.eq_ignore_ascii_case(word));
                if known { op.clone() } else { GONE.to_owned() }
            }
            Value::String(text) if is("path") => path(text),
            value => kind(value, 0),
        };
        told.insert(name(key).into_owned(), shape.into());
    }
    Value::Object(told)
}

/// The type of a value, with the names that an object holds.
fn kind(value: &Value, depth: usize) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) if text.is_empty() => "empty string".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(elements) => match elements.first() {
            None => "empty array".to_owned(),
            Some(_) if depth == DEPTH_MAX => format!("array of {}", elements.len()),
            Some(first) => format!("array of {}: {}", elements.len(), kind(first, depth + 1)),
        },
        Value::Object(_) if depth == DEPTH_MAX => "object".to_owned(),
        Value::Object(held) => {
            let mut names: Vec<_> = held.keys().take(INNER_MAX).map(|held| name(held)).collect();
            if held.len() > INNER_MAX {
                names.push(GONE.into());
            }
            format!("object ({})", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(body: Value) -> Value {
        let mut shape = Shape::default();
        shape.body(body.as_object().unwrap());
        shape.text(&[]).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_body_is_told_by_names_and_types_s15() {
        let body = json!({"schemas": ["urn:x"], "userName": "ada", "active": "True", "title": "",
            "name": {"givenName": "Ada", "Ada Lovelace": 1, "Ada": 1}, "Lovelace": 1,
            "emails": [{"value": "ada@x.org", "type": "work"}], "nickName": null});
        let told = of(body);
        assert_eq!(
            told["body"],
            json!({"schemas": "array of 1: string", "userName": "string",
            "active": "string", "title": "empty string", "name": "object (givenName, …, …≤8)",
            "…≤8": "number", "emails": "array of 1: object (value, type)", "nickName": "null"})
        );
        assert!(!told.to_string().to_lowercase().contains("ada"));
    }

    #[test]
    fn operations_are_told_by_op_path_and_type() {
        let body = json!({"Operations": [
            {"op": "Add", "path": "members", "value": [{"value": "u1"}, {"value": "u2"}]},
            {"op": "Ada", "path": "emails[type eq \"work\"].value", "value": "ada"},
            {"op": "replace", "value": {"active": false, "name.givenName": "Ada"}},
            {"op": "remove", "path": "Lovelace"}, "ada"]});
        assert_eq!(
            of(body)["body"]["Operations"],
            json!([
            {"op": "Add", "path": "members", "value": "array of 2: object (value)"},
            {"op": "…", "path": "emails[type eq \"…\"].value", "value": "string"},
            {"op": "replace", "value": "object (active, name.givenName)"},
            {"op": "remove", "path": "…≤8"}, "string"])
        );
    }

    #[test]
    fn a_query_tells_the_parameters_of_the_standard() {
        let mut shape = Shape::default();
        for (name, value) in [
            ("filter", "userName eq \"ada\""),
            ("count", "100"),
            ("startIndex", "ada"),
            ("sortBy", "ada"),
            ("attributes", "userName,ada@x.org,name.ada"),
            ("ada@x.org", "ada"),
            ("lovelace", "ada"),
            ("aadOptscim062020", ""),
        ] {
            shape.parameter(name, value);
        }
        let told: Value = serde_json::from_str(&shape.text(&[]).unwrap()).unwrap();
        assert_eq!(
            told,
            json!({"query": {"filter": "userName eq \"…\"", "count": "100",
            "startIndex": "…", "sortBy": "…≤8", "attributes": "userName,…,name.…≤8", "…": "…",
            "…≤8": "…", "aadOptscim062020": "…"}})
        );
    }

    #[test]
    fn a_shape_is_bounded_whatever_is_sent() {
        let names: Map<String, Value> =
            (0..2_000).map(|n| (format!("{}{n}", "a".repeat(100)), json!({"x": 1}))).collect();
        let path = format!("emails[{}]", "type eq \"x\" and ".repeat(200));
        let operation = json!({"op": "add", "path": path, "value": Value::Object(names.clone())});
        let operations = vec![operation; 100];
        for body in [Value::Object(names), json!({"Operations": operations})] {
            let mut shape = Shape::default();
            shape.body(body.as_object().unwrap());
            for n in 0..100 {
                shape.parameter(&format!("{}{n}", "p".repeat(100)), "x");
            }
            let unknown: Vec<String> = (0..64).map(|n| format!("{}{n}", "u".repeat(58))).collect();
            let text = shape.text(&unknown).unwrap();
            assert!(text.len() <= SHAPE_MAX, "{}", text.len());
            assert!(text.contains("left_out"), "{text}");
        }
        assert_eq!(Shape::default().text(&[]), None);
    }
}
