//! From what a profile holds to the rules that may match it.
//!
//! An organization has hundreds of rules of which a person meets a few: those that need a text
//! that she does not have are not evaluated at all.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::rule::Rule;
use crate::scim::fold_cow;
use crate::scim::locator::{Locator, Sub};

/// The rules of a set, each behind the texts that it needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates {
    /// Places of rules that may match anybody.
    open: Vec<usize>,
    /// Places of rules by where a text must be, and its key.
    needing: Vec<(Locator, HashMap<String, Vec<usize>>)>,
}

impl Gates {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut gates = Self::default();
        for (place, rule) in rules.iter().enumerate() {
            let Some(needs) = rule.when.needs() else {
                gates.open.push(place);
                continue;
            };
            for need in needs {
                let known = gates.needing.iter().position(|(at, _)| is_same(at, &need.at));
                let at = known.unwrap_or(gates.needing.len());
                if known.is_none() {
                    gates.needing.push((need.at, HashMap::new()));
                }
                if let Some((_, keys)) = gates.needing.get_mut(at) {
                    keys.entry(need.key).or_default().push(place);
                }
            }
        }
        gates
    }

    /// The places of the rules that may match, in order, each once.
    pub(super) fn passed(&self, layers: &[&Map<String, Value>]) -> Vec<usize> {
        let mut places = self.open.clone();
        for (at, keys) in &self.needing {
            at.any(layers, |value| {
                let text = value.and_then(Value::as_str);
                let met = text.and_then(|text| keys.get(&*fold_cow(text)));
                places.extend(met.into_iter().flatten());
                false
            });
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

fn is_same(one: &Locator, other: &Locator) -> bool {
    let sub = match (&one.sub, &other.sub) {
        (None, None) => true,
        (Some(Sub::Known(one)), Some(Sub::Known(other))) => one.name == other.name,
        (Some(Sub::Free(one)), Some(Sub::Free(other))) => one == other,
        _ => false,
    };
    sub && one.extension == other.extension && one.attribute.name == other.attribute.name
}
