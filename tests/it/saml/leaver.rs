//! All the ways in which somebody who left is out, where she signs in by SAML: with her cookie, and
//! with a fresh sign-in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portico::outbound::saml::compose;
use serde_json::json;

use super::rig::{Form, Rig};
use crate::support::{Caller, TestApp};

/// A person who signed in, whom the directory or a first sign-in brought.
async fn signed_in(rig: &Rig, subject: &str) -> (Caller, String) {
    let browser = rig.app.browser();
    let me = rig.sign_in(&browser, &format!("as={subject}")).await.expect(200);
    (browser, me.text_at("/user/id"))
}

/// Her cookie is worth nothing any more, and a fresh sign-in neither.
async fn is_out(rig: &Rig, browser: &Caller, subject: &str, code: &str) {
    browser.get("/me").await.expect_problem(401, "unauthenticated");
    let fresh = rig.app.browser();
    let reply = rig.sign_in(&fresh, &format!("as={subject}")).await;
    rig.refused(&reply, code, "").await;
    fresh.get("/me").await.expect_problem(401, "unauthenticated");
}

async fn user(rig: &Rig, name: &str) {
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name, "externalId": name, "active": true});
    rig.app.scim(&rig.token).post("/Users", body).await.expect(201);
}

/// A verified domain that the connection lists.
async fn domain(rig: &Rig) -> String {
    let path = format!("/api/v1/organizations/{}/domains", rig.organization);
    let body = json!({"domain": "acme.example", "verified": true});
    let id = rig.app.operator().post(&path, body).await.expect(201).text_at("/id");
    rig.change(json!({"domains": [id]})).await.expect(200);
    id
}

/// What the provider says of somebody whom it does not let in any more: nothing is signed in it.
async fn declined(rig: &Rig, browser: &Caller) -> Form {
    rig.app.advance_s(1);
    let sent = browser.get(&rig.start_url).await.expect(303);
    let to = sent.header("location").to_owned();
    let id = browser.get(&to.replace("/sso?", "/request-id?")).await.expect(200).text();
    let relay = url::Url::parse(&to).unwrap();
    let relay = relay.query_pairs().find(|(name, _)| name == "RelayState").unwrap().1.into_owned();
    let status = "urn:oasis:names:tc:SAML:2.0:status";
    let now = compose::instant(rig.app.app.runner.clock.now());
    let text = format!(
        "<p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_no\" Version=\"2.0\" \
         IssueInstant=\"{now}\" Destination=\"{}\" InResponseTo=\"{id}\"><p:Status>\
         <p:StatusCode Value=\"{status}:Responder\"><p:StatusCode Value=\"{status}:AuthnFailed\"/>\
         </p:StatusCode></p:Status></p:Response>",
        rig.acs_url,
    );
    let fields = [("SAMLResponse", STANDARD.encode(text)), ("RelayState", relay)];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    Form { action: rig.acs_url.clone(), fields: fields.collect() }
}

on_both_engines! {
    async fn whoever_left_is_out_by_saml_at_the_next_request_and_does_not_come_back(app: TestApp) {
        let jit = json!({"jit": {"enabled": true, "default_role": "auditor"}});
        let rig = Rig::with(app, jit).await;
        let lost = domain(&rig).await;
        for name in ["ada", "bob", "cid"] {
            user(&rig, name).await;
        }
        // The provider tells of it, and lets her in no more.
        let (browser, _) = signed_in(&rig, "cid").await;
        let there = browser.get(&format!("{}/logout", rig.peer.url)).await.expect(302);
        rig.app.browser().get(there.header("location")).await.expect(303);
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        let reply = declined(&rig, &browser).await.send(&browser).await;
        rig.refused(&reply, "provider_error", "status").await;
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        let (browser, ada) = signed_in(&rig, "ada").await;
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": false}]});
        rig.app.scim(&rig.token).patch(&format!("/Users/{ada}"), patch).await.expect(200);
        is_out(&rig, &browser, "ada", "user_disabled").await;
        let (browser, bob) = signed_in(&rig, "bob").await;
        rig.app.scim(&rig.token).delete(&format!("/Users/{bob}")).await.expect(204);
        is_out(&rig, &browser, "bob", "user_removed").await;
        // Nobody but the connection's domain vouches for her.
        let (browser, _) = signed_in(&rig, "eve@acme.example").await;
        rig.app.operator().delete(&format!("/api/v1/domains/{lost}")).await.expect(204);
        is_out(&rig, &browser, "eve@acme.example", "domain_not_verified").await;
        let (browser, _) = signed_in(&rig, "cid").await;
        let begun = rig.form(&browser, "as=cid").await;
        rig.change(json!({"status": "disabled"})).await.expect(200);
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        rig.refused(&begun.send(&browser).await, "connection_disabled", "").await;
    }
}
