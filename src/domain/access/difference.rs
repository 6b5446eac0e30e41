//! Who would be allowed more and less: the effective access of each user before and after, added
//! up. Nothing is written, and applying afterwards gives exactly this difference.

use std::collections::BTreeSet;

use super::snapshot::{HeldReach, Snapshot};
use crate::domain::id::UserId;
use crate::domain::platform::Definition;
use crate::domain::time::Timestamp;

/// At most this many changed users are listed.
pub const CHANGES_MAX: usize = 1_000;
/// At most this many users that are left with nothing are listed.
pub const LEFT_WITH_NOTHING_MAX: usize = 1_000;

/// A permission and what it is held on (`None`: the whole organization), in words that mean the
/// same before and after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The permission's key.
    pub permission: String,
    /// `kind:key`, `kind:prefix*`, or `None`.
    pub resource: Option<String>,
}

/// What one user may do, in words.
#[must_use]
pub fn rights(snapshot: &Snapshot, user: UserId, at: Timestamp) -> BTreeSet<Right> {
    let definition = snapshot.definition();
    let word = |(permission, reach): (_, HeldReach)| {
        let permission = definition.permission(permission)?.key.clone();
        Some(Right { permission, resource: snapshot.reach_text(&reach) })
    };
    super::effective::effective(snapshot, user, at).into_iter().filter_map(word).collect()
}

/// What one user gains and loses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What she would be allowed and is not.
    pub gained: Vec<Right>,
    /// What she is allowed and would not be.
    pub lost: Vec<Right>,
}

/// The difference over all users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The first users that change.
    pub changes: Vec<(UserId, Change)>,
    /// Whether a list is shorter than what it counts.
    pub truncated: bool,
    /// The number of users that change.
    pub users_changed: usize,
    /// The number of rights gained.
    pub gained: usize,
    /// The number of rights lost.
    pub lost: usize,
    /// Users who are allowed something now and would be allowed nothing.
    pub left_with_nothing: Vec<UserId>,
    /// Keys of the roles that must keep a holder and would have none.
    pub vacant_roles: Vec<String>,
}

impl Difference {
    /// Adds one user by what she is and would be allowed.
    pub fn add(&mut self, user: UserId, before: &BTreeSet<Right>, after: &BTreeSet<Right>) {
        let change = Change {
            gained: after.difference(before).cloned().collect(),
            lost: before.difference(after).cloned().collect(),
        };
        if change.gained.is_empty() && change.lost.is_empty() {
            return;
        }
        self.users_changed += 1;
        self.gained += change.gained.len();
        self.lost += change.lost.len();
        if after.is_empty() {
            if self.left_with_nothing.len() < LEFT_WITH_NOTHING_MAX {
                self.left_with_nothing.push(user);
            } else {
                self.truncated = true;
            }
        }
        if self.changes.len() < CHANGES_MAX {
            self.changes.push((user, change));
        } else {
            self.truncated = true;
        }
    }
}

/// The roles of a definition that must keep a holder for the whole organization and have none.
#[must_use]
pub fn vacant(definition: &Definition, snapshot: &Snapshot, at: Timestamp) -> Vec<String> {
    let mut kept = BTreeSet::new();
    for (_, user) in snapshot.users(None).filter(|(_, user)| user.enabled) {
        let live = user.grants().iter().filter(|grant| grant.is_live(at));
        let whole = live.filter(|grant| grant.reach == HeldReach::Organization);
        kept.extend(whole.map(|grant| snapshot.roles().key(grant.role)));
    }
    let keeping = definition.roles().iter().filter(|role| role.keep_one);
    keeping.map(|role| role.key.clone()).filter(|key| !kept.contains(key.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::grant::Reach;
    use super::super::table::{World, on};
    use super::*;

    #[test]
    fn users_are_listed_with_what_differs_and_those_left_with_nothing_are_named() {
        let mut world = World::field_vision();
        let worker = world.user(&[("field-worker", on("site:own"))]);
        let admin = world.user(&[("org-admin", Reach::Organization)]);
        let before = rights(&world.snapshot, worker, World::NOW);
        let mut difference = Difference::default();
        difference.add(worker, &before, &BTreeSet::new());
        let whole = rights(&world.snapshot, admin, World::NOW);
        difference.add(admin, &whole, &whole);
        assert_eq!((difference.users_changed, difference.lost), (1, before.len()));
        assert_eq!(difference.left_with_nothing, [worker]);
        assert_eq!(difference.changes[0].1.lost[0].resource.as_deref(), Some("site:own"));
        let definition = world.snapshot.definition();
        assert!(vacant(definition, &world.snapshot, World::NOW).is_empty());
    }

    #[test]
    fn only_the_first_changes_are_listed_and_all_are_counted() {
        let mut difference = Difference::default();
        let right = Right { permission: "p".to_owned(), resource: None };
        let some = BTreeSet::from([right]);
        for n in 0..=CHANGES_MAX {
            let user = UserId(uuid::Uuid::from_u128(n as u128));
            difference.add(user, &BTreeSet::new(), &some);
        }
        assert_eq!((difference.changes.len(), difference.truncated), (CHANGES_MAX, true));
        assert_eq!(difference.users_changed, CHANGES_MAX + 1);
    }

    #[test]
    fn a_role_that_nobody_holds_everywhere_is_vacant() {
        let mut world = World::field_vision();
        world.user(&[("field-worker", on("site:own"))]);
        let definition = world.snapshot.definition();
        assert_eq!(vacant(definition, &world.snapshot, World::NOW), ["org-admin"]);
    }
}
