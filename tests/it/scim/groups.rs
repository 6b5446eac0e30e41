//! Groups and their members.

use serde_json::{Value, json};

use super::{
    GROUP, NOBODY, client, filter, group, made_group, made_user, members, operations, refused,
    sorted,
};
use crate::support::{Caller, TestApp};

/// Makes users `u0`, `u1`, ... and answers their ids.
async fn users(scim: &Caller, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(made_user(scim, &format!("u{number}")).await);
    }
    ids
}

fn values(ids: &[String]) -> Vec<Value> {
    ids.iter().map(|id| json!({"value": id})).collect()
}

on_both_engines! {
    async fn members_come_and_go_one_by_one(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = users(&scim, 3).await;
        let (a, b, c) = (ids[0].as_str(), ids[1].as_str(), ids[2].as_str());
        let made = scim.post("/Groups", group("Engineers", &[a, b, a])).await.expect(201);
        let id = made.text_at("/id");
        let path = format!("/Groups/{id}");
        assert_eq!(made.at("/members").as_array().unwrap().len(), 2);
        let reference = made.text_at("/members/0/$ref");
        assert_eq!(reference, format!("{}/scim/v2/Users/{}", app.url, made.text_at("/members/0/value")));
        assert_eq!(made.text_at("/members/0/type"), "User");

        let add = operations(json!([{"op": "add", "path": "members", "value": [{"value": c}]}]));
        let added = scim.patch(&path, add.clone()).await.expect(200);
        assert_ne!(added.header("etag"), made.header("etag"));
        assert_eq!(members(&scim, &id).await, sorted(&[a, b, c]));
        // Once more changes nothing.
        let again = scim.patch(&path, add).await.expect(200);
        assert_eq!(again.header("etag"), added.header("etag"));

        let remove = operations(json!([
            {"op": "remove", "path": format!("members[value eq \"{a}\"]")},
            {"op": "remove", "path": "members", "value": [{"value": b}]},
            {"op": "remove", "path": format!("members[value eq \"{NOBODY}\"]")},
        ]));
        let removed = scim.patch(&path, remove.clone()).await.expect(200);
        assert_eq!(members(&scim, &id).await, [c]);
        let again = scim.patch(&path, remove).await.expect(200);
        assert_eq!(again.header("etag"), removed.header("etag"));

        let by_name =
            operations(json!([{"op": "remove", "path": "members[display sw \"U2\"]"}]));
        scim.patch(&path, by_name).await.expect(200);
        assert!(members(&scim, &id).await.is_empty());
    }

    async fn put_sets_exactly_the_list_and_leaves_it_alone_without_one(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = users(&scim, 3).await;
        let (a, b, c) = (ids[0].as_str(), ids[1].as_str(), ids[2].as_str());
        let id = made_group(&scim, "Engineers", &[a, b]).await;
        let path = format!("/Groups/{id}");
        scim.put(&path, group("Engineers", &[b, c])).await.expect(200);
        assert_eq!(members(&scim, &id).await, sorted(&[b, c]));
        let renamed = json!({"schemas": [GROUP], "displayName": "Makers"});
        let reply = scim.put(&path, renamed).await.expect(200);
        assert_eq!(reply.text_at("/displayName"), "Makers");
        assert_eq!(members(&scim, &id).await, sorted(&[b, c]));
        let replace = operations(json!([{"op": "replace", "path": "members",
            "value": [{"value": a}]}]));
        scim.patch(&path, replace).await.expect(200);
        assert_eq!(members(&scim, &id).await, [a]);
        scim.put(&path, group("Makers", &[])).await.expect(200);
        assert!(members(&scim, &id).await.is_empty());
    }

    async fn the_strict_profile_empties_a_group_that_is_put_without_members(app: TestApp) {
        let scim = client(&app, "strict").await;
        let ids = users(&scim, 1).await;
        let id = made_group(&scim, "Engineers", &[&ids[0]]).await;
        let bare = json!({"schemas": [GROUP], "displayName": "Engineers"});
        scim.put(&format!("/Groups/{id}"), bare).await.expect(200);
        assert!(members(&scim, &id).await.is_empty());
    }

    async fn unknown_members_refuse_the_whole_request_and_are_listed(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = users(&scim, 2).await;
        let id = made_group(&scim, "Engineers", &[&ids[0]]).await;
        let before = scim.get(&format!("/Groups/{id}")).await.expect(200);
        for strange in [NOBODY, "no-id"] {
            let add = operations(json!([
                {"op": "replace", "path": "displayName", "value": "Other"},
                {"op": "add", "path": "members", "value": [{"value": ids[1]}, {"value": strange}]},
            ]));
            let reply = scim.patch(&format!("/Groups/{id}"), add).await;
            refused(&reply, 400, Some("invalidValue"));
            assert!(reply.text_at("/detail").contains(strange), "{reply}");
            let create = scim.post("/Groups", group("New", &[strange])).await;
            refused(&create, 400, Some("invalidValue"));
            let put = scim.put(&format!("/Groups/{id}"), group("Engineers", &[strange])).await;
            refused(&put, 400, Some("invalidValue"));
        }
        assert_eq!(scim.get(&format!("/Groups/{id}")).await.expect(200).json(), before.json());
        let found = scim.get(&filter("/Groups", "displayName eq \"New\"")).await.expect(200);
        assert_eq!(found.at("/totalResults"), json!(0));
    }

    async fn a_member_of_another_directory_is_unknown(app: TestApp) {
        let scim = client(&app, "generic").await;
        let stranger = client(&app, "okta").await;
        let theirs = made_user(&stranger, "ada").await;
        let reply = scim.post("/Groups", group("Engineers", &[&theirs])).await;
        refused(&reply, 400, Some("invalidValue"));
    }

    async fn a_deleted_user_leaves_her_groups_and_moves_their_versions(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = users(&scim, 2).await;
        let id = made_group(&scim, "Engineers", &[&ids[0], &ids[1]]).await;
        let before = scim.get(&format!("/Groups/{id}")).await.expect(200);
        scim.delete(&format!("/Users/{}", ids[0])).await.expect(204);
        let after = scim.get(&format!("/Groups/{id}")).await.expect(200);
        assert_eq!(members(&scim, &id).await, [ids[1].clone()]);
        assert_ne!(after.header("etag"), before.header("etag"));
        assert!(after.text_at("/meta/lastModified") > before.text_at("/meta/lastModified"));
        // The count that is kept is right: removing the other one empties the group.
        scim.delete(&format!("/Users/{}", ids[1])).await.expect(204);
        assert!(scim.get(&format!("/Groups/{id}")).await.expect(200).json().get("members").is_none());
    }

    async fn a_deleted_group_leaves_its_members_groups(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = users(&scim, 1).await;
        let id = made_group(&scim, "Engineers", &[&ids[0]]).await;
        let path = format!("/Users/{}", ids[0]);
        let in_it = scim.get(&path).await.expect(200);
        assert_eq!(in_it.text_at("/groups/0/display"), "Engineers");
        assert_eq!(in_it.text_at("/groups/0/type"), "direct");
        assert_eq!(in_it.text_at("/groups/0/$ref"), format!("{}/scim/v2/Groups/{id}", app.url));
        scim.delete(&format!("/Groups/{id}")).await.expect(204);
        refused(&scim.delete(&format!("/Groups/{id}")).await, 404, None);
        assert!(scim.get(&path).await.expect(200).json().get("groups").is_none());
        made_group(&scim, "engineers", &[]).await;
    }

    async fn a_taken_group_name_is_a_conflict_in_any_letter_case(app: TestApp) {
        let scim = client(&app, "generic").await;
        made_group(&scim, "Engineers", &[]).await;
        let other = made_group(&scim, "Makers", &[]).await;
        refused(&scim.post("/Groups", group("ENGINEERS", &[])).await, 409, Some("uniqueness"));
        let rename =
            operations(json!([{"op": "replace", "path": "displayName", "value": "engineers"}]));
        refused(&scim.patch(&format!("/Groups/{other}"), rename).await, 409, Some("uniqueness"));
    }

    async fn a_large_group_is_streamed_whole_and_answered_without_members(app: TestApp) {
        const COUNT: usize = 1_003;
        let scim = client(&app, "generic").await;
        let mut ids = Vec::new();
        for start in (0..COUNT).step_by(100) {
            let names = start..(start + 100).min(COUNT);
            let made = names.map(|number| {
                let scim = scim.clone();
                tokio::spawn(async move { made_user(&scim, &format!("u{number}")).await })
            });
            for task in made.collect::<Vec<_>>() {
                ids.push(task.await.unwrap());
            }
        }
        let body = json!({"schemas": [GROUP], "displayName": "All", "members": values(&ids)});
        let made = scim.post("/Groups", body).await.expect(201);
        assert!(made.json().get("members").is_none(), "D1");
        let id = made.text_at("/id");
        made_group(&scim, "Small", &[&ids[0]]).await;
        ids.sort();
        assert_eq!(members(&scim, &id).await, ids);
        let whole = scim.get(&format!("/Groups/{id}")).await.expect(200).json();
        assert_eq!(whole["members"].as_array().unwrap().len(), COUNT);
        let listed = scim.get("/Groups").await.expect(200).json();
        assert_eq!(listed["Resources"].as_array().unwrap().len(), 2);
        let lengths: Vec<usize> = listed["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["members"].as_array().unwrap().len())
            .collect();
        assert_eq!(lengths.iter().sum::<usize>(), COUNT + 1);
        // Named, the members come with the answer of a write as well.
        let add = operations(json!([{"op": "add", "path": "members",
            "value": [{"value": ids[0]}]}]));
        let path = format!("/Groups/{id}?attributes=members.value");
        let named = scim.patch(&path, add).await.expect(200).json();
        assert_eq!(named["members"].as_array().unwrap().len(), COUNT);
        assert_eq!(named["members"][0].as_object().unwrap().len(), 1);
        let bare = scim.get("/Groups?excludedAttributes=members").await.expect(200).json();
        assert!(bare["Resources"][0].get("members").is_none());
        // Exactly those who are not listed go.
        let kept: Vec<String> = ids.iter().skip(3).cloned().collect();
        let replace = operations(json!([{"op": "replace", "path": "members",
            "value": values(&kept)}]));
        scim.patch(&format!("/Groups/{id}"), replace).await.expect(200);
        assert_eq!(members(&scim, &id).await, kept);
    }

    async fn members_are_found_by_filter(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ids = users(&scim, 2).await;
        let one = made_group(&scim, "One", &[&ids[0]]).await;
        let two = made_group(&scim, "Two", &[&ids[0], &ids[1]]).await;
        let found = async |path: &str, text: &str| {
            let reply = scim.get(&filter(path, text)).await.expect(200);
            let mut found: Vec<String> = reply.at("/Resources").as_array().unwrap().iter()
                .map(|resource| resource["id"].as_str().unwrap().to_owned())
                .collect();
            found.sort();
            assert_eq!(reply.at("/totalResults"), json!(found.len()));
            found
        };
        let of = |id: &str| format!("members eq \"{id}\"");
        assert_eq!(found("/Groups", &of(&ids[0])).await, sorted(&[&one, &two]));
        assert_eq!(found("/Groups", &of(&ids[1])).await, std::slice::from_ref(&two));
        assert_eq!(found("/Groups", &format!("members.value eq \"{}\"", ids[1])).await, std::slice::from_ref(&two));
        let both = format!("id eq \"{one}\" and members eq \"{}\"", ids[0]);
        assert_eq!(found("/Groups", &both).await, std::slice::from_ref(&one));
        let none = format!("id eq \"{one}\" and members eq \"{}\"", ids[1]);
        assert!(found("/Groups", &none).await.is_empty());
        let not = format!("not (members[value eq \"{}\"])", ids[1]);
        assert_eq!(found("/Groups", &not).await, std::slice::from_ref(&one));
        assert_eq!(found("/Groups", "members.display sw \"u1\"").await, std::slice::from_ref(&two));
        let of_group = format!("groups.value eq \"{two}\"");
        assert_eq!(found("/Users", &of_group).await, sorted(&[&ids[0], &ids[1]]));
        let and = format!("groups[value eq \"{two}\"] and userName eq \"u1\"");
        assert_eq!(found("/Users", &and).await, [ids[1].clone()]);
    }
}
