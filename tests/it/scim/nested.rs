//! Groups as members of groups (C42, C43, C45).

use std::collections::BTreeSet;

use portico::domain::actor::Actor;
use portico::domain::group::Group;
use portico::domain::id::{DirectoryId, OrganizationId};
use portico::domain::nesting::{DEPTH_MAX, NESTED_MAX};
use portico::scim::Resource;
use portico::store;
use serde_json::{Value, json};

use super::{
    ENTERPRISE, GROUP, client, filter, group, made_group, made_user, members, operations, refused,
    sorted,
};
use crate::support::{Caller, TestApp};

/// A member of this type.
fn typed(id: &str, kind: &str) -> Value {
    json!({"value": id, "type": kind})
}

/// A PATCH that adds members.
fn add(members: Value) -> Value {
    operations(json!([{"op": "add", "path": "members", "value": members}]))
}

/// The version and the time of the last change.
async fn stamp(scim: &Caller, id: &str) -> (String, String) {
    let read = scim.get(&format!("/Groups/{id}?excludedAttributes=members")).await.expect(200);
    (read.header("etag").to_owned(), read.text_at("/meta/lastModified"))
}

/// A user's groups, as `name type`, sorted.
async fn groups_of(scim: &Caller, user: &str) -> Vec<String> {
    let read = scim.get(&format!("/Users/{user}")).await.expect(200).json();
    shown_groups(&read)
}

