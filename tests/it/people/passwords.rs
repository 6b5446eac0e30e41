//! Passwords: sign in, be refused alike, forget one, break the glass (K10).

use portico::domain::password::totp;
use portico::domain::password::tries::{HERE_MAX, LINKS_MAX, WINDOW_S};
use serde_json::json;

use super::{PASSWORD, accept, browser, invite, invite_ada, somebody, user};
use crate::support::{Reply, TestApp};

const NEW: &str = "seven quiet otters drift";

async fn sign_in(app: &TestApp, login: &str, password: &str) -> Reply {
    let fields = [("user_name", login), ("password", password)];
    browser(app).post_form("/sign-in/password", &fields).await
}

/// The link of a mail that a request sends beside its answer.
pub async fn mailed_link(app: &TestApp, to: &str, count: usize) -> String {
    for _ in 0..200 {
        let mails = app.mails_to(to).await;
        if mails.len() >= count {
            return mails[count - 1].link();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{count} mails to {to} never came")
}

/// The secret that a page shows for one-time codes.
fn secret(page: &Reply) -> Vec<u8> {
    let text = page.text();
    let shown = text.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().to_owned();
    let mut bits = String::new();
    for letter in shown.bytes() {
        let at = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|one| *one == letter);
        bits += &format!("{:05b}", at.unwrap());
    }
    let bytes = bits.as_bytes().chunks_exact(8);
    bytes.map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
}

/// The code that an app shows now.
fn code(app: &TestApp, secret: &[u8]) -> String {
    let now = app.app.runner.clock.now();
    let all = (0..1_000_000).map(|code| format!("{code:06}"));
    let mut held = all.filter(|code| totp::step_of(secret, code, now) == Some(now.seconds() / 30));
    held.next().expect("a code")
}

/// Follows the link of a break-glass user, and sets a password and codes.
pub async fn set_glass(app: &TestApp, link: &str) {
    let secret = secret(&browser(app).get(link).await.expect(200));
    let fields = [("password", NEW), ("code", &code(app, &secret))];
    browser(app).post_form(link, &fields).await.expect(200);
}

on_both_engines! {
    async fn a_password_lets_in_whoever_set_it_and_wrong_ones_look_alike(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let jar = browser(&app);
        let fields = [("user_name", "Ada@Example.com"), ("password", PASSWORD)];
        let signed = jar.post_form("/sign-in/password", &fields).await.expect(303);
        assert_eq!(signed.header("location"), "/me");
        jar.get("/me").await.expect(200);
        let wrong = sign_in(&app, "ada@example.com", "not-the-password").await.expect(403);
        let nobody = sign_in(&app, "nobody@example.com", PASSWORD).await.expect(403);
        let plain = |reply: &Reply| reply.text().replace("ada@", "nobody@");
        assert_eq!(plain(&wrong), plain(&nobody));
        let elsewhere = app.browser().with_header("origin", "https://evil.example");
        elsewhere.post_form("/sign-in/password", &fields).await.expect(403);
        let refused = app.events(&acme, "sign_in.refused").await;
        assert_eq!(refused[0]["data"]["code"], "credentials_invalid");
    }

    async fn a_stranger_guesses_little_and_locks_nobody_out(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        for _ in 0..HERE_MAX {
            sign_in(&app, "ada@example.com", "not-the-password").await.expect(403);
        }
        let waits = sign_in(&app, "ada@example.com", PASSWORD).await.expect(429);
        assert_eq!(waits.header("retry-after"), WINDOW_S.to_string());
        // Nobody learns from the limit who exists.
        for _ in 0..HERE_MAX {
            sign_in(&app, "nobody@example.com", "not-the-password").await.expect(403);
        }
        let same = sign_in(&app, "nobody@example.com", PASSWORD).await.expect(429);
        assert_eq!(same.header("retry-after"), waits.header("retry-after"));
        app.advance_s(WINDOW_S);
        sign_in(&app, "ada@example.com", PASSWORD).await.expect(303);
    }

    async fn a_forgotten_password_is_set_anew_by_mail_and_ends_all_sessions(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        let old = accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let forgot = async |login: &str| {
            browser(&app).post_form("/password/forgot", &[("user_name", login)]).await.expect(200)
        };
        let known = forgot("ada@example.com").await;
        let unknown = forgot("nobody@example.com").await;
        assert_eq!(known.text(), unknown.text());
        let link = mailed_link(&app, "ada@example.com", 2).await;
        assert!(link.contains("/password/reset/"), "{link}");
        browser(&app).get(&link).await.expect(200);
        browser(&app).post_form(&link, &[("password", "password1234")]).await.expect(422);
        browser(&app).post_form(&link, &[("password", NEW)]).await.expect(200);
        old.get("/me").await.expect(401);
        browser(&app).post_form(&link, &[("password", NEW)]).await.expect(410);
        sign_in(&app, "ada@example.com", PASSWORD).await.expect(403);
        sign_in(&app, "ada@example.com", NEW).await.expect(303);
        let told = app.mails_to("ada@example.com").await.pop().unwrap();
        assert_eq!(told.subject, "Acme: password changed");
    }

    async fn the_mailbox_brings_a_first_password_only_where_nothing_else_lets_her_in(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (_, token) = app.directory(&acme, "generic").await;
        let pushed = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "pushed@example.com", "emails": [{"value": "pushed@example.com"}]});
        app.scim(&token).post("/Users", pushed).await.expect(201);
        let users = format!("/api/v1/organizations/{acme}/users");
        for (name, login_type) in [("ada", None), ("sso", Some("sso")), ("known", None)] {
            let email = format!("{name}@example.com");
            let body = json!({"user_name": email, "email": email, "login_type": login_type});
            app.operator().post(&users, body).await.expect(201);
        }
        let connection = json!({"name": "Sign-in", "kind": "oidc", "oidc": {
            "issuer": "https://idp.example", "client_id": "portico", "client_secret": "s"}});
        let path = format!("/api/v1/organizations/{acme}/connections");
        let connection = app.operator().post(&path, connection).await.expect(201).text_at("/id");
        let known = user(&app, &acme, "known").await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/users/{known}/identities/relink");
        let subject = json!({"connection": connection, "subject": "s-1"});
        app.operator().post(&path, subject).await.expect(201);
        for name in ["pushed", "sso", "known", "ada"] {
            let email = format!("{name}@example.com");
            browser(&app).post_form("/password/forgot", &[("user_name", &email)]).await.expect(200);
        }
        let link = mailed_link(&app, "ada@example.com", 1).await;
        for name in ["pushed", "sso", "known"] {
            assert!(app.mails_to(&format!("{name}@example.com")).await.is_empty(), "{name}");
        }
        // Whom a provider comes to know meanwhile needs none.
        let ada = user(&app, &acme, "ada").await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/users/{ada}/identities/relink");
        let subject = json!({"connection": connection, "subject": "s-2"});
        let identity = app.operator().post(&path, subject).await.expect(201).text_at("/id");
        browser(&app).post_form(&link, &[("password", NEW)]).await.expect(410);
        app.operator().delete(&format!("/api/v1/identities/{identity}")).await.expect(204);
        browser(&app).post_form(&link, &[("password", NEW)]).await.expect(200);
        sign_in(&app, "ada@example.com", NEW).await.expect(303);
    }

    async fn links_to_a_new_password_are_few_and_run_out(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let few = usize::try_from(LINKS_MAX).unwrap();
        for at in 0..few {
            let fields = [("user_name", "ada@example.com")];
            browser(&app).post_form("/password/forgot", &fields).await.expect(200);
            mailed_link(&app, "ada@example.com", 2 + at).await;
        }
        let fields = [("user_name", "ada@example.com")];
        browser(&app).post_form("/password/forgot", &fields).await.expect(200);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let mails = app.mails_to("ada@example.com").await;
        assert_eq!(mails.len(), 1 + few);
        app.advance_s(3_600);
        let over = browser(&app).get(&mails[1].link()).await.expect(410);
        assert!(over.text().contains("has run out"), "{over}");
    }

    async fn enforced_sign_on_blocks_passwords_and_resets_but_not_the_glass_k10(app: TestApp) {
        let acme = app.organization("Acme").await;
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let path = format!("/api/v1/organizations/{acme}/break-glass");
        let body = json!({"email": "glass@example.com"});
        let made = admin.post(&path, body.clone()).await.expect(201);
        let link = made.text_at("/url");
        let told = app.mail_to("grace@example.com").await;
        assert_eq!(told.subject, "Acme: new break-glass account");
        let page = browser(&app).get(&link).await.expect(200);
        let secret = secret(&page);
        let wrong = [("password", NEW), ("code", "000000")];
        browser(&app).post_form(&link, &wrong).await.expect(422);
        let right = code(&app, &secret);
        browser(&app).post_form(&link, &[("password", NEW), ("code", &right)]).await.expect(200);
        let organization = format!("/api/v1/organizations/{acme}");
        app.operator().patch(&organization, json!({"require_sso": true})).await.expect(200);
        let refused = sign_in(&app, "grace@example.com", PASSWORD).await.expect(403);
        assert!(refused.text().contains("login_type_mismatch"), "{refused}");
        let before = app.mails_to("grace@example.com").await.len();
        let fields = [("user_name", "grace@example.com")];
        browser(&app).post_form("/password/forgot", &fields).await.expect(200);
        sign_in(&app, "glass@example.com", NEW).await.expect(403);
        let jar = browser(&app);
        let fields = [("user_name", "glass@example.com"), ("password", NEW), ("code", &right)];
        jar.post_form("/sign-in/password", &fields).await.expect(303);
        let me = jar.get("/me").await.expect(200);
        assert_eq!(me.at("/roles/0/role"), "org-admin");
        // A code counts once.
        browser(&app).post_form("/sign-in/password", &fields).await.expect(403);
        app.run_worker().await;
        let mails = app.mails_to("grace@example.com").await;
        assert_eq!(mails.len(), before + 1, "no reset, but a notice");
        assert_eq!(mails.last().unwrap().subject, "Acme: break-glass sign-in");
        let glass = user(&app, &acme, "glass").await;
        assert_eq!((&glass["break_glass"], &glass["status"]), (&json!(true), &json!("active")));
    }

    async fn there_are_at_most_three_break_glass_users(app: TestApp) {
        let acme = app.organization("Acme").await;
        let path = format!("/api/v1/organizations/{acme}/break-glass");
        let make = async |email: &str| app.operator().post(&path, json!({"email": email})).await;
        for email in ["g1@example.com", "g2@example.com", "g3@example.com"] {
            make(email).await.expect(201);
        }
        make("g4@example.com").await.expect_problem(409, "conflict");
        let again = make("g1@example.com").await.expect(201);
        browser(&app).get(&again.text_at("/url")).await.expect(200);
        make("nobody").await.expect_problem(422, "invalid");
        invite(&app, &acme, json!({"email": "h@example.com"})).await.expect(201);
        make("h@example.com").await.expect_problem(409, "conflict");
        app.run_worker().await;
    }
}
