//! The walk through a provider and back: who is let in, who is not, and what is written down.

use serde_json::json;

use super::rig::Rig;
use crate::support::TestApp;

on_both_engines! {
    async fn a_person_whom_her_directory_brought_signs_in_and_is_linked(app: TestApp) {
        let rig = Rig::new(app).await;
        let ada = rig.ada().await;
        let browser = rig.app.browser();
        let me = rig.sign_in(&browser, "ada@example.com").await.expect(200);
        assert_eq!(me.at("/user/id"), ada);
        assert_eq!(me.at("/user/user_name"), "ada");
        assert_eq!(me.at("/user/status"), "active");
        assert_eq!(me.at("/organization/slug"), "acme");
        assert_eq!(me.at("/roles"), json!([]));
        assert_eq!(me.header("cache-control"), "no-store");
        let entry = rig.journal().await.remove(0);
        assert_eq!(entry["outcome"], "signed_in");
        assert_eq!((&entry["rule"], &entry["step"]), (&json!("LI2"), &json!("session")));
        assert_eq!(entry["user_id"], ada);
        assert_eq!(entry["subject"], "ada@example.com");
        assert!(browser.cookie("portico-login").is_none());
        rig.sign_in(&rig.app.browser(), "ada@example.com").await.expect(200);
        assert_eq!(rig.journal().await.remove(0)["rule"], "LI1");
    }

    async fn somebody_whom_no_directory_brought_is_refused_and_nobody_is_made(app: TestApp) {
        let rig = Rig::new(app).await;
        let browser = rig.app.browser();
        let reply = rig.sign_in(&browser, "mallory@example.com").await;
        let entry = rig.refused(&reply, "unknown_user").await;
        assert_eq!(entry["subject"], "mallory@example.com");
        assert_eq!(entry["user_id"], json!(null));
        assert!(browser.cookie("portico-session").is_none());
        browser.get("/me").await.expect_problem(401, "unauthenticated");
    }

    async fn an_answer_counts_once_and_in_the_browser_that_began(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        let answer = rig.answer(&browser, "ada@example.com").await;
        let stranger = rig.app.browser();
        rig.refused(&stranger.get(&answer).await, "state_invalid").await;
        assert!(stranger.cookie("portico-session").is_none());
        let (one, other) = (browser.clone(), browser.clone());
        let (one, other) = tokio::join!(one.get(&answer), other.get(&answer));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 403], "{one}\n{other}");
        rig.refused(&browser.get(&answer).await, "replayed").await;
        browser.get("/me").await.expect(200);
    }

    async fn a_disabled_user_is_refused_and_her_cookie_ends_at_once(app: TestApp) {
        let rig = Rig::new(app).await;
        let ada = rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        rig.set_active(&ada, false).await;
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        let reply = rig.sign_in(&rig.app.browser(), "ada@example.com").await;
        let entry = rig.refused(&reply, "user_disabled").await;
        assert_eq!(entry["user_id"], ada);
        rig.set_active(&ada, true).await;
        browser.get("/me").await.expect_problem(401, "unauthenticated");
    }

    async fn a_disabled_connection_lets_nobody_in_and_ends_its_sessions(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        let answer = rig.answer(&rig.app.browser(), "ada@example.com").await;
        rig.change(json!({"status": "disabled"})).await.expect(200);
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        let reply = rig.app.browser().get(&rig.start("ada@example.com")).await;
        rig.refused(&reply, "connection_disabled").await;
        let late = rig.app.browser().get(&answer).await;
        rig.refused(&late, "state_invalid").await;
        rig.change(json!({"status": "active"})).await.expect(200);
        browser.get("/me").await.expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_before_its_code_is_used() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    let browser = rig.app.browser();
    let answer = rig.answer(&browser, "ada@example.com").await;
    let mut wrong = url::Url::parse(&answer).unwrap();
    let pairs: Vec<(String, String)> = wrong.query_pairs().into_owned().collect();
    let pairs = pairs.into_iter().map(|(name, value)| match name.as_str() {
        "iss" => (name, "https://evil.example".to_owned()),
        _ => (name, value),
    });
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    wrong.set_query(Some(&query));
    rig.refused(&browser.get(wrong.as_str()).await, "issuer_mismatch").await;
    // The login is used up: the right answer comes too late.
    rig.refused(&browser.get(&answer).await, "replayed").await;
}

#[tokio::test]
async fn an_answer_after_ten_minutes_is_too_late() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    let browser = rig.app.browser();
    let answer = rig.answer(&browser, "ada@example.com").await;
    rig.app.advance_s(600);
    rig.refused(&browser.get(&answer).await, "expired").await;
}

