//! `camera-fleet`, cell by cell: 34 rows, two roles; own group, another group, a moved device.
//!
//! People get their roles from SCIM groups by mapping rules; every cell is asked over HTTP. The
//! requirements beside the rows are FL12 to FL38; what is said of the roles as such is FL5 to FL10.

use serde_json::{Value, json};

use super::asking::{Cell, WHOLE, actions, cell, resources, subjects, walk};
use super::world::World;
use crate::support::TestApp;

/// Requirement, category, row, permission, what it is on, admin, standard.
const TABLE: &str = "
| FL12 | Overview | Access home dashboard | overview.dashboard.view | organization | yes | yes |
| FL13 | Overview | Access marker | overview.marker.view | organization | yes | |
| FL14 | User Management | Invite a standard user | users.invite_standard | organization | yes | |
| FL15 | User Management | Invite an admin | users.invite_admin | organization | yes | |
| FL16 | User Management | View a user | users.view | organization | yes | |
| FL17 | User Management | Edit a user | users.edit | organization | yes | |
| FL18 | User Management | Remove a user | users.remove | organization | yes | |
| FL19 | Group Management | Create a group | groups.create | organization | yes | |
| FL20 | Group Management | View a group | groups.view | group | yes | yes |
| FL21 | Group Management | Edit a group | groups.edit | group | yes | |
| FL22 | Group Management | Remove a group | groups.remove | group | yes | |
| FL23 | Device Management | Add a device | devices.add | group | yes | |
| FL24 | Device Management | View a device | devices.view | device | yes | yes |
| FL25 | Device Management | Edit a device | devices.edit | device | yes | |
| FL26 | Device Management | Change a device group | devices.change_group | device | yes | |
| FL27 | Device Management | Remove a device | devices.remove | device | yes | |
| FL28 | Device Actions | View preview | devices.preview.view | device | yes | yes |
| FL29 | Device Actions | View raw preview | devices.raw_preview.view | device | yes | yes |
| FL30 | Device Actions | View payloads logs | devices.payload_logs.view | device | yes | |
| FL31 | Device Actions | Reboot | devices.reboot | device | yes | |
| FL32 | Device Actions | Hard reboot | devices.hard_reboot | device | yes | |
| FL33 | Device Actions | Edit settings (4G info) | devices.settings.edit | device | yes | |
| FL34 | Device Webhooks | Add a webhook | devices.webhooks.add | device | yes | |
| FL34 | Device Webhooks | View webhooks | devices.webhooks.view | device | yes | |
| FL34 | Device Webhooks | Edit a webhook | devices.webhooks.edit | device | yes | |
| FL34 | Device Webhooks | Remove a webhook | devices.webhooks.remove | device | yes | |
| FL35 | Application | View application info | application.info.view | device | yes | yes |
| FL36 | Application | View application config (on group) | application.config.view | group | yes | |
| FL36 | Application | Edit application config (on group) | application.config.edit | group | yes | |
| FL37 | Application | View application annotation | application.annotation.view | device | yes | |
| FL37 | Application | Edit application annotation | application.annotation.edit | device | yes | |
| FL38 | Developer Settings | Create Personal Access Token | tokens.create | organization | yes | |
| FL38 | Developer Settings | View Personal Access Token | tokens.view | organization | yes | |
| FL38 | Developer Settings | Revoke Personal Access Token | tokens.revoke | organization | yes | |
";

/// A row of the table.
struct Row {
    requirement: &'static str,
    category: &'static str,
    label: &'static str,
    permission: &'static str,
    on: &'static str,
    admin: bool,
    standard: bool,
}

fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [requirement, category, label, permission, on, admin, standard] = cells[..] else {
            panic!("{line}")
        };
        let yes = |cell: &str| cell == "yes";
        let (admin, standard) = (yes(admin), yes(standard));
        Row { requirement, category, label, permission, on, admin, standard }
    };
    let rows: Vec<Row> = TABLE.trim().lines().map(row).collect();
    assert_eq!(rows.len(), 34);
    assert!(rows.iter().all(|row| row.admin));
    rows
}

