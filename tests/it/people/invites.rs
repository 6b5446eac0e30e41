//! The life of an invite: sent, opened, accepted, run out, sent again, taken back.

use serde_json::json;

use super::{PASSWORD, accept, browser, invite, invite_ada, user};
use crate::support::TestApp;

/// The life of an invite on the platform of these tests, in seconds.
const LIFE_S: i64 = 7 * 86_400;

on_both_engines! {
    async fn an_invite_makes_its_user_and_her_mail_lets_her_in(app: TestApp) {
        let acme = app.organization("Acme").await;
        let sent = invite_ada(&app, &acme).await;
        assert_eq!(sent.at("/status"), "pending");
        assert_eq!(sent.at("/delivery"), json!({"state": "queued", "error": null}));
        assert_eq!(sent.at("/grants"), json!([{"role": "auditor", "resources": []}]));
        assert_eq!(sent.at("/invited_by/kind"), "operator");
        let ada = user(&app, &acme, "ada@example.com").await;
        assert_eq!(ada["id"], sent.at("/user_id"));
        assert_eq!((&ada["status"], &ada["source"]), (&json!("invite_pending"), &json!("invite")));
        assert_eq!(ada["description"], "Engines");
        assert_eq!(ada["roles"][0]["role"], "auditor");
        let mail = app.mail_to("ada@example.com").await;
        assert_eq!(mail.subject, "Your invitation to Acme");
        assert!(mail.text.contains("Hello Ada Lovelace") && mail.text.contains("Auditor"));
        let link = mail.link();
        assert!(link.starts_with(&format!("{}/invite/", app.url)), "{link}");
        let id = sent.text_at("/id");
        let read = app.operator().get(&format!("/api/v1/invites/{id}")).await.expect(200);
        assert_eq!(read.at("/delivery/state"), "sent");
        let page = browser(&app).get(&link).await.expect(200);
        assert!(page.text().contains("Join Acme") && page.text().contains("Auditor"), "{page}");
        let browser = accept(&app, &link).await;
        let me = browser.get("/me").await.expect(200);
        assert_eq!(me.at("/user/user_name"), "ada@example.com");
        assert_eq!(me.at("/roles/0/role"), "auditor");
        let ada = user(&app, &acme, "ada@example.com").await;
        assert_eq!((&ada["status"], &ada["login_type"]), (&json!("active"), &json!("password")));
        let over = app.operator().get(&format!("/api/v1/invites/{id}")).await.expect(200);
        assert_eq!(over.at("/status"), "accepted");
        assert!(over.at("/accepted_at").is_string());
        let told = app.events(&acme, "invite.sent,invite.accepted").await;
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|event| event["data"]["user_id"] == ada["id"]));
    }

    async fn nobody_acts_before_she_has_accepted(app: TestApp) {
        let acme = app.organization("Acme").await;
        let sent = invite_ada(&app, &acme).await;
        let id = sent.text_at("/user_id");
        let ask = json!({"subject": {"type": "user", "id": id}, "action": {"name": "audit.view"},
            "resource": {"type": "organization", "id": acme}});
        let decide = async || {
            let asked = app.operator().post("/access/v1/evaluation", ask.clone()).await;
            asked.expect(200).json()
        };
        let before = decide().await;
        assert_eq!(before["decision"], false);
        assert_eq!(before["context"]["reason"]["code"], "user-not-enabled");
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        assert_eq!(decide().await["decision"], true);
    }

    async fn a_link_works_once_and_unknown_ones_say_nothing(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        let link = app.mail_to("ada@example.com").await.link();
        accept(&app, &link).await;
        let used = browser(&app).get(&link).await.expect(410);
        assert!(used.text().contains("was used already"), "{used}");
        let again = browser(&app).post_form(&link, &[("password", PASSWORD)]).await;
        assert_eq!(again.status, 410, "{again}");
        let unknown = format!("{}x", link);
        let page = browser(&app).get(&unknown).await.expect(404);
        assert!(!page.text().contains("Acme"), "{page}");
        let program = browser(&app).with_header("accept", "application/json");
        program.get(&unknown).await.expect_problem(404, "not-found");
        program.get(&link).await.expect_problem(410, "gone");
    }

    async fn an_invite_runs_out_is_told_once_and_is_sent_again(app: TestApp) {
        let acme = app.organization("Acme").await;
        let sent = invite_ada(&app, &acme).await;
        let id = sent.text_at("/id");
        let old = app.mail_to("ada@example.com").await.link();
        app.advance_s(LIFE_S - 1);
        browser(&app).get(&old).await.expect(200);
        app.advance_s(1);
        let page = browser(&app).get(&old).await.expect(410);
        assert!(page.text().contains("has run out"), "{page}");
        assert_eq!(user(&app, &acme, "ada").await["status"], "invite_expired");
        let told = app.events_once(&acme, "invite.expired", 1).await;
        assert_eq!(told[0]["subject"], json!({"kind": "invite", "id": id}));
        let listed = async |status: &str| {
            let path = format!("/api/v1/organizations/{acme}/invites?status={status}");
            app.operator().get(&path).await.expect(200).at("/data").as_array().unwrap().len()
        };
        assert_eq!((listed("expired").await, listed("pending").await), (1, 0));
        let path = format!("/api/v1/invites/{id}/resend");
        let again = app.operator().post(&path, json!({})).await.expect(200);
        assert_eq!(again.at("/status"), "pending");
        assert_eq!((listed("expired").await, listed("pending").await), (0, 1));
        assert_eq!(user(&app, &acme, "ada").await["status"], "invite_pending");
        let new = app.mail_to("ada@example.com").await.link();
        assert_ne!(new, old);
        browser(&app).get(&old).await.expect(404);
        accept(&app, &new).await;
        app.operator().post(&path, json!({})).await.expect_problem(409, "conflict");
        assert_eq!(app.events(&acme, "invite.expired").await.len(), 1);
    }

    async fn taking_an_invite_back_removes_who_came_by_it_alone(app: TestApp) {
        let acme = app.organization("Acme").await;
        let id = invite_ada(&app, &acme).await.text_at("/id");
        let link = app.mail_to("ada@example.com").await.link();
        let path = format!("/api/v1/invites/{id}");
        app.operator().delete(&path).await.expect(204);
        let page = browser(&app).get(&link).await.expect(404);
        assert!(!page.text().contains("Acme"), "{page}");
        assert!(user(&app, &acme, "ada").await.is_null());
        assert_eq!(app.operator().get(&path).await.expect(200).at("/status"), "revoked");
        app.operator().delete(&path).await.expect_problem(409, "conflict");
        // She may be invited anew.
        invite_ada(&app, &acme).await;
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
    }

    async fn nobody_is_invited_twice_and_no_user_is_invited(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        let again = json!({"email": "ADA@example.com"});
        invite(&app, &acme, again.clone()).await.expect_problem(409, "conflict");
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        invite(&app, &acme, again).await.expect_problem(409, "conflict");
        // In another organization she is somebody else.
        let globex = app.organization("Globex").await;
        invite_ada(&app, &globex).await;
        app.run_worker().await;
    }

    async fn fields_that_do_not_fit_are_pointed_to(app: TestApp) {
        let acme = app.organization("Acme").await;
        for (body, pointer) in [
            (json!({"email": "nobody"}), "/email"),
            (json!({"email": "a@b.c", "class": "friend"}), "/class"),
            (json!({"email": "a@b.c", "login_type": "magic"}), "/login_type"),
            (json!({"email": "a@b.c", "language": "tlh"}), "/language"),
            (json!({"email": "a@b.c", "first_name": "x".repeat(201)}), "/first_name"),
            (json!({"email": "a@b.c", "role": "king"}), "/grants/0/role"),
            (json!({"email": "a@b.c", "role": "field-worker", "resources": ["site:nowhere"]}),
                "/grants/0/resources/0"),
            (json!({"email": "a@b.c", "colour": "red"}), "/colour"),
        ] {
            let refused = invite(&app, &acme, body.clone()).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), pointer, "{body}");
        }
        assert!(user(&app, &acme, "").await.is_null(), "nothing was made");
    }

    async fn a_password_is_checked_before_an_invite_is_used_up(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        let link = app.mail_to("ada@example.com").await.link();
        for weak in ["short", "password1234", "ada@example.com"] {
            let page = browser(&app).post_form(&link, &[("password", weak)]).await.expect(422);
            assert!(page.text().contains("role=\"alert\""), "{page}");
        }
        let elsewhere = app.browser().with_header("origin", "https://evil.example");
        elsewhere.post_form(&link, &[("password", PASSWORD)]).await.expect(403);
        app.browser().post_form(&link, &[("password", PASSWORD)]).await.expect(403);
        accept(&app, &link).await;
    }

    async fn a_login_type_is_enforced_when_an_invite_is_accepted(app: TestApp) {
        let acme = app.organization("Acme").await;
        let body = json!({"email": "ada@example.com", "login_type": "sso"});
        invite(&app, &acme, body).await.expect(201);
        let link = app.mail_to("ada@example.com").await.link();
        let page = browser(&app).get(&link).await.expect(200);
        assert!(!page.text().contains("type=\"password\""), "{page}");
        browser(&app).post_form(&link, &[("password", PASSWORD)]).await.expect(403);
        let require = json!({"require_sso": true});
        let organization = format!("/api/v1/organizations/{acme}");
        let bob = json!({"email": "bob@example.com", "login_type": "password"});
        invite(&app, &acme, bob).await.expect(201);
        let link = app.mail_to("bob@example.com").await.link();
        app.operator().patch(&organization, require).await.expect(200);
        browser(&app).post_form(&link, &[("password", PASSWORD)]).await.expect(403);
        app.operator().patch(&organization, json!({"require_sso": false})).await.expect(200);
        accept(&app, &link).await;
    }

    async fn mail_is_written_in_the_language_of_invite_or_organization(app: TestApp) {
        let acme = app.organization("Acme").await;
        let path = format!("/api/v1/organizations/{acme}");
        app.operator().patch(&path, json!({"language": "fr"})).await.expect(200);
        invite(&app, &acme, json!({"email": "a@example.com"})).await.expect(201);
        let german = json!({"email": "b@example.com", "language": "de"});
        invite(&app, &acme, german).await.expect(201);
        assert_eq!(app.mail_to("a@example.com").await.subject, "Invitation à rejoindre Acme");
        assert_eq!(app.mail_to("b@example.com").await.subject, "Einladung zu Acme");
    }

    async fn names_in_mails_lose_urls_and_control_characters(app: TestApp) {
        let body = json!({"name": "Win https://evil.example now", "slug": "acme"});
        let acme = app.operator().post("/api/v1/organizations", body).await.expect(201);
        let acme = acme.text_at("/id");
        let body = json!({"email": "ada@example.com", "first_name": "See evil.example/login"});
        invite(&app, &acme, body).await.expect(201);
        let mail = app.mail_to("ada@example.com").await;
        assert!(!mail.raw.contains("evil.example"), "{}", mail.raw);
        assert!(mail.subject.ends_with("Win now"), "{}", mail.subject);
    }
}
