//! The rules of one organization, in order, with the index from facts to rules.

use std::collections::{BTreeSet, HashMap};

use super::gate::Gates;
use super::index::{GroupFacts, RuleIndex};
use super::profile::Profile;
use super::rule::Rule;
use crate::domain::id::DirectoryId;
use crate::domain::platform::RoleIndex;

/// An organization has at most this many rules.
pub const RULES_MAX: usize = 500;

/// More rules than an organization may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an organization has at most {RULES_MAX} mapping rules")]
pub struct TooManyRules;

/// The roles that each directory with a ceiling may give; one that is not here may give all.
pub type Ceilings = HashMap<DirectoryId, BTreeSet<RoleIndex>>;

/// Checked rules in the order in which they apply.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    index: RuleIndex,
    gates: Gates,
    ceilings: Ceilings,
}

/// Some rules of one set, by their places; `None` for all, those that are gone included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Option<BTreeSet<usize>>);

impl Default for Selection {
    fn default() -> Self {
        Self(Some(BTreeSet::new()))
    }
}

impl Selection {
    /// Every rule, and with them those that are gone.
    #[must_use]
    pub const fn all() -> Self {
        Self(None)
    }

    /// Whether no rule is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// Whether every rule is in it, and with them those that are gone.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Adds the rules of another selection of the same set.
    pub fn add(&mut self, other: Self) {
        match (&mut self.0, other.0) {
            (Some(places), Some(more)) => places.extend(more),
            _ => self.0 = None,
        }
    }

    pub(super) fn has(&self, place: usize) -> bool {
        self.0.as_ref().is_none_or(|places| places.contains(&place))
    }
}

impl RuleSet {
    /// Puts rules in order: by position, equal ones by id.
    ///
    /// # Errors
    /// [`TooManyRules`] beyond [`RULES_MAX`].
    pub fn new(mut rules: Vec<Rule>) -> Result<Self, TooManyRules> {
        if rules.len() > RULES_MAX {
            return Err(TooManyRules);
        }
        rules.sort_by_key(|rule| (rule.position, rule.id));
        let (index, gates) = (RuleIndex::new(&rules), Gates::new(&rules));
        Ok(Self { rules, index, gates, ceilings: Ceilings::new() })
    }

    /// The same rules, which give people of these directories no role beyond their ceilings.
    #[must_use]
    pub fn under(self, ceilings: Ceilings) -> Self {
        Self { ceilings, ..self }
    }

    /// Whether a rule may give its roles to people of a directory.
    pub(super) fn may_give(&self, rule: &Rule, directory: Option<DirectoryId>) -> bool {
        let ceiling = directory.and_then(|directory| self.ceilings.get(&directory));
        ceiling.is_none_or(|ceiling| rule.roles().all(|role| ceiling.contains(&role)))
    }

    /// The rules in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules in a selection, in order.
    pub fn selected<'s>(&'s self, selection: &'s Selection) -> impl Iterator<Item = &'s Rule> {
        let chosen = |(place, rule)| selection.has(place).then_some(rule);
        self.rules.iter().enumerate().filter_map(chosen)
    }

    /// The rules in a selection that may match a profile, in order.
    pub(super) fn likely<'s>(
        &'s self,
        profile: &Profile<'_>,
        selection: &'s Selection,
    ) -> impl Iterator<Item = &'s Rule> {
        let passed = self.gates.passed(&profile.layers()).into_iter();
        let chosen = passed.filter(|place| selection.has(*place));
        chosen.filter_map(|place| self.rules.get(place))
    }

    /// The rules whose grants a membership in a group, or its end, can change. For a rename, ask
    /// with the old and with the new name.
    #[must_use]
    pub fn touched_by_group(&self, group: &GroupFacts<'_>) -> Selection {
        self.with_rivals(self.index.of_group(group))
    }

    /// The rules whose grants a change of this top-level attribute (`department`, `emails`,
    /// `claims`) can change; extension attributes go by their bare name.
    #[must_use]
    pub fn touched_by_attribute(&self, name: &str) -> Selection {
        self.with_rivals(self.index.of_attribute(name))
    }

    /// Whether any rule reads claims of sign-ins.
    #[must_use]
    pub fn reads_claims(&self) -> bool {
        !self.index.of_attribute("claims").is_empty()
    }

    /// Exclusive rules win or lose together, so one of them brings the others.
    fn with_rivals(&self, mut places: BTreeSet<usize>) -> Selection {
        let exclusive =
            |place: &usize| self.rules.get(*place).is_some_and(|rule| rule.exclusive_in.is_some());
        if places.iter().any(exclusive) {
            places.extend((0..self.rules.len()).filter(exclusive));
        }
        Selection(Some(places))
    }
}
