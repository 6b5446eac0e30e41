//! Logouts by forms, with a provider by other hands (samlp) that takes and sends nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::rig::{Form, Peer, Rig};
use crate::support::TestApp;

const ADA: &str = "as=ada-1815";

async fn rig(app: TestApp) -> Rig {
    let rig = Rig::at(app, Peer::start_with(&["--forms"]), json!({})).await;
    rig.ada().await;
    rig
}

/// The message of a form, changed.
fn changed(form: &Form, field: &str, change: impl Fn(&str) -> String) -> Form {
    let (_, sent) = form.fields.iter().find(|(name, _)| name == field).unwrap();
    let text = String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap();
    form.clone().with(field, &STANDARD.encode(change(&text)))
}

on_both_engines! {
    async fn a_provider_signs_somebody_out_by_a_form_and_nobody_else_does_g35(app: TestApp) {
        let rig = rig(app).await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, &format!("{ADA}&session=_one")).await.expect(200);
        let asking = Form::of(&browser.get(&format!("{}/logout", rig.peer.url)).await.expect(200));
        assert!(asking.action.ends_with("/slo"), "{asking:?}");
        let stranger = rig.app.browser();
        let forged = changed(&asking, "SAMLRequest", |text| text.replace("ada-1815", "bob-1815"));
        let reply = forged.send(&stranger).await;
        rig.refused(&reply, "signature_invalid", "signature_invalid").await;
        rig.app.advance_s(1);
        let unsigned = changed(&asking, "SAMLRequest", |text| {
            let (before, rest) = text.split_once("<Signature").unwrap();
            format!("{before}{}", rest.split_once("</Signature>").unwrap().1)
        });
        let reply = unsigned.send(&stranger).await;
        rig.refused(&reply, "signature_invalid", "signature_missing").await;
        rig.app.advance_s(1);
        let reply = asking.clone().without("SAMLRequest").send(&stranger).await;
        rig.refused(&reply, "response_invalid", "form").await;
        browser.get("/me").await.expect(200);
        // No cookie comes along with the form of another site; the signature says who it is.
        let answer = asking.send(&rig.app.browser()).await.expect(200);
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        rig.refused(&asking.send(&stranger).await, "replayed", "").await;
        // It takes our answer: signed within, and to its request.
        let answer = Form::of(&answer);
        assert!(answer.action.starts_with(&rig.peer.url), "{answer:?}");
        answer.send(&browser).await.expect(200);
        let told = rig.app.events(&rig.organization, "session.ended").await;
        assert_eq!((told.len(), &told[0]["data"]["by"]), (1, &json!("provider")));
    }

    async fn signing_out_here_asks_a_provider_of_forms_by_a_form(app: TestApp) {
        let rig = rig(app).await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, &format!("{ADA}&session=_two")).await.expect(200);
        let here = browser.clone().with_header("sec-fetch-site", "same-origin");
        let page = here.post_form("/sign-out", &[]).await.expect(200);
        assert!(page.header("content-security-policy").contains(&rig.peer.url), "{page}");
        assert!(browser.cookie("portico-session").is_none());
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        // It verifies the signature within our request, finds the session, and answers.
        let answer = Form::of(&Form::of(&page).send(&browser).await.expect(200));
        assert!(answer.action.ends_with("/slo"), "{answer:?}");
        let forged = changed(&answer, "SAMLResponse", |text| text.replace("InResponseTo=\"_", "InResponseTo=\"x"));
        let reply = forged.send(&browser).await;
        rig.refused(&reply, "signature_invalid", "signature_invalid").await;
        let done = answer.send(&browser).await.expect(303);
        assert_eq!(done.header("location"), "/signed-out");
    }
}

#[tokio::test]
async fn an_oidc_connection_takes_no_saml_logout() {
    let rig = rig(TestApp::sqlite().await).await;
    let path = format!("/api/v1/organizations/{}/connections", rig.organization);
    let body = json!({"name": "Other", "kind": "oidc", "oidc": {"issuer": rig.peer.url,
        "client_id": "x", "client_secret": "s"}});
    let other = rig.app.operator().post(&path, body).await.expect(201).text_at("/id");
    let browser = rig.app.browser();
    for field in ["SAMLRequest", "SAMLResponse"] {
        browser.post_form(&format!("/sso/{other}/slo"), &[(field, "x")]).await.expect(404);
    }
    browser.post_form("/sso/nobody/slo", &[]).await.expect(404);
}
