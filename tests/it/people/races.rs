//! What comes at once: of two that exclude one another one wins, whoever is first.
//!
//! Setting a password takes its time before the invite is touched, so the rival is held back by
//! more and more of the time that an accept takes: some of them meet it in its transaction.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{PASSWORD, browser, invite, user};
use crate::support::{Reply, TestApp};

/// How often each race is run.
const RUNS: u32 = 6;

/// An invite to an address: its id and its link.
async fn invited(app: &TestApp, organization: &str, email: &str) -> (String, String) {
    let body = json!({"email": email, "first_name": "A", "last_name": "B", "role": "auditor"});
    let id = invite(app, organization, body).await.expect(201).text_at("/id");
    (id, app.mail_to(email).await.link())
}

async fn accepted(app: &TestApp, link: &str) -> Reply {
    browser(app).post_form(link, &[("password", PASSWORD)]).await
}

/// How long an accept takes that nobody meets.
async fn alone(app: &TestApp, organization: &str) -> Duration {
    let (_, link) = invited(app, organization, "alone@example.com").await;
    let began = Instant::now();
    accepted(app, &link).await.expect(303);
    began.elapsed()
}

async fn status(app: &TestApp, invite: &str) -> Value {
    let path = format!("/api/v1/invites/{invite}");
    app.operator().get(&path).await.expect(200).at("/status")
}

/// The users of an organization with this address.
async fn users(app: &TestApp, organization: &str, email: &str) -> Vec<Value> {
    let path = format!("/api/v1/organizations/{organization}/users?q={email}");
    app.operator().get(&path).await.expect(200).at("/data").as_array().unwrap().clone()
}

on_both_engines! {
    async fn an_invite_that_is_accepted_twice_at_once_is_accepted_once(app: TestApp) {
        let acme = app.organization("Acme").await;
        for run in 0..RUNS {
            let email = format!("twice{run}@example.com");
            let (id, link) = invited(&app, &acme, &email).await;
            let (one, other) = tokio::join!(accepted(&app, &link), accepted(&app, &link));
            let mut both = [one.status, other.status];
            both.sort_unstable();
            assert_eq!(both, [303, 410], "{one}\n{other}");
            assert_eq!(status(&app, &id).await, "accepted");
        }
        let told = app.events(&acme, "invite.accepted").await;
        assert_eq!(told.len(), RUNS as usize);
    }

    async fn an_invite_is_accepted_or_taken_back_and_never_both(app: TestApp) {
        let acme = app.organization("Acme").await;
        let whole = alone(&app, &acme).await;
        for run in 0..RUNS {
            let email = format!("back{run}@example.com");
            let (id, link) = invited(&app, &acme, &email).await;
            let revoke = async {
                tokio::time::sleep(whole * (run + 6) / 11).await;
                app.operator().send(Method::DELETE, &format!("/api/v1/invites/{id}"), None).await
            };
            let (joined, revoked) = tokio::join!(accepted(&app, &link), revoke);
            let there = user(&app, &acme, &email).await;
            match (joined.status, revoked.status) {
                (303, 404 | 409) => {
                    assert_eq!(status(&app, &id).await, "accepted");
                    assert_eq!((&there["status"], there["roles"].as_array().map(Vec::len)),
                        (&json!("active"), Some(1)));
                }
                (404, 204) => assert!(there.is_null(), "she came by the invite alone: {there}"),
                _ => panic!("{joined}\n{revoked}"),
            }
        }
        app.run_worker().await;
    }

    async fn an_invite_is_accepted_or_superseded_and_never_both(app: TestApp) {
        let acme = app.organization("Acme").await;
        let whole = alone(&app, &acme).await;
        let (_, token) = app.directory(&acme, "generic").await;
        let scim = app.scim(&token);
        for run in 0..RUNS {
            let email = format!("both{run}@example.com");
            let (id, link) = invited(&app, &acme, &email).await;
            let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": format!("scim-{run}"), "active": true,
                "emails": [{"value": email, "type": "work"}]});
            let create = async {
                tokio::time::sleep(whole * (run + 6) / 11).await;
                scim.post("/Users", body).await
            };
            let (joined, made) = tokio::join!(accepted(&app, &link), create);
            let made = made.expect(201).text_at("/id");
            let there = users(&app, &acme, &email).await;
            match joined.status {
                303 => {
                    assert_eq!(status(&app, &id).await, "accepted");
                    assert_eq!(there.len(), 2, "nobody is taken over: {there:?}");
                }
                404 | 410 => {
                    assert_eq!(status(&app, &id).await, "superseded");
                    assert_eq!(there.len(), 1, "{there:?}");
                    assert_eq!(there[0]["id"], json!(made));
                    assert_eq!(there[0]["roles"][0]["source"], "invite");
                }
                _ => panic!("{joined}"),
            }
        }
        app.run_worker().await;
    }

    async fn all_admins_who_are_removed_at_once_one_by_one_leave_one(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut ids = Vec::new();
        for at in 0..4 {
            let email = format!("admin{at}@example.com");
            crate::people::somebody(&app, &acme, &email, "org-admin").await;
            ids.push(user(&app, &acme, &email).await["id"].as_str().unwrap().to_owned());
        }
        let path = format!("/api/v1/organizations/{acme}/users/remove");
        let remove = |id: &String| {
            let (operator, path, body) = (app.operator(), path.clone(), json!({"ids": [id]}));
            tokio::spawn(async move { operator.post(&path, body).await.expect(200) })
        };
        let tasks: Vec<_> = ids.iter().map(remove).collect();
        let mut removed = 0;
        for task in tasks {
            removed += usize::from(task.await.unwrap().at("/results/0/status") == "removed");
        }
        assert_eq!(removed, 3);
        let left = app.operator()
            .get(&format!("/api/v1/organizations/{acme}/users?role=org-admin")).await.expect(200);
        assert_eq!(left.at("/data").as_array().map(Vec::len), Some(1));
        app.run_worker().await;
    }
}
