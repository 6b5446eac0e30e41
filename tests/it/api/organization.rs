//! Organizations over HTTP: the model of how a noun of the management surface is tested.
//!
//! Each test says in JSON what a stranger would say, and looks also at what must not have happened.

use portico::domain::organization::NAME_MAX;
use portico::http::BODY_MAX;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp};

const ALL: &str = "/api/v1/organizations";

async fn make(app: &TestApp, name: &str, slug: &str) -> Reply {
    app.operator().post(ALL, json!({"name": name, "slug": slug})).await
}

async fn read(app: &TestApp, organization: &str) -> Reply {
    app.operator().get(&format!("{ALL}/{organization}")).await
}

async fn change(who: &Caller, organization: &str, patch: Value) -> Reply {
    who.patch(&format!("{ALL}/{organization}"), patch).await
}

/// The slugs of all organizations, sorted.
async fn slugs(app: &TestApp) -> Vec<String> {
    let page = app.operator().get(&format!("{ALL}?limit=100")).await.expect(200);
    let listed = page.at("/data");
    let slug = |item: &Value| item["slug"].as_str().unwrap().to_owned();
    let mut slugs: Vec<_> = listed.as_array().unwrap().iter().map(slug).collect();
    slugs.sort();
    slugs
}

on_both_engines! {
    async fn an_organization_that_was_made_is_read_back_by_id_and_by_slug(app: TestApp) {
        let body = json!({"name": "Acme GmbH", "slug": "acme", "external_ref": "crm-1",
            "technical_contacts": ["it@acme.example"]});
        let made = app.operator().post(ALL, body).await.expect(201);
        for name in [made.text_at("/id").as_str(), "acme"] {
            let read = read(&app, name).await.expect(200);
            assert_eq!(read.json(), made.json());
            assert_eq!(read.header("etag"), made.header("etag"));
            assert!(!read.header("etag").is_empty());
        }
        assert_eq!(made.json()["kind"], "customer");
        assert_eq!(made.json()["status"], "active");
        assert_eq!(made.json()["external_ref"], "crm-1");
        assert_eq!(made.json()["technical_contacts"], json!(["it@acme.example"]));
        assert_eq!(made.json()["created_at"], "2026-11-21T10:00:00.000000Z");
    }

    async fn the_operator_has_one_organization_from_the_start(app: TestApp) {
        assert_eq!(slugs(&app).await, ["operator"]);
        assert_eq!(read(&app, "operator").await.expect(200).json()["kind"], "operator");
        let body = json!({"name": "Second", "slug": "second", "kind": "operator"});
        let refused = app.operator().post(ALL, body).await;
        refused.expect_problem(422, "invalid");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/kind");
        assert_eq!(slugs(&app).await, ["operator"]);
    }

    async fn a_slug_is_taken_once(app: TestApp) {
        make(&app, "Acme", "acme").await.expect(201);
        make(&app, "Other", "acme").await.expect_problem(409, "conflict");
        assert_eq!(read(&app, "acme").await.json()["name"], "Acme");
        assert_eq!(slugs(&app).await, ["acme", "operator"]);
    }

    async fn many_who_take_one_slug_at_once_leave_one_organization(app: TestApp) {
        let tries = futures_util::future::join_all((0..8).map(|_| make(&app, "Acme", "acme")));
        let mut statuses: Vec<u16> = tries.await.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    }

    async fn a_field_that_is_wrong_or_unknown_is_pointed_to(app: TestApp) {
        let long = "é".repeat(NAME_MAX + 1);
        for (body, pointer, code) in [
            (json!({"name": "Acme", "slug": "acme", "colour": "red"}), "/colour", "unknown"),
            (json!({"name": 7, "slug": "acme"}), "/name", "type"),
            (json!({"name": "", "slug": "acme"}), "/name", "length"),
            (json!({"name": long, "slug": "acme"}), "/name", "length"),
            (json!({"name": "Acme", "slug": "-acme"}), "/slug", "slug"),
            (json!({"name": "Acme", "slug": "acme", "technical_contacts": [1]}),
                "/technical_contacts/0", "type"),
        ] {
            let refused = app.operator().post(ALL, body).await;
            refused.expect_problem(422, "invalid");
            let error = &refused.json()["errors"][0];
            assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)));
        }
        assert_eq!(slugs(&app).await, ["operator"]);
    }

    async fn the_longest_name_is_kept_whole(app: TestApp) {
        let name = "é".repeat(NAME_MAX);
        make(&app, &name, "acme").await.expect(201);
        assert_eq!(read(&app, "acme").await.json()["name"], name.as_str());
    }

    async fn a_text_that_postgres_cannot_hold_is_refused_on_both_engines(app: TestApp) {
        make(&app, "A\0cme", "acme").await.expect_problem(422, "invalid");
        make(&app, "A\\u0000cme", "backslash").await.expect(201);
        assert_eq!(slugs(&app).await, ["backslash", "operator"]);
    }

    async fn a_change_leaves_alone_what_it_does_not_name(app: TestApp) {
        let before = make(&app, "Acme", "acme").await.expect(201);
        app.advance_s(60);
        let patch = json!({"name": "Acme SE", "session_idle_s": 600});
        let after = change(&app.operator(), "acme", patch).await.expect(200);
        let mut wanted = before.json();
        wanted["name"] = json!("Acme SE");
        wanted["session_idle_s"] = json!(600);
        wanted["updated_at"] = json!("2026-11-21T10:01:00.000000Z");
        assert_eq!(after.json(), wanted);
        assert_ne!(after.header("etag"), before.header("etag"));
        assert_eq!(read(&app, "acme").await.header("etag"), after.header("etag"));
    }

    async fn a_change_is_held_to_the_rules_of_a_new_one(app: TestApp) {
        let before = make(&app, "Acme", "acme").await.expect(201).json();
        for patch in [
            json!({"name": ""}),
            json!({"name": "x".repeat(NAME_MAX + 1)}),
            json!({"status": "asleep"}),
            json!({"session_idle_s": 0}),
            json!({"session_max_s": -1}),
            json!({"claims_max_age_s": -1}),
            json!({"kind": "operator"}),
        ] {
            let refused = change(&app.operator(), "acme", patch.clone()).await;
            refused.expect_problem(422, "invalid");
            let field = format!("/{}", patch.as_object().unwrap().keys().next().unwrap());
            assert_eq!(refused.json()["errors"][0]["pointer"], field, "{refused}");
        }
        assert_eq!(read(&app, "acme").await.json(), before);
    }

    async fn a_change_to_a_version_that_is_gone_is_refused(app: TestApp) {
        let old = make(&app, "Acme", "acme").await.expect(201);
        let if_match = |tag: &str| app.operator().with_header("if-match", tag);
        let who = if_match(old.header("etag"));
        let new = change(&who, "acme", json!({"name": "Second"})).await.expect(200);
        let stale = change(&who, "acme", json!({"name": "Third"})).await;
        stale.expect_problem(412, "precondition-failed");
        assert_eq!(read(&app, "acme").await.json()["name"], "Second");
        let either = format!("\"x\", {}", new.header("etag"));
        change(&if_match(&either), "acme", json!({"name": "Third"})).await.expect(200);
        change(&if_match("*"), "acme", json!({"name": "Fourth"})).await.expect(200);
        assert_eq!(read(&app, "acme").await.json()["name"], "Fourth");
    }

    async fn a_list_is_walked_page_by_page_without_loss(app: TestApp) {
        for n in 0..7 {
            // Three share an instant, so that the id decides between them.
            app.advance_s(i64::from(n % 3 == 0));
            make(&app, "Acme", &format!("acme-{n}")).await.expect(201);
        }
        let (mut seen, mut path) = (Vec::new(), format!("{ALL}?limit=3"));
        loop {
            let page = app.operator().get(&path).await.expect(200).json();
            let items = page["data"].as_array().unwrap();
            assert!((1..=3).contains(&items.len()));
            seen.extend(items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("{ALL}?limit=3&after={next}");
        }
        assert_eq!(seen[0], "operator");
        seen.sort();
        assert_eq!(seen, slugs(&app).await);
        assert_eq!(seen.len(), 8);
    }

    async fn a_page_has_between_one_and_a_hundred_items(app: TestApp) {
        for limit in ["1", "100"] {
            app.operator().get(&format!("{ALL}?limit={limit}")).await.expect(200);
        }
        for query in ["limit=0", "limit=101", "limit=x", "limit=", "after=x", "after=", "limit=-1"] {
            let refused = app.operator().get(&format!("{ALL}?{query}")).await;
            refused.expect_problem(400, "malformed");
        }
    }

    async fn a_body_that_cannot_be_read_says_why(app: TestApp) {
        let send = async |media: &str, body: Vec<u8>| {
            app.operator().send(Method::POST, ALL, Some((media, body))).await
        };
        send("application/json", b"{".to_vec()).await.expect_problem(400, "malformed");
        send("application/json", b"{} {}".to_vec()).await.expect_problem(422, "invalid");
        let twice = br#"{"name":"A","slug":"a"} x"#.to_vec();
        send("application/json", twice).await.expect_problem(400, "malformed");
        let xml = send("application/xml", b"<a/>".to_vec()).await;
        xml.expect_problem(415, "unsupported-media-type");
        let fits = |slug: &str, len: usize| {
            let body = json!({"name": "Acme", "slug": slug}).to_string();
            format!("{body}{}", " ".repeat(len - body.len())).into_bytes()
        };
        send("application/json", fits("acme", BODY_MAX)).await.expect(201);
        let large = send("application/json", fits("large", BODY_MAX + 1)).await;
        large.expect_problem(413, "too-large");
        assert_eq!(slugs(&app).await, ["acme", "operator"]);
    }

    async fn an_organization_that_is_not_there_is_not_found(app: TestApp) {
        let long = "x".repeat(4000);
        let nil = "018f0000-0000-7000-8000-000000000000";
        for name in [nil, "nobody", "%ff", "a%2Fb", "Acme", &long] {
            read(&app, name).await.expect_problem(404, "not-found");
        }
    }
}
