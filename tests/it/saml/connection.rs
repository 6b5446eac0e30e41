//! SAML connections through the management API: made by metadata, text or fields; our keys and our
//! metadata; new keys of a provider.

use serde_json::{Value, json};

use super::case::pem;
use super::rig::{Peer, Rig};
use crate::support::{Reply, TestApp};

const IDP: &str = "https://idp.example/metadata";

async fn made(app: &TestApp, organization: &str, body: Value) -> Reply {
    let mut whole = json!({"name": "SAML", "kind": "saml"});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let path = format!("/api/v1/organizations/{organization}/connections");
    app.operator().post(&path, whole).await
}

fn fields() -> Value {
    json!({"idp_entity_id": IDP, "sso_url": "https://idp.example/sso",
        "certificates": [pem("idp", "pem")]})
}

on_both_engines! {
    async fn a_connection_is_made_from_fields_shown_and_changed(app: TestApp) {
        let organization = app.organization("Acme").await;
        let connection = made(&app, &organization, json!({"saml": fields()})).await.expect(201);
        assert_eq!(connection.at("/kind"), "saml");
        assert_eq!(connection.at("/saml/idp_entity_id"), IDP);
        assert_eq!(connection.at("/saml/require"), "either");
        assert_eq!(connection.at("/link"), json!({"claim": "name_id", "scim": "external_id"}));
        assert!(connection.json().get("oidc").is_none() && connection.json().get("redirect_uri").is_none());
        assert!(connection.text_at("/acs_url").ends_with("/acs"));
        assert_eq!(connection.at("/sp_entity_id"), connection.at("/metadata_url"));
        let path = format!("/api/v1/connections/{}", connection.text_at("/id"));
        let change = json!({"saml": {"certificates": [pem("idp", "pem"), pem("idp-ec", "pem")],
            "require": "response"}, "allow_idp_initiated": true});
        let changed = app.operator().patch(&path, change).await.expect(200);
        assert_eq!(changed.at("/saml/certificates").as_array().unwrap().len(), 2);
        assert_eq!(changed.at("/saml/require"), "response");
        assert_eq!(changed.at("/allow_idp_initiated"), true);
        assert_eq!(changed.at("/saml/sso_url"), "https://idp.example/sso");
        assert_eq!(app.operator().get(&path).await.expect(200).json(), changed.json());
    }

    async fn our_metadata_names_addresses_and_keys_and_keys_are_replaced_g34(app: TestApp) {
        let organization = app.organization("Acme").await;
        let connection = made(&app, &organization, json!({"saml": fields()})).await.expect(201);
        let keys = format!("/api/v1/connections/{}/saml-keys", connection.text_at("/id"));
        let url = connection.text_at("/metadata_url");
        let shown = async || app.anonymous().get(&url).await.expect(200).text();
        let text = shown().await;
        assert_eq!(text.matches("use=\"signing\"").count(), 1);
        assert_eq!(text.matches("use=\"encryption\"").count(), 1);
        assert!(text.contains(&connection.text_at("/acs_url")) && text.contains("DisplayName"));
        let listed = app.operator().get(&keys).await.expect(200);
        let first = listed.text_at("/data/0/certificate");
        assert!(text.contains(&first), "{text}");
        app.operator().delete(&format!("{keys}/signing")).await.expect_problem(409, "conflict");
        app.operator().post(&keys, json!({"use": "signing"})).await.expect(201);
        app.operator().post(&keys, json!({"use": "signing"})).await.expect_problem(409, "conflict");
        assert_eq!(shown().await.matches("use=\"signing\"").count(), 2);
        app.operator().delete(&format!("{keys}/signing")).await.expect(204);
        let text = shown().await;
        assert_eq!(text.matches("use=\"signing\"").count(), 1);
        assert!(!text.contains(&first), "the older one went");
        app.operator().post(&keys, json!({"use": "x"})).await.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn what_a_connection_lacks_is_told_by_its_pointer() {
    let app = TestApp::sqlite().await;
    let organization = app.organization("Acme").await;
    let bad = [
        (json!({}), "/saml"),
        (json!({"saml": {}}), "/saml/certificates"),
        (json!({"saml": {"metadata_xml": "<html/>"}}), "/saml/metadata_xml"),
        (json!({"saml": {"metadata_xml": "<!DOCTYPE x><x/>"}}), "/saml/metadata_xml"),
        (json!({"saml": {"metadata_url": "http://example.org/x"}}), "/saml/metadata_url"),
        (json!({"saml": {"metadata_url": "ftp://127.0.0.1/x"}}), "/saml/metadata_url"),
        (json!({"saml": {"metadata_xml": "x", "metadata_url": "https://x.example"}}), "/saml"),
        (json!({"saml": fields(), "oidc": {}}), "/oidc"),
        (json!({"saml": fields(), "idp_initiated_target": "//evil"}), "/idp_initiated_target"),
        (json!({"saml": fields(), "claims": {"nonsense": "x"}}), "/claims/nonsense"),
    ];
    for (body, pointer) in bad {
        let reply = made(&app, &organization, body.clone()).await;
        reply.expect_problem(422, "invalid");
        let errors = reply.at("/errors");
        let found = errors.as_array().unwrap().iter().any(|error| error["pointer"] == pointer);
        assert!(found, "{body}: {errors}");
    }
    let with = |name: &str, value: Value| {
        let mut saml = fields();
        saml[name] = value;
        json!({"saml": saml})
    };
    let bad = [
        (with("certificates", json!([])), "/saml/certificates"),
        (with("certificates", json!(["AAAA"])), "/saml/certificates/0"),
        (
            with("certificates", json!([pem("idp", "pem"), pem("idp-weak", "pem")])),
            "/saml/certificates/1",
        ),
        (with("sso_url", json!("http://idp.example/sso")), "/saml/sso_url"),
        (with("sso_url", json!("javascript:alert(1)")), "/saml/sso_url"),
        (with("require", json!("none")), "/saml/require"),
        (with("idp_entity_id", json!("x".repeat(257))), "/saml/idp_entity_id"),
    ];
    for (body, pointer) in bad {
        let reply = made(&app, &organization, body).await;
        reply.expect_problem(422, "invalid");
        assert!(reply.text().contains(&format!("\"{pointer}\"")), "{reply}");
    }
}

#[tokio::test]
async fn new_keys_of_a_provider_come_by_its_metadata_g32() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    // The connection knows another key than the provider has now.
    let change = json!({"saml": {"metadata_url": format!("{}/metadata", rig.peer.url)}});
    let browser = rig.app.browser();
    rig.sign_in(&browser, "as=ada-1815").await.expect(200);
    let other = Peer::start();
    let text = browser.get(&format!("{}/metadata", other.url)).await.expect(200).text();
    let wrong = text.replace(&other.url, &rig.peer.url);
    rig.change(json!({"saml": {"metadata_xml": wrong}})).await.expect(200);
    let reply = rig.sign_in(&rig.app.browser(), "as=ada-1815").await;
    rig.refused(&reply, "signature_invalid", "signature_invalid").await;
    // With an address the metadata is read again, once, and the sign-in goes on.
    rig.change(change).await.expect(200);
    rig.sign_in(&rig.app.browser(), "as=ada-1815").await.expect(200);
}

#[tokio::test]
async fn people_who_are_linked_keep_their_provider_li12() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    rig.sign_in(&rig.app.browser(), "as=ada-1815").await.expect(200);
    let reply = rig.change(json!({"saml": {"idp_entity_id": "https://other.example"}})).await;
    reply.expect_problem(409, "identity-bound");
    let reply = rig.change(json!({"claims": {"subject": "uid"}})).await;
    reply.expect_problem(409, "identity-bound");
}

#[tokio::test]
async fn a_deep_link_survives_the_walk_si15() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    let browser = rig.app.browser();
    let start = format!("{}?return_to=%2Fme%3Fdeep%3D1", rig.start_url);
    let sent = browser.get(&start).await.expect(303);
    let page = browser.get(&format!("{}&as=ada-1815", sent.header("location"))).await.expect(200);
    let reply = super::rig::Form::of(&page).send(&browser).await.expect(303);
    let last = browser.get(reply.header("location")).await.expect(303);
    assert_eq!(last.header("location"), "/me?deep=1");
}
