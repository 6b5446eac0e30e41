//! What stands in the feed of what clients did and of how their tokens were used (S5, S17).

use serde_json::{Value, json};

use super::{NOBODY, made_group, made_user, operations, user};
use crate::support::TestApp;

const FEED: &str = "/api/v1/organizations/acme/events?limit=100";

/// The feed from its begin: name, actor, subject and data of each event.
async fn feed(app: &TestApp) -> Vec<Value> {
    app.run_worker().await;
    let page = app.operator().get(FEED).await.expect(200);
    assert_eq!(page.at("/next"), Value::Null, "all of it is on one page");
    let mut all = page.at("/data").as_array().unwrap().clone();
    // Calls of the operator's token tell of themselves: what the reads of this test are.
    all.retain(|event| event["type"] != "operator_token.used");
    all
}

fn named<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["type"] == name).collect()
}

on_both_engines! {
    async fn each_change_tells_who_made_it_of_what_and_to_what_effect_s17(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, secret) = app.directory(&organization, "generic").await;
        let scim = app.scim(&secret).with_header("x-request-id", "request-17");
        let rule = json!({"name": "Crew", "when": "groups.display eq \"Crew\"", "role": "auditor"});
        app.operator().post("/api/v1/organizations/acme/mapping-rules", rule).await.expect(201);
        let ada = made_user(&scim, "ada@x.org").await;
        let crew = made_group(&scim, "Crew", &[]).await;
        let patch = operations(json!([{"op": "add", "path": "title", "value": "Countess"},
            {"op": "add", "path": "name", "value": {"givenName": "Augusta"}}]));
        scim.patch(&format!("/Users/{ada}"), patch.clone()).await.expect(200);
        let join = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
        scim.patch(&format!("/Groups/{crew}"), operations(join.clone())).await.expect(200);
        let before = feed(&app).await;
        // What changes nothing, or is refused, is no change.
        scim.patch(&format!("/Users/{ada}"), patch).await.expect(200);
        scim.patch(&format!("/Groups/{crew}"), operations(join)).await.expect(200);
        let wrong = json!([{"op": "add", "path": "nickName", "value": "x"},
            {"op": "add", "path": "colour", "value": "x"}]);
        scim.patch(&format!("/Users/{ada}"), operations(wrong)).await.expect(400);
        scim.post("/Users", user("ADA@x.org")).await.expect(409);
        assert_eq!(feed(&app).await, before);
        let tokens = format!("/api/v1/directories/{directory}/tokens");
        let token = app.operator().get(&tokens).await.expect(200).text_at("/data/0/id");
        let by = json!({"kind": "directory", "id": directory, "token_id": token});
        for (name, kind, id, data) in [
            ("user.created", "user", &ada, json!({})),
            ("user.updated", "user", &ada, json!({"attributes": ["name", "title"]})),
            ("group.created", "group", &crew, json!({})),
            ("group.member_added", "group", &crew, json!({"users": [ada]})),
            ("user.access_changed", "user", &ada,
                json!({"gained": [{"role": "auditor", "resource": null}], "lost": []})),
        ] {
            let [event] = named(&before, name)[..] else { panic!("one {name}: {before:#?}") };
            assert_eq!(event["actor"], by, "{event}");
            assert_eq!(event["request_id"], "request-17", "{event}");
            assert_eq!(event["subject"], json!({"kind": kind, "id": id}), "{event}");
            for (key, value) in data.as_object().unwrap() {
                assert_eq!(event["data"][key], *value, "{event}");
            }
        }
        let text = json!(before).to_string();
        for value in ["Countess", "Augusta", "x.org"] {
            assert!(!text.contains(value), "{value} in {text}");
        }
        // The journal has the other half: outcomes and tolerances, of refused ones too.
        app.app.journal.flush(&app.app.runner).await;
        let path = format!("/api/v1/directories/{directory}/requests?user={ada}");
        let page = app.operator().get(&path).await.expect(200);
        for (at, status) in [(0, 400), (1, 200), (2, 200), (3, 201)] {
            let entry = page.at(&format!("/data/{at}"));
            assert_eq!(entry["status"], status, "{entry}");
            assert_eq!(entry["request_id"], "request-17");
            assert_eq!(entry["token_id"], token.as_str());
        }
    }

    async fn what_becomes_of_tokens_and_where_they_are_tried_is_told_s5_c169(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (one, token) = app.directory(&organization, "generic").await;
        let (other, _) = app.directory(&organization, "generic").await;
        app.scim(&token).get("/Users").await.expect(200);
        for elsewhere in [&*other, NOBODY] {
            app.bearer(&token).get(&format!("/scim/{elsewhere}/v2/Users")).await.expect(401);
        }
        let told = app.events_once("acme", "directory_token.refused", 1).await;
        let data = json!({"reason": "elsewhere", "directory_id": one});
        assert_eq!(told[0]["data"], data);
        let path = format!("/api/v1/directories/{one}/tokens");
        let id = app.operator().get(&path).await.expect(200).text_at("/data/0/id");
        assert_eq!(told[0]["subject"], json!({"kind": "directory_token", "id": id}));
        let own = format!("/api/v1/directory-tokens/{id}");
        app.operator().delete(&own).await.expect(204);
        // A minute later, so that the refusal is told and not taken for the last one.
        app.advance_s(61);
        app.scim(&token).get("/Users").await.expect(401);
        let told = app.events_once("acme", "directory_token.refused", 2).await;
        assert_eq!(told[1]["data"], json!({"reason": "ended", "directory_id": one}));
        for name in ["directory.token_created", "directory.token_revoked"] {
            let told = app.events("acme", name).await;
            assert!(!told.is_empty() && told[0]["actor"]["kind"] == "operator", "{name}: {told:?}");
        }
    }
}
