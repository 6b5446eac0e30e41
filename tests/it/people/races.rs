//! Two at once about one invite. SQLite has one writer; on PostgreSQL these are real races.

use serde_json::json;

use super::{PASSWORD, browser, invite, user};
use crate::support::TestApp;

const ROUNDS: usize = 6;

on_both_engines! {
    async fn one_invite_accepted_twice_at_once_lets_one_in(app: TestApp) {
        let acme = app.organization("Acme").await;
        for at in 0..ROUNDS {
            let email = format!("p{at}@example.com");
            invite(&app, &acme, json!({"email": email, "role": "auditor"})).await.expect(201);
            let link = app.mail_to(&email).await.link();
            let (one, two) = (browser(&app), browser(&app));
            let fields = [("password", PASSWORD)];
            let (first, second) =
                tokio::join!(one.post_form(&link, &fields), two.post_form(&link, &fields));
            let mut statuses = [first.status, second.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [303, 410], "{first}\n{second}");
            let signed_in = [one.get("/me").await.status, two.get("/me").await.status];
            assert_eq!(signed_in.iter().filter(|status| **status == 200).count(), 1);
            assert_eq!(user(&app, &acme, &email).await["status"], "active");
        }
        assert_eq!(app.events(&acme, "invite.accepted").await.len(), ROUNDS);
    }

    async fn an_accept_against_a_revoke_has_one_winner(app: TestApp) {
        let acme = app.organization("Acme").await;
        let mut accepted = 0;
        for at in 0..ROUNDS {
            let email = format!("p{at}@example.com");
            let sent = invite(&app, &acme, json!({"email": email, "role": "auditor"})).await;
            let path = format!("/api/v1/invites/{}", sent.expect(201).text_at("/id"));
            let link = app.mail_to(&email).await.link();
            let (jar, operator) = (browser(&app), app.operator());
            let fields = [("password", PASSWORD)];
            let (joined, revoked) =
                tokio::join!(jar.post_form(&link, &fields), operator.delete(&path));
            let there = user(&app, &acme, &email).await;
            if joined.status == 303 {
                accepted += 1;
                assert_eq!(revoked.status, 409, "{revoked}");
                assert_eq!(there["status"], "active");
                jar.get("/me").await.expect(200);
            } else {
                assert_eq!((joined.status, revoked.status), (404, 204), "{joined}\n{revoked}");
                assert!(there.is_null(), "she came by it alone: {there}");
                jar.get("/me").await.expect(401);
            }
        }
        assert_eq!(app.events(&acme, "invite.accepted").await.len(), accepted);
        assert_eq!(app.events(&acme, "invite.revoked").await.len(), ROUNDS - accepted);
    }
}
