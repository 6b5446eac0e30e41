//! The access state of one organization in memory: roles, resources, users with their grants.
//!
//! Built from plain rows and patched by user and by resource; it takes no locks and knows no
//! tables, so whoever shares it also guards it. Users stand in the order of their ids, so that
//! searches can be paged by key. Names of resources that grants mention stay interned until the
//! snapshot is built anew.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use super::grant::{Reach, Source};
use super::rows::{GrantRow, ResourceRow, UserRow};
use super::{Registry, ResourceIndex, RoleTable};
use crate::domain::id::{GrantId, UserId};
use crate::domain::platform::{Definition, KindIndex, LevelIndex, PermissionSet, RoleIndex};
use crate::domain::resource::ResourceRef;
use crate::domain::time::Timestamp;

/// What a grant covers, in handles.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HeldReach {
    /// The whole organization.
    Organization,
    /// A resource and everything below it.
    Resource(ResourceIndex),
    /// Resources of a kind whose folded keys begin so, and everything below them.
    Prefix(KindIndex, Arc<str>),
    /// No resource (yet, or of a kind that is gone).
    Nothing,
}

/// A grant in memory.
#[derive(Clone, Debug)]
pub struct HeldGrant {
    /// Its id.
    pub id: GrantId,
    /// Its role.
    pub role: RoleIndex,
    /// What it covers.
    pub reach: HeldReach,
    /// Where it comes from.
    pub source: Source,
    /// The source's name for people.
    pub source_name: Option<Arc<str>>,
    /// The instant from which it gives nothing.
    pub expires_at: Option<Timestamp>,
}

impl HeldGrant {
    /// Whether it gives anything at an instant.
    #[must_use]
    pub fn is_live(&self, at: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| at < end)
    }
}

/// A user in memory.
#[derive(Clone, Debug)]
pub struct User {
    /// Neither suspended nor removed, and an invite that alone brought her is accepted.
    pub enabled: bool,
    /// Whether her home organization is active.
    pub home_active: bool,
    login_key: Box<str>,
    grants: Box<[HeldGrant]>,
    /// What few users have.
    limits: Option<Box<Limits>>,
}

#[derive(Clone, Debug, Default)]
struct Limits {
    parent: Option<UserId>,
    denied: PermissionSet,
    /// One bit a level.
    licences: u32,
}

impl User {
    /// Her grants, live or not.
    #[must_use]
    pub fn grants(&self) -> &[HeldGrant] {
        &self.grants
    }

    /// Her login, folded.
    #[must_use]
    pub fn login_key(&self) -> &str {
        &self.login_key
    }

    /// For a sub-user: whose.
    #[must_use]
    pub fn parent(&self) -> Option<UserId> {
        self.limits.as_ref()?.parent
    }

    /// What her access settings deny; `None` when nothing.
    #[must_use]
    pub fn denied(&self) -> Option<&PermissionSet> {
        self.limits.as_ref().map(|limits| &limits.denied)
    }

    /// Whether she has a live licence of a level.
    #[must_use]
    pub fn has_licence(&self, level: LevelIndex) -> bool {
        self.limits
            .as_ref()
            .is_some_and(|limits| limits.licences.checked_shr(level.0.into()).unwrap_or(0) & 1 == 1)
    }
}

/// The access state of one organization.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Whether the organization is active.
    pub active: bool,
    roles: Arc<RoleTable>,
    registry: Registry,
    users: BTreeMap<UserId, User>,
    logins: HashMap<Box<str>, Vec<UserId>>,
}

impl Snapshot {
    /// An organization without users and resources.
    #[must_use]
    pub fn new(active: bool, roles: Arc<RoleTable>) -> Self {
        let (registry, users, logins) = Default::default();
        Self { active, roles, registry, users, logins }
    }

    /// Registers or moves a resource.
    pub fn put_resource(&mut self, row: &ResourceRow) {
        let definition = self.roles.definition();
        self.registry.put(definition, &row.resource, row.parent.as_ref());
    }

    /// Takes a resource out.
    pub fn remove_resource(&mut self, resource: &ResourceRef) {
        self.registry.remove(self.roles.definition(), resource);
    }

