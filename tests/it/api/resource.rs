//! The registry of resources over HTTP.

use portico::flow::resource::BATCH_MAX;
use portico::store::statements;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp};

const ALL: &str = "/api/v1/organizations/acme/resources";

async fn put(app: &TestApp, name: &str, body: Value) -> Reply {
    app.operator().put(&format!("{ALL}/{}", name.replace(':', "/")), body).await
}

async fn read(app: &TestApp, name: &str) -> Reply {
    app.operator().get(&format!("{ALL}/{}", name.replace(':', "/"))).await
}

async fn remove(app: &TestApp, name: &str, query: &str) -> Reply {
    app.operator().delete(&format!("{ALL}/{}{query}", name.replace(':', "/"))).await
}

async fn batch(app: &TestApp, resources: Value) -> Reply {
    app.operator().post(&format!("{ALL}/batch"), json!({"resources": resources})).await
}

/// Makes a user with a role on a resource and answers the grant's id.
async fn grant(app: &TestApp, resource: &str) -> String {
    let body = json!({"user_name": format!("user of {resource}"),
        "grants": [{"role": "field-worker", "resources": [resource]}]});
    let made = app.operator().post("/api/v1/organizations/acme/users", body).await.expect(201);
    let path = format!("/api/v1/users/{}/access", made.text_at("/id"));
    app.operator().get(&path).await.expect(200).text_at("/grants/0/id")
}

