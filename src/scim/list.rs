//! Queries and their answers: parameters, ListResponse, SearchRequest (RFC 7644 §3.4.2, §3.4.3).
//!
//! A [`Query`] has the same shape for GET and POST. Answers are spliced from stored JSON text.

use serde_json::{Map, Value};

use super::error::ScimError;
use super::json;
use super::value::twice;

/// Message schema of list answers.
pub const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Message schema of a search by POST.
pub const SEARCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// The parameters of a query, as text and unchecked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Names, joined by commas.
    pub attributes: Option<String>,
    /// Names, joined by commas.
    pub excluded_attributes: Option<String>,
    /// The filter.
    pub filter: Option<String>,
    /// The attribute to sort by.
    pub sort_by: Option<String>,
    /// `ascending` or `descending`.
    pub sort_order: Option<String>,
    /// Position of the first resource, from 1.
    pub start_index: Option<String>,
    /// Most resources of the page.
    pub count: Option<String>,
    /// Where the page before ended; empty for the first page by cursor (N1).
    pub cursor: Option<String>,
}

impl Query {
    /// Takes one parameter of a URL; what it does not know it ignores (C4). Repeated lists of names
    /// add up (C88).
    ///
    /// # Errors
    /// [`ScimError::invalid_value`] for any other parameter that stands twice.
    pub fn take(&mut self, name: &str, value: String) -> Result<(), ScimError> {
        let slot = match name {
            "attributes" | "excludedAttributes" => {
                let list = if name == "attributes" {
                    &mut self.attributes
                } else {
                    &mut self.excluded_attributes
                };
                append(list, &value);
                return Ok(());
            }
            "filter" => &mut self.filter,
            "sortBy" => &mut self.sort_by,
            "sortOrder" => &mut self.sort_order,
            "startIndex" => &mut self.start_index,
            "count" => &mut self.count,
            "cursor" => &mut self.cursor,
            _ => return Ok(()),
        };
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(ScimError::invalid_value(format!("{name} is given twice"))),
        }
    }

    /// Reads a SearchRequest (C93, C94).
    ///
    /// # Errors
    /// [`ScimError::invalid_syntax`] without the message schema, [`ScimError::invalid_value`] for a
    /// member of another type.
    pub fn from_search(body: Map<String, Value>) -> Result<Self, ScimError> {
        let mut query = Self::default();
        let mut named = false;
        let mut seen: Vec<&'static str> = Vec::new();
        for (name, value) in body {
            if name.eq_ignore_ascii_case("schemas") {
                let is_search =
                    |urn: &Value| urn.as_str().is_some_and(|s| s.eq_ignore_ascii_case(SEARCH_URN));
                named = value.as_array().is_some_and(|urns| urns.iter().any(is_search));
                continue;
            }
            let known = MEMBERS.iter().find(|known| known.eq_ignore_ascii_case(&name));
            let Some(known) = known.copied() else { continue };
            if seen.contains(&known) {
                return Err(twice(&name));
            }
            seen.push(known);
            if let Some(text) = text_of(known, value)? {
                query.take(known, text)?;
            }
        }
        if named {
            Ok(query)
        } else {
            Err(ScimError::invalid_syntax(format!("schemas does not name {SEARCH_URN}")))
        }
    }
}

/// Members of a SearchRequest.
const MEMBERS: [&str; 8] = [
    "attributes",
    "excludedAttributes",
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
];

fn append(list: &mut Option<String>, names: &str) {
    match list {
        Some(list) => {
            list.push(',');
            list.push_str(names);
        }
        None => *list = Some(names.to_owned()),
    }
}

fn text_of(name: &'static str, value: Value) -> Result<Option<String>, ScimError> {
    let wrong = |value: &Value| {
        ScimError::invalid_value(format!("{name} cannot be {}", json::type_name(value)))
    };
    match (name, value) {
        (_, Value::Null) => Ok(None),
        ("startIndex" | "count", Value::Number(number)) => Ok(Some(number.to_string())),
        ("attributes" | "excludedAttributes", Value::Array(names)) => {
            let mut joined = None;
            for element in &names {
                append(&mut joined, element.as_str().ok_or_else(|| wrong(element))?);
            }
            Ok(joined)
        }
        ("startIndex" | "count", other) => Err(wrong(&other)),
        (_, Value::String(text)) => Ok(Some(text)),
        (_, other) => Err(wrong(&other)),
    }
}

/// What a ListResponse says beside its resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// How many there are in all; left out where that is not known (N1).
    pub total: Option<u64>,
    /// Position of the first resource, for pages by index.
    pub start_index: Option<u64>,
    /// The cursor of the page that follows.
    pub next_cursor: Option<String>,
}

