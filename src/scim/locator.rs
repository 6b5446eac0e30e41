//! Where an attribute leads: extension object, attribute, sub-attribute, resolved by the tables.
//!
//! A [`Locator`] reads documents in canonical spelling by exact keys and allocates nothing. A
//! document may come in layers (what is stored, and what the server adds), looked through in order.
//! It reads only; writing is the business of `patch`.

use serde_json::{Map, Value};

use super::attribute_path::AttributePath;
use super::error::{ScimError, excerpt};
use super::schema::{Attribute, Kind, ResourceType};

/// The leaf under a free name of an open attribute: a list of strings.
static FREE: Attribute = Attribute::string("", "A value.").multi();

/// The sub-attribute part of a locator.
#[derive(Debug, Clone)]
pub enum Sub {
    /// One of the table.
    Known(&'static Attribute),
    /// A free name of an open attribute, found in any letter case.
    Free(Box<str>),
}

/// A resolved place in a document.
#[derive(Debug, Clone)]
pub struct Locator {
    /// URN of the extension that holds the attribute.
    pub extension: Option<&'static str>,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The sub-attribute, if one is meant.
    pub sub: Option<Sub>,
}

impl Locator {
    /// Finds what a path names in a resource type.
    ///
    /// # Errors
    /// [`ScimError::invalid_path`] if no table knows it. Callers that stand in a filter reword it.
    pub fn resolve(path: &AttributePath, rt: &ResourceType) -> Result<Self, ScimError> {
        let (extension, attribute) = Self::top(path, rt).ok_or_else(|| unknown(path, rt.name))?;
        let sub = match &path.sub {
            None => None,
            Some(name) => Some(sub(attribute, name).ok_or_else(|| unknown(path, rt.name))?),
        };
        Ok(Self { extension, attribute, sub })
    }

    /// Finds what a path names inside an element of a complex attribute.
    ///
    /// # Errors
    /// [`ScimError::invalid_path`] if it is no sub-attribute.
    pub fn resolve_within(path: &AttributePath, of: &'static Attribute) -> Result<Self, ScimError> {
        let found = match (&path.urn, &path.sub) {
            (None, None) => of.sub(&path.name),
            _ => None,
        };
        let attribute = found.ok_or_else(|| unknown(path, of.name))?;
        Ok(Self { extension: None, attribute, sub: None })
    }

    /// Reads and resolves a text such as `groups.display`.
    ///
    /// # Errors
    /// [`ScimError::invalid_path`] if it does not parse or names nothing.
    pub fn parse(text: &str, rt: &ResourceType) -> Result<Self, ScimError> {
        let path = AttributePath::parse(text, 1).ok_or_else(|| {
            ScimError::invalid_path(format!("'{}' is no attribute path", excerpt(text)))
        })?;
        Self::resolve(&path, rt)
    }

    fn top(
        path: &AttributePath,
        rt: &ResourceType,
    ) -> Option<(Option<&'static str>, &'static Attribute)> {
        match &path.urn {
            Some(urn) if rt.is_base(urn) => rt.attribute(&path.name).map(|found| (None, found)),
            Some(urn) => {
                let schema = rt.extension(urn)?;
                let found = super::schema::find(schema.attributes, &path.name)?;
                Some((Some(schema.id), found))
            }
            None => rt.attribute(&path.name).map(|found| (None, found)).or_else(|| {
                let (schema, found) =
                    rt.finds_unprefixed.then(|| rt.unprefixed(&path.name)).flatten()?;
                Some((Some(schema.id), found))
            }),
        }
    }

    /// The attribute whose type and letter-case rule the values here follow.
    pub fn leaf(&self) -> &'static Attribute {
        match &self.sub {
            None => self.attribute,
            Some(Sub::Known(sub)) => sub,
            Some(Sub::Free(_)) => &FREE,
        }
    }

    /// Points a complex attribute at its `value`, which is what comparing it means (C67).
    ///
    /// `None` if it has no such sub-attribute.
    pub fn at_value(mut self) -> Option<Self> {
        if self.sub.is_none() && self.attribute.kind == Kind::Complex {
            self.sub = Some(Sub::Known(self.attribute.sub("value")?));
        }
        Some(self)
    }

