//! A resource document: a checked JSON object in canonical spelling and order.
//!
//! It holds what clients write, under `schemas`. What the server owns (`id`, `meta`, `groups`) and
//! the members of a group are kept beside it by the store. Equal documents mean: nothing changed.

use serde_json::{Map, Value};

use super::catalog::ENTERPRISE_URN;
use super::fold;
use super::schema::{Attribute, Kind, ResourceType};
use super::value::distinct;

/// What clients have written about one user or group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource {
    document: Map<String, Value>,
}

/// An e-mail address of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Email<'a> {
    /// The address, as sent.
    pub value: &'a str,
    /// Its label, as sent.
    pub label: Option<&'a str>,
    /// Whether it is the preferred one.
    pub primary: bool,
}

impl Resource {
    /// Takes a document that was checked before it was stored.
    pub const fn from_stored(document: Map<String, Value>) -> Self {
        Self { document }
    }

    /// Brings a document into order: `schemas`, common, core, extensions; empty parts go, and
    /// `schemas` names exactly the extensions that are there (C12, C39, C112).
    pub(super) fn settled(mut document: Map<String, Value>, rt: &ResourceType) -> Self {
        let mut schemas = vec![Value::from(rt.schema.id)];
        let mut settled = Map::new();
        settled.insert("schemas".into(), Value::Null);
        take_in_order(&mut document, rt.common, &mut settled);
        take_in_order(&mut document, rt.schema.attributes, &mut settled);
        for extension in rt.extensions {
            let Some(Value::Object(mut held)) = document.remove(extension.schema.id) else {
                continue;
            };
            let mut ordered = Map::new();
            take_in_order(&mut held, extension.schema.attributes, &mut ordered);
            if !ordered.is_empty() {
                schemas.push(extension.schema.id.into());
                settled.insert(extension.schema.id.into(), Value::Object(ordered));
            }
        }
        settled.insert("schemas".into(), Value::Array(schemas));
        Self { document: settled }
    }

    /// The document.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.document
    }

    /// Gives the document away.
    pub fn into_map(self) -> Map<String, Value> {
        self.document
    }

    /// Writes the document as JSON text, as stores keep it and answers splice it.
    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.document).unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.document.get(name)?.as_str()
    }

    fn name_part(&self, part: &str) -> Option<&str> {
        self.document.get("name")?.get(part)?.as_str()
    }

    /// `userName`, as sent.
    pub fn user_name(&self) -> Option<&str> {
        self.text("userName")
    }

    /// `externalId`, exact.
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// `displayName` of a user or group.
    pub fn display_name(&self) -> Option<&str> {
        self.text("displayName")
    }

    /// `active`; `None` for a user whose client removed it.
    pub fn active(&self) -> Option<bool> {
        self.document.get("active").and_then(Value::as_bool)
    }

    /// `name.givenName`.
    pub fn given_name(&self) -> Option<&str> {
        self.name_part("givenName")
    }

    /// `name.familyName`.
    pub fn family_name(&self) -> Option<&str> {
        self.name_part("familyName")
    }

    /// `name.formatted`.
    pub fn formatted_name(&self) -> Option<&str> {
        self.name_part("formatted")
    }

    /// `manager.value` of the enterprise extension.
    pub fn manager_id(&self) -> Option<&str> {
        self.document.get(ENTERPRISE_URN)?.get("manager")?.get("value")?.as_str()
    }

    /// The e-mail addresses that have a value, in order.
    pub fn emails(&self) -> impl Iterator<Item = Email<'_>> {
        let elements = self.document.get("emails").and_then(Value::as_array);
        elements.map_or([].as_slice(), Vec::as_slice).iter().filter_map(|element| {
            Some(Email {
                value: element.get("value")?.as_str().filter(|value| !value.is_empty())?,
                label: element.get("type").and_then(Value::as_str),
                primary: super::value::is_primary(element),
            })
        })
    }

    /// The first address of type work, in any letter case.
    pub fn work_email(&self) -> Option<&str> {
        self.emails()
            .find(|email| email.label.is_some_and(|label| fold(label) == "work"))
            .map(|email| email.value)
    }

    /// The address to write to: the primary one, else that for work, else the first.
    pub fn preferred_email(&self) -> Option<&str> {
        self.emails()
            .find(|email| email.primary)
            .map(|email| email.value)
            .or_else(|| self.work_email())
            .or_else(|| self.emails().next().map(|email| email.value))
    }
}

