//! Links stand in mails and nowhere else; nobody's values stand in the feed.

use portico::domain::actor::{Actor, ActorRef};
use portico::domain::id::{InviteId, OrganizationId};
use portico::domain::invite::{Class, Delivery, Invite, State};
use portico::domain::language::Language;
use portico::domain::organization::Slug;
use portico::store;
use serde_json::json;

use super::{accept, invite_ada};
use crate::support::TestApp;

/// Invites many strangers at once, as many sent before would stand there.
pub async fn copy_invites(app: &TestApp, count: i64) {
    let runner = &app.app.runner;
    let slug = Slug::parse("acme").unwrap();
    let acme = store::organization::by_slug(&mut runner.db.conn(), &slug).await.unwrap().unwrap();
    let organization: OrganizationId = acme.id;
    runner
        .write(Actor::System, organization, move |work| {
            Box::pin(async move {
                for at in 0..count {
                    let invite = copied(work.id(), at, work.at);
                    store::invite::insert(&mut work.scope(), &invite).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}

fn copied(id: InviteId, at: i64, now: portico::domain::time::Timestamp) -> Invite {
    Invite {
        id,
        user: None,
        class: Class::Partner,
        email: format!("copy{at}@example.com"),
        first_name: None,
        last_name: None,
        description: None,
        login_type: None,
        language: Language::En,
        grants: Vec::new(),
        state: State::Pending,
        token: None,
        invited_by: ActorRef { kind: "system".to_owned(), id: None },
        inviter: None,
        imported: false,
        sends: 1,
        delivery: Delivery::Sent,
        delivery_error: None,
        opened_at: None,
        created_at: now,
        sent_at: now,
        expires_at: now.plus_s(86_400),
        accepted_at: None,
    }
}

on_both_engines! {
    async fn a_link_stands_in_no_answer_no_event_and_not_readable_in_the_outbox(app: TestApp) {
        let acme = app.organization("Acme").await;
        let sent = invite_ada(&app, &acme).await;
        let runner = &app.app.runner;
        let now = runner.clock.now();
        let mut tx = runner.db.begin().await.unwrap();
        let (conn, lane) = (&mut tx.conn(), store::outbox::Lane::Mail);
        let jobs = store::outbox::claim(conn, (now, now), lane, 10).await.unwrap();
        runner.db.keep(tx).await.unwrap();
        assert_eq!(jobs.len(), 1);
        let kept = jobs[0].payload.clone();
        for value in ["ada@example.com", "Lovelace", "/invite/"] {
            assert!(!kept.contains(value), "{kept}");
        }
        let mail = app.mail_to("ada@example.com").await;
        let link = mail.link();
        let secret = link.rsplit('/').next().unwrap().to_owned();
        assert!(secret.len() >= 43, "256 bits: {secret}");
        let id = sent.text_at("/id");
        let mut seen = sent.text();
        for path in [
            format!("organizations/{acme}/invites"),
            format!("invites/{id}"),
            format!("organizations/{acme}/users"),
            format!("organizations/{acme}/events?limit=100"),
        ] {
            seen += &app.operator().get(&format!("/api/v1/{path}")).await.expect(200).text();
        }
        assert!(!seen.contains(&secret), "{seen}");
        let browser = accept(&app, &link).await;
        seen = browser.get("/me").await.expect(200).text();
        assert!(!seen.contains(&secret));
    }

    async fn the_feed_holds_ids_and_names_of_attributes_and_no_values(app: TestApp) {
        let acme = app.organization("Acme").await;
        invite_ada(&app, &acme).await;
        accept(&app, &app.mail_to("ada@example.com").await.link()).await;
        let id = crate::people::user(&app, &acme, "ada").await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/users/{id}");
        let change = json!({"description": "Secret project", "external_ref": "ref-4711"});
        app.operator().patch(&path, change).await.expect(200);
        app.operator().delete(&path).await.expect(204);
        app.run_worker().await;
        let feed = format!("/api/v1/organizations/{acme}/events?limit=100");
        let feed = app.operator().get(&feed).await.expect(200).text();
        for value in ["ada@", "Ada", "Lovelace", "Engines", "Secret", "4711"] {
            assert!(!feed.contains(value), "{value}: {feed}");
        }
    }
}
