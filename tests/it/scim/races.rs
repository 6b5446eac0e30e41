//! Many requests at once. SQLite has one writer; on PostgreSQL these are real races.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{client, filter, group, made_group, made_user, members, operations, user};
use crate::support::{Caller, Reply, TestApp};

/// Sends a PATCH with one operation in a task of its own.
fn spawn(tasks: &mut JoinSet<Reply>, scim: &Caller, group: &str, operation: Value) {
    let (scim, path) = (scim.clone(), format!("/Groups/{group}"));
    tasks.spawn(async move { scim.patch(&path, operations(json!([operation]))).await });
}

fn adding(member: &str) -> Value {
    json!({"op": "add", "path": "members", "value": [{"value": member}]})
}

fn removing(member: &str) -> Value {
    json!({"op": "remove", "path": format!("members[value eq \"{member}\"]")})
}

fn naming(name: &str) -> Value {
    json!({"op": "replace", "path": "displayName", "value": name})
}

async fn many_users(scim: &Caller, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(made_user(scim, &format!("u{number}")).await);
    }
    ids
}

/// Counts replies by status.
pub async fn statuses(mut tasks: JoinSet<Reply>) -> BTreeMap<u16, usize> {
    let mut counted = BTreeMap::new();
    while let Some(reply) = tasks.join_next().await {
        let reply = reply.unwrap();
        assert_ne!(reply.status, 500, "{reply}");
        *counted.entry(reply.status).or_default() += 1;
    }
    counted
}

