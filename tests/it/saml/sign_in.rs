//! The walk to a SAML provider and back, with a provider by other hands (samlp): who is let in, who
//! is not, and what is written down.

use portico::domain::actor::Actor;
use portico::domain::id::{ConnectionId, OrganizationId};
use portico::domain::secret::SecretHash;
use portico::domain::session::Session;
use portico::flow::saml::{Logout, NAMED_AT_ONCE};
use portico::{flow, store};
use serde_json::json;

use super::rig::{Form, Rig};
use crate::support::TestApp;

const ADA: &str = "as=ada-1815";

on_both_engines! {
    async fn a_person_whom_her_directory_brought_signs_in_by_saml_and_is_linked(app: TestApp) {
        let rig = Rig::new(app).await;
        let ada = rig.ada().await;
        let browser = rig.app.browser();
        let me = rig.sign_in(&browser, ADA).await.expect(200);
        assert_eq!(me.at("/user/id"), ada);
        let entry = rig.journal().await.remove(0);
        assert_eq!((&entry["outcome"], &entry["rule"]), (&json!("signed_in"), &json!("LI2")));
        assert_eq!((&entry["subject"], &entry["user_id"]), (&json!("ada-1815"), &json!(ada)));
        assert_eq!(entry["email"], "ada-1815@example.com");
        assert!(browser.cookie("portico-login").is_none());
        rig.sign_in(&rig.app.browser(), ADA).await.expect(200);
        assert_eq!(rig.journal().await.remove(0)["rule"], "LI1");
    }

    async fn an_answer_counts_once_and_in_the_browser_that_began_a53_a55(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        let form = rig.form(&browser, ADA).await;
        // Login CSRF: the answer of one browser in another.
        let stranger = rig.app.browser();
        let reply = form.send(&stranger).await;
        rig.refused(&reply, "state_invalid", "login cookie").await;
        // Without its state it is an answer that this browser did not ask for.
        let reply = form.clone().without("RelayState").send(&stranger).await;
        rig.refused(&reply, "state_invalid", "in_response_to").await;
        let (one, other) = (browser.clone(), browser.clone());
        let (one, other) = tokio::join!(form.send(&one), form.send(&other));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 403], "{one}\n{other}");
        let kept = if one.status == 303 { one } else { other };
        let next = kept.header("location").to_owned();
        // The handle counts once too, and only with the cookie that came with it.
        let reply = stranger.get(&next).await;
        rig.refused(&reply, "state_invalid", "another browser").await;
        let me = browser.follow(&next).await.expect(200);
        assert_eq!(me.at("/user/user_name"), "ada");
        rig.refused(&browser.get(&next).await, "replayed", "").await;
        let reply = form.send(&browser).await;
        rig.refused(&reply, "replayed", "").await;
    }

    async fn a_logout_of_the_provider_ends_all_sessions_of_the_name_however_many_g35(app: TestApp) {
        let rig = Rig::new(app).await;
        let ada = rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, ADA).await.expect(200);
        let connection = ConnectionId::parse(&rig.connection).unwrap();
        let organization = OrganizationId::parse(&rig.organization).unwrap();
        let runner = &rig.app.app.runner;
        let cookie = SecretHash::of(browser.cookie("portico-session").unwrap().as_bytes());
        let found = store::session::by_hash(&mut runner.db.conn(), cookie).await.unwrap();
        let session = found.unwrap();
        let named = store::saml::name_of(&mut runner.read(organization), session.id).await.unwrap();
        let name = named.unwrap().name;
        let more = (session, name.clone());
        runner
            .write(Actor::System, organization, move |work| {
                let (session, name) = more.clone();
                Box::pin(async move {
                    for n in 0..NAMED_AT_ONCE {
                        let hash = SecretHash::of(&n.to_be_bytes());
                        let one = Session { id: work.id(), hash, ..session.clone() };
                        store::session::insert(&mut work.scope(), &one).await?;
                        let named = (&name, None);
                        store::saml::name_session(&mut work.scope(), hash, connection, named)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        let until = runner.clock.now().plus_s(60);
        let logout = Logout { connection, id: "_1".to_owned(), until, name, sessions: Vec::new() };
        let log_out = || {
            let logout = logout.clone();
            runner.write(Actor::Anonymous, organization, move |work| {
                let logout = logout.clone();
                Box::pin(async move { flow::saml::log_out(work, &logout).await })
            })
        };
        let all = usize::try_from(NAMED_AT_ONCE).unwrap() + 1;
        assert_eq!(log_out().await.unwrap(), Some(all));
        assert_eq!(log_out().await.unwrap(), None, "a message counts once");
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        let told = rig.app.events(&rig.organization, "session.ended").await;
        assert_eq!(told[0]["subject"], json!({"kind": "user", "id": ada}));
        assert_eq!(told[0]["data"]["by"], "provider");
    }

    async fn people_may_begin_at_the_provider_only_where_that_is_allowed_k3_a31(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        let form = rig.unasked(&browser, ADA).await;
        let reply = form.send(&browser).await;
        rig.refused(&reply, "state_invalid", "unsolicited").await;
        let change = json!({"allow_idp_initiated": true, "idp_initiated_target": "/me?from=idp"});
        rig.change(change).await.expect(200);
        let form = rig.unasked(&browser, ADA).await.with("RelayState", "https://evil.example/");
        let reply = form.send(&browser).await.expect(303);
        let asked = browser.get(reply.header("location")).await.expect(200);
        assert!(asked.text().contains("ada-1815@example.com"), "{asked}");
        assert!(browser.cookie("portico-session").is_none(), "nobody is signed in by a link");
        let question = Form::of(&asked);
        assert_eq!(question.action, format!("/sso/{}/continue", rig.connection));
        // Another site cannot answer the question.
        let abroad = browser.clone().with_header("sec-fetch-site", "cross-site");
        question.send(&abroad).await.expect(403);
        let here = browser.clone().with_header("sec-fetch-site", "same-origin");
        let reply = question.send(&here).await.expect(303);
        assert_eq!(reply.header("location"), "/me?from=idp");
        browser.get("/me").await.expect(200);
        // The very same answer a second time, by whomever.
        for again in [browser.clone(), rig.app.browser()] {
            rig.refused(&form.send(&again).await, "replayed", "").await;
        }
    }

    async fn a_suspended_person_and_a_disabled_connection_let_nobody_in(app: TestApp) {
        let rig = Rig::new(app).await;
        let ada = rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, ADA).await.expect(200);
        let patch = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": false}],
        });
        rig.app.scim(&rig.token).patch(&format!("/Users/{ada}"), patch).await.expect(200);
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        let reply = rig.sign_in(&rig.app.browser(), ADA).await;
        rig.refused(&reply, "user_disabled", "").await;
        let form = rig.form(&browser, ADA).await;
        rig.change(json!({"status": "disabled"})).await.expect(200);
        rig.refused(&form.send(&browser).await, "connection_disabled", "").await;
    }

    async fn a_provider_signs_somebody_out_here_and_nobody_else_does_g35(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        let browser = rig.app.browser();
        rig.sign_in(&browser, &format!("{ADA}&session=_one")).await.expect(200);
        let asked = browser.get(&format!("{}/logout", rig.peer.url)).await.expect(302);
        let to = asked.header("location").to_owned();
        assert!(to.contains("/slo?SAMLRequest="), "{asked}");
        let forged = to.replacen("RelayState=", "RelayState=x", 1);
        let reply = rig.app.browser().get(&forged).await;
        rig.refused(&reply, "signature_invalid", "signature_invalid").await;
        let unsigned = to.split("&SigAlg").next().unwrap();
        let reply = rig.app.browser().get(unsigned).await;
        rig.refused(&reply, "signature_invalid", "signature_missing").await;
        browser.get("/me").await.expect(200);
        let answer = rig.app.browser().get(&to).await.expect(303);
        assert!(answer.header("location").starts_with(&rig.peer.url), "{answer}");
        browser.get("/me").await.expect_problem(401, "unauthenticated");
        rig.refused(&rig.app.browser().get(&to).await, "replayed", "").await;
    }
}

