//! Who would gain and lose what: the difference between two states of access, added up.
//!
//! Access is a set of (role, reach) here, from all sources: what a hand gives too is not lost with
//! a rule. Nothing is written, and applying afterwards gives exactly this difference.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::{Outcome, Unresolved, Why};
use crate::domain::access::RoleTable;
use crate::domain::access::grant::Reach;
use crate::domain::id::{RuleId, UserId};
use crate::domain::platform::RoleIndex;

/// A role and what it is given on.
pub type Held = (RoleIndex, Reach);

/// At most this many changed users are listed.
pub const CHANGES_MAX: usize = 1_000;
/// At most this many users that are left with nothing are listed.
pub const LEFT_WITH_NOTHING_MAX: usize = 1_000;
/// At most this many unresolved results are listed.
pub const UNRESOLVED_MAX: usize = 1_000;

/// What one user gains and loses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What she would have and has not.
    pub gained: Vec<Held>,
    /// What she has and would not have.
    pub lost: Vec<Held>,
}

impl Difference {
    /// Compares two states.
    #[must_use]
    pub fn between(before: &BTreeSet<Held>, after: &BTreeSet<Held>) -> Self {
        Self {
            gained: after.difference(before).cloned().collect(),
            lost: before.difference(after).cloned().collect(),
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty()
    }
}

/// What a user holds through the grants of an outcome.
#[must_use]
pub fn held(outcome: &Outcome) -> BTreeSet<Held> {
    outcome.grants.iter().map(|grant| (grant.role, grant.reach.clone())).collect()
}

/// One user before and after.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Who.
    pub user: UserId,
    /// Whether she counts as a holder of roles that must keep one: enabled, and able to sign in.
    pub counts: bool,
    /// What she holds now, from all sources.
    pub before: &'a BTreeSet<Held>,
    /// What she would hold.
    pub after: &'a BTreeSet<Held>,
    /// What would stay unresolved for her.
    pub unresolved: &'a [Unresolved],
}

/// A result that would give nothing, and for how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnresolvedResult {
    /// The rule.
    pub rule: RuleId,
    /// What its template came to.
    pub resource: String,
    /// Why it gives nothing.
    pub why: Why,
    /// The nearest registered resource.
    pub nearest: Option<String>,
    /// The number of users it would be given to.
    pub users: usize,
}

/// The difference over all users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The first users that change, with what they gain and lose.
    pub changes: Vec<(UserId, Difference)>,
    /// Whether a list is shorter than what it counts.
    pub truncated: bool,
    /// The number of users that change.
    pub users_changed: usize,
    /// The number of grants gained.
    pub gained: usize,
    /// The number of grants lost.
    pub lost: usize,
    /// Users who hold something now and would hold nothing.
    pub left_with_nothing: Vec<UserId>,
    /// Keys of the roles that must keep a holder and would have none.
    pub vacant_roles: Vec<String>,
    /// What would give nothing.
    pub unresolved: Vec<UnresolvedResult>,
}

/// Adds users up to a [`Preview`].
#[derive(Debug)]
pub struct Previewing<'r> {
    roles: &'r RoleTable,
    preview: Preview,
    kept: BTreeSet<RoleIndex>,
    unresolved: BTreeMap<(RuleId, String, Why), (Option<String>, usize)>,
}

impl<'r> Previewing<'r> {
    /// Begins without users.
    #[must_use]
    pub fn new(roles: &'r RoleTable) -> Self {
        let (preview, kept, unresolved) = Default::default();
        Self { roles, preview, kept, unresolved }
    }

    /// Adds one user; those who do not change count too, as holders.
    pub fn add(&mut self, seen: &Seen<'_>) {
        if seen.counts {
            let whole = seen.after.iter().filter(|(_, reach)| *reach == Reach::Organization);
            self.kept.extend(whole.map(|(role, _)| *role));
        }
        for one in seen.unresolved {
            self.add_unresolved(one);
        }
        let difference = Difference::between(seen.before, seen.after);
        if difference.is_empty() {
            return;
        }
        let preview = &mut self.preview;
        preview.users_changed += 1;
        preview.gained += difference.gained.len();
        preview.lost += difference.lost.len();
        if seen.after.is_empty() {
            if preview.left_with_nothing.len() < LEFT_WITH_NOTHING_MAX {
                preview.left_with_nothing.push(seen.user);
            } else {
                preview.truncated = true;
            }
        }
        if preview.changes.len() < CHANGES_MAX {
            preview.changes.push((seen.user, difference));
        } else {
            preview.truncated = true;
        }
    }

    fn add_unresolved(&mut self, one: &Unresolved) {
        let key = (one.rule, one.resource.clone(), one.why);
        let full = self.unresolved.len() >= UNRESOLVED_MAX;
        if let Some((_, users)) = self.unresolved.get_mut(&key) {
            *users += 1;
        } else if full {
            self.preview.truncated = true;
        } else {
            self.unresolved.insert(key, (one.nearest.clone(), 1));
        }
    }

