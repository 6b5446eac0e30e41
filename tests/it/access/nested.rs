//! Rules know every group that a user is in, through whatever groups (access: direct and nested
//! memberships both count).

use std::collections::{BTreeMap, BTreeSet};

use portico::domain::actor::Actor;
use portico::domain::id::{DirectoryId, GroupId, UserId};
use portico::flow::access::{WIDE_USERS, rules_changed};
use portico::store;
use serde_json::{Value, json};

use super::world::{Chance, World};
use crate::support::TestApp;

/// Steps of a history.
const STEPS: usize = 50;

/// What made the grants of a user, as the management API shows it.
async fn matched(acme: &World<'_>, user: &str) -> Vec<Value> {
    let path = format!("/api/v1/users/{user}/access");
    let access = acme.operator.get(&path).await.expect(200);
    let grants = access.at("/grants");
    grants.as_array().unwrap().iter().map(|grant| grant["why"]["matched"].clone()).collect()
}

on_both_engines! {
    async fn what_a_rule_says_of_a_group_holds_for_all_within_it(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let (ada, bob) = (acme.user("ada").await, acme.user("bob").await);
        let night = acme.group("Night shift", &[&ada]).await;
        let shifts = acme.group("Shifts", &[&night]).await;
        let crew = acme.group("Lyon crew", &[]).await;
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
        // A group joins: everybody below has it when the request is answered.
        acme.join(&crew, &shifts).await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        assert_eq!(matched(&acme, &ada).await,
            [json!([{"attribute": "groups.display", "value": "Lyon crew"}])]);
        // A user joins a group far below.
        acme.join(&night, &bob).await;
        assert!(acme.may(&bob, "site.view", "lyon").await);
        acme.leave(&night, &bob).await;
        assert_eq!(acme.why_not(&bob, "site.view", "lyon").await, "no-grant");
        let told = acme.events("user.access_changed", &bob).await;
        assert_eq!(told.len(), 2);
        // A second way holds when the first one goes.
        acme.join(&crew, &night).await;
        acme.leave(&crew, &shifts).await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        acme.leave(&crew, &night).await;
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
    }

    async fn names_of_groups_above_count_as_they_change(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let ada = acme.user("ada").await;
        let shift = acme.group("Shift", &[&ada]).await;
        let middle = acme.group("Middle", &[&shift]).await;
        let top = acme.group("Lyon crew", &[&middle]).await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        acme.rename(&top, "Paris crew").await;
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
        acme.rename(&middle, "lyon CREW").await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        acme.scim.delete(&format!("/Groups/{middle}")).await.expect(204);
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
        acme.rename(&top, "Lyon crew").await;
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
        acme.join(&top, &shift).await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        acme.scim.delete(&format!("/Groups/{top}")).await.expect(204);
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
    }

    async fn who_leaves_in_the_request_that_renames_the_group_loses_what_it_gave(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let (ada, bob) = (acme.user("ada").await, acme.user("bob").await);
        let shift = acme.group("Shift", &[&bob]).await;
        let crew = acme.group("Lyon crew", &[&ada, &shift]).await;
        assert!(acme.may(&ada, "site.view", "lyon").await && acme.may(&bob, "site.view", "lyon").await);
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Others", "members": []});
        acme.scim.put(&format!("/Groups/{crew}"), body).await.expect(200);
        assert_eq!(acme.why_not(&ada, "site.view", "lyon").await, "no-grant");
        assert_eq!(acme.why_not(&bob, "site.view", "lyon").await, "no-grant");
    }

    async fn one_rule_for_all_sites_reads_groups_above_too(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.rule(json!({"name": "Managers", "when": "groups pr",
            "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+) managers$"},
            "role": "operation-manager", "resources": ["site:{site}"]}))
            .await;
        let ada = acme.user("ada").await;
        let team = acme.group("Team", &[&ada]).await;
        acme.group("Site Lyon managers", &[&team]).await;
        assert_eq!(acme.kept(&ada).await, ["operation-manager site:Lyon"]);
    }

    async fn a_preview_reads_the_same_groups(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        let ada = acme.user("ada").await;
        let shift = acme.group("Shift", &[&ada]).await;
        acme.group("Lyon crew", &[&shift]).await;
        let rule = json!({"name": "Lyon crew", "when": "groups.display eq \"Lyon crew\"",
            "role": "field-worker", "resources": ["site:lyon"]});
        let path = format!("/api/v1/organizations/{}/mapping-rules/preview", acme.organization);
        let seen = acme.operator.post(&path, json!({"rules": [rule.clone()]})).await.expect(200);
        assert_eq!(seen.at("/summary/gained"), 1);
        assert_eq!(seen.at("/changes/0/user/id"), ada);
        acme.rule(rule).await;
        assert_eq!(acme.kept(&ada).await, ["field-worker site:lyon"]);
    }

    async fn groups_above_who_are_named_by_one_rule_together_are_not_missed(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        let when = "groups.display eq \"A\" and groups.display eq \"B\"";
        acme.rule(json!({"name": "Both", "when": when, "role": "field-worker",
            "resources": ["site:lyon"]}))
            .await;
        for n in 0..5 {
            let user = acme.user(&format!("user-{n}")).await;
            let (one, two) = (format!("one-{n}"), format!("two-{n}"));
            let (one, two) = (acme.group(&one, &[]).await, acme.group(&two, &[]).await);
            let (a, b) = (acme.group("A", &[&one]).await, acme.group("B", &[]).await);
            tokio::join!(acme.join(&one, &user), acme.join(&two, &user), acme.join(&b, &two));
            assert!(acme.may(&user, "site.view", "lyon").await, "{n}");
            for group in [a, b] {
                acme.scim.delete(&format!("/Groups/{group}")).await.expect(204);
            }
            assert_eq!(acme.why_not(&user, "site.view", "lyon").await, "no-grant");
        }
    }

    async fn a_wide_group_gives_by_a_job_and_takes_at_once(app: TestApp) {
        let acme = World::new(&app).await;
        let when = "groups.display eq \"Crew\" and title eq \"Baker\"";
        acme.rule(json!({"name": "Bakers of the crew", "when": when, "role": "auditor"})).await;
        let crew = acme.group("Crew", &[]).await;
        let inner = acme.group("Inner", &[]).await;
        let users = acme.fill(WIDE_USERS + 1).await;
        let (directory, id) =
            (DirectoryId::parse(&acme.directory).unwrap(), GroupId::parse(&inner).unwrap());
        let all = users.clone();
        let runner = &app.app.runner;
        let added = runner.write(Actor::System, acme.id(), move |work| {
            let all = all.clone();
            Box::pin(async move {
                Ok(store::member::add(&mut work.scope(), directory, id, &all).await?.len())
            })
        });
        assert_eq!(added.await.unwrap(), users.len());
        acme.join(&crew, &inner).await;
        assert_eq!(holders(&acme, &users).await, 0);
        app.run_worker().await;
        assert_eq!(holders(&acme, &users).await, users.len().div_ceil(10));
        acme.leave(&crew, &inner).await;
        assert_eq!(holders(&acme, &users).await, 0);
        app.run_worker().await;
        assert_eq!(holders(&acme, &users).await, 0);
    }

    async fn access_in_nested_groups_equals_what_walking_them_gives(app: TestApp) {
        history(&app, 11).await;
    }

    async fn another_history_of_nested_groups_ends_alike(app: TestApp) {
        history(&app, 2_026).await;
    }
}

