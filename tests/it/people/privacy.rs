//! One person forgotten, and one told what is kept of her.

use serde_json::json;

use super::{accept, invite_ada, user};
use crate::support::TestApp;

on_both_engines! {
    async fn who_is_forgotten_leaves_no_value_behind(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let id = user(&app, &acme, "ada").await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/users/{id}");
        let told = app.operator().get(&format!("{path}/export")).await.expect(200);
        assert_eq!(told.at("/user/email"), "ada@example.com");
        assert_eq!(told.at("/grants/0/role"), "auditor");
        assert_eq!(told.at("/sessions").as_array().unwrap().len(), 1);
        assert!(!told.text().contains("argon2"), "{told}");
        app.operator().post(&format!("{path}/erase"), json!({})).await.expect(204);
        app.operator().get(&path).await.expect_problem(404, "not-found");
        app.run_worker().await;
        for list in ["users", "invites", "events?limit=100", "conflicts"] {
            let list = format!("/api/v1/organizations/{acme}/{list}");
            let seen = app.operator().get(&list).await.expect(200).text();
            assert!(!seen.contains("ada@example.com") && !seen.contains("Lovelace"), "{seen}");
        }
        assert_eq!(app.events(&acme, "user.erased").await.len(), 1);
        // She may come again, as somebody new.
        invite_ada(&app, &acme).await;
        app.run_worker().await;
    }

    async fn whom_a_live_directory_brings_is_forgotten_there_first(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (directory, token) = app.directory(&acme, "strict").await;
        let ada = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada", "active": true});
        let id = app.scim(&token).post("/Users", ada).await.expect(201).text_at("/id");
        let path = format!("/api/v1/users/{id}/erase");
        app.operator().post(&path, json!({})).await.expect_problem(409, "managed-elsewhere");
        let off = json!({"status": "disabled"});
        let directory = format!("/api/v1/directories/{directory}");
        app.operator().patch(&directory, off).await.expect(200);
        app.operator().post(&path, json!({})).await.expect(204);
    }
}
