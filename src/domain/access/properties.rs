//! A slow and obvious reading of the six conditions agrees with the snapshot on random worlds,
//! and a snapshot that was patched agrees with one that was built anew.

use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::grant::{Reach, Source};
use super::*;
use crate::domain::id::{GrantId, UserId};
use crate::domain::platform::{Definition, On, PermissionIndex};
use crate::domain::resource::{ResourcePrefix, ResourceRef};
use crate::domain::time::Timestamp;

const PLATFORM: &str = r#"
name = "random"
licences.levels = [{ key = "basic", label = "Basic" }, { key = "more", label = "More" }]
resource_kinds = [
  { key = "area", label = "Area", plural = "Areas" },
  { key = "site", label = "Site", plural = "Sites", parents = ["area"] },
  { key = "box", label = "Box", plural = "Boxes", parents = ["site", "area"] },
]
permissions = [
  { key = "org.see", label = "See", category = "A", on = "organization" },
  { key = "org.act", label = "Act", category = "A", on = "organization" },
  { key = "site.see", label = "See", category = "B", on = "site" },
  { key = "box.see", label = "See", category = "B", on = "box" },
  { key = "box.study", label = "Study", category = "B", on = "box", licence_level = "basic" },
  { key = "box.dig", label = "Dig", category = "B", on = "box", licence_level = "more" },
]
roles = [
  { key = "owner", label = "O", scope = "either", permissions = ["*"], keep_one = true },
  { key = "ring", label = "R", scope = "resources", resource_kinds = ["site", "area"],
    permissions = ["site.see"] },
  { key = "bound", label = "B", scope = "organization", confined_to = "ring",
    permissions = ["org.see", "box.see", "site.see", "box.dig"] },
  { key = "helper", label = "H", scope = "either", includes = ["bound"],
    permissions = ["org.act", "box.study"], excludes = ["box.dig"],
    organization_permissions = ["org.act"] },
]
"#;

const ROLES: [&str; 5] = ["owner", "ring", "bound", "helper", "gone"];
const PERMISSIONS: [&str; 8] = [
    "org.see",
    "org.act",
    "site.see",
    "box.see",
    "box.study",
    "box.dig",
    "connections.manage",
    "none.such",
];
const NOW: Timestamp = Timestamp(100);
const NAMES: [&str; 8] =
    ["area:a", "area:b", "site:Lyon-1", "site:lyon-2", "site:Paris", "box:x", "box:Y", "box:z"];

#[derive(Clone, Debug)]
struct Facts {
    active: bool,
    resources: Vec<ResourceRow>,
    users: Vec<UserRow>,
}

fn user_id(at: usize) -> UserId {
    UserId(Uuid::from_u128(at as u128 + 1))
}

fn reach() -> impl Strategy<Value = Reach> {
    prop_oneof![
        2 => Just(Reach::Organization),
        6 => (0..NAMES.len()).prop_map(|at| {
            Reach::Resource(ResourceRef::parse(&NAMES[at].to_ascii_uppercase().replacen(
                &NAMES[at].split(':').next().unwrap().to_ascii_uppercase(),
                NAMES[at].split(':').next().unwrap(),
                1,
            )).unwrap())
        }),
        2 => prop::sample::select(vec!["site:lyon-*", "site:P*", "box:x*", "area:a*"])
            .prop_map(|text| Reach::Prefix(ResourcePrefix::parse(text).unwrap())),
        1 => Just(Reach::Nothing),
    ]
}

fn grant() -> impl Strategy<Value = GrantRow> {
    let end = prop::option::weighted(0.3, prop::sample::select(vec![99_i64, 100, 101]));
    (0..ROLES.len(), reach(), end).prop_map(|(role, reach, end)| GrantRow {
        id: GrantId(Uuid::from_u128(1)),
        role: ROLES[role].to_owned(),
        reach,
        source: Source::Rule,
        source_name: None,
        expires_at: end.map(Timestamp),
    })
}

fn user(at: usize) -> impl Strategy<Value = UserRow> {
    let parent = prop::option::weighted(0.4, 0..4_usize);
    let some_of = |of: Vec<&'static str>| prop::sample::subsequence(of.clone(), 0..=of.len());
    (
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.95),
        parent,
        some_of(vec!["box.see", "org.act"]),
        some_of(vec!["basic", "more"]),
        prop::collection::vec(grant(), 0..5),
    )
        .prop_map(move |(enabled, home_active, parent, denied, licences, grants)| UserRow {
            id: user_id(at),
            login_key: format!("u{at}"),
            enabled,
            home_active,
            parent: parent.map(user_id),
            denied: denied.into_iter().map(str::to_owned).collect(),
            licences: licences.into_iter().map(str::to_owned).collect(),
            grants,
        })
}

