//! What an administrator reads of SAML sign-ins that were refused, while traces are on (G30).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portico::flow::sign_in::TRACES_PER_MINUTE;
use serde_json::json;

use super::rig::{Form, Rig};
use crate::support::{Reply, TestApp};

const ADA: &str = "as=ada-1815";
const DAY_S: i64 = 24 * 3600;

/// The trace of the newest entry of the journal.
async fn newest(rig: &Rig) -> Reply {
    let id = rig.journal().await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/connections/{}/sign-ins/{id}/trace", rig.connection);
    rig.app.operator().get(&path).await
}

/// What the provider signed, as text.
fn text(form: &Form) -> String {
    let (_, sent) = form.fields.iter().find(|(name, _)| name == "SAMLResponse").unwrap();
    String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap()
}

/// The same of somebody else.
fn forged(form: &Form) -> Form {
    let text = text(form).replace("ada-1815", "eve-1815");
    form.clone().with("SAMLResponse", &STANDARD.encode(text))
}

async fn switch_on(rig: &Rig) {
    let until = rig.app.app.runner.clock.now().plus_s(3600).to_string();
    rig.change(json!({"trace_until": until})).await.expect(200);
}

on_both_engines! {
    async fn the_message_of_a_refused_sign_in_is_kept_a_day_without_its_secrets_g30(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        let form = rig.form(&browser, ADA).await;
        let reply = forged(&form).send(&browser).await;
        rig.refused(&reply, "signature_invalid", "signature_invalid").await;
        newest(&rig).await.expect_problem(404, "not-found");
        switch_on(&rig).await;
        let form = rig.form(&browser, ADA).await;
        let text = text(&form);
        let reply = forged(&form).send(&browser).await;
        rig.refused(&reply, "signature_invalid", "signature_invalid").await;
        let kept = newest(&rig).await.expect(200);
        assert_eq!(kept.at("/message/kind"), "saml");
        let shown = kept.text_at("/message/response");
        assert!(shown.contains("eve-1815") && shown.contains("SignatureValue>[left out]<"), "{shown}");
        let value = text.split("SignatureValue>").nth(1).unwrap().split('<').next().unwrap();
        assert!(value.len() > 100 && !shown.contains(value), "{shown}");
        // The one who signs in is traced by what the provider said of her.
        let form = rig.form(&browser, ADA).await;
        rig.bring(&browser, &form).await.expect(200);
        let kept = newest(&rig).await.expect(200);
        assert_eq!(kept.at("/message/claims/name_id"), "ada-1815");
        // What came twice, and what is no message at all.
        rig.app.advance_s(1);
        rig.refused(&form.send(&browser).await, "replayed", "").await;
        assert!(newest(&rig).await.expect(200).text_at("/message/response").contains("ada-1815"));
        rig.app.advance_s(1);
        let reply = form.clone().with("SAMLResponse", "%").without("RelayState").send(&browser).await;
        rig.refused(&reply, "response_invalid", "encoding").await;
        assert_eq!(newest(&rig).await.expect(200).at("/message/response"), json!(null));
        rig.app.advance_s(DAY_S);
        newest(&rig).await.expect_problem(404, "not-found");
    }

    async fn strangers_cannot_fill_the_disk_with_traces_g30(app: TestApp) {
        let rig = Rig::new(app).await;
        switch_on(&rig).await;
        let browser = rig.app.browser();
        let path = format!("/sso/{}/acs", rig.connection);
        let refuse = async || {
            browser.post_form(&path, &[("SAMLResponse", "PHgvPg==")]).await.expect(403);
        };
        for _ in 0..TRACES_PER_MINUTE {
            refuse().await;
        }
        assert_eq!(newest(&rig).await.expect(200).at("/message/response"), "<x/>");
        rig.app.advance_s(1);
        refuse().await;
        newest(&rig).await.expect_problem(404, "not-found");
        rig.app.advance_s(60);
        refuse().await;
        newest(&rig).await.expect(200);
    }
}

#[tokio::test]
async fn what_was_decrypted_is_shown_as_it_was_read_g30() {
    let rig = Rig::with(TestApp::sqlite().await, json!({"saml": {"require": "response"}})).await;
    rig.ada().await;
    switch_on(&rig).await;
    let reply = rig.sign_in(&rig.app.browser(), &format!("{ADA}&encrypt=1")).await;
    rig.refused(&reply, "signature_invalid", "signature_missing").await;
    let kept = newest(&rig).await.expect(200);
    assert!(kept.text_at("/message/response").contains("CipherValue>[left out]<"), "{kept}");
    assert!(kept.text_at("/message/assertion").contains("ada-1815"), "{kept}");
}
