//! A grant: a user's role, how far it reaches, where it comes from and why.
//!
//! Grants of different sources never erase each other; access is the union of live grants. How a
//! role and a list of resources become grants is one function here, [`spread`], for invites,
//! hands and rules alike.

use serde::{Deserialize, Serialize};

use super::RoleTable;
use crate::domain::id::{GrantId, UserId};
use crate::domain::platform::{KindIndex, Role, RoleIndex, Scope};
use crate::domain::resource::{ResourcePrefix, ResourceRef};
use crate::domain::time::Timestamp;

/// What a grant covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// The whole organization.
    Organization,
    /// One resource and everything below it.
    Resource(ResourceRef),
    /// Resources whose keys begin alike, those that come later too, and everything below them.
    Prefix(ResourcePrefix),
    /// No resource yet.
    Nothing,
}

impl Reach {
    /// The resource in the words of the API: `kind:key`, `kind:prefix*`, or `None` for the whole
    /// organization and for no resource yet.
    #[must_use]
    pub fn resource(&self) -> Option<String> {
        match self {
            Self::Organization | Self::Nothing => None,
            Self::Resource(resource) => Some(resource.to_string()),
            Self::Prefix(prefix) => Some(prefix.to_string()),
        }
    }

    /// The kind of the resources it names.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::Organization | Self::Nothing => None,
            Self::Resource(resource) => Some(resource.kind()),
            Self::Prefix(prefix) => Some(prefix.kind()),
        }
    }
}

/// Where a grant comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A mapping rule.
    Rule,
    /// An invite.
    Invite,
    /// A hand.
    Manual,
    /// The billing system.
    Billing,
    /// A program of the organization or the operator.
    Api,
    /// The operator, for one of its own people.
    Guest,
    /// The default role of just-in-time creation.
    Sso,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 7] =
        [Self::Rule, Self::Invite, Self::Manual, Self::Billing, Self::Api, Self::Guest, Self::Sso];

    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Invite => "invite",
            Self::Manual => "manual",
            Self::Billing => "billing",
            Self::Api => "api",
            Self::Guest => "guest",
            Self::Sso => "sso",
        }
    }

    /// The source under a key.
    #[must_use]
    pub fn by_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.key() == key)
    }
}

/// A fact that made a rule match.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Matched {
    /// The attribute: `groups.display`.
    pub attribute: String,
    /// Its value then.
    pub value: String,
}

/// One grant as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its own id.
    pub id: GrantId,
    /// Whose it is.
    pub user: UserId,
    /// The role's key.
    pub role: String,
    /// What it covers.
    pub reach: Reach,
    /// Where it comes from.
    pub source: Source,
    /// The rule, invite or person behind the source.
    pub source_id: Option<String>,
    /// Its name for people.
    pub source_name: Option<String>,
    /// For a rule: the facts that matched.
    pub why: Vec<Matched>,
    /// The instant from which it gives nothing.
    pub expires_at: Option<Timestamp>,
}

/// Why a role cannot be given so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpreadRefused {
    /// The role reaches the whole organization only.
    #[error("`{role}` is given for the whole organization only")]
    OrganizationOnly {
        /// The role's key.
        role: String,
    },
    /// The role needs more resources than were named.
    #[error("`{role}` needs at least {least} resource(s)")]
    TooFew {
        /// The role's key.
        role: String,
        /// The least number.
        least: u32,
    },
    /// The platform has no such kind.
    #[error("no kind of resource `{kind}`")]
    UnknownKind {
        /// The place in the list.
        at: usize,
        /// The kind that was named.
        kind: String,
    },
    /// The role is not given on this kind.
    #[error("`{role}` is not given on a {kind}")]
    WrongKind {
        /// The place in the list.
        at: usize,
        /// The role's key.
        role: String,
        /// The kind that was named.
        kind: String,
    },
}

impl SpreadRefused {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OrganizationOnly { .. } => "organization-only",
            Self::TooFew { .. } => "resources-required",
            Self::UnknownKind { .. } => "kind-unknown",
            Self::WrongKind { .. } => "kind-not-allowed",
        }
    }

    /// The place in the list of resources that is wrong, where it is one.
    #[must_use]
    pub const fn at(&self) -> Option<usize> {
        match self {
            Self::OrganizationOnly { .. } | Self::TooFew { .. } => None,
            Self::UnknownKind { at, .. } | Self::WrongKind { at, .. } => Some(*at),
        }
    }
}

/// Which role a list of resources goes to, and what the role itself is given on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spreading {
    /// The role on the whole organization, and nothing else.
    Organization,
    /// The role on no resource yet.
    Nothing,
    /// The role on each resource.
    Each(RoleIndex),
    /// The role on the whole organization, and the role it is confined to on each resource.
    Confined(RoleIndex),
}