/// Every name is registered or not, and lies in one of the kinds above it or nowhere.
fn resources() -> impl Strategy<Value = Vec<ResourceRow>> {
    let one = |name: &'static str| {
        let above = match name.split(':').next().unwrap() {
            "area" => vec![],
            "site" => vec!["area:a", "area:b"],
            _ => vec!["area:a", "site:Lyon-1", "site:lyon-2", "site:Paris"],
        };
        let parent =
            prop::option::of(prop::sample::select(if above.is_empty() { vec![""] } else { above }));
        (prop::bool::weighted(0.85), parent).prop_map(move |(there, parent)| {
            let parent = parent.filter(|name| !name.is_empty());
            there.then(|| ResourceRow {
                resource: ResourceRef::parse(name).unwrap(),
                parent: parent.map(|name| ResourceRef::parse(name).unwrap()),
            })
        })
    };
    NAMES.map(one).to_vec().prop_map(|rows| rows.into_iter().flatten().collect())
}

fn facts() -> impl Strategy<Value = Facts> {
    let users = (0..4).map(user).collect::<Vec<_>>();
    (prop::bool::weighted(0.95), resources(), users).prop_map(|(active, resources, users)| Facts {
        active,
        resources,
        users,
    })
}

fn table() -> Arc<RoleTable> {
    let definition = Arc::new(Definition::parse(PLATFORM, "random").unwrap());
    Arc::new(RoleTable::new(definition, Vec::new()))
}

fn built(facts: &Facts, roles: &Arc<RoleTable>) -> Snapshot {
    let mut snapshot = Snapshot::new(facts.active, Arc::clone(roles));
    facts.users.iter().for_each(|user| snapshot.put_user(user.clone()));
    facts.resources.iter().for_each(|resource| snapshot.put_resource(resource));
    snapshot
}

/// The conditions as they are written, on rows.
struct Slow<'a> {
    facts: &'a Facts,
    definition: &'a Definition,
}

impl Slow<'_> {
    fn registered(&self, resource: &ResourceRef) -> Option<&ResourceRow> {
        self.facts.resources.iter().find(|row| row.resource == *resource)
    }

    fn is_or_lies_in(&self, resource: &ResourceRef, test: &dyn Fn(&ResourceRef) -> bool) -> bool {
        let Some(row) = self.registered(resource) else { return false };
        test(resource) || row.parent.as_ref().is_some_and(|parent| self.is_or_lies_in(parent, test))
    }

    fn reaches(&self, reach: &Reach, resource: Option<&ResourceRef>) -> bool {
        match (reach, resource) {
            (Reach::Organization, _) => true,
            (Reach::Resource(granted), Some(asked)) => {
                self.is_or_lies_in(asked, &|one| one == granted)
            }
            (Reach::Prefix(prefix), Some(asked)) => {
                self.is_or_lies_in(asked, &|one| prefix.names(one))
            }
            _ => false,
        }
    }

    fn live<'u>(&self, user: &'u UserRow) -> impl Iterator<Item = &'u GrantRow> {
        user.grants.iter().filter(|grant| grant.expires_at.is_none_or(|end| end > NOW))
    }

    fn covers(
        &self,
        user: &UserRow,
        grant: &GrantRow,
        permission: PermissionIndex,
        resource: Option<&ResourceRef>,
    ) -> bool {
        let role = self.definition.role_index(&grant.role).unwrap();
        let role = self.definition.role(role).unwrap();
        let confining = role.confined_to.and_then(|to| self.definition.role(to));
        let on = self.definition.permission(permission).unwrap().on;
        let confined = grant.reach == Reach::Organization
            && confining.is_some()
            && !(resource.is_none() && on == On::Organization);
        let also = |key: &str| {
            self.live(user).any(|grant| grant.role == key && self.reaches(&grant.reach, resource))
        };
        role.organization_permissions.contains(permission)
            || self.reaches(&grant.reach, resource)
                && (!confined || confining.is_some_and(|role| also(&role.key)))
    }

    fn reason(&self, id: UserId, key: &str, resource: Option<&ResourceRef>) -> Reason {
        let Some(user) = self.facts.users.iter().find(|user| user.id == id) else {
            return Reason::UserUnknown;
        };
        let Some(permission) = self.definition.permission_index(key) else {
            return Reason::PermissionUnknown;
        };
        if resource.is_some_and(|resource| self.registered(resource).is_none()) {
            return Reason::ResourceUnknown;
        }
        if !user.enabled {
            return Reason::UserNotEnabled;
        }
        if !self.facts.active || !user.home_active {
            return Reason::OrganizationNotActive;
        }
        let has_it = |grant: &&GrantRow| {
            let role = self.definition.role_index(&grant.role);
            let role = role.and_then(|role| self.definition.role(role));
            role.is_some_and(|role| role.permissions.contains(permission))
        };
        let having: Vec<&GrantRow> = self.live(user).filter(has_it).collect();
        if having.is_empty() {
            return Reason::NoGrant;
        }
        if !having.iter().any(|grant| self.covers(user, grant, permission, resource)) {
            return Reason::NotCovered;
        }
        if user.denied.iter().any(|denied| denied == key) {
            return Reason::DeniedBySettings;
        }
        let parent = user.parent.map(|id| self.facts.users.iter().find(|user| user.id == id));
        if let Some(parent) = parent {
            let parent = parent.filter(|parent| parent.parent.is_none());
            let allowed = |parent: &UserRow| self.reason(parent.id, key, resource) == Reason::Held;
            return if parent.is_some_and(allowed) {
                Reason::Held
            } else {
                Reason::ParentNotAllowed
            };
        }
        let level = self.definition.permission(permission).unwrap().licence_level;
        let level = level.map(|level| &self.definition.levels[usize::from(level.0)].key);
        match level {
            Some(level) if !user.licences.contains(level) => Reason::NoLicence,
            _ => Reason::Held,
        }
    }
}

