//! Two processes over one PostgreSQL: what one changes, the other knows within a second.

use std::time::Duration;

use portico::app::{App, Base};
use portico::domain::access::Question;
use portico::domain::id::UserId;
use portico::domain::platform::{Definition, preset};
use portico::domain::time::Clock;

use serde_json::{Value, json};

use super::guests;
use super::world::{Working, World};
use crate::support::TestApp;
use crate::support::mail::Mails;

/// How long the other process may take.
const WITHIN: Duration = Duration::from_secs(1);

async fn second(app: &TestApp) -> App {
    let text = preset("field-vision").unwrap();
    App::compose(Base {
        db: app.database().open().await,
        clock: Clock::System,
        platform: Definition::parse(text, "field-vision").unwrap(),
        public: app.app.public.clone(),
        operator_token: None,
        secret_keys: vec![[7; 32]],
        allow_private_networks: true,
        dns_server: None,
        limits: Default::default(),
        served: Default::default(),
        mailer: Mails::new().mailer(&app.app.public.url),
    })
}

async fn may(app: &App, acme: &World<'_>, user: &str) -> bool {
    let question = Question {
        user: UserId::parse(user).unwrap(),
        permission: "site.view",
        resource: Some(("site", "lyon")),
        at: app.runner.clock.now(),
    };
    app.live.decide(acme.id(), &question).await.unwrap().allowed
}

/// Whether the other process answers so within a second.
async fn soon(app: &App, acme: &World<'_>, user: &str, wanted: bool) -> bool {
    let answered = async {
        while may(app, acme, user).await != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(WITHIN, answered).await.is_ok()
}

async fn cut_listeners(app: &TestApp) -> i64 {
    use sqlx::Connection;
    let mut conn = sqlx::PgConnection::connect(&app.database().url()).await.unwrap();
    let (cut,): (i64,) = sqlx::query_as(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity
         where datname = current_database() and query ilike 'listen%'",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap();
    conn.close().await.unwrap();
    cut
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_on_one_node_is_seen_on_the_other_within_a_second() {
    let app = TestApp::postgres().await;
    let acme = World::new(&app).await;
    acme.site("lyon").await;
    acme.lyon_rule().await;
    let ada = acme.user("ada").await;
    let crew = acme.group("Lyon crew", &[]).await;
    let other = second(&app).await;
    let (here, there) = (acme.work().await, Working::start(&other));
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..3 {
        assert!(!may(&other, &acme, &ada).await);
        acme.join(&crew, &ada).await;
        assert!(acme.may(&ada, "site.view", "lyon").await);
        assert!(soon(&other, &acme, &ada, true).await);
        acme.leave(&crew, &ada).await;
        assert!(soon(&other, &acme, &ada, false).await);
    }
    // What is not about one user: a role of the organization's own, and where a resource lies.
    let path = format!("/api/v1/organizations/{}/roles", acme.organization);
    let role = json!({"label": "Own", "scope": "either", "permissions": ["media.view"]});
    let role = acme.operator.post(&path, role).await.expect(201).text_at("/id");
    let grants = format!("/api/v1/users/{ada}/grants");
    let on_team = json!({"role": "custom-own", "resources": ["team:south"]});
    let team = format!("/api/v1/organizations/{}/resources/team/south", acme.organization);
    acme.operator.put(&team, json!({"name": "South"})).await.expect(201);
    acme.operator.post(&grants, on_team).await.expect(201);
    assert!(!may(&other, &acme, &ada).await);
    let role = format!("/api/v1/roles/{role}");
    let site = format!("/api/v1/organizations/{}/resources/site/lyon", acme.organization);
    let lyon = |team: Value| json!({"name": "lyon", "parent": team});
    acme.operator.put(&site, lyon(json!("team:south"))).await.expect(200);
    assert!(soon(&other, &acme, &ada, false).await);
    acme.operator.patch(&role, json!({"permissions": ["site.view"]})).await.expect(200);
    assert!(soon(&other, &acme, &ada, true).await);
    acme.operator.put(&site, lyon(Value::Null)).await.expect(200);
    assert!(soon(&other, &acme, &ada, false).await);
    // Without its ear, the other looks by the clock.
    assert!(cut_listeners(&app).await > 0);
    acme.join(&crew, &ada).await;
    assert!(soon(&other, &acme, &ada, true).await);
    cut_listeners(&app).await;
    acme.leave(&crew, &ada).await;
    assert!(soon(&other, &acme, &ada, false).await);
    here.end().await;
    there.end().await;
    other.runner.db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_a_guest_at_home_is_seen_on_the_other_node() {
    let app = TestApp::postgres().await;
    let acme = World::new(&app).await;
    acme.site("lyon").await;
    let home = guests::home(&app).await;
    let vera = home.world.user("vera").await;
    let other = second(&app).await;
    let (here, there) = (acme.work().await, Working::start(&other));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let body = json!({"role": "operation-manager", "resources": ["site:lyon"],
        "organization": acme.organization});
    home.give(&vera, body).await;
    assert!(soon(&other, &acme, &vera, true).await);
    home.world.set(&vera, "active", json!(false)).await;
    assert!(soon(&other, &acme, &vera, false).await);
    home.world.set(&vera, "active", json!(true)).await;
    assert!(soon(&other, &acme, &vera, true).await);
    here.end().await;
    there.end().await;
    other.runner.db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_writes_beside_a_server_on_sqlite_is_seen_too() {
    let app = TestApp::sqlite().await;
    let acme = World::new(&app).await;
    acme.site("lyon").await;
    acme.lyon_rule().await;
    let ada = acme.user("ada").await;
    acme.group("Lyon crew", &[&ada]).await;
    let other = second(&app).await;
    assert!(may(&other, &acme, &ada).await);
    let there = Working::start(&other);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(may(&other, &acme, &ada).await);
    acme.set(&ada, "active", json!(false)).await;
    assert!(soon(&other, &acme, &ada, false).await);
    there.end().await;
    other.runner.db.close().await;
}
