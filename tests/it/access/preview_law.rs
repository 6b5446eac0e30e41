//! Whatever the rules become: what a preview told is what applying them then changes.

use std::collections::BTreeSet;

use portico::domain::actor::Actor;
use portico::domain::id::{RuleId, UserId};
use portico::store;
use serde_json::{Value, json};

use super::world::{Chance, World};
use crate::support::TestApp;

/// Edits that are previewed and applied, one after the other.
const ROUNDS: usize = 12;
const SITES: [&str; 3] = ["a", "b", "lyon"];
const GROUPS: [&str; 4] = ["Crew a", "Crew b", "Crew lyom", "Chiefs"];
const ROLES: [&str; 5] =
    ["field-worker", "operation-manager", "auditor", "annotator", "gallery-viewer"];

type Held = BTreeSet<(String, String, String)>;

/// Who holds which role on what, from all sources.
async fn held(acme: &World<'_>, users: &[String]) -> Held {
    let ids: Vec<UserId> = users.iter().map(|id| UserId::parse(id).unwrap()).collect();
    let mut scope = acme.app.app.runner.read(acme.id());
    let grants = store::grant::of_users(&mut scope, &ids).await.unwrap();
    let one = |grant: &store::grant::Grant| {
        let resource = grant.reach.resource().unwrap_or_default();
        (grant.user_id.to_string(), grant.role.clone(), resource)
    };
    grants.iter().map(one).collect()
}

fn told(preview: &Value, what: &str) -> Held {
    let mut found = Held::new();
    for change in preview["changes"].as_array().unwrap() {
        for one in change[what].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            found.insert((text(&change["user"]["id"]), text(&one["role"]), text(&one["resource"])));
        }
    }
    found
}

/// A rule of any kind that fits.
fn rule(chance: &mut Chance, name: &str) -> Value {
    let role = ROLES[chance.below(ROLES.len())];
    let when = [
        "groups pr",
        "title eq \"Inspector\"",
        "groups.display eq \"Chiefs\"",
        "title pr and not (groups.display eq \"Crew a\")",
        "userName sw \"user-1\"",
    ];
    let mut rule = json!({"name": name, "when": when[chance.below(when.len())], "role": role,
        "position": chance.below(1_000_000), "enabled": chance.below(5) > 0});
    let whole = ["annotator", "gallery-viewer"].contains(&role);
    match chance.below(3) {
        0 if !whole => rule["resources"] = json!(["site:a"]),
        1 if !whole => {
            rule["each"] = json!({"attribute": "groups.display", "pattern": "Crew (?<site>.+)"});
            rule["resources"] = json!(["site:{site}"]);
        }
        _ => {}
    }
    if chance.below(2) == 0 {
        rule["exclusive"] = json!("product");
    }
    rule
}

/// A full list of rules near the present one: some kept, some changed, some gone, some new.
fn edited(chance: &mut Chance, present: &[Value]) -> Vec<Value> {
    let mut list = Vec::new();
    for old in present {
        match chance.below(4) {
            0 => {}
            1 => {
                let mut changed = rule(chance, old["name"].as_str().unwrap());
                changed["id"] = old["id"].clone();
                list.push(changed);
            }
            _ => list.push(old.clone()),
        }
    }
    for _ in 0..chance.below(3) {
        let name = format!("Rule {}", chance.below(1_000));
        list.push(rule(chance, &name));
    }
    list
}

/// What a preview takes of a rule that is kept.
fn candidate(rule: &Value) -> Value {
    let mut rule = rule.clone();
    for name in ["created_at", "updated_at"] {
        rule.as_object_mut().unwrap().remove(name);
    }
    rule
}

async fn apply(acme: &World<'_>, present: &[Value], wanted: &[Value]) {
    let list = format!("/api/v1/organizations/{}/mapping-rules", acme.organization);
    for old in present {
        let path = format!("/api/v1/mapping-rules/{}", old["id"].as_str().unwrap());
        match wanted.iter().find(|rule| rule["id"] == old["id"]) {
            None => {
                acme.operator.delete(&path).await.expect(204);
            }
            Some(rule) => {
                let mut patch = json!({"each": null, "resources": null, "exclusive": null});
                for (name, value) in rule.as_object().unwrap() {
                    if name != "id" {
                        patch[name] = value.clone();
                    }
                }
                acme.operator.patch(&path, patch).await.expect(200);
            }
        }
    }
    for new in wanted.iter().filter(|rule| rule["id"].is_null()) {
        acme.operator.post(&list, new.clone()).await.expect(201);
    }
}

