//! Webhooks whose receivers stall, fail and start anew: who waits for whom, and what it costs.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::receiver::Receiver;
use super::webhooks::{deliveries, hook, states};
use crate::support::TestApp;

/// Days of seconds.
const DAY_S: i64 = 86_400;

/// A user, made by the API.
async fn made(app: &TestApp, organization: &str, name: &str) -> String {
    let path = format!("/api/v1/organizations/{organization}/users");
    let reply = app.operator().post(&path, json!({"user_name": name})).await;
    reply.expect(201).text_at("/id")
}

async fn changed(app: &TestApp, user: &str, verb: &str) {
    let path = format!("/api/v1/users/{user}/{verb}");
    // Events of one instant have no order on PostgreSQL.
    app.advance_s(1);
    app.operator().post(&path, json!({})).await.expect(200);
}

fn types() -> Value {
    json!(["user.created", "user.suspended", "user.resumed"])
}

/// Moves the clock in small steps until so many messages have come.
async fn in_time(app: &TestApp, receiver: &Receiver, count: usize) {
    for _ in 0..400 {
        if receiver.log().len() >= count {
            return;
        }
        app.advance_s(2);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never {count}: {:?}", receiver.log());
}

on_both_engines! {
    async fn one_subject_that_stalls_delays_no_other_and_keeps_its_order(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut receiver = Receiver::start(&format!("{acme}-subject"));
        let id = hook(&app, &acme, &mut receiver, types()).await;
        let ada = made(&app, &acme, "ada").await;
        changed(&app, &ada, "suspend").await;
        changed(&app, &ada, "resume").await;
        receiver.command(&format!("hold user:{ada}"));
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        for at in 0..30 {
            made(&app, &acme, &format!("u{at}")).await;
        }
        // All others came while the first of hers is still being answered.
        receiver.until(|log| log.len() >= 30).await;
        let log = receiver.log();
        let hers = log.iter().filter(|one| one[2] == format!("user:{ada}")).count();
        assert!(log.len() >= 30 && hers <= 1, "{hers} of {}", log.len());
        receiver.command("hold nobody");
        receiver.came(33).await;
        states(&app, &id, "delivered", 33).await;
        let log = receiver.log();
        let hers: Vec<&str> = log.iter().filter(|one| one[2] == format!("user:{ada}"))
            .map(|one| one[1].as_str()).collect();
        assert_eq!(hers, ["user.created", "user.suspended", "user.resumed"]);
        stop.cancel();
        worker.await.unwrap();
    }

    async fn a_receiver_that_starts_anew_gets_everything_in_order(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut receiver = Receiver::start(&format!("{acme}-restart"));
        let id = hook(&app, &acme, &mut receiver, types()).await;
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        let ada = made(&app, &acme, "ada").await;
        receiver.came(1).await;
        states(&app, &id, "delivered", 1).await;
        receiver.kill();
        changed(&app, &ada, "suspend").await;
        changed(&app, &ada, "resume").await;
        made(&app, &acme, "grace").await;
        for _ in 0..200 {
            let all = deliveries(&app, &id).await;
            if all.iter().filter(|one| !one["error"].is_null()).count() == 2 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let all = deliveries(&app, &id).await;
        assert_eq!(all.iter().filter(|one| !one["error"].is_null()).count(), 2, "{all:?}");
        // What waits behind a failed one says so: it is tried when that one is over.
        let behind = all.iter().find(|one| one["type"] == "user.resumed").unwrap();
        assert_eq!((&behind["state"], &behind["attempts"]), (&json!("pending"), &json!(0)));
        receiver.restart();
        in_time(&app, &receiver, 4).await;
        let log = receiver.came(4).await;
        assert!(log.iter().all(|one| one[0] != "bad"), "{log:?}");
        let hers: Vec<&str> = log.iter().filter(|one| one[2] == format!("user:{ada}"))
            .map(|one| one[1].as_str()).collect();
        assert_eq!(hers, ["user.created", "user.suspended", "user.resumed"]);
        stop.cancel();
        worker.await.unwrap();
    }

    async fn an_endpoint_that_fails_for_five_days_is_switched_off_and_told_of(app: TestApp) {
        let acme = app.organization("Acme").await;
        crate::people::somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let mut receiver = Receiver::start(&format!("{acme}-days"));
        let id = hook(&app, &acme, &mut receiver, types()).await;
        receiver.command("down");
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        let path = format!("/api/v1/organizations/{acme}/webhooks");
        let shown = async || app.operator().get(&path).await.expect(200).at("/data/0");
        made(&app, &acme, "ada").await;
        for _ in 0..400 {
            if !shown().await["failing_since"].is_null() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(!shown().await["failing_since"].is_null());
        app.advance_s(5 * DAY_S - 60);
        states(&app, &id, "pending", 1).await;
        for _ in 0..20 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(shown().await["status"], "active", "five days are not over");
        app.advance_s(DAY_S);
        states(&app, &id, "failed", 1).await;
        let last = shown().await;
        assert_eq!(last["status"], "disabled");
        let told = app.mails_to("grace@example.com").await;
        assert_eq!(told.last().unwrap().subject, "Acme: a webhook was switched off");
        // Switched on again it hears of what happens from then on.
        receiver.command("up");
        let lost = made(&app, &acme, "lost").await;
        // On PostgreSQL an event has its place in the feed a moment after its commit.
        for _ in 0..400 {
            let told = app.events(&acme, "user.created").await;
            if told.iter().any(|event| event["subject"]["id"] == lost.as_str()) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        let body = json!({"status": "active"});
        let on = app.operator().patch(&format!("/api/v1/webhooks/{id}"), body).await.expect(200);
        assert!(on.at("/failing_since").is_null());
        receiver.command(&format!("now {}", app.app.runner.clock.now().seconds()));
        made(&app, &acme, "heard").await;
        receiver.came(1).await;
        stop.cancel();
        worker.await.unwrap();
    }

    async fn a_redirect_of_an_endpoint_is_a_failure_and_leads_nowhere(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut elsewhere = Receiver::start(&format!("{acme}-elsewhere"));
        let mut receiver = Receiver::start(&format!("{acme}-redirects"));
        let id = hook(&app, &acme, &mut receiver, types()).await;
        elsewhere.command("secret whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        receiver.command(&format!("redirect {}", elsewhere.url()));
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        made(&app, &acme, "ada").await;
        receiver.came(1).await;
        for _ in 0..100 {
            if deliveries(&app, &id).await[0]["status"] == 302 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let first = &deliveries(&app, &id).await[0];
        assert_eq!((&first["status"], &first["state"]), (&json!(302), &json!("pending")));
        assert_eq!(first["error"], "the endpoint answered 302");
        assert!(elsewhere.log().is_empty());
        stop.cancel();
        worker.await.unwrap();
    }
}