impl Frame {
    /// The text behind the resources.
    pub const AFTER: &'static str = "]}";

    /// The text before this many resources.
    pub fn before(&self, count: usize) -> String {
        let mut text = format!(r#"{{"schemas":["{LIST_URN}"]"#);
        let start = self.start_index.map(Value::from);
        let next = self.next_cursor.as_deref().map(Value::from);
        for (name, value) in [
            ("totalResults", self.total.map(Value::from)),
            ("startIndex", start),
            ("itemsPerPage", Some(count.into())),
            ("nextCursor", next),
        ] {
            if let Some(value) = value {
                text.push_str(&format!(r#","{name}":{value}"#));
            }
        }
        text.push_str(r#","Resources":["#);
        text
    }

    /// Writes the ListResponse around resources that are JSON text already (C54, C55).
    pub fn around(&self, resources: &[String]) -> String {
        let mut text = self.before(resources.len());
        text.push_str(&resources.join(","));
        text.push_str(Self::AFTER);
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::ScimType;

    #[test]
    fn a_list_response_always_has_its_four_members_c55() {
        let read = |frame: Frame, resources: &[&str]| -> Value {
            let resources: Vec<String> = resources.iter().map(|&text| text.to_owned()).collect();
            serde_json::from_str(&frame.around(&resources)).unwrap()
        };
        let of = |total: u64, start: u64| Frame {
            total: Some(total),
            start_index: Some(start),
            next_cursor: None,
        };
        let empty = read(of(0, 1), &[]);
        assert_eq!(
            empty,
            json!({"schemas": [LIST_URN], "totalResults": 0, "startIndex": 1,
                "itemsPerPage": 0, "Resources": []})
        );
        let two = read(of(7, 3), &[r#"{"a":1}"#, "{}"]);
        assert_eq!(two["Resources"], json!([{"a": 1}, {}]));
        assert_eq!((&two["itemsPerPage"], &two["totalResults"]), (&json!(2), &json!(7)));
    }

    #[test]
    fn a_page_by_cursor_names_the_next_one_and_no_index_n1() {
        let frame = Frame { total: None, start_index: None, next_cursor: Some("abc".into()) };
        let page: Value = serde_json::from_str(&frame.around(&["{}".to_owned()])).unwrap();
        let wanted = json!({"schemas": [LIST_URN], "itemsPerPage": 1, "nextCursor": "abc",
            "Resources": [{}]});
        assert_eq!(page, wanted);
    }

    #[test]
    fn parameters_of_a_url_are_taken_c4_c88() {
        let mut query = Query::default();
        for (name, value) in
            [("attributes", "a"), ("aadOptscim062020", ""), ("attributes", "b"), ("count", "5")]
        {
            query.take(name, value.into()).unwrap();
        }
        assert_eq!(query.attributes.as_deref(), Some("a,b"));
        assert!(query.take("count", "6".into()).is_err());
    }

    #[test]
    fn a_search_request_says_what_a_url_says_c93() {
        let body = json!({"schemas": [SEARCH_URN], "attributes": ["a", "b"], "FILTER": "a pr",
            "sortBy": null, "startIndex": 2, "count": -1, "other": {}});
        let query = Query::from_search(body.as_object().unwrap().clone()).unwrap();
        assert_eq!(query.attributes.as_deref(), Some("a,b"));
        assert_eq!(query.filter.as_deref(), Some("a pr"));
        assert_eq!((query.start_index.as_deref(), query.count.as_deref()), (Some("2"), Some("-1")));
    }

    #[test]
    fn a_search_request_without_its_schema_is_refused_c94() {
        for (body, kind) in [
            (json!({"filter": "a pr"}), ScimType::InvalidSyntax),
            (json!({"schemas": [LIST_URN]}), ScimType::InvalidSyntax),
            (json!({"schemas": [SEARCH_URN], "count": "5"}), ScimType::InvalidValue),
            (json!({"schemas": [SEARCH_URN], "filter": 5}), ScimType::InvalidValue),
            (json!({"schemas": [SEARCH_URN], "attributes": [5]}), ScimType::InvalidValue),
            (json!({"schemas": [SEARCH_URN], "count": 1, "COUNT": 2}), ScimType::InvalidSyntax),
        ] {
            let error = Query::from_search(body.as_object().unwrap().clone()).unwrap_err();
            assert_eq!(error.scim_type, Some(kind), "{body}");
        }
    }
}
