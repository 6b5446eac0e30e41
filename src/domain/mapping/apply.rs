//! Rules applied to a profile: the grants they give, and what they meant but could not name.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::profile::Profile;
use super::rule::Rule;
use super::rule_set::{RuleSet, Selection};
use super::trace::fact;
use crate::domain::access::Snapshot;
use crate::domain::access::grant::{Matched, Reach, Spreading};
use crate::domain::id::RuleId;
use crate::domain::platform::RoleIndex;
use crate::domain::resource::ResourceRef;
use crate::scim::filter::eval_over;

/// A rule gives a user at most this many results.
pub const RESULTS_MAX: usize = 1_000;

/// A grant that a rule gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedGrant {
    /// The rule.
    pub rule: RuleId,
    /// The role; for resources of a confined role, the role it is confined to.
    pub role: RoleIndex,
    /// What it covers.
    pub reach: Reach,
    /// The facts that made the rule match.
    pub matched: Vec<Matched>,
}

/// Why a result of a rule gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// What was captured cannot be part of a key.
    Capture,
    /// No resource is registered under the key.
    Unregistered,
    /// The rule gave as many results as a rule may.
    TooMany,
}

/// A result of a rule that gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The rule.
    pub rule: RuleId,
    /// What its template came to.
    pub resource: String,
    /// Why it gives nothing.
    pub why: Why,
    /// The nearest registered resource, `kind:key`.
    pub nearest: Option<String>,
}

/// What rules give a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Grants, in the order of the rules.
    pub grants: Vec<MappedGrant>,
    /// What gives nothing, in the order of the rules.
    pub unresolved: Vec<Unresolved>,
}

/// What is registered, as far as rules ask.
pub trait Known {
    /// Whether a resource is registered.
    fn is_registered(&self, resource: &ResourceRef) -> bool;
    /// The registered resource of the same kind with the nearest key, when one is near.
    fn nearest(&self, resource: &ResourceRef) -> Option<String>;
}

impl Known for Snapshot {
    fn is_registered(&self, resource: &ResourceRef) -> bool {
        self.resources().find(self.definition(), resource.kind(), resource.key()).is_some()
    }

    fn nearest(&self, resource: &ResourceRef) -> Option<String> {
        let kind = resource.kind();
        let key = self.resources().nearest(self.definition(), kind, resource.key())?;
        Some(format!("{kind}:{key}"))
    }
}

impl RuleSet {
    /// Applies every rule.
    #[must_use]
    pub fn apply(&self, profile: &Profile<'_>, known: &impl Known) -> Outcome {
        self.candidates(profile, &Selection::all()).settle(known)
    }

    /// Applies the rules of a selection, taking every named resource for registered:
    /// [`Outcome::resources`] says which to look up, [`Outcome::settle`] then keeps the right ones.
    #[must_use]
    pub fn candidates(&self, profile: &Profile<'_>, selection: &Selection) -> Outcome {
        let layers = profile.layers();
        let mut outcome = Outcome::default();
        let mut taken: HashSet<&str> = HashSet::new();
        for rule in self.likely(profile, selection) {
            let reached = (rule.directory.is_none() || rule.directory == profile.directory)
                && self.may_give(rule, profile.directory);
            if !rule.enabled || !reached || rule.is_beaten(&taken) {
                continue;
            }
            if rule.give(&layers, &mut outcome) {
                taken.extend(rule.exclusive_in.iter().flatten().map(String::as_str));
            }
        }
        outcome
    }
}

impl Outcome {
    /// The resources that grants name, each once.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceRef> {
        let mut seen = HashSet::new();
        self.grants.iter().filter_map(move |grant| match &grant.reach {
            Reach::Resource(resource) if seen.insert(resource) => Some(resource),
            _ => None,
        })
    }

    /// Takes out what no registered resource has, with the nearest that one has.
    #[must_use]
    pub fn settle(mut self, known: &impl Known) -> Self {
        let unresolved = &mut self.unresolved;
        self.grants.retain(|grant| {
            let Reach::Resource(resource) = &grant.reach else { return true };
            if known.is_registered(resource) {
                return true;
            }
            unresolved.push(Unresolved {
                rule: grant.rule,
                resource: resource.to_string(),
                why: Why::Unregistered,
                nearest: known.nearest(resource),
            });
            false
        });
        self
    }
}

