//! Everything that a user may do now, as permissions with their reaches.
//!
//! The list is symbolic: a reach stands for all that lies in it, so it grows with her grants and
//! not with the organization's resources. A listed pair is one that a decision would allow; what
//! a confined role gives for the organization is listed so, and asked of the organization.

use super::decision::{Asked, covers, has_licence, judge, live_with};
use super::snapshot::{HeldReach, Snapshot, User};
use crate::domain::id::UserId;
use crate::domain::platform::PermissionIndex;
use crate::domain::time::Timestamp;

/// What a user may do, and where: in display order of the permissions, each with the widest
/// reaches alone where one of them is the whole organization. A sub-user's list leaves out
/// prefixes, which rules give and sub-users do not get.
#[must_use]
pub fn effective(
    snapshot: &Snapshot,
    id: UserId,
    at: Timestamp,
) -> Vec<(PermissionIndex, HeldReach)> {
    let Some(user) = snapshot.user(id) else { return Vec::new() };
    if !user.enabled || !user.home_active || !snapshot.active {
        return Vec::new();
    }
    let mut all = Vec::new();
    let count = u16::try_from(snapshot.definition().permissions().len()).unwrap_or(u16::MAX);
    for permission in (0..count).map(PermissionIndex) {
        let asked = Asked { permission, resource: None, at };
        let denied = user.denied().is_some_and(|denied| denied.contains(permission));
        if denied || (user.parent().is_none() && !has_licence(snapshot, user, &asked)) {
            continue;
        }
        let mut reaches = own_reaches(snapshot, user, &asked);
        if let Some(parent) = user.parent() {
            // Two trees meet, if at all, in the lower of their roots: so what she and her parent
            // share begins at a reach of the one or of the other.
            if let Some(parent) = snapshot.user(parent) {
                reaches.extend(own_reaches(snapshot, parent, &asked));
            }
            reaches.retain(|reach| is_allowed(snapshot, id, reach, &asked));
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

fn is_allowed(snapshot: &Snapshot, id: UserId, reach: &HeldReach, asked: &Asked) -> bool {
    let resource = match reach {
        HeldReach::Organization => None,
        HeldReach::Resource(resource) => Some(*resource),
        HeldReach::Prefix(..) | HeldReach::Nothing => return false,
    };
    judge(snapshot, id, &Asked { resource, ..*asked }).allowed
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
