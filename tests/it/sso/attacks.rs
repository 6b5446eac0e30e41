//! Attacks on a relying party, one by one (OA1 to OA17).

use serde_json::json;

use super::liar::Liar;
use crate::support::{Fake, Key, TestApp};

async fn liar() -> Liar {
    let liar = Liar::new(TestApp::sqlite().await, json!({})).await;
    liar.user("ada").await;
    liar
}

#[tokio::test]
async fn an_answer_of_a_second_provider_to_the_first_ones_question_is_refused_oa1() {
    let liar = liar().await;
    let evil = Fake::start(&[&Key::new("k1")]).await;
    let path = format!("/api/v1/organizations/{}/connections", liar.organization);
    let body = json!({"name": "Evil", "kind": "oidc", "oidc": {"issuer": evil.issuer,
        "client_id": "portico", "client_secret": "s"}});
    let other = liar.app.operator().post(&path, body).await.expect(201).text_at("/id");
    let browser = liar.browser();
    let asked = liar.start(&browser, "").await;
    // The state of one connection at the callback of the other.
    let moved = asked.back("c").replace(&liar.connection, &other);
    let reply = browser.get(&moved).await.expect(403);
    assert!(reply.text().contains("state_invalid"), "{reply}");
    // The other provider's name in the answer: the code goes nowhere.
    let named = format!("{}&iss={}", asked.back("c"), evil.issuer);
    let reply = browser.get(&named).await;
    liar.refused(&reply, "issuer_mismatch").await;
    assert_eq!(liar.provider.heard("/token").len() + evil.heard("/token").len(), 0);
}

#[tokio::test]
async fn a_code_of_another_sign_in_is_worth_nothing_oa2_oa14() {
    let liar = liar().await;
    let (ada, mallory) = (liar.browser(), liar.browser());
    let hers = liar.start(&ada, "").await;
    liar.gives(&liar.key.sign(&liar.claims(&hers, "ada", json!({}))));
    let his = liar.start(&mallory, "").await;
    // Ada's code with Mallory's state: another nonce, another verifier.
    let reply = mallory.get(&his.back("hers")).await;
    liar.refused(&reply, "nonce_invalid").await;
    let (_, body) = liar.provider.heard("/token").remove(0);
    let sent: std::collections::HashMap<_, _> =
        url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    use base64::Engine;
    use sha2::Digest;
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(sha2::Sha256::digest(&sent["code_verifier"]));
    assert_eq!(challenge, his.query["code_challenge"]);
    ada.get(&hers.back("hers")).await.expect(303);
    let again = ada.get(&hers.back("hers")).await;
    liar.refused(&again, "replayed").await;
}

