//! The one term of a filter that an index can answer.
//!
//! A store finds candidates by it and evaluates the whole filter over them again, so this may be
//! wider than the filter but never narrower (S10).

use super::ast::Op;
use super::resolve::{Node, Operand, Resolved};
use crate::scim::locator::{Locator, Sub};

/// An equality that every match of the filter satisfies. `String`s are exact values or, where the
/// attribute compares without letter case, keys from [`fold`](crate::scim::fold()).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The id, exact.
    Id(String),
    /// The key of the userName.
    UserName(String),
    /// The externalId, exact.
    ExternalId(String),
    /// The key of an e-mail address of type work.
    WorkEmail(String),
    /// The key of an e-mail address of any type.
    AnyEmail(String),
    /// The key of the displayName.
    DisplayName(String),
    /// The id of a member of the group, exact.
    Member(String),
    /// The id of a group of the user, exact.
    Group(String),
}

impl Lookup {
    const fn rank(&self) -> u8 {
        match self {
            Self::Id(_) => 0,
            Self::UserName(_) => 1,
            Self::ExternalId(_) => 2,
            Self::WorkEmail(_) => 3,
            Self::AnyEmail(_) => 4,
            Self::DisplayName(_) => 5,
            Self::Member(_) | Self::Group(_) => 6,
        }
    }
}

impl Resolved {
    /// Finds the narrowest equality that the whole filter implies, if an index can answer it.
    ///
    /// The filter has still to be evaluated on the candidates.
    pub fn lookup(&self) -> Option<Lookup> {
        find(&self.root)
    }
}

fn find(node: &Node) -> Option<Lookup> {
    match node {
        Node::And(parts) => parts.iter().filter_map(find).min_by_key(Lookup::rank),
        Node::Or(parts) => {
            let mut live = parts.iter().filter(|part| !part.is_never());
            let only = live.next()?;
            live.next().is_none().then(|| find(only)).flatten()
        }
        Node::Compare(at, Op::Eq, Operand::Exact(text) | Operand::Folded(text)) => term(at, text),
        Node::Element(at, inner) if at.extension.is_none() => within(at.attribute.name, inner),
        _ => None,
    }
}

fn term(at: &Locator, text: &str) -> Option<Lookup> {
    let sub = match &at.sub {
        None => "",
        Some(Sub::Known(sub)) => sub.name,
        Some(Sub::Free(_)) => return None,
    };
    let text = || text.to_owned();
    match (at.extension, at.attribute.name, sub) {
        (None, "id", "") => Some(Lookup::Id(text())),
        (None, "userName", "") => Some(Lookup::UserName(text())),
        (None, "externalId", "") => Some(Lookup::ExternalId(text())),
        (None, "displayName", "") => Some(Lookup::DisplayName(text())),
        (None, "emails", "value") => Some(Lookup::AnyEmail(text())),
        (None, "members", "value") => Some(Lookup::Member(text())),
        (None, "groups", "value") => Some(Lookup::Group(text())),
        _ => None,
    }
}

/// Reads `attribute[…]`: an equality on `value`, and for e-mails one on `type` beside it.
fn within(attribute: &str, inner: &Node) -> Option<Lookup> {
    let parts = match inner {
        Node::And(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let equal = |name: &str| {
        parts.iter().find_map(|part| match part {
            Node::Compare(at, Op::Eq, Operand::Exact(text) | Operand::Folded(text))
                if at.attribute.name == name =>
            {
                Some(text.clone())
            }
            _ => None,
        })
    };
    let value = equal("value")?;
    match attribute {
        "emails" if equal("type").as_deref() == Some("work") => Some(Lookup::WorkEmail(value)),
        "emails" => Some(Lookup::AnyEmail(value)),
        "members" => Some(Lookup::Member(value)),
        "groups" => Some(Lookup::Group(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::catalog::{GROUP, USER};
    use crate::scim::dialect::Dialect;
    use crate::scim::filter::parse;

    fn of(text: &str) -> Option<Lookup> {
        let filter = parse(text, Dialect::Generic).unwrap();
        filter.resolve(&USER).or_else(|_| filter.resolve(&GROUP)).unwrap().lookup()
    }

    #[test]
    fn an_equality_on_an_indexed_attribute_is_found_s10() {
        assert_eq!(of(r#"userName eq "Ada""#), Some(Lookup::UserName("ada".into())));
        assert_eq!(of(r#"externalId eq "Ada""#), Some(Lookup::ExternalId("Ada".into())));
        assert_eq!(of(r#"id eq "X" and manager eq "y""#), Some(Lookup::Id("X".into())));
        assert_eq!(of(r#"emails eq "A@x""#), Some(Lookup::AnyEmail("a@x".into())));
        assert_eq!(of(r#"emails[value eq "A@x"]"#), Some(Lookup::AnyEmail("a@x".into())));
        assert_eq!(of(r#"emails[type eq "Work"].value eq "A@x""#), {
            Some(Lookup::WorkEmail("a@x".into()))
        });
        assert_eq!(of(r#"displayName eq "G""#), Some(Lookup::DisplayName("g".into())));
        assert_eq!(of(r#"members eq "u1""#), Some(Lookup::Member("u1".into())));
    }

    #[test]
    fn a_part_that_another_type_alone_can_satisfy_is_no_reason_to_scan_c73() {
        let text = r#"userName eq "Ada" or members eq "u" or meta.resourceType eq "Group""#;
        let filter = parse(text, Dialect::Generic).unwrap();
        let of = |rt: &crate::scim::ResourceType| filter.resolve_among(rt).unwrap();
        assert_eq!(of(&USER).lookup(), Some(Lookup::UserName("ada".into())));
        assert_eq!(of(&GROUP).lookup(), None);
        assert!(of(&GROUP).is_always() && !of(&USER).is_always() && !of(&USER).is_never());
    }

    #[test]
    fn what_an_index_would_answer_too_narrowly_is_left_alone() {
        for text in [
            r#"userName eq "a" or id eq "b""#,
            r#"not (userName eq "a")"#,
            r#"userName ne "a""#,
            r#"userName sw "a""#,
            r#"emails[type eq "work" or value eq "a"]"#,
            r#"title eq "a""#,
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