/// Decides where the resources sent with a role go, from their kinds alone.
///
/// # Errors
/// [`SpreadRefused`] when the role is not given on them, or needs some.
pub fn spreading<'a>(
    roles: &RoleTable,
    index: RoleIndex,
    kinds: impl ExactSizeIterator<Item = &'a str>,
) -> Result<Spreading, SpreadRefused> {
    let Some(role) = roles.role(index) else { return Ok(Spreading::Nothing) };
    if u32::try_from(kinds.len()).unwrap_or(u32::MAX) < role.resources_min {
        return Err(SpreadRefused::TooFew { role: role.key.clone(), least: role.resources_min });
    }
    if kinds.len() == 0 {
        let nothing = role.scope == Scope::Resources;
        return Ok(if nothing { Spreading::Nothing } else { Spreading::Organization });
    }
    let (to, taker) = match (role.scope, role.confined_to) {
        (Scope::Organization, None) => {
            return Err(SpreadRefused::OrganizationOnly { role: role.key.clone() });
        }
        (Scope::Organization, Some(confining)) => (Spreading::Confined(confining), confining),
        (Scope::Resources | Scope::Either, _) => (Spreading::Each(index), index),
    };
    let taker = roles.role(taker).unwrap_or(role);
    for (at, kind) in kinds.enumerate() {
        check_kind(roles, taker, at, kind)?;
    }
    Ok(to)
}

fn check_kind(
    roles: &RoleTable,
    role: &Role,
    at: usize,
    kind: &str,
) -> Result<KindIndex, SpreadRefused> {
    let known = roles.definition().kind_index(kind);
    let index = known.ok_or_else(|| SpreadRefused::UnknownKind { at, kind: kind.to_owned() })?;
    if role.kinds.contains(&index) {
        return Ok(index);
    }
    Err(SpreadRefused::WrongKind { at, role: role.key.clone(), kind: kind.to_owned() })
}

/// The grants that a role and the resources sent with it become.
///
/// # Errors
/// [`SpreadRefused`] when the role is not given so.
pub fn spread(
    roles: &RoleTable,
    role: RoleIndex,
    resources: &[ResourceRef],
) -> Result<Vec<(RoleIndex, Reach)>, SpreadRefused> {
    let on_each = |role| resources.iter().map(move |one| (role, Reach::Resource(one.clone())));
    let grants = match spreading(roles, role, resources.iter().map(ResourceRef::kind))? {
        Spreading::Organization => vec![(role, Reach::Organization)],
        Spreading::Nothing => vec![(role, Reach::Nothing)],
        Spreading::Each(role) => on_each(role).collect(),
        Spreading::Confined(to) => {
            std::iter::once((role, Reach::Organization)).chain(on_each(to)).collect()
        }
    };
    Ok(grants)
}

#[cfg(test)]
mod tests {
    use super::super::table::{World, on};
    use super::*;

    fn given(role: &str, resources: &[&str]) -> Result<Vec<(String, Reach)>, SpreadRefused> {
        let world = World::field_vision();
        let roles = world.snapshot.roles();
        let resources: Vec<ResourceRef> =
            resources.iter().map(|name| ResourceRef::parse(name).unwrap()).collect();
        let grants = spread(roles, roles.index(role).unwrap(), &resources)?;
        Ok(grants.into_iter().map(|(role, reach)| (roles.key(role).to_owned(), reach)).collect())
    }

    #[test]
    fn resources_of_a_confined_role_become_grants_of_the_role_it_is_confined_to() {
        let grants = given("auditor", &["site:a", "team:b"]).unwrap();
        let access = |name| ("site-access".to_owned(), on(name));
        let role = ("auditor".to_owned(), Reach::Organization);
        assert_eq!(grants, [role, access("site:a"), access("team:b")]);
    }

    #[test]
    fn a_role_of_either_scope_is_given_on_each_resource_or_on_the_whole_organization() {
        let one = |reach| vec![("field-worker".to_owned(), reach)];
        assert_eq!(given("field-worker", &["site:a"]), Ok(one(on("site:a"))));
        assert_eq!(given("field-worker", &[]), Ok(one(Reach::Organization)));
    }

    #[test]
    fn a_role_is_refused_where_it_is_not_given() {
        let code = |role, resources: &[&str]| given(role, resources).unwrap_err().code();
        assert_eq!(code("org-admin", &["site:a"]), "organization-only");
        assert_eq!(code("field-worker", &["camera:a"]), "kind-unknown");
        assert_eq!(given("auditor", &["site:a", "box:b"]).unwrap_err().at(), Some(1));
        let scoped = "name='x'\nresource_kinds=[{key='k',label='K',plural='K'},\
            {key='l',label='L',plural='L'}]\nroles=[\
            {key='o',label='O',scope='either',keep_one=true},\
            {key='s',label='S',scope='resources',resource_kinds=['k'],resources_min=1},\
            {key='t',label='T',scope='resources',resource_kinds=['k']}]";
        let world = World::of(scoped);
        let roles = world.snapshot.roles();
        let ask =
            |role, resources: &[ResourceRef]| spread(roles, roles.index(role).unwrap(), resources);
        let other = ResourceRef::parse("l:1").unwrap();
        assert_eq!(ask("s", &[]).unwrap_err().code(), "resources-required");
        assert_eq!(ask("s", &[other]).unwrap_err().code(), "kind-not-allowed");
        assert_eq!(ask("t", &[]), Ok(vec![(roles.index("t").unwrap(), Reach::Nothing)]));
    }
}