    /// The difference over all users that were added.
    #[must_use]
    pub fn finish(mut self) -> Preview {
        let vacant =
            self.roles.iter().filter(|(at, role)| role.keep_one && !self.kept.contains(at));
        self.preview.vacant_roles = vacant.map(|(_, role)| role.key.clone()).collect();
        let unresolved = self.unresolved.into_iter();
        self.preview.unresolved = unresolved
            .map(|((rule, resource, why), (nearest, users))| UnresolvedResult {
                rule,
                resource,
                why,
                nearest,
                users,
            })
            .collect();
        self.preview
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::domain::platform::{Definition, preset};
    use crate::domain::resource::ResourceRef;

    fn roles() -> RoleTable {
        let text = preset("field-vision").unwrap();
        RoleTable::new(Arc::new(Definition::parse(text, "t").unwrap()), Vec::new())
    }

    fn user(at: usize) -> UserId {
        UserId(Uuid::from_u128(at as u128))
    }

    fn set(held: &[(RoleIndex, Reach)]) -> BTreeSet<Held> {
        held.iter().cloned().collect()
    }

    fn seen<'a>(user: UserId, before: &'a BTreeSet<Held>, after: &'a BTreeSet<Held>) -> Seen<'a> {
        Seen { user, counts: true, before, after, unresolved: &[] }
    }

    #[test]
    fn users_gain_and_lose_what_differs_and_those_left_with_nothing_are_named() {
        let roles = roles();
        let role = |key| roles.index(key).unwrap();
        let site = |key| Reach::Resource(ResourceRef::new("site", key).unwrap());
        let lyon = (role("field-worker"), site("lyon"));
        let paris = (role("field-worker"), site("paris"));
        let admin = (role("org-admin"), Reach::Organization);
        let (moved, none) = (set(std::slice::from_ref(&paris)), set(&[]));
        let (at_lyon, owner) = (set(std::slice::from_ref(&lyon)), set(&[admin]));
        let mut previewing = Previewing::new(&roles);
        previewing.add(&seen(user(1), &at_lyon, &moved));
        previewing.add(&seen(user(2), &at_lyon, &none));
        previewing.add(&seen(user(3), &at_lyon, &at_lyon));
        previewing.add(&seen(user(4), &owner, &owner));
        let preview = previewing.finish();
        assert_eq!((preview.users_changed, preview.gained, preview.lost), (2, 1, 2));
        assert_eq!(preview.changes[0].1, Difference { gained: vec![paris], lost: vec![lyon] });
        assert_eq!(preview.left_with_nothing, [user(2)]);
        assert_eq!(preview.vacant_roles, [""; 0]);
        assert!(!preview.truncated);
    }

    #[test]
    fn a_role_whose_only_holders_do_not_count_is_vacant() {
        let roles = roles();
        let owner = set(&[(roles.index("org-admin").unwrap(), Reach::Organization)]);
        let mut previewing = Previewing::new(&roles);
        previewing.add(&Seen { counts: false, ..seen(user(1), &owner, &owner) });
        assert_eq!(previewing.finish().vacant_roles, ["org-admin"]);
    }

    #[test]
    fn lists_end_at_their_limits_and_counts_go_on() {
        let roles = roles();
        let worker = set(&[(roles.index("field-worker").unwrap(), Reach::Organization)]);
        let none = set(&[]);
        let preview = |users: usize| {
            let mut previewing = Previewing::new(&roles);
            for at in 0..users {
                let unresolved = [Unresolved {
                    rule: RuleId(Uuid::nil()),
                    resource: format!("site:{at}"),
                    why: Why::Unregistered,
                    nearest: None,
                }];
                let seen = seen(user(at), &worker, &none);
                previewing.add(&Seen { unresolved: &unresolved, ..seen });
            }
            previewing.finish()
        };
        let full = preview(CHANGES_MAX);
        assert!(!full.truncated);
        assert_eq!(full.unresolved.len(), UNRESOLVED_MAX);
        let over = preview(CHANGES_MAX + 1);
        assert!(over.truncated);
        assert_eq!((over.changes.len(), over.users_changed), (CHANGES_MAX, CHANGES_MAX + 1));
        assert_eq!(over.left_with_nothing.len(), LEFT_WITH_NOTHING_MAX);
        assert_eq!(over.unresolved.len(), UNRESOLVED_MAX);
    }

    #[test]
    fn unresolved_results_are_counted_by_user() {
        let roles = roles();
        let none = set(&[]);
        let one = |nearest: Option<&str>| Unresolved {
            rule: RuleId(Uuid::nil()),
            resource: "site:lion".to_owned(),
            why: Why::Unregistered,
            nearest: nearest.map(str::to_owned),
        };
        let mut previewing = Previewing::new(&roles);
        for at in 0..3 {
            let unresolved = [one(Some("site:lyon"))];
            previewing.add(&Seen { unresolved: &unresolved, ..seen(user(at), &none, &none) });
        }
        let preview = previewing.finish();
        assert_eq!((preview.unresolved.len(), preview.unresolved[0].users), (1, 3));
        assert_eq!(preview.users_changed, 0);
    }
}
