//! `attributes` and `excludedAttributes` (RFC 7644 §3.4.2.5, C87 to C92).
//!
//! Parsed once for a request and applied to each document. No served attribute is `returned:
//! request`, and what is `never` is not stored, so a request without parameters sends documents as
//! they are.

use serde_json::{Map, Value};

use super::attribute_path::AttributePath;
use super::error::ScimError;
use super::locator::{Locator, Sub};
use super::schema::{ResourceType, Returned};

/// Most names that one request may list; the rest is refused (S9).
pub const NAMES_MAX: usize = 200;

/// Which attributes an answer holds.
#[derive(Debug, Clone)]
pub struct Projection {
    mode: Mode,
    always: Vec<&'static str>,
}

#[derive(Debug, Clone)]
enum Mode {
    Everything,
    Only(Vec<Selector>),
    Except(Vec<Selector>),
}

/// One name of the list; without attribute it is an extension as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Selector {
    extension: Option<&'static str>,
    attribute: Option<&'static str>,
    sub: Option<&'static str>,
}

/// What a list of names says about one member of an object.
enum Choice {
    Whole,
    Subs(Vec<&'static str>),
    Not,
}

impl Projection {
    /// Reads both parameters; repeated ones come joined by commas (C88). Unknown names are ignored.
    ///
    /// # Errors
    /// [`ScimError::invalid_value`] if both are given (C90) or too many names are.
    pub fn parse(
        attributes: Option<&str>,
        excluded: Option<&str>,
        rt: &ResourceType,
    ) -> Result<Self, ScimError> {
        let given = |list: Option<&str>| {
            list.is_some_and(|list| list.split(',').any(|name| !name.trim().is_empty()))
        };
        let mode = match (given(attributes), given(excluded)) {
            (true, true) => {
                return Err(ScimError::invalid_value(
                    "attributes and excludedAttributes exclude each other",
                ));
            }
            (true, false) => Mode::Only(selectors(attributes.unwrap_or_default(), rt)?),
            (false, true) => Mode::Except(selectors(excluded.unwrap_or_default(), rt)?),
            (false, false) => Mode::Everything,
        };
        let always = rt
            .common
            .iter()
            .chain(rt.schema.attributes)
            .filter(|attribute| attribute.returned == Returned::Always)
            .map(|attribute| attribute.name)
            .collect();
        Ok(Self { mode, always })
    }

    /// Tells whether documents go out as they are.
    pub const fn is_everything(&self) -> bool {
        matches!(self.mode, Mode::Everything)
    }

    /// Tells whether an answer holds any of this attribute, given in canonical spelling. Callers
    /// ask before they load `members` or `groups` (C60).
    pub fn wants(&self, attribute: &str) -> bool {
        match &self.mode {
            Mode::Everything => true,
            Mode::Only(list) => {
                self.is_always(attribute) || !matches!(choice(list, None, attribute), Choice::Not)
            }
            Mode::Except(list) => {
                self.is_always(attribute) || !matches!(choice(list, None, attribute), Choice::Whole)
            }
        }
    }

    /// Tells whether `attributes` names this attribute or a part of it (D1).
    pub fn names(&self, attribute: &str) -> bool {
        match &self.mode {
            Mode::Only(list) => !matches!(choice(list, None, attribute), Choice::Not),
            Mode::Everything | Mode::Except(_) => false,
        }
    }

    /// Tells whether `attributes` was given, so that an answer needs a body (C91).
    pub const fn is_selective(&self) -> bool {
        matches!(self.mode, Mode::Only(_))
    }

    /// Cuts a document down to what the answer holds.
    pub fn apply(&self, document: &mut Map<String, Value>) {
        match &self.mode {
            Mode::Everything => {}
            Mode::Only(list) => {
                document.retain(|name, value| self.is_always(name) || keep_only(list, name, value));
            }
            Mode::Except(list) => {
                document.retain(|name, value| self.is_always(name) || keep_rest(list, name, value));
            }
        }
    }

