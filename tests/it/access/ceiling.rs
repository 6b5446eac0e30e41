//! The role ceiling of a directory: its facts raise nobody above it (S26).

use serde_json::{Value, json};

use super::world::World;
use crate::support::{Reply, TestApp};

async fn patch(acme: &World<'_>, body: Value) -> Reply {
    acme.operator.patch(&format!("/api/v1/directories/{}", acme.directory), body).await
}

async fn admins(acme: &World<'_>) -> String {
    acme.rule(json!({"name": "Admins", "when": "groups.display eq \"Admins\"",
        "role": "org-admin"}))
        .await
}

on_both_engines! {
    async fn roles_beyond_the_ceiling_are_not_given_s26(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        admins(&acme).await;
        let ada = acme.user("ada").await;
        let shown = patch(&acme, json!({"role_ceiling": "operation-manager"})).await.expect(200);
        assert_eq!(shown.at("/role_ceiling"), "operation-manager");
        acme.group("Lyon crew", &[&ada]).await;
        acme.group("Admins", &[&ada]).await;
        assert_eq!(acme.kept(&ada).await, ["field-worker site:lyon"]);
        // A hand is not the directory.
        let path = format!("/api/v1/users/{ada}/grants");
        acme.operator.post(&path, json!({"role": "org-admin"})).await.expect(201);
        assert_eq!(acme.kept(&ada).await, ["field-worker site:lyon", "org-admin "]);
    }

    async fn a_ceiling_that_moves_takes_and_gives_at_once(app: TestApp) {
        let acme = World::new(&app).await;
        admins(&acme).await;
        let (ada, bob) = (acme.user("ada").await, acme.user("bob").await);
        acme.group("Admins", &[&ada]).await;
        assert_eq!(acme.kept(&ada).await, ["org-admin "]);
        // It is a hand's edit: the last holder stays.
        let refused = patch(&acme, json!({"role_ceiling": "field-worker"})).await;
        refused.expect_problem(409, "last-holder");
        assert_eq!(acme.kept(&ada).await, ["org-admin "]);
        let path = format!("/api/v1/users/{bob}/grants");
        acme.operator.post(&path, json!({"role": "org-admin"})).await.expect(201);
        app.advance_s(1);
        patch(&acme, json!({"role_ceiling": ["field-worker", "auditor"]})).await.expect(200);
        assert!(acme.kept(&ada).await.is_empty());
        let told = acme.events("user.access_changed", &ada).await;
        assert_eq!(told.last().unwrap()["lost"], json!([{"role": "org-admin", "resource": null}]));
        let cleared = patch(&acme, json!({"role_ceiling": null})).await.expect(200);
        assert_eq!(cleared.at("/role_ceiling"), Value::Null);
        assert_eq!(acme.kept(&ada).await, ["org-admin "]);
    }

    async fn a_ceiling_is_of_one_directory_and_the_preview_knows_it(app: TestApp) {
        let acme = World::new(&app).await;
        let path = "/api/v1/organizations/acme/directories";
        let body = json!({"name": "Low", "profile": "strict", "role_ceiling": "field-worker"});
        let low = acme.operator.post(path, body).await.expect(201);
        assert_eq!(low.at("/role_ceiling"), "field-worker");
        let path = format!("/api/v1/directories/{}/tokens", low.text_at("/id"));
        let token = acme.operator.post(&path, json!({"name": "t"})).await.expect(201);
        let scim = app.scim(&token.text_at("/token"));
        let ada = acme.user("ada").await;
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "bob", "title": "Admin"});
        let bob = scim.post("/Users", user).await.expect(201).text_at("/id");
        acme.set(&ada, "title", json!("Admin")).await;
        let rule = |directory: &str| json!({"name": directory, "directory": directory,
            "when": "title eq \"Admin\"", "role": "org-admin"});
        let rules = [rule(&acme.directory), rule(&low.text_at("/id"))];
        let path = "/api/v1/organizations/acme/mapping-rules/preview";
        let told = acme.operator.post(path, json!({"rules": rules})).await.expect(200);
        assert_eq!(told.at("/summary/users_changed"), 1, "{told}");
        assert_eq!(told.at("/changes/0/user/id"), ada.as_str());
        for rule in rules {
            acme.rule(rule).await;
        }
        assert_eq!(acme.kept(&ada).await, ["org-admin "]);
        assert!(acme.kept(&bob).await.is_empty());
    }

    async fn a_ceiling_that_is_none_is_refused(app: TestApp) {
        let acme = World::new(&app).await;
        for (sent, pointer) in [
            (json!("no-role"), "/role_ceiling"),
            (json!(["field-worker", "no-role"]), "/role_ceiling/1"),
            (json!([]), "/role_ceiling"),
            (json!(7), "/role_ceiling"),
        ] {
            let refused = patch(&acme, json!({"role_ceiling": sent})).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
        }
    }
}
