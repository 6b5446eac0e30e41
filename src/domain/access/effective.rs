//! Everything that a user may do now, as permissions with their reaches.
//!
//! The list is symbolic: a reach stands for all that lies in it, so it grows with her grants and
//! not with the organization's resources. A listed pair is one that a decision would allow; what
//! a confined role gives for the organization is listed so, and asked of the organization.

use super::ResourceIndex;
use super::decision::{Asked, covers, has_licence, judge, live_with};
use super::snapshot::{HeldReach, Snapshot, User};
use crate::domain::id::UserId;
use crate::domain::platform::{KindIndex, On, PermissionIndex, PermissionSet};
use crate::domain::time::Timestamp;

/// A permission and how far it reaches.
pub type Effective = (PermissionIndex, HeldReach);

/// What a user may do, and where: in display order of the permissions, each with the widest
/// reaches alone where one of them is the whole organization. A sub-user's list leaves out
/// prefixes, which rules give and sub-users do not get.
#[must_use]
pub fn effective(snapshot: &Snapshot, id: UserId, at: Timestamp) -> Vec<Effective> {
    let denied = snapshot.user(id).and_then(User::denied).cloned().unwrap_or_default();
    let all = undenied(snapshot, id, at).into_iter();
    all.filter(|(permission, _)| !denied.contains(*permission)).collect()
}

/// What a user would gain and lose if her access settings denied this instead. Her sub-users, who
/// never hold more than she does, are not told of.
#[must_use]
pub fn denying(
    snapshot: &Snapshot,
    id: UserId,
    denied: &PermissionSet,
    at: Timestamp,
) -> (Vec<Effective>, Vec<Effective>) {
    let former = snapshot.user(id).and_then(User::denied).cloned().unwrap_or_default();
    let changed = undenied(snapshot, id, at).into_iter();
    changed
        .filter(|(permission, _)| former.contains(*permission) != denied.contains(*permission))
        .partition(|(permission, _)| former.contains(*permission))
}

/// The permissions that can be set for a user: those of the roles that she holds, but for levels
/// of which neither she nor her parent has a licence.
#[must_use]
pub fn offered(snapshot: &Snapshot, id: UserId, at: Timestamp) -> PermissionSet {
    let mut offered = PermissionSet::new();
    let Some(user) = snapshot.user(id) else { return offered };
    for grant in user.grants().iter().filter(|grant| grant.is_live(at)) {
        if let Some(role) = snapshot.roles().role(grant.role) {
            offered.add_all(&role.permissions);
        }
    }
    let parent = user.parent().and_then(|parent| snapshot.user(parent));
    let licensed = |permission: &PermissionIndex| {
        let asked = Asked { permission: *permission, resource: None, at };
        has_licence(snapshot, parent.unwrap_or(user), &asked)
    };
    offered.iter().filter(licensed).collect()
}

/// Whether a user may see a resource of a kind: she is allowed the kind's `view` or, where it has
/// none, some permission about it.
#[must_use]
pub fn sees(
    snapshot: &Snapshot,
    id: UserId,
    (kind, resource): (KindIndex, ResourceIndex),
    at: Timestamp,
) -> bool {
    let definition = snapshot.definition();
    let allowed = |permission| {
        judge(snapshot, id, &Asked { permission, resource: Some(resource), at }).allowed
    };
    match definition.kind(kind).and_then(|kind| kind.view) {
        Some(view) => allowed(view),
        None => {
            let rows = (0..).map(PermissionIndex).zip(definition.permissions());
            let mut about = rows.filter(|(_, row)| row.on == On::Kind(kind)).map(|(at, _)| at);
            about.any(allowed)
        }
    }
}

/// What a user may do but for her access settings.
fn undenied(snapshot: &Snapshot, id: UserId, at: Timestamp) -> Vec<Effective> {
    let Some(user) = snapshot.user(id) else { return Vec::new() };
    if !user.enabled || !user.home_active || !snapshot.active {
        return Vec::new();
    }
    let mut all = Vec::new();
    let count = u16::try_from(snapshot.definition().permissions().len()).unwrap_or(u16::MAX);
    for permission in (0..count).map(PermissionIndex) {
        let asked = Asked { permission, resource: None, at };
        if user.parent().is_none() && !has_licence(snapshot, user, &asked) {
            continue;
        }
        let mut reaches = own_reaches(snapshot, user, &asked);
        if let Some(parent) = user.parent() {
            // Two trees meet, if at all, in the lower of their roots: so what she and her parent
            // share begins at a reach of the one or of the other.
            if let Some(above) = snapshot.user(parent) {
                reaches.extend(own_reaches(snapshot, above, &asked));
            }
            reaches.retain(|reach| is_shared(snapshot, (user, parent), reach, &asked));
        }
        all.extend(widest(reaches).into_iter().map(|reach| (permission, reach)));
    }
    all
}

