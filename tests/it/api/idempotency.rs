//! `Idempotency-Key`: a repeat gets the first answer, and nothing is done twice.

use serde_json::{Value, json};

use crate::support::{Caller, TestApp};

const ALL: &str = "/api/v1/organizations";

fn with_key(app: &TestApp, key: &str) -> Caller {
    app.operator().with_header("idempotency-key", key)
}

async fn count(app: &TestApp) -> usize {
    let page = app.operator().get(&format!("{ALL}?limit=100")).await.expect(200);
    page.at("/data").as_array().unwrap().len()
}

on_both_engines! {
    async fn a_repeat_gets_the_first_answer_and_does_nothing(app: TestApp) {
        let body = json!({"name": "Acme", "slug": "acme"});
        let first = with_key(&app, "k1").post(ALL, body.clone()).await.expect(201);
        let again = with_key(&app, "k1").post(ALL, body.clone()).await.expect(201);
        assert_eq!(again.json(), first.json());
        with_key(&app, "k2").post(ALL, body).await.expect_problem(409, "conflict");
        assert_eq!(count(&app).await, 2);
    }

    async fn a_key_of_another_request_is_refused(app: TestApp) {
        with_key(&app, "k").post(ALL, json!({"name": "A", "slug": "a"})).await.expect(201);
        let other = with_key(&app, "k").post(ALL, json!({"name": "B", "slug": "b"})).await;
        other.expect_problem(409, "idempotency-mismatch");
        let body = json!({"name": "A", "slug": "a"});
        let elsewhere = with_key(&app, "k").post(&format!("{ALL}/a/users"), body).await;
        elsewhere.expect_problem(409, "idempotency-mismatch");
        assert_eq!(count(&app).await, 2);
    }

    async fn a_secret_is_shown_once(app: TestApp) {
        app.organization("Acme").await;
        let (directory, _) = app.directory("acme", "strict").await;
        let path = format!("/api/v1/directories/{directory}/tokens");
        let body = json!({"name": "Second"});
        let first = with_key(&app, "k").post(&path, body.clone()).await.expect(201);
        assert!(first.text_at("/token").starts_with("pds_"));
        let again = with_key(&app, "k").post(&path, body).await.expect(201);
        assert_eq!(again.at("/code"), "secret-shown-once");
        assert_eq!(again.at("/id"), first.at("/id"));
        assert!(again.json().get("token").is_none(), "{again}");
        let tokens = app.operator().get(&path).await.expect(200).at("/data");
        assert_eq!(tokens.as_array().unwrap().len(), 2);
    }

    async fn a_refused_request_frees_its_key(app: TestApp) {
        let bad = with_key(&app, "k").post(ALL, json!({"name": "A", "slug": "A B"})).await;
        bad.expect_problem(422, "invalid");
        with_key(&app, "k").post(ALL, json!({"name": "A", "slug": "a"})).await.expect(201);
    }

    async fn a_key_is_forgotten_after_a_day(app: TestApp) {
        let body = |slug: &str| json!({"name": "A", "slug": slug});
        with_key(&app, "k").post(ALL, body("a")).await.expect(201);
        app.advance_s(86_399);
        let early = with_key(&app, "k").post(ALL, body("b")).await;
        early.expect_problem(409, "idempotency-mismatch");
        app.advance_s(1);
        with_key(&app, "k").post(ALL, body("b")).await.expect(201);
    }

    async fn many_who_send_one_key_at_once_do_it_once(app: TestApp) {
        let send = |_| {
            let caller = with_key(&app, "k");
            async move { caller.post(ALL, json!({"name": "A", "slug": "a"})).await.status }
        };
        let statuses = futures_util::future::join_all((0..6).map(send)).await;
        assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
        assert!(statuses.contains(&201));
        assert_eq!(count(&app).await, 2);
    }

    async fn a_key_opens_nothing_to_somebody_else(app: TestApp) {
        let body = json!({"name": "A", "slug": "a"});
        with_key(&app, "k").post(ALL, body.clone()).await.expect(201);
        let nobody = app.anonymous().with_header("idempotency-key", "k").post(ALL, body).await;
        nobody.expect_problem(401, "unauthenticated");
        let long = with_key(&app, &"k".repeat(256)).post(ALL, Value::Null).await;
        long.expect_problem(400, "malformed");
    }
}
