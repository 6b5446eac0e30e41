//! A provider that lies: what the OpenID conformance suite tries on a relying party (OC1 to OC25).
//!
//! Not offered, and so not here (OC27, parts of OC15, OC18, OC23, OC26): implicit and hybrid flows,
//! upstream refresh tokens, front-channel logout, form_post, request objects, WebFinger, dynamic
//! registration and mutual TLS.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::liar::{Liar, Rsa};
use crate::support::{Key, TestApp, unsigned};

async fn liar(more: Value) -> Liar {
    let liar = Liar::new(TestApp::sqlite().await, more).await;
    liar.user("ada").await;
    liar
}

#[tokio::test]
async fn a_code_flow_goes_from_end_to_end_oc1_oc14() {
    let liar = liar(json!({})).await;
    let browser = liar.browser();
    let back = liar.by(&browser, "ada", json!({})).await.expect(303);
    assert_eq!(back.header("location"), "/me");
    browser.get("/me").await.expect(200);
    let (head, body) = liar.provider.heard("/token").remove(0);
    assert!(head.contains("authorization: Basic "), "{head}");
    assert!(body.contains("grant_type=authorization_code") && body.contains("code_verifier="));
}

#[tokio::test]
async fn a_token_with_a_claim_that_does_not_fit_is_refused_oc2_to_oc5_oc12_oc15() {
    let liar = liar(json!({})).await;
    let now = liar.app.app.runner.clock.now().seconds();
    let hash = |of: &str| URL_SAFE_NO_PAD.encode(&Sha256::digest(of)[..16]);
    let cases = [
        (json!({"iss": "https://other.example"}), "issuer_mismatch"),
        (json!({"sub": null}), "subject_missing"),
        (json!({"sub": ""}), "subject_missing"),
        (json!({"sub": "x".repeat(256)}), "subject_missing"),
        (json!({"aud": "other"}), "audience_mismatch"),
        (json!({"aud": null}), "audience_mismatch"),
        (json!({"aud": ["portico", "other"]}), "audience_mismatch"),
        (json!({"azp": "other"}), "audience_mismatch"),
        (json!({"iat": null}), "token_invalid"),
        (json!({"iat": now - 3600}), "expired"),
        (json!({"exp": now - 3600}), "expired"),
        (json!({"nbf": now + 3600}), "not_yet_valid"),
        (json!({"nonce": "another"}), "nonce_invalid"),
        (json!({"nonce": null}), "nonce_invalid"),
        (json!({"at_hash": hash("another")}), "token_invalid"),
    ];
    for (changed, code) in cases {
        let browser = liar.browser();
        let reply = liar.by(&browser, "ada", changed.clone()).await;
        let entry = liar.refused(&reply, code).await;
        assert_eq!(entry["step"], "token", "{changed}");
        browser.get("/me").await.expect(401);
    }
    let fits = json!({"at_hash": hash("access")});
    liar.by(&liar.browser(), "ada", fits).await.expect(303);
}

/// How claims become a token.
type Signing<'s> = Box<dyn Fn(&Value) -> String + 's>;

