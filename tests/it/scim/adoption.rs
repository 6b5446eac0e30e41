//! A directory meets somebody who is there: it adopts her, or both stand among the conflicts.

use serde_json::{Value, json};

use super::{USER, filter, group, refused, user};
use crate::support::{Caller, Reply, SignIn, TestApp};

const EMAIL: &str = "ada@acme.example";

/// Acme with a verified domain and a user without directory, who has signed in with her e-mail.
struct Rig {
    domain: String,
    ada: String,
    browser: Caller,
}

fn pushed(name: &str, email: &str) -> Value {
    json!({"schemas": [USER], "userName": name, "externalId": "new-ada", "active": true,
        "title": "Analyst", "emails": [{"value": email, "type": "work"}]})
}

async fn rig(app: &TestApp) -> Rig {
    let organization = app.organization("Acme").await;
    let path = "/api/v1/organizations/acme/domains";
    let body = json!({"domain": "acme.example", "verified": true});
    let domain = app.operator().post(path, body).await.expect(201).text_at("/id");
    let (old, token) = app.directory(&organization, "generic").await;
    let body = json!({"schemas": [USER], "userName": "old-ada", "externalId": "ext-ada",
        "emails": [{"value": "Ada@Acme.example", "type": "work"}]});
    let ada = app.scim(&token).post("/Users", body).await.expect(201).text_at("/id");
    let sign_in = SignIn::connect(app, &organization, &old, &[&domain]).await;
    let browser = app.browser().with_header("origin", &app.url);
    sign_in.by_with(&browser, "ext-ada", json!({"email": EMAIL, "email_verified": true})).await;
    browser.get("/me").await.expect(200);
    app.operator().delete(&format!("/api/v1/directories/{old}?users=keep")).await.expect(204);
    Rig { domain, ada, browser }
}

async fn directory(app: &TestApp, domains: &[&str]) -> Caller {
    let body = json!({"name": "New", "profile": "generic", "domains": domains});
    let path = "/api/v1/organizations/acme/directories";
    let id = app.operator().post(path, body).await.expect(201).text_at("/id");
    let path = format!("/api/v1/directories/{id}/tokens");
    let made = app.operator().post(&path, json!({"name": "t"})).await.expect(201);
    app.scim(&made.text_at("/token"))
}

async fn conflicts(app: &TestApp) -> Vec<Value> {
    let listed = app.operator().get("/api/v1/organizations/acme/conflicts").await.expect(200);
    listed.at("/data").as_array().unwrap().clone()
}

#[track_caller]
fn is_another(reply: &Reply, ada: &str) {
    assert_eq!(reply.status, 201, "{reply}");
    assert_ne!(reply.text_at("/id"), ada, "she was adopted");
}

