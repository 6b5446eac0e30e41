//! The platform definition: resource kinds, permissions and roles of the one platform that a
//! deployment serves.
//!
//! A definition is TOML, read raw and then checked whole: either every key in it means something,
//! or [`Definition::parse`] names each mistake with its line and key. What is checked is looked
//! up by small handles ([`PermissionIndex`], [`RoleIndex`], [`KindIndex`]), so that a decision
//! compares integers. Custom roles of organizations are not here; they join in a role table.

mod action;
mod check;
mod closure;
mod index;
mod mistake;
mod permissions;
mod preset;
mod raw;
mod read;
mod role;
mod roles;

use std::collections::HashMap;

pub use action::Action;
pub use index::{KindIndex, LevelIndex, PermissionIndex, PermissionSet, RoleIndex};
pub use mistake::Mistake;
pub(crate) use mistake::nearest;
pub use preset::{preset, preset_names};
pub use role::{Role, Scope};
pub use roles::{CUSTOM_PREFIX, SUB_USER_ROLE};

/// A checked platform definition.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its key: `field-vision`.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// The prefix of the claims that platform apps get, or `None` for bare names.
    pub claims_namespace: Option<String>,
    /// The headings of the two tabs of users.
    pub tabs: Tabs,
    /// Product keys, in display order.
    pub products: Vec<String>,
    /// What is offered for users.
    pub users: UserRules,
    /// Seconds for which an invite lives.
    pub invite_life_s: i64,
    /// Licence levels, in display order.
    pub levels: Vec<Level>,
    /// Seconds from the loss of a level's last licence to the deletion of what hung on it.
    pub licence_retention_s: i64,
    kinds: Vec<ResourceKind>,
    permissions: Vec<Permission>,
    roles: Vec<Role>,
    actions: Vec<PermissionIndex>,
    identity: PermissionSet,
    keys: Keys,
}

/// Keys to handles.
#[derive(Clone, Debug, Default)]
struct Keys {
    kinds: HashMap<String, KindIndex>,
    permissions: HashMap<String, PermissionIndex>,
    /// With aliases.
    roles: HashMap<String, RoleIndex>,
}

/// The headings of the tabs of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tabs {
    /// Users of the organization.
    pub members: String,
    /// Guests from the operator; `None` when the platform has no such tab.
    pub partners: Option<String>,
}

/// What a platform offers for its users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRules {
    /// Ways of signing in that an invite may choose.
    pub login_types: Vec<LoginType>,
    /// Whether users may have sub-users.
    pub sub_users: bool,
    /// Whether single permissions can be denied to a user.
    pub access_settings: bool,
    /// Whether a billing system creates users.
    pub billing: bool,
}

/// A way of signing in that a user can be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginType {
    /// Through the organization's identity provider.
    Sso,
    /// With a password of ours.
    Password,
}

impl LoginType {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::Password => "password",
        }
    }

    /// The type under a key.
    #[must_use]
    pub fn by_key(key: &str) -> Option<Self> {
        [Self::Sso, Self::Password].into_iter().find(|kind| kind.key() == key)
    }
}

/// A level of licences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its key.
    pub key: String,
    /// Its name for people.
    pub label: String,
}

/// A kind of resource that access can be given on.
#[derive(Clone, Debug)]
pub struct ResourceKind {
    /// Its key: `site`.
    pub key: String,
    /// Its name for people: "Site".
    pub label: String,
    /// Its name for several: "Sites".
    pub plural: String,
    /// Kinds that a resource of this kind may lie in. The kinds of a definition form no ring.
    pub parents: Vec<KindIndex>,
    /// The statuses a resource may have; empty: any.
    pub statuses: Vec<String>,
    /// Extra columns of its list.
    pub columns: Vec<Column>,
    /// Where the platform shows one; `{key}` stands for its key.
    pub url: Option<String>,
    /// The permission that lets a user see one; `None`: any about the kind.
    pub view: Option<PermissionIndex>,
}

/// An extra column of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The attribute it shows.
    pub key: String,
    /// Its heading.
    pub label: String,
}

/// What a permission is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The whole organization.
    Organization,
    /// Resources of one kind.
    Kind(KindIndex),
}

