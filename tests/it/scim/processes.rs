//! Two processes of the program on one PostgreSQL: whichever a request comes to, it counts once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::races::statuses;
use super::{group, made_group, made_user, members, operations, user};
use crate::support::{Caller, TestServer};

/// Two servers on one database, and the client of a directory at each.
struct Pair {
    servers: [TestServer; 2],
    directory: String,
    scim: [Caller; 2],
}

impl Pair {
    async fn new() -> Self {
        let first = TestServer::postgres().await;
        let operator = first.operator();
        let body = json!({"name": "Acme", "slug": "acme"});
        operator.post("/api/v1/organizations", body).await.expect(201);
        let body = json!({"name": "People", "profile": "generic"});
        let path = "/api/v1/organizations/acme/directories";
        let directory = operator.post(path, body).await.expect(201).text_at("/id");
        let path = format!("/api/v1/directories/{directory}/tokens");
        let token = operator.post(&path, json!({"name": "t"})).await.expect(201).text_at("/token");
        let second = first.beside().await;
        let client = |server: &TestServer| server.anonymous().with_bearer(&token).with_scim();
        let scim = [client(&first), client(&second)];
        Self { servers: [first, second], directory, scim }
    }

    /// Sends a PATCH with one operation to either process.
    fn spawn(&self, tasks: &mut JoinSet<crate::support::Reply>, n: usize, id: &str, op: Value) {
        let (scim, path) = (self.scim[n % 2].clone(), format!("/Groups/{id}"));
        tasks.spawn(async move { scim.patch(&path, operations(json!([op]))).await });
    }
}

fn adding(member: &str) -> Value {
    json!({"op": "add", "path": "members", "value": [{"value": member}]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_changes_of_one_group_over_two_processes_all_land_s20() {
    const COUNT: usize = 200;
    let pair = Pair::new().await;
    let mut ids = Vec::new();
    for number in 0..COUNT {
        ids.push(made_user(&pair.scim[number % 2], &format!("u{number}")).await);
    }
    let id = made_group(&pair.scim[0], "All", &[]).await;
    let mut tasks = JoinSet::new();
    for (number, user) in ids.iter().enumerate() {
        pair.spawn(&mut tasks, number, &id, adding(user));
    }
    assert_eq!(statuses(tasks).await, BTreeMap::from([(200, COUNT)]));
    ids.sort();
    for scim in &pair.scim {
        assert_eq!(members(scim, &id).await, ids);
        let read = scim.get(&format!("/Groups/{id}?excludedAttributes=members")).await;
        assert_eq!(read.header("etag"), format!("W/\"{}\"", COUNT + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_revoked_at_one_process_is_refused_at_the_other_within_a_second_s3() {
    let pair = Pair::new().await;
    for scim in &pair.scim {
        scim.get("/Users").await.expect(200);
    }
    let operator = pair.servers[0].operator();
    let path = format!("/api/v1/directories/{}/tokens", pair.directory);
    // Two overlap; the one that is revoked is gone, the other stays.
    let more = operator.post(&path, json!({"name": "next"})).await.expect(201).text_at("/token");
    let next = pair.servers[1].anonymous().with_bearer(&more).with_scim();
    next.get("/Users").await.expect(200);
    let tokens = operator.get(&path).await.expect(200).at("/data");
    let old = tokens.as_array().unwrap().iter().find(|token| token["name"] == "t").unwrap();
    let own = format!("/api/v1/directory-tokens/{}", old["id"].as_str().unwrap());
    operator.delete(&own).await.expect(204);
    pair.scim[0].get("/Users").await.expect(401);
    tokio::time::sleep(Duration::from_secs(1)).await;
    pair.scim[1].get("/Users").await.expect(401);
    next.get("/Users").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_creates_of_one_user_over_two_processes_one_succeeds_s21() {
    let pair = Pair::new().await;
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let scim = pair.scim[number % 2].clone();
        tasks.spawn(async move { scim.post("/Users", user("ada")).await });
    }
    assert_eq!(statuses(tasks).await, BTreeMap::from([(201, 1), (409, 49)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writers_with_one_version_over_two_processes_exactly_one_succeeds_c148() {
    let pair = Pair::new().await;
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(made_user(&pair.scim[0], &format!("u{number}")).await);
    }
    let made = pair.scim[0].post("/Groups", group("All", &[])).await.expect(201);
    let id = made.text_at("/id");
    let mut tasks = JoinSet::new();
    for (number, user) in ids.iter().enumerate() {
        let scim = pair.scim[number % 2].clone().with_header("if-match", made.header("etag"));
        let (path, add) = (format!("/Groups/{id}"), operations(json!([adding(user)])));
        tasks.spawn(async move { scim.patch(&path, add).await });
    }
    assert_eq!(statuses(tasks).await, BTreeMap::from([(200, 1), (412, 19)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_make_no_circle_of_groups_c45() {
    let pair = Pair::new().await;
    for round in 0..10 {
        let a = made_group(&pair.scim[0], &format!("A{round}"), &[]).await;
        let b = made_group(&pair.scim[1], &format!("B{round}"), &[]).await;
        let mut tasks = JoinSet::new();
        pair.spawn(&mut tasks, 0, &a, adding(&b));
        pair.spawn(&mut tasks, 1, &b, adding(&a));
        assert_eq!(statuses(tasks).await, BTreeMap::from([(200, 1), (400, 1)]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_groups_and_members_over_two_processes_refuse_nobody() {
    const COUNT: usize = 40;
    let pair = Pair::new().await;
    let mut ids = Vec::new();
    for number in 0..COUNT {
        ids.push(made_user(&pair.scim[number % 2], &format!("u{number}")).await);
    }
    let inner = made_group(&pair.scim[0], "Inner", &[]).await;
    let outer = made_group(&pair.scim[0], "Outer", &[]).await;
    let mut tasks = JoinSet::new();
    for (number, user) in ids.iter().enumerate() {
        pair.spawn(&mut tasks, number, &inner, adding(user));
        let path = format!("members[value eq \"{inner}\"]");
        let nesting = match number % 3 {
            0 => adding(&inner),
            1 => json!({"op": "remove", "path": path}),
            _ => json!({"op": "replace", "path": "displayName", "value": format!("O{number}")}),
        };
        pair.spawn(&mut tasks, number / 2, &outer, nesting);
    }
    assert_eq!(statuses(tasks).await, BTreeMap::from([(200, 2 * COUNT)]));
    ids.sort();
    assert_eq!(members(&pair.scim[1], &inner).await, ids);
}