    /// Reads the whole attribute, before any sub-attribute, from the first layer that has it.
    pub fn attribute_in<'a>(&self, layers: &[&'a Map<String, Value>]) -> Option<&'a Value> {
        layers.iter().find_map(|layer| match self.extension {
            None => layer.get(self.attribute.name),
            Some(urn) => layer.get(urn)?.as_object()?.get(self.attribute.name),
        })
    }

    /// Tells whether a test holds for any value here.
    ///
    /// The test sees `None` for an element that lacks the sub-attribute, and once if there is
    /// nothing at all.
    pub fn any<F>(&self, layers: &[&Map<String, Value>], mut test: F) -> bool
    where
        F: FnMut(Option<&Value>) -> bool,
    {
        let Some(found) = self.attribute_in(layers) else { return test(None) };
        match found {
            Value::Array(elements) if elements.is_empty() => test(None),
            Value::Array(elements) => {
                elements.iter().any(|element| self.inside(element, &mut test))
            }
            single => self.inside(single, &mut test),
        }
    }

    fn inside<F>(&self, element: &Value, test: &mut F) -> bool
    where
        F: FnMut(Option<&Value>) -> bool,
    {
        match self.within(element) {
            Some(Value::Array(values)) if values.is_empty() => test(None),
            Some(Value::Array(values)) => values.iter().any(|value| test(Some(value))),
            Some(Value::Null) => test(None),
            other => test(other),
        }
    }

    /// Reads the sub-attribute of one element, or the element itself.
    fn within<'a>(&self, element: &'a Value) -> Option<&'a Value> {
        match &self.sub {
            None => Some(element),
            Some(Sub::Known(sub)) => element.as_object()?.get(sub.name),
            Some(Sub::Free(name)) => {
                let open = element.as_object()?;
                let in_any_case = || open.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                open.get(&**name).or_else(|| in_any_case().map(|(_, value)| value))
            }
        }
    }

    /// Collects the texts found here, in order.
    pub fn texts<'a>(&self, document: &'a Map<String, Value>) -> Vec<&'a str> {
        let as_list = |value: &'a Value| -> &'a [Value] {
            value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
        };
        let elements = self.attribute_in(&[document]).map_or([].as_slice(), as_list);
        let held = elements.iter().filter_map(|element| self.within(element));
        held.flat_map(as_list).filter_map(Value::as_str).collect()
    }
}

fn sub(attribute: &'static Attribute, name: &str) -> Option<Sub> {
    if attribute.open { Some(Sub::Free(name.into())) } else { attribute.sub(name).map(Sub::Known) }
}

fn unknown(path: &AttributePath, owner: &str) -> ScimError {
    ScimError::invalid_path(format!("{owner} has no attribute '{}'", excerpt(&path.to_string())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::catalog::{ENTERPRISE_URN, USER};

    #[test]
    fn a_path_leads_to_core_common_and_extension_attributes_c70() {
        let at = |text: &str| Locator::parse(text, &USER).map(|l| (l.extension, l.leaf().name));
        assert_eq!(at("NAME.givenname"), Ok((None, "givenName")));
        assert_eq!(at("meta.lastModified"), Ok((None, "lastModified")));
        assert_eq!(at("urn:ietf:params:scim:schemas:core:2.0:user:ID"), Ok((None, "id")));
        let urn = format!("{}:manager.value", ENTERPRISE_URN.to_uppercase());
        assert_eq!(at(&urn), Ok((Some(ENTERPRISE_URN), "value")));
        assert_eq!(at("department"), Ok((Some(ENTERPRISE_URN), "department")));
        assert!(at("emails.colour").is_err());
        assert!(at("urn:x:userName").is_err());
    }

    #[test]
    fn layers_count_in_order() {
        let (first, second) = (json!({"id": "1"}), json!({"id": "2", "userName": "a"}));
        let layers = [first.as_object().unwrap(), second.as_object().unwrap()];
        let value = |name: &str| Locator::parse(name, &USER).unwrap().attribute_in(&layers);
        assert_eq!((value("id"), value("userName")), (Some(&json!("1")), Some(&json!("a"))));
    }

    #[test]
    fn texts_of_a_list_come_in_order() {
        let document = json!({"emails": [{"value": "a"}, {"type": "work"}, {"value": "b"}]});
        let locator = Locator::parse("emails.value", &USER).unwrap();
        assert_eq!(locator.texts(document.as_object().unwrap()), ["a", "b"]);
    }
}