    /// Adds a user or puts her present state in place of the former.
    pub fn put_user(&mut self, row: UserRow) {
        let (id, user) = (row.id, self.held(row));
        let login = user.login_key.clone();
        let former = self.users.insert(id, user);
        if former.as_ref().is_some_and(|former| former.login_key == login) {
            return;
        }
        if let Some(former) = former {
            self.forget_login(id, &former.login_key);
        }
        self.logins.entry(login).or_default().push(id);
    }

    /// Takes a user out: she is unknown from now on.
    pub fn remove_user(&mut self, id: UserId) {
        if let Some(former) = self.users.remove(&id) {
            self.forget_login(id, &former.login_key);
        }
    }

    fn forget_login(&mut self, id: UserId, login: &str) {
        if let Some(ids) = self.logins.get_mut(login) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.logins.remove(login);
            }
        }
    }

    fn held(&mut self, row: UserRow) -> User {
        let roles = Arc::clone(&self.roles);
        let definition = roles.definition();
        let licences = row
            .licences
            .iter()
            .filter_map(|key| definition.level_index(key))
            .fold(0, |bits, level| bits | 1_u32.checked_shl(level.0.into()).unwrap_or(0));
        let denied: PermissionSet =
            row.denied.iter().filter_map(|key| definition.permission_index(key)).collect();
        let limited = row.parent.is_some() || licences != 0 || !denied.is_empty();
        let limits = limited.then(|| Box::new(Limits { parent: row.parent, denied, licences }));
        let grant = |grant: GrantRow| {
            Some(HeldGrant {
                id: grant.id,
                role: roles.index(&grant.role)?,
                reach: self.held_reach(definition, &grant.reach),
                source: grant.source,
                source_name: grant.source_name,
                expires_at: grant.expires_at,
            })
        };
        User {
            enabled: row.enabled,
            home_active: row.home_active,
            login_key: row.login_key.into_boxed_str(),
            grants: row.grants.into_iter().filter_map(grant).collect(),
            limits,
        }
    }

    fn held_reach(&mut self, definition: &Definition, reach: &Reach) -> HeldReach {
        match reach {
            Reach::Organization => HeldReach::Organization,
            Reach::Nothing => HeldReach::Nothing,
            Reach::Resource(resource) => self
                .registry
                .intern(definition, resource)
                .map_or(HeldReach::Nothing, HeldReach::Resource),
            Reach::Prefix(prefix) => {
                definition.kind_index(prefix.kind()).map_or(HeldReach::Nothing, |kind| {
                    HeldReach::Prefix(kind, Arc::from(prefix.folded()))
                })
            }
        }
    }

    /// The handles of a reach; `None` when it names what is not registered or of no known kind.
    #[must_use]
    pub fn find_reach(&self, reach: &Reach) -> Option<HeldReach> {
        let definition = self.definition();
        match reach {
            Reach::Organization => Some(HeldReach::Organization),
            Reach::Nothing => Some(HeldReach::Nothing),
            Reach::Resource(resource) => self
                .registry
                .find(definition, resource.kind(), resource.key())
                .map(HeldReach::Resource),
            Reach::Prefix(prefix) => definition
                .kind_index(prefix.kind())
                .map(|kind| HeldReach::Prefix(kind, Arc::from(prefix.folded()))),
        }
    }

    /// The roles of the organization.
    #[must_use]
    pub fn roles(&self) -> &RoleTable {
        &self.roles
    }

    /// The roles of the organization, to be kept beyond this snapshot.
    #[must_use]
    pub fn shared_roles(&self) -> Arc<RoleTable> {
        Arc::clone(&self.roles)
    }

    /// The platform definition.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        self.roles.definition()
    }

    /// The resources of the organization.
    #[must_use]
    pub const fn resources(&self) -> &Registry {
        &self.registry
    }

    /// A user by her id.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }

    /// The only user with a login (folded); `None` when there is none, or several.
    #[must_use]
    pub fn user_by_login(&self, login_key: &str) -> Option<UserId> {
        match self.logins.get(login_key)?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// Users in the order of their ids, after one of them.
    pub fn users(&self, after: Option<UserId>) -> impl Iterator<Item = (UserId, &User)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.users.range((from, Bound::Unbounded)).map(|(id, user)| (*id, user))
    }

    /// A held reach in the words of the API: `kind:key`, `kind:prefix*`, or `None` for the whole
    /// organization and for nothing.
    #[must_use]
    pub fn reach_text(&self, reach: &HeldReach) -> Option<String> {
        let kind = |kind| self.definition().kind(kind).map(|kind| kind.key.as_str());
        match reach {
            HeldReach::Organization | HeldReach::Nothing => None,
            HeldReach::Resource(index) => {
                let (of, key) = self.registry.name(*index)?;
                Some(format!("{}:{key}", kind(of)?))
            }
            HeldReach::Prefix(of, prefix) => Some(format!("{}:{prefix}*", kind(*of)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{World, on};
    use super::*;

    #[test]
    fn a_login_that_two_users_share_names_neither() {
        let mut world = World::field_vision();
        let (mut one, mut two) = (world.row(&[]), world.row(&[]));
        "ada".clone_into(&mut one.login_key);
        "ada".clone_into(&mut two.login_key);
        world.snapshot.put_user(one.clone());
        assert_eq!(world.snapshot.user_by_login("ada"), Some(one.id));
        world.snapshot.put_user(two.clone());
        assert_eq!(world.snapshot.user_by_login("ada"), None);
        "bob".clone_into(&mut one.login_key);
        world.snapshot.put_user(one.clone());
        assert_eq!(world.snapshot.user_by_login("ada"), Some(two.id));
        world.snapshot.remove_user(two.id);
        assert_eq!(world.snapshot.user_by_login("ada"), None);
    }

    #[test]
    fn a_grant_on_a_resource_that_is_gone_covers_nothing_and_never_more() {
        let mut world = World::field_vision();
        let user = world.user(&[("operation-manager", on("team:ours"))]);
        assert!(world.may(user, "media.view", Some("site:own")));
        world.snapshot.remove_resource(&ResourceRef::parse("team:ours").unwrap());
        for place in [Some("site:own"), Some("site:other"), Some("team:ours"), None] {
            assert!(!world.may(user, "media.view", place), "{place:?}");
        }
    }

    #[test]
    fn a_resource_that_moves_takes_the_grants_of_its_new_place() {
        let mut world = World::field_vision();
        let user = world.user(&[("operation-manager", on("team:ours"))]);
        world.resource("site:other", Some("team:ours"));
        world.resource("site:own", None);
        assert!(world.may(user, "media.view", Some("site:OTHER")));
        assert!(!world.may(user, "media.view", Some("site:own")));
    }

    #[test]
    fn resources_are_listed_by_folded_key_and_the_nearest_is_found() {
        let mut world = World::field_vision();
        world.resource("site:Zurich", None);
        let definition = world.snapshot.definition();
        let site = definition.kind_index("site").unwrap();
        let resources = world.snapshot.resources();
        let keys = |after| resources.of_kind(site, after).map(|one| one.1).collect::<Vec<_>>();
        assert_eq!(keys(None), ["other", "own", "Zurich"]);
        assert_eq!(keys(Some("OWN")), ["Zurich"]);
        assert_eq!(resources.nearest(definition, "site", "zurch"), Some("Zurich"));
        assert_eq!(resources.nearest(definition, "site", "tokyo"), None);
    }

    #[test]
    fn a_role_that_is_gone_gives_nothing_and_an_expired_grant_neither() {
        let mut world = World::field_vision();
        let gone = world.user(&[("former-role", Reach::Organization)]);
        assert!(!world.may(gone, "gallery.view", None));
        let mut row = world.row(&[("gallery-viewer", Reach::Organization)]);
        for (end, allowed) in [(World::NOW.0, false), (World::NOW.0 + 1, true)] {
            row.grants[0].expires_at = Some(Timestamp(end));
            world.snapshot.put_user(row.clone());
            assert_eq!(world.may(row.id, "gallery.view", None), allowed);
        }
    }
}
