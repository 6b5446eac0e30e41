//! Why somebody may or may not: the chain that gave it, or the first condition that failed.

use serde_json::{Value, json};

use super::people::People;
use super::world::World;
use crate::support::TestApp;

async fn explained(acme: &World<'_>, user: &str, permission: &str, resource: &str) -> Value {
    let query = format!("permission={permission}&resource={resource}");
    let path = format!("/api/v1/users/{user}/access?{query}");
    acme.operator.get(&path).await.expect(200).at("/decision")
}

on_both_engines! {
    async fn the_chain_goes_from_group_or_attribute_over_rule_to_grant(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        acme.rule(json!({"name": "Inspectors", "when": "title eq \"Inspector\"",
            "role": "operation-manager", "resources": ["site:lyon"]})).await;
        let ada = acme.user("ada").await;
        acme.group("Lyon crew", &[&ada]).await;
        acme.set(&ada, "title", json!("Inspector")).await;
        let by_group = explained(&acme, &ada, "work_orders.execute", "site:lyon").await;
        assert_eq!(by_group["decision"], true);
        assert_eq!(by_group["reason"], "held");
        assert_eq!(by_group["condition"], Value::Null);
        let grants = by_group["grants"].as_array().unwrap();
        let why = |name: &str| {
            let found = grants.iter().find(|grant| grant["source_name"] == name).unwrap();
            (found["role"].clone(), found["resource"].clone(), found["why"].clone())
        };
        let fact = |attribute: &str, value: &str| json!([{"attribute": attribute, "value": value}]);
        let crew = json!({"rule": "Lyon crew", "matched": fact("groups.display", "Lyon crew")});
        assert_eq!(why("Lyon crew"), (json!("field-worker"), json!("site:lyon"), crew));
        let title = json!({"rule": "Inspectors", "matched": fact("title", "Inspector")});
        assert_eq!(why("Inspectors"), (json!("operation-manager"), json!("site:lyon"), title));
        assert!(by_group["detail"].as_str().unwrap().contains("by rule `Lyon crew`"));
    }

    async fn a_refusal_names_the_first_condition_that_failed(app: TestApp) {
        let acme = World::new(&app).await;
        for site in ["lyon", "paris"] {
            acme.site(site).await;
        }
        acme.lyon_rule().await;
        let ada = acme.user("ada").await;
        acme.group("Lyon crew", &[&ada]).await;
        for (permission, resource, reason, condition) in [
            ("site.vew", "site:lyon", "permission-unknown", 2),
            ("media.view", "site:lyon", "no-grant", 2),
            ("site.view", "site:berlin", "resource-unknown", 3),
            ("site.view", "site:paris", "not-covered", 3),
        ] {
            let told = explained(&acme, &ada, permission, resource).await;
            assert_eq!(told["decision"], false, "{told}");
            assert_eq!(told["reason"], reason, "{told}");
            assert_eq!(told["condition"], condition, "{told}");
            assert_eq!(told["grants"], json!([]), "{told}");
        }
        let paris = explained(&acme, &ada, "site.view", "site:paris").await;
        assert_eq!(paris["elsewhere"][0]["why"]["rule"], "Lyon crew");
        let suspend = format!("/api/v1/users/{ada}/suspend");
        acme.operator.post(&suspend, json!({})).await.expect(200);
        let told = explained(&acme, &ada, "site.view", "site:lyon").await;
        assert_eq!((&told["reason"], &told["condition"]), (&json!("user-not-enabled"), &json!(1)));
        let whole = format!("/api/v1/users/{ada}/access?permission=site.view");
        let whole = acme.operator.get(&whole).await.expect(200);
        assert_eq!(whole.at("/decision/condition"), 1);
        let wrong = format!("/api/v1/users/{ada}/access?permission=site.view&resource=lyon");
        acme.operator.get(&wrong).await.expect_problem(400, "malformed");
    }

    async fn whoever_may_not_explain_is_told_no_grants(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        acme.world.site("lyon").await;
        let worker = json!({"role": "field-worker", "resources": ["site:lyon"]});
        let ada = acme.person("ada", &[worker]).await;
        let zoe = acme.person("zoe", &[json!({"role": "org-admin"})]).await;
        let about = |user: &str| json!({"subject": {"type": "user", "id": user},
            "action": {"name": "site.view"}, "resource": {"type": "site", "id": "lyon"}});
        let own = ada.browser.post("/access/v1/evaluation", about(&ada.id)).await.expect(200);
        assert_eq!(own.at("/decision"), true);
        assert!(own.at("/context").get("grants").is_none());
        let other = ada.browser.post("/access/v1/evaluation", about(&zoe.id)).await;
        other.expect_problem(403, "forbidden");
        let own = zoe.browser.post("/access/v1/evaluation", about(&zoe.id)).await.expect(200);
        assert_eq!(own.at("/context/grants/0/role"), "org-admin");
        let path = format!("/api/v1/users/{}/access", zoe.id);
        ada.browser.get(&path).await.expect_problem(403, "forbidden");
    }
}
