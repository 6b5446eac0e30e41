//! Compares a body with what a case wants of it.
//!
//! Objects are compared by the members that are written down, arrays whole and in order. A number
//! is never a text. `{{absent}}` is for a member that must not be there, `...` for one that may be
//! anything; at the end of an array `...` allows further elements, and `{{any order}}` at its
//! begin frees the order.

use serde_json::{Map, Value};

use super::names::Names;

const ABSENT: &str = "{{absent}}";
const ANY_ORDER: &str = "{{any order}}";
const ANYTHING: &str = "...";

/// One comparison, which collects every difference.
pub struct Comparison<'n> {
    /// What is known by name, and what is captured on the way.
    pub names: &'n mut Names,
    /// Whether objects hold nothing but what is written down.
    pub exactly: bool,
    /// The differences, each with its place.
    pub faults: Vec<String>,
}

impl Comparison<'_> {
    /// Compares a value at this place.
    pub fn value(&mut self, at: &str, wanted: &Value, actual: &Value) {
        match (wanted, actual) {
            (Value::String(text), _) => {
                if let Err(fault) = self.names.matches(text, actual) {
                    self.fault(at, &fault);
                }
            }
            (Value::Object(wanted), Value::Object(actual)) => self.object(at, wanted, actual),
            (Value::Array(wanted), Value::Array(actual)) => self.array(at, wanted, actual),
            _ if wanted == actual => {}
            _ => self.fault(at, &format!("wanted {wanted}, got {actual}")),
        }
    }

    fn fault(&mut self, at: &str, fault: &str) {
        let at = if at.is_empty() { "/" } else { at };
        self.faults.push(format!("{at}: {fault}"));
    }

    fn object(&mut self, at: &str, wanted: &Map<String, Value>, actual: &Map<String, Value>) {
        for (name, value) in wanted {
            let place = format!("{at}/{name}");
            match (actual.get(name), value.as_str() == Some(ABSENT)) {
                (None, true) => {}
                (Some(there), true) => self.fault(&place, &format!("must be absent, is {there}")),
                (None, false) => self.fault(&place, "is missing"),
                (Some(there), false) => self.value(&place, value, there),
            }
        }
        if self.exactly {
            for name in actual.keys().filter(|name| !wanted.contains_key(*name)) {
                self.fault(&format!("{at}/{name}"), "is there besides");
            }
        }
    }

    fn array(&mut self, at: &str, wanted: &[Value], actual: &[Value]) {
        let (any_order, wanted) = match wanted.split_first() {
            Some((first, rest)) if first.as_str() == Some(ANY_ORDER) => (true, rest),
            _ => (false, wanted),
        };
        let (more, wanted) = match wanted.split_last() {
            Some((last, rest)) if last.as_str() == Some(ANYTHING) => (true, rest),
            _ => (false, wanted),
        };
        if actual.len() < wanted.len() || (actual.len() > wanted.len() && !more) {
            let (wanted, actual) = (Value::from(wanted), Value::from(actual));
            self.fault(at, &format!("wanted {wanted}, got {actual}"));
        } else if any_order {
            self.unordered(at, wanted, actual);
        } else {
            for (index, (wanted, actual)) in wanted.iter().zip(actual).enumerate() {
                self.value(&format!("{at}/{index}"), wanted, actual);
            }
        }
    }

    /// Each wanted element takes the first that fits and is not yet taken.
    fn unordered(&mut self, at: &str, wanted: &[Value], actual: &[Value]) {
        let mut left: Vec<&Value> = actual.iter().collect();
        for element in wanted {
            let fitting = left.iter().position(|candidate| {
                let mut names = self.names.clone();
                let exactly = self.exactly;
                let mut trial = Comparison { names: &mut names, exactly, faults: Vec::new() };
                trial.value(at, element, candidate);
                let fits = trial.faults.is_empty();
                if fits {
                    *self.names = names;
                }
                fits
            });
            match fitting {
                Some(index) => {
                    left.remove(index);
                }
                None => {
                    let actual = Value::from(actual);
                    self.fault(at, &format!("none is {element} in {actual}"));
                }
            }
        }
    }
}
