//! Versions and conditional requests (C145 to C148), `Prefer` (C11).

use serde_json::json;

use super::{client, made_group, made_user, operations, refused, user};
use crate::support::TestApp;

on_both_engines! {
    async fn a_write_with_another_version_is_refused_and_changes_nothing(app: TestApp) {
        let scim = client(&app, "generic").await;
        let made = scim.post("/Users", user("ada")).await.expect(201);
        let path = format!("/Users/{}", made.text_at("/id"));
        let change =
            |title: &str| operations(json!([{"op": "add", "path": "title", "value": title}]));
        let stale = scim.clone().with_header("if-match", "W/\"99\", \"98\", nonsense");
        refused(&stale.patch(&path, change("x")).await, 412, None);
        refused(&stale.put(&path, user("eve")).await, 412, None);
        refused(&stale.delete(&path).await, 412, None);
        assert_eq!(scim.get(&path).await.expect(200).json(), made.json());
        for (header, title) in [(made.header("etag"), "a"), ("*", "b"), ("\"3\", W/\"2\"", "c")] {
            let right = scim.clone().with_header("if-match", header);
            right.patch(&path, change(title)).await.expect(200);
        }
        scim.clone().with_header("if-match", "W/\"4\"").delete(&path).await.expect(204);
    }

    async fn a_known_version_is_not_sent_again(app: TestApp) {
        let scim = client(&app, "generic").await;
        let id = made_user(&scim, "ada").await;
        let group = made_group(&scim, "G", &[&id]).await;
        for path in [format!("/Users/{id}"), format!("/Groups/{group}")] {
            let read = scim.get(&path).await.expect(200);
            for header in [read.header("etag"), "*", "\"0\", W/\"1\""] {
                let known = scim.clone().with_header("if-none-match", header).get(&path).await;
                assert_eq!(known.status, 304, "{known}");
                assert!(known.body.is_empty());
                assert_eq!(known.header("etag"), read.header("etag"));
            }
            let other = scim.clone().with_header("if-none-match", "W/\"7\"");
            assert_eq!(other.get(&path).await.expect(200).json(), read.json());
        }
    }

    async fn a_patch_may_be_answered_without_a_body_unless_attributes_are_asked_for(app: TestApp) {
        let scim = client(&app, "generic").await;
        let path = format!("/Users/{}", made_user(&scim, "ada").await);
        let minimal = scim.clone().with_header("prefer", "respond-async, return=minimal");
        let change = operations(json!([{"op": "add", "path": "title", "value": "x"}]));
        let reply = minimal.patch(&path, change.clone()).await.expect(204);
        assert!(reply.body.is_empty());
        assert_eq!(reply.header("etag"), scim.get(&path).await.header("etag"));
        let asked = minimal.patch(&format!("{path}?attributes=title"), change).await.expect(200);
        assert_eq!(asked.text_at("/title"), "x");
        assert!(asked.json().get("userName").is_none());
    }
}
