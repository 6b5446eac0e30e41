//! Members that a client names before they come (D8), in directories that keep them.

use portico::domain::actor::Actor;
use portico::domain::group::{PENDING_IN_DIRECTORY_MAX, PENDING_IN_GROUP_MAX};
use portico::domain::id::{DirectoryId, GroupId, OrganizationId};
use portico::scim::Member;
use portico::store;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    GROUP, NOBODY, USER, group, made_group, made_user, members, operations, refused, sorted,
};
use crate::support::{Caller, TestApp};

/// A directory that keeps unknown members.
struct Keeping<'a> {
    app: &'a TestApp,
    organization: String,
    directory: String,
    scim: Caller,
}

impl<'a> Keeping<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let keeping = Self { app, organization, directory, scim: app.scim(&token) };
        keeping.set("pending").await;
        keeping
    }

    async fn set(&self, mode: &str) {
        let path = format!("/api/v1/directories/{}", self.directory);
        let body = json!({"unknown_members": mode});
        let changed = self.app.operator().patch(&path, body).await.expect(200);
        assert_eq!(changed.text_at("/unknown_members"), mode);
    }

    /// How many members are kept for a group, as the management API counts them.
    async fn kept(&self, group: &str) -> i64 {
        let path = format!("/api/v1/organizations/{}/groups?limit=100", self.organization);
        let listed = self.app.operator().get(&path).await.expect(200).at("/data");
        let found = listed.as_array().unwrap().iter().find(|one| one["id"] == group).unwrap();
        found["pending_count"].as_i64().unwrap()
    }

    async fn user(&self, name: &str, external_id: &str) -> Value {
        let body = json!({"schemas": [USER], "userName": name, "externalId": external_id});
        self.scim.post("/Users", body).await.expect(201).json()
    }

    async fn patch(&self, group: &str, operation: Value) -> u16 {
        let body = operations(json!([operation]));
        self.scim.patch(&format!("/Groups/{group}"), body).await.status
    }

    async fn add(&self, group: &str, value: &str) -> u16 {
        self.patch(group, json!({"op": "add", "path": "members", "value": [{"value": value}]}))
            .await
    }

    /// Writes members to be kept below the SCIM surface.
    async fn fill(&self, group: &str, values: std::ops::Range<i64>) {
        let directory = DirectoryId::parse(&self.directory).unwrap();
        let group = GroupId::parse(group).unwrap();
        let organization = OrganizationId::parse(&self.organization).unwrap();
        let members: Vec<Member> =
            values.map(|n| Member { value: format!("later-{n}"), kind: None }).collect();
        let runner = &self.app.app.runner;
        runner
            .write(Actor::System, organization, move |work| {
                let members = members.clone();
                Box::pin(async move {
                    store::pending::keep(&mut work.scope(), directory, group, &members).await?;
                    Ok(())
                })
            })
            .await
            .unwrap();
    }
}

