//! Who may give what, and to whom.
//!
//! [`may_assign`] guards invites, hand grants and their removal, rules and default roles, and is
//! asked again when an invite is accepted; [`may_manage`] guards suspension, removal, resets and
//! impersonation. Whether she may use the call at all is the route's question, not this one.

use super::decision::{Asked, covers, live_with, reaches};
use super::grant::Reach;
use super::snapshot::{HeldGrant, HeldReach, Snapshot, User};
use crate::domain::id::UserId;
use crate::domain::platform::{On, PermissionIndex, Role, RoleIndex};
use crate::domain::time::Timestamp;

/// Whether she may give (or take) a role with this reach: one of the roles that assign it is
/// hers, and where she holds that one takes the reach in.
#[must_use]
pub fn may_assign(
    snapshot: &Snapshot,
    actor: UserId,
    (role, reach): (RoleIndex, &Reach),
    at: Timestamp,
) -> bool {
    // A name that nobody registered lies nowhere: only the whole organization takes it in.
    let wanted = snapshot.find_reach(reach).unwrap_or(HeldReach::Organization);
    acting(snapshot, actor).is_some_and(|actor| assigns(snapshot, actor, (role, &wanted), at))
}

/// Whether every role that the target holds now is one that the actor may give with its reach.
#[must_use]
pub fn may_manage(snapshot: &Snapshot, actor: UserId, target: UserId, at: Timestamp) -> bool {
    let (Some(actor), Some(target)) = (acting(snapshot, actor), snapshot.user(target)) else {
        return false;
    };
    let mut live = target.grants().iter().filter(|grant| grant.is_live(at));
    live.all(|grant| assigns(snapshot, actor, (grant.role, &grant.reach), at))
}

/// What of a role its author does not hold, and may therefore not put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Above {
    /// A permission that she does not have for the whole organization.
    Permission(PermissionIndex),
    /// A role that she may not give: its holders would give this one.
    Assigner(RoleIndex),
}

/// What in a role is above its author: each permission she must hold for the whole organization,
/// and each role whose holders are to give it she must be able to give. A licence is no part of
/// holding.
#[must_use]
pub fn above_author(snapshot: &Snapshot, author: UserId, role: &Role, at: Timestamp) -> Vec<Above> {
    let acting = acting(snapshot, author);
    let held = |permission| acting.is_some_and(|user| holds_whole(snapshot, user, permission, at));
    let gives = |role| may_assign(snapshot, author, (role, &Reach::Organization), at);
    let lacking = role.permissions.iter().filter(|one| !held(*one)).map(Above::Permission);
    let foreign = role.assignable_by.iter().copied().filter(|role| !gives(*role));
    lacking.chain(foreign.map(Above::Assigner)).collect()
}

/// Whether she has a permission for the whole organization (conditions 2 to 5).
fn holds_whole(
    snapshot: &Snapshot,
    user: &User,
    permission: PermissionIndex,
    at: Timestamp,
) -> bool {
    let asked = Asked { permission, resource: None, at };
    let denied = user.denied().is_some_and(|denied| denied.contains(permission));
    let parent = user.parent().map(|parent| snapshot.user(parent));
    let allowed = parent.is_none_or(|parent| {
        let alone = parent.filter(|parent| parent.parent().is_none());
        alone.is_some_and(|parent| holds_whole(snapshot, parent, permission, at))
    });
    let mut having = live_with(snapshot, user, permission, at);
    !denied && allowed && having.any(|grant| covers_whole(snapshot, user, grant, &asked))
}

/// Whether a grant gives a permission everywhere: an `organization_permissions` entry of a grant on
/// one resource does so for what is about the organization.
fn covers_whole(snapshot: &Snapshot, user: &User, grant: &HeldGrant, asked: &Asked) -> bool {
    let definition = snapshot.definition();
    let on = definition.permission(asked.permission).map(|row| row.on);
    covers(snapshot, user, grant, asked)
        && (grant.reach == HeldReach::Organization || on == Some(On::Organization))
}

/// A user who can act here at all (condition 1).
fn acting(snapshot: &Snapshot, actor: UserId) -> Option<&User> {
    let able = |user: &&User| user.enabled && user.home_active && snapshot.active;
    snapshot.user(actor).filter(able)
}

fn assigns(
    snapshot: &Snapshot,
    actor: &User,
    (role, wanted): (RoleIndex, &HeldReach),
    at: Timestamp,
) -> bool {
    let Some(role) = snapshot.roles().role(role) else { return false };
    actor
        .grants()
        .iter()
        .filter(|grant| grant.is_live(at) && role.assignable_by.contains(&grant.role))
        .any(|grant| takes_in(snapshot, actor, grant, (wanted, at)))
}

