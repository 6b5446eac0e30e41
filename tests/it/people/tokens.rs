//! Tokens of people and organizations: never above their makers, shown once, gone with their
//! owners.

use portico::domain::actor::Actor;
use portico::domain::id::OrganizationId;
use portico::flow::operator_token::{self, New};
use serde_json::{Value, json};

use super::{somebody, user};
use crate::support::{Caller, TestApp};

async fn make(who: &Caller, path: &str, permissions: &[&str]) -> (String, String) {
    let body = json!({"name": "Script", "permissions": permissions});
    let made = who.post(path, body).await.expect(201);
    (made.text_at("/id"), made.text_at("/token"))
}

const OWN: &str = "/api/v1/me/tokens";

on_both_engines! {
    async fn a_personal_token_does_what_its_list_and_its_owner_allow_and_no_more(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let (id, token) = make(&admin, OWN, &["users.view"]).await;
        assert!(token.starts_with("ppt_"), "{token}");
        let by = app.bearer(&token);
        let users = format!("/api/v1/organizations/{acme}/users");
        by.get(&users).await.expect(200);
        let invites = format!("/api/v1/organizations/{acme}/invites");
        by.get(&invites).await.expect_problem(403, "forbidden");
        by.get("/me").await.expect(401);
        by.post(OWN, json!({})).await.expect(401);
        by.delete(&format!("/api/v1/tokens/{id}")).await.expect_problem(403, "forbidden");
        let globex = app.organization("Globex").await;
        let there = format!("/api/v1/organizations/{globex}/users");
        by.get(&there).await.expect_problem(404, "not-found");
        let listed = admin.get(OWN).await.expect(200);
        assert!(!listed.text().contains(&token) && listed.at("/data/0/last_used_at").is_string());
        // What its owner may not any more, it may not either.
        let other = somebody(&app, &acme, "hedy@example.com", "org-admin").await;
        let grace = user(&app, &acme, "grace").await;
        let path = format!("/api/v1/users/{}/access", grace["id"].as_str().unwrap());
        let grant = app.operator().get(&path).await.expect(200).text_at("/grants/0/id");
        other.delete(&format!("/api/v1/grants/{grant}")).await.expect(204);
        by.get(&users).await.expect_problem(403, "forbidden");
        admin.delete(&format!("/api/v1/tokens/{id}")).await.expect(204);
        by.get(&users).await.expect_problem(401, "unauthenticated");
    }

    async fn a_token_dies_with_its_owner_and_rests_while_she_is_suspended(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let admin = somebody(&app, &acme, "hedy@example.com", "org-admin").await;
        let (_, token) = make(&admin, OWN, &["users.view"]).await;
        let by = app.bearer(&token);
        let users = format!("/api/v1/organizations/{acme}/users");
        by.get(&users).await.expect(200);
        let hedy = user(&app, &acme, "hedy").await["id"].as_str().unwrap().to_owned();
        let verb = async |verb: &str| {
            let path = format!("/api/v1/users/{hedy}/{verb}");
            app.operator().post(&path, json!({})).await.expect(200);
        };
        verb("suspend").await;
        by.get(&users).await.expect(401);
        verb("resume").await;
        by.get(&users).await.expect(200);
        app.operator().delete(&format!("/api/v1/users/{hedy}")).await.expect(204);
        by.get(&users).await.expect(401);
    }

    async fn no_token_is_above_its_maker_or_holds_an_identity_action(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let auditor = somebody(&app, &acme, "ada@example.com", "auditor").await;
        let body = |permissions: Value| json!({"name": "Script", "permissions": permissions});
        auditor.post(OWN, body(json!(["events.view"]))).await.expect_problem(403, "forbidden");
        for (permissions, pointer) in [
            (json!(["connections.manage"]), "/permissions/0"),
            (json!(["users.view", "tokens.create"]), "/permissions/1"),
            (json!(["users.fly"]), "/permissions/0"),
            (json!(["users.view", "users.view"]), "/permissions/1"),
            (json!([]), "/permissions"),
        ] {
            let refused = admin.post(OWN, body(permissions)).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer);
        }
        for (days, good) in [(365, true), (366, false), (0, false)] {
            let end = app.app.runner.clock.now().plus_s(days * 86_400).to_string();
            let sent = json!({"name": "Script", "permissions": ["users.view"], "expires_at": end});
            assert_eq!(admin.post(OWN, sent).await.status == 201, good, "{days}");
        }
        let organization = format!("/api/v1/organizations/{acme}/tokens");
        auditor.post(&organization, body(json!(["users.view"]))).await.expect(403);
    }

    async fn a_token_of_the_organization_goes_on_when_its_maker_leaves(app: TestApp) {
        let acme = app.organization("Acme").await;
        somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let maker = somebody(&app, &acme, "hedy@example.com", "org-admin").await;
        let path = format!("/api/v1/organizations/{acme}/tokens");
        let (_, token) = make(&maker, &path, &["users.view", "users.invite", "decisions.ask"]).await;
        assert!(token.starts_with("pot_"), "{token}");
        let by = app.bearer(&token);
        let hedy = user(&app, &acme, "hedy").await["id"].as_str().unwrap().to_owned();
        let ask = json!({"subject": {"type": "user", "id": hedy}, "action": {"name": "users.view"},
            "resource": {"type": "organization", "id": acme}});
        let asked = by.post("/access/v1/evaluation", ask.clone()).await.expect(200);
        assert_eq!(asked.at("/decision"), true);
        let invites = format!("/api/v1/organizations/{acme}/invites");
        let to = |email: &str| json!({"email": email, "role": "org-admin"});
        by.post(&invites, to("a@example.com")).await.expect(201);
        app.operator().delete(&format!("/api/v1/users/{hedy}")).await.expect(204);
        by.get(&format!("/api/v1/organizations/{acme}/users")).await.expect(200);
        // It invites what its creator could, and she can nothing any more.
        by.post(&invites, to("b@example.com")).await.expect_problem(403, "forbidden");
        let listed = app.operator().get(&path).await.expect(200);
        assert_eq!(listed.at("/data/0/creator_left"), true);
        let told = app.mails_to("grace@example.com").await;
        assert!(told.iter().any(|mail| mail.subject == "Acme: the creator of a token left"));
        let globex = app.organization("Globex").await;
        let mut elsewhere = ask;
        elsewhere["context"] = json!({"organization": globex});
        let asked = by.post("/access/v1/evaluation", elsewhere).await.expect(200);
        assert_eq!(asked.at("/decision"), false);
    }

    async fn a_token_may_be_confined_to_resources(app: TestApp) {
        let acme = app.organization("Acme").await;
        let site = |key: &str| format!("/api/v1/organizations/{acme}/resources/site/{key}");
        for key in ["lyon", "paris"] {
            app.operator().put(&site(key), json!({"name": key})).await.expect(201);
        }
        let path = format!("/api/v1/organizations/{acme}/tokens");
        let body = json!({"name": "Lyon", "permissions": ["resources.view", "users.view"],
            "resources": ["site:lyon"]});
        let token = app.operator().post(&path, body).await.expect(201).text_at("/token");
        let by = app.bearer(&token);
        by.get(&site("lyon")).await.expect(200);
        by.get(&site("paris")).await.expect_problem(403, "forbidden");
        let users = format!("/api/v1/organizations/{acme}/users");
        by.get(&users).await.expect_problem(403, "forbidden");
    }

    async fn a_token_ends_by_the_clock(app: TestApp) {
        let acme = app.organization("Acme").await;
        let path = format!("/api/v1/organizations/{acme}/tokens");
        let (_, token) = make(&app.operator(), &path, &["users.view"]).await;
        let users = format!("/api/v1/organizations/{acme}/users");
        app.advance_s(365 * 86_400 - 1);
        app.bearer(&token).get(&users).await.expect(200);
        app.advance_s(1);
        app.bearer(&token).get(&users).await.expect(401);
    }

    async fn the_last_use_is_written_once_a_minute_and_not_with_every_request(app: TestApp) {
        let acme = app.organization("Acme").await;
        let path = format!("/api/v1/organizations/{acme}/tokens");
        let (_, token) = make(&app.operator(), &path, &["users.view"]).await;
        let users = format!("/api/v1/organizations/{acme}/users");
        let cost = async || {
            let before = portico::store::statements();
            app.bearer(&token).get(&users).await.expect(200);
            portico::store::statements() - before
        };
        let used = async || app.operator().get(&path).await.expect(200).at("/data/0/last_used_at");
        let first = cost().await;
        let at = used().await;
        assert!(at.is_string());
        app.advance_s(59);
        let second = cost().await;
        assert!(second < first, "{second} statements, {first} with the write");
        assert_eq!(used().await, at);
        app.advance_s(1);
        assert!(cost().await > second);
        assert_ne!(used().await, at);
    }
}

