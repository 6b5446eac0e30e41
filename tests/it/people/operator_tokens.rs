//! Tokens of the operator: where they may be used from, and when they end.

use portico::domain::actor::Actor;
use portico::flow::operator_token::{New, create};
use portico::flow::organization::ensure_operator;

use crate::support::TestApp;

/// All organizations: what no token of a customer opens.
const ALL: &str = "/api/v1/organizations";

async fn made(app: &TestApp, addresses: &[&str], expires_in_days: Option<i64>) -> String {
    let runner = &app.app.runner;
    let operator = ensure_operator(runner).await.unwrap();
    let new = New {
        name: "Automation".to_owned(),
        addresses: addresses.iter().map(|one| (*one).to_owned()).collect(),
        expires_in_days,
    };
    runner
        .write(Actor::System, operator, move |work| {
            let new = new.clone();
            Box::pin(async move { create(work, &new).await })
        })
        .await
        .unwrap()
}

on_both_engines! {
    async fn an_operator_token_is_used_from_its_address_ranges_alone(app: TestApp) {
        for (ranges, status) in [
            (&[][..], 200),
            (&["127.0.0.0/8"], 200),
            (&["10.0.0.0/8", "127.0.0.1/32"], 200),
            (&["10.0.0.0/8"], 401),
            (&["::1/128"], 401),
        ] {
            let token = made(&app, ranges, None).await;
            app.bearer(&token).get(ALL).await.expect(status);
            // A header that nobody vouches for says nothing of an address.
            let forwarded = app.bearer(&token).with_header("x-forwarded-for", "10.0.0.1");
            forwarded.get(ALL).await.expect(status);
        }
    }

    async fn an_operator_token_ends_by_the_clock_and_only_its_whole_text_holds(app: TestApp) {
        let token = made(&app, &[], Some(2)).await;
        let ever = made(&app, &[], None).await;
        assert!(token.starts_with("pop_"), "{token}");
        app.advance_s(2 * 86_400 - 1);
        app.bearer(&token).get(ALL).await.expect(200);
        for wrong in [&token[..token.len() - 1], &token.replace("pop_", "pot_"), &format!("{token}x")] {
            app.bearer(wrong).get(ALL).await.expect_problem(401, "unauthenticated");
        }
        app.advance_s(1);
        app.bearer(&token).get(ALL).await.expect_problem(401, "unauthenticated");
        app.bearer(&ever).get(ALL).await.expect(200);
    }
}
