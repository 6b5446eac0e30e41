//! Many requests at once. SQLite has one writer; on PostgreSQL these are real races.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{client, group, made_group, made_user, members, operations, user};
use crate::support::{Reply, TestApp};

/// Counts replies by status.
async fn statuses(mut tasks: JoinSet<Reply>) -> BTreeMap<u16, usize> {
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
}
