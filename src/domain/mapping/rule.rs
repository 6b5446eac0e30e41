//! A mapping rule: as it is sent and kept ([`RuleDraft`]), and checked ([`Rule`]).

use serde::{Deserialize, Serialize};

use super::index::Reads;
use super::pattern::Pattern;
use super::template::Template;
use super::trace::Trace;
use crate::domain::access::grant::Spreading;
use crate::domain::id::{DirectoryId, RuleId};
use crate::domain::platform::RoleIndex;
use crate::scim::filter::Resolved;
use crate::scim::locator::Locator;

/// A rule as it is sent and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDraft {
    /// Its id, in a preview of rules that exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RuleId>,
    /// Its name for people.
    pub name: String,
    /// Its place: lower ones come first.
    #[serde(default)]
    pub position: u32,
    /// Whether it gives anything.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The directory whose users it reaches; absent: all users that rules reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// A SCIM filter over the profile.
    pub when: String,
    /// What makes one rule serve many resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<EachDraft>,
    /// The role's key or an alias of it.
    pub role: String,
    /// `kind:key` templates; absent: the whole organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// `product`: of the exclusive rules of one product, the first that matches wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<String>,
}

/// The values that a rule is applied to one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EachDraft {
    /// Where the values are: `groups.display`.
    pub attribute: String,
    /// What a whole value must look like; its named captures fill the templates.
    pub pattern: String,
}

const fn yes() -> bool {
    true
}

/// A checked rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Its name for people.
    pub name: String,
    /// Its place: lower ones come first, equal ones by id.
    pub position: u32,
    /// Whether it gives anything.
    pub enabled: bool,
    /// The directory whose users it reaches; `None`: all users that rules reach.
    pub directory: Option<DirectoryId>,
    /// The role it gives.
    pub role: RoleIndex,
    pub(super) when: Resolved,
    pub(super) trace: Trace,
    pub(super) each: Option<Each>,
    pub(super) spreading: Spreading,
    pub(super) templates: Vec<Template>,
    /// For an exclusive rule: the products it is exclusive in; a role without products is
    /// exclusive among such roles.
    pub(super) exclusive_in: Option<Vec<String>>,
    pub(super) reads: Reads,
}

impl Rule {
    /// The roles that it can give: its own, and for resources the one that this is confined to.
    pub(super) fn roles(&self) -> impl Iterator<Item = RoleIndex> {
        let other = match self.spreading {
            Spreading::Each(role) | Spreading::Confined(role) => Some(role),
            Spreading::Organization | Spreading::Nothing => None,
        };
        std::iter::once(self.role).chain(other)
    }
}

/// The checked form of [`EachDraft`].
#[derive(Clone, Debug)]
pub(super) struct Each {
    pub(super) attribute: String,
    pub(super) locator: Locator,
    pub(super) pattern: Pattern,
}