#[tokio::test]
async fn only_keys_of_the_provider_sign_oc6_to_oc10_en8() {
    let liar = liar(json!({})).await;
    let (rsa, other, stranger) = (Rsa::new("r1"), Rsa::new("r1"), Key::new("k1"));
    liar.provider.says("/keys", &json!({"keys": [liar.key.jwk(), rsa.jwk()]}));
    let browser = liar.browser();
    liar.with(&browser, |claims| rsa.sign(claims)).await.expect(303);
    let bare = json!({"alg": "ES256"});
    // The two keys are of two kinds: which one is meant is no guess.
    liar.with(&browser, |claims| liar.key.sign_with(&bare, claims)).await.expect(303);
    let cases: [(&str, Signing<'_>); 5] = [
        ("rs256", Box::new(|claims| other.sign(claims))),
        ("es256", Box::new(|claims| stranger.sign(claims))),
        (
            "none",
            Box::new(|claims| {
                format!("{}.", unsigned(&json!({"alg": "none"}), &claims.to_string()))
            }),
        ),
        (
            "hs256",
            Box::new(|claims| stranger.sign_with(&json!({"alg": "HS256", "kid": "k1"}), claims)),
        ),
        (
            "jwk",
            Box::new(|claims| {
                let header = json!({"alg": "ES256", "jwk": stranger.jwk(),
                "jku": "https://evil.example/keys", "x5u": "https://evil.example/cert"});
                stranger.sign_with(&header, claims)
            }),
        ),
    ];
    for (name, token) in cases {
        let reply = liar.with(&liar.browser(), token).await;
        let entry = liar.refused(&reply, "signature_invalid").await;
        assert_eq!(entry["step"], "token", "{name}");
    }
}

#[tokio::test]
async fn without_a_kid_one_of_several_keys_is_not_guessed_oc6_oc7() {
    let liar = liar(json!({})).await;
    let bare = json!({"alg": "ES256"});
    let browser = liar.browser();
    liar.with(&browser, |claims| liar.key.sign_with(&bare, claims)).await.expect(303);
    let second = Key::new("k2");
    liar.app.advance_s(3600);
    liar.provider.shows(&[&liar.key, &second]);
    let reply = liar.with(&liar.browser(), |claims| liar.key.sign_with(&bare, claims)).await;
    liar.refused(&reply, "signature_invalid").await;
    liar.with(&browser, |claims| second.sign(claims)).await.expect(303);
}

#[tokio::test]
async fn user_info_gives_what_the_token_lacks_of_the_same_person_oc11_oc13_oc24() {
    let liar = liar(json!({"link": {"claim": "email", "scim": "user_name"}})).await;
    liar.provider.says("/userinfo", &json!({"sub": "1", "email": "ada"}));
    let browser = liar.browser();
    liar.by(&browser, "1", json!({})).await.expect(303);
    let (head, _) = liar.provider.heard("/userinfo").remove(0);
    assert!(head.contains("authorization: Bearer access"), "{head}");
    liar.provider.says("/userinfo", &json!({"sub": "2", "email": "ada"}));
    let reply = liar.by(&liar.browser(), "1", json!({})).await;
    liar.refused(&reply, "token_invalid").await;
    let signed = liar.key.sign(&json!({"iss": liar.provider.issuer, "aud": "portico", "sub": "1",
        "email": "ada"}));
    liar.provider.says_so("/userinfo", (200, "application/jwt", "no-store", signed));
    liar.by(&liar.browser(), "1", json!({})).await.expect(303);
    let forged = Key::new("k1").sign(&json!({"iss": liar.provider.issuer, "aud": "portico",
        "sub": "1", "email": "ada"}));
    liar.provider.says_so("/userinfo", (200, "application/jwt", "no-store", forged));
    let reply = liar.by(&liar.browser(), "1", json!({})).await;
    liar.refused(&reply, "signature_invalid").await;
}

#[tokio::test]
async fn discovery_is_used_and_its_issuer_compared_oc16() {
    let liar = liar(json!({})).await;
    let asked = liar.start(&liar.browser(), "").await;
    assert_eq!(asked.to.path(), "/authorize");
    assert_eq!(liar.provider.heard("/.well-known/openid-configuration").len(), 1);
    liar.app.advance_s(86_400);
    let mut document = liar.provider.document();
    document["issuer"] = json!("https://other.example");
    liar.provider.says("/.well-known/openid-configuration", &document);
    // The good one serves for another day; then nobody is sent anywhere.
    liar.start(&liar.browser(), "").await;
    liar.app.advance_s(2 * 86_400);
    let reply = liar.browser().get(&liar.start_url).await;
    liar.refused(&reply, "issuer_mismatch").await;
}

#[tokio::test]
async fn a_key_that_came_just_before_the_token_is_found_oc17() {
    let liar = liar(json!({})).await;
    let browser = liar.browser();
    liar.by(&browser, "ada", json!({})).await.expect(303);
    let next = Key::new("k2");
    liar.provider.shows(&[&liar.key, &next]);
    liar.with(&browser, |claims| next.sign(claims)).await.expect(303);
    assert_eq!(liar.provider.heard("/keys").len(), 2);
}

#[tokio::test]
async fn the_provider_may_begin_a_sign_in_for_a_place_of_ours_oc19_r12() {
    let liar = liar(json!({})).await;
    let path = format!("/sso/{}/initiate", liar.connection);
    let issuer = liar.provider.issuer.clone();
    let target = format!("{}/me?x=1", liar.app.url);
    let query = |iss: &str, target: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("iss", iss).append_pair("target_link_uri", target);
        format!("{path}?{}", query.append_pair("login_hint", "ada").finish())
    };
    let browser = liar.browser();
    let sent = browser.get(&query(&issuer, &target)).await.expect(303);
    let to = url::Url::parse(sent.header("location")).unwrap();
    let query_of: std::collections::HashMap<_, _> = to.query_pairs().into_owned().collect();
    assert_eq!(query_of["login_hint"], "ada");
    let asked = super::liar::Asked { to, query: query_of };
    liar.gives(&liar.key.sign(&liar.claims(&asked, "ada", json!({}))));
    let back = browser.get(&asked.back("c")).await.expect(303);
    assert_eq!(back.header("location"), "/me?x=1");
    let form = [("iss", issuer.as_str()), ("target_link_uri", target.as_str())];
    liar.app.browser().post_form(&path, &form).await.expect(303);
    let reply = browser.get(&query("https://evil.example", &target)).await;
    liar.refused(&reply, "issuer_mismatch").await;
    for elsewhere in ["https://evil.example/", "javascript:alert(1)", "/me", "//evil.example"] {
        browser.get(&query(&issuer, elsewhere)).await.expect(400);
    }
}

#[tokio::test]
async fn claims_that_are_kept_elsewhere_are_left_alone_oc25_oa16() {
    let liar = liar(json!({"rule_claims": ["groups"]})).await;
    let endpoint = format!("{}/groups", liar.provider.issuer);
    let claims = json!({"_claim_names": {"groups": "s1", "address": "s2"}, "_claim_sources": {
        "s1": {"endpoint": endpoint, "access_token": "x"}, "s2": {"JWT": "a.b.c"}}});
    liar.by(&liar.browser(), "ada", claims).await.expect(303);
    assert_eq!(liar.provider.heard("/groups").len(), 0);
    let entry = liar.journal().await.remove(0);
    assert!(entry["hint"].as_str().unwrap().contains("left `groups` out"), "{entry}");
}