/// What every node reads anew at each request: a token that one node ends is over on the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_revoked_on_one_node_is_refused_at_once_on_the_other() {
    let server = crate::support::TestServer::postgres().await;
    let beside = server.beside().await;
    let body = json!({"name": "Acme", "slug": "acme"});
    server.operator().post("/api/v1/organizations", body).await.expect(201);
    let path = "/api/v1/organizations/acme/tokens";
    for _ in 0..5 {
        let (id, token) = make(&server.operator(), path, &["users.view"]).await;
        let users = "/api/v1/organizations/acme/users";
        let there = beside.anonymous().with_bearer(&token);
        there.get(users).await.expect(200);
        server.operator().delete(&format!("/api/v1/tokens/{id}")).await.expect(204);
        there.get(users).await.expect_problem(401, "unauthenticated");
    }
}

/// What the feed tells of uses of tokens of the operator: with an id, or of the settings.
async fn uses(app: &TestApp, organization: &str, has_id: bool) -> Vec<Value> {
    let mut told = app.events(organization, "operator_token.used").await;
    told.retain(|event| (event["subject"]["id"] != "setting") == has_id);
    told
}

on_both_engines! {
    async fn a_use_of_an_operators_token_stands_in_the_feed_of_the_organization(app: TestApp) {
        let acme = app.organization("Acme").await;
        let globex = app.organization("Globex").await;
        let vendor = app.operator().get("/api/v1/organizations/operator").await.expect(200);
        let new = New { name: "Support".to_owned(), addresses: Vec::new(), expires_in_days: None };
        let vendor = OrganizationId::parse(&vendor.text_at("/id")).unwrap();
        let token = app.app.runner.write(Actor::System, vendor, move |work| {
            let new = new.clone();
            Box::pin(async move { operator_token::create(work, &new).await })
        });
        let by = app.bearer(&token.await.unwrap());
        let users = format!("/api/v1/organizations/{acme}/users");
        for _ in 0..3 {
            by.get(&users).await.expect(200);
        }
        let ask = json!({"subject": {"type": "user", "id": "nobody"},
            "action": {"name": "users.view"}, "resource": {"type": "organization", "id": acme}});
        by.post("/access/v1/evaluation", ask).await.expect(200);
        let told = uses(&app, &acme, true).await;
        assert_eq!(told.len(), 1, "reads of one kind are told together: {told:?}");
        let call = told[0]["data"]["call"].as_str().unwrap().to_owned();
        assert!(call.starts_with("GET /") && call.ends_with("/organizations/{org}/users"), "{call}");
        assert_eq!(told[0]["actor"]["kind"], "operator");
        assert!(uses(&app, &globex, true).await.is_empty());
        app.advance_s(3_600);
        by.get(&users).await.expect(200);
        let told = uses(&app, &acme, true).await;
        assert_eq!(told.len(), 2);
        assert_eq!(told[1]["data"]["calls"], 3);
        // The token of the settings has no id, and is told alike.
        app.operator().get(&users).await.expect(200);
        app.operator().get(&users).await.expect(200);
        let mut told = uses(&app, &acme, false).await;
        told.retain(|event| event["data"]["call"] == call.as_str());
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["actor"], json!({"kind": "operator", "id": null}));
    }
}
