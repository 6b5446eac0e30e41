//! The state of one organization in memory and what of it must be read anew.
//!
//! Entries of users stand in a snapshot; an entry counts only while it is *valid*. A change takes
//! validity away; a load gives it back unless the user changed again while it ran. All of this is
//! bookkeeping under one short lock: nothing here waits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::access::{Snapshot, UserRow};
use crate::domain::change::Change;
use crate::domain::id::UserId;
use crate::domain::resource::ResourceRef;

/// Resources that may wait to be read anew one by one; past that the organization is forgotten.
pub const STALE_MAX: usize = 5_000;

/// How far the users of the organization were read for searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Only those who were asked about.
    Lazy,
    /// All are being read.
    Running,
    /// All were read; those who changed since are among the missing.
    Complete,
}

/// A load of a user that is running.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    running: u32,
    /// She changed while it ran: what it read may be old.
    dirty: bool,
}

/// The state of one organization.
pub struct State {
    /// Roles, resources and users; entries of users may be old.
    pub snapshot: Snapshot,
    /// Names of mapping rules by their ids, shared between the grants that they gave.
    pub rule_names: HashMap<String, Arc<str>>,
    /// Users whose entries are as the database has them, with the version of their access.
    valid: HashMap<UserId, i64>,
    loads: HashMap<UserId, Load>,
    walk: Walk,
    /// Users who changed since the walk began.
    missing: HashSet<UserId>,
    /// Resources to be read anew, each with the number of its latest change.
    stale: HashMap<ResourceRef, u64>,
    changes: u64,
}

impl State {
    /// The state before any user was read.
    pub fn new(snapshot: Snapshot, rule_names: HashMap<String, Arc<str>>) -> Self {
        Self {
            snapshot,
            rule_names,
            valid: HashMap::new(),
            loads: HashMap::new(),
            walk: Walk::Lazy,
            missing: HashSet::new(),
            stale: HashMap::new(),
            changes: 0,
        }
    }

    /// Takes a change in; `false` when the whole organization must be forgotten.
    pub fn changed(&mut self, change: &Change) -> bool {
        self.changes += 1;
        match change {
            Change::User(user) => {
                self.valid.remove(user);
                if let Some(load) = self.loads.get_mut(user) {
                    load.dirty = true;
                }
                if self.walk != Walk::Lazy {
                    self.missing.insert(*user);
                }
                true
            }
            Change::Resource(resource) => {
                self.stale.insert(resource.clone(), self.changes);
                self.stale.len() <= STALE_MAX
            }
            Change::Organization => false,
            Change::Tokens => true,
        }
    }

    /// The version of a user's access; `None` when her entry must be read first.
    pub fn version(&self, user: UserId) -> Option<i64> {
        self.valid.get(&user).copied()
    }

    /// Those of some users who must be read first; with them, as far as it is known whose sub-users
    /// they are, those above them.
    pub fn unread(&self, users: &[UserId]) -> Vec<UserId> {
        let mut unread = Vec::new();
        for user in users {
            match self.version(*user) {
                None => unread.push(*user),
                Some(_) => unread
                    .extend(self.parent(*user).filter(|parent| self.version(*parent).is_none())),
            }
        }
        unread.sort_unstable();
        unread.dedup();
        unread
    }

    fn parent(&self, user: UserId) -> Option<UserId> {
        self.snapshot.user(user)?.parent()
    }

    /// The number of the newest change to a user's access: of what she holds herself, or of what
    /// the one holds whose sub-user she is. `read` tells the versions of those who were read.
    pub fn access_version(&self, user: UserId, read: &dyn Fn(UserId) -> Option<i64>) -> i64 {
        let above = self.parent(user).and_then(read).unwrap_or(0);
        read(user).unwrap_or(0).max(above)
    }

    /// Whether resources must be read first.
    pub fn has_stale_resources(&self) -> bool {
        !self.stale.is_empty()
    }

    /// The resources that must be read first, with the numbers to hand back.
    pub fn stale_resources(&self) -> Vec<(ResourceRef, u64)> {
        self.stale.iter().map(|(resource, number)| (resource.clone(), *number)).collect()
    }

    /// A resource was read; it stays stale when it changed again meanwhile.
    pub fn read_resource(&mut self, resource: &ResourceRef, number: u64) {
        if self.stale.get(resource) == Some(&number) {
            self.stale.remove(resource);
        }
    }

    /// A load of these users begins.
    pub fn begin_load(&mut self, users: &[UserId]) {
        for user in users {
            self.loads.entry(*user).or_default().running += 1;
        }
    }

