//! Mapping rules: facts of the directory become grants.
//!
//! A [`Rule`] is checked once, against roles, kinds and the tables of attributes; a [`RuleSet`]
//! applies rules to a [`Profile`] and knows which rules read which facts; [`preview`] compares
//! before and after. Which users rules reach and the age of claims are decided by who builds the
//! profile.

mod apply;
mod capture;
mod check;
mod gate;
mod index;
mod pattern;
pub mod preview;
mod profile;
mod rule;
mod rule_set;
mod template;
mod trace;

#[cfg(test)]
mod index_tests;
#[cfg(test)]
mod tests;

pub use apply::{Known, MappedGrant, Outcome, Unresolved, Why};
pub use check::{Refusal, Terms, check};
pub use index::GroupFacts;
pub use profile::{PROFILE, Profile};
pub use rule::{EachDraft, Rule, RuleDraft};
pub use rule_set::{Ceilings, RULES_MAX, RuleSet, Selection, TooManyRules};