fn shown_groups(user: &Value) -> Vec<String> {
    let groups = user["groups"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let named =
        groups.iter().map(|one| format!("{} {}", text(&one["display"]), text(&one["type"])));
    let mut named: Vec<String> = named.collect();
    named.sort();
    named
}

/// The ids that a filter finds, sorted.
async fn found(scim: &Caller, path: &str, text: &str) -> Vec<String> {
    let reply = scim.get(&filter(path, text)).await.expect(200);
    let listed = reply.at("/Resources");
    let ids = listed.as_array().unwrap().iter();
    let ids: Vec<&str> = ids.map(|resource| resource["id"].as_str().unwrap()).collect();
    assert_eq!(reply.at("/totalResults"), json!(ids.len()));
    sorted(&ids)
}

on_both_engines! {
    async fn a_group_is_a_member_whether_its_type_is_said_or_found_out_c43(app: TestApp) {
        let scim = client(&app, "strict").await;
        let ada = made_user(&scim, "ada").await;
        let inner = made_group(&scim, "Inner", &[]).await;
        let other = made_group(&scim, "Other", &[]).await;
        let body = json!({"schemas": [GROUP], "displayName": "Outer", "members": [
            {"value": ada}, {"value": inner, "$ref": null},
            {"value": other, "type": "group", "display": "whatever"}]});
        let made = scim.post("/Groups", body).await.expect(201);
        let id = made.text_at("/id");
        for reply in [made, scim.get(&format!("/Groups/{id}")).await.expect(200)] {
            let shown = reply.at("/members");
            let of = |id: &str| {
                let all = shown.as_array().unwrap();
                all.iter().find(|member| member["value"] == id).cloned().unwrap()
            };
            assert_eq!(shown.as_array().unwrap().len(), 3);
            assert_eq!(of(&ada)["type"], "User");
            assert_eq!(of(&inner), json!({"value": inner, "type": "Group",
                "$ref": format!("{}/scim/v2/Groups/{inner}", app.url)}));
            assert_eq!(of(&other)["type"], "Group");
        }
        // Once more changes nothing.
        let before = stamp(&scim, &id).await;
        scim.patch(&format!("/Groups/{id}"), add(json!([typed(&inner, "Group")]))).await.expect(200);
        assert_eq!(stamp(&scim, &id).await, before);
    }

    async fn groups_come_and_go_as_users_do_e14_k13(app: TestApp) {
        let scim = client(&app, "entra").await;
        let ada = made_user(&scim, "ada").await;
        let [a, b] = [made_group(&scim, "A", &[]).await, made_group(&scim, "B", &[]).await];
        let id = made_group(&scim, "Outer", &[&ada]).await;
        let path = format!("/Groups/{id}");
        let start = stamp(&scim, &id).await;
        let both = json!([{"$ref": null, "value": a}, {"$ref": null, "value": b}]);
        scim.patch(&path, add(both)).await.expect(200);
        assert_eq!(members(&scim, &id).await, sorted(&[&ada, &a, &b]));
        let grown = stamp(&scim, &id).await;
        assert!(grown.0 != start.0 && grown.1 > start.1, "{start:?} {grown:?}");
        let steps: [(Value, &[&str]); 6] = [
            (json!({"op": "Remove", "path": format!("members[value eq \"{a}\"]")}), &[&ada, &b]),
            (json!({"op": "Remove", "path": format!("members[value eq \"{a}\"]")}), &[&ada, &b]),
            (json!({"op": "Add", "path": "members", "value": a}), &[&ada, &a, &b]),
            (json!({"op": "Remove", "path": "members", "value": [{"value": b}]}), &[&ada, &a]),
            (json!({"op": "Remove", "path": "members[type eq \"User\"]"}), &[&a]),
            (json!({"op": "Replace", "path": "members", "value": [{"value": b}]}), &[&b]),
        ];
        for (step, left) in steps {
            scim.patch(&path, operations(json!([step]))).await.expect(200);
            assert_eq!(members(&scim, &id).await, sorted(left), "{step}");
        }
        scim.put(&path, json!({"schemas": [GROUP], "displayName": "Outer"})).await.expect(200);
        assert_eq!(members(&scim, &id).await, sorted(&[&b]));
        scim.put(&path, group("Outer", &[&a, &ada])).await.expect(200);
        assert_eq!(members(&scim, &id).await, sorted(&[&ada, &a]));
        scim.patch(&path, operations(json!([{"op": "remove", "path": "members"}]))).await.expect(200);
        assert!(members(&scim, &id).await.is_empty());
    }

    async fn steps_of_one_request_see_the_groups_that_came_before_them(app: TestApp) {
        let scim = client(&app, "generic").await;
        let [a, b] = [made_group(&scim, "A", &[]).await, made_group(&scim, "B", &[]).await];
        let id = made_group(&scim, "Outer", &[&a]).await;
        let before = stamp(&scim, &id).await;
        let nothing = operations(json!([
            {"op": "add", "path": "members", "value": [{"value": b}]},
            {"op": "remove", "path": "members[display eq \"b\"]"},
            {"op": "remove", "path": "members", "value": [{"value": a}]},
            {"op": "add", "path": "members", "value": [{"value": a}]},
        ]));
        scim.patch(&format!("/Groups/{id}"), nothing).await.expect(200);
        assert_eq!(stamp(&scim, &id).await, before);
        assert_eq!(members(&scim, &id).await, sorted(&[&a]));
    }

    async fn a_wrong_type_of_an_id_that_is_there_is_refused_c43(app: TestApp) {
        let scim = client(&app, "generic").await;
        let (ada, bob) = (made_user(&scim, "ada").await, made_user(&scim, "bob").await);
        let inner = made_group(&scim, "Inner", &[]).await;
        let id = made_group(&scim, "Outer", &[&bob]).await;
        for wrong in [typed(&ada, "Group"), typed(&bob, "Group"), typed(&inner, "User")] {
            let named = wrong["value"].as_str().unwrap().to_owned();
            let reply = scim.patch(&format!("/Groups/{id}"), add(json!([wrong]))).await;
            refused(&reply, 400, Some("invalidValue"));
            assert!(reply.text_at("/detail").contains(&named), "{reply}");
            let body = json!({"schemas": [GROUP], "displayName": "New", "members": [wrong]});
            refused(&scim.post("/Groups", body).await, 400, Some("invalidValue"));
        }
        let robot = add(json!([typed(&ada, "Robot")]));
        refused(&scim.patch(&format!("/Groups/{id}"), robot).await, 400, Some("invalidValue"));
        assert_eq!(members(&scim, &id).await, sorted(&[&bob]));
        assert!(found(&scim, "/Groups", "displayName eq \"New\"").await.is_empty());
    }

    async fn a_group_of_another_directory_is_unknown(app: TestApp) {
        let (scim, stranger) = (client(&app, "generic").await, client(&app, "okta").await);
        let theirs = made_group(&stranger, "Theirs", &[]).await;
        for member in [json!({"value": theirs}), typed(&theirs, "Group")] {
            let body = json!({"schemas": [GROUP], "displayName": "Ours", "members": [member]});
            refused(&scim.post("/Groups", body).await, 400, Some("invalidValue"));
        }
    }

    async fn no_group_holds_itself_and_a_circle_is_refused_by_name_c45(app: TestApp) {
        let scim = client(&app, "generic").await;
        let lyon = made_group(&scim, "Lyon", &[]).await;
        let south = made_group(&scim, "South", &[&lyon]).await;
        let france = made_group(&scim, "France", &[&south]).await;
        let own = scim.patch(&format!("/Groups/{lyon}"), add(json!([{"value": lyon}]))).await;
        refused(&own, 400, Some("invalidValue"));
        assert!(own.text_at("/detail").contains("itself"), "{own}");
        let before = scim.get(&format!("/Groups/{lyon}")).await.expect(200).json();
        let change = operations(json!([
            {"op": "replace", "path": "displayName", "value": "Elsewhere"},
            {"op": "add", "path": "members", "value": [typed(&france, "Group")]},
        ]));
        let circle = scim.patch(&format!("/Groups/{lyon}"), change).await;
        refused(&circle, 400, Some("invalidValue"));
        let said = circle.text_at("/detail");
        assert!(said.ends_with("Lyon > France > South > Lyon"), "{said}");
        assert_eq!(scim.get(&format!("/Groups/{lyon}")).await.expect(200).json(), before);
        // A second way to the same group is none.
        scim.patch(&format!("/Groups/{france}"), add(json!([{"value": lyon}]))).await.expect(200);
    }

    async fn a_chain_of_groups_ends_at_the_limit(app: TestApp) {
        let scim = client(&app, "generic").await;
        let mut chain = vec![made_group(&scim, "g1", &[]).await];
        for number in 2..=DEPTH_MAX {
            let below = chain.last().unwrap().clone();
            chain.push(made_group(&scim, &format!("g{number}"), &[&below]).await);
        }
        let top = chain.last().unwrap();
        refused(&scim.post("/Groups", group("higher", &[top])).await, 400, Some("invalidValue"));
        let single = made_group(&scim, "single", &[]).await;
        let deeper = add(json!([{"value": single}]));
        let reply = scim.patch(&format!("/Groups/{}", chain[0]), deeper.clone()).await;
        refused(&reply, 400, Some("invalidValue"));
        assert!(reply.text_at("/detail").contains(&DEPTH_MAX.to_string()), "{reply}");
        scim.patch(&format!("/Groups/{}", chain[1]), deeper).await.expect(200);
        let ada = made_user(&scim, "ada").await;
        let member = add(json!([{"value": ada}]));
        scim.patch(&format!("/Groups/{}", chain[0]), member).await.expect(200);
        let groups = groups_of(&scim, &ada).await;
        assert_eq!(groups.len(), DEPTH_MAX);
        assert_eq!(groups.iter().filter(|one| one.ends_with(" indirect")).count(), DEPTH_MAX - 1);
    }

    async fn a_user_shows_direct_and_indirect_groups_everywhere_c38(app: TestApp) {
        let scim = client(&app, "generic").await;
        let (ada, bob) = (made_user(&scim, "ada").await, made_user(&scim, "bob").await);
        let lyon = made_group(&scim, "Lyon", &[&ada]).await;
        let south = made_group(&scim, "South", &[&lyon, &bob]).await;
        let france = made_group(&scim, "France", &[&south, &bob]).await;
        let all = made_group(&scim, "All", &[&france, &lyon]).await;
        let of_ada = ["All indirect", "France indirect", "Lyon direct", "South indirect"];
        let of_bob = ["All indirect", "France direct", "South direct"];
        assert_eq!(groups_of(&scim, &ada).await, of_ada);
        assert_eq!(groups_of(&scim, &bob).await, of_bob);
        let listed = scim.get("/Users").await.expect(200).at("/Resources");
        let listed = |id: &str| {
            let all = listed.as_array().unwrap().iter();
            all.clone().find(|user| user["id"] == id).unwrap().clone()
        };
        assert_eq!(shown_groups(&listed(&ada)), of_ada);
        assert_eq!(shown_groups(&listed(&bob)), of_bob);
        let shown = listed(&ada)["groups"].clone();
        let above = shown.as_array().unwrap().iter().find(|one| one["value"] == all).unwrap();
        let reference = &above["$ref"];
        assert_eq!(*reference, format!("{}/scim/v2/Groups/{all}", app.url));
        let titled = operations(json!([{"op": "add", "path": "title", "value": "x"}]));
        let patched = scim.patch(&format!("/Users/{ada}"), titled).await.expect(200).json();
        assert_eq!(shown_groups(&patched), of_ada);
        // What the client sends of it is nothing to us.
        let only = scim.get(&format!("/Users/{bob}?attributes=groups.type")).await.expect(200);
        assert_eq!(only.at("/groups").as_array().unwrap().len(), 3);
    }

    async fn filters_mean_what_is_shown_c71(app: TestApp) {
        let scim = client(&app, "generic").await;
        let (ada, bob) = (made_user(&scim, "ada").await, made_user(&scim, "bob").await);
        let cleo = made_user(&scim, "cleo").await;
        let lyon = made_group(&scim, "Lyon", &[&ada]).await;
        let south = made_group(&scim, "South", &[&lyon, &bob]).await;
        let of = async |path: &str, text: String| found(&scim, path, &text).await;
        assert_eq!(of("/Users", format!("groups.value eq \"{south}\"")).await, sorted(&[&ada, &bob]));
        assert_eq!(of("/Users", format!("groups eq \"{lyon}\"")).await, sorted(&[&ada]));
        let both = format!("groups[value eq \"{south}\" and type eq \"direct\"]");
        assert_eq!(of("/Users", both).await, sorted(&[&bob]));
        assert_eq!(of("/Users", "groups.type eq \"indirect\"".into()).await, sorted(&[&ada]));
        assert_eq!(of("/Users", "groups.display eq \"south\"".into()).await, sorted(&[&ada, &bob]));
        assert_eq!(of("/Users", "not (groups pr)".into()).await, sorted(&[&cleo]));
        assert_eq!(of("/Groups", format!("members.value eq \"{lyon}\"")).await, sorted(&[&south]));
        assert_eq!(of("/Groups", format!("members eq \"{lyon}\"")).await, sorted(&[&south]));
        // A group shows its own members, so it is found by those alone.
        assert_eq!(of("/Groups", format!("members eq \"{ada}\"")).await, sorted(&[&lyon]));
        let none = format!("id eq \"{lyon}\" and members eq \"{lyon}\"");
        assert!(of("/Groups", none).await.is_empty());
        let not = format!("not (members[value eq \"{lyon}\"])");
        assert_eq!(of("/Groups", not).await, sorted(&[&lyon]));
        assert_eq!(of("/Groups", "members.type eq \"Group\"".into()).await, sorted(&[&south]));
        assert_eq!(of("/Groups", "members.display eq \"LYON\"".into()).await, sorted(&[&south]));
    }

    async fn a_deleted_group_leaves_its_groups_and_its_members_groups_c132(app: TestApp) {
        let scim = client(&app, "generic").await;
        let (ada, bob) = (made_user(&scim, "ada").await, made_user(&scim, "bob").await);
        let lyon = made_group(&scim, "Lyon", &[&ada]).await;
        let south = made_group(&scim, "South", &[&lyon, &bob]).await;
        let france = made_group(&scim, "France", &[&south]).await;
        let (above, below) = (stamp(&scim, &france).await, stamp(&scim, &lyon).await);
        app.advance_s(1);
        scim.delete(&format!("/Groups/{south}")).await.expect(204);
        assert!(members(&scim, &france).await.is_empty());
        let now = stamp(&scim, &france).await;
        assert!(now.0 != above.0 && now.1 > above.1, "C31");
        assert_eq!(stamp(&scim, &lyon).await, below);
        assert_eq!(groups_of(&scim, &ada).await, ["Lyon direct"]);
        assert!(groups_of(&scim, &bob).await.is_empty());
        // The count that is kept is right: the group may hold members again.
        scim.put(&format!("/Groups/{france}"), group("France", &[&lyon])).await.expect(200);
        assert_eq!(groups_of(&scim, &ada).await, ["France indirect", "Lyon direct"]);
        // A user who goes moves the groups that show her, and no other.
        let (above, below) = (stamp(&scim, &france).await, stamp(&scim, &lyon).await);
        scim.delete(&format!("/Users/{ada}")).await.expect(204);
        assert_eq!(stamp(&scim, &france).await, above);
        assert_ne!(stamp(&scim, &lyon).await.0, below.0);
    }

    async fn a_manager_who_is_deleted_stays_as_text_d8(app: TestApp) {
        let scim = client(&app, "generic").await;
        let (ada, bob) = (made_user(&scim, "ada").await, made_user(&scim, "bob").await);
        let path = format!("{}:manager", ENTERPRISE);
        let set = operations(json!([{"op": "add", "path": path, "value": {"value": bob}}]));
        let before = scim.patch(&format!("/Users/{ada}"), set).await.expect(200);
        scim.delete(&format!("/Users/{bob}")).await.expect(204);
        let after = scim.get(&format!("/Users/{ada}")).await.expect(200);
        assert_eq!(after.json(), before.json());
        assert_eq!(found(&scim, "/Users", &format!("manager eq \"{bob}\"")).await, [ada]);
    }

    async fn the_management_api_shows_groups_among_the_members(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (_, token) = app.directory(&organization, "generic").await;
        let scim = app.scim(&token);
        let ada = made_user(&scim, "ada").await;
        let inner = made_group(&scim, "Inner", &[]).await;
        let id = made_group(&scim, "Outer", &[&ada, &inner]).await;
        let operator = app.operator();
        let path = format!("/api/v1/groups/{id}/members?limit=1");
        let first = operator.get(&path).await.expect(200);
        let next = format!("{path}&after={}", first.text_at("/next"));
        let second = operator.get(&next).await.expect(200);
        assert_eq!(second.at("/next"), Value::Null);
        let mut shown = vec![first.at("/data/0"), second.at("/data/0")];
        shown.sort_by_key(|member| member["type"].as_str().unwrap().to_owned());
        assert_eq!(shown, [
            json!({"id": inner, "type": "Group", "display": "Inner"}),
            json!({"id": ada, "type": "User", "display": "ada"}),
        ]);
        let groups = operator.get("/api/v1/organizations/acme/groups").await.expect(200);
        let listed = groups.at("/data");
        let outer = listed.as_array().unwrap().iter().find(|group| group["id"] == id).unwrap();
        assert_eq!((&outer["member_count"], &outer["pending_count"]), (&json!(2), &json!(0)));
    }

    async fn lists_hold_the_groups_within_groups(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ada = made_user(&scim, "ada").await;
        let inner = made_group(&scim, "Inner", &[&ada]).await;
        let outer = made_group(&scim, "Outer", &[&inner, &ada]).await;
        let listed = scim.get("/Groups").await.expect(200).at("/Resources");
        let kinds = |id: &str| {
            let mut all = listed.as_array().unwrap().iter();
            let group = all.find(|group| group["id"] == id).unwrap();
            let members = group["members"].as_array().unwrap();
            let kinds: Vec<&str> = members.iter().map(|one| one["type"].as_str().unwrap()).collect();
            sorted(&kinds)
        };
        assert_eq!(kinds(&inner), ["User"]);
        assert_eq!(kinds(&outer), ["Group", "User"]);
    }

    async fn an_organization_nests_as_many_groups_as_the_limit_and_no_more(app: TestApp) {
        const HOLDERS: i64 = 400;
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let (directory, scim) = (DirectoryId::parse(&directory).unwrap(), app.scim(&token));
        let organization = OrganizationId::parse(&organization).unwrap();
        let filled = app.app.runner.write(Actor::System, organization, move |work| {
            Box::pin(async move {
                let (mut holders, mut held) = (Vec::new(), BTreeSet::new());
                for number in 0..HOLDERS + NESTED_MAX / HOLDERS {
                    let name = json!({"displayName": format!("g{number}")});
                    let document = Resource::from_stored(name.as_object().unwrap().clone());
                    let one = Group::provisioned(work.id(), directory, &document, work.at);
                    store::group::insert(&mut work.scope(), &one).await?;
                    if number < HOLDERS {
                        holders.push(one.id);
                    } else {
                        held.insert(one.id);
                    }
                }
                let mut fewer = held.clone();
                fewer.pop_first();
                for (at, holder) in holders.into_iter().enumerate() {
                    let members = if at == 0 { &fewer } else { &held };
                    store::nesting::add(&mut work.scope(), directory, holder, members).await?;
                }
                Ok(store::nesting::count(&mut work.scope()).await?)
            })
        });
        assert_eq!(filled.await.unwrap(), NESTED_MAX - 1);
        let inner = made_group(&scim, "Inner", &[]).await;
        made_group(&scim, "The last one", &[&inner]).await;
        let reply = scim.post("/Groups", group("One too many", &[&inner])).await;
        refused(&reply, 400, Some("invalidValue"));
        assert!(reply.text_at("/detail").contains(&NESTED_MAX.to_string()), "{reply}");
    }
}
