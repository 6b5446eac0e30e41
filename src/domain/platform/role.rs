//! A role: a named closure of permissions, with where it may be given and by whom.

use super::index::{KindIndex, PermissionIndex, PermissionSet, RoleIndex};

/// What a grant of a role may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole organization only.
    Organization,
    /// Resources only.
    Resources,
    /// One or the other.
    Either,
}

impl Scope {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Resources => "resources",
            Self::Either => "either",
        }
    }

    /// The scope under a key.
    #[must_use]
    pub fn by_key(key: &str) -> Option<Self> {
        [Self::Organization, Self::Resources, Self::Either]
            .into_iter()
            .find(|scope| scope.key() == key)
    }
}

/// A role of the platform, or a custom one of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its key: `org-admin`; custom ones begin with `custom-`.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// The products it acts on.
    pub products: Vec<String>,
    /// Its closure: its own permissions and those of the roles it includes, minus `excludes`.
    pub permissions: PermissionSet,
    /// The roles whose permissions it has too.
    pub includes: Vec<RoleIndex>,
    /// What it never has; wins over includes.
    pub excludes: Vec<PermissionIndex>,
    /// What a grant of it may reach.
    pub scope: Scope,
    /// The kinds it may be given on; empty where the scope has no resources.
    pub kinds: Vec<KindIndex>,
    /// Those of its permissions that any grant of it gives for the whole organization.
    pub organization_permissions: PermissionSet,
    /// The least number of resources it is given on.
    pub resources_min: u32,
    /// Who may give it: holders of one of these.
    pub assignable_by: Vec<RoleIndex>,
    /// The permission an inviter needs for it.
    pub invited_with: PermissionIndex,
    /// The role that an organization-wide grant of this one is confined to.
    pub confined_to: Option<RoleIndex>,
    /// Old keys, still accepted on input.
    pub aliases: Vec<String>,
    /// Whether at least one holder must remain.
    pub keep_one: bool,
    /// Whether it is offered in lists of roles.
    pub listed: bool,
    /// Whether an organization made it.
    pub custom: bool,
}
