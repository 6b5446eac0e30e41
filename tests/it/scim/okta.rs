//! What Okta sends, and what it must get (scim K1 to K15).

use serde_json::{Value, json};

use super::{
    GROUP, USER, client, filter, group, made_group, made_user, members, operations, refused, sorted,
};
use crate::support::TestApp;

fn create(external_id: &str) -> Value {
    json!({
        "schemas": [USER], "userName": "a@x.org", "name": {"givenName": "A", "familyName": "B"},
        "emails": [{"primary": true, "value": "a@x.org", "type": "work"}], "displayName": "A B",
        "locale": "en-US", "externalId": external_id, "groups": [], "password": "xY3-random",
        "active": true,
    })
}

on_both_engines! {
    async fn a_user_is_looked_for_created_and_kept_current(app: TestApp) {
        let scim = client(&app, "okta").await;
        let look = filter("/Users", "userName eq \"a@x.org\"") + "&startIndex=1&count=100";
        assert_eq!(scim.get(&look).await.expect(200).at("/totalResults"), json!(0));
        let made = scim.post("/Users", create("00u1")).await.expect(201);
        assert!(!made.text().contains("xY3-random"), "{made}");
        assert_eq!(made.at("/active"), json!(true));
        assert_eq!(scim.get(&look).await.expect(200).at("/Resources/0/id"), made.at("/id"));
        refused(&scim.post("/Users", create("00u1")).await, 409, Some("uniqueness"));

        let path = format!("/Users/{}", made.text_at("/id"));
        let mut whole = scim.get(&path).await.expect(200).json();
        whole["name"]["familyName"] = json!("C");
        whole["groups"] = json!([]);
        let put = scim.put(&path, whole.clone()).await.expect(200);
        assert_eq!(put.text_at("/name/familyName"), "C");
        assert_eq!(put.at("/id"), made.at("/id"));

        let off = operations(json!([{"op": "replace", "value": {"active": false}}]));
        assert_eq!(scim.patch(&path, off).await.expect(200).at("/active"), json!(false));
        whole["active"] = json!(true);
        assert_eq!(scim.put(&path, whole.clone()).await.expect(200).at("/active"), json!(true));
        whole["active"] = json!(false);
        assert_eq!(scim.put(&path, whole).await.expect(200).at("/active"), json!(false));
        let password = operations(json!([{"op": "replace", "value": {"password": "new"}}]));
        let before = scim.get(&path).await.expect(200);
        let after = scim.patch(&path, password).await.expect(200);
        assert_eq!(after.json(), before.json());
    }

    async fn an_inactive_user_who_is_created_again_comes_back(app: TestApp) {
        let scim = client(&app, "okta").await;
        let made = scim.post("/Users", create("00u1")).await.expect(201);
        let path = format!("/Users/{}", made.text_at("/id"));
        let group = made_group(&scim, "G", &[&made.text_at("/id")]).await;
        let off = operations(json!([{"op": "replace", "value": {"active": false}}]));
        scim.patch(&path, off.clone()).await.expect(200);
        refused(&scim.post("/Users", create("00u2")).await, 409, Some("uniqueness"));
        let again = scim.post("/Users", create("00u1")).await.expect(201);
        assert_eq!(again.at("/id"), made.at("/id"));
        assert_eq!(again.at("/active"), json!(true));
        assert_eq!(again.header("location"), again.text_at("/meta/location"));
        assert_eq!(members(&scim, &group).await.len(), 1);
        // Another profile answers that she is there.
        let generic = client(&app, "generic").await;
        let made = generic.post("/Users", create("00u1")).await.expect(201);
        generic.patch(&format!("/Users/{}", made.text_at("/id")), off).await.expect(200);
        refused(&generic.post("/Users", create("00u1")).await, 409, Some("uniqueness"));
    }

    async fn an_import_sees_each_user_once(app: TestApp) {
        let scim = client(&app, "okta").await;
        let mut made = Vec::new();
        for number in 0..7 {
            made.push(made_user(&scim, &format!("u{number}")).await);
            app.advance_s(1);
        }
        for count in [1, 2, 3, 7, 100] {
            let (mut seen, mut start) = (Vec::new(), 1);
            loop {
                let page = scim.get(&format!("/Users?startIndex={start}&count={count}")).await;
                let page = page.expect(200).json();
                assert!(page["totalResults"].is_i64() && page["itemsPerPage"].is_i64());
                assert_eq!(page["totalResults"], json!(7));
                assert_eq!(page["startIndex"], json!(start));
                let ids = page["Resources"].as_array().unwrap();
                seen.extend(ids.iter().map(|user| user["id"].as_str().unwrap().to_owned()));
                start += ids.len();
                if ids.is_empty() || seen.len() >= 7 {
                    break;
                }
            }
            assert_eq!(seen, made, "pages of {count}");
        }
    }

    async fn groups_are_pushed_renamed_filled_and_deleted(app: TestApp) {
        let scim = client(&app, "okta").await;
        let (a, b) = (made_user(&scim, "a").await, made_user(&scim, "b").await);
        let body = json!({"schemas": [GROUP], "displayName": "G", "members": []});
        let id = scim.post("/Groups", body).await.expect(201).text_at("/id");
        let path = format!("/Groups/{id}");
        let found = scim.get(&filter("/Groups", "displayName eq \"G\"")).await.expect(200);
        assert_eq!(found.at("/Resources/0/id"), json!(id));
        let rename =
            operations(json!([{"op": "replace", "value": {"id": id, "displayName": "H"}}]));
        assert_eq!(scim.patch(&path, rename).await.expect(200).text_at("/displayName"), "H");
        let other = operations(json!([{"op": "replace", "value": {"id": a, "displayName": "I"}}]));
        refused(&scim.patch(&path, other).await, 400, Some("mutability"));
        let change = operations(json!([
            {"op": "remove", "path": format!("members[value eq \"{a}\"]")},
            {"op": "add", "path": "members", "value": [{"value": b, "display": "b@x.org"}]},
        ]));
        let changed = scim.patch(&path, change).await.expect(200);
        assert_eq!(changed.text_at("/members/0/value"), b);
        assert!(changed.at("/members/0").get("display").is_none(), "its name is told on request");
        let push = operations(json!([{"op": "replace", "path": "members",
            "value": [{"value": a}, {"value": b}]}]));
        scim.patch(&path, push).await.expect(200);
        assert_eq!(members(&scim, &id).await, sorted(&[&a, &b]));
        scim.put(&path, group("H", &[&a])).await.expect(200);
        assert_eq!(members(&scim, &id).await, [a]);
        scim.delete(&path).await.expect(204);
        refused(&scim.get(&path).await, 404, None);
    }
}
