//! The closure of roles: own permissions and those of included roles, minus exclusions.
//!
//! Exclusions of a role win over all that it lists or includes. Identity permissions are left out
//! of every role that need not keep a holder, whatever includes it.

use super::index::{PermissionSet, RoleIndex};

/// What a role says of its permissions, looked up.
pub(super) struct Said {
    pub(super) own: PermissionSet,
    pub(super) includes: Vec<RoleIndex>,
    pub(super) excludes: PermissionSet,
    pub(super) keep_one: bool,
}

/// The closure of each role, and the roles that include themselves.
pub(super) fn close(
    said: &[Said],
    identity: &PermissionSet,
) -> (Vec<PermissionSet>, Vec<RoleIndex>) {
    let mut closed: Vec<Option<PermissionSet>> = vec![None; said.len()];
    let mut rings = Vec::new();
    // Each round closes every role whose includes are closed; a chain is as long as there are
    // roles, and what stays open after that many rounds runs in a ring.
    for _ in 0..said.len() {
        let mut changed = false;
        for (at, role) in said.iter().enumerate() {
            if closed.get(at).is_some_and(Option::is_some) {
                continue;
            }
            if let Some(set) = closure_of(role, &closed, identity) {
                changed = true;
                if let Some(slot) = closed.get_mut(at) {
                    *slot = Some(set);
                }
            }
        }
        if !changed {
            break;
        }
    }
    for (at, set) in (0..).map(RoleIndex).zip(&closed) {
        if set.is_none() {
            rings.push(at);
        }
    }
    (closed.into_iter().map(Option::unwrap_or_default).collect(), rings)
}

fn closure_of(
    role: &Said,
    closed: &[Option<PermissionSet>],
    identity: &PermissionSet,
) -> Option<PermissionSet> {
    let mut set = role.own.clone();
    for included in &role.includes {
        set.add_all(closed.get(included.at())?.as_ref()?);
    }
    set.remove_all(&role.excludes);
    if !role.keep_one {
        set.remove_all(identity);
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::super::index::PermissionIndex;
    use super::*;

    fn set(members: &[u16]) -> PermissionSet {
        members.iter().copied().map(PermissionIndex).collect()
    }

    fn said(own: &[u16], includes: &[u16], excludes: &[u16]) -> Said {
        let includes = includes.iter().copied().map(RoleIndex).collect();
        Said { own: set(own), includes, excludes: set(excludes), keep_one: false }
    }

    #[test]
    fn an_exclusion_wins_over_what_is_included_and_listed() {
        let roles = [said(&[9], &[1, 2], &[2, 9]), said(&[1], &[], &[]), said(&[2, 3], &[1], &[])];
        let (closed, rings) = close(&roles, &set(&[]));
        assert_eq!(closed, [set(&[1, 3]), set(&[1]), set(&[1, 2, 3])]);
        assert_eq!(rings, []);
    }

    #[test]
    fn identity_permissions_stay_with_roles_that_keep_a_holder() {
        let owner = Said { keep_one: true, ..said(&[1, 7], &[], &[]) };
        let (closed, _) =
            close(&[owner, said(&[], &[0], &[]), said(&[7, 2], &[], &[])], &set(&[7]));
        assert_eq!(closed, [set(&[1, 7]), set(&[1]), set(&[2])]);
    }

    #[test]
    fn roles_that_include_each_other_are_a_ring() {
        let roles = [said(&[], &[1], &[]), said(&[], &[0], &[]), said(&[1], &[], &[])];
        assert_eq!(close(&roles, &set(&[])).1, [RoleIndex(0), RoleIndex(1)]);
    }
}