#[tokio::test]
async fn whatever_the_provider_signs_and_encrypts_is_read() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    let ada = rig.ada().await;
    for how in ["sign=assertion", "sign=response", "sign=both", "encrypt=1", "sign=both&encrypt=1"]
    {
        let me = rig.sign_in(&rig.app.browser(), &format!("{ADA}&{how}")).await;
        assert_eq!(me.expect(200).at("/user/id"), ada, "{how}");
    }
    rig.change(json!({"saml": {"require": "both"}})).await.expect(200);
    let reply = rig.sign_in(&rig.app.browser(), &format!("{ADA}&sign=assertion")).await;
    rig.refused(&reply, "signature_invalid", "signature_missing").await;
    rig.sign_in(&rig.app.browser(), &format!("{ADA}&sign=both")).await.expect(200);
}

#[tokio::test]
async fn signing_out_here_asks_the_provider_to_do_so_too_and_by_the_very_name() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    let browser = rig.app.browser();
    rig.sign_in(&browser, &format!("{ADA}&session=_two")).await.expect(200);
    let here = browser.clone().with_header("sec-fetch-site", "same-origin");
    let reply = here.post_form("/sign-out", &[]).await.expect(303);
    let to = reply.header("location").to_owned();
    assert!(to.starts_with(&format!("{}/logout?SAMLRequest=", rig.peer.url)), "{reply}");
    // The session here is over before the provider is asked (SDP-SP34).
    browser.get("/me").await.expect_problem(401, "unauthenticated");
    // samlp verifies our signature and finds the session by name and index, then answers.
    let back = browser.get(&to).await.expect(302);
    assert!(back.header("location").contains("/slo?SAMLResponse="), "{back}");
    let done = browser.get(back.header("location")).await.expect(303);
    assert_eq!(done.header("location"), "/signed-out");
}