on_both_engines! {
    // VM13, VM16, VM18: the address is where the platform shows it and where it is changed.
    async fn a_resource_that_was_put_is_read_back_whatever_the_letter_case(app: TestApp) {
        app.organization("Acme").await;
        put(&app, "team:North", json!({"name": "North"})).await.expect(201);
        let body = json!({"name": "Lyon", "parent": "team:NORTH", "location": "Rue 1",
            "attributes": {"floor": 3}, "url": "https://platform.example/lyon"});
        let made = put(&app, "site:Lyon", body.clone()).await.expect(201);
        assert_eq!(made.at("/resource"), "site:Lyon");
        assert_eq!(made.at("/parent"), "team:North");
        assert_eq!(made.at("/attributes/floor"), 3);
        assert_eq!(made.at("/location"), "Rue 1");
        assert_eq!(made.at("/url"), "https://platform.example/lyon");
        for name in ["site:Lyon", "site:lyon"] {
            let read = read(&app, name).await.expect(200);
            assert_eq!(read.json(), made.json());
            assert_eq!(read.header("etag"), made.header("etag"));
        }
        let again = put(&app, "site:LYON", body).await.expect(200);
        assert_eq!(again.json(), made.json());
        assert_eq!(again.header("etag"), made.header("etag"));
        let listed = app.operator().get(&format!("{ALL}?kind=site")).await.expect(200);
        assert_eq!(listed.at("/data"), json!([made.json()]));
    }

    async fn what_a_put_leaves_out_is_cleared(app: TestApp) {
        app.organization("Acme").await;
        put(&app, "team:north", json!({"name": "N"})).await.expect(201);
        let body = json!({"name": "Lyon", "parent": "team:north", "location": "Rue 1"});
        let made = put(&app, "site:lyon", body).await.expect(201);
        let changed = put(&app, "site:lyon", json!({"name": "Lyon"})).await.expect(200);
        assert_eq!(changed.at("/parent"), Value::Null);
        assert_eq!(changed.at("/location"), Value::Null);
        assert_ne!(changed.header("etag"), made.header("etag"));
        let stale = app.operator().with_header("if-match", made.header("etag"));
        let reply = stale.put(&format!("{ALL}/site/lyon"), json!({"name": "x"})).await;
        reply.expect_problem(412, "precondition-failed");
    }

    async fn a_kind_a_key_and_a_parent_that_do_not_fit_are_pointed_to(app: TestApp) {
        app.organization("Acme").await;
        put(&app, "site:here", json!({"name": "Here"})).await.expect(201);
        for (name, body, pointer, code) in [
            ("planet:mars", json!({"name": "M"}), "/kind", "unknown"),
            ("site:a b", json!({"name": "M"}), "/key", "key"),
            ("site:a", json!({"name": ""}), "/name", "length"),
            ("site:a", json!({"name": "A", "parent": "team:gone"}), "/parent", "unknown"),
            ("site:a", json!({"name": "A", "parent": "site:here"}), "/parent", "kind"),
            ("site:a", json!({"name": "A", "parent": "here"}), "/parent", "value"),
            ("site:a", json!({"name": "A", "colour": "red"}), "/colour", "unknown"),
            ("site:a", json!({"name": "A", "url": "ftp://x"}), "/url", "url"),
        ] {
            let refused = put(&app, name, body).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
            assert_eq!(refused.at("/errors/0/code"), code, "{refused}");
        }
        read(&app, "site:a").await.expect_problem(404, "not-found");
    }

    async fn a_batch_is_put_whole_with_parents_anywhere_in_it(app: TestApp) {
        app.organization("Acme").await;
        put(&app, "site:old", json!({"name": "Old"})).await.expect(201);
        let site = json!({"kind": "site", "key": "lyon", "name": "Lyon", "parent": "team:north"});
        let team = json!({"kind": "team", "key": "north", "name": "North"});
        let old = json!({"kind": "site", "key": "OLD", "name": "Renamed"});
        let done = batch(&app, json!([site, team, old])).await.expect(200);
        assert_eq!([done.at("/created"), done.at("/updated")], [json!(2), json!(1)]);
        let names: Vec<Value> = (0..3).map(|at| done.at(&format!("/data/{at}/resource"))).collect();
        assert_eq!(names, ["site:lyon", "team:north", "site:old"]);
    }

    async fn a_resource_of_a_batch_costs_four_statements_and_nobody_is_counted_again(app: TestApp) {
        app.organization("Acme").await;
        let site = |key: String| json!({"kind": "site", "key": key, "name": "S"});
        let mut used = Vec::new();
        for (name, count) in [("few", 10), ("many", 60)] {
            let sites: Vec<Value> = (0..count).map(|at| site(format!("{name}{at}"))).collect();
            let before = statements();
            batch(&app, Value::from(sites)).await.expect(200);
            used.push(statements() - before);
        }
        assert!(used[1] - used[0] <= 4 * 50, "{used:?}");
    }

    async fn one_wrong_resource_of_a_batch_keeps_all_of_it_out(app: TestApp) {
        app.organization("Acme").await;
        let good = json!({"kind": "site", "key": "good", "name": "Good"});
        for (bad, pointer) in [
            (json!({"kind": "site", "key": "bad", "name": ""}), "/resources/1/name"),
            (json!({"kind": "site", "key": "GOOD", "name": "Twice"}), "/resources/1/key"),
        ] {
            let refused = batch(&app, json!([good, bad])).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
            read(&app, "site:good").await.expect_problem(404, "not-found");
        }
    }

    async fn a_batch_has_an_edge(app: TestApp) {
        app.organization("Acme").await;
        let site = |at: usize| json!({"kind": "site", "key": at.to_string(), "name": "S"});
        let many = |count| Value::from((0..count).map(site).collect::<Vec<_>>());
        batch(&app, json!([])).await.expect_problem(422, "invalid");
        batch(&app, many(BATCH_MAX + 1)).await.expect_problem(422, "invalid");
        let done = batch(&app, many(BATCH_MAX)).await.expect(200);
        assert_eq!(done.at("/created"), BATCH_MAX);
    }

    async fn a_resource_that_is_in_use_goes_only_with_all_that_hangs_on_it(app: TestApp) {
        app.organization("Acme").await;
        put(&app, "team:north", json!({"name": "North"})).await.expect(201);
        let lyon = json!({"name": "Lyon", "parent": "team:north"});
        put(&app, "site:lyon", lyon.clone()).await.expect(201);
        let given = grant(&app, "site:lyon").await;
        remove(&app, "team:north", "").await.expect_problem(409, "in-use");
        remove(&app, "site:lyon", "").await.expect_problem(409, "in-use");
        remove(&app, "team:north", "?cascade=true").await.expect(204);
        read(&app, "site:lyon").await.expect_problem(404, "not-found");
        let gone = app.operator().delete(&format!("/api/v1/grants/{given}")).await;
        gone.expect_problem(404, "not-found");
    }

    async fn a_key_that_is_made_again_revives_no_grant(app: TestApp) {
        app.organization("Acme").await;
        put(&app, "site:lyon", json!({"name": "Lyon"})).await.expect(201);
        grant(&app, "site:lyon").await;
        remove(&app, "site:lyon", "?cascade=true").await.expect(204);
        put(&app, "site:lyon", json!({"name": "Lyon"})).await.expect(201);
        let users = app.operator().get("/api/v1/organizations/acme/users").await.expect(200);
        assert_eq!(users.at("/data/0/roles"), json!([]));
        remove(&app, "site:lyon", "").await.expect(204);
    }

    async fn another_organization_sees_none_of_it(app: TestApp) {
        app.organization("Acme").await;
        app.organization("Other").await;
        put(&app, "site:lyon", json!({"name": "Lyon"})).await.expect(201);
        let path = "/api/v1/organizations/other/resources";
        let listed = app.operator().get(path).await.expect(200);
        assert_eq!(listed.at("/data"), json!([]));
        app.operator().get(&format!("{path}/site/lyon")).await.expect_problem(404, "not-found");
        app.operator().delete(&format!("{path}/site/lyon")).await.expect_problem(404, "not-found");
    }
}
