//! Users by hand over HTTP: made, listed, changed, suspended, removed.

use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

const ALL: &str = "/api/v1/organizations/acme/users";

async fn make(app: &TestApp, body: Value) -> Reply {
    app.operator().post(ALL, body).await
}

async fn named(app: &TestApp, name: &str, role: &str) -> String {
    let body = json!({"user_name": name, "grants": [{"role": role}]});
    make(app, body).await.expect(201).text_at("/id")
}

async fn push(scim: &Caller, name: &str) -> String {
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name, "active": true, "name": {"givenName": "Grace"}});
    scim.post("/Users", body).await.expect(201).text_at("/id")
}

async fn found(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.operator().get(&format!("{ALL}?{query}")).await.expect(200);
    let name = |user: &Value| user["user_name"].as_str().unwrap().to_owned();
    page.at("/data").as_array().unwrap().iter().map(name).collect()
}

async fn post(app: &TestApp, user: &str, verb: &str) -> Reply {
    app.operator().post(&format!("/api/v1/users/{user}/{verb}"), json!({})).await
}

on_both_engines! {
    async fn a_user_that_was_made_is_read_back(app: TestApp) {
        app.organization("Acme").await;
        let body = json!({"user_name": "ada@acme.example", "email": "ada@acme.example",
            "first_name": "Ada", "last_name": "Lovelace", "grants": [{"role": "org-admin"}]});
        let made = make(&app, body).await.expect(201);
        assert_eq!(made.at("/source"), "api");
        assert_eq!(made.at("/class"), "member");
        assert_eq!(made.at("/status"), "provisioned");
        assert_eq!(made.at("/roles/0/role"), "org-admin");
        assert_eq!(made.at("/roles/0/source"), "api");
        let path = format!("/api/v1/users/{}", made.text_at("/id"));
        let read = app.operator().get(&path).await.expect(200);
        assert_eq!(read.json(), made.json());
        assert_eq!(read.header("etag"), made.header("etag"));
        let twice = make(&app, json!({"user_name": "ADA@acme.example"})).await;
        twice.expect_problem(409, "conflict");
    }

    async fn a_new_user_with_a_wrong_field_or_role_is_not_made(app: TestApp) {
        app.organization("Acme").await;
        for (body, pointer) in [
            (json!({"user_name": ""}), "/user_name"),
            (json!({"user_name": "a", "email": "nobody"}), "/email"),
            (json!({"user_name": "a", "login_type": "passkey"}), "/login_type"),
            (json!({"user_name": "a", "grants": [{"role": "no"}]}), "/grants/0/role"),
            (json!({"user_name": "a", "grants": [{"role": "org-admin"},
                {"role": "field-worker", "resources": ["site:gone"]}]}), "/grants/1/resources/0"),
            (json!({"user_name": "a", "password": "x"}), "/password"),
        ] {
            let refused = make(&app, body).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{refused}");
        }
        assert!(found(&app, "").await.is_empty());
    }

    async fn a_list_is_filtered_and_sorted(app: TestApp) {
        app.organization("Acme").await;
        let (_, token) = app.directory("acme", "strict").await;
        push(&app.scim(&token), "grace@acme.example").await;
        app.advance_s(1);
        named(&app, "bob", "org-admin").await;
        app.advance_s(1);
        let site = "/api/v1/organizations/acme/resources/site/Lyon";
        app.operator().put(site, json!({"name": "Lyon"})).await.expect(201);
        let body = json!({"user_name": "ada", "last_name": "Lovelace", "grants":
            [{"role": "field-worker", "resources": ["site:lyon"]}]});
        let ada = make(&app, body).await.expect(201).text_at("/id");
        post(&app, &ada, "suspend").await.expect(200);
        for (query, expected) in [
            ("", vec!["grace@acme.example", "bob", "ada"]),
            ("sort=-created_at", vec!["ada", "bob", "grace@acme.example"]),
            ("sort=user_name", vec!["ada", "bob", "grace@acme.example"]),
            ("sort=-user_name&class=member", vec!["grace@acme.example", "bob", "ada"]),
            ("class=partner", vec![]),
            ("source=directory", vec!["grace@acme.example"]),
            ("status=suspended", vec!["ada"]),
            ("status=provisioned", vec!["grace@acme.example", "bob"]),
            ("status=invite_pending", vec![]),
            ("role=org-admin", vec!["bob"]),
            ("resource=site:LYON", vec!["ada"]),
            ("access=none", vec!["grace@acme.example"]),
            ("q=LOVE", vec!["ada"]),
            ("q=grac", vec!["grace@acme.example"]),
            ("q=%25", vec![]),
        ] {
            assert_eq!(found(&app, query).await, expected, "{query}");
        }
        for bad in ["status=gone", "sort=age", "role=no", "resource=lyon", "after=x", "limit=0"] {
            let refused = app.operator().get(&format!("{ALL}?{bad}")).await;
            refused.expect_problem(400, "malformed");
        }
    }

    async fn every_order_pages_through_all_users_once(app: TestApp) {
        app.organization("Acme").await;
        for at in 0..5 {
            make(&app, json!({"user_name": format!("user {at}")})).await.expect(201);
            app.advance_s(1);
        }
        for sort in ["created_at", "-created_at", "user_name", "-user_name"] {
            let (mut names, mut after) = (Vec::new(), String::new());
            loop {
                let query = format!("{ALL}?limit=2&sort={sort}{after}");
                let page = app.operator().get(&query).await.expect(200);
                let data = page.at("/data");
                names.extend(data.as_array().unwrap().iter().map(|u| u["user_name"].clone()));
                let Some(next) = page.at("/next").as_str().map(str::to_owned) else { break };
                after = format!("&after={next}");
            }
            let mut expected: Vec<Value> = (0..5).map(|at| json!(format!("user {at}"))).collect();
            if sort.starts_with('-') {
                expected.reverse();
            }
            assert_eq!(names, expected, "{sort}");
        }
    }

    async fn what_a_directory_owns_no_hand_changes(app: TestApp) {
        app.organization("Acme").await;
        let (directory, token) = app.directory("acme", "strict").await;
        let path = format!("/api/v1/users/{}", push(&app.scim(&token), "grace").await);
        let refused = app.operator().patch(&path, json!({"first_name": "Ada"})).await;
        refused.expect_problem(409, "managed-elsewhere");
        assert!(refused.text_at("/detail").contains(&directory), "{refused}");
        let patch = json!({"description": "Pilot", "external_ref": "p-1", "first_name": "Grace"});
        let changed = app.operator().patch(&path, patch).await.expect(200);
        assert_eq!(changed.at("/description"), "Pilot");
        let cleared = app.operator().patch(&path, json!({"description": null})).await.expect(200);
        assert_eq!(cleared.at("/description"), Value::Null);
        assert_eq!(cleared.at("/external_ref"), "p-1");
    }

    async fn a_user_of_the_organization_is_changed_by_hand(app: TestApp) {
        app.organization("Acme").await;
        let made = make(&app, json!({"user_name": "ada", "last_name": "L"})).await.expect(201);
        let path = format!("/api/v1/users/{}", made.text_at("/id"));
        let patch = json!({"first_name": "Ada", "last_name": null, "display_name": "Ada L."});
        let changed = app.operator().patch(&path, patch).await.expect(200);
        assert_eq!(changed.at("/first_name"), "Ada");
        assert_eq!(changed.at("/last_name"), Value::Null);
        assert_eq!(changed.at("/display_name"), "Ada L.");
        let stale = app.operator().with_header("if-match", made.header("etag"));
        let reply = stale.patch(&path, json!({"first_name": "x"})).await;
        reply.expect_problem(412, "precondition-failed");
        let refused = app.operator().patch(&path, json!({"user_name": "x"})).await;
        refused.expect_problem(422, "invalid");
    }

    async fn whom_an_admin_suspended_no_directory_revives(app: TestApp) {
        app.organization("Acme").await;
        let (_, token) = app.directory("acme", "strict").await;
        let scim = app.scim(&token);
        let grace = push(&scim, "grace").await;
        let suspended = post(&app, &grace, "suspend").await.expect(200);
        assert_eq!(suspended.at("/status"), "suspended");
        assert_eq!(suspended.at("/suspended_by"), json!(["admin"]));
        assert_eq!(scim.get(&format!("/Users/{grace}")).await.expect(200).at("/active"), true);
        let again = post(&app, &grace, "suspend").await.expect(200);
        assert_eq!(again.json(), suspended.json());
        let resumed = post(&app, &grace, "resume").await.expect(200);
        assert_eq!(resumed.at("/status"), "provisioned");
    }

    async fn the_last_holder_of_a_role_is_neither_suspended_nor_removed(app: TestApp) {
        app.organization("Acme").await;
        let ada = named(&app, "ada", "org-admin").await;
        let path = format!("/api/v1/users/{ada}");
        post(&app, &ada, "suspend").await.expect_problem(409, "last-holder");
        app.operator().delete(&path).await.expect_problem(409, "last-holder");
        assert_eq!(app.operator().get(&path).await.expect(200).at("/suspended_by"), json!([]));
        named(&app, "bob", "org-admin").await;
        app.operator().delete(&path).await.expect(204);
        app.operator().get(&path).await.expect_problem(404, "not-found");
        assert_eq!(found(&app, "").await, ["bob"]);
    }

    async fn two_admins_who_remove_each_other_at_once_leave_one(app: TestApp) {
        app.organization("Acme").await;
        let both = [named(&app, "ada", "org-admin").await, named(&app, "bob", "org-admin").await];
        let remove = |id: String| {
            let operator = app.operator();
            async move { operator.delete(&format!("/api/v1/users/{id}")).await.status }
        };
        let mut statuses = futures_util::future::join_all(both.map(remove)).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
    }

    async fn a_user_of_a_live_directory_loses_all_access_and_keeps_her_record(app: TestApp) {
        app.organization("Acme").await;
        let (_, token) = app.directory("acme", "strict").await;
        let scim = app.scim(&token);
        let grace = push(&scim, "grace").await;
        let path = format!("/api/v1/users/{grace}");
        let body = json!({"role": "auditor"});
        app.operator().post(&format!("{path}/grants"), body).await.expect(201);
        app.operator().delete(&path).await.expect(204);
        let left = app.operator().get(&path).await.expect(200);
        assert_eq!(left.at("/status"), "suspended");
        assert_eq!(left.at("/roles"), json!([]));
        scim.get(&format!("/Users/{grace}")).await.expect(200);
        scim.delete(&format!("/Users/{grace}")).await.expect(204);
        app.operator().get(&path).await.expect_problem(404, "not-found");
    }

    async fn groups_and_their_members_are_listed(app: TestApp) {
        app.organization("Acme").await;
        let (directory, token) = app.directory("acme", "strict").await;
        let scim = app.scim(&token);
        let (ada, bob) = (push(&scim, "ada").await, push(&scim, "bob").await);
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "All", "members": [{"value": ada}, {"value": bob}]});
        let group = scim.post("/Groups", body).await.expect(201).text_at("/id");
        let groups = app.operator().get("/api/v1/organizations/acme/groups").await.expect(200);
        assert_eq!(groups.at("/data/0/id"), group);
        assert_eq!(groups.at("/data/0/directory_id"), directory);
        assert_eq!(groups.at("/data/0/member_count"), 2);
        let path = format!("/api/v1/groups/{group}/members?limit=1");
        let first = app.operator().get(&path).await.expect(200);
        let next = format!("{path}&after={}", first.text_at("/next"));
        let second = app.operator().get(&next).await.expect(200);
        assert_eq!(second.at("/next"), Value::Null);
        let mut members = [first.text_at("/data/0/id"), second.text_at("/data/0/id")];
        let mut expected = [ada, bob];
        members.sort();
        expected.sort();
        assert_eq!(members, expected);
    }

    async fn a_user_without_sessions_has_none_to_end(app: TestApp) {
        app.organization("Acme").await;
        let ada = named(&app, "ada", "org-admin").await;
        let path = format!("/api/v1/users/{ada}/sessions");
        let sessions = app.operator().get(&path).await.expect(200);
        assert_eq!(sessions.json(), json!({"data": [], "next": null}));
        app.operator().delete(&path).await.expect(204);
    }
}
