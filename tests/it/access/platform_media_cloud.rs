//! `media-cloud`, cell by cell: each role and permission, the excluded ones too, and old names.
//!
//! People get their roles from SCIM groups by mapping rules; every cell is asked over HTTP.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::asking::{Cell, WHOLE, actions, cell, resources, walk};
use super::world::World;
use crate::support::TestApp;

/// Key, products and old names of each role, in order.
const ROLES: [(&str, &[&str], &[&str]); 10] = [
    ("owner", &["image", "video"], &[]),
    ("image-admin", &["image"], &["admin"]),
    ("image-developer", &["image"], &["developer"]),
    ("image-analyst", &["image"], &["analyst"]),
    ("image-source-specific", &["image"], &["source-specific"]),
    ("video-admin", &["video"], &[]),
    ("video-developer", &["video"], &[]),
    ("video-analyst", &["video"], &[]),
    ("video-source-specific", &["video"], &["video-collection-specific"]),
    ("accountant", &["image", "video"], &[]),
];

const SOURCE: &str = "image_source";
const COLLECTION: &str = "video_collection";

/// Permission, what it is on, and one letter for each of [`ROLES`] (ME6 to ME17): `y` has it, `.` has it not,
/// `x` never has it, whatever it includes.
const TABLE: [(&str, &str, &str); 20] = [
    // ME3 to ME5 and ME12: what is the owner's alone, also where `image-admin` includes it.
    ("users.view", WHOLE, "yx........"),
    ("users.add", WHOLE, "yx........"),
    ("users.edit_role", WHOLE, "yx........"),
    ("users.remove", WHOLE, "yx........"),
    ("billing.panel.view", WHOLE, "yy.......y"),
    ("billing.invoices.view", WHOLE, "yy.......y"),
    ("billing.invoices.pay", WHOLE, "yy.......y"),
    ("billing.details.manage", WHOLE, "yx........"),
    ("api_key.view", WHOLE, "yx........"),
    ("image.sources.add", WHOLE, "yyy......."),
    ("image.sources.update", SOURCE, "yyy......."),
    ("image.sources.delete", SOURCE, "yyy......."),
    ("image.analytics.view", SOURCE, "yy.yy....."),
    ("image.insights.view", SOURCE, "yy.yy....."),
    ("video.assets.create", WHOLE, "y....yy..."),
    ("video.assets.delete", COLLECTION, "y....yy..."),
    ("video.profiles.create", WHOLE, "y....yy..."),
    ("video.profiles.delete", WHOLE, "y....yy..."),
    ("video.usage.view", COLLECTION, "y....y.yy."),
    ("video.insights.view", COLLECTION, "y....y.yy."),
];

/// The roles that are given on chosen sources or collections only.
fn chosen(role: &str) -> Option<(&'static str, &'static str)> {
    match role {
        "image-source-specific" => Some((SOURCE, "sources")),
        "video-source-specific" => Some((COLLECTION, "collections")),
        _ => None,
    }
}

/// The cells of one user in one column of the table.
fn column(user: &str, at: usize) -> Vec<Cell> {
    let specific = chosen(ROLES[at].0).is_some();
    let mut cells = Vec::new();
    for (permission, on, held) in TABLE {
        let held = held.as_bytes()[at] == b'y';
        let mut ask = |place: &str, covered: bool| {
            let reason = match (held, covered) {
                (false, _) => "no-grant",
                (true, true) => "held",
                (true, false) => "not-covered",
            };
            cells.push(cell(user, permission, place, reason));
        };
        ask(WHOLE, !specific);
        if on != WHOLE {
            ask(&format!("{on}:chosen"), true);
            ask(&format!("{on}:other"), !specific);
        }
    }
    cells
}

async fn cloud(app: &TestApp) -> World<'_> {
    let acme = World::new(app).await;
    for kind in [SOURCE, COLLECTION] {
        acme.put(&format!("{kind}:chosen"), None).await;
        acme.put(&format!("{kind}:other"), None).await;
    }
    acme
}

