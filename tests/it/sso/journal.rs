//! What an administrator learns of sign-ins: ends that come near, keys that move, traces.

use serde_json::json;

use super::liar::Liar;
use crate::support::{Fake, TestApp};

const DAY_S: i64 = 86_400;

on_both_engines! {
    // FV36
    async fn the_end_of_a_client_secret_is_told_ahead_at_each_notice_once(app: TestApp) {
        let liar = Liar::new(app, json!({})).await;
        let end = portico::domain::time::Timestamp::parse("2027-03-01T00:00:00Z").unwrap();
        liar.change(json!({"oidc": {"secret_expires_at": end.to_string()}})).await.expect(200);
        let now = || liar.app.app.runner.clock.now();
        let mut told = Vec::new();
        for days in [61, 60, 31, 30, 14, 8, 7, 2, 1] {
            liar.app.advance_s(end.plus_s(-days * DAY_S).since_s(now()));
            for _ in 0..2 {
                if portico::flow::expiry::tell(&liar.app.app.runner).await.unwrap() > 0 {
                    told.push(days);
                }
            }
        }
        assert_eq!(told, [60, 30, 14, 7, 1]);
        let events = liar.app.events(&liar.organization, "connection.secret_expiring").await;
        assert_eq!(events.len(), 5);
        assert_eq!(events[0]["data"]["days"], 60);
        assert_eq!(events[0]["subject"]["id"], liar.connection);
        // A new end is told anew; none is told of a secret that does not end.
        let later = end.plus_s(20 * DAY_S).to_string();
        liar.change(json!({"oidc": {"secret_expires_at": later}})).await.expect(200);
        assert_eq!(portico::flow::expiry::tell(&liar.app.app.runner).await.unwrap(), 1);
        liar.change(json!({"oidc": {"secret_expires_at": null}})).await.expect(200);
        liar.app.advance_s(19 * DAY_S);
        assert_eq!(portico::flow::expiry::tell(&liar.app.app.runner).await.unwrap(), 0);
    }

    async fn what_a_sign_in_brought_is_kept_a_day_where_that_was_switched_on_g30(app: TestApp) {
        let liar = Liar::new(app, json!({})).await;
        liar.user("ada").await;
        let operator = liar.app.operator();
        let trace = async |at: usize| {
            let id = liar.journal().await[at]["id"].as_str().unwrap().to_owned();
            let path = format!("/api/v1/connections/{}/sign-ins/{id}/trace", liar.connection);
            operator.get(&path).await
        };
        liar.by(&liar.browser(), "ada", json!({"groups": ["g"]})).await.expect(303);
        trace(0).await.expect_problem(404, "not-found");
        let until = liar.app.app.runner.clock.now().plus_s(3600).to_string();
        liar.change(json!({"trace_until": until})).await.expect(200);
        liar.by(&liar.browser(), "ada", json!({"groups": ["g"]})).await.expect(303);
        let kept = trace(0).await.expect(200);
        assert_eq!(kept.at("/message/claims/groups"), json!(["g"]));
        assert!(kept.json().pointer("/message/claims/nonce").is_none(), "{kept}");
        // Of a refused one, too: it is then that somebody looks.
        let reply = liar.by(&liar.browser(), "ada", json!({"aud": "other"})).await;
        liar.refused(&reply, "audience_mismatch").await;
        assert_eq!(trace(0).await.expect(200).at("/message/claims/aud"), "other");
        liar.app.advance_s(3600);
        liar.by(&liar.browser(), "ada", json!({})).await.expect(303);
        trace(0).await.expect_problem(404, "not-found");
        liar.app.advance_s(DAY_S);
        trace(2).await.expect_problem(404, "not-found");
    }

    async fn keys_from_another_host_are_told_of_r9(app: TestApp) {
        let liar = Liar::new(app, json!({})).await;
        liar.user("ada").await;
        liar.by(&liar.browser(), "ada", json!({})).await.expect(303);
        let moved = Fake::start(&[&liar.key]).await;
        let mut document = liar.provider.document();
        document["jwks_uri"] = json!(format!("{}/keys", moved.issuer).replace("127.0.0.1", "localhost"));
        liar.provider.says("/.well-known/openid-configuration", &document);
        liar.app.advance_s(2 * DAY_S);
        liar.by(&liar.browser(), "ada", json!({})).await.expect(303);
        let told = liar.app.events(&liar.organization, "connection.keys_moved").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((&told[0]["data"]["from"], &told[0]["data"]["to"]),
            (&json!("127.0.0.1"), &json!("localhost")));
    }
}