#[tokio::test]
async fn a_relay_state_leads_nowhere_but_where_the_sign_in_was_begun_for_a56() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    let browser = rig.app.browser();
    let strange = ["https://evil.example/", "//evil.example", "<script>alert(1)</script>", "/x"];
    for state in strange.into_iter().map(str::to_owned).chain(["x".repeat(10_000)]) {
        let form = rig.form(&browser, ADA).await.with("RelayState", &state);
        let reply = form.send(&browser).await;
        rig.refused(&reply, "state_invalid", "in_response_to").await;
        assert!(!reply.text().contains("<script>alert"), "{reply}");
    }
    let start = format!("{}?return_to=%2F%2Fevil.example", rig.start_url);
    browser.get(&start).await.expect(400);
}

#[tokio::test]
async fn an_answer_for_one_connection_is_nothing_at_another_a52() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    rig.ada().await;
    let path = format!("/api/v1/organizations/{}/connections", rig.organization);
    let body = json!({"name": "Other", "kind": "saml", "allow_idp_initiated": true,
        "saml": {"metadata_url": format!("{}/metadata", rig.peer.url)}});
    let other = rig.app.operator().post(&path, body).await.expect(201);
    let browser = rig.app.browser();
    let mut form = rig.unasked(&browser, ADA).await;
    form.action = other.text_at("/acs_url");
    let reply = form.send(&browser).await.expect(403);
    assert!(reply.text().contains("audience_mismatch"), "{reply}");
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_and_written_down_g1() {
    let rig = Rig::new(TestApp::sqlite().await).await;
    let browser = rig.app.browser();
    let path = format!("/sso/{}/acs", rig.connection);
    let bad: [(&[(&str, &str)], &str); 4] = [
        (&[], "form"),
        (&[("SAMLResponse", "a"), ("SAMLResponse", "a")], "form"),
        (&[("SAMLResponse", "%%%")], "encoding"),
        (&[("SAMLResponse", "PCFET0NUWVBFIHg+PHgvPg==")], "doctype"),
    ];
    for (fields, fault) in bad {
        rig.app.advance_s(1);
        let reply = browser.post_form(&path, fields).await;
        rig.refused(&reply, "response_invalid", fault).await;
    }
    let large = "A".repeat(1024 * 1024);
    let reply = browser.post_form(&path, &[("SAMLResponse", &large)]).await;
    assert!(matches!(reply.status, 403 | 413), "{reply}");
    browser.post_form("/sso/nobody/acs", &[]).await.expect(404);
}