/// Where the grants of one user give a permission (conditions 2 and 3).
fn own_reaches(snapshot: &Snapshot, user: &User, asked: &Asked) -> Vec<HeldReach> {
    let mut reaches = Vec::new();
    for grant in live_with(snapshot, user, asked.permission, asked.at) {
        if covers(snapshot, user, grant, asked) {
            return vec![HeldReach::Organization];
        }
        let confining = snapshot.roles().role(grant.role).and_then(|role| role.confined_to);
        match confining.filter(|_| grant.reach == HeldReach::Organization) {
            None => reaches.push(grant.reach.clone()),
            Some(role) => {
                let confining = user.grants().iter();
                let live = confining.filter(|one| one.role == role && one.is_live(asked.at));
                reaches.extend(live.map(|grant| grant.reach.clone()));
            }
        }
    }
    reaches
}

/// Whether a sub-user's own grants and her parent's access (conditions 2, 3 and 5) both take in a
/// reach.
fn is_shared(
    snapshot: &Snapshot,
    (user, parent): (&User, UserId),
    reach: &HeldReach,
    asked: &Asked,
) -> bool {
    let resource = match reach {
        HeldReach::Organization => None,
        HeldReach::Resource(resource) => Some(*resource),
        HeldReach::Prefix(..) | HeldReach::Nothing => return false,
    };
    let asked = Asked { resource, ..*asked };
    let alone = snapshot.user(parent).is_some_and(|parent| parent.parent().is_none());
    alone
        && live_with(snapshot, user, asked.permission, asked.at)
            .any(|grant| covers(snapshot, user, grant, &asked))
        && judge(snapshot, parent, &asked).allowed
}

/// Each reach once; the organization alone where it is among them; nothing that covers nothing.
fn widest(reaches: Vec<HeldReach>) -> Vec<HeldReach> {
    if reaches.contains(&HeldReach::Organization) {
        return vec![HeldReach::Organization];
    }
    let mut seen = std::collections::HashSet::new();
    let mut once = reaches;
    once.retain(|reach| *reach != HeldReach::Nothing && seen.insert(reach.clone()));
    once
}

#[cfg(test)]
mod tests {
    use super::super::grant::Reach;
    use super::super::table::World;
    use super::*;
    use crate::domain::platform::preset;
    use crate::domain::resource::ResourceRef;

    /// Keys and reaches, as people read them.
    fn words(world: &World, all: &[Effective]) -> Vec<String> {
        let snapshot = &world.snapshot;
        let key = |index| snapshot.definition().permission(index).unwrap().key.clone();
        let reach = |reach| snapshot.reach_text(reach).unwrap_or_else(|| "all".to_owned());
        all.iter().map(|(permission, on)| format!("{} {}", key(*permission), reach(on))).collect()
    }

    fn vms() -> World {
        let mut world = World::of(preset("vms").unwrap());
        world.resource("camera:1", None);
        world.resource("camera:2", None);
        world
    }

    fn camera(key: &str) -> Reach {
        Reach::Resource(ResourceRef::new("camera", key).unwrap())
    }

    fn set(world: &World, keys: &[&str]) -> PermissionSet {
        let definition = world.snapshot.definition();
        keys.iter().map(|key| definition.permission_index(key).unwrap()).collect()
    }

    #[test]
    fn other_access_settings_take_and_give_what_roles_and_licences_leave() {
        let mut world = vms();
        let mut row = world.row(&[("customer", camera("1"))]);
        row.denied = vec!["cameras.view".to_owned()];
        row.licences = vec!["basic".to_owned()];
        world.snapshot.put_user(row.clone());
        let denied = set(&world, &["intercoms.open", "analytics.basic.view", "users.view"]);
        let (gained, lost) = denying(&world.snapshot, row.id, &denied, World::NOW);
        assert_eq!(words(&world, &gained), ["cameras.view camera:1"]);
        let expected = ["intercoms.open camera:1", "analytics.basic.view camera:1"];
        assert_eq!(words(&world, &lost), expected);
    }

    #[test]
    fn a_sub_user_is_offered_the_levels_of_her_parent_alone() {
        let mut world = vms();
        let mut parent = world.row(&[("customer", camera("1")), ("customer", camera("2"))]);
        parent.licences = vec!["standard".to_owned()];
        world.snapshot.put_user(parent.clone());
        let mut child = world.row(&[("sub_user", camera("2"))]);
        child.parent = Some(parent.id);
        child.licences = vec!["premium".to_owned()];
        world.snapshot.put_user(child.clone());
        let expected =
            ["cameras.view", "intercoms.view", "intercoms.open", "analytics.standard.view"];
        assert_eq!(offered(&world.snapshot, child.id, World::NOW), set(&world, &expected));
        let shared = effective(&world.snapshot, child.id, World::NOW);
        assert_eq!(words(&world, &shared), expected.map(|key| format!("{key} camera:2")));
    }
}