#[tokio::test]
async fn what_the_provider_says_no_to_is_told_apart_and_escaped() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    let cases = [
        ("access_denied", "access_denied"),
        ("login_required", "login_required"),
        ("consent_required", "interaction_required"),
        ("<script>alert(1)</script>", "provider_error"),
    ];
    for (error, code) in cases {
        let browser = rig.app.browser();
        let answer = url::Url::parse(&rig.answer(&browser, "ada@example.com").await).unwrap();
        let state = answer.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("error", error), ("state", state.as_str())])
            .finish();
        let path = format!("{}?{query}", answer.path());
        let reply = browser.get(&path).await;
        assert!(!reply.text().contains("<script"), "{reply}");
        rig.refused(&reply, code).await;
    }
}

#[tokio::test]
async fn a_wrong_client_secret_is_told_to_the_administrator() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    rig.change(json!({"oidc": {"client_secret": "another"}})).await.expect(200);
    let reply = rig.sign_in(&rig.app.browser(), "ada@example.com").await;
    let entry = rig.refused(&reply, "provider_error").await;
    assert_eq!(entry["step"], "provider");
    assert!(entry["hint"].as_str().unwrap().contains("invalid_client"), "{entry}");
    let next = json!({"oidc": {"next_client_secret": super::rig::CLIENT_SECRET}});
    rig.change(next).await.expect(200);
    rig.sign_in(&rig.app.browser(), "ada@example.com").await.expect(200);
}

#[tokio::test]
async fn a_verified_and_listed_domain_links_by_address_once() {
    let accounts = json!({
        "s-1": {"email": "Ada@Acme.example", "email_verified": true},
        "s-2": {"email": "ada@acme.example", "email_verified": true},
        "s-3": {"email": "bob@acme.example", "email_verified": false},
        "s-4": {"email": "eve@other.example", "email_verified": true},
    });
    let rig = Rig::with(TestApp::sqlite().await, json!({}), accounts).await;
    for (name, email) in
        [("ada", "ada@acme.example"), ("bob", "bob@acme.example"), ("eve", "eve@other.example")]
    {
        let emails = json!([{"value": email, "type": "work"}]);
        rig.user(json!({"userName": name, "externalId": name, "emails": emails})).await;
    }
    let (rig, browser) = (&rig, || rig.app.browser());
    let sign_in = |login| async move { rig.sign_in(&browser(), login).await };
    rig.refused(&sign_in("s-1").await, "unknown_user").await;
    let path = format!("/api/v1/organizations/{}/domains", rig.organization);
    let body = json!({"domain": "acme.example", "verified": true});
    let domain = rig.app.operator().post(&path, body).await.expect(201).text_at("/id");
    rig.refused(&sign_in("s-1").await, "unknown_user").await;
    rig.change(json!({"domains": [domain]})).await.expect(200);
    let me = sign_in("s-1").await.expect(200);
    assert_eq!(me.at("/user/user_name"), "ada");
    assert_eq!(rig.journal().await.remove(0)["rule"], "LI2b");
    rig.refused(&sign_in("s-2").await, "relink_needed").await;
    rig.refused(&sign_in("s-3").await, "unknown_user").await;
    rig.refused(&sign_in("s-4").await, "unknown_user").await;
}

#[tokio::test]
async fn two_users_with_one_address_are_told_apart_by_nobody() {
    let accounts = json!({"s-1": {"email": "ada@acme.example", "email_verified": true}});
    let rig = Rig::with(TestApp::sqlite().await, json!({}), accounts).await;
    let path = format!("/api/v1/organizations/{}/domains", rig.organization);
    let body = json!({"domain": "acme.example", "verified": true});
    let domain = rig.app.operator().post(&path, body).await.expect(201).text_at("/id");
    rig.change(json!({"domains": [domain]})).await.expect(200);
    let emails = json!([{"value": "ada@acme.example", "type": "work"}]);
    rig.user(json!({"userName": "ada", "externalId": "1", "emails": emails})).await;
    rig.user(json!({"userName": "Ada@Acme.example", "externalId": "2"})).await;
    let reply = rig.sign_in(&rig.app.browser(), "s-1").await;
    rig.refused(&reply, "link_ambiguous").await;
}

#[tokio::test]
async fn a_user_of_another_directory_or_organization_is_never_found() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.change(json!({"directory_id": null})).await.expect(200);
    rig.ada().await;
    let reply = rig.sign_in(&rig.app.browser(), "ada@example.com").await;
    rig.refused(&reply, "unknown_user").await;
}
