//! Sorting (RFC 7644 §3.4.2.3, C79, C80). The tie-break (C81) is the caller's: creation, then id.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::error::{ScimError, excerpt};
use super::locator::{Locator, Sub};
use super::schema::{Kind, ResourceType};
use super::value::is_primary;
use super::{fold, instant};

/// Characters of a text that decide its place; texts alike so far stand in order of creation.
pub const KEY_MAX: usize = 512;

/// An order over documents.
#[derive(Debug, Clone)]
pub struct Sort {
    at: Locator,
    descending: bool,
}

/// The value of a document that decides its place. Compare by [`Sort::compare`].
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum SortKey {
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// An instant.
    Instant(Timestamp),
    /// A text, folded where letter case does not count.
    Text(String),
    /// No value: last when ascending.
    Unassigned,
}

impl Sort {
    /// Reads `sortBy` and `sortOrder`; without `sortBy` there is no order to apply.
    ///
    /// # Errors
    /// [`ScimError::invalid_path`] for an attribute that is unknown, hidden, or complex without a
    /// `value` (D5); [`ScimError::invalid_value`] for an unknown order (C80).
    pub fn parse(
        sort_by: Option<&str>,
        sort_order: Option<&str>,
        rt: &ResourceType,
    ) -> Result<Option<Self>, ScimError> {
        let descending = match sort_order.map(str::trim) {
            None | Some("") => false,
            Some(word) if word.eq_ignore_ascii_case("ascending") => false,
            Some(word) if word.eq_ignore_ascii_case("descending") => true,
            Some(word) => {
                return Err(ScimError::invalid_value(format!(
                    "sortOrder '{}' is neither ascending nor descending",
                    excerpt(word)
                )));
            }
        };
        let Some(name) = sort_by.map(str::trim).filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let at = Locator::parse(name, rt)?;
        if at.attribute.is_hidden() {
            return Err(ScimError::invalid_path(format!("'{name}' cannot be sorted by")));
        }
        let at = at.at_value().filter(|at| at.leaf().kind != Kind::Complex).ok_or_else(|| {
            ScimError::invalid_path(format!("'{name}' is complex: name a sub-attribute"))
        })?;
        Ok(Some(Self { at, descending }))
    }

    /// Where the values stand.
    pub const fn locator(&self) -> &Locator {
        &self.at
    }

    /// Tells whether the greatest comes first.
    pub const fn is_descending(&self) -> bool {
        self.descending
    }

    /// Reads the deciding value: of a list, the primary element or else the first.
    pub fn key(&self, layers: &[&Map<String, Value>]) -> SortKey {
        let Some(mut value) = self.at.attribute_in(layers) else { return SortKey::Unassigned };
        if let Value::Array(elements) = value {
            let chosen = elements.iter().find(|e| is_primary(e)).or_else(|| elements.first());
            let Some(chosen) = chosen else { return SortKey::Unassigned };
            value = chosen;
        }
        if let Some(Sub::Known(sub)) = &self.at.sub {
            let Some(inner) = value.get(sub.name) else { return SortKey::Unassigned };
            value = inner;
        }
        let leaf = self.at.leaf();
        match value {
            Value::Bool(value) => SortKey::Bool(*value),
            Value::Number(value) => value.as_f64().map_or(SortKey::Unassigned, SortKey::Number),
            Value::String(text) if leaf.kind == Kind::DateTime => {
                instant::parse(text).map_or(SortKey::Unassigned, SortKey::Instant)
            }
            Value::String(text) if leaf.case_exact => SortKey::Text(begin(text).to_owned()),
            // Folding may join characters, so the beginning is cut anew.
            Value::String(text) => SortKey::Text(begin(&fold(begin(text))).to_owned()),
            _ => SortKey::Unassigned,
        }
    }

    /// Orders two keys; unassigned comes last when ascending and first when descending.
    pub fn compare(&self, left: &SortKey, right: &SortKey) -> Ordering {
        let order = left.partial_cmp(right).unwrap_or(Ordering::Equal);
        if self.descending { order.reverse() } else { order }
    }
}

