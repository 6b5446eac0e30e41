//! Filters checked against the tables: unknown names, hidden attributes and types (C64, C76, D4).

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::ast::{Expr, Filter, Literal, Op};
use super::eval::compare;
use super::parser::word_boolean;
use crate::scim::attribute_path::AttributePath;
use crate::scim::dialect::{Dialect, Notes, Tolerance};
use crate::scim::error::{ScimError, excerpt};
use crate::scim::fold;
use crate::scim::instant;
use crate::scim::locator::{Locator, Sub};
use crate::scim::schema::{Attribute, Kind, ResourceType};

/// A filter ready to be evaluated.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub(super) root: Node,
    notes: Notes,
}

/// A checked expression. `And` of nothing always holds, `Or` of nothing never does.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Present(Locator),
    Compare(Locator, Op, Operand),
    Element(Locator, Box<Node>),
}

/// The right side, of the type of the left.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// Compared as it is.
    Exact(String),
    /// Compared by key; already folded.
    Folded(String),
    Bool(bool),
    Number(Number),
    Instant(Timestamp),
}

impl Filter {
    /// Checks every attribute against the tables of a resource type.
    ///
    /// # Errors
    /// [`ScimError::invalid_filter`] for an unknown attribute (D4), one that is never returned
    /// (C76), an operator or value that does not fit the type (C64). The detail names the column.
    pub fn resolve(&self, rt: &ResourceType) -> Result<Resolved, ScimError> {
        self.check(Scope::Resource(rt), false)
    }

    /// Checks every attribute as [`Self::resolve`] does, for one of several types that are queried
    /// together: an attribute that this type does not know counts as unassigned (C73).
    ///
    /// # Errors
    /// As [`Self::resolve`], but for unknown attributes.
    pub fn resolve_among(&self, rt: &ResourceType) -> Result<Resolved, ScimError> {
        self.check(Scope::Resource(rt), true)
    }

    /// Checks every attribute against the sub-attributes of a complex attribute.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_within(&self, attribute: &'static Attribute) -> Result<Resolved, ScimError> {
        self.check(Scope::Element(attribute), false)
    }

    fn check(&self, scope: Scope<'_>, lenient: bool) -> Result<Resolved, ScimError> {
        let mut checker = Checker { dialect: self.dialect, lenient, notes: self.notes.clone() };
        let root = checker.node(&self.expr, scope)?;
        Ok(Resolved { root, notes: checker.notes })
    }
}

impl Resolved {
    /// The tolerances that text and values used.
    pub const fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Tells whether any term reads this top-level attribute, given in canonical spelling.
    ///
    /// Callers use it to load what a document does not hold, such as `members` or `groups`.
    pub fn mentions(&self, name: &str) -> bool {
        self.root.mentions(name)
    }

    /// Tells whether no resource of the type can satisfy it, whatever it holds.
    pub fn is_never(&self) -> bool {
        self.root.is_never()
    }

    /// Tells whether every resource of the type satisfies it.
    pub fn is_always(&self) -> bool {
        self.root.is_always()
    }
}

impl Node {
    const fn settled(holds: bool) -> Self {
        if holds { Self::And(Vec::new()) } else { Self::Or(Vec::new()) }
    }

    pub(super) fn is_never(&self) -> bool {
        match self {
            Self::Or(parts) => parts.iter().all(Self::is_never),
            Self::And(parts) => parts.iter().any(Self::is_never),
            Self::Not(part) => part.is_always(),
            Self::Present(_) | Self::Compare(..) | Self::Element(..) => false,
        }
    }

    fn is_always(&self) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(Self::is_always),
            Self::And(parts) => parts.iter().all(Self::is_always),
            Self::Not(part) => part.is_never(),
            Self::Present(_) | Self::Compare(..) | Self::Element(..) => false,
        }
    }

    fn mentions(&self, name: &str) -> bool {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().any(|part| part.mentions(name)),
            Self::Not(part) => part.mentions(name),
            Self::Present(at) | Self::Compare(at, ..) | Self::Element(at, _) => {
                at.extension.is_none() && at.attribute.name == name
            }
        }
    }
}

/// What names stand for: attributes of a resource, or sub-attributes of one attribute.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource(&'a ResourceType),
    Element(&'static Attribute),
}

struct Checker {
    dialect: Dialect,
    lenient: bool,
    notes: Notes,
}

impl Checker {
    fn node(&mut self, expr: &Expr, scope: Scope<'_>) -> Result<Node, ScimError> {
        Ok(match expr {
            Expr::Or(parts) => Node::Or(self.nodes(parts, scope)?),
            Expr::And(parts) => Node::And(self.nodes(parts, scope)?),
            Expr::Not(part) => Node::Not(Box::new(self.node(part, scope)?)),
            Expr::Present(path) => match self.locate(path, scope)? {
                Some(at) => Node::Present(at),
                None => Node::settled(false),
            },
            Expr::Compare(path, op, value) => self.compare(path, *op, value, scope)?,
            Expr::Element(path, part) => {
                let Some(at) = self.locate(path, scope)? else {
                    return Ok(Node::settled(false));
                };
                if at.leaf().kind != Kind::Complex || at.attribute.open {
                    return Err(refused(path, "has no sub-attributes to filter by"));
                }
                let inner = self.node(part, Scope::Element(at.leaf()))?;
                Node::Element(at, Box::new(inner))
            }
        })
    }