async fn holders(acme: &World<'_>, users: &[UserId]) -> usize {
    let mut scope = acme.app.app.runner.read(acme.id());
    let grants = store::grant::of_users(&mut scope, users).await.unwrap();
    grants.iter().filter(|grant| grant.expires_at.is_none()).count()
}

/// What the test itself knows: who is in what, by plain lists.
#[derive(Default)]
struct Model {
    users: Vec<String>,
    /// Groups by id: name and members, users and groups alike.
    groups: BTreeMap<String, (String, BTreeSet<String>)>,
}

impl Model {
    /// The names of all groups that a member is in, found by walking every list again and again.
    fn names(&self, member: &str) -> BTreeSet<&str> {
        let mut inside = BTreeSet::from([member]);
        loop {
            let more: Vec<&str> = self
                .groups
                .iter()
                .filter(|(id, (_, members))| {
                    !inside.contains(id.as_str()) && members.iter().any(|m| inside.contains(&**m))
                })
                .map(|(id, _)| id.as_str())
                .collect();
            if more.is_empty() {
                break;
            }
            inside.extend(more);
        }
        inside.iter().filter_map(|id| self.groups.get(*id)).map(|(name, _)| name.as_str()).collect()
    }

    /// Whether a group would hold itself.
    fn closes(&self, group: &str, member: &str) -> bool {
        let mut reached = BTreeSet::from([member.to_owned()]);
        let mut waiting = vec![member.to_owned()];
        while let Some(one) = waiting.pop() {
            if let Some((_, members)) = self.groups.get(&one) {
                waiting
                    .extend(members.iter().filter(|next| reached.insert((*next).clone())).cloned());
            }
        }
        reached.contains(group)
    }

