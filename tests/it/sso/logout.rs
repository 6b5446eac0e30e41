//! Leaving: at the provider, behind the browser, and all the ways in which somebody who left is
//! out.

use serde_json::{Value, json};

use super::liar::Liar;
use crate::support::TestApp;

async fn with_logout(app: TestApp) -> Liar {
    let liar = Liar::new(app, json!({})).await;
    let mut document = liar.provider.document();
    document["end_session_endpoint"] = json!(format!("{}/logout", liar.provider.issuer));
    liar.provider.says("/.well-known/openid-configuration", &document);
    liar.user("ada").await;
    liar
}

on_both_engines! {
    async fn a_logout_behind_the_browser_ends_exactly_what_it_names_oc21_r14(app: TestApp) {
        let liar = Liar::new(app, json!({})).await;
        liar.user("ada").await;
        liar.user("bob").await;
        let (one, two, other) = (liar.browser(), liar.browser(), liar.browser());
        liar.by(&one, "ada", json!({"sid": "s-1"})).await.expect(303);
        liar.by(&two, "ada", json!({"sid": "s-2"})).await.expect(303);
        liar.by(&other, "bob", json!({"sid": "s-3"})).await.expect(303);
        let token = liar.logout_token(json!({"sid": "s-1", "sub": "bob", "jti": "0"}));
        liar.logout(&token).await.expect(200);
        one.get("/me").await.expect(200);
        let token = liar.logout_token(json!({"sid": "s-1", "sub": "ada"}));
        let told = liar.logout(&token).await.expect(200);
        assert_eq!(told.header("cache-control"), "no-store");
        one.get("/me").await.expect(401);
        two.get("/me").await.expect(200);
        let token = liar.logout_token(json!({"sub": "ada", "jti": "2"}));
        liar.logout(&token).await.expect(200);
        two.get("/me").await.expect(401);
        other.get("/me").await.expect(200);
        let ended = liar.app.events(&liar.organization, "session.ended").await;
        assert_eq!(ended.len(), 2);
        assert_eq!(ended[0]["data"]["by"], "provider");
    }
}

#[tokio::test]
async fn a_logout_token_that_does_not_fit_is_400_and_the_session_stays_oc22() {
    let liar = Liar::new(TestApp::sqlite().await, json!({})).await;
    liar.user("ada").await;
    let browser = liar.browser();
    liar.by(&browser, "ada", json!({"sid": "s"})).await.expect(303);
    let event = "http://schemas.openid.net/event/other";
    let cases = [
        json!({"aud": "other"}),
        json!({"iss": "https://other.example"}),
        json!({"events": null}),
        json!({"events": {event: {}}}),
        json!({"nonce": "n"}),
        json!({"sub": null, "sid": null}),
        json!({"jti": null}),
        json!({"iat": 1}),
        json!({"exp": null}),
    ];
    for (at, changed) in cases.into_iter().enumerate() {
        let mut claims = json!({"sid": "s", "jti": at.to_string()});
        claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        let reply = liar.logout(&liar.logout_token(claims)).await.expect(400);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.at("/error"), "invalid_request", "{changed}");
    }
    let good = liar.logout_token(json!({"sid": "s"}));
    let (_, payload) = good.split_once('.').unwrap();
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256","kid":"k1"}"#] {
        use base64::Engine;
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
        liar.logout(&format!("{header}.{payload}")).await.expect(400);
    }
    for none in ["", "x", "a.b.c"] {
        liar.logout(none).await.expect(400);
    }
    browser.get("/me").await.expect(200);
    liar.logout(&good).await.expect(200);
    browser.get("/me").await.expect(401);
}

#[tokio::test]
async fn signing_out_goes_on_to_the_provider_and_comes_back_with_its_state_oc20_r13() {
    let liar = with_logout(TestApp::sqlite().await).await;
    let browser = liar.browser();
    liar.by(&browser, "ada", json!({})).await.expect(303);
    let left = browser.post_form("/sign-out", &[]).await.expect(303);
    browser.get("/me").await.expect(401);
    let there = url::Url::parse(left.header("location")).unwrap();
    assert!(there.as_str().starts_with(&format!("{}/logout?", liar.provider.issuer)));
    let query: std::collections::HashMap<_, _> = there.query_pairs().into_owned().collect();
    assert_eq!(query["client_id"], "portico");
    assert_eq!(query["post_logout_redirect_uri"], format!("{}/signed-out", liar.app.url));
    assert_eq!(query["id_token_hint"].split('.').count(), 3);
    let back = format!("/signed-out?state={}", query["state"]);
    // Another browser, another state, no state: told, and nothing more happens.
    liar.browser().get(&back).await.expect(400);
    let second = liar.browser();
    liar.by(&second, "ada", json!({})).await.expect(303);
    second.post_form("/sign-out", &[]).await.expect(303);
    second.get("/signed-out?state=another").await.expect(400);
    let third = liar.browser();
    liar.by(&third, "ada", json!({})).await.expect(303);
    third.post_form("/sign-out", &[]).await.expect(303);
    third.get("/signed-out").await.expect(400);
    browser.get(&back).await.expect(200);
    assert!(browser.cookie("portico-logout").is_none());
    browser.get("/signed-out").await.expect(200);
}