    fn nodes(&mut self, parts: &[Expr], scope: Scope<'_>) -> Result<Vec<Node>, ScimError> {
        parts.iter().map(|part| self.node(part, scope)).collect()
    }

    fn compare(
        &mut self,
        path: &AttributePath,
        op: Op,
        value: &Literal,
        scope: Scope<'_>,
    ) -> Result<Node, ScimError> {
        let at = self.locate(path, scope)?;
        if *value == Literal::Null {
            let present = at.map_or_else(|| Node::settled(false), Node::Present);
            return match op {
                Op::Eq => Ok(Node::Not(Box::new(present))),
                Op::Ne => Ok(present),
                _ => Err(refused(path, "compares with null by eq and ne alone")),
            };
        }
        let Some(at) = at else { return Ok(Node::settled(op == Op::Ne)) };
        let at =
            at.at_value().ok_or_else(|| refused(path, "is complex: name one sub-attribute"))?;
        let operand = self.operand(at.leaf(), op, value).map_err(|why| refused(path, why))?;
        if let Scope::Resource(rt) = scope
            && names_the_type(&at)
        {
            return Ok(Node::settled(compare(op, Some(&Value::from(rt.name)), &operand)));
        }
        Ok(Node::Compare(at, op, operand))
    }

    /// Finds what a name leads to; `None` for one that is unknown and may be.
    fn locate(&self, path: &AttributePath, scope: Scope<'_>) -> Result<Option<Locator>, ScimError> {
        let found = match scope {
            Scope::Resource(rt) => Locator::resolve(path, rt),
            Scope::Element(attribute) => Locator::resolve_within(path, attribute),
        };
        let at = match found {
            Ok(at) => at,
            Err(_) if self.lenient => return Ok(None),
            Err(error) => {
                let detail = format!("{} (column {})", error.detail, path.column);
                return Err(ScimError::invalid_filter(detail));
            }
        };
        if at.attribute.is_hidden() || at.leaf().is_hidden() {
            return Err(refused(path, "cannot be filtered by"));
        }
        Ok(Some(at))
    }

    fn operand(
        &mut self,
        leaf: &Attribute,
        op: Op,
        value: &Literal,
    ) -> Result<Operand, &'static str> {
        match (leaf.kind, value) {
            (Kind::Complex, _) => Err("is complex: name one sub-attribute"),
            (Kind::Boolean, _) if op.is_ordering() || op.is_partial() => {
                Err("is a boolean: only eq, ne and pr apply")
            }
            (Kind::Boolean, Literal::Bool(value)) => Ok(Operand::Bool(*value)),
            (Kind::Boolean, Literal::Text(word)) => match word_boolean(word) {
                Some(value) if self.dialect.allows(Tolerance::WordBoolean) => {
                    self.notes.used(Tolerance::WordBoolean);
                    Ok(Operand::Bool(value))
                }
                _ => Err("is a boolean: compare it with true or false"),
            },
            (Kind::Boolean, _) => Err("is a boolean: compare it with true or false"),
            (Kind::Integer | Kind::Decimal, _) if op.is_partial() => {
                Err("is a number: co, sw and ew do not apply")
            }
            (Kind::Integer | Kind::Decimal, Literal::Number(n)) => Ok(Operand::Number(n.clone())),
            (Kind::Integer | Kind::Decimal, _) => Err("is a number: compare it with a number"),
            (Kind::Binary, _) if op.is_ordering() => Err("is binary: it has no order"),
            (Kind::DateTime, Literal::Text(text)) if !op.is_partial() => {
                let parsed = instant::parse(text).ok_or("is a dateTime: compare it with one")?;
                Ok(Operand::Instant(parsed))
            }
            (_, Literal::Text(text)) if leaf.case_exact || leaf.kind == Kind::DateTime => {
                Ok(Operand::Exact(text.clone()))
            }
            (_, Literal::Text(text)) => Ok(Operand::Folded(fold(text))),
            _ => Err("is a text: compare it with a text in double quotes"),
        }
    }
}

/// Tells whether this is `meta.resourceType`, which all resources of a type have in common.
fn names_the_type(at: &Locator) -> bool {
    let sub = |sub: &Sub| matches!(sub, Sub::Known(sub) if sub.name == "resourceType");
    at.extension.is_none() && at.attribute.name == "meta" && at.sub.as_ref().is_some_and(sub)
}

fn refused(path: &AttributePath, why: &str) -> ScimError {
    let name = excerpt(&path.to_string());
    ScimError::invalid_filter(format!("'{name}' at column {} {why}", path.column))
}
