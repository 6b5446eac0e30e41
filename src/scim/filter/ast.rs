//! The tree of a filter as it was written.

use serde_json::Number;

use crate::scim::attribute_path::AttributePath;
use crate::scim::dialect::{Dialect, Notes};

/// A comparison operator (RFC 7644 table 3), `pr` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less or equal.
    Le,
}

impl Op {
    const ALL: [(&'static str, Self); 9] = [
        ("eq", Self::Eq),
        ("ne", Self::Ne),
        ("co", Self::Co),
        ("sw", Self::Sw),
        ("ew", Self::Ew),
        ("gt", Self::Gt),
        ("ge", Self::Ge),
        ("lt", Self::Lt),
        ("le", Self::Le),
    ];

    /// Reads an operator in any letter case (C61).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, op)| *op)
    }

    /// Spells the operator.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// Tells whether it asks for an order.
    pub const fn is_ordering(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }

    /// Tells whether it asks for a part of a text.
    pub const fn is_partial(self) -> bool {
        matches!(self, Self::Co | Self::Sw | Self::Ew)
    }
}

/// The right side of a comparison: a JSON literal (C63).
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// A filter expression. `And` and `Or` hold two or more parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Any part holds.
    Or(Vec<Expr>),
    /// Each part holds.
    And(Vec<Expr>),
    /// The part does not hold.
    Not(Box<Expr>),
    /// The attribute has a value.
    Present(AttributePath),
    /// The attribute compares so.
    Compare(AttributePath, Op, Literal),
    /// One element satisfies the whole part (C68).
    Element(AttributePath, Box<Expr>),
}

/// A parsed filter. Equality is that of the expressions.
#[derive(Debug, Clone)]
pub struct Filter {
    pub(super) expr: Expr,
    pub(super) dialect: Dialect,
    pub(super) notes: Notes,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl Filter {
    /// The expression, for those who look at its shape.
    pub const fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Shows `visit` each text that one attribute is compared with, to be changed; what was
    /// resolved before is not touched.
    pub(in crate::scim) fn visit_texts(&mut self, name: &str, visit: &mut dyn FnMut(&mut String)) {
        self.expr.visit_texts(name, visit);
    }

    /// The tolerances that its text used.
    pub const fn notes(&self) -> &Notes {
        &self.notes
    }
}

impl Expr {
    fn visit_texts(&mut self, name: &str, visit: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Or(parts) | Self::And(parts) => {
                parts.iter_mut().for_each(|part| part.visit_texts(name, visit));
            }
            Self::Not(part) | Self::Element(_, part) => part.visit_texts(name, visit),
            Self::Compare(path, _, Literal::Text(text)) => {
                if path.name.eq_ignore_ascii_case(name) {
                    visit(text);
                }
            }
            Self::Compare(..) | Self::Present(_) => {}
        }
    }
}