/// The characters of a text that count.
fn begin(text: &str) -> &str {
    match text.char_indices().nth(KEY_MAX) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

impl SortKey {
    /// The key as JSON, for those who must remember it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Bool(value) => json!({ "b": value }),
            Self::Number(value) => json!({ "n": value.to_bits() }),
            Self::Instant(at) => json!({ "i": at.to_string() }),
            Self::Text(text) => json!({ "t": text }),
            Self::Unassigned => Value::Null,
        }
    }

    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(value: &Value) -> Option<Self> {
        let Some((kind, value)) = value.as_object().and_then(|held| held.iter().next()) else {
            return value.is_null().then_some(Self::Unassigned);
        };
        match kind.as_str() {
            "b" => value.as_bool().map(Self::Bool),
            "n" => value.as_u64().map(|bits| Self::Number(f64::from_bits(bits))),
            "i" => value.as_str()?.parse().ok().map(Self::Instant),
            "t" => value.as_str().map(|text| Self::Text(text.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scim::ScimType;
    use crate::scim::catalog::USER;

    fn sorted(by: &str, order: Option<&str>, documents: Value) -> Vec<String> {
        let sort = Sort::parse(Some(by), order, &USER).unwrap().unwrap();
        let mut documents = documents.as_array().unwrap().clone();
        documents.sort_by(|left, right| {
            let key = |document: &Value| sort.key(&[document.as_object().unwrap()]);
            sort.compare(&key(left), &key(right))
        });
        documents.iter().map(|document| document["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn unassigned_is_last_ascending_and_first_descending_c79() {
        let some = json!([{"id": "none"}, {"id": "b", "title": "B"}, {"id": "a", "title": "a"}]);
        assert_eq!(sorted("title", None, some.clone()), ["a", "b", "none"]);
        assert_eq!(sorted("TITLE", Some("Descending"), some), ["none", "b", "a"]);
    }

    #[test]
    fn letter_case_counts_where_the_attribute_says_so_c79() {
        let some = json!([{"id": "1", "externalId": "a", "userName": "a"},
            {"id": "2", "externalId": "B", "userName": "B"}]);
        assert_eq!(sorted("externalId", None, some.clone()), ["2", "1"]);
        assert_eq!(sorted("userName", None, some), ["1", "2"]);
    }

    #[test]
    fn a_list_is_sorted_by_its_primary_element_or_its_first_c79() {
        let some = json!([
            {"id": "m", "emails": [{"value": "z"}, {"value": "m", "primary": true}]},
            {"id": "c", "emails": [{"value": "c"}, {"value": "a"}]}
        ]);
        assert_eq!(sorted("emails", None, some.clone()), ["c", "m"]);
        assert_eq!(sorted("emails.value", Some("descending"), some), ["m", "c"]);
    }

    #[test]
    fn instants_are_sorted_over_zones() {
        let some = json!([{"id": "2", "meta": {"created": "2026-01-01T12:00:00Z"}},
            {"id": "1", "meta": {"created": "2026-01-01T12:30:00+01:00"}}]);
        assert_eq!(sorted("meta.created", None, some), ["1", "2"]);
    }

    #[test]
    fn what_cannot_be_sorted_by_is_refused_c80() {
        for by in ["colour", "name", "addresses", "password", "name.colour", "a b"] {
            let error = Sort::parse(Some(by), None, &USER).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidPath), "{by}");
        }
        let error = Sort::parse(Some("title"), Some("up"), &USER).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
        assert!(Sort::parse(None, Some("ascending"), &USER).unwrap().is_none());
    }

    #[test]
    fn texts_are_told_apart_by_their_first_characters_alone() {
        let sort = Sort::parse(Some("title"), None, &USER).unwrap().unwrap();
        let key = |text: String| sort.key(&[json!({"title": text}).as_object().unwrap()]);
        let (short, long) = ("é".repeat(KEY_MAX - 1), "é".repeat(KEY_MAX));
        assert_ne!(key(format!("{short}a")), key(format!("{short}b")));
        assert_eq!(key(format!("{long}a")), key(format!("{long}b")));
    }

    fn keys() -> impl Strategy<Value = SortKey> {
        prop_oneof![
            any::<bool>().prop_map(SortKey::Bool),
            (-1.0e9..1.0e9).prop_map(SortKey::Number),
            (0_i64..4_000_000_000)
                .prop_map(|s| SortKey::Instant(Timestamp::from_second(s).unwrap())),
            "\\PC{0,3}".prop_map(SortKey::Text),
            Just(SortKey::Unassigned),
        ]
    }

    proptest! {
        #[test]
        fn keys_have_one_total_order_in_either_direction_c79_c81(
            keys in [keys(), keys(), keys()],
            descending: bool,
        ) {
            let order = descending.then_some("descending");
            let sort = Sort::parse(Some("title"), order, &USER).unwrap().unwrap();
            let [a, b, c] = &keys;
            prop_assert_eq!(sort.compare(a, b), sort.compare(b, a).reverse());
            prop_assert_eq!(sort.compare(a, b).is_eq(), a == b);
            if sort.compare(a, b).is_le() && sort.compare(b, c).is_le() {
                prop_assert!(sort.compare(a, c).is_le());
            }
            let last = if descending { a } else { &SortKey::Unassigned };
            let first = if descending { &SortKey::Unassigned } else { a };
            prop_assert!(sort.compare(first, last).is_le());
        }

        #[test]
        fn a_key_is_remembered_as_it_is(key in keys()) {
            prop_assert_eq!(SortKey::from_json(&key.to_json()), Some(key));
        }
    }
}
