//! Invites and directories: who comes first, who has left, and mail for those who are provisioned.

use serde_json::{Value, json};

use super::{browser, invite, invite_ada, user};
use crate::support::{SignIn, TestApp};

fn pushed(login: &str, email: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": login,
        "externalId": format!("ext-{login}"), "active": true,
        "emails": [{"value": email, "type": "work", "primary": true}]})
}

on_both_engines! {
    async fn a_directory_supersedes_a_live_invite_and_the_person_is_one(app: TestApp) {
        let acme = app.organization("Acme").await;
        let sent = invite_ada(&app, &acme).await;
        let link = app.mail_to("ada@example.com").await.link();
        let (_, token) = app.directory(&acme, "strict").await;
        let made = app.scim(&token).post("/Users", pushed("ada", "Ada@Example.com")).await;
        assert_eq!(made.expect(201).at("/id"), sent.at("/user_id"), "one person");
        let ada = user(&app, &acme, "ada").await;
        assert_eq!(ada["status"], "provisioned");
        assert_eq!(ada["roles"][0]["source"], "invite", "what the invite gave stays");
        browser(&app).get(&link).await.expect(404);
        let path = format!("/api/v1/invites/{}", sent.text_at("/id"));
        assert_eq!(app.operator().get(&path).await.expect(200).at("/status"), "superseded");
        assert_eq!(app.events(&acme, "invite.superseded").await.len(), 1);
    }

    async fn a_role_that_must_keep_a_holder_stays_only_once_the_link_was_opened(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (_, token) = app.directory(&acme, "strict").await;
        for (name, opened) in [("ada", false), ("bob", true)] {
            let email = format!("{name}@example.com");
            let body = json!({"email": email, "grants": [{"role": "org-admin"},
                {"role": "auditor"}]});
            invite(&app, &acme, body).await.expect(201);
            let link = app.mail_to(&email).await.link();
            if opened {
                browser(&app).get(&link).await.expect(200);
            }
            app.scim(&token).post("/Users", pushed(name, &email)).await.expect(201);
            let found = user(&app, &acme, name).await;
            let roles: Vec<&str> =
                found["roles"].as_array().unwrap().iter().map(|r| r["role"].as_str().unwrap())
                .collect();
            assert_eq!(roles.contains(&"org-admin"), opened, "{roles:?}");
            assert!(roles.contains(&"auditor"), "{roles:?}");
        }
    }

    async fn an_expired_invite_is_not_superseded(app: TestApp) {
        let acme = app.organization("Acme").await;
        let sent = invite_ada(&app, &acme).await;
        app.run_worker().await;
        app.advance_s(8 * 86_400);
        let (_, token) = app.directory(&acme, "strict").await;
        let made = app.scim(&token).post("/Users", pushed("ada", "ada@example.com")).await;
        assert_ne!(made.expect(201).at("/id"), sent.at("/user_id"));
        assert_eq!(app.events(&acme, "user.duplicate_suspected").await.len(), 1);
    }

    async fn whom_a_directory_sent_away_is_not_invited(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (_, token) = app.directory(&acme, "strict").await;
        let scim = app.scim(&token);
        let made = scim.post("/Users", pushed("ada", "ada@example.com")).await.expect(201);
        let id = made.text_at("/id");
        let ada = json!({"email": "ada@example.com"});
        invite(&app, &acme, ada.clone()).await.expect_problem(409, "conflict");
        let off = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": false}]});
        scim.patch(&format!("/Users/{id}"), off).await.expect(200);
        invite(&app, &acme, ada.clone()).await.expect_problem(409, "left-by-directory");
        scim.delete(&format!("/Users/{id}")).await.expect(204);
        invite(&app, &acme, ada).await.expect_problem(409, "left-by-directory");
        invite(&app, &acme, json!({"email": "bob@example.com"})).await.expect(201);
        app.run_worker().await;
    }

    async fn a_directory_may_write_to_those_whom_it_brings(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (directory, token) = app.directory(&acme, "strict").await;
        let path = format!("/api/v1/directories/{directory}");
        let mode = json!({"on_provision": "invite"});
        let changed = app.operator().patch(&path, mode).await.expect(200);
        assert_eq!(changed.at("/on_provision"), "invite");
        let made = app.scim(&token).post("/Users", pushed("ada", "ada@example.com")).await;
        assert_eq!(made.expect(201).at("/active"), true, "to its client she is active");
        let ada = user(&app, &acme, "ada").await;
        assert_eq!(ada["status"], "invite_pending");
        let sign_in = SignIn::connect(&app, &acme, &directory, &[]).await;
        let link = app.mail_to("ada@example.com").await.link();
        let page = browser(&app).get(&link).await.expect(200);
        assert!(!page.text().contains("type=\"password\""), "{page}");
        assert!(page.text().contains(&sign_in.connection), "{page}");
        // Any first sign-in accepts what waits for her.
        let jar = browser(&app);
        sign_in.by(&jar, "ext-ada").await;
        jar.get("/me").await.expect(200);
        assert_eq!(user(&app, &acme, "ada").await["status"], "active");
        browser(&app).get(&link).await.expect(410);
    }

    async fn an_invite_is_accepted_by_a_sign_in_with_its_address_and_no_other_li3(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (directory, _) = app.directory(&acme, "strict").await;
        let sign_in = SignIn::connect(&app, &acme, &directory, &[]).await;
        invite_ada(&app, &acme).await;
        let link = app.mail_to("ada@example.com").await.link();
        let jar = browser(&app);
        let on = jar.post_form(&link, &[("connection", &sign_in.connection)]).await.expect(303);
        let start = on.header("location");
        assert!(start.contains(&format!("/sso/{}/start", sign_in.connection)), "{on}");
        assert!(start.contains("login_hint=ada%40example.com"), "{on}");
        let mallory = json!({"email": "mallory@example.com"});
        let refused = sign_in.by_with(&jar, "sub-m", mallory).await.expect(403);
        assert!(refused.text().contains("invite_email_mismatch"), "{refused}");
        assert_eq!(user(&app, &acme, "ada").await["status"], "invite_pending");
        // Without the link in this browser an address alone is nothing.
        let other = browser(&app);
        let hers = json!({"email": "Ada@Example.com"});
        sign_in.by_with(&other, "sub-a", hers.clone()).await.expect(403);
        jar.post_form(&link, &[("connection", &sign_in.connection)]).await.expect(303);
        sign_in.by_with(&jar, "sub-a", hers).await.expect(303);
        let me = jar.get("/me").await.expect(200);
        assert_eq!(me.at("/user/email"), "ada@example.com");
        let ada = user(&app, &acme, "ada").await;
        assert_eq!((&ada["status"], &ada["login_type"]), (&json!("active"), &json!("sso")));
        let linked = app.events(&acme, "identity.linked").await;
        assert_eq!(linked[0]["data"]["rule"], "LI3");
        browser(&app).get(&link).await.expect(410);
    }
}
