//! The harness keeps its own promises.

use std::panic::{AssertUnwindSafe, catch_unwind};

use portico::domain::actor::Actor;

use crate::support::TestApp;

async fn leave_a_job(app: &TestApp) {
    let runner = app.app.runner.clone();
    let operator = portico::flow::organization::ensure_operator(&runner).await.unwrap();
    runner
        .write(Actor::System, operator, |work| {
            Box::pin(async move { work.enqueue("mail", "key", serde_json::Value::Null).await })
        })
        .await
        .unwrap();
}

on_both_engines! {
    async fn a_test_that_leaves_rows_in_the_outbox_fails(app: TestApp) {
        leave_a_job(&app).await;
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(app)));
        let said = *dropped.unwrap_err().downcast::<String>().unwrap();
        assert!(said.contains("left behind in the outbox"), "{said}");
    }

    async fn every_test_has_a_database_of_its_own(app: TestApp) {
        let other = if app.app.runner.db.is_postgres() {
            TestApp::postgres().await
        } else {
            TestApp::sqlite().await
        };
        app.organization("Acme").await;
        let nothing = other.operator().get("/api/v1/organizations/acme").await;
        nothing.expect_problem(404, "not-found");
    }
}
