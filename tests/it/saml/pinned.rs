//! Connections that pin who signs their provider's metadata (G32).

use serde_json::{Value, json};

use super::case::{IDP, pem, root};
use crate::support::{Fake, Reply, TestApp};

/// Longer than metadata is kept, in seconds.
const DAY_S: i64 = 25 * 3600;

/// A federation whose document a test chooses.
struct Federation(Fake);

impl Federation {
    async fn new() -> Self {
        Self(Fake::start(&[]).await)
    }

    fn url(&self) -> String {
        format!("{}/metadata", self.0.issuer)
    }

    fn says(&self, text: String) {
        self.0.says_so("/metadata", (200, "application/samlmetadata+xml", "no-store", text));
    }

    /// A case of the corpus.
    fn shows(&self, case: &str) {
        self.says(document(case));
    }
}

fn document(case: &str) -> String {
    std::fs::read_to_string(root().join("metadata").join(case).join("metadata.xml")).unwrap()
}

async fn made(app: &TestApp, organization: &str, saml: Value) -> Reply {
    let path = format!("/api/v1/organizations/{organization}/connections");
    app.operator().post(&path, json!({"name": "SAML", "kind": "saml", "saml": saml})).await
}

fn refused(reply: &Reply, pointer: &str, found: &str) {
    reply.expect_problem(422, "invalid");
    let told = reply.text();
    assert!(told.contains(&format!("\"{pointer}\"")) && told.contains(found), "{reply}");
}

on_both_engines! {
    async fn metadata_at_an_address_must_be_signed_where_a_certificate_is_pinned_g32(app: TestApp) {
        let federation = Federation::new().await;
        let organization = app.organization("Acme").await;
        let wanted = json!({"metadata_url": federation.url(),
            "metadata_certificates": [pem("federation", "pem")]});
        federation.shows("refused/unsigned");
        let reply = made(&app, &organization, wanted.clone()).await;
        refused(&reply, "/saml/metadata_url", "not signed");
        federation.shows("accepted/signed-by-xmlsec1");
        let connection = made(&app, &organization, wanted).await.expect(201);
        assert_eq!(connection.at("/saml/idp_entity_id"), IDP);
        let pinned = connection.text_at("/saml/metadata_certificates/0/der");
        assert!(pem("federation", "pem").replace('\n', "").contains(&pinned), "{connection}");
        // What is not signed any more changes nothing, and is told once.
        let path = format!("/api/v1/connections/{}", connection.text_at("/id"));
        let forged = document("refused/unsigned").replace("idp.example/sso", "evil.example/sso");
        federation.says(forged.clone());
        for _ in 0..2 {
            app.advance_s(DAY_S);
            let told = app.events_once(&organization, "connection.metadata_failed", 1).await;
            assert!(told[0]["data"]["found"].as_str().unwrap().contains("not signed"), "{told:?}");
        }
        let kept = app.operator().get(&path).await.expect(200);
        assert_eq!(kept.at("/saml/sso_url"), "https://idp.example/sso");
        let tested = app.operator().post(&format!("{path}/test"), json!({})).await.expect(200);
        assert!(tested.text().contains("not signed"), "{tested}");
        // Without the pin the address is believed.
        app.operator().patch(&path, json!({"saml": {"metadata_certificates": []}})).await.expect(200);
        app.advance_s(DAY_S);
        app.events_once(&organization, "connection.metadata_changed", 1).await;
        let new = app.operator().get(&path).await.expect(200);
        assert_eq!(new.at("/saml/sso_url"), "https://evil.example/sso");
        assert_eq!(new.at("/saml/metadata_certificates"), json!([]));
    }
}

#[tokio::test]
async fn a_pin_is_held_at_once_against_the_metadata_that_the_connection_lives_by_g32() {
    let app = TestApp::sqlite().await;
    let federation = Federation::new().await;
    federation.shows("accepted/all-signed");
    let organization = app.organization("Acme").await;
    let wanted = json!({"metadata_url": federation.url(), "idp_entity_id": IDP});
    let connection = made(&app, &organization, wanted).await.expect(201);
    let path = format!("/api/v1/connections/{}", connection.text_at("/id"));
    let pin = async |pins: Value| {
        app.operator().patch(&path, json!({"saml": {"metadata_certificates": pins}})).await
    };
    let pointer = "/saml/metadata_certificates";
    refused(&pin(json!([pem("rogue", "pem")])).await, pointer, "no pinned certificate");
    refused(&pin(json!(["AAAA"])).await, &format!("{pointer}/0"), "X.509");
    refused(&pin(json!([pem("idp-weak", "pem")])).await, &format!("{pointer}/0"), "2048");
    let many = vec![pem("federation", "pem"); 11];
    refused(&pin(json!(many)).await, pointer, "At most 10");
    let pins = json!([pem("rogue", "pem"), pem("federation", "pem")]);
    let pinned = pin(pins).await.expect(200);
    assert_eq!(pinned.at("/saml/metadata_certificates").as_array().unwrap().len(), 2);
    assert_eq!(pinned.at("/saml/metadata_url"), federation.url());
    // The federation went: what is pinned cannot be checked, and the present is kept.
    federation.0.says_so("/metadata", (503, "text/plain", "no-store", String::new()));
    refused(&pin(json!([pem("federation", "pem")])).await, pointer, "503");
}

#[tokio::test]
async fn a_pin_needs_metadata_that_somebody_can_sign() {
    let app = TestApp::sqlite().await;
    let organization = app.organization("Acme").await;
    let pins = json!([pem("federation", "pem")]);
    let fields = json!({"idp_entity_id": IDP, "sso_url": "https://idp.example/sso",
        "certificates": [pem("idp", "pem")], "metadata_certificates": pins});
    let reply = made(&app, &organization, fields).await;
    refused(&reply, "/saml/metadata_certificates", "metadata_url");
    // What is pasted must be signed, too.
    let text = document("refused/by-another-key");
    let pasted = json!({"metadata_xml": text, "metadata_certificates": pins});
    refused(&made(&app, &organization, pasted).await, "/saml/metadata_xml", "no pinned");
    let text = document("accepted/signed-by-signxml");
    let pasted = json!({"metadata_xml": text, "metadata_certificates": pins});
    made(&app, &organization, pasted).await.expect(201);
}
