//! The ends of tokens and clients: told ahead, moved on deliberately (S3, E27).

use serde_json::{Value, json};

use super::refused;
use crate::support::TestApp;

const DAY_S: i64 = 24 * 3_600;

/// Looks twice, as two processes would; answers the days of all notices so far.
async fn told(app: &TestApp, id: &str) -> Vec<i64> {
    let runner = &app.app.runner;
    let (one, two) =
        tokio::join!(portico::flow::expiry::tell(runner), portico::flow::expiry::tell(runner));
    one.unwrap();
    two.unwrap();
    let told = app.events("acme", "directory.token_expiring").await;
    let of =
        |event: &&Value| ["token_id", "client_id"].iter().any(|name| event["data"][*name] == id);
    told.iter().filter(of).map(|event| event["data"]["days"].as_i64().unwrap()).collect()
}

on_both_engines! {
    async fn an_end_is_told_ahead_at_each_notice_once_s3(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, _) = app.directory(&organization, "entra").await;
        let mut ids = Vec::new();
        for kind in ["tokens", "clients"] {
            let path = format!("/api/v1/directories/{directory}/{kind}");
            // 100 days after the tests begin.
            let body = json!({"name": "Ending", "expires_at": "2027-03-01T10:00:00Z"});
            ids.push(app.operator().post(&path, body).await.expect(201).text_at("/id"));
        }
        for id in &ids {
            assert_eq!(told(&app, id).await, Vec::<i64>::new());
        }
        let mut all = Vec::new();
        for (wait, days) in [(10, 90), (30, 60), (30, 30), (15, 15), (8, 7), (6, 1)] {
            app.advance_s(wait * DAY_S);
            all.push(days);
            for id in &ids {
                assert_eq!(told(&app, id).await, all);
            }
        }
        app.advance_s(DAY_S);
        assert_eq!(told(&app, &ids[0]).await, all);
    }

    async fn an_end_is_moved_on_by_a_deliberate_act_that_stands_in_the_feed_s3(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, _) = app.directory(&organization, "entra").await;
        let path = format!("/api/v1/directories/{directory}/tokens");
        let body = json!({"name": "Old", "expires_at": "2026-11-22T10:00:00Z"});
        let made = app.operator().post(&path, body).await.expect(201);
        let (id, scim) = (made.text_at("/id"), app.scim(&made.text_at("/token")));
        let own = format!("/api/v1/directory-tokens/{id}");
        assert_eq!(told(&app, &id).await, [1]);
        app.advance_s(DAY_S);
        refused(&scim.get("/Users").await, 401, None);
        let later = json!({"expires_at": "2027-01-01T00:00:00Z"});
        let moved = app.operator().patch(&own, later.clone()).await.expect(200);
        assert_eq!(moved.at("/name"), "Old");
        assert_eq!(moved.at("/expires_at"), "2027-01-01T00:00:00.000000Z");
        scim.get("/Users").await.expect(200);
        assert_eq!(told(&app, &id).await, [1, 60], "the notices begin anew");
        // What changes nothing is no act.
        app.operator().patch(&own, later).await.expect(200);
        app.operator().patch(&own, json!({})).await.expect(200);
        let changed = app.events("acme", "directory.token_changed").await;
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0]["actor"]["kind"], "operator");
        assert_eq!(changed[0]["data"]["token_id"], id.as_str());
        assert_eq!(changed[0]["data"]["expires_at_before"], "2026-11-22T10:00:00.000000Z");
        let endless = json!({"expires_at": null, "name": "New"});
        let endless = app.operator().patch(&own, endless).await.expect(200);
        assert_eq!(endless.at("/expires_at"), Value::Null);
        assert_eq!(endless.at("/name"), "New");
        for wrong in [
            json!({"expires_at": "2026-11-21T10:00:00Z"}),
            json!({"expires_at": "soon"}),
            json!({"name": null}),
            json!({"scopes": ["scim.read"]}),
        ] {
            app.operator().patch(&own, wrong).await.expect_problem(422, "invalid");
        }
    }

    async fn a_revoked_token_is_told_of_no_more_and_stays_revoked(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, _) = app.directory(&organization, "entra").await;
        let path = format!("/api/v1/directories/{directory}/tokens");
        let body = json!({"name": "Old", "expires_at": "2026-11-25T10:00:00Z"});
        let id = app.operator().post(&path, body).await.expect(201).text_at("/id");
        let own = format!("/api/v1/directory-tokens/{id}");
        app.operator().delete(&own).await.expect(204);
        assert_eq!(told(&app, &id).await, Vec::<i64>::new());
        let later = json!({"expires_at": "2027-01-01T00:00:00Z"});
        app.operator().patch(&own, later).await.expect_problem(404, "not-found");
    }
}
