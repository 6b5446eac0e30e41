//! A preview of rules beside losses that the brake holds (S27): it tells what the edit then does.

use serde_json::{Value, json};

use super::world::World;
use crate::support::TestApp;

/// Acme, whose brake holds three losses: the first was deactivated within the limit, then one was
/// deactivated, one deleted, one left the group; the last is as before.
async fn held(app: &TestApp) -> (World<'_>, Vec<String>, String) {
    let acme = World::new(app).await;
    acme.site("lyon").await;
    let rule = acme.lyon_rule().await;
    let mut people = Vec::new();
    for number in 0..5 {
        people.push(acme.user(&format!("u{number}")).await);
    }
    let ids: Vec<&str> = people.iter().map(String::as_str).collect();
    let group = acme.group("Lyon crew", &ids).await;
    let path = format!("/api/v1/directories/{}", acme.directory);
    let brake = json!({"max_removals": {"count": 1, "window_s": 3600}});
    acme.operator.patch(&path, brake).await.expect(200);
    acme.set(&people[0], "active", json!(false)).await;
    acme.set(&people[1], "active", json!(false)).await;
    acme.scim.delete(&format!("/Users/{}", people[2])).await.expect(204);
    acme.leave(&group, &people[3]).await;
    let held = acme.operator.get(&format!("{path}/held")).await.expect(200);
    assert_eq!(held.at("/data").as_array().map(Vec::len), Some(3), "{held}");
    (acme, people, rule)
}

fn lyon(id: &str, when: &str) -> Value {
    json!({"id": id, "name": "Lyon crew", "when": when, "role": "field-worker",
        "resources": ["site:lyon"]})
}

/// Who would gain or lose something, and who would be left with nothing.
async fn previewed(acme: &World<'_>, rules: Value) -> (Vec<Value>, Vec<Value>) {
    let path = format!("/api/v1/organizations/{}/mapping-rules/preview", acme.organization);
    let seen = acme.operator.post(&path, json!({"rules": rules})).await.expect(200);
    let list = |at: &str| seen.at(at).as_array().unwrap().clone();
    let ids = list("/changes").iter().map(|change| change["user"]["id"].clone()).collect();
    (sorted(ids), sorted(list("/summary/left_with_nothing")))
}

fn sorted(mut ids: Vec<Value>) -> Vec<Value> {
    ids.sort_by_key(ToString::to_string);
    ids
}

async fn kept(acme: &World<'_>, people: &[String]) -> Vec<Vec<String>> {
    let mut kept = Vec::new();
    for person in people {
        kept.push(acme.kept(person).await);
    }
    kept
}

on_both_engines! {
    async fn who_is_held_loses_nothing_by_a_rule_that_changes_and_gains_nothing_s27(app: TestApp) {
        let (acme, people, rule) = held(&app).await;
        let before = kept(&acme, &people).await;
        assert!(before.iter().all(|kept| kept == &["field-worker site:lyon"]), "{before:?}");
        let rules = json!([lyon(&rule, "groups.display eq \"Nobody\""),
            {"name": "Deactivated", "when": "active eq false", "role": "auditor"}]);
        let (changed, emptied) = previewed(&acme, rules.clone()).await;
        assert_eq!(changed, sorted(vec![json!(people[0]), json!(people[4])]));
        assert_eq!(emptied, [json!(people[4])]);
        let path = format!("/api/v1/mapping-rules/{rule}");
        let when = json!({"when": rules[0]["when"]});
        acme.operator.patch(&path, when).await.expect(200);
        acme.rule(rules[1].clone()).await;
        let after = kept(&acme, &people).await;
        for at in [1, 2, 3] {
            assert_eq!(before[at], after[at], "{at}");
        }
        assert_eq!(after[0], ["auditor "]);
        assert_eq!(after[4], [""; 0]);
    }

    async fn what_a_rule_gave_that_goes_is_told_to_end_for_the_held_too_s27(app: TestApp) {
        let (acme, people, rule) = held(&app).await;
        let (changed, emptied) = previewed(&acme, json!([])).await;
        let losers = sorted(people.iter().map(|id| json!(id)).collect());
        assert_eq!((changed, emptied), (losers.clone(), losers));
        acme.operator.delete(&format!("/api/v1/mapping-rules/{rule}")).await.expect(204);
        assert!(kept(&acme, &people).await.iter().all(Vec::is_empty));
    }

    async fn a_rule_that_gives_something_takes_back_who_left_a_group_s27(app: TestApp) {
        let (acme, people, rule) = held(&app).await;
        let rules = json!([lyon(&rule, "groups.display eq \"Lyon crew\""),
            {"name": "All", "when": "active eq true", "role": "auditor"}]);
        let (changed, emptied) = previewed(&acme, rules.clone()).await;
        assert_eq!(changed, sorted(vec![json!(people[3]), json!(people[4])]));
        assert_eq!(emptied, Vec::<Value>::new());
        acme.rule(rules[1].clone()).await;
        assert_eq!(acme.kept(&people[3]).await, ["auditor "]);
        assert_eq!(acme.kept(&people[4]).await, ["auditor ", "field-worker site:lyon"]);
        assert_eq!(acme.kept(&people[1]).await, ["field-worker site:lyon"]);
    }
}
