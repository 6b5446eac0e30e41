//! How we prove who we are, requests that are left beforehand, leaving, and the trial of a
//! connection.

use std::collections::HashMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::fake::Key;
use super::tests::{NOW, Rig, claims};
use super::*;
use crate::domain::client_key::ClientKey;
use crate::domain::connection::AssertionAudience;

fn form(body: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

/// The claims of an assertion, believed by this key's public half.
fn asserted(pem: &str, token: &str) -> Option<Value> {
    let mut how = Validation::new(Algorithm::ES256);
    (how.validate_exp, how.validate_aud) = (false, false);
    let key = DecodingKey::from_jwk(ClientKey::parse(pem).unwrap().public()).unwrap();
    jsonwebtoken::decode(token, &key, &how).ok().map(|read| read.claims)
}

async fn keyed() -> (Key, Rig, String) {
    let key = Key::new("k1");
    let mut rig = Rig::new(&[&key]).await;
    let pem = ClientKey::draw().unwrap();
    rig.oidc.auth = ClientAuth::PrivateKeyJwt;
    rig.secrets.client_secret.clone_from(&pem);
    rig.gives(&key.sign(&claims(&rig.oidc.issuer, json!({}))));
    (key, rig, pem)
}

#[tokio::test]
async fn an_assertion_takes_the_place_of_a_secret_and_each_is_another_one_r5() {
    let (_, mut rig, pem) = keyed().await;
    for _ in 0..2 {
        rig.redeem().await.unwrap();
    }
    rig.oidc.assertion_audience = AssertionAudience::Issuer;
    rig.redeem().await.unwrap();
    let heard = rig.fake.heard("/token");
    let said: Vec<Value> = heard
        .iter()
        .map(|(head, body)| {
            let sent = form(body);
            assert!(!head.contains("authorization:") && !sent.contains_key("client_secret"));
            assert_eq!(sent["client_id"], "portico");
            assert!(sent["client_assertion_type"].ends_with("jwt-bearer"));
            asserted(&pem, &sent["client_assertion"]).expect("our key signed it")
        })
        .collect();
    assert_eq!(said[0]["aud"], format!("{}/token", rig.oidc.issuer));
    assert_eq!(said[2]["aud"], rig.oidc.issuer);
    assert_ne!(said[0]["jti"], said[1]["jti"]);
    assert!(said[0]["exp"].as_i64().unwrap() - NOW.seconds() <= 60);
}

#[tokio::test]
async fn a_key_that_is_not_believed_is_followed_by_the_next_one_r5() {
    let (_, mut rig, first) = keyed().await;
    let next = ClientKey::draw().unwrap();
    rig.secrets.next = Some(next.clone());
    let refused = (401, "application/json", "no-store", r#"{"error":"invalid_client"}"#.to_owned());
    rig.fake.says_so("/token", refused);
    assert_eq!(rig.redeem().await, Err("provider_error"));
    let heard = rig.fake.heard("/token");
    let sent: Vec<String> =
        heard.iter().map(|(_, body)| form(body)["client_assertion"].clone()).collect();
    assert_eq!(sent.len(), 2);
    assert!(asserted(&first, &sent[0]).is_some() && asserted(&next, &sent[1]).is_some());
    assert!(asserted(&first, &sent[1]).is_none());
}

#[tokio::test]
async fn a_request_is_left_beforehand_where_the_provider_demands_it_r17() {
    let mut rig = Rig::new(&[]).await;
    let mut document = rig.fake.document();
    document["require_pushed_authorization_requests"] = json!(true);
    document["pushed_authorization_request_endpoint"] = json!(format!("{}/par", rig.oidc.issuer));
    rig.fake.says("/.well-known/openid-configuration", &document);
    rig.oidc.auth = ClientAuth::Post;
    let left = json!({"request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": 60});
    rig.fake.says_so("/par", (201, "application/json", "no-store", left.to_string()));
    let url = rig.providers.authorization_url(&rig.oidc, &rig.ask()).await.unwrap();
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["request_uri"], "urn:ietf:params:oauth:request_uri:1");
    assert_eq!(query["client_id"], "portico");
    assert!(!query.contains_key("state") && !query.contains_key("redirect_uri"), "{url}");
    let (_, body) = rig.fake.heard("/par").remove(0);
    assert_eq!(body.matches("client_id=").count(), 1, "{body}");
    let sent = form(&body);
    assert_eq!((&*sent["state"], &*sent["code_challenge_method"]), ("s", "S256"));
    assert!(sent.contains_key("client_secret"));
    let refused =
        (400, "application/json", "no-store", r#"{"error":"invalid_request"}"#.to_owned());
    rig.fake.says_so("/par", refused);
    let refused = rig.providers.authorization_url(&rig.oidc, &rig.ask()).await.unwrap_err();
    assert_eq!((refused.code, refused.step), (Refused::ProviderError, Step::Start));
}

#[tokio::test]
async fn a_fresh_sign_in_is_asked_for_and_must_be_proved_k7() {
    let key = Key::new("k1");
    let rig = Rig::new(&[&key]).await;
    let url = rig.providers.authorization_url(&rig.oidc, &Ask { fresh: true, ..rig.ask() }).await;
    let url = url.unwrap();
    assert!(url.query().unwrap().contains("prompt=login&max_age=0"), "{url}");
    let answered = Answered { fresh_since: Some(NOW), ..rig.answered() };
    let leeway_s = rig.oidc.leeway_s;
    for (auth_time, believed) in [
        (json!(NOW.seconds()), true),
        (json!(NOW.seconds() - leeway_s), true),
        (json!(NOW.seconds() - leeway_s - 1), false),
        (json!(null), false),
    ] {
        rig.gives(&key.sign(&claims(&rig.oidc.issuer, json!({"auth_time": auth_time}))));
        let judged = rig.providers.redeem(&answered).await.map_err(|refusal| refusal.code);
        assert_eq!(judged.is_ok(), believed, "{auth_time}");
        assert!(believed || judged == Err(Refused::NotFresh));
    }
}

#[tokio::test]
async fn the_browser_is_sent_to_sign_out_with_what_the_provider_needs_r13() {
    let rig = Rig::new(&[]).await;
    let leaving =
        Leaving { id_token: Some("a.b.c"), back: "https://portico.example/signed-out", state: "s" };
    assert_eq!(rig.providers.end_session_url(&rig.oidc, &leaving).await, None);
    let rig = Rig::new(&[]).await;
    let mut document = rig.fake.document();
    document["end_session_endpoint"] = json!("https://idp.example/logout?x=1");
    rig.fake.says("/.well-known/openid-configuration", &document);
    let url = rig.providers.end_session_url(&rig.oidc, &leaving).await.unwrap();
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!((&*query["x"], &*query["id_token_hint"]), ("1", "a.b.c"));
    assert_eq!((&*query["client_id"], &*query["state"]), ("portico", "s"));
    assert_eq!(query["post_logout_redirect_uri"], "https://portico.example/signed-out");
    let endless = "x".repeat(logout::HINT_MAX + 1);
    let leaving = Leaving { id_token: Some(&endless), ..leaving };
    let url = rig.providers.end_session_url(&rig.oidc, &leaving).await.unwrap();
    assert!(!url.query().unwrap().contains("id_token_hint"));
}

#[tokio::test]
async fn a_trial_tells_what_sign_ins_would_meet() {
    let key = Key::new("k1");
    let rig = Rig::new(&[&key]).await;
    let trial = || async {
        let how = (&rig.secrets, None);
        let tested = rig.providers.test(&rig.oidc, how, "https://portico.example/cb").await;
        tested
            .into_iter()
            .map(|(check, checked)| match checked {
                Checked::Passed => check.as_str().to_owned(),
                Checked::Warned(_) => format!("{} warned", check.as_str()),
                Checked::Failed(_) => format!("{} failed", check.as_str()),
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let grant = r#"{"error":"invalid_grant"}"#.to_owned();
    rig.fake.says_so("/token", (400, "application/json", "no-store", grant));
    let well = "discovery, keys, algorithms, pkce, auth_method, client, logout warned";
    assert_eq!(trial().await, well);
    let client = r#"{"error":"invalid_client"}"#.to_owned();
    rig.fake.says_so("/token", (401, "application/json", "no-store", client));
    let mut document = rig.fake.document();
    document["code_challenge_methods_supported"] = json!(["plain"]);
    document["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt"]);
    document["id_token_signing_alg_values_supported"] = json!(["HS256"]);
    rig.fake.says("/.well-known/openid-configuration", &document);
    rig.fake.says("/keys", &json!({"keys": []}));
    let ill = "discovery, keys failed, algorithms failed, pkce failed, auth_method failed, \
               client failed, logout warned";
    assert_eq!(trial().await, ill);
    rig.fake.says("/.well-known/openid-configuration", &json!({"issuer": "https://x.example"}));
    assert_eq!(trial().await, "discovery failed");
}
