//! What is over goes when its time is up, and not before.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{accept, browser, invite_ada, somebody};
use crate::support::TestApp;

const DAY_S: i64 = 86_400;
/// How long a revoked token is kept.
const REVOKED_S: i64 = 30 * DAY_S;
/// What of somebody who came, forgot her password and left tokens behind is kept.
const KEPT: [&str; 4] =
    ["api_tokens.hash", "directory_tokens.hash", "directory_clients.hash", "invites.id"];

/// How many rows each of these has.
async fn rows(app: &TestApp, columns: &[&str]) -> Vec<usize> {
    let cells = app.database().cells().await;
    let count = |column: &&str| cells.iter().filter(|cell| cell.place == **column).count();
    columns.iter().map(count).collect()
}

/// Lets the worker sweep until nothing is left of a table.
async fn sweep_until_gone(app: &TestApp, column: &str) {
    let stop = CancellationToken::new();
    let worker = app.start_worker(&stop);
    for _ in 0..400 {
        if rows(app, &[column]).await == [0] {
            stop.cancel();
            worker.await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{column} stays");
}

on_both_engines! {
    async fn tokens_that_were_revoked_links_and_invites_go_in_time(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (directory, _) = app.directory(&acme, "generic").await;
        invite_ada(&app, &acme).await;
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let fields = [("user_name", "ada@example.com")];
        browser(&app).post_form("/password/forgot", &fields).await.expect(200);
        app.run_worker().await;
        let operator = app.operator();
        let admin = somebody(&app, &acme, "grace@example.com", "org-admin").await;
        let body = json!({"name": "Script", "permissions": ["users.view"]});
        for _ in 0..2 {
            admin.post("/api/v1/me/tokens", body.clone()).await.expect(201);
        }
        let own = admin.get("/api/v1/me/tokens").await.expect(200).text_at("/data/0/id");
        let theirs = format!("/api/v1/directories/{directory}/tokens");
        let token = operator.post(&theirs, json!({"name": "Old"})).await.expect(201);
        let theirs = format!("/api/v1/directories/{directory}/clients");
        let client = operator.post(&theirs, json!({"name": "Old"})).await.expect(201);
        assert_eq!(rows(&app, &KEPT).await, [2, 2, 1, 2]);
        admin.delete(&format!("/api/v1/tokens/{own}")).await.expect(204);
        let token = format!("/api/v1/directory-tokens/{}", token.text_at("/id"));
        operator.delete(&token).await.expect(204);
        let client = format!("/api/v1/directory-clients/{}", client.text_at("/client_id"));
        operator.delete(&client).await.expect(204);
        app.advance_s(REVOKED_S - DAY_S);
        sweep_until_gone(&app, "password_links.id").await;
        assert_eq!(rows(&app, &KEPT).await, [2, 2, 1, 2]);
        app.advance_s(2 * DAY_S);
        sweep_until_gone(&app, "directory_clients.hash").await;
        assert_eq!(rows(&app, &KEPT).await, [1, 1, 0, 2]);
        app.advance_s(400 * DAY_S);
        sweep_until_gone(&app, "invites.id").await;
        assert_eq!(rows(&app, &KEPT).await, [1, 1, 0, 0]);
    }
}
