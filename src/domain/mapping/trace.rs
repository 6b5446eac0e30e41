//! Which facts made a filter hold: for the `why` of a grant, never for the decision itself.
//!
//! Only terms outside `not` can be shown, since an absence has no value. The meaning of a filter is
//! [`eval`](crate::scim::filter::eval); this finds the values that its positive terms met.

use serde_json::{Map, Value};

use super::profile::PROFILE;
use crate::domain::access::grant::Matched;
use crate::scim::filter::{Expr, Literal, Op};
use crate::scim::fold;
use crate::scim::locator::Locator;

/// At most this many facts are kept of one match.
pub const MATCHED_MAX: usize = 20;
/// A value is kept up to this many characters.
pub const MATCHED_CHARS_MAX: usize = 200;

/// The positive part of a filter.
#[derive(Clone, Debug)]
pub(super) enum Trace {
    Any(Vec<Trace>),
    All(Vec<Trace>),
    /// A term that has no value to show.
    Silent,
    Term(Box<Term>),
    Element(Box<(Locator, Trace)>),
}

#[derive(Clone, Debug)]
pub(super) struct Term {
    name: String,
    locator: Locator,
    /// `None`: present.
    test: Option<(Op, Literal)>,
}

impl Trace {
    /// The positive part of a filter that resolved against the profile.
    pub(super) fn of(expr: &Expr) -> Self {
        build(expr, &|path| Locator::resolve(path, &PROFILE).ok(), "")
    }

    /// The facts that met the filter; `None` when its positive part is not met.
    pub(super) fn matched(&self, layers: &[&Map<String, Value>]) -> Option<Vec<Matched>> {
        match self {
            Self::Silent => Some(Vec::new()),
            Self::All(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(|part| part.matched(layers)).collect();
                Some(short(parts?.into_iter().flatten()))
            }
            Self::Any(parts) => {
                let met: Vec<_> = parts.iter().filter_map(|part| part.matched(layers)).collect();
                (!met.is_empty()).then(|| short(met.into_iter().flatten()))
            }
            Self::Term(term) => term.matched(layers),
            Self::Element(at) => {
                let (locator, inner) = &**at;
                let found = locator.attribute_in(layers)?;
                let elements = found.as_array().map_or(std::slice::from_ref(found), Vec::as_slice);
                let met: Vec<_> = elements
                    .iter()
                    .filter_map(|element| inner.matched(&[element.as_object()?]))
                    .collect();
                (!met.is_empty()).then(|| short(met.into_iter().flatten()))
            }
        }
    }
}

fn short(all: impl Iterator<Item = Matched>) -> Vec<Matched> {
    let mut kept: Vec<Matched> = Vec::new();
    for one in all {
        if kept.len() == MATCHED_MAX {
            break;
        }
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

/// A fact as it is kept.
pub(super) fn fact(attribute: &str, value: &str) -> Matched {
    let value = value.chars().take(MATCHED_CHARS_MAX).collect();
    Matched { attribute: attribute.to_owned(), value }
}

type Find<'f> = &'f dyn Fn(&crate::scim::attribute_path::AttributePath) -> Option<Locator>;

fn build(expr: &Expr, find: Find<'_>, prefix: &str) -> Trace {
    let parts = |parts: &[Expr]| parts.iter().map(|part| build(part, find, prefix)).collect();
    let (path, test) = match expr {
        Expr::Or(all) => return Trace::Any(parts(all)),
        Expr::And(all) => return Trace::All(parts(all)),
        Expr::Not(_) | Expr::Compare(_, Op::Ne, _) | Expr::Compare(_, _, Literal::Null) => {
            return Trace::Silent;
        }
        Expr::Element(path, inner) => {
            let Some(locator) = find(path) else { return Trace::Silent };
            let within = locator.leaf();
            let prefix = format!("{prefix}{path}.");
            let inner = build(inner, &|path| Locator::resolve_within(path, within).ok(), &prefix);
            return Trace::Element(Box::new((locator, inner)));
        }
        Expr::Present(path) => (path, None),
        Expr::Compare(path, op, value) => (path, Some((*op, value.clone()))),
    };
    // What is complex and only present has parts, but no value of its own.
    let locator = find(path).and_then(Locator::at_value);
    locator.map_or(Trace::Silent, |locator| {
        Trace::Term(Box::new(Term { name: format!("{prefix}{path}"), locator, test }))
    })
}

impl Term {
    fn matched(&self, layers: &[&Map<String, Value>]) -> Option<Vec<Matched>> {
        let mut met = Vec::new();
        self.locator.any(layers, |value| {
            let text = value.and_then(text_of).filter(|text| self.meets(text));
            met.extend(text.map(|text| fact(&self.name, &text)));
            met.len() >= MATCHED_MAX
        });
        (!met.is_empty()).then_some(met)
    }

    fn meets(&self, text: &str) -> bool {
        let Some((op, literal)) = &self.test else { return true };
        let wanted = match literal {
            Literal::Text(wanted) => wanted.clone(),
            Literal::Number(wanted) => wanted.to_string(),
            Literal::Bool(wanted) => wanted.to_string(),
            Literal::Null => return false,
        };
        let (text, wanted) = if self.locator.leaf().case_exact {
            (text.to_owned(), wanted)
        } else {
            (fold(text), fold(&wanted))
        };
        match op {
            Op::Eq => text == wanted,
            Op::Co => text.contains(&wanted),
            Op::Sw => text.starts_with(&wanted),
            Op::Ew => text.ends_with(&wanted),
            // Orders are shown with every value there is: this explains, it does not decide.
            Op::Gt | Op::Ge | Op::Lt | Op::Le => true,
            Op::Ne => false,
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        _ => None,
    }
}
