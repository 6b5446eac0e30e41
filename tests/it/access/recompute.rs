//! Whatever happens, in whatever order: access kept step by step equals access computed anew.

use std::collections::BTreeSet;

use portico::domain::actor::Actor;
use portico::domain::id::UserId;
use portico::flow::access::rules_changed;
use portico::store;
use serde_json::json;

use super::world::{Chance, World};
use crate::support::TestApp;

/// Steps of a history.
const STEPS: usize = 60;
const NAMES: [&str; 5] = ["Lyon crew", "Site a managers", "Site b managers", "Chiefs", "Others"];
/// Names that no group has at first.
const SPARE: [&str; 3] = ["Site lyon managers", "Nobody", "Bystanders"];
const SITES: [&str; 3] = ["a", "b", "lyon"];

/// Everything that rules gave, with what they could not give.
async fn kept(acme: &World<'_>, users: &[String]) -> BTreeSet<String> {
    let ids: Vec<UserId> = users.iter().map(|id| UserId::parse(id).unwrap()).collect();
    let mut scope = acme.app.app.runner.read(acme.id());
    let grants = store::grant::of_users(&mut scope, &ids).await.unwrap();
    let missing = store::unresolved::of_users(&mut scope, &ids).await.unwrap();
    let grants = grants.into_iter().map(|grant| {
        let why: Vec<_> = grant.why.iter().map(|why| why.value.clone()).collect();
        format!("{} {} {:?} {} {why:?}", grant.user_id, grant.role, grant.reach, grant.source_id)
    });
    let missing = missing.into_iter().map(|one| format!("{one:?}"));
    grants.chain(missing).collect()
}

async fn compute_anew(acme: &World<'_>) {
    let runner = &acme.app.app.runner;
    let done = runner
        .write(Actor::System, acme.id(), |work| Box::pin(async move { rules_changed(work).await }))
        .await;
    done.unwrap();
}

async fn history(app: &TestApp, seed: u64) {
    let acme = World::new(app).await;
    let mut chance = Chance(seed);
    let rules = [
        acme.lyon_rule().await,
        acme.rule(json!({"name": "Managers", "when": "groups pr",
            "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+) managers$"},
            "role": "operation-manager", "resources": ["site:{site}"]}))
            .await,
        acme.rule(json!({"name": "Chiefs not elsewhere",
            "when": "groups.display eq \"Chiefs\" and not (groups.display eq \"Others\")",
            "role": "operation-project-manager"}))
            .await,
        acme.rule(json!({"name": "Inspectors", "when": "title eq \"Inspector\"",
            "role": "auditor", "exclusive": "product"}))
            .await,
        acme.rule(json!({"name": "Annotators", "when": "title pr", "role": "annotator",
            "exclusive": "product"}))
            .await,
    ];
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for n in 0..3 {
        users.push(acme.user(&format!("user-{n}")).await);
    }
    for name in NAMES {
        groups.push(acme.group(name, &[]).await);
    }
    for _ in 0..STEPS {
        let user = users[chance.below(users.len())].clone();
        let group = groups[chance.below(groups.len())].clone();
        match chance.below(8) {
            0..=2 => acme.join(&group, &user).await,
            3 => acme.leave(&group, &user).await,
            4 => {
                // A name that is taken is refused, and nothing changes then.
                let names = NAMES.len() + SPARE.len();
                let name = NAMES.iter().chain(&SPARE).nth(chance.below(names)).unwrap();
                acme.rename(&group, name).await;
            }
            5 => {
                let title = ["Inspector", "Baker"][chance.below(2)];
                acme.set(&user, "title", json!(title)).await;
            }
            6 => {
                let site = SITES[chance.below(SITES.len())];
                if acme.remove_site(site).await == 404 {
                    acme.site(site).await;
                }
            }
            _ => {
                let path = format!("/api/v1/mapping-rules/{}", rules[chance.below(rules.len())]);
                let body = json!({"enabled": chance.below(2) == 0});
                acme.operator.patch(&path, body).await.expect(200);
            }
        }
        let step_by_step = kept(&acme, &users).await;
        compute_anew(&acme).await;
        assert_eq!(step_by_step, kept(&acme, &users).await, "seed {seed}");
    }
}

on_both_engines! {
    async fn access_kept_step_by_step_equals_access_computed_anew(app: TestApp) {
        history(&app, 7).await;
    }

    async fn another_history_ends_alike(app: TestApp) {
        history(&app, 2_026).await;
    }
}
