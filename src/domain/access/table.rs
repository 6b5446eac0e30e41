//! A small world for tests, and the table of `field-vision` cell by cell.

use std::sync::Arc;

use uuid::Uuid;

use super::grant::{Reach, Source};
use super::*;
use crate::domain::id::{GrantId, UserId};
use crate::domain::platform::{Definition, preset};
use crate::domain::resource::ResourceRef;
use crate::domain::time::Timestamp;

/// An organization with the sites `own` (in the team `ours`), `other` and no users yet.
pub(super) struct World {
    pub(super) snapshot: Snapshot,
    drawn: u128,
}

impl World {
    pub(super) const NOW: Timestamp = Timestamp(1_000);

    pub(super) fn field_vision() -> Self {
        let mut world = Self::of(preset("field-vision").unwrap());
        world.resource("team:ours", None);
        world.resource("site:own", Some("team:ours"));
        world.resource("site:other", None);
        world
    }

    pub(super) fn of(definition: &str) -> Self {
        let definition = Arc::new(Definition::parse(definition, "test").unwrap());
        let roles = Arc::new(RoleTable::new(definition, Vec::new()));
        Self { snapshot: Snapshot::new(true, roles), drawn: 1 }
    }

    pub(super) fn resource(&mut self, name: &str, parent: Option<&str>) {
        let resource = ResourceRef::parse(name).unwrap();
        let parent = parent.map(|name| ResourceRef::parse(name).unwrap());
        self.snapshot.put_resource(&ResourceRow { resource, parent });
    }

    fn draw(&mut self) -> Uuid {
        self.drawn += 1;
        Uuid::from_u128(self.drawn)
    }

    pub(super) fn row(&mut self, grants: &[(&str, Reach)]) -> UserRow {
        let id = UserId(self.draw());
        let mut row = UserRow::new(id, id.to_string());
        for (role, reach) in grants {
            row.grants.push(GrantRow {
                id: GrantId(self.draw()),
                role: (*role).to_owned(),
                reach: reach.clone(),
                source: Source::Manual,
                source_name: Some(Arc::from("Ada")),
                expires_at: None,
            });
        }
        row
    }

    pub(super) fn user(&mut self, grants: &[(&str, Reach)]) -> UserId {
        let row = self.row(grants);
        let id = row.id;
        self.snapshot.put_user(row);
        id
    }

    pub(super) fn ask(&self, user: UserId, permission: &str, resource: Option<&str>) -> Reason {
        let resource = resource.map(|name| name.split_once(':').unwrap());
        decide(&self.snapshot, &Question { user, permission, resource, at: Self::NOW }).reason
    }

    pub(super) fn may(&self, user: UserId, permission: &str, resource: Option<&str>) -> bool {
        self.ask(user, permission, resource) == Reason::Held
    }
}

pub(super) fn on(name: &str) -> Reach {
    Reach::Resource(ResourceRef::parse(name).unwrap())
}

const ROLES: [&str; 10] = [
    "org-admin",
    "project-manager",
    "read-only",
    "data-scientist",
    "auditor",
    "annotator",
    "gallery-viewer",
    "operation-project-manager",
    "operation-manager",
    "field-worker",
];

/// Permission, whether it is about sites, and the roles that hold it as letters of `ROLES`.
const TABLE: [(&str, bool, &str); 20] = [
    ("users.view", false, "a......h.."),
    ("users.edit", false, "a........."),
    ("users.remove", false, "a........."),
    ("teams.edit", false, "a........."),
    ("tokens.create", false, "a........."),
    ("tokens.view", false, "a........."),
    ("tokens.revoke", false, "a........."),
    ("users.invite", false, "a......h.."),
    ("audit.view", false, "ab..e....."),
    ("datasets.view", false, "abcde....."),
    ("datasets.edit", false, "ab.d......"),
    ("models.train", false, "ab.d......"),
    ("annotations.create", false, "ab.d.f...."),
    ("annotations.review", false, "ab.de....."),
    ("gallery.view", false, "abcdefg..."),
    ("site.view", true, "abcdefghij"),
    ("media.view", true, "abcdefghi."),
    ("work_orders.view", true, "abc....hij"),
    ("work_orders.edit", true, "ab.....hi."),
    ("alerts.manage", true, "ab.....hi."),
];
const EXECUTE: (&str, bool, &str) = ("work_orders.execute", true, "ab.....hij");

fn rows() -> impl Iterator<Item = (&'static str, bool, &'static str)> {
    TABLE.into_iter().chain([EXECUTE])
}

#[test]
fn field_vision_holds_cell_by_cell_for_roles_on_the_whole_organization_with_access_to_one_site() {
    let mut world = World::field_vision();
    for (at, role) in ROLES.into_iter().enumerate() {
        let user = world.user(&[(role, Reach::Organization), ("site-access", on("site:own"))]);
        let confined = (1..=6).contains(&at);
        for (permission, about_sites, holders) in rows() {
            let held = holders.as_bytes()[at] != b'.';
            let cell = format!("{role} {permission}");
            let access = permission == "site.view";
            assert_eq!(world.may(user, permission, Some("site:own")), held || access, "{cell}");
            assert_eq!(
                world.may(user, permission, Some("site:other")),
                held && !confined,
                "{cell}"
            );
            let whole = held && !(confined && about_sites);
            assert_eq!(world.may(user, permission, None), whole, "{cell}");
        }
    }
}

#[test]
fn field_vision_holds_cell_by_cell_for_operation_roles_on_one_site() {
    let mut world = World::field_vision();
    for (at, role) in ROLES.into_iter().enumerate().skip(7) {
        for reach in [on("site:own"), on("team:ours")] {
            let user = world.user(&[(role, reach)]);
            for (permission, about_sites, holders) in rows() {
                let held = holders.as_bytes()[at] != b'.';
                let cell = format!("{role} {permission}");
                let own = world.may(user, permission, Some("site:own"));
                assert_eq!(own, held, "{cell} {about_sites}");
                assert!(!world.may(user, permission, Some("site:other")), "{cell}");
                assert!(!world.may(user, permission, None), "{cell}");
            }
        }
    }
}

#[test]
fn field_vision_site_access_alone_lets_see_its_sites_and_nothing_else() {
    let mut world = World::field_vision();
    let user = world.user(&[("site-access", on("site:own"))]);
    for (permission, _, _) in rows() {
        let seen = permission == "site.view";
        assert_eq!(world.may(user, permission, Some("site:own")), seen, "{permission}");
        assert!(!world.may(user, permission, Some("site:other")), "{permission}");
    }
}

#[test]
fn the_table_names_every_permission_of_the_platform() {
    let world = World::field_vision();
    let named: Vec<&str> = rows().map(|row| row.0).collect();
    let definition = world.snapshot.definition();
    let own = definition.permissions().iter().filter(|permission| !permission.gateway);
    assert_eq!(own.map(|permission| permission.key.as_str()).collect::<Vec<_>>(), named);
}