#[tokio::test]
async fn a_provider_without_sign_out_keeps_nobody_here() {
    let liar = Liar::new(TestApp::sqlite().await, json!({})).await;
    liar.user("ada").await;
    let browser = liar.browser();
    liar.by(&browser, "ada", json!({})).await.expect(303);
    let left = browser.post_form("/sign-out", &[]).await.expect(303);
    assert_eq!(left.header("location"), "/signed-out");
}

/// A way to leave.
enum Leave<'a> {
    Deactivated,
    Removed,
    DomainLost(&'a str),
    Disabled,
}

async fn leave(liar: &Liar, user: &str, how: Leave<'_>) {
    match how {
        Leave::Deactivated => {
            let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "replace", "path": "active", "value": false}]});
            let reply = liar.scim.patch(&format!("/Users/{user}"), patch).await;
            assert!([200, 204].contains(&reply.status), "{reply}");
        }
        Leave::Removed => {
            liar.scim.delete(&format!("/Users/{user}")).await.expect(204);
        }
        Leave::DomainLost(domain) => {
            let path = format!("/api/v1/domains/{domain}");
            liar.app.operator().delete(&path).await.expect(204);
        }
        Leave::Disabled => {
            liar.change(json!({"status": "disabled"})).await.expect(200);
        }
    }
}

/// She signs in, leaves, and is out: with her cookie, and with a fresh sign-in.
async fn is_out(liar: &Liar, subject: &str, claims: Value, (how, code): (Leave<'_>, &str)) {
    let browser = liar.browser();
    liar.by(&browser, subject, claims.clone()).await.expect(303);
    let me = browser.get("/me").await.expect(200).text_at("/user/id");
    let asked = liar.start(&browser, "").await;
    liar.gives(&liar.key.sign(&liar.claims(&asked, subject, claims)));
    leave(liar, &me, how).await;
    browser.get("/me").await.expect(401);
    let reply = browser.get(&asked.back("c")).await;
    liar.refused(&reply, code).await;
    browser.get("/me").await.expect(401);
}

on_both_engines! {
    async fn whoever_left_is_out_at_the_next_request_and_does_not_come_back(app: TestApp) {
        let jit = json!({"jit": {"enabled": true, "default_role": "auditor"}});
        let liar = Liar::new(app, jit).await;
        let domain = liar.domain("acme.example").await;
        liar.user("ada").await;
        liar.user("bob").await;
        is_out(&liar, "ada", json!({}), (Leave::Deactivated, "user_disabled")).await;
        is_out(&liar, "bob", json!({}), (Leave::Removed, "user_removed")).await;
        let eve = json!({"email": "eve@acme.example"});
        let lost = (Leave::DomainLost(&domain), "domain_not_verified");
        is_out(&liar, "eve", eve.clone(), lost).await;
        liar.domain("acme.example").await;
        is_out(&liar, "eve", eve, (Leave::Disabled, "connection_disabled")).await;
    }

    async fn who_was_signed_out_behind_the_browser_comes_back_only_by_the_provider(app: TestApp) {
        let liar = Liar::new(app, json!({})).await;
        liar.user("ada").await;
        let browser = liar.browser();
        liar.by(&browser, "ada", json!({"sid": "s"})).await.expect(303);
        browser.get("/me").await.expect(200);
        liar.logout(&liar.logout_token(json!({"sub": "ada"}))).await.expect(200);
        browser.get("/me").await.expect(401);
        let asked = liar.start(&browser, "").await;
        let declined = asked.back("c").replace("code=c", "error=access_denied");
        let reply = browser.get(&declined).await;
        liar.refused(&reply, "access_denied").await;
        browser.get("/me").await.expect(401);
    }
}