on_both_engines! {
    async fn a_user_without_directory_is_adopted_with_her_id_and_her_sessions_end(app: TestApp) {
        let Rig { domain, ada, browser } = rig(&app).await;
        let path = format!("/api/v1/users/{ada}/grants");
        app.operator().post(&path, json!({"role": "field-worker"})).await.expect(201);
        let scim = directory(&app, &[&domain]).await;
        let met = scim.post("/Users", pushed("ada.new", EMAIL)).await.expect(201);
        assert_eq!(met.text_at("/id"), ada);
        assert_eq!(met.at("/title"), "Analyst");
        browser.get("/me").await.expect(401);
        // She is the directory's in every way.
        let read = scim.get(&format!("/Users/{ada}")).await.expect(200);
        assert_eq!(read.at("/userName"), "ada.new");
        assert_eq!(read.header("etag"), met.header("etag"));
        for by in ["userName eq \"ADA.NEW\"", "externalId eq \"new-ada\"",
            "emails.value eq \"ada@acme.example\""] {
            let found = scim.get(&filter("/Users", by)).await.expect(200);
            assert_eq!(found.at("/totalResults"), 1, "{by}");
        }
        assert_eq!(scim.get("/Users").await.expect(200).at("/totalResults"), 1);
        let shown = app.operator().get(&format!("/api/v1/users/{ada}")).await.expect(200);
        assert!(shown.at("/directory_id").is_string());
        assert_eq!(shown.at("/roles/0/role"), "field-worker");
        let told = app.events("acme", "user.adopted").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["subject"]["id"], ada.as_str());
        assert_eq!(conflicts(&app).await, Vec::<Value>::new());
        let again = scim.post("/Users", pushed("ada.new", EMAIL)).await;
        refused(&again, 409, Some("uniqueness"));
        scim.delete(&format!("/Users/{ada}")).await.expect(204);
        assert_eq!(scim.get("/Users").await.expect(200).at("/totalResults"), 0);
    }

    async fn rules_reach_a_user_from_the_moment_she_is_adopted(app: TestApp) {
        let Rig { domain, ada, .. } = rig(&app).await;
        let body = json!({"name": "Analysts", "when": "title eq \"Analyst\"", "role": "auditor"});
        let path = "/api/v1/organizations/acme/mapping-rules";
        app.operator().post(path, body).await.expect(201);
        let scim = directory(&app, &[&domain]).await;
        scim.post("/Users", pushed("ada", EMAIL)).await.expect(201);
        let shown = app.operator().get(&format!("/api/v1/users/{ada}")).await.expect(200);
        assert_eq!(shown.at("/roles/0/role"), "auditor");
    }

    async fn a_user_whom_groups_awaited_is_their_member_once_she_is_adopted(app: TestApp) {
        let Rig { domain, ada, .. } = rig(&app).await;
        let scim = directory(&app, &[&domain]).await;
        let listed = app.operator().get("/api/v1/organizations/acme/directories").await;
        let path = format!("/api/v1/directories/{}", listed.text_at("/data/0/id"));
        let pending = json!({"unknown_members": "pending"});
        app.operator().patch(&path, pending).await.expect(200);
        let crew = scim.post("/Groups", group("Crew", &["new-ada"])).await.expect(201);
        let met = scim.post("/Users", pushed("ada", EMAIL)).await.expect(201);
        assert_eq!(met.text_at("/id"), ada);
        assert_eq!(met.at("/groups/0/value"), crew.text_at("/id"));
    }

    async fn a_domain_that_the_directory_does_not_list_adopts_nobody(app: TestApp) {
        let Rig { domain, ada, browser } = rig(&app).await;
        let scim = directory(&app, &[]).await;
        is_another(&scim.post("/Users", pushed("ada", EMAIL)).await, &ada);
        browser.get("/me").await.expect(200);
        let told = app.events("acme", "user.duplicate_suspected").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["data"]["others"], json!([ada]));
        let listed = conflicts(&app).await;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["kind"], "adoption_refused");
        assert_eq!(listed[0]["reason"], "domain-not-listed");
        assert_eq!(listed[0]["same"], json!(["email"]));
        assert_eq!(listed[0]["users"][1]["id"], ada.as_str());
        assert!(listed[0]["what_to_do"].as_str().unwrap().contains("List the domain"));
        // What it says to do does it.
        let newer = listed[0]["users"][0]["id"].as_str().unwrap();
        let id = listed[0]["users"][0]["directory_id"].as_str().unwrap();
        let path = format!("/api/v1/directories/{id}");
        app.operator().patch(&path, json!({"domains": [domain]})).await.expect(200);
        scim.delete(&format!("/Users/{newer}")).await.expect(204);
        assert_eq!(conflicts(&app).await, Vec::<Value>::new());
        let met = scim.post("/Users", pushed("ada", EMAIL)).await.expect(201);
        assert_eq!(met.text_at("/id"), ada);
    }

    async fn an_email_that_was_never_proved_adopts_nobody(app: TestApp) {
        let Rig { domain, ada, .. } = rig(&app).await;
        let body = json!({"user_name": "bob", "email": "bob@acme.example"});
        let path = "/api/v1/organizations/acme/users";
        let bob = app.operator().post(path, body).await.expect(201).text_at("/id");
        let scim = directory(&app, &[&domain]).await;
        // By her login too: whoever is called alike is not taken over.
        for (name, email) in [("bob", "robert@acme.example"), ("robert", "BOB@acme.example")] {
            let mut body = pushed(name, email);
            body["externalId"] = json!(name);
            is_another(&scim.post("/Users", body).await, &bob);
        }
        is_another(&scim.post("/Users", pushed("old-ada", "a@acme.example")).await, &ada);
        let reasons: Vec<Value> =
            conflicts(&app).await.iter().map(|one| one["reason"].clone()).collect();
        assert_eq!(reasons, vec![json!("email-not-proved"); 3]);
    }

    async fn the_holder_of_a_role_that_must_keep_one_is_not_adopted(app: TestApp) {
        let Rig { domain, ada, browser } = rig(&app).await;
        let path = format!("/api/v1/users/{ada}/grants");
        app.operator().post(&path, json!({"role": "org-admin"})).await.expect(201);
        let scim = directory(&app, &[&domain]).await;
        is_another(&scim.post("/Users", pushed("ada", EMAIL)).await, &ada);
        assert_eq!(conflicts(&app).await[0]["reason"], "holds-kept-role");
        browser.get("/me").await.expect(200);
    }

    async fn one_person_in_two_directories_is_told_and_nobody_is_taken(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (_, one) = app.directory(&organization, "generic").await;
        let (_, two) = app.directory(&organization, "generic").await;
        let first = app.scim(&one).post("/Users", user("ada")).await.expect(201).text_at("/id");
        is_another(&app.scim(&two).post("/Users", user("ADA")).await, &first);
        let listed = conflicts(&app).await;
        assert_eq!(listed.len(), 1);
        assert_eq!((&listed[0]["kind"], &listed[0]["reason"]), (&json!("duplicate"), &Value::Null));
        assert_eq!(listed[0]["same"], json!(["login"]));
        // By hand as well.
        let body = json!({"user_name": "ada"});
        let path = "/api/v1/organizations/acme/users";
        app.operator().post(path, body).await.expect(201);
        assert_eq!(conflicts(&app).await.len(), 3);
        assert_eq!(app.events("acme", "user.duplicate_suspected").await.len(), 2);
        app.organization("Globex").await;
        let path = "/api/v1/organizations/globex/users";
        app.operator().post(path, json!({"user_name": "ada"})).await.expect(201);
        assert_eq!(conflicts(&app).await.len(), 3, "another organization is another world");
    }

    async fn of_two_directories_that_meet_her_at_once_one_adopts_her(app: TestApp) {
        let Rig { domain, ada, .. } = rig(&app).await;
        let one = directory(&app, &[&domain]).await;
        let two = directory(&app, &[&domain]).await;
        let (one, two) = tokio::join!(
            one.post("/Users", pushed("ada", EMAIL)),
            two.post("/Users", pushed("ada", EMAIL))
        );
        let ids = [one.expect(201).text_at("/id"), two.expect(201).text_at("/id")];
        assert_eq!(ids.iter().filter(|id| **id == ada).count(), 1, "{ids:?}");
        assert_eq!(conflicts(&app).await.len(), 1);
    }
}