/// A row of the platform's permissions.
#[derive(Clone, Debug)]
pub struct Permission {
    /// Its key: `area.object.action`.
    pub key: String,
    /// Its words in the table of roles.
    pub label: String,
    /// The heading above it.
    pub category: String,
    /// What it is about.
    pub on: On,
    /// The product it belongs to.
    pub product: Option<String>,
    /// The licence without which it is never allowed.
    pub licence_level: Option<LevelIndex>,
    /// Whether it stands for a built-in action only (the last category).
    pub gateway: bool,
}

/// A heading and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category<'a> {
    /// The heading.
    pub label: &'a str,
    /// Its rows in display order.
    pub permissions: Vec<PermissionIndex>,
}

/// The heading of the built-in actions that the platform does not name.
pub const GATEWAY_CATEGORY: &str = "Gateway";
/// The word that stands for the whole organization where a kind could stand.
pub const ORGANIZATION: &str = "organization";

impl Definition {
    /// Reads and checks a definition; `origin` names it in mistakes.
    ///
    /// # Errors
    /// Every mistake in it, in the order of the text.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Vec<Mistake>> {
        check::parse(text, origin)
    }

    /// The permissions in display order.
    #[must_use]
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// The roles in display order, those not listed too.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The resource kinds in display order.
    #[must_use]
    pub fn kinds(&self) -> &[ResourceKind] {
        &self.kinds
    }

    /// The handle of a permission's key.
    #[must_use]
    pub fn permission_index(&self, key: &str) -> Option<PermissionIndex> {
        self.keys.permissions.get(key).copied()
    }

    /// The permission behind a handle.
    #[must_use]
    pub fn permission(&self, index: PermissionIndex) -> Option<&Permission> {
        self.permissions.get(index.at())
    }

    /// The handle of a role's key or alias.
    #[must_use]
    pub fn role_index(&self, key: &str) -> Option<RoleIndex> {
        self.keys.roles.get(key).copied()
    }

    /// The role behind a handle.
    #[must_use]
    pub fn role(&self, index: RoleIndex) -> Option<&Role> {
        self.roles.get(index.at())
    }

    /// The handle of a kind's key.
    #[must_use]
    pub fn kind_index(&self, key: &str) -> Option<KindIndex> {
        self.keys.kinds.get(key).copied()
    }

    /// The kind behind a handle.
    #[must_use]
    pub fn kind(&self, index: KindIndex) -> Option<&ResourceKind> {
        self.kinds.get(index.at())
    }

    /// The handle of a licence level's key.
    #[must_use]
    pub fn level_index(&self, key: &str) -> Option<LevelIndex> {
        let at = self.levels.iter().position(|level| level.key == key)?;
        u8::try_from(at).ok().map(LevelIndex)
    }

    /// The permission that stands for a built-in action.
    #[must_use]
    pub fn action(&self, action: Action) -> PermissionIndex {
        // The check gives every action a permission, in the order of the enum.
        self.actions.get(action as usize).copied().unwrap_or(PermissionIndex(u16::MAX))
    }

    /// The permissions that stand for identity actions: no custom role and no personal token may
    /// hold one.
    #[must_use]
    pub const fn identity_permissions(&self) -> &PermissionSet {
        &self.identity
    }

    /// Whether a resource of `kind` may lie in one of `parent`.
    #[must_use]
    pub fn may_lie_in(&self, kind: KindIndex, parent: KindIndex) -> bool {
        self.kind(kind).is_some_and(|kind| kind.parents.contains(&parent))
    }

    /// The role that site access is a grant of: the one that others are confined to.
    #[must_use]
    pub fn confining_role(&self) -> Option<RoleIndex> {
        self.roles.iter().find_map(|role| role.confined_to)
    }

    /// The headings with their rows, in display order; `Gateway` last.
    #[must_use]
    pub fn categories(&self) -> Vec<Category<'_>> {
        let mut all: Vec<Category<'_>> = Vec::new();
        for (at, permission) in (0..).map(PermissionIndex).zip(&self.permissions) {
            match all.iter_mut().find(|category| category.label == permission.category) {
                Some(category) => category.permissions.push(at),
                None => {
                    all.push(Category { label: &permission.category, permissions: vec![at] });
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests;
