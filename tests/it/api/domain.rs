//! E-mail domains over HTTP: who may claim one, and what a claim opens.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp};

async fn claim(app: &TestApp, organization: &str, body: Value) -> Reply {
    let path = format!("/api/v1/organizations/{organization}/domains");
    app.operator().post(&path, body).await
}

async fn names(app: &TestApp, organization: &str) -> Vec<String> {
    let path = format!("/api/v1/organizations/{organization}/domains");
    let listed = app.operator().get(&path).await.expect(200).at("/data");
    let name = |item: &Value| item["domain"].as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(name).collect()
}

on_both_engines! {
    async fn a_claim_waits_for_its_proof_and_says_what_proves_it(app: TestApp) {
        app.organization("Acme").await;
        let made = claim(&app, "acme", json!({"domain": " Bücher.Example. "})).await.expect(201);
        let body = made.json();
        assert_eq!(body["domain"], "xn--bcher-kva.example");
        assert_eq!((&body["state"], &body["verified_at"]), (&json!("pending"), &Value::Null));
        assert_eq!(body["txt_name"], "_portico-challenge.xn--bcher-kva.example");
        assert!(body["txt_value"].as_str().unwrap().len() > 40, "{made}");
        assert_eq!(names(&app, "acme").await, ["xn--bcher-kva.example"]);
    }

    async fn one_organization_at_most_owns_a_domain(app: TestApp) {
        app.organization("Acme").await;
        app.organization("Globex").await;
        let vouched = json!({"domain": "acme.example", "verified": true});
        // A claim that nobody has proved holds nobody up.
        claim(&app, "globex", json!({"domain": "acme.example"})).await.expect(201);
        let made = claim(&app, "acme", vouched.clone()).await.expect(201);
        assert_eq!(made.json()["state"], "verified");
        app.organization("Initech").await;
        claim(&app, "initech", vouched).await.expect_problem(409, "conflict");
        claim(&app, "acme", json!({"domain": "ACME.example"})).await.expect_problem(409, "conflict");
        assert!(names(&app, "initech").await.is_empty());
        assert_eq!(names(&app, "acme").await, ["acme.example"]);
    }

    async fn what_belongs_to_everybody_is_nobodys(app: TestApp) {
        app.organization("Acme").await;
        for (name, code) in [
            ("gmail.com", "free-mail"),
            ("co.uk", "public-suffix"),
            ("localhost", "domain"),
            ("a@acme.example", "domain"),
            ("", "domain"),
        ] {
            let refused = claim(&app, "acme", json!({"domain": name, "verified": true})).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/code"), code, "{refused}");
        }
        assert!(names(&app, "acme").await.is_empty());
    }

    async fn a_domain_that_was_given_up_is_free_again(app: TestApp) {
        app.organization("Acme").await;
        app.organization("Globex").await;
        let vouched = json!({"domain": "acme.example", "verified": true});
        let id = claim(&app, "acme", vouched.clone()).await.expect(201).text_at("/id");
        let path = format!("/api/v1/domains/{id}");
        app.operator().delete(&path).await.expect(204);
        app.operator().delete(&path).await.expect_problem(404, "not-found");
        claim(&app, "globex", vouched).await.expect(201);
        assert!(names(&app, "acme").await.is_empty());
    }
}
