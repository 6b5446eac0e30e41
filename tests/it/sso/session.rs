//! Sessions: how they end, and what they may be used for.

use serde_json::json;

use super::rig::Rig;
use crate::support::TestApp;

on_both_engines! {
    async fn a_session_ends_idle_or_at_its_end(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let path = format!("/api/v1/organizations/{}", rig.organization);
        let change = json!({"session_idle_s": 600, "session_max_s": 1500});
        rig.app.operator().patch(&path, change).await.expect(200);
        let browser = rig.app.browser();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        for _ in 0..2 {
            rig.app.advance_s(590);
            browser.get("/me").await.expect(200);
        }
        rig.app.advance_s(320);
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        rig.sign_in(&browser, "ada@example.com").await;
    }

    async fn signing_out_ends_the_session_for_every_copy_of_the_cookie(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        let cookie = browser.cookie("portico-session").unwrap();
        let thief = rig.app.anonymous().with_header("cookie", &format!("portico-session={cookie}"));
        thief.get("/me").await.expect(200);
        browser.post_form("/sign-out", &[]).await.expect(403);
        let evil = browser.clone().with_header("origin", "https://evil.example");
        evil.post_form("/sign-out", &[]).await.expect(403);
        browser.get("/me").await.expect(200);
        let page = browser.clone().with_header("sec-fetch-site", "same-origin");
        let left = page.post_form("/sign-out", &[]).await.expect(303);
        // The provider offers to sign out there too.
        assert!(left.header("location").starts_with(&rig.peer.issuer), "{left}");
        thief.get("/me").await.expect_problem(401, "unauthenticated");
        let again = page.post_form("/sign-out", &[]).await.expect(303);
        assert_eq!(again.header("location"), "/signed-out");
    }

    async fn a_new_sign_in_ends_the_browsers_old_session(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        let old = browser.cookie("portico-session").unwrap();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        assert_ne!(browser.cookie("portico-session").unwrap(), old);
        let with = rig.app.anonymous().with_header("cookie", &format!("portico-session={old}"));
        with.get("/me").await.expect_problem(401, "unauthenticated");
    }

    async fn a_session_reaches_its_own_organization_and_only_as_far_as_its_roles(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let other = rig.app.organization("Other").await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        let own = format!("/api/v1/organizations/{}/connections", rig.organization);
        browser.get(&own).await.expect_problem(403, "forbidden");
        let foreign = format!("/api/v1/organizations/{other}/connections");
        browser.get(&foreign).await.expect_problem(404, "not-found");
        browser.get("/api/v1/organizations").await.expect_problem(403, "forbidden");
        let unknown = "/api/v1/connections/018f0000-0000-7000-8000-000000000000";
        browser.get(unknown).await.expect_problem(404, "not-found");
        let wrong = browser.clone().with_bearer("pop_0000000000000000_nonsense");
        wrong.get(&own).await.expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_browser_without_a_session_is_sent_to_sign_in() {
    let app = TestApp::sqlite().await;
    let browser = app.browser().with_header("accept", "text/html");
    let reply = browser.get("/me").await.expect(303);
    assert_eq!(reply.header("location"), "/sign-in?return_to=%2Fme");
    app.anonymous().get("/me").await.expect_problem(401, "unauthenticated");
    app.operator().get("/me").await.expect_problem(401, "unauthenticated");
}
