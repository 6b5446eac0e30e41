//! Grants by hand over HTTP, and access with its reasons.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp};

async fn user(app: &TestApp, name: &str) -> String {
    let body = json!({"user_name": name});
    let made = app.operator().post("/api/v1/organizations/acme/users", body).await;
    made.expect(201).text_at("/id")
}

async fn site(app: &TestApp, key: &str) {
    let path = format!("/api/v1/organizations/acme/resources/site/{key}");
    app.operator().put(&path, json!({"name": key})).await.expect(201);
}

async fn give(app: &TestApp, user: &str, body: Value) -> Reply {
    app.operator().post(&format!("/api/v1/users/{user}/grants"), body).await
}

async fn access(app: &TestApp, user: &str, query: &str) -> Reply {
    app.operator().get(&format!("/api/v1/users/{user}/access{query}")).await.expect(200)
}

on_both_engines! {
    async fn a_grant_that_was_given_is_seen_and_taken_away(app: TestApp) {
        app.organization("Acme").await;
        let ada = user(&app, "ada").await;
        site(&app, "Lyon").await;
        let given = give(&app, &ada, json!({"role": "field-worker", "resources": ["site:lyon"]}));
        let given = given.await.expect(201);
        assert_eq!(given.at("/data/0/resource"), "site:Lyon");
        assert_eq!(given.at("/data/0/source"), "api");
        assert_eq!(access(&app, &ada, "").await.at("/grants"), given.at("/data"));
        let again = give(&app, &ada, json!({"role": "field-worker", "resources": ["site:LYON"]}));
        assert_eq!(again.await.expect(201).at("/data/0/id"), given.at("/data/0/id"));
        let path = format!("/api/v1/grants/{}", given.text_at("/data/0/id"));
        app.operator().delete(&path).await.expect(204);
        assert_eq!(access(&app, &ada, "").await.at("/grants"), json!([]));
        app.operator().delete(&path).await.expect_problem(404, "not-found");
    }

    async fn a_confined_role_spreads_to_the_role_it_is_confined_to(app: TestApp) {
        app.organization("Acme").await;
        let ada = user(&app, "ada").await;
        site(&app, "lyon").await;
        let given = give(&app, &ada, json!({"role": "auditor", "resources": ["site:lyon"]}));
        let given = given.await.expect(201);
        assert_eq!(given.at("/data/0/role"), "auditor");
        assert_eq!(given.at("/data/0/resource"), Value::Null);
        assert_eq!(given.at("/data/1/role"), "site-access");
        assert_eq!(given.at("/data/1/resource"), "site:lyon");
    }

    async fn a_grant_that_does_not_fit_is_pointed_to(app: TestApp) {
        app.organization("Acme").await;
        let ada = user(&app, "ada").await;
        site(&app, "lyon").await;
        for (body, pointer) in [
            (json!({"role": "no"}), "/role"),
            (json!({"role": "field-worker", "resources": ["site:gone"]}), "/resources/0"),
            (json!({"role": "field-worker", "resources": ["lyon"]}), "/resources/0"),
            (json!({"role": "field-worker", "resources": ["site:lyon", "site:LYON"]}),
                "/resources/1"),
            (json!({"role": "org-admin", "resources": ["site:lyon"]}), "/resources"),
            (json!({"role": "auditor", "expires_at": "2026-11-21T10:00:00Z"}), "/expires_at"),
            (json!({"role": "auditor", "expires_at": "soon"}), "/expires_at"),
            (json!({"role": "auditor", "organization": "other"}), "/organization"),
        ] {
            let refused = give(&app, &ada, body).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
        }
        assert_eq!(access(&app, &ada, "").await.at("/grants"), json!([]));
        let nobody = give(&app, "018f0000-0000-7000-8000-000000000000", json!({"role": "auditor"}));
        nobody.await.expect_problem(404, "not-found");
    }

    async fn a_grant_ends_by_the_clock(app: TestApp) {
        app.organization("Acme").await;
        let ada = user(&app, "ada").await;
        let body = json!({"role": "auditor", "expires_at": "2026-11-21T11:00:00Z"});
        give(&app, &ada, body).await.expect(201);
        let path = format!("/api/v1/users/{ada}");
        assert_eq!(app.operator().get(&path).await.at("/roles/0/role"), "auditor");
        app.advance_s(3600);
        assert_eq!(app.operator().get(&path).await.at("/roles"), json!([]));
    }

    async fn the_last_grant_of_a_role_that_must_keep_a_holder_stays(app: TestApp) {
        app.organization("Acme").await;
        let (ada, bob) = (user(&app, "ada").await, user(&app, "bob").await);
        let first = give(&app, &ada, json!({"role": "org-admin"})).await.expect(201);
        let path = format!("/api/v1/grants/{}", first.text_at("/data/0/id"));
        app.operator().delete(&path).await.expect_problem(409, "last-holder");
        assert_eq!(access(&app, &ada, "").await.at("/grants/0/role"), "org-admin");
        give(&app, &bob, json!({"role": "org-admin"})).await.expect(201);
        app.operator().delete(&path).await.expect(204);
    }

    async fn a_decision_is_explained(app: TestApp) {
        app.organization("Acme").await;
        let ada = user(&app, "ada").await;
        site(&app, "lyon").await;
        site(&app, "rome").await;
        let body = json!({"role": "operation-manager", "resources": ["site:lyon"]});
        give(&app, &ada, body).await.expect(201);
        let asked = |resource: &str| format!("?permission=media.view&resource={resource}");
        let held = access(&app, &ada, &asked("site:lyon")).await;
        assert_eq!(held.at("/decision/decision"), true);
        assert_eq!(held.at("/decision/reason"), "held");
        assert_eq!(held.at("/decision/grants/0/role"), "operation-manager");
        let elsewhere = access(&app, &ada, &asked("site:rome")).await;
        assert_eq!(elsewhere.at("/decision/decision"), false);
        assert_eq!(elsewhere.at("/decision/reason"), "not-covered");
        assert_eq!(elsewhere.at("/decision/elsewhere/0/resource"), "site:lyon");
        let unknown = access(&app, &ada, &asked("site:gone")).await;
        assert_eq!(unknown.at("/decision/reason"), "resource-unknown");
        assert!(access(&app, &ada, "").await.json().get("decision").is_none());
    }

    async fn what_stays_unresolved_names_the_nearest_resource(app: TestApp) {
        app.organization("Acme").await;
        let (_, token) = app.directory("acme", "strict").await;
        let scim = app.scim(&token);
        site(&app, "lyon").await;
        let rule = json!({"name": "Sites", "when": "title pr",
            "each": {"attribute": "title", "pattern": "(?<site>.+)"},
            "role": "field-worker", "resources": ["site:{site}"]});
        let rules = "/api/v1/organizations/acme/mapping-rules";
        let rule = app.operator().post(rules, rule).await.expect(201).text_at("/id");
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada", "title": "lyom"});
        let ada = scim.post("/Users", body).await.expect(201).text_at("/id");
        let unresolved = access(&app, &ada, "").await.at("/unresolved");
        let expected = json!([{"rule": rule, "resource": "site:lyom", "nearest": "site:lyon"}]);
        assert_eq!(unresolved, expected);
        site(&app, "lyom").await;
        let access = access(&app, &ada, "").await;
        assert_eq!(access.at("/unresolved"), json!([]));
        assert_eq!(access.at("/grants/0/resource"), "site:lyom");
    }
}