on_both_engines! {
    async fn an_unknown_member_is_kept_unseen_and_joins_when_she_comes_d8(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let rule = json!({"name": "Crew", "when": "groups.display eq \"Crew\"", "role": "auditor"});
        let rules = format!("/api/v1/organizations/{}/mapping-rules", acme.organization);
        app.operator().post(&rules, rule).await.expect(201);
        let bob = made_user(&acme.scim, "bob").await;
        let body = json!({"schemas": [GROUP], "displayName": "Crew",
            "members": [{"value": bob}, {"value": "ext-ada"}, {"value": "ext-ada", "type": "User"}]});
        let made = acme.scim.post("/Groups", body).await.expect(201);
        assert_eq!(made.at("/members").as_array().unwrap().len(), 1);
        let id = made.text_at("/id");
        assert_eq!(acme.add(&id, NOBODY).await, 200);
        let before = acme.scim.get(&format!("/Groups/{id}")).await.expect(200);
        assert_eq!(before.header("etag"), made.header("etag"), "nothing that is shown changed");
        assert_eq!(acme.kept(&id).await, 2);

        app.advance_s(1);
        let ada = acme.user("ada", "ext-ada").await;
        assert_eq!(ada["groups"][0]["value"], json!(id));
        let ada = ada["id"].as_str().unwrap();
        assert_eq!(members(&acme.scim, &id).await, sorted(&[&bob, ada]));
        let after = acme.scim.get(&format!("/Groups/{id}")).await.expect(200);
        assert_ne!(after.header("etag"), before.header("etag"));
        assert!(after.text_at("/meta/lastModified") > before.text_at("/meta/lastModified"));
        assert_eq!(acme.kept(&id).await, 1);
        let access = app.operator().get(&format!("/api/v1/users/{ada}/access")).await.expect(200);
        assert_eq!(access.at("/grants/0/role"), "auditor");
    }

    async fn who_gets_the_external_id_later_joins_then(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let ada = made_user(&acme.scim, "ada").await;
        let id = made_group(&acme.scim, "Crew", &["ext-ada"]).await;
        let set = operations(json!([{"op": "add", "path": "externalId", "value": "ext-ada"}]));
        let changed = acme.scim.patch(&format!("/Users/{ada}"), set).await.expect(200);
        assert_eq!(changed.text_at("/groups/0/value"), id);
        assert_eq!(members(&acme.scim, &id).await, [ada]);
    }

    async fn who_has_the_external_id_already_joins_and_leaves_by_it(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let ada = acme.user("ada", "ext-ada").await["id"].as_str().unwrap().to_owned();
        let id = made_group(&acme.scim, "Crew", &["ext-ada"]).await;
        assert_eq!(members(&acme.scim, &id).await, [ada.as_str()]);
        let remove = json!({"op": "remove", "path": "members[value eq \"ext-ada\"]"});
        assert_eq!(acme.patch(&id, remove).await, 200);
        assert!(members(&acme.scim, &id).await.is_empty());
        assert_eq!(acme.kept(&id).await, 0);
    }

    async fn a_group_that_comes_later_is_nested_then(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let ada = made_user(&acme.scim, "ada").await;
        let outer = made_group(&acme.scim, "Outer", &["ext-inner"]).await;
        let body = json!({"schemas": [GROUP], "displayName": "Inner", "externalId": "ext-inner",
            "members": [{"value": ada}]});
        let inner = acme.scim.post("/Groups", body).await.expect(201).text_at("/id");
        assert_eq!(members(&acme.scim, &outer).await, [inner.as_str()]);
        let read = acme.scim.get(&format!("/Users/{ada}")).await.expect(200);
        assert_eq!(read.at("/groups").as_array().unwrap().len(), 2);
        assert_eq!(acme.kept(&outer).await, 0);
        // One that would close a circle comes, and is no member.
        assert_eq!(acme.add(&inner, "ext-top").await, 200);
        let body = json!({"schemas": [GROUP], "displayName": "Top", "externalId": "ext-top",
            "members": [{"value": outer}]});
        acme.scim.post("/Groups", body).await.expect(201);
        assert_eq!(members(&acme.scim, &inner).await, [ada.as_str()]);
        assert_eq!(acme.kept(&inner).await, 0);
        // A group that is given the id later comes as well.
        assert_eq!(acme.add(&outer, "ext-late").await, 200);
        let late = made_group(&acme.scim, "Late", &[]).await;
        let set = json!({"op": "add", "path": "externalId", "value": "ext-late"});
        assert_eq!(acme.patch(&late, set).await, 200);
        assert_eq!(members(&acme.scim, &outer).await, sorted(&[&inner, &late]));
    }

    async fn a_type_that_was_said_waits_for_its_kind(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let body = json!({"schemas": [GROUP], "displayName": "Crew",
            "members": [{"value": "ext", "type": "Group"}]});
        let id = acme.scim.post("/Groups", body).await.expect(201).text_at("/id");
        acme.user("ada", "ext").await;
        assert!(members(&acme.scim, &id).await.is_empty());
        let body = json!({"schemas": [GROUP], "displayName": "Inner", "externalId": "ext"});
        let inner = acme.scim.post("/Groups", body).await.expect(201).text_at("/id");
        assert_eq!(members(&acme.scim, &id).await, [inner]);
    }

    async fn who_is_taken_off_the_list_is_not_waited_for(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let all = ["ext-a", "ext-b", "ext-c", "ext-d"];
        let id = made_group(&acme.scim, "Crew", &all).await;
        let steps = [
            (json!({"op": "remove", "path": "members[value eq \"ext-a\"]"}), 3),
            (json!({"op": "remove", "path": "members", "value": [{"value": "ext-b"}]}), 2),
            (json!({"op": "replace", "path": "members", "value": [{"value": "ext-d"}]}), 1),
        ];
        for (step, left) in steps {
            assert_eq!(acme.patch(&id, step).await, 200);
            assert_eq!(acme.kept(&id).await, left);
        }
        for name in ["a", "b", "c"] {
            let user = acme.user(name, &format!("ext-{name}")).await;
            assert!(user.get("groups").is_none(), "{user}");
        }
        assert_eq!(acme.patch(&id, json!({"op": "remove", "path": "members"})).await, 200);
        assert!(acme.user("d", "ext-d").await.get("groups").is_none());
        assert!(members(&acme.scim, &id).await.is_empty());
    }

    async fn nobody_waits_for_a_group_that_is_gone_or_a_directory_that_refuses(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let gone = made_group(&acme.scim, "Gone", &["ext-a"]).await;
        acme.scim.delete(&format!("/Groups/{gone}")).await.expect(204);
        assert!(acme.user("a", "ext-a").await.get("groups").is_none());
        let id = made_group(&acme.scim, "Crew", &["ext-b"]).await;
        acme.set("refuse").await;
        assert_eq!(acme.kept(&id).await, 0);
        assert!(acme.user("b", "ext-b").await.get("groups").is_none());
        let reply = acme.scim.post("/Groups", group("New", &["ext-c"])).await;
        refused(&reply, 400, Some("invalidValue"));
        assert!(reply.text_at("/detail").contains("ext-c"), "{reply}");
    }

    async fn what_is_no_id_at_all_is_not_kept(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let id = made_group(&acme.scim, "Crew", &[]).await;
        for value in ["line\nbreak", &"x".repeat(513)] {
            assert_eq!(acme.add(&id, value).await, 400);
        }
        assert_eq!(acme.kept(&id).await, 0);
        let mode = json!({"unknown_members": "keep"});
        let path = format!("/api/v1/directories/{}", acme.directory);
        app.operator().patch(&path, mode).await.expect_problem(422, "invalid");
    }

    async fn a_group_keeps_as_many_as_the_limit_and_no_more(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let id = made_group(&acme.scim, "Crew", &[]).await;
        acme.fill(&id, 0..PENDING_IN_GROUP_MAX - 1).await;
        assert_eq!(acme.add(&id, "one-more").await, 200);
        assert_eq!(acme.add(&id, "one-more").await, 200);
        assert_eq!(acme.add(&id, "too-many").await, 400);
        assert_eq!(acme.kept(&id).await, PENDING_IN_GROUP_MAX);
    }

    async fn a_directory_keeps_as_many_as_the_limit_and_no_more(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let of_each = PENDING_IN_GROUP_MAX;
        for number in 0..PENDING_IN_DIRECTORY_MAX / of_each {
            let id = made_group(&acme.scim, &format!("g{number}"), &[]).await;
            acme.fill(&id, i64::from(number == 0)..of_each).await;
        }
        let id = made_group(&acme.scim, "Last", &[]).await;
        assert_eq!(acme.add(&id, "one-more").await, 200);
        assert_eq!(acme.add(&id, "too-many").await, 400);
        assert_eq!(acme.kept(&id).await, 1);
    }

    async fn who_comes_while_she_is_named_is_a_member_in_the_end(app: TestApp) {
        let acme = Keeping::new(&app).await;
        let id = made_group(&acme.scim, "Crew", &[]).await;
        let mut expected = Vec::new();
        for number in 0..10 {
            let name = format!("ext-{number}");
            let (scim, path) = (acme.scim.clone(), format!("/Groups/{id}"));
            let value = json!([{"value": name}]);
            let add = operations(json!([{"op": "add", "path": "members", "value": value}]));
            let mut adding = JoinSet::new();
            adding.spawn(async move { scim.patch(&path, add).await });
            let user = acme.user(&format!("u{number}"), &name).await;
            expected.push(user["id"].as_str().unwrap().to_owned());
            assert_eq!(adding.join_next().await.unwrap().unwrap().status, 200);
        }
        expected.sort();
        assert_eq!(members(&acme.scim, &id).await, expected);
        assert_eq!(acme.kept(&id).await, 0);
    }
}
