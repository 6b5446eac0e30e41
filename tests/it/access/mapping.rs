//! Rules follow the directory, in the request that changed it.

use serde_json::json;

use super::world::World;
use crate::support::TestApp;

on_both_engines! {
    async fn access_is_there_and_gone_when_the_request_is_answered(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let ada = acme.user("ada").await;
        let crew = acme.group("Lyon crew", &[]).await;
        assert_eq!(acme.why_not(&ada, "work_orders.execute", "lyon").await, "no-grant");
        acme.join(&crew, &ada).await;
        assert!(acme.may(&ada, "work_orders.execute", "lyon").await);
        acme.leave(&crew, &ada).await;
        assert_eq!(acme.why_not(&ada, "work_orders.execute", "lyon").await, "no-grant");
        assert!(acme.kept(&ada).await.is_empty());
    }

    async fn an_event_tells_gains_losses_and_the_version_of_access(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let ada = acme.user("ada").await;
        let crew = acme.group("Lyon crew", &[&ada]).await;
        let version = acme.ask(&ada, "site.view", "lyon").await["context"]["access_version"].clone();
        app.advance_s(1);
        acme.leave(&crew, &ada).await;
        let told = acme.events("user.access_changed", &ada).await;
        let grant = json!([{"role": "field-worker", "resource": "site:lyon"}]);
        assert_eq!(told.len(), 2);
        assert_eq!((&told[0]["gained"], &told[0]["lost"]), (&grant, &json!([])));
        assert_eq!((&told[1]["gained"], &told[1]["lost"]), (&json!([]), &grant));
        assert_eq!(told[0]["access_version"], version);
        assert!(told[1]["access_version"].as_i64() > version.as_i64());
    }

    async fn a_group_of_another_name_gives_nothing(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let ada = acme.user("ada").await;
        let crew = acme.group("Lyon crew", &[&ada]).await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        acme.rename(&crew, "Paris crew").await;
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
        acme.rename(&crew, "LYON CREW").await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        acme.scim.delete(&format!("/Groups/{crew}")).await.expect(204);
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
    }

    async fn attributes_count_as_groups_do(app: TestApp) {
        let acme = World::new(&app).await;
        acme.rule(json!({"name": "Quality", "when": "title eq \"Inspector\"",
            "role": "auditor"}))
            .await;
        let ada = acme.user("ada").await;
        assert!(acme.kept(&ada).await.is_empty());
        acme.set(&ada, "title", json!("inspector")).await;
        assert_eq!(acme.kept(&ada).await, ["auditor "]);
        acme.set(&ada, "title", json!("Baker")).await;
        assert!(acme.kept(&ada).await.is_empty());
    }

    async fn one_who_is_deactivated_is_refused_by_the_next_question(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let ada = acme.user("ada").await;
        acme.group("Lyon crew", &[&ada]).await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        acme.set(&ada, "active", json!(false)).await;
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "user-not-enabled");
        acme.set(&ada, "active", json!(true)).await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        acme.scim.delete(&format!("/Users/{ada}")).await.expect(204);
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "user-unknown");
    }

    async fn a_site_that_comes_later_is_given_and_one_that_goes_is_unresolved(app: TestApp) {
        let acme = World::new(&app).await;
        acme.rule(json!({"name": "Managers", "when": "groups pr",
            "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+) managers$"},
            "role": "operation-manager", "resources": ["site:{site}"]}))
            .await;
        let ada = acme.user("ada").await;
        acme.group("Site Lyon managers", &[&ada]).await;
        assert!(acme.kept(&ada).await.is_empty());
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "resource-unknown");
        acme.site("lyon").await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        assert_eq!(acme.remove_site("lyon").await, 204);
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "resource-unknown");
        assert!(acme.kept(&ada).await.is_empty());
        acme.site("LYON").await;
        assert!(acme.may(&ada, "site.view", "Lyon").await);
    }

    async fn a_prefix_covers_sites_that_come_later(app: TestApp) {
        let acme = World::new(&app).await;
        acme.rule(json!({"name": "Lyon", "when": "groups.display eq \"Lyon crew\"",
            "role": "field-worker", "resources": ["site:lyon-*"]}))
            .await;
        let ada = acme.user("ada").await;
        acme.group("Lyon crew", &[&ada]).await;
        acme.site("paris-1").await;
        acme.site("lyon-1").await;
        assert!(acme.may(&ada, "site.view", "lyon-1").await);
        assert_eq!(acme.why_not(&ada, "site.view", "paris-1").await, "not-covered");
    }

    async fn an_edited_rule_applies_to_everybody_when_it_is_answered(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        let rule = acme.lyon_rule().await;
        let ada = acme.user("ada").await;
        acme.group("Lyon crew", &[&ada]).await;
        let path = format!("/api/v1/mapping-rules/{rule}");
        acme.operator.patch(&path, json!({"role": "operation-manager"})).await.expect(200);
        assert_eq!(acme.kept(&ada).await, ["operation-manager site:lyon"]);
        assert!(acme.may(&ada, "work_orders.edit", "lyon").await);
        acme.operator.patch(&path, json!({"enabled": false})).await.expect(200);
        assert!(acme.kept(&ada).await.is_empty());
        acme.operator.patch(&path, json!({"enabled": true})).await.expect(200);
        assert!(acme.may(&ada, "work_orders.edit", "lyon").await);
        acme.operator.delete(&path).await.expect(204);
        assert_eq!(acme.why_not(&ada, "work_orders.edit", "lyon").await, "no-grant");
        let status = format!("/api/v1/organizations/{}/mapping-rules/status", acme.organization);
        let status = acme.operator.get(&status).await.expect(200);
        assert_eq!(status.at("/state"), "idle");
        assert_eq!(status.at("/version"), status.at("/applied_version"));
    }

    async fn two_joins_at_once_that_together_meet_a_rule_do_not_miss_it(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        let when = "groups.display eq \"A\" and groups.display eq \"B\"";
        acme.rule(json!({"name": "Both", "when": when, "role": "field-worker",
            "resources": ["site:lyon"]}))
            .await;
        let (a, b) = (acme.group("A", &[]).await, acme.group("B", &[]).await);
        for n in 0..10 {
            let user = acme.user(&format!("user-{n}")).await;
            tokio::join!(acme.join(&a, &user), acme.join(&b, &user));
            assert!(acme.may(&user, "site.view", "lyon").await, "{n}");
        }
    }

    async fn a_join_and_a_new_rule_at_once_do_not_miss_each_other(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        for n in 0..10 {
            let (name, user) = (format!("Crew {n}"), acme.user(&format!("user-{n}")).await);
            let group = acme.group(&name, &[]).await;
            let rule = json!({"name": name, "when": format!("groups.display eq \"{name}\""),
                "role": "field-worker", "resources": ["site:lyon"]});
            tokio::join!(acme.join(&group, &user), acme.rule(rule));
            assert!(acme.may(&user, "site.view", "lyon").await, "{n}");
        }
    }

    async fn the_last_holder_is_kept_by_hands_and_let_go_by_the_directory(app: TestApp) {
        let acme = World::new(&app).await;
        let rule = acme
            .rule(json!({"name": "Admins", "when": "groups.display eq \"Admins\"",
                "role": "org-admin"}))
            .await;
        let ada = acme.user("ada").await;
        let admins = acme.group("Admins", &[&ada]).await;
        let path = format!("/api/v1/mapping-rules/{rule}");
        acme.operator.delete(&path).await.expect_problem(409, "last-holder");
        assert_eq!(acme.kept(&ada).await, ["org-admin "]);
        acme.leave(&admins, &ada).await;
        assert!(acme.kept(&ada).await.is_empty());
        let told = acme.events("organization.role_vacant", &acme.organization).await;
        assert_eq!(told, [json!({"role": "org-admin"})]);
    }
}
