//! The decision: six conditions, in order.
//!
//! What is not known (a user, a permission, a resource) is refused with a reason, never an error
//! and never allowed. Keys are looked up once, then everything is a comparison of integers.

use super::ResourceIndex;
use super::snapshot::{HeldGrant, HeldReach, Snapshot, User};
use crate::domain::id::UserId;
use crate::domain::platform::{On, PermissionIndex, RoleIndex};
use crate::domain::time::Timestamp;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// May she ...
    pub user: UserId,
    /// ... do this (a permission's key) ...
    pub permission: &'a str,
    /// ... on this resource (kind and key); `None`: on the whole organization ...
    pub resource: Option<(&'a str, &'a str)>,
    /// ... at this instant?
    pub at: Timestamp,
}

/// Why a decision is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Allowed: live grants give it.
    Held,
    /// Nobody here has this id.
    UserUnknown,
    /// She is suspended or removed, or has not accepted the invite that brought her.
    UserNotEnabled,
    /// The organization, or a guest's home, is not active.
    OrganizationNotActive,
    /// No live grant has the permission.
    NoGrant,
    /// Grants have the permission, but none covers the resource.
    NotCovered,
    /// Her access settings deny it.
    DeniedBySettings,
    /// Her parent is not allowed the same.
    ParentNotAllowed,
    /// It needs a licence that nobody has for her.
    NoLicence,
    /// The platform has no such permission.
    PermissionUnknown,
    /// The organization has no such resource.
    ResourceUnknown,
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::UserUnknown => "user-unknown",
            Self::UserNotEnabled => "user-not-enabled",
            Self::OrganizationNotActive => "organization-not-active",
            Self::NoGrant => "no-grant",
            Self::NotCovered => "not-covered",
            Self::DeniedBySettings => "denied-by-settings",
            Self::ParentNotAllowed => "parent-not-allowed",
            Self::NoLicence => "no-licence",
            Self::PermissionUnknown => "permission-unknown",
            Self::ResourceUnknown => "resource-unknown",
        }
    }
}

/// An answer and what gave it.
#[derive(Clone, Debug)]
pub struct Decision<'s> {
    /// Yes or no.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
    /// The grants that gave it; none when refused.
    pub grants: Vec<&'s HeldGrant>,
}

impl Decision<'_> {
    const fn refused(reason: Reason) -> Self {
        Self { allowed: false, reason, grants: Vec::new() }
    }
}

/// Answers a question that comes in keys. It is allowed when all of these hold:
///
/// 1. the user is enabled, her organization is active, and so is a guest's home;
/// 2. a live grant of hers has a role whose closure has the permission;
/// 3. that grant covers the resource: it is for the whole organization (for a confined role: as
///    far as the role it is confined to), or on the resource or one that it lies in, or the
///    permission is one that any grant of the role gives for the organization. Asked without a
///    resource, only a grant for the whole organization covers;
/// 4. her access settings do not deny the permission;
/// 5. a sub-user's parent is allowed the same;
/// 6. a permission with a licence level finds a live licence of the user, or of her parent.
#[must_use]
pub fn decide<'s>(snapshot: &'s Snapshot, question: &Question<'_>) -> Decision<'s> {
    if snapshot.user(question.user).is_none() {
        return Decision::refused(Reason::UserUnknown);
    }
    let definition = snapshot.definition();
    let Some(permission) = definition.permission_index(question.permission) else {
        return Decision::refused(Reason::PermissionUnknown);
    };
    let resource = match question.resource {
        None => None,
        Some((kind, key)) => match snapshot.resources().find(definition, kind, key) {
            None => return Decision::refused(Reason::ResourceUnknown),
            found => found,
        },
    };
    judge(snapshot, question.user, &Asked { permission, resource, at: question.at })
}

/// A question in handles.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The permission.
    pub permission: PermissionIndex,
    /// The resource; `None`: the whole organization.
    pub resource: Option<ResourceIndex>,
    /// The instant.
    pub at: Timestamp,
}

