//! Decisions over HTTP: reasons, several at once, who may ask.

use serde_json::{Value, json};

use super::world::World;
use crate::support::TestApp;

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";

async fn lyon<'a>(app: &'a TestApp) -> (World<'a>, String) {
    let acme = World::new(app).await;
    acme.site("lyon").await;
    acme.lyon_rule().await;
    let ada = acme.user("ada").await;
    acme.group("Lyon crew", &[&ada]).await;
    (acme, ada)
}

fn question(user: &str, permission: &str, site: &str) -> Value {
    json!({
        "subject": {"type": "user", "id": user},
        "action": {"name": permission},
        "resource": {"type": "site", "id": site},
    })
}

fn decisions(answer: &Value) -> Vec<bool> {
    let all = answer["evaluations"].as_array().unwrap();
    all.iter().map(|one| one["decision"].as_bool().unwrap()).collect()
}

on_both_engines! {
    async fn a_decision_names_its_reason_and_the_grants_that_gave_it(app: TestApp) {
        let (acme, ada) = lyon(&app).await;
        let yes = acme.ask(&ada, "site.view", "LYON").await;
        assert_eq!(yes["decision"], true);
        assert_eq!(yes["context"]["reason"]["code"], "held");
        let grant = json!([{"role": "field-worker", "resource": "site:lyon", "source": "rule",
            "source_name": "Lyon crew"}]);
        assert_eq!(yes["context"]["grants"], grant);
        acme.site("paris").await;
        for (permission, site, reason) in [
            ("site.view", "paris", "not-covered"),
            ("site.view", "berlin", "resource-unknown"),
            ("media.view", "lyon", "no-grant"),
            ("media.vew", "lyon", "permission-unknown"),
        ] {
            assert_eq!(acme.why_not(&ada, permission, site).await, reason);
        }
        for nobody in ["7", "018f0000-0000-7000-8000-000000000000"] {
            assert_eq!(acme.why_not(nobody, "site.view", "lyon").await, "user-unknown");
        }
    }

    async fn the_whole_organization_is_a_resource_of_its_own_type(app: TestApp) {
        let (acme, ada) = lyon(&app).await;
        let whole = |id: &str| json!({"subject": {"type": "user", "id": ada},
            "action": {"name": "site.view"}, "resource": {"type": "organization", "id": id}});
        let answer = acme.operator.post(ONE, whole(&acme.organization)).await.expect(200);
        assert_eq!(answer.at("/context/reason/code"), "not-covered");
        let other = app.organization("Other").await;
        let answer = acme.operator.post(ONE, whole(&other)).await.expect(200);
        assert_eq!(answer.at("/context/reason/code"), "user-unknown");
        let mut elsewhere = question(&ada, "site.view", "lyon");
        elsewhere["context"] = json!({"organization": other});
        let answer = acme.operator.post(ONE, elsewhere).await.expect(200);
        assert_eq!(answer.at("/decision"), false);
    }

    async fn a_user_can_be_named_by_her_login(app: TestApp) {
        let (acme, _) = lyon(&app).await;
        let mut asked = question("", "site.view", "lyon");
        asked["subject"] =
            json!({"type": "user", "properties": {"user_name": "ADA@acme.example"}});
        let answer = acme.operator.post(ONE, asked.clone()).await.expect(200);
        assert_eq!(answer.at("/context/reason/code"), "user-unknown");
        asked["context"] = json!({"organization": acme.organization});
        let answer = acme.operator.post(ONE, asked).await.expect(200);
        assert_eq!(answer.at("/decision"), true, "{answer}");
    }

    async fn several_questions_are_answered_in_order_as_far_as_was_asked(app: TestApp) {
        let (acme, ada) = lyon(&app).await;
        let batch = |semantic: &str| json!({
            "subject": {"type": "user", "id": ada},
            "resource": {"type": "site", "id": "lyon"},
            "evaluations": [
                {"action": {"name": "media.view"}},
                {"action": {"name": "site.view"}},
                {"action": {"name": "site.view"}, "resource": {"type": "site", "id": "x"}},
            ],
            "options": {"evaluations_semantic": semantic},
        });
        for (semantic, answers) in [
            ("execute_all", vec![false, true, false]),
            ("deny_on_first_deny", vec![false]),
            ("permit_on_first_permit", vec![false, true]),
        ] {
            let answer = acme.operator.post(MANY, batch(semantic)).await.expect(200);
            assert_eq!(decisions(&answer.json()), answers, "{semantic}");
        }
        let unknown = acme.operator.post(MANY, batch("execute_some")).await;
        unknown.expect_problem(400, "malformed");
        let alone = acme.operator.post(MANY, question(&ada, "site.view", "lyon")).await;
        assert_eq!(alone.expect(200).at("/decision"), true);
    }

    async fn a_thousand_questions_go_into_one_request_and_not_one_more(app: TestApp) {
        let (acme, ada) = lyon(&app).await;
        let one = question(&ada, "site.view", "lyon");
        let mut body = json!({"evaluations": vec![one.clone(); 1_000]});
        let answer = acme.operator.post(MANY, body.clone()).await.expect(200);
        assert_eq!(decisions(&answer.json()), vec![true; 1_000]);
        body["evaluations"].as_array_mut().unwrap().push(one);
        acme.operator.post(MANY, body).await.expect_problem(400, "malformed");
    }

    async fn a_request_that_cannot_be_read_is_400_and_points_to_the_place(app: TestApp) {
        let (acme, ada) = lyon(&app).await;
        for part in ["subject", "action", "resource"] {
            let mut asked = question(&ada, "site.view", "lyon");
            asked.as_object_mut().unwrap().remove(part);
            let refused = acme.operator.post(ONE, asked).await;
            refused.expect_problem(400, "malformed");
            assert_eq!(refused.at("/errors/0/pointer"), format!("/{part}"));
        }
        let mut asked = question(&ada, "site.view", "lyon");
        asked["action"] = json!("site.view");
        acme.operator.post(ONE, asked).await.expect_problem(400, "malformed");
        let body = json!({"evaluations": [question(&ada, "site.view", "lyon"), {}]});
        let answer = acme.operator.post(MANY, body).await.expect(200);
        assert_eq!(decisions(&answer.json()), [true, false]);
        let error = answer.at("/evaluations/1/context/error");
        assert_eq!(error["status"], 400);
        assert!(error["message"].as_str().unwrap().starts_with("/evaluations/1/subject: "));
    }

    async fn nobody_and_directories_may_not_ask(app: TestApp) {
        let (acme, ada) = lyon(&app).await;
        let asked = question(&ada, "site.view", "lyon");
        app.anonymous().post(ONE, asked.clone()).await.expect_problem(401, "unauthenticated");
        let (url, body) = (format!("{}{ONE}", app.url), asked.to_string().into_bytes());
        let body = Some(("application/json", body));
        let status = acme.scim.send(reqwest::Method::POST, &url, body).await.status;
        assert!(matches!(status, 401 | 403), "{status}");
    }

    async fn the_configuration_tells_only_what_is_there(app: TestApp) {
        let path = "/.well-known/authzen-configuration";
        let told = app.anonymous().get(path).await.expect(200).json();
        assert_eq!(told["policy_decision_point"], app.url);
        for (name, url) in told.as_object().unwrap() {
            let url = url.as_str().unwrap();
            assert!(url.starts_with(&app.url), "{name}");
            if name != "policy_decision_point" {
                let reply = app.operator().post(url, json!({})).await;
                reply.expect_problem(400, "malformed");
            }
        }
    }
}
