//! The brake: what a directory takes away beyond its limit is held (S27).

use portico::domain::brake::{HELD_S, KEPT_S, UNUSUAL_COUNT, UNUSUAL_WINDOW_S};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::world::World;
use crate::support::{Caller, Reply, SignIn, TestApp};

/// Acme with a site, a rule for a group, and so many people in the group.
struct Crew<'a> {
    acme: World<'a>,
    group: String,
    people: Vec<String>,
}

impl<'a> Crew<'a> {
    async fn new(app: &'a TestApp, count: usize) -> Self {
        let acme = World::new(app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let mut people = Vec::new();
        for number in 0..count {
            people.push(acme.user(&format!("u{number}")).await);
        }
        let ids: Vec<&str> = people.iter().map(String::as_str).collect();
        let group = acme.group("Lyon crew", &ids).await;
        Self { acme, group, people }
    }
    async fn brake(&self, limit: Value) {
        let path = format!("/api/v1/directories/{}", self.acme.directory);
        let body = json!({"max_removals": limit});
        let set = self.acme.operator.patch(&path, body).await.expect(200);
        assert_eq!(set.at("/max_removals/window_s"), limit["window_s"]);
    }
    async fn may(&self, person: usize) -> bool {
        self.acme.may(&self.people[person], "work_orders.execute", "lyon").await
    }
    async fn deactivate(&self, person: usize) {
        self.acme.set(&self.people[person], "active", json!(false)).await;
    }
    async fn held(&self) -> Vec<Value> {
        let path = format!("/api/v1/directories/{}/held", self.acme.directory);
        self.acme.operator.get(&path).await.expect(200).at("/data").as_array().unwrap().clone()
    }
    async fn say(&self, word: &str, body: Value) -> Reply {
        let path = format!("/api/v1/directories/{}/held/{word}", self.acme.directory);
        self.acme.operator.post(&path, body).await
    }
    async fn told(&self, name: &str) -> Vec<Value> {
        let directory = self.acme.directory.clone();
        self.acme.events(name, &directory).await
    }
}

const ONE: &str = "{\"count\": 1, \"window_s\": 3600}";

fn one() -> Value {
    serde_json::from_str(ONE).unwrap()
}

/// Signs a person in; the subject is her external id.
async fn sign_in(crew: &Crew<'_>, provider: &SignIn, person: usize) -> (Caller, u16) {
    let browser = crew.acme.app.browser().with_header("origin", &crew.acme.app.url);
    let reply = provider.by(&browser, &format!("ext-{person}")).await;
    (browser, reply.status)
}

async fn provider(crew: &Crew<'_>) -> SignIn {
    for (number, person) in crew.people.iter().enumerate() {
        crew.acme.set(person, "externalId", json!(format!("ext-{number}"))).await;
    }
    SignIn::connect(crew.acme.app, &crew.acme.organization, &crew.acme.directory, &[]).await
}

on_both_engines! {
    async fn deactivations_beyond_the_limit_are_answered_and_the_loss_is_held_s27(app: TestApp) {
        let crew = Crew::new(&app, 3).await;
        crew.brake(one()).await;
        crew.deactivate(0).await;
        assert!(!crew.may(0).await, "the first lies within the limit");
        assert_eq!(crew.held().await, Vec::<Value>::new());
        crew.deactivate(1).await;
        // SCIM's state is stored, the access stays.
        let path = format!("/Users/{}", crew.people[1]);
        assert_eq!(crew.acme.scim.get(&path).await.expect(200).at("/active"), false);
        let found = crew.acme.scim.get("/Users?filter=active+eq+true").await.expect(200);
        assert_eq!(found.at("/totalResults"), 1);
        assert!(crew.may(1).await);
        let held = crew.held().await;
        assert_eq!(held.len(), 1);
        assert_eq!(held[0]["id"], crew.people[1].as_str());
        assert_eq!((&held[0]["loss"], &held[0]["state"]), (&json!("deactivated"), &json!("held")));
        assert_eq!(held[0]["due_at"], "2026-11-22T10:00:00.000000Z");
        let told = crew.told("provisioning.held").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["users"], json!([crew.people[1]]));
        // Saying it again changes nothing, and another change applies nothing.
        crew.deactivate(1).await;
        crew.acme.set(&crew.people[1], "title", json!("x")).await;
        assert!(crew.may(1).await);
        assert_eq!(crew.held().await, held);
        // The window slides on.
        app.advance_s(3600);
        crew.deactivate(2).await;
        assert!(!crew.may(2).await);
    }
    async fn a_held_user_keeps_her_session_and_gets_nothing_new_s27(app: TestApp) {
        let crew = Crew::new(&app, 2).await;
        let provider = provider(&crew).await;
        let (browser, _) = sign_in(&crew, &provider, 1).await;
        browser.get("/me").await.expect(200);
        crew.brake(one()).await;
        crew.deactivate(0).await;
        crew.deactivate(1).await;
        browser.get("/me").await.expect(200);
        app.advance_s(1);
        let (_, status) = sign_in(&crew, &provider, 1).await;
        assert_eq!(status, 403);
        let path = format!("/api/v1/connections/{}/sign-ins", provider.connection);
        let journal = crew.acme.operator.get(&path).await.expect(200);
        assert_eq!(journal.at("/data/0/code"), "access_held");
        let path = format!("/api/v1/users/{}/grants", crew.people[1]);
        let refused = crew.acme.operator.post(&path, json!({"role": "auditor"})).await;
        refused.expect_problem(409, "conflict");
        // Nor do rules give her anything.
        crew.acme.rule(json!({"name": "All", "when": "userName pr", "role": "auditor"})).await;
        assert_eq!(crew.acme.kept(&crew.people[1]).await, ["field-worker site:lyon"]);
        // Released, it is over at once.
        let done = crew.say("release", json!({})).await.expect(200);
        assert_eq!(done.at("/count"), 1);
        assert_eq!(done.at("/left"), 0);
        browser.get("/me").await.expect(401);
        assert!(!crew.may(1).await);
        assert_eq!(crew.held().await, Vec::<Value>::new());
    }
    async fn a_user_who_is_active_again_has_nothing_held(app: TestApp) {
        let crew = Crew::new(&app, 2).await;
        crew.brake(one()).await;
        crew.deactivate(0).await;
        crew.deactivate(1).await;
        crew.acme.set(&crew.people[1], "active", json!(true)).await;
        assert_eq!(crew.held().await, Vec::<Value>::new());
        assert!(crew.may(1).await);
        let restored = crew.acme.events("provisioning.restored", &crew.people[1]).await;
        assert_eq!(restored.len(), 1);
        app.advance_s(HELD_S);
        assert_eq!(portico::flow::provision::held::apply_due(&app.app.runner).await.unwrap(), 0);
        assert!(crew.may(1).await);
    }
    async fn a_deleted_user_is_gone_from_scim_and_her_access_is_held_s27(app: TestApp) {
        let crew = Crew::new(&app, 3).await;
        crew.brake(one()).await;
        crew.deactivate(0).await;
        let path = format!("/Users/{}", crew.people[1]);
        crew.acme.scim.delete(&path).await.expect(204);
        crew.acme.scim.get(&path).await.expect(404);
        crew.acme.scim.delete(&path).await.expect(404);
        let all = crew.acme.scim.get("/Users").await.expect(200);
        assert_eq!(all.at("/totalResults"), 2);
        let group = crew.acme.scim.get(&format!("/Groups/{}", crew.group)).await.expect(200);
        assert!(!group.text().contains(&crew.people[1]), "{group}");
        assert!(crew.may(1).await);
        assert_eq!(crew.held().await[0]["loss"], "deleted");
        // A rule edit evaluates everybody and takes nothing from her.
        crew.acme.rule(json!({"name": "All", "when": "userName pr", "role": "auditor"})).await;
        assert!(crew.may(1).await);
        // After a day it is applied.
        app.advance_s(HELD_S - 1);
        assert_eq!(portico::flow::provision::held::apply_due(&app.app.runner).await.unwrap(), 0);
        assert!(crew.may(1).await);
        app.advance_s(1);
        app.run_worker().await;
        assert_eq!(crew.acme.why_not(&crew.people[1], "site.view", "lyon").await, "user-unknown");
        assert_eq!(crew.held().await, Vec::<Value>::new());
        assert_eq!(crew.acme.events("user.removed", &crew.people[1]).await.len(), 1);
    }
    async fn a_user_who_is_made_anew_ends_what_is_held_of_the_former(app: TestApp) {
        let crew = Crew::new(&app, 2).await;
        crew.brake(one()).await;
        crew.deactivate(0).await;
        crew.acme.scim.delete(&format!("/Users/{}", crew.people[1])).await.expect(204);
        assert!(crew.may(1).await);
        let anew = crew.acme.user("u1").await;
        assert_ne!(anew, crew.people[1]);
        assert_eq!(crew.acme.why_not(&crew.people[1], "site.view", "lyon").await, "user-unknown");
        assert_eq!(crew.acme.why_not(&anew, "site.view", "lyon").await, "no-grant");
        crew.acme.join(&crew.group, &anew).await;
        assert!(crew.acme.may(&anew, "site.view", "lyon").await);
    }
    async fn leaving_the_last_group_counts_and_another_group_does_not_s27(app: TestApp) {
        let crew = Crew::new(&app, 3).await;
        crew.acme.rule(json!({"name": "Second", "when": "groups.display eq \"Second\"",
            "role": "auditor"}))
            .await;
        let second = crew.acme.group("Second", &[&crew.people[0]]).await;
        crew.brake(one()).await;
        crew.acme.leave(&second, &crew.people[0]).await;
        assert_eq!(crew.acme.kept(&crew.people[0]).await, ["field-worker site:lyon"]);
        crew.acme.leave(&crew.group, &crew.people[0]).await;
        assert!(!crew.may(0).await, "the first removal lies within the limit");
        crew.acme.leave(&crew.group, &crew.people[1]).await;
        assert!(crew.may(1).await);
        assert_eq!(crew.held().await[0]["loss"], "left_groups");
        // Back in a group that gives something, nothing is held.
        crew.acme.join(&second, &crew.people[1]).await;
        assert_eq!(crew.acme.kept(&crew.people[1]).await, ["auditor "]);
        assert_eq!(crew.held().await, Vec::<Value>::new());
    }
    async fn a_group_that_goes_or_changes_its_name_takes_nothing_beyond_the_limit(app: TestApp) {
        let crew = Crew::new(&app, 3).await;
        crew.brake(one()).await;
        crew.acme.rename(&crew.group, "Paris crew").await;
        for person in 0..3 {
            assert!(crew.may(person).await);
        }
        assert_eq!(crew.held().await.len(), 3);
        crew.acme.rename(&crew.group, "Lyon crew").await;
        assert_eq!(crew.held().await, Vec::<Value>::new());
        crew.acme.scim.delete(&format!("/Groups/{}", crew.group)).await.expect(204);
        assert_eq!(crew.held().await.len(), 3);
        assert!(crew.may(2).await);
        app.advance_s(1);
        let body = json!({"ids": [crew.people[0], crew.people[0], "x", crew.acme.directory]});
        let done = crew.say("release", body).await.expect(200);
        assert_eq!(done.at("/ids"), json!([crew.people[0]]));
        assert_eq!(done.at("/unknown"), json!(["x", crew.acme.directory]));
        assert_eq!(done.at("/left"), 2);
        assert!(!crew.may(0).await);
        assert!(crew.may(1).await);
        let lost = crew.acme.events("user.access_changed", &crew.people[0]).await;
        assert_eq!(lost.last().unwrap()["lost"][0]["role"], "field-worker");
    }
    async fn a_rejected_loss_leaves_hand_grants_for_seven_days(app: TestApp) {
        let crew = Crew::new(&app, 3).await;
        crew.brake(one()).await;
        crew.acme.scim.delete(&format!("/Groups/{}", crew.group)).await.expect(204);
        crew.deactivate(1).await;
        crew.acme.scim.delete(&format!("/Users/{}", crew.people[2])).await.expect(204);
        let losses: Vec<Value> =
            crew.held().await.iter().map(|held| held["loss"].clone()).collect();
        assert_eq!(losses.len(), 3);
        for loss in ["left_groups", "deactivated", "deleted"] {
            assert!(losses.contains(&json!(loss)), "{losses:?}");
        }
        assert_eq!(crew.say("reject", json!({})).await.expect(200).at("/count"), 3);
        for person in 0..3 {
            assert!(crew.may(person).await);
            let path = format!("/api/v1/users/{}/access", crew.people[person]);
            let access = crew.acme.operator.get(&path).await.expect(200);
            assert_eq!(access.at("/grants/0/source"), "manual");
            assert_eq!(access.at("/grants/0/expires_at"), "2026-11-28T10:00:00.000000Z");
            assert_eq!(access.at("/grants").as_array().unwrap().len(), 1);
        }
        let left = crew.held().await;
        assert_eq!(left.len(), 2);
        assert!(left.iter().all(|held| held["state"] == "rejected"));
        // A word is said once.
        assert_eq!(crew.say("release", json!({})).await.expect(200).at("/count"), 0);
        app.advance_s(KEPT_S);
        app.run_worker().await;
        assert_eq!(crew.held().await, Vec::<Value>::new());
        let why = async |person: usize| {
            crew.acme.why_not(&crew.people[person], "site.view", "lyon").await
        };
        assert_eq!(why(0).await, "no-grant");
        assert_eq!(why(1).await, "user-not-enabled");
        assert_eq!(why(2).await, "user-unknown");
    }
    async fn a_share_is_a_part_of_the_people_of_the_directory(app: TestApp) {
        let crew = Crew::new(&app, 10).await;
        crew.brake(json!({"share": 0.2, "window_s": 60})).await;
        for person in 0..3 {
            crew.deactivate(person).await;
        }
        assert!(!crew.may(1).await);
        assert!(crew.may(2).await);
        let path = format!("/api/v1/directories/{}", crew.acme.directory);
        let read = crew.acme.operator.get(&path).await.expect(200);
        assert_eq!(read.at("/max_removals"), json!({"count": null, "share": 0.2, "window_s": 60}));
    }
    async fn of_removals_at_once_as_many_as_may_are_applied_and_no_more(app: TestApp) {
        const COUNT: usize = 12;
        const MOST: usize = 4;
        let crew = Crew::new(&app, COUNT).await;
        crew.brake(json!({"count": MOST, "window_s": 3600})).await;
        let mut tasks = JoinSet::new();
        for (number, person) in crew.people.clone().into_iter().enumerate() {
            let (scim, group) = (crew.acme.scim.clone(), crew.group.clone());
            tasks.spawn(async move {
                let user = format!("/Users/{person}");
                let patch = |operation: Value| json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [operation],
                });
                match number % 3 {
                    0 => scim.delete(&user).await,
                    1 => {
                        let off = json!({"op": "replace", "path": "active", "value": false});
                        scim.patch(&user, patch(off)).await
                    }
                    _ => {
                        let path = format!("members[value eq \"{person}\"]");
                        let out = json!({"op": "remove", "path": path});
                        scim.patch(&format!("/Groups/{group}"), patch(out)).await
                    }
                }
            });
        }
        while let Some(reply) = tasks.join_next().await {
            let reply = reply.unwrap();
            assert!([200, 204].contains(&reply.status), "{reply}");
        }
        assert_eq!(crew.held().await.len(), COUNT - MOST);
        let mut may = 0;
        for person in 0..COUNT {
            may += usize::from(crew.may(person).await);
        }
        assert_eq!(may, COUNT - MOST);
    }
    async fn without_a_limit_nothing_is_held_and_an_unusual_number_is_told_once(app: TestApp) {
        let count = usize::try_from(UNUSUAL_COUNT).unwrap();
        let crew = Crew::new(&app, count + 3).await;
        for person in 0..count {
            crew.deactivate(person).await;
        }
        assert_eq!(crew.told("directory.removals_unusual").await, Vec::<Value>::new());
        crew.deactivate(count).await;
        crew.deactivate(count + 1).await;
        assert!(!crew.may(count).await);
        assert_eq!(crew.held().await, Vec::<Value>::new());
        let told = crew.told("directory.removals_unusual").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["count"], UNUSUAL_COUNT + 1);
        app.advance_s(UNUSUAL_WINDOW_S);
        crew.deactivate(count + 2).await;
        assert_eq!(crew.told("directory.removals_unusual").await.len(), 1);
    }
    async fn whoever_has_no_access_has_none_to_lose(app: TestApp) {
        let crew = Crew::new(&app, 2).await;
        crew.brake(one()).await;
        crew.deactivate(0).await;
        // She was counted; now she is deleted, and leaves her group by that.
        crew.acme.scim.delete(&format!("/Users/{}", crew.people[0])).await.expect(204);
        assert_eq!(crew.held().await, Vec::<Value>::new());
        let path = format!("/api/v1/users/{}/suspend", crew.people[1]);
        crew.acme.operator.post(&path, json!({})).await.expect(200);
        crew.deactivate(1).await;
        assert_eq!(crew.held().await, Vec::<Value>::new());
    }
    async fn a_directory_that_goes_takes_what_is_held_along(app: TestApp) {
        let crew = Crew::new(&app, 3).await;
        crew.brake(one()).await;
        crew.deactivate(0).await;
        crew.deactivate(1).await;
        crew.acme.scim.delete(&format!("/Users/{}", crew.people[2])).await.expect(204);
        assert_eq!(crew.held().await.len(), 2);
        let path = format!("/api/v1/directories/{}?users=keep", crew.acme.directory);
        crew.acme.operator.delete(&path).await.expect(204);
        let users = crew.acme.operator.get("/api/v1/organizations/acme/users").await.expect(200);
        let users = users.at("/data").as_array().unwrap().clone();
        assert_eq!(users.len(), 2);
        assert!(users.iter().all(|user| user["status"] == "suspended"), "{users:?}");
    }
    async fn nobody_settles_losses_of_another_organization(app: TestApp) {
        let crew = Crew::new(&app, 2).await;
        crew.brake(one()).await;
        crew.deactivate(0).await;
        crew.deactivate(1).await;
        let other = app.organization("Globex").await;
        let (theirs, _) = app.directory(&other, "strict").await;
        let path = format!("/api/v1/directories/{theirs}/held");
        let operator = &crew.acme.operator;
        assert_eq!(operator.get(&path).await.expect(200).at("/data"), json!([]));
        let body = json!({"ids": [crew.people[1]]});
        for word in ["release", "reject"] {
            let done = operator.post(&format!("{path}/{word}"), body.clone()).await.expect(200);
            assert_eq!(done.at("/count"), 0);
            assert_eq!(done.at("/unknown"), json!([crew.people[1]]));
            // A token of the directory is no admin.
            let path = format!("/api/v1/directories/{}/held/{word}", crew.acme.directory);
            let token = crew.acme.scim.clone();
            let reply = token.post(&format!("{}{path}", app.url), json!({})).await;
            assert_eq!(reply.status, 401, "{reply}");
        }
        assert_eq!(crew.held().await.len(), 1);
        let wrong = crew.say("release", json!({"ids": "all"})).await;
        wrong.expect_problem(422, "invalid");
        let many = vec!["x"; 1_001];
        crew.say("release", json!({"ids": many})).await.expect_problem(422, "invalid");
    }
}