    /// A load ended, well or not; answers whether the user stayed as she was while it ran.
    pub fn end_load(&mut self, user: UserId) -> bool {
        let Some(load) = self.loads.get_mut(&user) else { return false };
        load.running = load.running.saturating_sub(1);
        let clean = !load.dirty;
        if load.running == 0 {
            self.loads.remove(&user);
        }
        clean
    }

    /// Puts what a load found in place. `clean` says that nothing changed while it ran: only then
    /// is the entry valid for later questions; the present one may use it either way.
    pub fn put(&mut self, user: UserId, found: Option<(UserRow, i64)>, clean: bool) {
        match found {
            Some((row, version)) => {
                self.snapshot.put_user(row);
                if clean {
                    self.valid.insert(user, version);
                    self.missing.remove(&user);
                }
            }
            None => {
                self.snapshot.remove_user(user);
                if clean {
                    self.missing.remove(&user);
                }
            }
        }
    }

    /// How far the users were read for searches.
    pub const fn walk(&self) -> Walk {
        self.walk
    }

    /// All users begin to be read, or were.
    pub fn set_walk(&mut self, walk: Walk) {
        self.walk = walk;
        if walk == Walk::Lazy {
            self.missing.clear();
        }
    }

    /// Users who must be read before a search.
    pub fn missing(&self) -> Vec<UserId> {
        self.missing.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::RoleTable;
    use crate::domain::platform::{Definition, preset};

    fn state() -> State {
        let definition = Definition::parse(preset("field-vision").unwrap(), "preset").unwrap();
        let roles = RoleTable::new(Arc::new(definition), Vec::new());
        State::new(Snapshot::new(true, Arc::new(roles)), HashMap::new())
    }

    fn user(n: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(n))
    }

    fn found(id: UserId) -> Option<(UserRow, i64)> {
        Some((UserRow::new(id, "ada"), 7))
    }

    #[test]
    fn an_entry_is_valid_until_the_user_changes() {
        let mut state = state();
        state.begin_load(&[user(1)]);
        let clean = state.end_load(user(1));
        state.put(user(1), found(user(1)), clean);
        assert_eq!(state.version(user(1)), Some(7));
        assert!(state.changed(&Change::User(user(1))));
        assert_eq!(state.version(user(1)), None);
    }

    #[test]
    fn a_load_that_a_change_overtook_gives_no_valid_entry() {
        let mut state = state();
        state.begin_load(&[user(1)]);
        state.changed(&Change::User(user(1)));
        let clean = state.end_load(user(1));
        state.put(user(1), found(user(1)), clean);
        assert_eq!(state.version(user(1)), None);
        state.begin_load(&[user(1)]);
        assert!(state.end_load(user(1)));
    }

    #[test]
    fn a_second_load_that_began_after_the_change_is_not_trusted_while_the_first_one_runs() {
        let mut state = state();
        state.begin_load(&[user(1)]);
        state.changed(&Change::User(user(1)));
        state.begin_load(&[user(1)]);
        assert!(!state.end_load(user(1)));
        assert!(!state.end_load(user(1)));
        assert!(state.loads.is_empty());
    }

    #[test]
    fn users_who_change_after_a_walk_began_are_missing_until_they_are_read() {
        let mut state = state();
        state.changed(&Change::User(user(1)));
        assert!(state.missing().is_empty());
        state.set_walk(Walk::Running);
        state.changed(&Change::User(user(1)));
        assert_eq!(state.missing(), [user(1)]);
        state.put(user(1), found(user(1)), true);
        assert!(state.missing().is_empty());
    }

    #[test]
    fn a_resource_that_changes_while_it_is_read_stays_stale() {
        let mut state = state();
        let site = ResourceRef::parse("site:lyon").unwrap();
        state.changed(&Change::Resource(site.clone()));
        let [(_, number)] = state.stale_resources().try_into().unwrap();
        state.changed(&Change::Resource(site.clone()));
        state.read_resource(&site, number);
        assert!(state.has_stale_resources());
        let [(_, number)] = state.stale_resources().try_into().unwrap();
        state.read_resource(&site, number);
        assert!(!state.has_stale_resources());
    }

    #[test]
    fn too_many_stale_resources_forget_the_organization() {
        let mut state = state();
        for n in 0..STALE_MAX {
            let site = ResourceRef::new("site", &n.to_string()).unwrap();
            assert!(state.changed(&Change::Resource(site)));
        }
        assert!(!state.changed(&Change::Resource(ResourceRef::parse("site:more").unwrap())));
    }
}