#[tokio::test]
async fn an_answer_without_the_cookie_of_its_browser_is_refused_oa3() {
    let liar = liar().await;
    let asked = liar.start(&liar.browser(), "").await;
    liar.gives(&liar.key.sign(&liar.claims(&asked, "ada", json!({}))));
    let victim = liar.browser();
    let reply = victim.get(&asked.back("c")).await;
    liar.refused(&reply, "state_invalid").await;
    assert!(victim.cookie("portico-session").is_none());
    assert_eq!(liar.provider.heard("/token").len(), 0);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_the_provider_once_a_minute_oa5() {
    let liar = liar().await;
    liar.by(&liar.browser(), "ada", json!({})).await.expect(303);
    let before = liar.provider.heard("/keys").len();
    for kid in ["a", "b", "c", "d"] {
        let header = json!({"alg": "ES256", "kid": kid});
        let browser = liar.browser();
        let reply = liar.with(&browser, |claims| liar.key.sign_with(&header, claims)).await;
        liar.refused(&reply, "signature_invalid").await;
    }
    assert_eq!(liar.provider.heard("/keys").len(), before + 1);
}

#[tokio::test]
async fn addresses_that_a_provider_names_are_guarded_as_well_oa7() {
    let liar = liar().await;
    let inner = Fake::start(&[]).await;
    for (name, url) in [
        ("jwks_uri", "http://169.254.169.254/latest/meta-data"),
        ("token_endpoint", "http://10.0.0.1/token"),
        ("userinfo_endpoint", "https://user:pass@idp.example/"),
        ("jwks_uri", "https://idp.example:25/keys"),
    ] {
        liar.app.advance_s(3 * 86_400);
        let mut document = liar.provider.document();
        document[name] = json!(url);
        liar.provider.says("/.well-known/openid-configuration", &document);
        let reply = liar.browser().get(&liar.start_url).await;
        let entry = liar.refused(&reply, "provider_error").await;
        assert!(entry["hint"].as_str().unwrap().contains(name), "{entry}");
    }
    // A redirect leads nowhere.
    liar.app.advance_s(3 * 86_400);
    let moved = (302, "text/plain", "no-store", format!("{}/", inner.issuer));
    liar.provider.says_so("/.well-known/openid-configuration", moved);
    let reply = liar.browser().get(&liar.start_url).await;
    liar.refused(&reply, "provider_error").await;
    assert_eq!(inner.heard("/").len(), 0);
}

#[tokio::test]
async fn a_logout_token_is_no_id_token_and_an_id_token_no_logout_oa8_oa9() {
    let liar = liar().await;
    let browser = liar.browser();
    let asked = liar.start(&browser, "").await;
    let token = liar.logout_token(json!({"sub": "ada", "nonce": asked.query["nonce"]}));
    liar.gives(&token);
    let reply = browser.get(&asked.back("c")).await;
    liar.refused(&reply, "token_invalid").await;
    liar.by(&browser, "ada", json!({"sid": "s"})).await.expect(303);
    let id_token = liar.key.sign(&liar.claims(&asked, "ada", json!({"sid": "s", "jti": "1"})));
    liar.logout(&id_token).await.expect(400);
    browser.get("/me").await.expect(200);
    let token = liar.logout_token(json!({"sid": "s"}));
    liar.logout(&token).await.expect(200);
    browser.get("/me").await.expect(401);
    // The same token again ends nothing that came since.
    liar.by(&browser, "ada", json!({"sid": "s"})).await.expect(303);
    liar.logout(&token).await.expect(400);
    browser.get("/me").await.expect(200);
}

#[tokio::test]
async fn an_address_that_anybody_can_set_links_nobody_oa10_oa17() {
    let liar = liar().await;
    liar.change(json!({"jit": {"enabled": true, "default_role": "auditor"}})).await.expect(200);
    // Entra's e-mail is whatever its tenant writes: the domain is not this organization's.
    let reply = liar.by(&liar.browser(), "m-1", json!({"email": "ada@acme.example"})).await;
    liar.refused(&reply, "domain_not_verified").await;
    liar.domain("acme.example").await;
    for (at, email) in [
        "ada@evil.example",
        "ada@acme.example.evil.example",
        "ada@аcme.example",
        "ada@sub.acme.example",
        "\"ada@acme.example\"@evil.example",
        "ada@acme.example ",
    ]
    .into_iter()
    .enumerate()
    {
        let claims = json!({"email": email, "email_verified": true});
        let reply = liar.by(&liar.browser(), &format!("m-{at}"), claims).await;
        assert_eq!(reply.status, 403, "{email}: {reply}");
        let entry = liar.journal().await.remove(0);
        assert_eq!(entry["user_id"], json!(null), "{email}: {entry}");
    }
    let disowned = json!({"email": "ada@acme.example", "email_verified": "false"});
    let reply = liar.by(&liar.browser(), "m-9", disowned).await;
    liar.refused(&reply, "domain_not_verified").await;
    // Letter case is no difference.
    liar.by(&liar.browser(), "1", json!({"email": "ADA@Acme.Example"})).await.expect(303);
    assert_eq!(liar.journal().await.remove(0)["rule"], "LI2b");
}

#[tokio::test]
async fn targets_that_lead_away_are_refused_at_both_ends_oa13() {
    let liar = liar().await;
    let browser = liar.browser();
    for bad in ["https://evil.example", "//evil.example", "/%5Cevil.example", "/%09/evil.example"] {
        browser.get(&format!("{}?return_to={bad}", liar.start_url)).await.expect(400);
    }
    let asked = liar.start(&browser, "return_to=/sites%3Fx%3D1").await;
    liar.gives(&liar.key.sign(&liar.claims(&asked, "ada", json!({}))));
    let back = format!("{}&return_to=https://evil.example", asked.back("c"));
    assert_eq!(browser.get(&back).await.expect(303).header("location"), "/sites?x=1");
    let page = browser.get("/signed-out?post_logout_redirect_uri=https://evil.example").await;
    assert!(!page.text().contains("evil"), "{page}");
}

#[tokio::test]
async fn ten_thousand_groups_are_no_token_oa15() {
    let liar = liar().await;
    let groups: Vec<String> = (0..10_000).map(|n| format!("group-{n}")).collect();
    let reply = liar.by(&liar.browser(), "ada", json!({"groups": groups})).await;
    let entry = liar.refused(&reply, "provider_error").await;
    assert!(entry["hint"].as_str().unwrap().contains("larger than 65536"), "{entry}");
}

#[tokio::test]
async fn a_token_of_another_client_of_the_provider_signs_nobody_in_oa4() {
    let liar = liar().await;
    for claims in [
        json!({"aud": "another-client"}),
        json!({"aud": ["another-client", "portico"]}),
        json!({"aud": ["another-client", "portico"], "azp": "another-client"}),
        json!({"azp": "another-client"}),
    ] {
        let browser = liar.browser();
        let reply = liar.by(&browser, "ada", claims).await;
        liar.refused(&reply, "audience_mismatch").await;
        browser.get("/me").await.expect(401);
    }
}
