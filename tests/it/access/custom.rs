//! Roles that an organization makes for itself, from the call to the decision.

use serde_json::{Value, json};

use super::people::{People, pointers};
use super::world::World;
use crate::support::{Caller, TestApp};

fn night_shift() -> Value {
    json!({"label": "Night shift", "scope": "resources", "resource_kinds": ["site"],
        "permissions": ["media.view", "alerts.manage"]})
}

async fn listed(caller: &Caller, path: &str) -> Vec<String> {
    let all = caller.get(path).await.expect(200).at("/data");
    let key = |role: &Value| role["key"].as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(key).collect()
}

on_both_engines! {
    async fn a_role_of_its_own_works_in_grants_rules_and_decisions_at_once(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let world = &acme.world;
        world.site("lyon").await;
        let made = world.operator.post(&acme.path("roles"), night_shift()).await.expect(201);
        assert_eq!(made.at("/key"), "custom-night-shift");
        assert_eq!(made.at("/custom"), true);
        assert_eq!(made.at("/keep_one"), false);
        assert_eq!(made.at("/assignable_by"), json!(["org-admin"]));
        let path = format!("/api/v1/roles/{}", made.text_at("/id"));
        assert_eq!(world.operator.get(&path).await.expect(200).json(), made.json());

        let ada = world.user("ada").await;
        acme.give(&ada, json!({"role": "custom-night-shift", "resources": ["site:lyon"]})).await;
        assert!(world.may(&ada, "alerts.manage", "lyon").await);
        assert_eq!(world.why_not(&ada, "site.view", "lyon").await, "no-grant");

        let bob = world.user("bob").await;
        world.group("Night", &[&bob]).await;
        world.rule(json!({"name": "Night", "when": "groups.display eq \"Night\"",
            "role": "custom-night-shift", "resources": ["site:lyon"]})).await;
        assert!(world.may(&bob, "media.view", "lyon").await);

        let patch = json!({"permissions": ["site.view"]});
        let changed = world.operator.patch(&path, patch).await.expect(200);
        assert_eq!(changed.at("/permissions"), json!(["site.view"]));
        for user in [&ada, &bob] {
            assert!(world.may(user, "site.view", "lyon").await);
            assert_eq!(world.why_not(user, "media.view", "lyon").await, "no-grant");
        }
        let all = listed(&world.operator, &acme.path("roles")).await;
        assert_eq!(all.last().unwrap(), "custom-night-shift");
        let platform = listed(&world.operator, "/api/v1/roles").await;
        assert!(!platform.contains(&"custom-night-shift".to_owned()));
        let user = world.operator.get(&format!("/api/v1/users/{ada}")).await.expect(200);
        assert_eq!(user.at("/roles/0/role"), "custom-night-shift");
        let list = format!("{}?role=custom-night-shift", acme.path("users"));
        let holders = world.operator.get(&list).await.expect(200);
        assert_eq!(holders.at("/data").as_array().unwrap().len(), 2);
    }

    async fn a_role_that_is_given_or_named_by_a_rule_is_not_deleted(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let world = &acme.world;
        world.site("lyon").await;
        let role = format!("/api/v1/roles/{}", acme.role(night_shift()).await);
        let ada = world.user("ada").await;
        let body = json!({"role": "custom-night-shift", "resources": ["site:lyon"]});
        let grant = acme.give(&ada, body).await;
        world.operator.delete(&role).await.expect_problem(409, "in-use");
        let scope = json!({"scope": "either"});
        world.operator.patch(&role, scope).await.expect_problem(409, "in-use");
        world.operator.delete(&format!("/api/v1/grants/{grant}")).await.expect(204);
        let rule = world.rule(json!({"name": "Night", "when": "title pr", "enabled": false,
            "role": "custom-night-shift", "resources": ["site:lyon"]})).await;
        world.operator.delete(&role).await.expect_problem(409, "in-use");
        world.operator.delete(&format!("/api/v1/mapping-rules/{rule}")).await.expect(204);
        let other = json!({"label": "Other", "permissions": ["gallery.view"],
            "assignable_by": ["custom-night-shift"]});
        let other = acme.role(other).await;
        world.operator.delete(&role).await.expect_problem(409, "in-use");
        world.operator.delete(&format!("/api/v1/roles/{other}")).await.expect(204);
        let ceiling = json!({"role_ceiling": "custom-night-shift"});
        let directory = format!("/api/v1/directories/{}", world.directory);
        world.operator.patch(&directory, ceiling).await.expect(200);
        world.operator.delete(&role).await.expect_problem(409, "in-use");
        world.operator.patch(&directory, json!({"role_ceiling": null})).await.expect(200);
        world.operator.delete(&role).await.expect(204);
        world.operator.get(&role).await.expect_problem(404, "not-found");
        let told = app.events(&world.organization, "role.removed").await;
        assert!(told.iter().any(|one| one["data"]["key"] == "custom-night-shift"));
        assert_eq!(app.events(&world.organization, "role.created").await.len(), 2);
    }

    async fn a_role_is_never_above_its_author_and_never_owns_identities(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let admin = acme.person("ada", &[json!({"role": "org-admin"})]).await;
        let path = acme.path("roles");
        let send = async |who: &Caller, role: Value| who.post(&path, role).await;
        send(&admin.browser, json!({"label": "A", "permissions": ["gallery.view"]})).await
            .expect(201);
        for (permission, code) in [("roles.manage", "identity-action"), ("*", "glob"),
            ("media.*", "glob"), ("media.vew", "unknown")] {
            let role = json!({"label": "B", "permissions": ["media.view", permission]});
            for who in [&admin.browser, &acme.world.operator] {
                let refused = send(who, role.clone()).await;
                refused.expect_problem(422, "invalid");
                assert_eq!(refused.at("/errors/0/pointer"), "/permissions/1");
                assert_eq!(refused.at("/errors/0/code"), code);
            }
        }
        let keeping = json!({"label": "C", "permissions": ["media.view"], "keep_one": true});
        assert_eq!(pointers(&send(&admin.browser, keeping).await), ["/keep_one"]);
        let role = json!({"label": "A", "permissions": ["gallery.view"]});
        send(&admin.browser, role).await.expect_problem(409, "conflict");
        // Ten minutes after she signed in she signs in again.
        app.advance_s(600);
        let role = json!({"label": "D", "permissions": ["gallery.view"]});
        send(&admin.browser, role.clone()).await.expect_problem(403, "forbidden");
        let browser = acme.sign_in_again("ada").await;
        send(&browser, role.clone()).await.expect(201);
        let bob = acme.person("bob", &[json!({"role": "project-manager"})]).await;
        send(&bob.browser, role).await.expect_problem(403, "forbidden");
        let told = app.events(&acme.world.organization, "role.created").await;
        assert_eq!(told[0]["actor"]["id"], admin.id.as_str());
    }

    async fn holders_of_a_role_give_what_it_may_give(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let world = &acme.world;
        for site in ["lyon", "paris"] {
            world.site(site).await;
        }
        acme.role(json!({"label": "Lead", "scope": "either",
            "permissions": ["users.view", "grants.edit", "roles.view", "site.view"],
            "organization_permissions": ["users.view", "grants.edit", "roles.view"]})).await;
        acme.role(json!({"label": "Hand", "scope": "resources", "resource_kinds": ["site"],
            "permissions": ["site.view"], "assignable_by": ["custom-lead"]})).await;
        let lead = json!({"role": "custom-lead", "resources": ["site:lyon"]});
        let lead = acme.person("ada", &[lead]).await;
        let bob = world.user("bob").await;
        let grants = format!("/api/v1/users/{bob}/grants");
        let hand = |site: &str| json!({"role": "custom-hand", "resources": [site]});
        lead.browser.post(&grants, hand("site:lyon")).await.expect(201);
        lead.browser.post(&grants, hand("site:paris")).await.expect_problem(403, "forbidden");
        let lead_too = json!({"role": "custom-lead", "resources": ["site:lyon"]});
        lead.browser.post(&grants, lead_too).await.expect_problem(403, "forbidden");
        let mine = format!("{}?assignable=true", acme.path("roles"));
        assert_eq!(listed(&lead.browser, &mine).await, ["custom-hand"]);
    }

    async fn a_change_of_a_role_moves_it_above_a_ceiling(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let world = &acme.world;
        world.site("lyon").await;
        let role = acme.role(json!({"label": "Crew", "scope": "resources",
            "resource_kinds": ["site"], "permissions": ["site.view"]})).await;
        let directory = format!("/api/v1/directories/{}", world.directory);
        let ceiling = json!({"role_ceiling": "field-worker"});
        world.operator.patch(&directory, ceiling).await.expect(200);
        let ada = world.user("ada").await;
        world.group("Crew", &[&ada]).await;
        world.rule(json!({"name": "Crew", "when": "groups.display eq \"Crew\"",
            "role": "custom-crew", "resources": ["site:lyon"]})).await;
        assert!(world.may(&ada, "site.view", "lyon").await);
        let path = format!("/api/v1/roles/{role}");
        let more = json!({"permissions": ["site.view", "media.view"]});
        world.operator.patch(&path, more).await.expect(200);
        assert_eq!(world.why_not(&ada, "site.view", "lyon").await, "no-grant");
        let less = json!({"permissions": ["site.view", "work_orders.view"]});
        world.operator.patch(&path, less).await.expect(200);
        assert!(world.may(&ada, "work_orders.view", "lyon").await);
    }

    async fn a_version_that_is_stale_changes_nothing(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let path = format!("/api/v1/roles/{}", acme.role(night_shift()).await);
        let stale = acme.world.operator.clone().with_header("if-match", "W/\"7\"");
        stale.patch(&path, json!({"label": "X"})).await.expect_problem(412, "precondition-failed");
        stale.delete(&path).await.expect_problem(412, "precondition-failed");
        let fresh = acme.world.operator.clone().with_header("if-match", "W/\"1\"");
        fresh.patch(&path, json!({"label": "X"})).await.expect(200);
        let kept = acme.world.operator.patch(&path, json!({"key": "custom-x"})).await;
        assert_eq!(pointers(&kept), ["/key"]);
        acme.world.operator.patch(&path, json!({"permissions": ["domains.manage"]})).await
            .expect_problem(422, "invalid");
    }
}