/// Moves the attributes of a table over, in its order, without the unassigned ones.
fn take_in_order(
    from: &mut Map<String, Value>,
    table: &'static [Attribute],
    into: &mut Map<String, Value>,
) {
    for attribute in table.iter().filter(|attribute| attribute.name != "schemas") {
        let Some(mut value) = from.remove(attribute.name) else { continue };
        if attribute.kind == Kind::Complex && !attribute.open {
            order_subs(&mut value, attribute.subs);
        }
        if !is_unassigned(&value) {
            into.insert(attribute.name.to_owned(), value);
        }
    }
}

/// Brings the sub-attributes of an element, or of each of a list, into table order; empty elements
/// and exact duplicates go.
pub(super) fn order_subs(value: &mut Value, subs: &'static [Attribute]) {
    match value {
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| order_subs(element, subs));
            elements.retain(|element| !is_unassigned(element));
            *elements = distinct(std::mem::take(elements));
        }
        Value::Object(held) => {
            let mut ordered = Map::new();
            take_in_order(held, subs, &mut ordered);
            *held = ordered;
        }
        _ => {}
    }
}

fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(held) => held.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::catalog::USER;

    fn settled(document: Value) -> Resource {
        Resource::settled(document.as_object().unwrap().clone(), &USER)
    }

    #[test]
    fn schemas_names_the_extensions_that_hold_something_c39() {
        let with = settled(json!({ENTERPRISE_URN: {"department": "D"}, "userName": "a"}));
        let text = format!(
            r#"{{"schemas":["{0}","{1}"],"userName":"a","{1}":{{"department":"D"}}}}"#,
            USER.schema.id, ENTERPRISE_URN
        );
        assert_eq!(with.to_text(), text);
        let without = settled(json!({ENTERPRISE_URN: {"manager": {}}, "userName": "a"}));
        assert_eq!(without.as_map()["schemas"], json!([USER.schema.id]));
        assert!(without.as_map().get(ENTERPRISE_URN).is_none());
    }

    #[test]
    fn order_follows_the_tables_whatever_was_sent() {
        let one = settled(json!({"title": "t", "userName": "a", "name": {"givenName": "g",
            "formatted": "f"}, "roles": [{}]}));
        let other = settled(json!({"name": {"formatted": "f", "givenName": "g"},
            "userName": "a", "title": "t"}));
        assert_eq!(one.to_text(), other.to_text());
    }

    #[test]
    fn the_preferred_address_is_primary_then_work_then_first() {
        let of =
            |emails: Value| settled(json!({"emails": emails})).preferred_email().map(str::to_owned);
        let home = json!({"value": "h", "type": "home"});
        let work = json!({"value": "w", "type": "Work"});
        let main = json!({"value": "m", "primary": true});
        assert_eq!(of(json!([home, work, main])).as_deref(), Some("m"));
        assert_eq!(of(json!([home, work])).as_deref(), Some("w"));
        assert_eq!(of(json!([home])).as_deref(), Some("h"));
        assert_eq!(of(json!([{"type": "work"}])), None);
    }

    #[test]
    fn a_user_is_inactive_only_when_the_client_said_so() {
        assert_eq!(settled(json!({})).active(), None);
        assert_eq!(settled(json!({"active": true})).active(), Some(true));
        assert_eq!(settled(json!({"active": false})).active(), Some(false));
    }
}