impl Rule {
    /// Whether another exclusive rule has won in one of its products.
    fn is_beaten(&self, taken: &HashSet<&str>) -> bool {
        self.exclusive_in.iter().flatten().any(|product| taken.contains(product.as_str()))
    }

    /// Adds what the rule gives, and tells whether it matched at all.
    fn give(&self, layers: &[&Map<String, Value>], outcome: &mut Outcome) -> bool {
        if !eval_over(&self.when, layers) {
            return false;
        }
        let Some(each) = &self.each else {
            let mut results = Results::new(self, outcome);
            results.add(|_| None, &self.matched(layers));
            return true;
        };
        let mut values: Vec<String> = Vec::new();
        each.locator.any(layers, |value| {
            values.extend(value.and_then(Value::as_str).map(str::to_owned));
            false
        });
        let mut seen = HashSet::new();
        values.retain(|value| each.pattern.is_match(value) && seen.insert(value.clone()));
        if values.is_empty() {
            return false;
        }
        // The values of the other results are no reason for this one.
        let mut when = self.matched(layers);
        when.retain(|fact| fact.attribute != each.attribute || !values.contains(&fact.value));
        let mut results = Results::new(self, outcome);
        for value in &values {
            let Some(captures) = each.pattern.captures(value) else { continue };
            let mut matched = when.clone();
            matched.push(fact(&each.attribute, value));
            results.add(|name| captures.name(name).map(|found| found.as_str()), &matched);
            if results.is_full() {
                break;
            }
        }
        true
    }

    fn matched(&self, layers: &[&Map<String, Value>]) -> Vec<Matched> {
        self.trace.matched(layers).unwrap_or_default()
    }
}

/// The results of one rule for one user, counted.
struct Results<'r, 'o> {
    rule: &'r Rule,
    outcome: &'o mut Outcome,
    seen: HashSet<(RoleIndex, Reach)>,
    count: usize,
}

impl<'r, 'o> Results<'r, 'o> {
    fn new(rule: &'r Rule, outcome: &'o mut Outcome) -> Self {
        Self { rule, outcome, seen: HashSet::new(), count: 0 }
    }

    const fn is_full(&self) -> bool {
        self.count > RESULTS_MAX
    }

    /// Adds what the rule gives for one set of captures.
    fn add<'c>(&mut self, capture: impl Fn(&str) -> Option<&'c str>, matched: &[Matched]) {
        let rule = self.rule;
        let to = match rule.spreading {
            Spreading::Organization => {
                return self.grant(rule.role, Reach::Organization, matched);
            }
            Spreading::Nothing => return self.grant(rule.role, Reach::Nothing, matched),
            Spreading::Each(role) => role,
            Spreading::Confined(role) => {
                self.grant(rule.role, Reach::Organization, matched);
                role
            }
        };
        for template in &rule.templates {
            match template.fill(&capture) {
                Ok(reach) => self.grant(to, reach, matched),
                Err(resource) => self.unresolved(resource),
            }
            if self.is_full() {
                return;
            }
        }
    }

    fn grant(&mut self, role: RoleIndex, reach: Reach, matched: &[Matched]) {
        if !self.seen.insert((role, reach.clone())) {
            return;
        }
        if self.counts(|| reach.resource().unwrap_or_default()) {
            let (rule, matched) = (self.rule.id, matched.to_vec());
            self.outcome.grants.push(MappedGrant { rule, role, reach, matched });
        }
    }

    fn unresolved(&mut self, resource: String) {
        if self.counts(|| resource.clone()) {
            let (rule, why) = (self.rule.id, Why::Capture);
            self.outcome.unresolved.push(Unresolved { rule, resource, why, nearest: None });
        }
    }

    /// Counts a result, and tells whether there is room for it; the first that is one too many is
    /// noted.
    fn counts(&mut self, resource: impl FnOnce() -> String) -> bool {
        if self.is_full() {
            return false;
        }
        self.count += 1;
        if self.is_full() {
            let (rule, why) = (self.rule.id, Why::TooMany);
            let resource = resource();
            self.outcome.unresolved.push(Unresolved { rule, resource, why, nearest: None });
        }
        !self.is_full()
    }
}
