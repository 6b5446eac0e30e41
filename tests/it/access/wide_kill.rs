//! A program that dies amid a wide edit: the next one goes on where it was.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Caller, TestServer};

/// Bulk requests of users: more than one transaction evaluates.
const BULKS: usize = 6;
/// Operations of a bulk request.
const OPERATIONS: usize = 900;
/// Users in all.
const USERS: usize = BULKS * OPERATIONS;

const HERE: &str = "/api/v1/organizations/acme";

async fn filled(server: &TestServer) {
    let operator = server.operator();
    let body = json!({"name": "Acme", "slug": "acme"});
    operator.post("/api/v1/organizations", body).await.expect(201);
    let body = json!({"name": "People", "profile": "generic"});
    let path = format!("{HERE}/directories");
    let directory = operator.post(&path, body).await.expect(201).text_at("/id");
    let path = format!("/api/v1/directories/{directory}/tokens");
    let token = operator.post(&path, json!({"name": "t"})).await.expect(201).text_at("/token");
    let scim = server.anonymous().with_bearer(&token).with_scim();
    for bulk in 0..BULKS {
        let create = |n: usize| {
            let name = format!("user-{bulk}-{n}");
            json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name}})
        };
        let operations: Vec<Value> = (0..OPERATIONS).map(create).collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "failOnErrors": 1, "Operations": operations,
        });
        let reply = scim.post("/Bulk", body).await.expect(200).json();
        assert_eq!(reply["Operations"].as_array().unwrap().len(), OPERATIONS);
    }
}

async fn status(operator: &Caller) -> Value {
    operator.get(&format!("{HERE}/mapping-rules/status")).await.expect(200).json()
}

/// Waits until so many users are done, or until the job has ended.
async fn until(operator: &Caller, done: u64) -> Value {
    for _ in 0..6_000 {
        let now = status(operator).await;
        if now["state"] == "idle" || now["users_done"].as_u64().unwrap() >= done {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the job stands still: {}", status(operator).await);
}

/// How many users hold the role, by the list that an admin reads.
async fn holders(operator: &Caller) -> usize {
    let (mut found, mut after) = (0, String::new());
    loop {
        let path = format!("{HERE}/users?role=auditor&limit=100{after}");
        let page = operator.get(&path).await.expect(200).json();
        found += page["data"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

async fn a_wide_edit_goes_on_after_a_kill_until_everybody_has_the_role(mut server: TestServer) {
    filled(&server).await;
    let rule = json!({"name": "Everybody", "when": "active eq true", "role": "auditor"});
    server.operator().post(&format!("{HERE}/mapping-rules"), rule).await.expect(201);
    let now = until(&server.operator(), 1).await;
    let done = now["users_done"].as_u64().unwrap();
    assert!(now["state"] != "idle" && done < USERS as u64, "too fast to be killed: {now}");
    server.kill();
    server.start().await;
    // What was done stays done: the job goes on, it does not begin again.
    let now = status(&server.operator()).await;
    assert!(now["users_done"].as_u64().unwrap() >= done, "{now}");
    let now = until(&server.operator(), USERS as u64 + 1).await;
    assert_eq!((&now["state"], &now["users_done"]), (&json!("idle"), &json!(USERS)));
    assert_eq!(now["version"], now["applied_version"]);
    assert_eq!(holders(&server.operator()).await, USERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wide_edit_goes_on_after_a_kill_on_sqlite() {
    let server = TestServer::sqlite().await;
    a_wide_edit_goes_on_after_a_kill_until_everybody_has_the_role(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wide_edit_goes_on_after_a_kill_on_postgres() {
    let server = TestServer::postgres().await;
    a_wide_edit_goes_on_after_a_kill_until_everybody_has_the_role(server).await;
}
