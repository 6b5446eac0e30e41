//! Queries and their answers: parameters, pages, ListResponse, SearchRequest (RFC 7644 §3.4.2,
//! §3.4.3).
//!
//! A [`Query`] has the same shape for GET and POST. Answers are spliced from stored JSON text.

use serde_json::{Map, Value};

use super::error::{ScimError, excerpt};
use super::json;
use super::value::twice;

/// Message schema of list answers.
pub const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Message schema of a search by POST.
pub const SEARCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Names of the parameters of a URL that the standards define.
pub const PARAMETERS: [&str; 8] = [
    "attributes",
    "excludedAttributes",
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
];

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
const MEMBERS: [&str; 7] =
    ["attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "startIndex", "count"];

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

/// How large pages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSizes {
    /// Resources of a page when `count` is not given.
    pub default: u32,
    /// Most resources of a page.
    pub max: u32,
}

/// The part of a list that is asked for (RFC 7644 §3.4.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Position of the first resource, from 1, never above `i64::MAX`.
    pub start_index: u64,
    /// Most resources; 0 asks for the total alone (C83).
    pub count: u32,
}

impl Page {
    /// Reads and clamps both parameters (C82 to C84).
    ///
    /// # Errors
    /// [`ScimError::invalid_value`] for what is no integer (C85).
    pub fn parse(
        start_index: Option<&str>,
        count: Option<&str>,
        sizes: PageSizes,
    ) -> Result<Self, ScimError> {
        let start = start_index.map_or(Ok(1), |text| integer("startIndex", text))?;
        let count = count.map_or(Ok(i64::from(sizes.default)), |text| integer("count", text))?;
        let count = u32::try_from(count.max(0)).unwrap_or(u32::MAX);
        Ok(Self {
            start_index: u64::try_from(start.max(1)).unwrap_or(1),
            count: count.min(sizes.max),
        })
    }

    /// How many resources come before the page.
    pub const fn offset(&self) -> u64 {
        self.start_index.saturating_sub(1)
    }
}

/// Reads an integer; beyond 64 bits it is as good as the nearest one.
fn integer(name: &str, text: &str) -> Result<i64, ScimError> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ScimError::invalid_value(format!(
            "{name} takes an integer, not '{}'",
            excerpt(text)
        )));
    }
    let beyond = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Ok(text.parse().unwrap_or(beyond))
}

/// Writes a ListResponse around resources that are JSON text already (C54, C55).
pub fn response<I>(total: u64, start_index: u64, resources: I) -> String
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let mut joined = String::new();
    let mut count: u64 = 0;
    for resource in resources {
        if count > 0 {
            joined.push(',');
        }
        joined.push_str(resource.as_ref());
        count += 1;
    }
    let head = format!(r#"{{"schemas":["{LIST_URN}"],"totalResults":{total}"#);
    format!(r#"{head},"startIndex":{start_index},"itemsPerPage":{count},"Resources":[{joined}]}}"#)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::ScimType;

    const SIZES: PageSizes = PageSizes { default: 100, max: 200 };

    fn page(start: Option<&str>, count: Option<&str>) -> Result<(u64, u32), ScimError> {
        Page::parse(start, count, SIZES).map(|page| (page.start_index, page.count))
    }

    #[test]
    fn pages_are_clamped_and_never_overflow_c82_c85() {
        assert_eq!(page(None, None), Ok((1, 100)));
        assert_eq!(page(Some("0"), Some("-5")), Ok((1, 0)));
        assert_eq!(page(Some("-3"), Some("0")), Ok((1, 0)));
        assert_eq!(page(Some("101"), Some("200")), Ok((101, 200)));
        assert_eq!(page(Some("101"), Some("201")), Ok((101, 200)));
        let huge = "9".repeat(400);
        assert_eq!(page(Some(&huge), Some(&huge)), Ok((i64::MAX as u64, 200)));
        assert_eq!(page(Some(&format!("-{huge}")), Some(&format!("-{huge}"))), Ok((1, 0)));
        for text in ["", "x", "1.5", "1e3", "-", "0x1", "１"] {
            assert_eq!(page(Some(text), None).unwrap_err().scim_type, {
                Some(ScimType::InvalidValue)
            });
            assert!(page(None, Some(text)).is_err());
        }
    }

    #[test]
    fn a_list_response_always_has_its_four_members_c55() {
        let empty: Value = serde_json::from_str(&response(0, 1, [""; 0])).unwrap();
        assert_eq!(
            empty,
            json!({"schemas": [LIST_URN], "totalResults": 0, "startIndex": 1,
                "itemsPerPage": 0, "Resources": []})
        );
        let two: Value = serde_json::from_str(&response(7, 3, [r#"{"a":1}"#, "{}"])).unwrap();
        assert_eq!(two["Resources"], json!([{"a": 1}, {}]));
        assert_eq!((&two["itemsPerPage"], &two["totalResults"]), (&json!(2), &json!(7)));
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
