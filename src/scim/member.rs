//! Members of groups as requests name them (C42 to C44).
//!
//! They never become part of a document: a request is split into attribute changes and membership
//! changes, so that its cost does not depend on the size of the group. `$ref` and `display` say
//! nothing that the id does not say, and are not read.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use super::dialect::{Notes, Tolerance};
use super::error::{ScimError, excerpt};
use super::json;
use super::schema::{KEY_LENGTH_MAX, MEMBERS_MAX};
use super::value::twice;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberKind {
    /// A user.
    User,
    /// A group within the group (C45).
    Group,
}

impl MemberKind {
    /// The word of `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// Reads the word of `type`, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Group].into_iter().find(|kind| text.eq_ignore_ascii_case(kind.as_str()))
    }
}

impl fmt::Display for MemberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A member named by a request: a user or a group, by id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// The id as sent; whether it exists is for the caller to find out (D8).
    pub value: String,
    /// What it is said to be; nothing said is found out by the id (C43, L16).
    pub kind: Option<MemberKind>,
}

/// Reads the value of `members`: an array, one object, or nothing. Each id comes once (C44).
///
/// # Errors
/// [`ScimError::invalid_value`] for a member that is no object, has no id, or is neither a user nor
/// a group.
pub fn read(value: Value, notes: &mut Notes) -> Result<Vec<Member>, ScimError> {
    let values = match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        element => {
            notes.used(Tolerance::BareElement);
            vec![element]
        }
    };
    if values.len() > MEMBERS_MAX {
        return Err(ScimError::invalid_value(format!(
            "members has {} elements; one request may name {MEMBERS_MAX}",
            values.len()
        )));
    }
    let mut seen = HashSet::with_capacity(values.len());
    let mut members = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let member = match value {
            Value::Object(element) => one(element, index, notes)?,
            other => {
                return Err(ScimError::invalid_value(format!(
                    "members[{index}] takes an object, not {}",
                    json::type_name(&other)
                )));
            }
        };
        if seen.insert(member.clone()) {
            members.push(member);
        }
    }
    Ok(members)
}

fn one(element: Map<String, Value>, index: usize, notes: &mut Notes) -> Result<Member, ScimError> {
    let (mut id, mut typed, mut reference) = (None, None, None);
    for (name, value) in element {
        let slot = match name.to_ascii_lowercase().as_str() {
            "value" => &mut id,
            "type" => &mut typed,
            "$ref" => &mut reference,
            "display" => continue,
            _ => {
                notes.dropped(&format!("members.{name}"));
                continue;
            }
        };
        if slot.replace(value).is_some() {
            return Err(twice(&name));
        }
    }
    let refuse = |what: &str| ScimError::invalid_value(format!("members[{index}]{what}"));
    let kind = match typed {
        None | Some(Value::Null) => {
            notes.used(Tolerance::UntypedMember);
            None
        }
        Some(Value::String(word)) => match MemberKind::parse(&word) {
            None => return Err(refuse(&format!(".type '{}' is unknown", excerpt(&word)))),
            known => known,
        },
        Some(_) => return Err(refuse(".type takes a string")),
    };
    match reference {
        Some(Value::Null) => notes.used(Tolerance::UntypedMember),
        None | Some(Value::String(_)) => {}
        Some(_) => return Err(refuse(".$ref takes a URI")),
    }
    match id {
        Some(Value::String(id)) if id.trim().is_empty() => Err(refuse(".value is empty")),
        Some(Value::String(id)) if id.chars().count() > KEY_LENGTH_MAX => {
            Err(refuse(&format!(".value is longer than {KEY_LENGTH_MAX} characters")))
        }
        Some(Value::String(value)) => Ok(Member { value, kind }),
        None | Some(Value::Null) => Err(refuse(".value is missing")),
        Some(_) => Err(refuse(".value takes a string")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(value: Value) -> Result<Vec<String>, String> {
        let members = read(value, &mut Notes::default());
        members.map(|m| m.into_iter().map(|m| m.value).collect()).map_err(|e| e.detail)
    }

    #[test]
    fn a_member_named_twice_is_one_c44() {
        let given = json!([{"value": "a"}, {"value": "b", "type": "user"}, {"VALUE": "a"}]);
        assert_eq!(ids(given), Ok(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn one_object_counts_as_a_list_of_one_l4() {
        let mut notes = Notes::default();
        let members = read(json!({"value": "a", "$ref": null, "display": "x"}), &mut notes);
        assert_eq!(members.map(|m| m.len()), Ok(1));
        assert!(notes.has(Tolerance::BareElement) && notes.has(Tolerance::UntypedMember));
    }

    #[test]
    fn a_member_is_a_user_a_group_or_whatever_its_id_is_c43() {
        let given = json!([{"value": "a", "type": "group"}, {"value": "b", "type": "User"},
            {"value": "c", "$ref": "https://x/Groups/c"}, {"value": "d", "type": null}]);
        let members = read(given, &mut Notes::default()).unwrap();
        let kinds: Vec<_> = members.into_iter().map(|member| member.kind).collect();
        assert_eq!(kinds, [Some(MemberKind::Group), Some(MemberKind::User), None, None]);
    }

    #[test]
    fn shapeless_members_are_refused_c43() {
        for (given, said) in [
            (json!([{"value": "g", "type": "Robot"}]), "'Robot' is unknown"),
            (json!([{"value": "a"}, "b"]), "members[1] takes an object, not a string"),
            (json!([{"display": "x"}]), "value is missing"),
            (json!([{"value": " "}]), "value is empty"),
            (json!([{"value": 5}]), "value takes a string"),
            (json!([{"value": "a".repeat(KEY_LENGTH_MAX + 1)}]), "longer than 512"),
        ] {
            let detail = ids(given).unwrap_err();
            assert!(detail.contains(said), "{detail}");
        }
        assert!(ids(json!([{"value": "a".repeat(KEY_LENGTH_MAX)}])).is_ok());
    }
}