/// A rule that gives a role, under any of its names, to a group of that name: on the sources that
/// the group names, for the roles that need some.
async fn rule(acme: &World<'_>, name: &str, role: &str) -> String {
    let mut rule = json!({"name": name, "when": format!("groups.display eq \"{name}\""),
        "role": name});
    if let Some((kind, word)) = chosen(role) {
        rule["when"] = json!(format!("groups.display sw \"{name} \""));
        rule["each"] = json!({"attribute": "groups.display",
            "pattern": format!("^{name} {word} (?<key>.+)$")});
        rule["resources"] = json!([format!("{kind}:{{key}}")]);
    }
    acme.rule(rule).await
}

fn group_of(name: &str, role: &str) -> String {
    match chosen(role) {
        Some((_, word)) => format!("{name} {word} chosen"),
        None => name.to_owned(),
    }
}

/// One user for each role, who is in the group that its rule reads.
async fn people(acme: &World<'_>) -> BTreeMap<&'static str, String> {
    let mut people = BTreeMap::new();
    for (role, ..) in ROLES {
        rule(acme, role, role).await;
        let user = acme.user(role).await;
        acme.group(&group_of(role, role), &[&user]).await;
        people.insert(role, user);
    }
    people
}

on_both_engines! { of "media-cloud":
    async fn every_cell_is_decided_as_the_table_says(app: TestApp) {
        let acme = cloud(&app).await;
        let people = people(&acme).await;
        let mut cells = Vec::new();
        for (at, (role, ..)) in ROLES.iter().enumerate() {
            cells.extend(column(&people[role], at));
        }
        let places = TABLE.iter().map(|row| if row.1 == WHOLE { 1 } else { 3 }).sum::<usize>();
        assert_eq!(walk(&acme, &cells).await, ROLES.len() * places);
        for (at, (role, ..)) in ROLES.iter().enumerate() {
            let user = &people[role];
            let wanted: Vec<&str> = TABLE.iter()
                .filter(|row| row.2.as_bytes()[at] == b'y')
                .map(|row| row.0)
                .collect();
            let place = chosen(role).map_or(WHOLE.to_owned(), |(kind, _)| format!("{kind}:chosen"));
            let mut found = actions(&acme, user, &place).await;
            if *role == "owner" {
                found.truncate(TABLE.len());
            }
            assert_eq!(found, wanted, "{role}");
            for (permission, on, held) in TABLE.iter().filter(|row| row.1 != WHOLE) {
                let found = resources(&acme, user, permission, on).await;
                let wanted: &[&str] = match (held.as_bytes()[at], chosen(role)) {
                    (b'y', None) => &["chosen", "other"],
                    (b'y', Some(_)) => &["chosen"],
                    _ => &[],
                };
                assert_eq!(found, wanted, "{role} {permission}");
            }
        }
    }

    // ME18, ME25
    async fn an_old_name_works_as_input_and_is_never_listed(app: TestApp) {
        let acme = cloud(&app).await;
        let mut cells = Vec::new();
        for (at, (role, _, aliases)) in ROLES.iter().enumerate() {
            for alias in *aliases {
                let made = rule(&acme, alias, role).await;
                let read = acme.operator.get(&format!("/api/v1/mapping-rules/{made}")).await;
                assert_eq!(read.expect(200).at("/role"), *role, "{alias}");
                let user = acme.user(alias).await;
                acme.group(&group_of(alias, role), &[&user]).await;
                cells.extend(column(&user, at));
                // By hand as well, and as a filter of the list of users.
                let hand = acme.user(&format!("{alias}-by-hand")).await;
                let resources = chosen(role).map(|(kind, _)| [format!("{kind}:chosen")]);
                let given = json!({"role": alias, "resources": resources});
                let path = format!("/api/v1/users/{hand}/grants");
                let given = acme.operator.post(&path, given).await.expect(201);
                assert_eq!(given.at("/data/0/role"), *role);
                cells.extend(column(&hand, at));
                let list = format!("/api/v1/organizations/{}/users", acme.organization);
                let found = acme.operator.get(&format!("{list}?role={alias}")).await;
                let found = found.expect(200).at("/data");
                let found = found.as_array().unwrap();
                assert_eq!(found.len(), 2, "{alias}");
                assert!(found.iter().all(|user| user["roles"][0]["role"] == *role), "{alias}");
            }
        }
        walk(&acme, &cells).await;
        let aliases: Vec<&str> = ROLES.iter().flat_map(|role| role.2).copied().collect();
        let here = format!("/api/v1/organizations/{}/roles", acme.organization);
        for path in ["/api/v1/roles", &here] {
            let roles = acme.operator.get(path).await.expect(200).at("/data");
            let keys = roles.as_array().unwrap().iter().map(|role| role["key"].as_str().unwrap());
            assert_eq!(keys.collect::<Vec<_>>(), ROLES.map(|role| role.0));
        }
        let matrix = acme.operator.get("/api/v1/roles/matrix").await.expect(200).at("/roles");
        assert_eq!(matrix.as_array().unwrap().len(), ROLES.len());
        for alias in aliases {
            let listed = matrix.as_array().unwrap().iter().any(|role| role["key"] == alias);
            assert!(!listed, "{alias}");
        }
    }

    // ME1, ME23
    async fn an_image_role_and_a_video_role_add_up(app: TestApp) {
        let acme = cloud(&app).await;
        let both = acme.user("both").await;
        for role in ["image-analyst", "video-developer"] {
            rule(&acme, role, role).await;
            acme.group(role, &[&both]).await;
        }
        let wanted: Vec<&str> = TABLE.iter()
            .filter(|row| row.2.as_bytes()[3] == b'y' || row.2.as_bytes()[6] == b'y')
            .map(|row| row.0)
            .collect();
        assert_eq!(actions(&acme, &both, WHOLE).await, wanted);
    }

    // ME13, ME17
    async fn a_source_specific_role_without_sources_is_refused(app: TestApp) {
        let acme = cloud(&app).await;
        let user = acme.user("ada").await;
        let rules = format!("/api/v1/organizations/{}/mapping-rules", acme.organization);
        for role in ["image-source-specific", "source-specific", "video-collection-specific"] {
            for resources in [json!(null), json!([])] {
                let given = json!({"role": role, "resources": resources});
                let path = format!("/api/v1/users/{user}/grants");
                let refused = acme.operator.post(&path, given).await;
                refused.expect_problem(422, "invalid");
                assert_eq!(refused.at("/errors/0/code"), "resources-required", "{role}");
                let body = json!({"name": "r", "when": "active eq true", "role": role,
                    "resources": resources});
                let refused = acme.operator.post(&rules, body).await;
                assert_eq!(refused.expect(422).at("/errors/0/code"), "resources-required");
            }
        }
        let wrong = json!({"role": "source-specific", "resources": ["video_collection:chosen"]});
        let refused = acme.operator.post(&format!("/api/v1/users/{user}/grants"), wrong).await;
        assert_eq!(refused.expect(422).at("/errors/0/code"), "kind-not-allowed");
    }

    // ME2, ME7, ME24
    async fn the_table_of_roles_names_product_and_access(app: TestApp) {
        let roles = app.operator().get("/api/v1/roles").await.expect(200).at("/data");
        let roles = roles.as_array().unwrap();
        assert_eq!(roles.len(), ROLES.len());
        for ((key, products, aliases), shown) in ROLES.iter().zip(roles) {
            assert_eq!(shown["key"], *key);
            assert_eq!(shown["products"], json!(products), "{key}");
            assert_eq!(shown["aliases"], json!(aliases), "{key}");
            assert_eq!(shown["keep_one"], *key == "owner");
            assert_eq!(shown["assignable_by"], json!(["owner"]), "{key}");
            assert!(shown["description"].is_string(), "{key}");
        }
        let excluded = |row: &&(&'static str, &str, &str)| row.2.as_bytes()[1] == b'x';
        let excluded: Vec<&str> = TABLE.iter().filter(excluded).map(|row| row.0).collect();
        let sorted = |list: &Value| {
            let mut list: Vec<String> = serde_json::from_value(list.clone()).unwrap();
            list.sort();
            list
        };
        assert_eq!(sorted(&roles[1]["excludes"]), sorted(&json!(excluded)));
        let includes = json!(["image-developer", "image-analyst", "accountant"]);
        assert_eq!(roles[1]["includes"], includes);
    }
}