/// Whether a grant, confined where its role is, takes in a whole reach.
fn takes_in(
    snapshot: &Snapshot,
    actor: &User,
    grant: &HeldGrant,
    (wanted, at): (&HeldReach, Timestamp),
) -> bool {
    if !within(snapshot, wanted, &grant.reach) {
        return false;
    }
    let confining = snapshot.roles().role(grant.role).and_then(|role| role.confined_to);
    let Some(confining) = confining.filter(|_| grant.reach == HeldReach::Organization) else {
        return true;
    };
    let confining = |grant: &&HeldGrant| grant.role == confining && grant.is_live(at);
    actor.grants().iter().filter(confining).any(|grant| within(snapshot, wanted, &grant.reach))
}

/// Whether everything that `inner` takes in, now or later, `outer` takes in too.
fn within(snapshot: &Snapshot, inner: &HeldReach, outer: &HeldReach) -> bool {
    match (outer, inner) {
        (HeldReach::Organization, _) | (_, HeldReach::Nothing) => true,
        (_, HeldReach::Resource(resource)) => reaches(snapshot, outer, Some(*resource)),
        (HeldReach::Prefix(kind, outer), HeldReach::Prefix(of, inner)) => {
            kind == of && inner.starts_with(&**outer)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::World;
    use super::*;
    use crate::domain::resource::{ResourcePrefix, ResourceRef};

    fn assignable(world: &World, actor: UserId, role: &str, reach: &Reach) -> bool {
        let role = world.snapshot.roles().index(role).unwrap();
        may_assign(&world.snapshot, actor, (role, reach), World::NOW)
    }

    fn site(key: &str) -> Reach {
        Reach::Resource(ResourceRef::new("site", key).unwrap())
    }

    #[test]
    fn an_assigner_gives_what_she_holds_and_only_roles_that_name_hers() {
        let mut world = World::field_vision();
        let admin = world.user(&[("org-admin", Reach::Organization)]);
        let everywhere = world.user(&[("operation-project-manager", Reach::Organization)]);
        let here = world.user(&[("operation-project-manager", site("own"))]);
        for reach in [site("own"), site("other"), site("unregistered"), Reach::Organization] {
            assert!(assignable(&world, admin, "org-admin", &reach));
            assert!(assignable(&world, everywhere, "field-worker", &reach));
            assert!(!assignable(&world, everywhere, "auditor", &reach));
        }
        assert!(assignable(&world, here, "field-worker", &site("own")));
        assert!(assignable(&world, here, "field-worker", &site("OWN")));
        assert!(assignable(&world, here, "field-worker", &Reach::Nothing));
        assert!(!assignable(&world, here, "field-worker", &site("other")));
        assert!(!assignable(&world, here, "field-worker", &site("unregistered")));
        assert!(!assignable(&world, here, "field-worker", &Reach::Organization));
    }

    #[test]
    fn a_prefix_takes_in_narrower_prefixes_only() {
        let mut world = World::field_vision();
        let prefix = |text| Reach::Prefix(ResourcePrefix::parse(text).unwrap());
        let lyon = world.user(&[("operation-project-manager", prefix("site:o*"))]);
        assert!(assignable(&world, lyon, "field-worker", &prefix("site:Ow*")));
        assert!(assignable(&world, lyon, "field-worker", &site("own")));
        assert!(!assignable(&world, lyon, "field-worker", &prefix("site:l*")));
        assert!(!assignable(&world, lyon, "field-worker", &prefix("team:ow*")));
    }

    #[test]
    fn a_user_is_managed_only_by_who_may_give_all_her_roles() {
        let mut world = World::field_vision();
        let admin = world.user(&[("org-admin", Reach::Organization)]);
        let here = world.user(&[("operation-project-manager", site("own"))]);
        let worker = world.user(&[("field-worker", site("own"))]);
        let two = world.user(&[("field-worker", site("own")), ("field-worker", site("other"))]);
        let manages = |actor, target| may_manage(&world.snapshot, actor, target, World::NOW);
        assert!(manages(here, worker));
        assert!(!manages(here, two));
        assert!(!manages(here, admin));
        assert!(!manages(worker, worker));
        assert!(manages(admin, two) && manages(admin, here));
        let nobody = UserId(uuid::Uuid::nil());
        assert!(!manages(nobody, worker) && !manages(admin, nobody));
    }
}