/// Every question there is in a world of these facts.
fn questions() -> impl Iterator<Item = (UserId, &'static str, Option<&'static str>)> {
    (0..5).flat_map(|at| {
        PERMISSIONS.into_iter().flat_map(move |permission| {
            let places = NAMES.into_iter().map(Some).chain([None]);
            places.map(move |place| (user_id(at), permission, place))
        })
    })
}

fn ask<'s>(
    snapshot: &'s Snapshot,
    (user, permission, place): (UserId, &str, Option<&str>),
) -> Decision<'s> {
    let resource = place.map(|name| name.split_once(':').unwrap());
    decide(snapshot, &Question { user, permission, resource, at: NOW })
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn the_snapshot_decides_as_the_slow_and_obvious_reading_does(facts in facts()) {
        let roles = table();
        let snapshot = built(&facts, &roles);
        let slow = Slow { facts: &facts, definition: roles.definition() };
        for question in questions() {
            let resource = question.2.map(|name| ResourceRef::parse(name).unwrap());
            let expected = slow.reason(question.0, question.1, resource.as_ref());
            let decision = ask(&snapshot, question);
            prop_assert_eq!(decision.reason, expected, "{:?}", question);
            prop_assert_eq!(decision.allowed, expected == Reason::Held);
            prop_assert_eq!(decision.allowed, !decision.grants.is_empty());
        }
    }

    #[test]
    fn a_patched_snapshot_decides_as_one_that_is_built_anew(before in facts(), after in facts()) {
        let roles = table();
        let mut patched = built(&before, &roles);
        patched.active = after.active;
        for name in NAMES {
            patched.remove_resource(&ResourceRef::parse(name).unwrap());
        }
        after.resources.iter().for_each(|resource| patched.put_resource(resource));
        patched.remove_user(user_id(0));
        after.users.iter().for_each(|user| patched.put_user(user.clone()));
        let anew = built(&after, &roles);
        for question in questions() {
            prop_assert_eq!(ask(&patched, question).reason, ask(&anew, question).reason);
        }
        for at in 0..4 {
            prop_assert_eq!(patched.user_by_login(&format!("u{at}")), Some(user_id(at)));
        }
    }

    #[test]
    fn what_is_listed_as_effective_is_what_is_allowed(facts in facts()) {
        let roles = table();
        let snapshot = built(&facts, &roles);
        for (user, key, place) in questions() {
            let Some(permission) = roles.definition().permission_index(key) else { continue };
            let resource = place.map(|name| name.split_once(':').unwrap());
            let found = resource
                .and_then(|(kind, key)| snapshot.resources().find(roles.definition(), kind, key));
            if place.is_some() && found.is_none() {
                continue;
            }
            let listed = effective::effective(&snapshot, user, NOW)
                .iter()
                .any(|(of, reach)| *of == permission && decision::reaches(&snapshot, reach, found));
            let sub_user = snapshot.user(user).is_some_and(|user| user.parent().is_some());
            let allowed = ask(&snapshot, (user, key, place)).allowed;
            // The list of a sub-user leaves prefixes out; and a permission of the organization
            // that a confined role gives is not given on the resources it is confined from.
            let about = roles.definition().permission(permission).unwrap().on;
            let narrower = about == On::Organization && place.is_some();
            let excused = if listed { narrower } else { sub_user };
            prop_assert!(listed == allowed || excused, "{user} {key} {place:?}");
        }
    }
}
