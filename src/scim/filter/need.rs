//! What a document must hold for a filter to hold.
//!
//! Whoever has many filters and one document evaluates only those whose needs the document meets.
//! Needs may be wider than the filter but never narrower.

use super::ast::Op;
use super::resolve::{Node, Operand, Resolved};
use crate::scim::fold;
use crate::scim::locator::{Locator, Sub};

/// A text that must be found at a place, both compared by their keys from
/// [`fold`](crate::scim::fold()).
#[derive(Debug, Clone)]
pub struct Need {
    /// Where.
    pub at: Locator,
    /// The key of the text.
    pub key: String,
}

impl Resolved {
    /// Texts of which every document that satisfies the filter holds at least one; `None` where it
    /// may hold none that can be named.
    pub fn needs(&self) -> Option<Vec<Need>> {
        needs(&self.root)
    }
}

fn needs(node: &Node) -> Option<Vec<Need>> {
    match node {
        Node::And(parts) => parts.iter().filter_map(needs).min_by_key(Vec::len),
        Node::Or(parts) => {
            let parts: Option<Vec<Vec<Need>>> = parts.iter().map(needs).collect();
            Some(parts?.into_iter().flatten().collect())
        }
        Node::Compare(at, Op::Eq, Operand::Exact(text) | Operand::Folded(text)) => {
            Some(vec![Need { at: at.clone(), key: fold(text) }])
        }
        Node::Element(at, inner) => {
            let found = needs(inner)?;
            found.into_iter().map(|need| within(at, need)).collect()
        }
        Node::Not(_) | Node::Present(_) | Node::Compare(..) => None,
    }
}

/// What an element must hold, as a need of the document.
fn within(outer: &Locator, inner: Need) -> Option<Need> {
    let is_plain = outer.sub.is_none() && inner.at.sub.is_none();
    is_plain.then(|| {
        let at = Locator { sub: Some(Sub::Known(inner.at.attribute)), ..outer.clone() };
        Need { at, key: inner.key }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::catalog::USER;
    use crate::scim::dialect::Dialect;
    use crate::scim::filter::parse;

    fn of(text: &str) -> Option<Vec<String>> {
        let filter = parse(text, Dialect::Generic).unwrap().resolve(&USER).unwrap();
        let name = |need: Need| {
            let sub = need.at.sub.as_ref().map(|_| format!(".{}", need.at.leaf().name));
            format!("{}{}={}", need.at.attribute.name, sub.unwrap_or_default(), need.key)
        };
        Some(filter.needs()?.into_iter().map(name).collect())
    }

    #[test]
    fn equalities_that_every_match_has_are_needs() {
        let needs = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(of(r#"department eq "Quality""#), needs(&["department=quality"]));
        assert_eq!(of(r#"externalId eq "Ada" and title pr"#), needs(&["externalId=ada"]));
        assert_eq!(of(r#"title eq "A" or title eq "B""#), needs(&["title=a", "title=b"]));
        assert_eq!(of(r#"(title eq "A" or title eq "B") and id eq "C""#), needs(&["id=c"]));
        assert_eq!(of(r#"emails eq "A@x""#), needs(&["emails.value=a@x"]));
        assert_eq!(of(r#"emails[type eq "work" and value co "x"]"#), needs(&["emails.type=work"]));
    }

    #[test]
    fn what_may_match_without_an_equality_needs_nothing_that_can_be_named() {
        for text in [
            r#"title eq "a" or userName pr"#,
            r#"not (title eq "a")"#,
            r#"title ne "a""#,
            r#"title eq null"#,
            r#"active eq true"#,
            r#"title sw "a""#,
            r#"meta.lastModified eq "2026-01-01T00:00:00Z""#,
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