on_both_engines! {
    async fn of_fifty_creates_of_one_user_one_succeeds_and_the_others_conflict(app: TestApp) {
        let scim = client(&app, "generic").await;
        let mut tasks = JoinSet::new();
        for number in 0..50 {
            let scim = scim.clone();
            let name = if number % 2 == 0 { "ada" } else { "ADA" };
            tasks.spawn(async move { scim.post("/Users", user(name)).await });
        }
        assert_eq!(statuses(tasks).await, BTreeMap::from([(201, 1), (409, 49)]));
        assert_eq!(scim.get("/Users").await.at("/totalResults"), json!(1));
    }

    async fn two_hundred_members_added_at_once_are_all_there(app: TestApp) {
        const COUNT: usize = 200;
        let scim = client(&app, "generic").await;
        let mut ids = Vec::new();
        for number in 0..COUNT {
            ids.push(made_user(&scim, &format!("u{number}")).await);
        }
        let id = made_group(&scim, "All", &[]).await;
        let mut tasks = JoinSet::new();
        for user in ids.clone() {
            let (scim, path) = (scim.clone(), format!("/Groups/{id}"));
            let add = operations(json!([{"op": "add", "path": "members", "value": [{"value": user}]}]));
            tasks.spawn(async move { scim.patch(&path, add).await });
        }
        assert_eq!(statuses(tasks).await, BTreeMap::from([(200, COUNT)]));
        ids.sort();
        assert_eq!(members(&scim, &id).await, ids);
        // One version for each change, none lost.
        let read = scim.get(&format!("/Groups/{id}?excludedAttributes=members")).await;
        assert_eq!(read.header("etag"), format!("W/\"{}\"", COUNT + 1));
    }

    async fn of_parallel_writers_with_one_version_exactly_one_succeeds(app: TestApp) {
        let scim = client(&app, "generic").await;
        let made = scim.post("/Users", user("ada")).await.expect(201);
        let path = format!("/Users/{}", made.text_at("/id"));
        let mut tasks = JoinSet::new();
        for number in 0..20 {
            let scim = scim.clone().with_header("if-match", made.header("etag"));
            let (path, title) = (path.clone(), format!("t{number}"));
            let change = operations(json!([{"op": "add", "path": "title", "value": title}]));
            tasks.spawn(async move { scim.patch(&path, change).await });
        }
        assert_eq!(statuses(tasks).await, BTreeMap::from([(200, 1), (412, 19)]));
    }

    async fn parallel_patches_of_different_attributes_all_land(app: TestApp) {
        let scim = client(&app, "generic").await;
        let path = format!("/Users/{}", made_user(&scim, "ada").await);
        let names = ["title", "nickName", "userType", "locale", "timezone", "displayName"];
        let mut tasks = JoinSet::new();
        for name in names {
            let (scim, path) = (scim.clone(), path.clone());
            let change = operations(json!([{"op": "add", "path": name, "value": "x"}]));
            tasks.spawn(async move { scim.patch(&path, change).await });
        }
        assert_eq!(statuses(tasks).await, BTreeMap::from([(200, names.len())]));
        let read = scim.get(&path).await.json();
        assert!(names.iter().all(|name| read[*name] == "x"), "{read}");
    }

    async fn members_who_are_deleted_meanwhile_leave_groups_and_counts_right(app: TestApp) {
        let scim = client(&app, "generic").await;
        let mut ids = Vec::new();
        for number in 0..20 {
            ids.push(made_user(&scim, &format!("u{number}")).await);
        }
        let one = made_group(&scim, "One", &[]).await;
        let two = made_group(&scim, "Two", &[]).await;
        let mut tasks = JoinSet::new();
        for user in ids.clone() {
            for id in [&one, &two] {
                let (scim, path) = (scim.clone(), format!("/Groups/{id}"));
                let add = operations(json!([{"op": "add", "path": "members", "value": [{"value": user}]}]));
                tasks.spawn(async move { scim.patch(&path, add).await });
            }
            let scim = scim.clone();
            tasks.spawn(async move { scim.delete(&format!("/Users/{user}")).await });
        }
        let counted = statuses(tasks).await;
        assert!(counted.keys().all(|status| [200, 204, 400].contains(status)), "{counted:?}");
        assert_eq!(counted[&204], 20);
        for id in [&one, &two] {
            let read = scim.get(&format!("/Groups/{id}")).await.expect(200).json();
            assert!(read.get("members").is_none(), "{read}");
        }
        // A count that is off would show as a version or a member that is wrong here.
        let last = made_user(&scim, "last").await;
        scim.put(&format!("/Groups/{one}"), group("One", &[&last])).await.expect(200);
        let read = scim.get(&format!("/Groups/{one}")).await.expect(200).json();
        assert_eq!(read["members"].as_array().map(Vec::len), Some(1));
        let empty: Value = scim.get(&format!("/Groups/{two}")).await.expect(200).json();
        assert!(empty.get("members").is_none());
    }

    async fn adds_removes_and_renames_at_once_all_land_s20(app: TestApp) {
        const EACH: usize = 60;
        let scim = client(&app, "generic").await;
        let ids = many_users(&scim, 2 * EACH).await;
        let (come, go) = ids.split_at(EACH);
        let go: Vec<&str> = go.iter().map(String::as_str).collect();
        let id = made_group(&scim, "All", &go).await;
        let mut tasks = JoinSet::new();
        for (number, (one, other)) in come.iter().zip(&go).enumerate() {
            spawn(&mut tasks, &scim, &id, adding(one));
            spawn(&mut tasks, &scim, &id, removing(other));
            if number % 3 == 0 {
                spawn(&mut tasks, &scim, &id, naming(&format!("All {number}")));
            }
        }
        let renames = EACH.div_ceil(3);
        assert_eq!(statuses(tasks).await, BTreeMap::from([(200, 2 * EACH + renames)]));
        let mut expected = come.to_vec();
        expected.sort();
        assert_eq!(members(&scim, &id).await, expected);
        let read = scim.get(&format!("/Groups/{id}?excludedAttributes=members")).await;
        assert_eq!(read.header("etag"), format!("W/\"{}\"", 2 * EACH + renames + 1));
        assert!(read.text_at("/displayName").starts_with("All "));
    }

    async fn of_writers_with_one_version_of_a_group_exactly_one_succeeds_c148(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = many_users(&scim, 20).await;
        let made = scim.post("/Groups", group("All", &[])).await.expect(201);
        let id = made.text_at("/id");
        let careful = scim.clone().with_header("if-match", made.header("etag"));
        let mut tasks = JoinSet::new();
        for user in &ids {
            spawn(&mut tasks, &careful, &id, adding(user));
        }
        assert_eq!(statuses(tasks).await, BTreeMap::from([(200, 1), (412, 19)]));
        assert_eq!(members(&scim, &id).await.len(), 1);
    }

    async fn a_group_deleted_while_members_join_leaves_nothing_behind(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = many_users(&scim, 20).await;
        let inner = made_group(&scim, "Inner", &[]).await;
        let outer = made_group(&scim, "Outer", &[&inner]).await;
        let mut tasks = JoinSet::new();
        for (number, user) in ids.iter().enumerate() {
            spawn(&mut tasks, &scim, &inner, adding(user));
            if number == 10 {
                let (scim, path) = (scim.clone(), format!("/Groups/{inner}"));
                tasks.spawn(async move { scim.delete(&path).await });
            }
        }
        let counted = statuses(tasks).await;
        assert!(counted.keys().all(|status| [200, 204, 404].contains(status)), "{counted:?}");
        assert_eq!(counted[&204], 1);
        assert!(members(&scim, &outer).await.is_empty());
        let none = scim.get(&filter("/Users", "groups pr")).await.expect(200);
        assert_eq!(none.at("/totalResults"), json!(0));
    }

    async fn two_groups_put_into_each_other_at_once_make_no_circle_c45(app: TestApp) {
        let scim = client(&app, "generic").await;
        for round in 0..10 {
            let a = made_group(&scim, &format!("A{round}"), &[]).await;
            let b = made_group(&scim, &format!("B{round}"), &[]).await;
            let mut tasks = JoinSet::new();
            spawn(&mut tasks, &scim, &a, adding(&b));
            spawn(&mut tasks, &scim, &b, adding(&a));
            assert_eq!(statuses(tasks).await, BTreeMap::from([(200, 1), (400, 1)]));
            let held = members(&scim, &a).await.len() + members(&scim, &b).await.len();
            assert_eq!(held, 1);
        }
    }

    async fn a_ring_of_groups_closed_at_once_stays_open_at_one_place_c45(app: TestApp) {
        const GROUPS: usize = 6;
        let scim = client(&app, "generic").await;
        let mut ring = Vec::new();
        for number in 0..GROUPS {
            ring.push(made_group(&scim, &format!("g{number}"), &[]).await);
        }
        let mut tasks = JoinSet::new();
        for number in 0..GROUPS {
            spawn(&mut tasks, &scim, &ring[number], adding(&ring[(number + 1) % GROUPS]));
        }
        assert_eq!(statuses(tasks).await, BTreeMap::from([(200, GROUPS - 1), (400, 1)]));
    }
}
