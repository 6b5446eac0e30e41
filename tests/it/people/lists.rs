//! The list of users: its columns, filters, orders and pages.

use serde_json::{Value, json};

use super::{accept, invite, invite_ada, somebody};
use crate::support::TestApp;

async fn logins(app: &TestApp, organization: &str, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/organizations/{organization}/users?{query}&limit=2{after}");
        let page = app.operator().get(&path).await.expect(200).json();
        let names = page["data"].as_array().unwrap().iter();
        found.extend(names.map(|one| one["user_name"].as_str().unwrap().to_owned()));
        match &page["next"] {
            Value::String(next) => after = format!("&after={next}"),
            _ => return found,
        }
    }
}

on_both_engines! {
    async fn every_order_goes_both_ways_page_by_page(app: TestApp) {
        let acme = app.organization("Acme").await;
        for name in ["delta", "alpha", "charlie", "bravo", "echo"] {
            let email = format!("{name}@example.com");
            invite(&app, &acme, json!({"email": email})).await.expect(201);
            app.advance_s(1);
            if name != "charlie" {
                accept(&app, &app.mail_to(&email).await.link()).await;
                app.advance_s(1);
            }
        }
        let short = |all: Vec<String>| -> String {
            all.iter().map(|login| login.chars().next().unwrap()).collect()
        };
        for (sort, expected) in [
            ("created_at", "dacbe"),
            ("user_name", "abcde"),
            ("email", "abcde"),
            ("display_name", "abcde"),
            ("last_sign_in_at", "cdabe"),
        ] {
            let forwards = short(logins(&app, &acme, &format!("sort={sort}")).await);
            assert_eq!(forwards, expected, "{sort}");
            let back = short(logins(&app, &acme, &format!("sort=-{sort}")).await);
            assert_eq!(back, expected.chars().rev().collect::<String>(), "-{sort}");
        }
        app.run_worker().await;
    }

    async fn a_list_is_narrowed_by_every_status(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        app.run_worker().await;
        app.advance_s(8 * 86_400);
        invite(&app, &acme, json!({"email": "bob@example.com"})).await.expect(201);
        somebody(&app, &acme, "carl@example.com", "auditor").await;
        let people = format!("/api/v1/organizations/{acme}/users");
        let dora = json!({"user_name": "dora@example.com"});
        app.operator().post(&people, dora).await.expect(201);
        let eve = json!({"user_name": "eve@example.com"});
        let eve = app.operator().post(&people, eve).await.expect(201).text_at("/id");
        let suspend = format!("/api/v1/users/{eve}/suspend");
        app.operator().post(&suspend, json!({})).await.expect(200);
        for (status, login) in [
            ("invite_expired", "ada@example.com"),
            ("invite_pending", "bob@example.com"),
            ("active", "carl@example.com"),
            ("provisioned", "dora@example.com"),
            ("suspended", "eve@example.com"),
        ] {
            assert_eq!(logins(&app, &acme, &format!("status={status}")).await, [login]);
        }
        assert_eq!(logins(&app, &acme, "role=auditor").await, ["ada@example.com", "carl@example.com"]);
        app.run_worker().await;
    }
}
