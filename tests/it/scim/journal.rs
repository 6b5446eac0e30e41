//! The journal of a directory: what stands in it, what never does, and how it is narrowed (S36).

use portico::flow::provision::journal::Flushed;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ENTERPRISE, GROUP, NOBODY, USER, filter, group, made_group, made_user, operations, user,
};
use crate::support::{Caller, Reply, TestApp};

/// A directory, its client, and its journal.
struct Rig<'a> {
    app: &'a TestApp,
    directory: String,
    token: String,
    scim: Caller,
}

async fn rig<'a>(app: &'a TestApp, profile: &str) -> Rig<'a> {
    let organization = app.organization("Acme").await;
    let (directory, token) = app.directory(&organization, profile).await;
    let scim = app.scim(&token).with_header("user-agent", "a test");
    Rig { app, directory, token, scim }
}

impl Rig<'_> {
    async fn flush(&self) -> Flushed {
        self.app.app.journal.flush(&self.app.app.runner).await
    }

    /// A page of the journal, written up to now.
    async fn page(&self, query: &str) -> Reply {
        self.flush().await;
        let path = format!("/api/v1/directories/{}/requests{query}", self.directory);
        self.app.operator().get(&path).await
    }

    async fn entries(&self, query: &str) -> Vec<Value> {
        let page = self.page(query).await.expect(200);
        page.at("/data").as_array().unwrap().clone()
    }

    /// The newest entry.
    async fn last(&self) -> Value {
        self.entries("?limit=1").await.swap_remove(0)
    }
}

/// Whether the newest entry tells of a tolerance.
async fn tolerated(rig: &Rig<'_>, number: u8, reply: Reply) {
    let entry = rig.last().await;
    let word = json!(format!("L{number}"));
    let told = entry["tolerances"].as_array().unwrap();
    assert!(told.contains(&word), "{word} of {reply}\n{entry}");
    assert_eq!(entry["status"], reply.status, "{entry}");
}