async fn rounds(app: &TestApp, seed: u64) {
    let acme = World::new(app).await;
    let mut chance = Chance(seed);
    for site in SITES {
        acme.site(site).await;
    }
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for n in 0..6 {
        users.push(acme.user(&format!("user-{n}")).await);
    }
    for name in GROUPS {
        groups.push(acme.group(name, &[]).await);
    }
    let hand = format!("/api/v1/users/{}/grants", users[0]);
    acme.operator.post(&hand, json!({"role": "gallery-viewer"})).await.expect(201);
    let list = format!("/api/v1/organizations/{}/mapping-rules", acme.organization);
    for round in 0..ROUNDS {
        for _ in 0..3 {
            let user = &users[chance.below(users.len())];
            acme.join(&groups[chance.below(groups.len())], user).await;
            let title = ["Inspector", "Baker"][chance.below(2)];
            acme.set(user, "title", json!(title)).await;
        }
        app.advance_s(1);
        let present = acme.operator.get(&list).await.expect(200).at("/data");
        let present: Vec<Value> = present.as_array().unwrap().iter().map(candidate).collect();
        let wanted = edited(&mut chance, &present);
        let body = json!({"rules": wanted});
        let preview = acme.operator.post(&format!("{list}/preview"), body).await.expect(200);
        let preview = preview.json();
        let before = held(&acme, &users).await;
        apply(&acme, &present, &wanted).await;
        let after = held(&acme, &users).await;
        let about = format!("seed {seed}, round {round}: {wanted:?}");
        let gained: Held = after.difference(&before).cloned().collect();
        let lost: Held = before.difference(&after).cloned().collect();
        assert_eq!(told(&preview, "gained"), gained, "{about}");
        assert_eq!(told(&preview, "lost"), lost, "{about}");
        let left = preview["summary"]["left_with_nothing"].as_array().unwrap().len();
        let without = |held: &Held, user: &String| !held.iter().any(|(who, ..)| who == user);
        let emptied = users.iter().filter(|user| !without(&before, user) && without(&after, user));
        assert_eq!(left, emptied.count(), "{about}");
        for one in preview["unresolved"].as_array().unwrap() {
            assert_eq!(one["resource"], "site:lyom", "{about}");
            assert_eq!(one["nearest"], "site:lyon", "{about}");
        }
    }
}

on_both_engines! {
    async fn applying_rules_changes_what_their_preview_told(app: TestApp) {
        rounds(&app, 5).await;
    }

    async fn it_is_so_for_other_people_and_rules_too(app: TestApp) {
        rounds(&app, 1_999).await;
    }

    async fn an_organization_has_500_rules_and_not_one_more(app: TestApp) {
        let acme = World::new(&app).await;
        let rule = acme.rule(json!({"name": "R", "when": "title pr", "role": "auditor"})).await;
        let (id, limit) = (RuleId::parse(&rule).unwrap(), store::rule::RULES_MAX);
        let written = app.app.runner.write(Actor::System, acme.id(), move |work| {
            Box::pin(async move {
                let found = store::rule::by_id(&mut work.scope(), id).await?.unwrap();
                for position in 2..=limit {
                    let rule = store::rule::Rule { id: work.id(), position, ..found.clone() };
                    store::rule::insert(&mut work.scope(), &rule).await?;
                }
                Ok(())
            })
        });
        written.await.unwrap();
        let list = format!("/api/v1/organizations/{}/mapping-rules", acme.organization);
        let one = json!({"name": "R", "when": "title pr", "role": "auditor"});
        acme.operator.post(&list, one.clone()).await.expect_problem(409, "conflict");
        let preview = format!("{list}/preview");
        let most = usize::try_from(limit).unwrap();
        let full = json!({"rules": vec![one.clone(); most]});
        acme.operator.post(&preview, full).await.expect(200);
        let over = acme.operator.post(&preview, json!({"rules": vec![one; most + 1]})).await;
        over.expect_problem(422, "invalid");
        assert_eq!(over.at("/errors/0/pointer"), "/rules");
    }
}
