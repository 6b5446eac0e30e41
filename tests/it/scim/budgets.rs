//! How often a directory may ask: reads, writes and bulk operations apart (S8, E25, K17).

use reqwest::Method;
use serde_json::{Value, json};

use super::{made_user, operations, refused, user};
use crate::support::{Caller, Reply, TestApp};

/// Requests of which one is surely refused, though the budget fills by one a second.
const TRIES: usize = 200;

async fn scim(app: &TestApp) -> Caller {
    let organization = app.organization("Acme").await;
    app.scim(&app.directory(&organization, "generic").await.1)
}

fn number(reply: &Reply, header: &str) -> u64 {
    reply.header(header).parse().unwrap()
}

async fn total(scim: &Caller) -> Value {
    scim.get("/Users?count=0").await.expect(200).at("/totalResults")
}

/// Fails unless this tells the client to wait.
#[track_caller]
fn told_to_wait(reply: &Reply) {
    refused(reply, 429, None);
    assert!(number(reply, "retry-after") >= 1, "{reply}");
}

fn bulk(from: usize, count: usize) -> Value {
    let create = |at: usize| {
        let name = format!("u{}", from + at);
        json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user(&name)})
    };
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": (0..count).map(create).collect::<Vec<_>>()})
}

#[tokio::test]
async fn who_writes_too_often_is_told_to_wait_and_may_still_read_s8_e25() {
    let app = TestApp::limited(5).await;
    let scim = scim(&app).await;
    let ada = made_user(&scim, "ada").await;
    let (mut made, mut last) = (1, None);
    for at in 0..TRIES {
        let reply = scim.post("/Users", user(&format!("u{at}"))).await;
        match reply.status {
            201 => made += 1,
            _ => {
                last = Some(reply);
                break;
            }
        }
    }
    let last = last.expect("the budget ends");
    told_to_wait(&last);
    assert_eq!((last.header("ratelimit-limit"), last.header("ratelimit-remaining")), ("5", "0"));
    assert!(made >= 5, "{made}");
    // Refused or not, what was answered is what was done; and reads go on, by GET and by POST.
    assert_eq!(total(&scim).await, json!(made));
    let read = scim.get(&format!("/Users/{ada}")).await.expect(200);
    assert_eq!(number(&read, "ratelimit-limit"), 5);
    assert!(number(&read, "ratelimit-remaining") < 5);
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
    scim.post("/Users/.search", search).await.expect(200);
}

#[tokio::test]
async fn every_way_to_write_is_counted_as_a_write_s8() {
    let app = TestApp::limited(5).await;
    let scim = scim(&app).await;
    let path = format!("/Users/{}", made_user(&scim, "ada").await);
    let patch = operations(json!([{"op": "replace", "path": "title", "value": "x"}]));
    let left = |reply: &Reply| number(reply, "ratelimit-remaining");
    // Each leaves fewer than all, also when it is refused for something else.
    assert!(left(&scim.put(&path, user("ada")).await.expect(200)) < 5);
    assert!(left(&scim.patch(&path, patch).await.expect(200)) < 5);
    assert!(left(&scim.send(Method::POST, "/Groups", None).await.expect(400)) < 5);
    assert!(left(&scim.delete(&path).await.expect(204)) < 5);
    let open = scim.get("/ServiceProviderConfig").await.expect(200);
    assert!(!open.headers.contains_key("ratelimit-limit"), "{open}");
}

#[tokio::test]
async fn a_bulk_request_counts_its_operations_and_is_done_whole_or_not_at_all_s8() {
    let app = TestApp::limited(100).await;
    let scim = scim(&app).await;
    let first = scim.post("/Bulk", bulk(0, 90)).await.expect(200);
    assert!((10..100).contains(&number(&first, "ratelimit-remaining")), "{first}");
    told_to_wait(&scim.post("/Bulk", bulk(90, 90)).await);
    assert_eq!(total(&scim).await, json!(90));
    // A small one has room, and the other budgets are untouched.
    scim.post("/Bulk", bulk(90, 2)).await.expect(200);
    let written = scim.post("/Users", user("ada")).await.expect(201);
    assert_eq!(number(&written, "ratelimit-remaining"), 99);
    assert_eq!(total(&scim).await, json!(93));
}