    fn wanted(&self, user: &str) -> Vec<String> {
        let names = self.names(user);
        let mut wanted: Vec<String> = ["North", "South", "East"]
            .iter()
            .filter(|name| names.contains(**name))
            .map(|name| format!("field-worker site:{}", name.to_ascii_lowercase()))
            .collect();
        if names.contains("West") && !names.contains("North") {
            wanted.push("operation-project-manager ".to_owned());
        }
        wanted.sort();
        wanted
    }
}

const NAMES: [&str; 8] = ["North", "South", "East", "West", "One", "Two", "Three", "Four"];

async fn history(app: &TestApp, seed: u64) {
    let acme = World::new(app).await;
    let mut chance = Chance(seed);
    for name in ["North", "South", "East"] {
        let key = name.to_ascii_lowercase();
        acme.site(&key).await;
        acme.rule(json!({"name": name, "when": format!("groups.display eq \"{name}\""),
            "role": "field-worker", "resources": [format!("site:{key}")]}))
            .await;
    }
    let when = "groups.display eq \"West\" and not (groups.display eq \"North\")";
    acme.rule(json!({"name": "West", "when": when, "role": "operation-project-manager"})).await;
    let mut model = Model::default();
    for n in 0..4 {
        model.users.push(acme.user(&format!("user-{n}")).await);
    }
    for name in NAMES {
        model.groups.insert(acme.group(name, &[]).await, (name.to_owned(), BTreeSet::new()));
    }
    for step in 0..STEPS {
        advance(&acme, &mut model, &mut chance, step).await;
        for user in &model.users {
            assert_eq!(acme.kept(user).await, model.wanted(user), "seed {seed}, step {step}");
        }
    }
    // Computed anew it is the same.
    let anew = app
        .app
        .runner
        .write(Actor::System, acme.id(), |work| Box::pin(async move { rules_changed(work).await }));
    anew.await.unwrap();
    for user in &model.users {
        assert_eq!(acme.kept(user).await, model.wanted(user), "seed {seed}, anew");
        let read = acme.scim.get(&format!("/Users/{user}")).await.expect(200).json();
        let shown = read["groups"].as_array().cloned().unwrap_or_default();
        let shown: BTreeSet<&str> =
            shown.iter().map(|group| group["display"].as_str().unwrap()).collect();
        assert_eq!(shown, model.names(user), "seed {seed}");
    }
}

/// One request of a history, and the same in the model.
async fn advance(acme: &World<'_>, model: &mut Model, chance: &mut Chance, step: usize) {
    let groups: Vec<String> = model.groups.keys().cloned().collect();
    let group = groups[chance.below(groups.len())].clone();
    let user = model.users[chance.below(model.users.len())].clone();
    let other = groups[chance.below(groups.len())].clone();
    let path = format!("/Groups/{group}");
    match chance.below(10) {
        0..=1 => {
            acme.join(&group, &user).await;
            model.groups.get_mut(&group).unwrap().1.insert(user);
        }
        2..=5 => {
            let closes = model.closes(&group, &other);
            let status = acme.put_in(&group, &other).await;
            assert_eq!(status, if closes { 400 } else { 200 });
            if !closes {
                model.groups.get_mut(&group).unwrap().1.insert(other);
            }
        }
        6 => {
            let members = &mut model.groups.get_mut(&group).unwrap().1;
            let Some(member) = members.iter().nth(chance.below(members.len().max(1))).cloned()
            else {
                return;
            };
            members.remove(&member);
            acme.leave(&group, &member).await;
        }
        7 => {
            let name = NAMES[chance.below(NAMES.len())];
            let status = acme.rename(&group, name).await;
            let taken = model.groups.iter().any(|(id, (held, _))| *id != group && held == name);
            assert_eq!(status, if taken { 409 } else { 200 });
            if !taken {
                model.groups.get_mut(&group).unwrap().0 = name.to_owned();
            }
        }
        8 => {
            acme.scim.delete(&path).await.expect(204);
            let (name, _) = model.groups.remove(&group).unwrap();
            for (_, members) in model.groups.values_mut() {
                members.remove(&group);
            }
            // Its name comes back in a new group, with members of both kinds.
            let mut members = BTreeSet::from([user]);
            members.extend(Some(other).filter(|other| *other != group));
            let listed: Vec<&str> = members.iter().map(String::as_str).collect();
            model.groups.insert(acme.group(&name, &listed).await, (name, members.clone()));
        }
        _ => {
            acme.scim.delete(&format!("/Users/{user}")).await.expect(204);
            for (_, members) in model.groups.values_mut() {
                members.remove(&user);
            }
            model.users.retain(|one| *one != user);
            model.users.push(acme.user(&format!("again-{step}")).await);
        }
    }
}
