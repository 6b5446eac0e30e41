//! Which rules read which facts, so that a change evaluates only the rules that it can touch.
//!
//! Wide is right and narrow is wrong here: a rule may be found that a change does not touch, but
//! none that it does may be missed.

use std::collections::{BTreeSet, HashMap};

use super::pattern::Pattern;
use super::profile::PROFILE;
use super::rule::{Each, Rule};
use crate::scim::attribute_path::AttributePath;
use crate::scim::filter::{Expr, Literal, Op};
use crate::scim::locator::{Locator, Sub};
use crate::scim::{fold, fold_cow};

/// What rules can say of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupFacts<'g> {
    /// Its id.
    pub value: &'g str,
    /// Its display name.
    pub display: &'g str,
    /// The client's id of it.
    pub external_id: Option<&'g str>,
}

/// The three names of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum GroupName {
    Value,
    Display,
    ExternalId,
}

impl GroupName {
    fn of(leaf: &str) -> Option<Self> {
        match leaf {
            "value" => Some(Self::Value),
            "display" => Some(Self::Display),
            "externalId" => Some(Self::ExternalId),
            _ => None,
        }
    }

    fn in_group<'g>(self, group: &GroupFacts<'g>) -> Option<&'g str> {
        match self {
            Self::Value => Some(group.value),
            Self::Display => Some(group.display),
            Self::ExternalId => group.external_id,
        }
    }
}

/// What one rule reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    /// Groups it names exactly: by display (folded), id or external id.
    named: Vec<(GroupName, String)>,
    /// Whether it tests groups in any other way.
    any_group: bool,
    /// `each` over one of the names of groups.
    each_group: Option<(GroupName, Pattern)>,
    /// Other top-level attributes, in canonical spelling.
    attributes: BTreeSet<&'static str>,
}

impl Reads {
    pub(super) fn of(when: &Expr, each: Option<&Each>) -> Self {
        let mut reads = Self::default();
        reads.expr(when, None);
        if let Some(each) = each {
            let name = (each.locator.attribute.name == "groups")
                .then(|| each.locator.clone().at_value())
                .flatten()
                .and_then(|at| group_name(&at));
            match name {
                Some(name) => reads.each_group = Some((name, each.pattern.clone())),
                None => reads.attribute(&each.locator),
            }
        }
        reads
    }

    fn attribute(&mut self, at: &Locator) {
        if at.attribute.name == "groups" && at.extension.is_none() {
            self.any_group = true;
        } else {
            self.attributes.insert(at.attribute.name);
        }
    }

    /// `of`: the attribute in whose brackets the expression stands.
    fn expr(&mut self, expr: &Expr, of: Option<&Locator>) {
        match expr {
            Expr::Or(parts) | Expr::And(parts) => {
                parts.iter().for_each(|part| self.expr(part, of));
            }
            Expr::Not(part) => self.expr(part, of),
            Expr::Present(path) => self.term(path, None, of),
            Expr::Compare(path, op, literal) => self.term(path, Some((*op, literal)), of),
            Expr::Element(path, inner) => match Locator::resolve(path, &PROFILE) {
                Ok(at) => self.expr(inner, Some(&at)),
                Err(_) => self.any_group = true,
            },
        }
    }

    fn term(&mut self, path: &AttributePath, test: Option<(Op, &Literal)>, of: Option<&Locator>) {
        let (found, inside) = match of {
            None => (Locator::resolve(path, &PROFILE).ok(), false),
            Some(outer) => (Locator::resolve_within(path, outer.attribute).ok(), true),
        };
        let top = of.or(found.as_ref());
        if let (Some(top), Some(at), Some((Op::Eq, Literal::Text(text)))) = (top, &found, test)
            && top.attribute.name == "groups"
        {
            let name = if inside {
                GroupName::of(at.attribute.name)
            } else {
                at.clone().at_value().and_then(|at| group_name(&at))
            };
            if let Some(name) = name {
                let key = if name == GroupName::Display { fold(text) } else { text.clone() };
                self.named.push((name, key));
                return;
            }
        }
        match top {
            Some(at) => self.attribute(&at.clone()),
            None => self.any_group = true,
        }
    }
}

fn group_name(at: &Locator) -> Option<GroupName> {
    match &at.sub {
        Some(Sub::Known(sub)) => GroupName::of(sub.name),
        _ => None,
    }
}

/// From facts to the places of the rules that read them.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleIndex {
    named: HashMap<GroupName, HashMap<String, Vec<usize>>>,
    any_group: Vec<usize>,
    each_group: Vec<(usize, GroupName, Pattern)>,
    attributes: HashMap<&'static str, Vec<usize>>,
}

impl RuleIndex {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            for (name, key) in &rule.reads.named {
                index.named.entry(*name).or_default().entry(key.clone()).or_default().push(at);
            }
            if rule.reads.any_group {
                index.any_group.push(at);
            }
            if let Some((name, pattern)) = &rule.reads.each_group {
                index.each_group.push((at, *name, pattern.clone()));
            }
            for attribute in &rule.reads.attributes {
                index.attributes.entry(attribute).or_default().push(at);
            }
        }
        index
    }

    /// Rules that a membership in this group, or the end of one, can touch.
    pub(super) fn of_group(&self, group: &GroupFacts<'_>) -> BTreeSet<usize> {
        let mut found: BTreeSet<usize> = self.any_group.iter().copied().collect();
        for (name, keys) in &self.named {
            let Some(text) = name.in_group(group) else { continue };
            let key = if *name == GroupName::Display { fold_cow(text) } else { text.into() };
            found.extend(keys.get(&*key).into_iter().flatten());
        }
        for (at, name, pattern) in &self.each_group {
            if name.in_group(group).is_some_and(|text| pattern.is_match(text)) {
                found.insert(*at);
            }
        }
        found
    }

    /// Rules that read a top-level attribute, in any letter case.
    pub(super) fn of_attribute(&self, name: &str) -> BTreeSet<usize> {
        let same = self.attributes.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        same.flat_map(|(_, places)| places).copied().collect()
    }
}