/// Answers a question that comes in handles.
#[must_use]
pub fn judge<'s>(snapshot: &'s Snapshot, id: UserId, asked: &Asked) -> Decision<'s> {
    let Some(user) = snapshot.user(id) else {
        return Decision::refused(Reason::UserUnknown);
    };
    let own = judge_alone(snapshot, user, asked);
    if !own.allowed {
        return own;
    }
    let licensed = match user.parent() {
        None => has_licence(snapshot, user, asked),
        // Sub-users are one level deep: a parent who has one herself is no parent. A parent who
        // is allowed has the licence too, and hers is enough.
        Some(parent) => {
            let alone = snapshot.user(parent).is_some_and(|parent| parent.parent().is_none());
            if !alone || !judge(snapshot, parent, asked).allowed {
                return Decision::refused(Reason::ParentNotAllowed);
            }
            true
        }
    };
    if licensed { own } else { Decision::refused(Reason::NoLicence) }
}

/// Conditions 1 to 4, which look at one user only.
fn judge_alone<'s>(snapshot: &'s Snapshot, user: &'s User, asked: &Asked) -> Decision<'s> {
    if !user.enabled {
        return Decision::refused(Reason::UserNotEnabled);
    }
    if !snapshot.active || !user.home_active {
        return Decision::refused(Reason::OrganizationNotActive);
    }
    let mut has_it = false;
    let mut grants = Vec::new();
    for grant in live_with(snapshot, user, asked.permission, asked.at) {
        has_it = true;
        if covers(snapshot, user, grant, asked) {
            grants.push(grant);
        }
    }
    if grants.is_empty() {
        return Decision::refused(if has_it { Reason::NotCovered } else { Reason::NoGrant });
    }
    if user.denied().is_some_and(|denied| denied.contains(asked.permission)) {
        return Decision::refused(Reason::DeniedBySettings);
    }
    Decision { allowed: true, reason: Reason::Held, grants }
}

/// Condition 2: the live grants whose roles have a permission.
pub(super) fn live_with<'s>(
    snapshot: &'s Snapshot,
    user: &'s User,
    permission: PermissionIndex,
    at: Timestamp,
) -> impl Iterator<Item = &'s HeldGrant> {
    let has_it = move |role| {
        snapshot.roles().role(role).is_some_and(|role| role.permissions.contains(permission))
    };
    user.grants().iter().filter(move |grant| grant.is_live(at) && has_it(grant.role))
}

/// Condition 3: whether a grant that has the permission covers the resource.
pub(super) fn covers(snapshot: &Snapshot, user: &User, grant: &HeldGrant, asked: &Asked) -> bool {
    let Some(role) = snapshot.roles().role(grant.role) else { return false };
    if role.organization_permissions.contains(asked.permission) {
        return true;
    }
    if !reaches(snapshot, &grant.reach, asked.resource) {
        return false;
    }
    let Some(confining) = role.confined_to.filter(|_| grant.reach == HeldReach::Organization)
    else {
        return true;
    };
    // The whole organization is every resource of it: a confined role has that only where the
    // role it is confined to does. What is about the organization itself is not confined.
    let definition = snapshot.definition();
    let about_organization =
        definition.permission(asked.permission).is_some_and(|row| row.on == On::Organization);
    asked.resource.is_none() && about_organization
        || holds(snapshot, user, confining, asked.resource, asked.at)
}

/// Whether a live grant of a role reaches a resource (`None`: the whole organization).
pub(super) fn holds(
    snapshot: &Snapshot,
    user: &User,
    role: RoleIndex,
    resource: Option<ResourceIndex>,
    at: Timestamp,
) -> bool {
    user.grants().iter().any(|grant| {
        grant.role == role && grant.is_live(at) && reaches(snapshot, &grant.reach, resource)
    })
}

/// Whether a reach takes in a resource (`None`: the whole organization).
pub(super) fn reaches(
    snapshot: &Snapshot,
    reach: &HeldReach,
    resource: Option<ResourceIndex>,
) -> bool {
    match (reach, resource) {
        (HeldReach::Organization, _) => true,
        (HeldReach::Nothing, _) | (_, None) => false,
        (HeldReach::Resource(granted), Some(resource)) => {
            snapshot.resources().way_up(resource).any(|(index, _, _)| index == *granted)
        }
        (HeldReach::Prefix(kind, prefix), Some(resource)) => snapshot
            .resources()
            .way_up(resource)
            .any(|(_, of, folded)| of == *kind && folded.starts_with(&**prefix)),
    }
}

/// Condition 6, for one user's own licences: true when none is needed.
pub(super) fn has_licence(snapshot: &Snapshot, user: &User, asked: &Asked) -> bool {
    let needed =
        snapshot.definition().permission(asked.permission).and_then(|row| row.licence_level);
    needed.is_none_or(|level| user.has_licence(level))
}
