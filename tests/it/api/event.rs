//! The feed of events over HTTP.

use serde_json::{Value, json};

use crate::support::TestApp;

const FEED: &str = "/api/v1/organizations/acme/events";
/// What these tests do; each call of the operator's token tells of itself besides.
const TYPES: &str = "types=organization.created,organization.updated,directory.created,\
                     directory.token_created";

async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.operator().get(&format!("{FEED}?{TYPES}{query}")).await.expect(200);
    let name = |event: &Value| event["type"].as_str().unwrap().to_owned();
    page.at("/data").as_array().unwrap().iter().map(name).collect()
}

/// Makes Acme, a directory and a token for it, a second after one another; answers the ids of
/// the first two.
async fn three_events(app: &TestApp) -> (String, String) {
    let organization = app.organization("Acme").await;
    app.advance_s(1);
    let path = "/api/v1/organizations/acme/directories";
    let body = json!({"name": "People", "profile": "strict"});
    let directory = app.operator().post(path, body).await.expect(201).text_at("/id");
    app.advance_s(1);
    let path = format!("/api/v1/directories/{directory}/tokens");
    app.operator().post(&path, json!({"name": "Token"})).await.expect(201);
    app.run_worker().await;
    (organization, directory)
}

on_both_engines! {
    async fn what_happened_stands_in_the_feed_in_order(app: TestApp) {
        let (organization, directory) = three_events(&app).await;
        let expected = ["organization.created", "directory.created", "directory.token_created"];
        assert_eq!(names(&app, "").await, expected);
        let page = app.operator().get(&format!("{FEED}?types=directory.created")).await;
        let event = page.expect(200).at("/data/0");
        assert_eq!(event["organization_id"], organization);
        assert_eq!(event["actor"], json!({"kind": "operator", "id": null}));
        assert_eq!(event["subject"], json!({"kind": "directory", "id": directory}));
        assert_eq!(event["data"], json!({"profile": "strict"}));
        assert_eq!(event["occurred_at"], "2026-11-21T10:00:01.000000Z");
    }

    async fn a_reader_goes_on_behind_the_last_event_that_she_saw(app: TestApp) {
        three_events(&app).await;
        let first = app.operator().get(&format!("{FEED}?{TYPES}&limit=2")).await.expect(200);
        assert_eq!(first.at("/next"), first.at("/data/1/id"));
        let after = format!("&after={}", first.text_at("/next"));
        assert_eq!(names(&app, &after).await, ["directory.token_created"]);
        let last = app.operator().get(&format!("{FEED}?{TYPES}{after}")).await.expect(200);
        assert_eq!(last.at("/next"), Value::Null);
        let after = format!("&after={}", last.text_at("/data/0/id"));
        assert!(names(&app, &after).await.is_empty());
        app.operator().patch("/api/v1/organizations/acme", json!({"name": "New"})).await.expect(200);
        app.run_worker().await;
        assert_eq!(names(&app, &after).await, ["organization.updated"]);
    }

    async fn a_cursor_of_another_feed_and_a_wrong_type_are_refused(app: TestApp) {
        app.organization("Acme").await;
        app.organization("Other").await;
        app.run_worker().await;
        let other = app.operator().get("/api/v1/organizations/other/events").await.expect(200);
        let foreign = other.text_at("/data/0/id");
        for query in [format!("after={foreign}"), "after=1".to_owned(), "types=%25".to_owned()] {
            let refused = app.operator().get(&format!("{FEED}?{query}")).await;
            refused.expect_problem(400, "malformed");
        }
    }
}