on_both_engines! {
    async fn an_exchange_is_told_by_route_status_and_shape(app: TestApp) {
        let rig = rig(&app, "generic").await;
        let id = made_user(&rig.scim, "ada").await;
        let made = rig.last().await;
        assert_eq!(made["method"], "POST");
        assert_eq!(made["path"], "/Users");
        assert_eq!(made["status"], 201);
        assert_eq!(made["resource_id"], json!(id));
        assert_eq!(made["at"], "2026-11-21T10:00:00.000000Z");
        assert_eq!(made["exchange"],
            json!({"body": {"schemas": "array of 1: string", "userName": "string"}}));
        assert!(made["duration_ms"].as_f64().unwrap() > 0.0, "{made}");
        let tokens = format!("/api/v1/directories/{}/tokens", rig.directory);
        let tokens = app.operator().get(&tokens).await.expect(200);
        assert_eq!(made["token_id"], tokens.at("/data/0/id"));

        let patch = operations(json!([{"op": "replace", "path": "title", "value": "Boss"}]));
        let caller = rig.scim.clone().with_header("x-request-id", "request-7");
        caller.patch(&format!("/Users/{id}?attributes=title"), patch).await.expect(200);
        let patched = rig.last().await;
        assert_eq!(patched["path"], format!("/Users/{id}"));
        assert_eq!(patched["request_id"], "request-7");
        assert_eq!(patched["exchange"]["query"], json!({"attributes": "title"}));
        assert_eq!(patched["exchange"]["body"]["Operations"],
            json!([{"op": "replace", "path": "title", "value": "string"}]));

        rig.scim.get(&filter("/Users", "userName eq \"ada\"")).await.expect(200);
        let listed = rig.last().await;
        assert_eq!((&listed["exchange"], &listed["resource_id"]), (&Value::Null, &Value::Null));
        assert_eq!((&listed["scim_type"], &listed["detail"]), (&Value::Null, &Value::Null));

        rig.scim.post("/Users", user("ADA")).await.expect(409);
        let refused = rig.last().await;
        assert_eq!(refused["scim_type"], "uniqueness");
        assert_eq!(refused["detail"], "Another user of this directory has this userName");
        for (name, told) in [("jobTitle", "jobTitle"), ("shoeSize", "…≤8")] {
            rig.scim.get(&filter("/Users", &format!("{name} eq \"44\""))).await.expect(400);
            let refused = rig.last().await;
            assert!(refused["detail"].as_str().unwrap().contains(&format!("'{told}'")), "{refused}");
            assert_eq!(refused["exchange"]["query"]["filter"], format!("{told} eq \"…\""));
        }
        rig.scim.delete(&format!("/Users/{id}")).await.expect(204);
        assert_eq!(rig.last().await["resource_id"], json!(id));
    }

    async fn a_journal_comes_newest_first_in_pages_and_narrowed(app: TestApp) {
        let rig = rig(&app, "entra").await;
        let id = made_user(&rig.scim, "ada").await;
        let group = made_group(&rig.scim, "G", &[&id]).await;
        for number in 0..5 {
            rig.scim.get(&format!("/Users/{id}?count={number}")).await.expect(200);
        }
        rig.scim.get(&format!("/Groups/{group}")).await.expect(200);
        rig.scim.post("/Users", user("ada")).await.expect(409);
        rig.scim.post("/Users", json!({"schemas": [USER], "userName": "b", "active": "True"}))
            .await.expect(201);
        let all = rig.entries("").await;
        assert_eq!(all.len(), 10);
        assert_eq!(all[1]["status"], 409);
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = rig.page(&format!("?limit=3{after}")).await.expect(200);
            seen.extend(page.at("/data").as_array().unwrap().clone());
            let Some(next) = page.at("/next").as_str().map(str::to_owned) else { break };
            // What comes meanwhile stands before the first page.
            rig.scim.get("/ServiceProviderConfig").await.expect(200);
            after = format!("&after={next}");
        }
        assert_eq!(seen, all);
        for (query, count) in [
            (format!("?user={id}"), 6), (format!("?group={group}"), 2),
            (format!("?group={id}"), 0), (format!("?user={NOBODY}"), 0),
            ("?errors=true".to_owned(), 1), ("?status=409".to_owned(), 1),
            ("?status=4xx".to_owned(), 1), ("?status=5xx".to_owned(), 0),
            ("?tolerance=L2".to_owned(), 1), ("?tolerance=L3".to_owned(), 0),
            ("?method=POST&status=201".to_owned(), 3), ("?method=DELETE".to_owned(), 0),
        ] {
            assert_eq!(rig.entries(&query).await.len(), count, "{query}");
        }
        for query in ["?user=ada", "?after=x", "?status=ok", "?tolerance=L99", "?limit=101"] {
            rig.page(query).await.expect_problem(400, "malformed");
        }
    }

    async fn refusals_at_the_door_are_told_of_a_known_token_and_of_no_other(app: TestApp) {
        let rig = rig(&app, "generic").await;
        let path = format!("/api/v1/directories/{}", rig.directory);
        let reader = json!({"name": "reader", "scopes": ["scim.read"],
            "expires_at": "2026-11-21T11:00:00Z"});
        let reader = app.operator().post(&format!("{path}/tokens"), reader).await.expect(201);
        let reader = app.scim(&reader.text_at("/token"));
        app.anonymous().with_scim().get("/Users").await.expect(401);
        app.scim("pds_0000000000000000_x").get("/Users").await.expect(401);
        assert_eq!(rig.flush().await, Flushed::default());
        reader.post("/Users", user("eve")).await.expect(403);
        assert_eq!(rig.last().await["detail"], "The token lacks the scope scim.write.");
        reader.get("/User").await.expect(404);
        assert_eq!(rig.last().await["path"], "/v2/…");
        reader.send(Method::DELETE, "/Users", None).await.expect(405);
        assert_eq!(rig.last().await["path"], "/v2/Users");
        app.bearer(&rig.token).get(&format!("/scim/{NOBODY}/v2/Users")).await.expect(401);
        assert_eq!(rig.last().await["status"], 401);
        app.operator().patch(&path, json!({"status": "disabled"})).await.expect(200);
        rig.scim.get("/Users").await.expect(403);
        assert_eq!(rig.last().await["detail"], "The directory is disabled.");
        app.operator().patch(&path, json!({"status": "active"})).await.expect(200);
        app.advance_s(3_600);
        reader.get("/Users").await.expect(401);
        assert_eq!(rig.last().await["status"], 401);
        assert_eq!(rig.entries("").await.len(), 6);
    }

    async fn each_tolerance_is_counted_where_it_was_used(app: TestApp) {
        let rig = rig(&app, "entra").await;
        let scim = &rig.scim;
        let id = made_user(scim, "ada").await;
        let group_id = made_group(scim, "G", &[&id]).await;
        let (user_path, group_path) = (format!("/Users/{id}"), format!("/Groups/{group_id}"));
        let patches = [
            (1, json!([{"op": "Replace", "path": "title", "value": "a"}])),
            (2, json!([{"op": "replace", "path": "active", "value": "True"}])),
            (3, json!([{"op": "replace", "path": "title", "value": ["b"]}])),
            (4, json!([{"op": "add", "path": "emails", "value": {"value": "a@x.org"}}])),
            (7, json!([{"op": "replace", "value": {"name.givenName": "A"}}])),
            (8, json!([{"op": "replace", "path": "emails[type eq \"home\"].value",
                "value": "h@x.org"}])),
            (9, json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": id}])),
            (10, json!([{"op": "add", "path": "roles",
                "value": [{"value": "{\"value\":\"r\"}"}]}])),
            (11, json!([{"op": "replace", "path": "title", "value": ""}])),
            (14, json!([{"op": "replace", "value": {USER: {"title": "c"}}}])),
            (15, json!([{"op": "replace", "value": {"id": id, "meta": {}}}])),
            (22, json!([])),
            (24, json!([{"op": "replace", "value": {"password": "x"}}])),
        ];
        for (number, body) in patches {
            let reply = scim.patch(&user_path, operations(body)).await.expect(200);
            tolerated(&rig, number, reply).await;
        }
        for (number, body) in [
            (5, json!([{"op": "add", "path": "members", "value": id}])),
            (16, json!([{"op": "add", "path": "members", "value": [{"$ref": null, "value": id}]}])),
            (6, json!([{"op": "remove", "path": "members", "value": [{"value": id}]}])),
        ] {
            let reply = scim.patch(&group_path, operations(body)).await.expect(200);
            tolerated(&rig, number, reply).await;
        }
        let unlisted = json!({"schemas": [USER], "userName": "b", ENTERPRISE: {"department": "D"}});
        tolerated(&rig, 12, scim.post("/Users", unlisted).await.expect(201)).await;
        let foreign = json!({"schemas": [GROUP, "http://schemas.example/2.0/Group"],
            "displayName": "F"});
        tolerated(&rig, 13, scim.post("/Groups", foreign).await.expect(201)).await;
        let old = json!({"schemas": ["urn:scim:schemas:core:1.0"], "userName": "c"});
        tolerated(&rig, 25, scim.post("/Users", old).await.expect(400)).await;
        let bare = json!({"schemas": [GROUP], "displayName": "G"});
        tolerated(&rig, 23, scim.put(&group_path, bare).await.expect(200)).await;
        for (number, query) in [
            (17, filter("/Users", "emails[type eq \"work\"].value eq \"x\"")),
            (18, filter("/Users", "userName eq ada")),
            (2, filter("/Users", "active eq \"True\"")),
            (19, "/Users/".to_owned()),
            (19, "/Users?aadOptscim062020".to_owned()),
        ] {
            tolerated(&rig, number, scim.get(&query).await.expect(200)).await;
        }
        let body = Some(("application/json", user("plain").to_string().into_bytes()));
        tolerated(&rig, 20, scim.send(Method::POST, "/Users", body).await.expect(201)).await;
        tolerated(&rig, 21, app.scim(&rig.token).get("/Users").await.expect(200)).await;
    }

    async fn unknown_attributes_are_counted_and_named_as_far_as_they_are_known(app: TestApp) {
        let rig = rig(&app, "generic").await;
        let body = json!({"schemas": [USER], "userName": "ada", "jobTitle": "x", "Lovelace": "x",
            "name": {"maidenName": "x"}, "Ada Lovelace": "x"});
        let made = rig.scim.post("/Users", body).await.expect(201);
        let entry = rig.last().await;
        assert_eq!(entry["tolerances"], json!(["D11"]));
        let unknown = entry["exchange"]["unknown"].as_array().unwrap();
        for name in ["jobTitle", "name.…≤16", "…≤8", "…"] {
            assert!(unknown.contains(&json!(name)), "{entry}");
        }
        let path = format!("/Users/{}", made.text_at("/id"));
        let put = json!({"schemas": [USER], "userName": "ada", "mobile": "x"});
        rig.scim.put(&path, put).await.expect(200);
        assert_eq!(rig.last().await["exchange"]["unknown"], json!(["mobile"]));
        let patch = operations(json!([{"op": "add", "value": {"email": "x"}}]));
        rig.scim.patch(&path, patch).await.expect(200);
        assert_eq!(rig.last().await["exchange"]["unknown"], json!(["email"]));
        assert_eq!(rig.entries("?tolerance=D11").await.len(), 3);
    }

    async fn nothing_that_was_sent_stands_in_the_journal(app: TestApp) {
        // Each value that is sent holds this, whatever becomes of the request.
        const SECRET: &str = "zanzibar";
        let rig = rig(&app, "generic").await;
        let scim = &rig.scim;
        let value = |n: usize| format!("{SECRET}-{n}@x.org");
        let whole = json!({"schemas": [USER], "userName": value(1), "externalId": value(2),
            "displayName": "O'Zanzibar zanzibar", "name": {"familyName": value(3)},
            "password": value(4), "emails": [{"value": value(5), "type": SECRET}],
            "shoeSize": value(6)});
        let id = scim.post("/Users", whole.clone()).await.expect(201).text_at("/id");
        scim.post("/Users", whole).await.expect(409);
        let path = format!("/Users/{id}");
        let mut sent = vec![
            json!({"schemas": [format!("urn:{SECRET}")], "userName": value(1)}),
            json!({"schemas": [USER], "userName": {(format!("{SECRET} {SECRET}")): 1}, "active": value(7)}),
            json!({"schemas": [USER], "userName": value(1), "x509Certificates": [value(8)]}),
            json!({"schemas": [USER], "userName": "x", SECRET: SECRET, "name": {SECRET: SECRET},
                (format!("{USER}:{SECRET}")): 1, (format!("name.{SECRET}")): 1}),
        ];
        for (op, at, to) in [
            ("add", "title", json!(value(9))), (SECRET, "title", json!(value(9))),
            ("add", "zanzibar o'zanzibar", json!(1)), ("add", SECRET, json!({SECRET: 1})),
            ("remove", "name.zanzibar", json!([{SECRET: SECRET}])),
            ("replace", "emails[value eq \"zanzibar'\"].value", json!(value(10))),
            ("replace", "emails[value zanzibar].value", json!(SECRET)),
            ("add", "active", json!(SECRET)), ("add", "members", json!([{"value": value(11)}])),
        ] {
            sent.push(operations(json!([{"op": op, "path": at, "value": to}])));
        }
        for body in sent {
            for path in ["/Users", &path, "/Groups", "/Users/.search"] {
                for method in [Method::POST, Method::PUT, Method::PATCH] {
                    let bytes = body.to_string().into_bytes();
                    scim.send(method, path, Some(("application/scim+json", bytes))).await;
                }
            }
        }
        let crew = made_group(scim, "zanzibar crew", &[&id]).await;
        let add = json!([{"op": "add", "path": "members", "value": [{"value": value(12)}]}]);
        scim.patch(&format!("/Groups/{crew}"), operations(add)).await.expect(400);
        scim.put(&format!("/Groups/{crew}"), group(SECRET, &[&value(13)])).await.expect(400);
        for text in ["userName eq \"zanzibar\"", "zanzibar", "userName zanzibar \"x\"",
            "userName eq zanzibar", "'zanzibar' eq 1", "userName eq \"zanzibar", "(zanzibar",
            "zanzibar eq 1", "name.zanzibar pr", "emails[zanzibar eq 1].zanzibar pr"]
        {
            for list in ["/Users", "/Groups"] {
                scim.get(&filter(list, text)).await;
                let search = json!({"schemas": [
                    "urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": text});
                scim.post(&format!("{list}/.search"), search).await;
            }
        }
        for query in ["startIndex=zanzibar", "count=zanzibar", "sortOrder=zanzibar",
            "sortBy=zanzibar", "zanzibar=1&count=x", "filter=zanzibar&filter=zanzibar",
            "attributes=zanzibar&excludedAttributes=name.zanzibar"]
        {
            scim.get(&format!("/Users?{query}")).await;
        }
        for path in ["/Users/zanzibar", "/Users/zanzibar@x.org", "/zanzibar/Users", "/Schemas/zanzibar"] {
            scim.get(path).await.expect(404);
        }
        let broken = format!("{{\"userName\": \"{SECRET}\", \"{SECRET}\": 1, \"{SECRET}\": ");
        for broken in [broken.clone(), broken + "1}", format!("\"{SECRET}\"")] {
            let body = Some(("application/scim+json", broken.into_bytes()));
            scim.send(Method::POST, "/Users", body).await.expect(400);
        }
        let (mut after, mut count) = (String::new(), 0);
        loop {
            let page = rig.page(&format!("?limit=100{after}")).await.expect(200);
            for entry in page.at("/data").as_array().unwrap() {
                count += 1;
                let text = entry.to_string().to_lowercase();
                assert!(!text.contains(SECRET) && !text.contains("pds_"), "{entry}");
            }
            let Some(next) = page.at("/next").as_str().map(str::to_owned) else { break };
            after = format!("&after={next}");
        }
        assert!(count > 150, "{count}");
        let health = format!("/api/v1/directories/{}/health", rig.directory);
        let health = app.operator().get(&health).await.expect(200);
        assert!(!health.text().contains(SECRET), "{health}");
    }

    async fn exchanges_are_written_in_batches(app: TestApp) {
        let rig = rig(&app, "generic").await;
        for _ in 0..120 {
            rig.scim.get("/Users?count=0").await.expect(200);
        }
        assert_eq!(app.app.journal.waiting(), 120);
        let before = app.app.runner.db.commits();
        assert_eq!(rig.flush().await, Flushed { entries: 120, batches: 1 });
        assert_eq!(app.app.runner.db.commits(), before.map(|commits| commits + 1));
        assert_eq!(rig.flush().await, Flushed::default());
        assert_eq!(rig.entries("?limit=100").await.len(), 100);
    }
}
