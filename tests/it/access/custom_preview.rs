//! What a role would change is what making it so then changes, and the same for a platform.

use std::collections::BTreeSet;

use portico::domain::platform::preset;
use serde_json::{Value, json};

use super::people::People;
use super::world::World;
use crate::support::TestApp;

/// Everything that the users may do on the sites, by the searches.
async fn rights(acme: &People<'_>, users: &[String]) -> BTreeSet<(String, String, String)> {
    let mut rights = BTreeSet::new();
    for user in users {
        for site in ["lyon", "paris"] {
            let body = json!({"subject": {"type": "user", "id": user}, "page": {"limit": 100},
                "resource": {"type": "site", "id": site}});
            let found = acme.world.operator.post("/access/v1/search/action", body).await;
            for action in found.expect(200).at("/results").as_array().unwrap() {
                let name = action["name"].as_str().unwrap().to_owned();
                rights.insert((user.clone(), name, format!("site:{site}")));
            }
        }
    }
    rights
}

fn previewed(preview: &Value, what: &str) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    for change in preview["changes"].as_array().unwrap() {
        for right in change[what].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or("*").to_owned();
            found.insert((
                text(&change["user"]["id"]),
                text(&right["permission"]),
                text(&right["resource"]),
            ));
        }
    }
    found
}

async fn crew(acme: &People<'_>) -> (String, Vec<String>) {
    let world = &acme.world;
    for site in ["lyon", "paris"] {
        world.site(site).await;
    }
    let role = acme
        .role(json!({"label": "Crew", "scope": "resources",
        "resource_kinds": ["site"], "permissions": ["site.view", "media.view"]}))
        .await;
    let mut users = Vec::new();
    for name in ["ada", "bob", "cleo"] {
        users.push(world.user(name).await);
    }
    acme.give(&users[0], json!({"role": "custom-crew", "resources": ["site:lyon"]})).await;
    acme.give(&users[1], json!({"role": "custom-crew", "resources": ["site:paris"]})).await;
    acme.give(&users[1], json!({"role": "operation-manager", "resources": ["site:paris"]})).await;
    world.group("Crew", &[&users[2]]).await;
    world
        .rule(json!({"name": "Crew", "when": "groups.display eq \"Crew\"",
        "role": "custom-crew", "resources": ["site:lyon"]}))
        .await;
    (role, users)
}

on_both_engines! {
    async fn a_role_changes_what_its_preview_told(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let (role, users) = crew(&acme).await;
        let path = format!("/api/v1/roles/{role}");
        let preview = acme.path("roles/preview");
        for permissions in [
            json!(["site.view", "alerts.manage"]),
            json!(["work_orders.view"]),
            json!(["site.view", "media.view", "work_orders.view", "alerts.manage"]),
        ] {
            let body = json!({"role": {"id": role, "key": "custom-crew", "label": "Crew",
                "scope": "resources", "resource_kinds": ["site"], "permissions": permissions}});
            let told = acme.world.operator.post(&preview, body).await.expect(200).json();
            let before = rights(&acme, &users).await;
            let again = json!({"permissions": permissions});
            acme.world.operator.patch(&path, again).await.expect(200);
            let after = rights(&acme, &users).await;
            let gained: BTreeSet<_> = after.difference(&before).cloned().collect();
            let lost: BTreeSet<_> = before.difference(&after).cloned().collect();
            assert_eq!(previewed(&told, "gained"), gained, "{permissions}");
            assert_eq!(previewed(&told, "lost"), lost, "{permissions}");
            assert_eq!(told["summary"]["lost"], lost.len());
        }
    }

    async fn a_role_above_a_ceiling_is_previewed_as_lost(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let (role, users) = crew(&acme).await;
        let directory = format!("/api/v1/directories/{}", acme.world.directory);
        let ceiling = json!({"role_ceiling": ["operation-manager"]});
        acme.world.operator.patch(&directory, ceiling).await.expect(200);
        let body = json!({"role": {"id": role, "key": "custom-crew", "label": "Crew",
            "scope": "resources", "resource_kinds": ["site"],
            "permissions": ["site.view", "media.view", "gallery.view"]}});
        let told = acme.world.operator.post(&acme.path("roles/preview"), body).await.expect(200);
        assert_eq!(told.at("/summary/left_with_nothing"), json!([users[2]]));
        let patch = json!({"permissions": ["site.view", "media.view", "gallery.view"]});
        acme.world.operator.patch(&format!("/api/v1/roles/{role}"), patch).await.expect(200);
        assert!(acme.world.kept(&users[2]).await.is_empty());
    }

    async fn a_new_role_changes_nobody_and_a_wrong_one_is_pointed_to(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        crew(&acme).await;
        let preview = acme.path("roles/preview");
        let body = json!({"role": {"label": "New", "permissions": ["gallery.view"]}});
        let told = acme.world.operator.post(&preview, body).await.expect(200);
        assert_eq!(told.at("/changes"), json!([]));
        assert_eq!(told.at("/summary/vacant_roles"), json!(["org-admin"]));
        for (role, pointer) in [
            (json!({"label": "New", "permissions": ["gallery.vew"]}), "/role/permissions/0"),
            (json!({"label": "New", "permissions": []}), "/role/permissions"),
            (json!({"label": "Crew", "permissions": ["gallery.view"]}), "/role/key"),
            (json!({"label": "New", "permissions": [], "colour": 1}), "/role/colour"),
        ] {
            let refused = acme.world.operator.post(&preview, json!({"role": role})).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
        }
    }

    async fn a_platform_is_previewed_over_all_organizations(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let (_, users) = crew(&acme).await;
        let operator = &acme.world.operator;
        let text = preset("field-vision").unwrap();
        let same = operator.post("/api/v1/platform/preview", json!({"toml": text})).await;
        assert_eq!(same.expect(200).at("/organizations"), json!([]));
        let without = text.replace("key = \"media.view\"", "key = \"media.see\"")
            .replace("\"media.view\"", "\"media.see\"");
        let told = operator.post("/api/v1/platform/preview", json!({"toml": without})).await;
        let told = told.expect(200);
        assert_eq!(told.at("/organizations/0/slug"), "acme");
        let lost = previewed(&told.at("/organizations/0/preview"), "lost");
        assert!(lost.contains(&(users[0].clone(), "media.view".to_owned(),
            "site:lyon".to_owned())), "{told}");
        let gained = previewed(&told.at("/organizations/0/preview"), "gained");
        assert!(gained.contains(&(users[1].clone(), "media.see".to_owned(),
            "site:paris".to_owned())), "{told}");
        let wrong = operator.post("/api/v1/platform/preview", json!({"toml": "name = 1"})).await;
        wrong.expect_problem(422, "invalid");
        assert_eq!(wrong.at("/errors/0/pointer"), "/toml");
        let errors = wrong.at("/errors");
        let at = |error: &Value| error["detail"].as_str().unwrap().contains("1:8: name");
        assert!(errors.as_array().unwrap().iter().any(at), "{wrong}");
    }
}
