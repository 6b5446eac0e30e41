//! Paths of PATCH operations (RFC 7644 §3.5.2, C107 to C109), resolved by the tables.
//!
//! `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`, each with optional URN, and a bare
//! extension URN for the extension as a whole.

use serde_json::{Map, Value};

use super::attribute_path::{AttributePath, is_word_char};
use super::dialect::{Dialect, Notes};
use super::error::{ScimError, excerpt};
use super::filter::{self, Expr, Filter, Literal, Op, Resolved};
use super::locator::{Locator, Sub};
use super::schema::{Attribute, Kind, ResourceType, Schema};
use super::value::{At, accept};

/// What an operation changes.
#[derive(Debug, Clone)]
pub enum Path {
    /// An extension as a whole.
    Extension(&'static Schema),
    /// An attribute, or a part of it.
    Attribute(Target),
}

/// An attribute, the elements selected, and the sub-attribute within them.
#[derive(Debug, Clone)]
pub struct Target {
    /// URN of the extension that holds the attribute.
    pub extension: Option<&'static str>,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// Which elements; `None` for the attribute as a whole.
    pub selection: Option<Box<Selection>>,
    /// The sub-attribute.
    pub sub: Option<&'static Attribute>,
}

/// The filter in the brackets of a path.
#[derive(Debug, Clone)]
pub struct Selection {
    attribute: &'static Attribute,
    filter: Filter,
    resolved: Resolved,
}

impl Path {
    /// Reads and resolves a path.
    ///
    /// # Errors
    /// [`ScimError::invalid_path`], or [`ScimError::invalid_filter`] for what is in the brackets.
    pub fn parse(text: &str, rt: &ResourceType, dialect: Dialect) -> Result<Self, ScimError> {
        let text = text.trim_ascii();
        if let Some(schema) = rt.extension(text) {
            return Ok(Self::Extension(schema));
        }
        let refused =
            |why: &str| ScimError::invalid_path(format!("The path '{}' {why}", excerpt(text)));
        let length = text.find(|c| !is_word_char(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(length).unwrap_or((text, ""));
        let path =
            AttributePath::parse(name, 1).ok_or_else(|| refused("begins with no attribute"))?;
        let found = Locator::resolve(&path, rt)?;
        // Filters may leave the URN of an extension away (C71); paths may not.
        if found.extension.is_some() && path.urn.is_none() {
            return Err(refused("lacks the URN of the extension"));
        }
        let mut target = Target {
            extension: found.extension,
            attribute: found.attribute,
            selection: None,
            sub: match found.sub {
                Some(Sub::Known(sub)) => Some(sub),
                _ => None,
            },
        };
        if rest.is_empty() {
            return Ok(Self::Attribute(target));
        }
        let inner = rest.strip_prefix('[').ok_or_else(|| refused("has text after the name"))?;
        if !target.attribute.multi || target.attribute.kind != Kind::Complex || target.sub.is_some()
        {
            return Err(refused("selects elements of what is no list of objects"));
        }
        let (selection, after) = Selection::parse(inner, target.attribute, dialect)?;
        target.selection = Some(Box::new(selection));
        if !after.is_empty() {
            let sub = after.strip_prefix('.').and_then(|name| target.attribute.sub(name));
            target.sub = Some(sub.ok_or_else(|| refused("has no sub-attribute after ']'"))?);
        }
        Ok(Self::Attribute(target))
    }

    /// The tolerances that the filter in the brackets used.
    pub fn notes(&self) -> Option<&Notes> {
        match self {
            Self::Attribute(Target { selection: Some(selection), .. }) => {
                Some(selection.resolved.notes())
            }
            _ => None,
        }
    }
}

impl Selection {
    fn parse<'t>(
        text: &'t str,
        attribute: &'static Attribute,
        dialect: Dialect,
    ) -> Result<(Self, &'t str), ScimError> {
        let (filter, rest) = filter::parse_within_path(text, dialect)?;
        let resolved = filter.resolve_within(attribute)?;
        Ok((Self { attribute, filter, resolved }, rest))
    }

    /// Tells whether an element is selected.
    pub fn matches(&self, element: &Value) -> bool {
        filter::eval_element(&self.resolved, element)
    }

    /// The texts that one sub-attribute must equal, if the filter is nothing but alternatives of
    /// such equalities: `value eq "a" or value eq "b"`.
    pub fn alternatives(&self, sub: &str) -> Option<Vec<String>> {
        let one = |expr: &Expr| match expr {
            Expr::Compare(path, Op::Eq, Literal::Text(text))
                if path.urn.is_none()
                    && path.sub.is_none()
                    && path.name.eq_ignore_ascii_case(sub) =>
            {
                Some(text.clone())
            }
            _ => None,
        };
        match self.filter.expr() {
            Expr::Or(parts) => parts.iter().map(one).collect(),
            single => one(single).map(|text| vec![text]),
        }
    }

    /// The element that the filter describes, if it is a conjunction of equalities (D3).
    pub fn described(&self) -> Option<Map<String, Value>> {
        let terms = match self.filter.expr() {
            Expr::And(parts) => parts.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut element = Map::new();
        for term in terms {
            let Expr::Compare(path, Op::Eq, literal) = term else { return None };
            let sub = self.attribute.sub(&path.name)?;
            let given = match literal {
                Literal::Text(text) if sub.kind == Kind::Boolean => {
                    Value::Bool(text.eq_ignore_ascii_case("true"))
                }
                Literal::Text(text) => Value::String(text.clone()),
                Literal::Bool(value) => Value::Bool(*value),
                Literal::Number(number) => Value::Number(number.clone()),
                Literal::Null => return None,
            };
            let at = At::top(sub.name);
            let value = accept(sub, given, at, &mut Notes::default()).ok().flatten()?;
            if sub.is_read_only() || element.get(sub.name).is_some_and(|earlier| *earlier != value)
            {
                return None;
            }
            element.insert(sub.name.to_owned(), value);
        }
        Some(element)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::ScimType;
    use crate::scim::catalog::{ENTERPRISE_URN, USER, USER_URN};
    use proptest::prelude::*;
    use proptest::sample::select;

    fn parse(text: &str) -> Result<Path, ScimError> {
        Path::parse(text, &USER, Dialect::Generic)
    }

    fn shape(text: &str) -> String {
        match parse(text).unwrap() {
            Path::Extension(schema) => format!("whole {}", schema.name),
            Path::Attribute(target) => format!(
                "{}{}{}{}",
                target.extension.map_or("", |_| "+"),
                target.attribute.name,
                target.selection.map_or("", |_| "[]"),
                target.sub.map_or(String::new(), |sub| format!(".{}", sub.name))
            ),
        }
    }

    fn target(text: &str) -> Target {
        match parse(text).unwrap() {
            Path::Attribute(target) => target,
            Path::Extension(_) => panic!("an extension"),
        }
    }

    #[test]
    fn every_form_of_a_path_is_read_c107() {
        assert_eq!(shape("USERNAME"), "userName");
        assert_eq!(shape("name.familyName"), "name.familyName");
        assert_eq!(shape(r#"emails[type eq "work"]"#), "emails[]");
        assert_eq!(shape(r#"emails[type eq "work" and primary eq true].VALUE"#), "emails[].value");
        assert_eq!(shape(r#"emails[value eq"x"]"#), "emails[]");
        assert_eq!(shape(&format!("{USER_URN}:name.givenName")), "name.givenName");
        assert_eq!(shape(&format!(r#"{USER_URN}:emails[type eq "]"].value"#)), "emails[].value");
        assert_eq!(shape(&format!("{ENTERPRISE_URN}:manager")), "+manager");
        assert_eq!(shape(&format!("{}:manager.VALUE", ENTERPRISE_URN.to_uppercase())), {
            "+manager.value"
        });
        assert_eq!(shape(ENTERPRISE_URN), "whole Enterprise User");
    }

    #[test]
    fn what_is_no_path_is_refused_c108() {
        for text in [
            "",
            "[type eq 1]",
            "colour",
            "emails.colour",
            "emails[type eq \"w\"].colour",
            "userName[value eq \"x\"]",
            "name[givenName eq \"x\"]",
            "emails.value[type eq \"x\"]",
            "emails[type eq \"w\"]x",
            "emails[type eq \"w\"].",
            "emails value",
            "department",
            "urn:example:x",
            USER_URN,
            "emails]",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidPath), "{text}");
        }
        for text in ["emails[", "emails[]", "emails[type xx 1]", "emails[colour eq 1]", "emails[a"]
        {
            let error = parse(text).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{text}");
        }
    }

    #[test]
    fn a_conjunction_of_equalities_describes_an_element_d3() {
        let described = |text: &str| target(text).selection.unwrap().described().map(Value::Object);
        assert_eq!(
            described(r#"emails[TYPE eq "work" and primary eq "True"]"#),
            Some(json!({"type": "work", "primary": true}))
        );
        assert_eq!(described(r#"emails[type eq "work" or type eq "home"]"#), None);
        assert_eq!(described(r#"emails[type ne "work"]"#), None);
        assert_eq!(described(r#"emails[not (type eq "work")]"#), None);
        assert_eq!(described(r#"emails[type eq "a" and type eq "b"]"#), None);
        assert_eq!(described("emails[type eq null]"), None);
    }

    #[test]
    fn alternatives_of_one_sub_attribute_are_listed() {
        let of = |text: &str| target(text).selection.unwrap().alternatives("value");
        assert_eq!(of(r#"emails[value eq "a"]"#), Some(vec!["a".into()]));
        assert_eq!(
            of(r#"emails[value eq "a" or VALUE eq "b"]"#),
            Some(vec!["a".into(), "b".into()])
        );
        assert_eq!(of(r#"emails[value eq "a" or type eq "b"]"#), None);
        assert_eq!(of(r#"emails[value sw "a"]"#), None);
    }

    fn inner() -> impl Strategy<Value = String> {
        let name = select(&["value", "type", "display", "TYPE"][..]);
        let literal = "[^\\x00]{0,8}".prop_map(|text| Literal::Text(text).to_string());
        let term = (name, select(&["eq", "co", "ne", "sw"][..]), literal)
            .prop_map(|(name, op, literal)| format!("{name} {op} {literal}"));
        term.prop_recursive(2, 4, 2, |part| {
            prop_oneof![
                (part.clone(), part.clone()).prop_map(|(a, b)| format!("({a} or {b}) and {a}")),
                part.prop_map(|part| format!("not ({part})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_path_is_read_back_from_its_parts_whatever_text_is_quoted_in_it_c107(
            name in select(&["emails", "roles", "phoneNumbers", "IMS"][..]),
            inner in inner(),
            sub in proptest::option::of(select(&["value", "type", "display"][..])),
        ) {
            let rest = sub.map(|sub| format!(".{sub}")).unwrap_or_default();
            let target = target(&format!("{name}[{inner}]{rest}"));
            prop_assert!(target.attribute.name.eq_ignore_ascii_case(name));
            prop_assert_eq!(target.sub.map(|sub| sub.name), sub);
            prop_assert_eq!(target.selection.unwrap().filter.to_string(), inner);
        }
    }
}