    fn is_always(&self, name: &str) -> bool {
        self.always.contains(&name)
    }
}

fn selectors(list: &str, rt: &ResourceType) -> Result<Vec<Selector>, ScimError> {
    let mut found = Vec::new();
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    for (position, name) in names.enumerate() {
        if position == NAMES_MAX {
            return Err(ScimError::invalid_value(format!(
                "More than {NAMES_MAX} attribute names are listed"
            )));
        }
        if let Some(schema) = rt.extension(name) {
            found.push(Selector { extension: Some(schema.id), attribute: None, sub: None });
        } else if let Some(path) = AttributePath::parse(name, 1)
            && let Ok(at) = Locator::resolve(&path, rt)
        {
            let sub = match at.sub {
                Some(Sub::Known(sub)) => Some(sub.name),
                _ => None,
            };
            let attribute = Some(at.attribute.name);
            found.push(Selector { extension: at.extension, attribute, sub });
        }
    }
    Ok(found)
}

fn choice(list: &[Selector], extension: Option<&str>, attribute: &str) -> Choice {
    let mut subs = Vec::new();
    let here = list.iter().filter(|selector| {
        selector.extension == extension && selector.attribute == Some(attribute)
    });
    for selector in here {
        match selector.sub {
            None => return Choice::Whole,
            Some(sub) => subs.push(sub),
        }
    }
    if subs.is_empty() { Choice::Not } else { Choice::Subs(subs) }
}

/// What a list says about an extension: as a whole, in parts, or not at all.
fn of_extension(list: &[Selector], urn: &str) -> Choice {
    let mut any = false;
    for selector in list.iter().filter(|selector| selector.extension == Some(urn)) {
        if selector.attribute.is_none() {
            return Choice::Whole;
        }
        any = true;
    }
    if any { Choice::Subs(Vec::new()) } else { Choice::Not }
}

fn keep_only(list: &[Selector], name: &str, value: &mut Value) -> bool {
    match of_extension(list, name) {
        Choice::Whole => true,
        Choice::Subs(_) => {
            let Value::Object(held) = value else { return false };
            held.retain(|inner, value| only(choice(list, Some(name), inner), value));
            !held.is_empty()
        }
        Choice::Not => only(choice(list, None, name), value),
    }
}

fn only(choice: Choice, value: &mut Value) -> bool {
    match choice {
        Choice::Whole => true,
        Choice::Subs(subs) => cut(value, &|name| subs.contains(&name)),
        Choice::Not => false,
    }
}

fn keep_rest(list: &[Selector], name: &str, value: &mut Value) -> bool {
    match of_extension(list, name) {
        Choice::Whole => false,
        Choice::Subs(_) => {
            let Value::Object(held) = value else { return true };
            held.retain(|inner, value| rest(choice(list, Some(name), inner), value));
            !held.is_empty()
        }
        Choice::Not => rest(choice(list, None, name), value),
    }
}

fn rest(choice: Choice, value: &mut Value) -> bool {
    match choice {
        Choice::Whole => false,
        Choice::Subs(subs) => cut(value, &|name| !subs.contains(&name)),
        Choice::Not => true,
    }
}

/// Keeps some members of an object, or of each object of a list; tells whether anything is left.
fn cut(value: &mut Value, keep: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(held) => {
            held.retain(|name, _| keep(name));
            !held.is_empty()
        }
        Value::Array(elements) => {
            elements.retain_mut(|element| cut(element, keep));
            !elements.is_empty()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::ScimType;
    use crate::scim::catalog::{ENTERPRISE_URN, GROUP, USER, USER_URN};

    fn ada() -> Value {
        json!({"schemas": [USER_URN], "id": "1", "userName": "ada",
            "name": {"givenName": "A", "familyName": "L"},
            "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x"}],
            ENTERPRISE_URN: {"department": "D", "manager": {"value": "m", "displayName": "M"}},
            "meta": {"version": "v"}})
    }

    fn shown(attributes: Option<&str>, excluded: Option<&str>) -> Value {
        let projection = Projection::parse(attributes, excluded, &USER).unwrap();
        let mut document = ada().as_object().unwrap().clone();
        projection.apply(&mut document);
        Value::Object(document)
    }

    #[test]
    fn only_named_attributes_and_those_always_returned_are_shown_c89() {
        let base = json!({"schemas": [USER_URN], "id": "1"});
        let with = |more: Value| {
            let mut base = base.clone();
            base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            base
        };
        assert_eq!(shown(Some(" USERNAME , colour"), None), with(json!({"userName": "ada"})));
        assert_eq!(shown(Some("colour,password"), None), base);
        assert_eq!(shown(Some("name.givenName,,emails.value"), None), {
            with(json!({"name": {"givenName": "A"},
                "emails": [{"value": "a@x"}, {"value": "b@x"}]}))
        });
        assert_eq!(shown(Some("emails.type"), None), with(json!({"emails": [{"type": "work"}]})));
        assert_eq!(shown(Some(&format!("{USER_URN}:userName")), None), {
            with(json!({"userName": "ada"}))
        });
    }

    #[test]
    fn an_extension_is_named_as_a_whole_or_in_parts_c92() {
        let whole = shown(Some(&ENTERPRISE_URN.to_lowercase()), None);
        assert_eq!(whole[ENTERPRISE_URN], ada()[ENTERPRISE_URN]);
        let part = shown(Some(&format!("{ENTERPRISE_URN}:manager.value")), None);
        assert_eq!(part[ENTERPRISE_URN], json!({"manager": {"value": "m"}}));
        assert!(shown(None, Some(ENTERPRISE_URN)).get(ENTERPRISE_URN).is_none());
        let rest = shown(None, Some(&format!("{ENTERPRISE_URN}:department")));
        assert_eq!(rest[ENTERPRISE_URN], json!({"manager": ada()[ENTERPRISE_URN]["manager"]}));
    }

    #[test]
    fn excluded_attributes_go_but_those_always_returned_c89() {
        let rest = shown(None, Some("id,schemas,meta,emails.type,name"));
        assert_eq!((&rest["id"], &rest["schemas"]), (&json!("1"), &json!([USER_URN])));
        assert!(rest.get("meta").is_none() && rest.get("name").is_none());
        assert_eq!(rest["emails"], json!([{"value": "a@x"}, {"value": "b@x"}]));
    }

    #[test]
    fn both_parameters_together_are_refused_c90() {
        let error = Projection::parse(Some("id"), Some("meta"), &USER).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
        assert!(Projection::parse(Some(" ,"), Some(""), &USER).unwrap().is_everything());
    }

    #[test]
    fn callers_learn_what_they_need_not_load_c60() {
        let of = |a, e| Projection::parse(a, e, &GROUP).unwrap();
        assert!(!of(None, Some("members")).wants("members"));
        assert!(!of(Some("displayName"), None).wants("members"));
        assert!(of(None, Some("members.display")).wants("members"));
        assert!(of(Some("members.value"), None).wants("members"));
        assert!(of(None, None).wants("members") && !of(None, None).names("members"));
        assert!(of(Some("Members"), None).names("members"));
        assert!(of(Some("displayName"), None).wants("id"));
    }

    #[test]
    fn names_are_counted_to_the_limit_s9() {
        let many = |count: usize| vec!["title"; count].join(",");
        assert!(Projection::parse(Some(&many(NAMES_MAX)), None, &USER).is_ok());
        assert!(Projection::parse(Some(&many(NAMES_MAX + 1)), None, &USER).is_err());
    }
}
