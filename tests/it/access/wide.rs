//! Edits that touch more users than a transaction evaluates: losses at once, gains by a job that
//! survives its worker.

use std::time::Duration;

use portico::domain::actor::Actor;
use portico::domain::id::UserId;
use portico::flow::access::{Step, USERS_AT_ONCE, WIDE_USERS, step};
use portico::store;
use portico::store::outbox::{self, Lane};
use serde_json::json;

use super::world::World;
use crate::support::TestApp;

/// Users of the tests here: more than one transaction evaluates, and no whole number of batches.
const USERS: usize = WIDE_USERS + 120;

/// How many users hold a grant of the rule that is live.
async fn holders(acme: &World<'_>, users: &[UserId]) -> usize {
    let mut scope = acme.app.app.runner.read(acme.id());
    let grants = store::grant::of_users(&mut scope, users).await.unwrap();
    grants.iter().filter(|grant| grant.expires_at.is_none()).count()
}

async fn status(acme: &World<'_>) -> serde_json::Value {
    let path = format!("/api/v1/organizations/{}/mapping-rules/status", acme.organization);
    acme.operator.get(&path).await.expect(200).json()
}

async fn idle(acme: &World<'_>) {
    for _ in 0..600 {
        if status(acme).await["state"] == "idle" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the job does not end: {}", status(acme).await);
}

/// One batch by a worker that dies after it.
async fn die_after_one_batch(acme: &World<'_>) {
    let runner = &acme.app.app.runner;
    let now = runner.clock.now();
    let mut tx = runner.db.begin().await.unwrap();
    let jobs = outbox::claim(&mut tx.conn(), (now, now.plus_s(15)), Lane::House, 10).await.unwrap();
    runner.db.keep(tx).await.unwrap();
    let [job] = jobs.try_into().unwrap();
    let until = now.plus_s(15);
    let done = runner
        .write(Actor::System, acme.id(), move |work| {
            let job = job.clone();
            Box::pin(async move { step(work, &job, until).await })
        })
        .await
        .unwrap();
    assert!(matches!(done, Step::More(_)));
}

on_both_engines! {
    async fn a_wide_edit_takes_at_once_and_gives_by_a_job(app: TestApp) {
        let acme = World::new(&app).await;
        let users = acme.fill(USERS).await;
        let rule = acme
            .rule(json!({"name": "Inspectors", "when": "title eq \"Inspector\"",
                "role": "auditor"}))
            .await;
        let inspectors = USERS - USERS.div_ceil(10);
        assert_eq!(status(&acme).await["state"], "running");
        assert_eq!(holders(&acme, &users).await, 0);

        die_after_one_batch(&acme).await;
        let some = holders(&acme, &users).await;
        assert!((1..=USERS_AT_ONCE).contains(&i64::try_from(some).unwrap()), "{some}");
        assert_eq!(status(&acme).await["users_done"], USERS_AT_ONCE);

        // Nobody touches the job while the dead worker's claim lasts.
        let worker = acme.work().await;
        app.advance_s(16);
        idle(&acme).await;
        assert_eq!(holders(&acme, &users).await, inspectors);
        let now = status(&acme).await;
        assert_eq!((&now["version"], &now["users_done"]), (&now["applied_version"], &json!(USERS)));

        // A rule that goes takes everything with it in the answer already.
        worker.end().await;
        app.advance_s(1);
        acme.operator.delete(&format!("/api/v1/mapping-rules/{rule}")).await.expect(204);
        assert_eq!(holders(&acme, &users).await, 0);
        let one = users[1].to_string();
        let worker = acme.work().await;
        idle(&acme).await;
        worker.end().await;
        assert!(acme.kept(&one).await.is_empty());
        let told = acme.events("user.access_changed", &one).await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[1]["lost"], json!([{"role": "auditor", "resource": null}]));
    }

    async fn a_wide_edit_loses_at_once_what_its_holders_no_longer_match(app: TestApp) {
        let acme = World::new(&app).await;
        let users = acme.fill(USERS).await;
        let rule = acme
            .rule(json!({"name": "Bakers", "when": "title eq \"Baker\"", "role": "auditor"}))
            .await;
        let worker = acme.work().await;
        idle(&acme).await;
        worker.end().await;
        assert_eq!(holders(&acme, &users).await, USERS.div_ceil(10));
        let path = format!("/api/v1/mapping-rules/{rule}");
        acme.operator.patch(&path, json!({"when": "userName sw \"user-1\""})).await.expect(200);
        let left: Vec<UserId> = holders_of(&acme, &users).await;
        assert!(left.iter().all(|id| users[..].iter().position(|one| one == id).unwrap() != 0));
        assert!(left.len() < USERS.div_ceil(10));
        let worker = acme.work().await;
        idle(&acme).await;
        worker.end().await;
        let named = (0..USERS).filter(|n| n.to_string().starts_with('1')).count();
        assert_eq!(holders(&acme, &users).await, named);
    }
}

async fn holders_of(acme: &World<'_>, users: &[UserId]) -> Vec<UserId> {
    let mut scope = acme.app.app.runner.read(acme.id());
    let grants = store::grant::of_users(&mut scope, users).await.unwrap();
    grants.iter().map(|grant| grant.user_id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_writes_meanwhile_has_most_of_the_turns_at_the_one_writer() {
    let app = TestApp::sqlite().await;
    let acme = World::new(&app).await;
    acme.fill(USERS).await;
    acme.rule(json!({"name": "Inspectors", "when": "title eq \"Inspector\"", "role": "auditor"}))
        .await;
    let before = app.app.runner.db.turns().unwrap();
    let worker = acme.work().await;
    let path = format!("/api/v1/organizations/{}/users", acme.organization);
    let mut written = 0;
    while status(&acme).await["state"] != "idle" {
        for _ in 0..10 {
            let body = json!({"user_name": format!("meanwhile-{written}")});
            acme.operator.post(&path, body).await.expect(201);
            written += 1;
        }
    }
    worker.end().await;
    let steps = u64::try_from(USERS).unwrap() / u64::try_from(USERS_AT_ONCE).unwrap();
    let turns = app.app.runner.db.turns().unwrap() - before;
    assert!(turns >= steps + written, "{turns} turns");
    assert!(written >= 2 * steps, "{written} writes beside {steps} steps");
}