/// The one row that a standard user has for the whole organization, in any group or none.
const DASHBOARD: &str = "overview.dashboard.view";

/// What is asked about a row: the organization, groups or devices.
fn places(on: &str, groups: &[&'static str], devices: &[&'static str]) -> Vec<&'static str> {
    match on {
        "organization" => vec![WHOLE],
        "group" => groups.to_vec(),
        _ => devices.to_vec(),
    }
}

/// A fleet of two groups with a device each, and a device that moves; and its people.
struct Fleet<'a> {
    acme: World<'a>,
    /// Everything.
    admin: String,
    /// Standard in the group `north`.
    standard: String,
    /// Standard, in no group yet.
    idle: String,
    /// Without any role.
    nobody: String,
}

impl<'a> Fleet<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let acme = World::new(app).await;
        for group in ["group:north", "group:south"] {
            acme.put(group, None).await;
        }
        acme.put("device:north-1", Some("group:north")).await;
        acme.put("device:south-1", Some("group:south")).await;
        acme.put("device:rover", Some("group:south")).await;
        acme.rule(json!({"name": "Admins", "when": "groups.display eq \"Fleet admins\"",
            "role": "admin"}))
            .await;
        acme.rule(json!({"name": "Crews", "when": "groups.display sw \"Fleet crew \"",
            "each": {"attribute": "groups.display", "pattern": "^Fleet crew (?<group>.+)$"},
            "role": "standard", "resources": ["group:{group|slug}"]}))
            .await;
        acme.rule(json!({"name": "Installers", "when": "groups.display eq \"Installers\"",
            "role": "standard"}))
            .await;
        let mut users = Vec::new();
        for name in ["admin", "standard", "idle", "nobody"] {
            users.push(acme.user(name).await);
        }
        let [admin, standard, idle, nobody] = <[String; 4]>::try_from(users).unwrap();
        acme.group("Fleet admins", &[&admin]).await;
        acme.group("Fleet crew North", &[&standard]).await;
        acme.group("Installers", &[&idle]).await;
        Self { acme, admin, standard, idle, nobody }
    }

    /// The cells of the whole table, when a standard user's own are these.
    fn cells(&self, own: &[&'static str], other: &[&'static str]) -> Vec<Cell> {
        let kind = |all: &[&'static str], kind: &str| -> Vec<&'static str> {
            all.iter().copied().filter(|name| name.starts_with(kind)).collect()
        };
        let mut cells = Vec::new();
        for row in rows() {
            let mut ask = |place: &str, standard: &'static str| {
                let idle = if row.permission == DASHBOARD { "held" } else { "not-covered" };
                let idle = if row.standard { idle } else { "no-grant" };
                let standard = if row.standard { standard } else { "no-grant" };
                cells.push(cell(&self.admin, row.permission, place, "held"));
                cells.push(cell(&self.standard, row.permission, place, standard));
                cells.push(cell(&self.idle, row.permission, place, idle));
                cells.push(cell(&self.nobody, row.permission, place, "no-grant"));
            };
            for place in places(row.on, &kind(own, "group:"), &kind(own, "device:")) {
                ask(place, "held");
            }
            for place in places(row.on, &kind(other, "group:"), &kind(other, "device:")) {
                ask(place, if row.on == "organization" { "held" } else { "not-covered" });
            }
            if row.on != "organization" {
                ask(WHOLE, "not-covered");
            }
        }
        cells
    }
}

const NORTH: [&str; 2] = ["group:north", "device:north-1"];
const SOUTH: [&str; 3] = ["group:south", "device:south-1", "device:rover"];

