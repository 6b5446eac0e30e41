//! What a filter means, over a document in canonical spelling. Allocates only for texts beyond
//! ASCII that compare without letter case.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::ast::Op;
use super::resolve::{Node, Operand, Resolved};
use crate::scim::{fold, instant};

/// Tells whether a document satisfies a filter.
pub fn eval(filter: &Resolved, document: &Map<String, Value>) -> bool {
    node(&filter.root, &[document])
}

/// Tells whether a document in layers satisfies a filter; the first layer that has an attribute
/// counts. So `id`, `meta` and `groups` need not be copied into what is stored.
pub fn eval_over(filter: &Resolved, layers: &[&Map<String, Value>]) -> bool {
    node(&filter.root, layers)
}

/// Tells whether one element satisfies a filter resolved within its attribute.
pub fn eval_element(filter: &Resolved, element: &Value) -> bool {
    element.as_object().is_some_and(|held| node(&filter.root, &[held]))
}

fn node(at: &Node, layers: &[&Map<String, Value>]) -> bool {
    match at {
        Node::Or(parts) => parts.iter().any(|part| node(part, layers)),
        Node::And(parts) => parts.iter().all(|part| node(part, layers)),
        Node::Not(part) => !node(part, layers),
        Node::Present(at) => at.any(layers, |value| value.is_some_and(is_set)),
        Node::Compare(at, op, operand) => at.any(layers, |value| compare(*op, value, operand)),
        Node::Element(at, inner) => at.any(layers, |value| {
            value.and_then(Value::as_object).is_some_and(|held| node(inner, &[held]))
        }),
    }
}

/// Tells whether a value counts as assigned (C15, C66).
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(is_set),
        Value::Object(held) => held.values().any(is_set),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Compares one value; an unassigned one satisfies `ne` alone (C74).
pub(super) fn compare(op: Op, value: Option<&Value>, operand: &Operand) -> bool {
    let Some(value) = value else { return op == Op::Ne };
    match (value, operand) {
        (Value::String(text), Operand::Exact(wanted)) => exact(op, text, wanted),
        (Value::String(text), Operand::Folded(wanted)) => folded(op, text, wanted),
        (Value::Bool(value), Operand::Bool(wanted)) => (value == wanted) == (op == Op::Eq),
        (Value::Number(value), Operand::Number(wanted)) => ordered(op, number_order(value, wanted)),
        (Value::String(text), Operand::Instant(wanted)) => {
            ordered(op, instant::parse(text).map(|held| held.cmp(wanted)))
        }
        _ => op == Op::Ne,
    }
}

fn ordered(op: Op, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return op == Op::Ne };
    match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Co | Op::Sw | Op::Ew => false,
    }
}

fn number_order(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn exact(op: Op, text: &str, wanted: &str) -> bool {
    match op {
        Op::Co => text.contains(wanted),
        Op::Sw => text.starts_with(wanted),
        Op::Ew => text.ends_with(wanted),
        _ => ordered(op, Some(text.cmp(wanted))),
    }
}

fn folded(op: Op, text: &str, wanted: &str) -> bool {
    if !text.is_ascii() {
        return exact(op, &fold(text), wanted);
    }
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    match op {
        Op::Eq => text.eq_ignore_ascii_case(wanted),
        Op::Ne => !text.eq_ignore_ascii_case(wanted),
        Op::Co => {
            wanted.is_empty()
                || text.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
        }
        Op::Sw => text.get(..wanted.len()).is_some_and(|part| part.eq_ignore_ascii_case(wanted)),
        Op::Ew => text
            .len()
            .checked_sub(wanted.len())
            .and_then(|from| text.get(from..))
            .is_some_and(|part| part.eq_ignore_ascii_case(wanted)),
        _ => ordered(op, Some(text.iter().map(u8::to_ascii_lowercase).cmp(wanted.iter().copied()))),
    }
}

#[cfg(test)]
#[path = "eval_tests.rs"]
mod tests;
