//! Roles replaced at once, and sources that never erase each other.

use serde_json::{Value, json};

use super::people::{People, pointers};
use super::world::World;
use crate::support::{Caller, Reply, TestApp};

async fn put(who: &Caller, user: &str, grants: Value) -> Reply {
    let access = who.get(&format!("/api/v1/users/{user}/access")).await.expect(200);
    let tag = access.header("etag").to_owned();
    let path = format!("/api/v1/users/{user}/grants");
    who.clone().with_header("if-match", &tag).put(&path, json!({"grants": grants})).await
}

/// Role, resource and source of each grant, sorted.
fn held(reply: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("*").to_owned();
    let one = |grant: &Value| {
        format!("{} {} {}", text(&grant["role"]), text(&grant["resource"]), text(&grant["source"]))
    };
    let mut held: Vec<String> = reply.as_array().unwrap().iter().map(one).collect();
    held.sort();
    held
}

async fn access(acme: &World<'_>, user: &str) -> Vec<String> {
    let access = acme.operator.get(&format!("/api/v1/users/{user}/access")).await.expect(200);
    held(&access.at("/grants"))
}

on_both_engines! {
    async fn what_hands_gave_is_replaced_at_once_and_rules_stay(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let world = &acme.world;
        for site in ["lyon", "paris"] {
            world.site(site).await;
        }
        world.lyon_rule().await;
        let admin = acme.person("ada", &[json!({"role": "org-admin"})]).await;
        let bob = world.user("bob").await;
        world.group("Lyon crew", &[&bob]).await;
        acme.give(&bob, json!({"role": "gallery-viewer"})).await;
        let first = put(&admin.browser, &bob, json!([
            {"role": "field-worker", "resources": ["site:lyon", "site:paris"]},
            {"role": "auditor", "resources": ["site:lyon"]},
        ])).await.expect(200);
        let all = ["auditor * manual", "field-worker site:lyon manual",
            "field-worker site:lyon rule", "field-worker site:paris manual",
            "gallery-viewer * api", "site-access site:lyon manual"];
        assert_eq!(held(&first.at("/data")), all);
        assert_eq!(access(world, &bob).await, all);
        // A program replaces what programs gave too; what stays keeps its source.
        let next = put(&world.operator, &bob, json!([
            {"role": "field-worker", "resources": ["site:lyon"]},
        ])).await.expect(200);
        let left = ["field-worker site:lyon manual", "field-worker site:lyon rule"];
        assert_eq!(held(&next.at("/data")), left);
        put(&world.operator, &bob, json!([])).await.expect(200);
        assert_eq!(access(world, &bob).await, ["field-worker site:lyon rule"]);
        assert!(world.may(&bob, "site.view", "lyon").await);
        let removed = app.events(&world.organization, "grant.removed").await;
        assert_eq!(removed.len(), 5);
    }

    async fn a_replacement_needs_the_version_that_it_replaces(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let bob = acme.world.user("bob").await;
        let path = format!("/api/v1/users/{bob}/grants");
        let operator = &acme.world.operator;
        let body = json!({"grants": []});
        operator.put(&path, body.clone()).await.expect_problem(428, "precondition-required");
        let access = operator.get(&format!("/api/v1/users/{bob}/access")).await.expect(200);
        let stale = operator.clone().with_header("if-match", access.header("etag"));
        acme.give(&bob, json!({"role": "gallery-viewer"})).await;
        stale.put(&path, body.clone()).await.expect_problem(412, "precondition-failed");
        let any = operator.clone().with_header("if-match", "*");
        any.put(&path, body).await.expect(200);
    }

    async fn a_replacement_is_refused_whole(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let world = &acme.world;
        world.site("lyon").await;
        let bob = world.user("bob").await;
        acme.give(&bob, json!({"role": "org-admin"})).await;
        let viewer = json!([{"role": "gallery-viewer"}]);
        put(&world.operator, &bob, viewer).await.expect_problem(409, "last-holder");
        assert_eq!(access(world, &bob).await, ["org-admin * api"]);
        let dan = world.user("dan").await;
        for (grant, pointer) in [
            (json!({"role": "nobody"}), "/grants/1/role"),
            (json!({"role": "org-admin", "resources": ["site:lyon"]}), "/grants/1/resources"),
            (json!({"role": "field-worker", "resources": ["site:x"]}), "/grants/1/resources/0"),
        ] {
            let sent = json!([{"role": "field-worker"}, grant]);
            let wrong = put(&world.operator, &dan, sent).await;
            wrong.expect_problem(422, "invalid");
            assert_eq!(pointers(&wrong), [pointer]);
        }
        assert!(access(world, &dan).await.is_empty());
    }

    async fn sources_never_erase_each_other(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let world = &acme.world;
        world.site("lyon").await;
        world.lyon_rule().await;
        let admin = acme.person("ada", &[json!({"role": "org-admin"})]).await;
        let bob = world.user("bob").await;
        let crew = world.group("Lyon crew", &[&bob]).await;
        let body = json!({"role": "field-worker", "resources": ["site:lyon"]});
        let path = format!("/api/v1/users/{bob}/grants");
        let by_hand = admin.browser.post(&path, body.clone()).await.expect(201);
        let by_program = acme.give(&bob, body.clone()).await;
        assert_eq!(access(world, &bob).await.len(), 3);
        world.leave(&crew, &bob).await;
        assert_eq!(access(world, &bob).await,
            ["field-worker site:lyon api", "field-worker site:lyon manual"]);
        world.join(&crew, &bob).await;
        let hand = format!("/api/v1/grants/{}", by_hand.text_at("/data/0/id"));
        admin.browser.delete(&hand).await.expect(204);
        world.operator.delete(&format!("/api/v1/grants/{by_program}")).await.expect(204);
        assert!(world.may(&bob, "site.view", "lyon").await);
        let all = world.operator.get(&format!("/api/v1/users/{bob}/access")).await.expect(200);
        let rule = format!("/api/v1/grants/{}", all.text_at("/grants/0/id"));
        let refused = admin.browser.delete(&rule).await;
        refused.expect_problem(409, "managed-elsewhere");
        assert!(refused.text_at("/detail").contains("Lyon crew"), "{refused}");
    }

    async fn whoever_replaces_may_give_and_take_each_of_them(app: TestApp) {
        let acme = People::new(World::new(&app).await).await;
        let world = &acme.world;
        for site in ["lyon", "paris"] {
            world.site(site).await;
        }
        acme.role(json!({"label": "Lead", "scope": "either",
            "permissions": ["grants.edit", "access.explain", "site.view"],
            "organization_permissions": ["grants.edit", "access.explain"]})).await;
        acme.role(json!({"label": "Hand", "scope": "resources", "resource_kinds": ["site"],
            "permissions": ["site.view"], "assignable_by": ["custom-lead"]})).await;
        let lead = json!({"role": "custom-lead", "resources": ["site:lyon"]});
        let lead = acme.person("ada", &[lead]).await;
        let admin = acme.person("zoe", &[json!({"role": "org-admin"})]).await;
        let bob = world.user("bob").await;
        let hand = |site: &str| json!({"role": "custom-hand", "resources": [site]});
        put(&lead.browser, &bob, json!([hand("site:lyon")])).await.expect(200);
        let paris = put(&lead.browser, &bob, json!([hand("site:paris")])).await;
        paris.expect_problem(403, "forbidden");
        let viewer = json!({"role": "gallery-viewer"});
        put(&admin.browser, &bob, json!([viewer, hand("site:paris")])).await
            .expect_problem(403, "forbidden");
        put(&admin.browser, &bob, json!([viewer, hand("site:lyon")])).await.expect(200);
        // What she may not give stays as it is while she changes what she may.
        put(&lead.browser, &bob, json!([viewer])).await.expect(200);
        put(&lead.browser, &bob, json!([])).await.expect_problem(403, "forbidden");
    }
}