on_both_engines! { of "camera-fleet":
    // FL6 to FL9: the admin has it all, a standard user looks at what is in her groups.
    async fn every_cell_is_decided_as_the_table_says_and_a_moved_device_changes_hands(
        app: TestApp
    ) {
        let fleet = Fleet::new(&app).await;
        let acme = &fleet.acme;
        let asked = walk(acme, &fleet.cells(&NORTH, &SOUTH)).await;
        assert!(asked >= 34 * 2 * 2, "{asked}");

        acme.put("device:rover", Some("group:north")).await;
        let north = ["group:north", "device:north-1", "device:rover"];
        walk(acme, &fleet.cells(&north, &SOUTH[..2])).await;

        acme.put("device:rover", Some("group:south")).await;
        acme.put("device:north-1", Some("group:south")).await;
        let south = ["group:south", "device:south-1", "device:rover", "device:north-1"];
        walk(acme, &fleet.cells(&["group:north"], &south)).await;

        acme.put("device:north-1", None).await;
        walk(acme, &fleet.cells(&["group:north"], &south)).await;
    }

    // FL42: the platform filters its lists by these.
    async fn searches_find_what_the_table_says(app: TestApp) {
        let fleet = Fleet::new(&app).await;
        let acme = &fleet.acme;
        let sorted = |users: &[&String]| {
            let mut users: Vec<String> = users.iter().map(|user| (*user).clone()).collect();
            users.sort();
            users
        };
        for row in rows() {
            let permission = row.permission;
            let (place, other) = match row.on {
                "organization" => (WHOLE, WHOLE),
                "group" => ("group:north", "group:south"),
                _ => ("device:north-1", "device:south-1"),
            };
            let mut expected = vec![&fleet.admin];
            if row.standard {
                expected.push(&fleet.standard);
            }
            if permission == DASHBOARD {
                expected.push(&fleet.idle);
            }
            let found = subjects(acme, permission, place).await;
            assert_eq!(found, sorted(&expected), "{} {permission}", row.requirement);
            if row.on == "organization" {
                continue;
            }
            let found = subjects(acme, permission, other).await;
            assert_eq!(found, sorted(&[&fleet.admin]), "{permission}");
            let all = if row.on == "group" { vec!["north", "south"] } else {
                vec!["north-1", "rover", "south-1"]
            };
            let own = all.iter().copied().filter(|key| row.standard && key.starts_with("north"));
            let own: Vec<&str> = own.collect();
            assert_eq!(resources(acme, &fleet.admin, permission, row.on).await, all);
            assert_eq!(resources(acme, &fleet.standard, permission, row.on).await, own);
            assert_eq!(resources(acme, &fleet.idle, permission, row.on).await, [""; 0]);
        }
        let standard: Vec<&str> =
            rows().iter().filter(|row| row.standard).map(|row| row.permission).collect();
        assert_eq!(actions(acme, &fleet.standard, "device:north-1").await, standard);
        assert_eq!(actions(acme, &fleet.standard, "device:south-1").await, [DASHBOARD]);
        assert_eq!(actions(acme, &fleet.idle, WHOLE).await, [DASHBOARD]);
        assert_eq!(actions(acme, &fleet.nobody, WHOLE).await, [""; 0]);
        let everything = actions(acme, &fleet.admin, WHOLE).await;
        let named: Vec<&str> = rows().iter().map(|row| row.permission).collect();
        assert_eq!(everything[..34], named);
        assert!(everything.contains(&"connections.manage".to_owned()));
    }

    // FL10, FL22
    async fn several_groups_add_up_and_a_removed_one_takes_its_own_away(app: TestApp) {
        let fleet = Fleet::new(&app).await;
        let acme = &fleet.acme;
        let south = acme.group("Fleet crew South", &[&fleet.standard, &fleet.idle]).await;
        let seen = async |user: &str| resources(acme, user, "devices.view", "device").await;
        assert_eq!(seen(&fleet.standard).await, ["north-1", "rover", "south-1"]);
        assert_eq!(seen(&fleet.idle).await, ["rover", "south-1"]);
        acme.leave(&south, &fleet.standard).await;
        assert_eq!(seen(&fleet.standard).await, ["north-1"]);
        // A group that is removed takes access away and never widens it.
        let path = format!("/api/v1/organizations/{}/resources/group/south", acme.organization);
        acme.operator.delete(&path).await.expect_problem(409, "in-use");
        acme.operator.delete(&format!("{path}?cascade=true")).await.expect(204);
        assert_eq!(seen(&fleet.idle).await, [""; 0]);
        let cells = [
            cell(&fleet.idle, "devices.view", WHOLE, "not-covered"),
            cell(&fleet.idle, "devices.view", "device:south-1", "resource-unknown"),
            cell(&fleet.idle, "devices.view", "group:south", "resource-unknown"),
            cell(&fleet.idle, "devices.view", "device:north-1", "not-covered"),
            cell(&fleet.idle, DASHBOARD, WHOLE, "held"),
        ];
        walk(acme, &cells).await;
    }

    // FL5, FL41
    async fn the_matrix_has_these_headings_rows_and_order_in_three_forms(app: TestApp) {
        let read = async |accept: &str| {
            let caller = app.operator().with_header("accept", accept);
            caller.get("/api/v1/roles/matrix").await.expect(200)
        };
        let mark = |held: bool| if held { "yes" } else { "" };
        let mut csv = "Category,Feature,Admin,Standard user\r\n".to_owned();
        let mut markdown = String::new();
        let mut heading = "";
        for row in rows() {
            let (admin, standard) = (mark(row.admin), mark(row.standard));
            csv.push_str(&format!("{},{},{admin},{standard}\r\n", row.category, row.label));
            if row.category != heading {
                let gap = if heading.is_empty() { "" } else { "\n" };
                heading = row.category;
                markdown.push_str(&format!("{gap}## {heading}\n\n"));
                markdown.push_str("| Feature | Admin | Standard user |\n| --- | --- | --- |\n");
            }
            let standard = if row.standard { " yes |" } else { " |" };
            markdown.push_str(&format!("| {} | yes |{standard}\n", row.label));
        }
        let text = read("text/csv").await.text();
        let built_in = text.strip_prefix(&csv).unwrap_or_else(|| panic!("{text}"));
        let is_built_in = |line: &str| line.starts_with("Gateway,") && line.ends_with(",yes,");
        assert!(built_in.lines().all(is_built_in));
        assert_eq!(read("text/markdown").await.text(), markdown);

        let whole = read("application/json").await;
        assert_eq!(whole.at("/roles"), json!([{"key": "admin", "label": "Admin"},
            {"key": "standard", "label": "Standard user"}]));
        let categories = whole.at("/categories");
        let categories = categories.as_array().unwrap();
        assert_eq!(categories.len(), 9);
        assert_eq!(categories[8]["label"], "Gateway");
        let shown = categories[..8].iter().flat_map(|category| {
            let rows = category["rows"].as_array().unwrap().iter();
            rows.map(|row| json!([category["label"], row["label"], row["permission"],
                row["roles"]["admin"], row["roles"]["standard"]]))
        });
        let typed = rows().into_iter().map(|row| {
            json!([row.category, row.label, row.permission, row.admin, row.standard])
        });
        assert_eq!(shown.collect::<Vec<_>>(), typed.collect::<Vec<_>>());
    }

    async fn permissions_are_listed_in_display_order(app: TestApp) {
        let list = app.operator().get("/api/v1/permissions").await.expect(200);
        let list = list.at("/data");
        let list = list.as_array().unwrap();
        for (row, shown) in rows().iter().zip(list) {
            assert_eq!(*shown, json!({"key": row.permission, "label": row.label,
                "category": row.category, "on": row.on, "product": null, "licence_level": null}));
        }
        assert!(list[34..].iter().all(|shown| shown["category"] == "Gateway"));
        assert!(list[34..].iter().any(|shown| shown["key"] == "users.invite"));
        let roles = app.operator().get("/api/v1/roles").await.expect(200).at("/data");
        let assigned: Vec<&Value> =
            roles.as_array().unwrap().iter().map(|role| &role["assignable_by"]).collect();
        assert_eq!(assigned, [&json!(["admin"]), &json!(["admin"])]);
    }
}
