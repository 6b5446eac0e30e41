//! What lists, imports and webhooks cost: statements are counted, so that no row brings one of its
//! own.

use portico::store::statements;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::imports::{HEADER, import};
use super::receiver::Receiver;
use super::webhooks::{hook, states};
use crate::support::TestApp;

/// Events that a webhook is told.
const EVENTS: usize = 400;

/// Makes so many users by a file, and answers their answer's statements.
async fn imported(app: &TestApp, organization: &str, name: &str, count: usize) -> u64 {
    let lines: String =
        (0..count).map(|at| format!("{name}{at}@example.com,First,{at},\n")).collect();
    let file = format!("{HEADER}{lines}");
    let before = statements();
    let sent = import(&app.operator(), organization, file.as_bytes(), &[("role", "auditor")]).await;
    let used = statements() - before;
    assert_eq!(sent.expect(200).at("/invited"), count);
    used
}

/// Statements of a request.
async fn cost(app: &TestApp, path: &str) -> u64 {
    let before = statements();
    app.operator().get(path).await.expect(200);
    statements() - before
}

on_both_engines! {
    async fn a_page_of_users_costs_the_same_statements_whatever_it_shows(app: TestApp) {
        let acme = app.organization("Acme").await;
        imported(&app, &acme, "one", 120).await;
        let path = format!("/api/v1/organizations/{acme}/users?limit=100");
        let queries = ["", "&q=one", "&sort=user_name", "&status=invite_pending", "&class=member",
            "&role=auditor", "&sort=-created_at&source=invite"];
        let mut few = Vec::new();
        for query in queries {
            few.push(cost(&app, &format!("{path}{query}")).await);
        }
        imported(&app, &acme, "more", 150).await;
        let page = app.operator().get(&path).await.expect(200);
        let after = format!("&after={}", page.text_at("/next"));
        for (query, few) in queries.iter().zip(few) {
            let many = cost(&app, &format!("{path}{query}")).await;
            assert!(many <= few && few <= 8, "{query}: {many} statements, {few} for fewer users");
        }
        assert!(cost(&app, &format!("{path}{after}")).await <= 8);
        app.run_worker().await;
    }

    async fn a_file_costs_statements_by_its_batches_and_not_by_its_rows(app: TestApp) {
        let acme = app.organization("Acme").await;
        let one = imported(&app, &acme, "a", 1).await;
        let batch = imported(&app, &acme, "b", 400).await;
        assert!(batch <= one + 2 && batch <= 40, "{one} for a row, {batch} for 400");
        let two = imported(&app, &acme, "c", 900).await;
        assert!(two <= 2 * batch, "{batch} for 400, {two} for 900");
        app.run_worker().await;
    }

    async fn what_a_webhook_is_told_is_laid_ready_and_taken_together(app: TestApp) {
        let acme = app.organization("Acme").await;
        let (_, token) = app.directory(&acme, "generic").await;
        let create = |n: usize| json!({"method": "POST", "path": "/Users", "bulkId": n.to_string(),
            "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": format!("u{n}")}});
        let operations: Vec<_> = (0..EVENTS).map(create).collect();
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": operations});
        app.scim(&token).post("/Bulk", body).await.expect(200);
        while app.events(&acme, "user.created").await.len() < 100 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let mut receiver = Receiver::start(&format!("{acme}-cost"));
        let id = hook(&app, &acme, &mut receiver, json!(["user.created"])).await;
        let span = json!({"from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z"});
        let before = statements();
        let path = format!("/api/v1/webhooks/{id}/replay");
        let queued = app.operator().post(&path, span).await.expect(202);
        assert_eq!(queued.at("/queued"), EVENTS);
        let laid = statements() - before;
        assert!(laid <= 16, "{laid} statements lay {EVENTS} messages ready");
        let before = statements();
        let stop = CancellationToken::new();
        let worker = app.start_worker(&stop);
        receiver.came(EVENTS).await;
        stop.cancel();
        worker.await.unwrap();
        let used = statements() - before;
        let most = 6 * u64::try_from(EVENTS).unwrap();
        assert!(used < most, "{used} statements send {EVENTS} messages");
        states(&app, &id, "delivered", 100).await;
    }
}
