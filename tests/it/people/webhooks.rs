//! Webhooks against a receiver that verifies by the library of Standard Webhooks.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::invite;
use super::receiver::Receiver;
use crate::support::TestApp;

/// Looks at what has come, and milliseconds between them.
const LOOKS: u64 = 600;
const LOOK_MS: u64 = 25;

pub async fn hook(
    app: &TestApp,
    organization: &str,
    receiver: &mut Receiver,
    types: Value,
) -> String {
    let path = format!("/api/v1/organizations/{organization}/webhooks");
    let body = json!({"url": receiver.url(), "types": types});
    let made = app.operator().post(&path, body).await.expect(201);
    receiver.command(&format!("now {}", app.app.runner.clock.now().seconds()));
    receiver.command(&format!("secret {}", made.text_at("/secret")));
    let listed = app.operator().get(&path).await.expect(200);
    assert!(listed.json()["data"][0]["secret"].is_null());
    made.text_at("/id")
}

pub async fn deliveries(app: &TestApp, id: &str) -> Vec<Value> {
    let path = format!("/api/v1/webhooks/{id}/deliveries?limit=100");
    app.operator().get(&path).await.expect(200).at("/data").as_array().unwrap().clone()
}

pub async fn states(app: &TestApp, id: &str, wanted: &str, count: usize) {
    for _ in 0..LOOKS {
        let all = deliveries(app, id).await;
        if all.iter().filter(|one| one["state"] == wanted).count() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
    }
    panic!("never {count} {wanted}: {:?}", deliveries(app, id).await);
}

async fn invited(app: &TestApp, organization: &str, count: usize, from: usize) {
    for at in from..from + count {
        let body = json!({"email": format!("u{at}@example.com")});
        invite(app, organization, body).await.expect(201);
    }
}

on_both_engines! {
    async fn what_happens_is_told_in_order_once_and_verifies(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut receiver = Receiver::start(&acme);
        invited(&app, &acme, 1, 0).await;
        // What has its place in the feed before the webhook is there is not told.
        app.run_worker().await;
        let id = hook(&app, &acme, &mut receiver, json!(["user.created", "user.suspended"])).await;
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        invited(&app, &acme, 5, 1).await;
        let ada = crate::people::user(&app, &acme, "u1@").await["id"].as_str().unwrap().to_owned();
        app.operator().post(&format!("/api/v1/users/{ada}/suspend"), json!({})).await.expect(200);
        let came = receiver.came(6).await;
        assert!(came.iter().all(|one| one[0] != "bad"), "{came:?}");
        let hers: Vec<&str> = came.iter().filter(|one| one[2] == format!("user:{ada}"))
            .map(|one| one[1].as_str()).collect();
        assert_eq!(hers, ["user.created", "user.suspended"]);
        states(&app, &id, "delivered", 6).await;
        stop.cancel();
        worker.await.unwrap();
        app.run_worker().await;
    }

    async fn what_fails_is_tried_again_and_what_stalls_delays_no_other(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut stuck = Receiver::start(&format!("{acme}-stuck"));
        let mut swift = Receiver::start(&format!("{acme}-swift"));
        let one = hook(&app, &acme, &mut stuck, json!(["user.created"])).await;
        hook(&app, &acme, &mut swift, json!(["user.created"])).await;
        stuck.command("stall 1");
        stuck.command("fail 2");
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        invited(&app, &acme, 3, 0).await;
        swift.came(3).await;
        for _ in 0..40 {
            // What stalls is nobody else's for half a minute of the clock.
            app.advance_s(1);
            tokio::time::sleep(Duration::from_millis(200)).await;
            if stuck.log().len() == 3 {
                break;
            }
        }
        stuck.came(3).await;
        states(&app, &one, "delivered", 3).await;
        let tried: i64 = deliveries(&app, &one).await.iter()
            .map(|one| one["attempts"].as_i64().unwrap()).sum();
        assert_eq!(tried, 5);
        stop.cancel();
        worker.await.unwrap();
        app.run_worker().await;
    }

    async fn a_secret_is_rotated_and_both_verify_for_a_day(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut receiver = Receiver::start(&acme);
        let id = hook(&app, &acme, &mut receiver, json!(["user.created"])).await;
        let path = format!("/api/v1/webhooks/{id}");
        let new = app.operator().post(&format!("{path}/rotate"), json!({})).await.expect(201);
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        invited(&app, &acme, 1, 0).await;
        assert_ne!(receiver.came(1).await[0][0], "bad", "the old secret still signs");
        receiver.command(&format!("secret {}", new.text_at("/secret")));
        let tested = app.operator().post(&format!("{path}/test"), json!({})).await;
        assert_eq!(tested.expect(202).at("/queued"), 1);
        assert_eq!(receiver.came(2).await[1][1], "webhook.test");
        let event = app.events(&acme, "user.created").await[0]["id"].clone();
        let replay = json!({"event_id": event});
        app.operator().post(&format!("{path}/replay"), replay).await.expect(202);
        let came = receiver.came(3).await;
        assert_eq!(came[2][0], came[0][0], "one event has one id");
        let span = json!({"from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z"});
        let all = app.operator().post(&format!("{path}/replay"), span).await.expect(202);
        assert_eq!(all.at("/queued"), 1);
        receiver.came(4).await;
        stop.cancel();
        worker.await.unwrap();
        app.run_worker().await;
    }

    async fn an_endpoint_that_is_gone_is_switched_off_and_told_of(app: TestApp) {
        let acme = app.organization("Acme").await;
        crate::people::somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let mut receiver = Receiver::start(&acme);
        let id = hook(&app, &acme, &mut receiver, json!(["user.created"])).await;
        receiver.command("gone");
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        invited(&app, &acme, 1, 0).await;
        states(&app, &id, "failed", 1).await;
        stop.cancel();
        worker.await.unwrap();
        let path = format!("/api/v1/organizations/{acme}/webhooks");
        let listed = app.operator().get(&path).await.expect(200);
        assert_eq!(listed.at("/data/0/status"), "disabled");
        let told = app.mail_to("grace@example.com").await;
        assert_eq!(told.subject, "Acme: a webhook was switched off");
        let test = format!("/api/v1/webhooks/{id}/test");
        app.operator().post(&test, json!({})).await.expect_problem(409, "conflict");
        app.operator().delete(&format!("/api/v1/webhooks/{id}")).await.expect(204);
        app.operator().post(&test, json!({})).await.expect_problem(404, "not-found");
    }

    async fn a_url_that_is_never_asked_is_refused(app: TestApp) {
        let acme = app.organization("Acme").await;
        let path = format!("/api/v1/organizations/{acme}/webhooks");
        for url in ["ftp://example.com", "https://user:pw@example.com/", "http://example.com/", "x"] {
            let refused = app.operator().post(&path, json!({"url": url})).await;
            refused.expect_problem(422, "invalid");
            assert_eq!(refused.at("/errors/0/pointer"), "/url", "{url}");
        }
    }
}
