//! Mapping rules over HTTP: what is taken, what is refused and where, and that access follows.

use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

const ALL: &str = "/api/v1/organizations/acme/mapping-rules";

fn rule(name: &str) -> Value {
    json!({"name": name, "when": "groups.display eq \"Auditors\"", "role": "auditor"})
}

async fn make(app: &TestApp, body: Value) -> Reply {
    app.operator().post(ALL, body).await
}

/// A directory with one user in the group `Auditors`; answers her id and its client.
async fn ada(app: &TestApp) -> (String, Caller) {
    app.organization("Acme").await;
    let (_, token) = app.directory("acme", "strict").await;
    let scim = app.scim(&token);
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@acme.example", "active": true});
    let id = scim.post("/Users", body).await.expect(201).text_at("/id");
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Auditors", "members": [{"value": id}]});
    scim.post("/Groups", body).await.expect(201);
    (id, scim)
}

async fn roles(app: &TestApp, user: &str) -> Vec<String> {
    let path = format!("/api/v1/users/{user}");
    let roles = app.operator().get(&path).await.expect(200).at("/roles");
    let role = |role: &Value| role["role"].as_str().unwrap().to_owned();
    roles.as_array().unwrap().iter().map(role).collect()
}

on_both_engines! {
    async fn access_follows_a_rule_that_is_made_changed_and_deleted(app: TestApp) {
        let (ada, _) = ada(&app).await;
        assert!(roles(&app, &ada).await.is_empty());
        let made = make(&app, rule("Auditors")).await.expect(201);
        let one = format!("/api/v1/mapping-rules/{}", made.text_at("/id"));
        assert_eq!(roles(&app, &ada).await, ["auditor"]);
        let access = app.operator().get(&format!("/api/v1/users/{ada}/access")).await.expect(200);
        assert_eq!(access.at("/grants/0/why/rule"), "Auditors");
        assert_eq!(access.at("/grants/0/why/matched/0/value"), "Auditors");
        assert_eq!(access.at("/grants/0/source_id"), made.at("/id"));
        let grant = format!("/api/v1/grants/{}", access.text_at("/grants/0/id"));
        app.operator().delete(&grant).await.expect_problem(409, "managed-elsewhere");
        app.operator().patch(&one, json!({"enabled": false})).await.expect(200);
        assert!(roles(&app, &ada).await.is_empty());
        app.operator().patch(&one, json!({"enabled": true})).await.expect(200);
        assert_eq!(roles(&app, &ada).await, ["auditor"]);
        app.operator().delete(&one).await.expect(204);
        assert!(roles(&app, &ada).await.is_empty());
        app.operator().get(&one).await.expect_problem(404, "not-found");
    }

    async fn a_rule_is_read_back_as_it_was_sent(app: TestApp) {
        app.organization("Acme").await;
        let body = json!({"name": "Sites", "position": 7, "enabled": false,
            "when": "groups.display sw \"Site \"",
            "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+)$"},
            "role": "field-worker", "resources": ["site:{site|slug}"], "exclusive": "product"});
        let made = make(&app, body.clone()).await.expect(201);
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(made.at(&format!("/{name}")), *value, "{name}");
        }
        let one = format!("/api/v1/mapping-rules/{}", made.text_at("/id"));
        assert_eq!(app.operator().get(&one).await.expect(200).json(), made.json());
        let patch = json!({"resources": ["site:{site}"], "exclusive": null});
        let changed = app.operator().patch(&one, patch).await.expect(200);
        assert_eq!(changed.at("/resources"), json!(["site:{site}"]));
        assert_eq!(changed.at("/exclusive"), Value::Null);
        assert_eq!(changed.at("/each"), made.at("/each"));
        let stale = app.operator().with_header("if-match", made.header("etag"));
        stale.patch(&one, json!({"name": "x"})).await.expect_problem(412, "precondition-failed");
        stale.delete(&one).await.expect_problem(412, "precondition-failed");
    }

    async fn what_is_wrong_with_a_rule_is_pointed_to(app: TestApp) {
        app.organization("Acme").await;
        for (field, value, pointer, code) in [
            ("when", json!("groups.display eq"), "/when", "invalid-filter"),
            ("when", json!("not (title pr)"), "/when", "only-negative"),
            ("role", json!("auditr"), "/role", "unknown"),
            ("each", json!({"attribute": "groups.display", "pattern": "("}), "/each/pattern",
                "invalid-pattern"),
            ("resources", json!(["planet:x"]), "/resources/0", "kind-unknown"),
            ("directory", json!("018f0000-0000-7000-8000-000000000000"), "/directory", "unknown"),
            ("name", json!(""), "/name", "required"),
            ("id", json!("x"), "/id", "unknown"),
        ] {
            let mut body = rule("Wrong");
            body[field] = value;
            let refused = make(&app, body).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
            assert_eq!(refused.at("/errors/0/code"), code, "{refused}");
        }
        let listed = app.operator().get(ALL).await.expect(200);
        assert_eq!(listed.at("/data"), json!([]));
    }

    async fn rules_are_listed_by_position_page_by_page(app: TestApp) {
        app.organization("Acme").await;
        for (name, position) in [("b", Some(2)), ("a", Some(1)), ("last", None)] {
            let mut body = rule(name);
            body["position"] = json!(position);
            make(&app, body).await.expect(201);
        }
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let page = app.operator().get(&format!("{ALL}?limit=1{after}")).await.expect(200);
            names.push(page.text_at("/data/0/name"));
            let Some(next) = page.at("/next").as_str().map(str::to_owned) else { break };
            after = format!("&after={next}");
        }
        assert_eq!(names, ["a", "b", "last"]);
    }

    async fn the_status_tells_that_everything_is_applied(app: TestApp) {
        app.organization("Acme").await;
        make(&app, rule("Auditors")).await.expect(201);
        let status = app.operator().get(&format!("{ALL}/status")).await.expect(200);
        assert_eq!(status.at("/state"), "idle");
        assert_eq!(status.at("/version"), status.at("/applied_version"));
        assert_eq!(status.at("/error"), Value::Null);
    }

    async fn a_rule_of_another_organization_is_not_there(app: TestApp) {
        app.organization("Acme").await;
        app.organization("Other").await;
        make(&app, rule("Auditors")).await.expect(201);
        let other = app.operator().get("/api/v1/organizations/other/mapping-rules").await;
        assert_eq!(other.expect(200).at("/data"), json!([]));
    }
}
