//! What a certified provider (npm `oidc-provider`) makes of our logout, our keys, and our trials.

use serde_json::{Value, json};

use super::rig::{Peer, Rig};
use crate::support::{Caller, Reply, TestApp};

/// A hidden field of a page.
fn hidden(page: &Reply, name: &str) -> String {
    let text = page.text();
    let at = text.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("{name}\n{page}"));
    let rest = &text[at..];
    let value = rest.split_once("value=\"").unwrap().1;
    value.split_once('"').unwrap().0.to_owned()
}

/// Says yes at the provider's page that asks whether to sign out.
async fn confirm(rig: &Rig, browser: &Caller, page: &Reply) -> Reply {
    let xsrf = hidden(page, "xsrf");
    let path = format!("{}/session/end/confirm", rig.peer.issuer);
    browser.post_form(&path, &[("xsrf", &xsrf), ("logout", "yes")]).await
}

on_both_engines! {
    async fn a_logout_at_the_provider_ends_our_session_behind_the_browser_r14(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        let other = rig.app.browser();
        rig.sign_in(&other, "ada@example.com").await.expect(200);
        let page = browser.get(&format!("{}/session/end", rig.peer.issuer)).await.expect(200);
        let done = confirm(&rig, &browser, &page).await;
        assert!((200..400).contains(&done.status), "{done}");
        browser.get("/me").await.expect(401);
        // Her session in the other browser is another one at the provider too.
        other.get("/me").await.expect(200);
    }

    async fn signing_out_here_signs_out_there_and_comes_back_r13(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, "ada@example.com").await.expect(200);
        let page = browser.clone().with_header("origin", &rig.app.url);
        let left = page.post_form("/sign-out", &[]).await.expect(303);
        let asks = browser.get(left.header("location")).await.expect(200);
        let back = confirm(&rig, &browser, &asks).await;
        assert!((300..400).contains(&back.status), "{back}");
        let back = back.header("location").to_owned();
        assert!(back.starts_with(&format!("{}/signed-out?state=", rig.app.url)), "{back}");
        browser.get(&back).await.expect(200);
        browser.get("/me").await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provider_knows_us_by_a_key_that_we_made_r5() {
    let mut rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    let changed = rig.change(json!({"oidc": {"auth": "private_key_jwt"}})).await.expect(200);
    let jwks_uri = changed.text_at("/oidc/client_jwks_uri");
    let keys = rig.app.anonymous().get(&jwks_uri).await.expect(200);
    assert_eq!(keys.at("/keys").as_array().unwrap().len(), 1);
    assert!(keys.at("/keys/0").get("d").is_none(), "{keys}");
    let client = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": jwks_uri,
        "client_secret": null, "require_pushed_authorization_requests": true});
    let redirect_uri = changed.text_at("/redirect_uri");
    rig.peer = Peer::start(&redirect_uri, &json!({}), &client);
    rig.change(json!({"oidc": {"issuer": rig.peer.issuer}})).await.expect(200);
    let path = format!("/api/v1/connections/{}/test", rig.connection);
    let tested = rig.app.operator().post(&path, json!({})).await.expect(200);
    assert_eq!(tested.at("/ok"), true, "{tested}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_tried_out_before_it_is_active_and_signs_nobody_in() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    rig.change(json!({"status": "draft", "rule_claims": ["groups"]})).await.expect(200);
    let path = format!("/api/v1/connections/{}/test", rig.connection);
    let tested = rig.app.operator().post(&path, json!({})).await.expect(200);
    assert_eq!(tested.at("/ok"), true, "{tested}");
    let url = tested.text_at("/test_url");
    let browser = rig.app.browser();
    let start = format!("{url}&login_hint=ada@example.com");
    let page = browser.follow(&start).await.expect(200);
    assert!(page.text().contains("This sign-in would work"), "{page}");
    assert!(page.text().contains("LI2") && page.text().contains("Ada Lovelace"), "{page}");
    browser.get("/me").await.expect(401);
    let entry: Value = rig.journal().await.remove(0);
    assert_eq!((&entry["step"], &entry["code"]), (&json!("trial"), &json!(null)));
    let identities = rig
        .app
        .operator()
        .get(&format!("/api/v1/users/{}/identities", entry["user_id"].as_str().unwrap()))
        .await;
    assert_eq!(identities.expect(200).at("/data"), json!([]));
    // The link works once, and not for ever.
    rig.app.browser().get(&start).await.expect(410);
    let again = rig.app.operator().post(&path, json!({})).await.expect(200);
    rig.app.advance_s(601);
    rig.app.browser().get(&again.text_at("/test_url")).await.expect(410);
    rig.change(json!({"oidc": {"client_secret": "wrong"}})).await.expect(200);
    let tested = rig.app.operator().post(&path, json!({})).await.expect(200);
    assert_eq!(tested.at("/ok"), false, "{tested}");
    assert!(tested.text().contains("invalid_client"), "{tested}");
}
