//! Another platform at the next start: what rules gave follows.

use std::sync::Arc;
use std::time::Duration;

use portico::domain::platform::{Definition, preset};
use portico::flow::access::platform_started;
use portico::flow::installation::check_key;
use portico::flow::runner::Runner;
use portico::worker::{self, Worker};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::world::World;
use crate::support::TestApp;

async fn work_off(app: &TestApp, runner: &Runner, acme: &World<'_>) {
    let stop = CancellationToken::new();
    let worker = Worker {
        runner: runner.clone(),
        feed: Arc::clone(&app.app.feed),
        retention: Default::default(),
        journal: Arc::clone(&app.app.journal),
        mailer: Arc::clone(&app.app.mailer),
        guarded: app.app.guarded.clone(),
        reading: portico::worker::saml_metadata::Reading::of(&app.app),
        dns: app.app.dns.clone(),
    };
    let worker = worker::start(worker, stop.clone());
    let status = format!("/api/v1/organizations/{}/mapping-rules/status", acme.organization);
    for _ in 0..500 {
        if acme.operator.get(&status).await.expect(200).at("/state") == "idle" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    worker.await.unwrap();
}

on_both_engines! {
    async fn another_platform_at_start_has_rules_applied_again(app: TestApp) {
        let acme = World::new(&app).await;
        acme.site("lyon").await;
        acme.lyon_rule().await;
        let directory = format!("/api/v1/directories/{}", acme.directory);
        let ceiling = json!({"role_ceiling": "operation-manager"});
        acme.operator.patch(&directory, ceiling).await.expect(200);
        let ada = acme.user("ada").await;
        acme.group("Lyon crew", &[&ada]).await;
        let runner = &app.app.runner;
        check_key(runner, &app.app.seal).await.unwrap();
        assert_eq!(platform_started(runner).await.unwrap(), 0);
        assert_eq!(platform_started(runner).await.unwrap(), 0);
        assert_eq!(acme.kept(&ada).await, ["field-worker site:lyon"]);

        // Field workers see galleries, which operation managers do not.
        let text = preset("field-vision").unwrap();
        let (before, after) = text.split_once("key = \"field-worker\"").unwrap();
        let after = after.replacen("permissions = [", "permissions = [\"gallery.view\", ", 1);
        let text = format!("{before}key = \"field-worker\"{after}");
        let platform = Arc::new(Definition::parse(&text, "changed").unwrap());
        let changed = Runner { platform, rules: Arc::default(), ..runner.clone() };
        assert_eq!(platform_started(&changed).await.unwrap(), 1);
        assert_eq!(platform_started(&changed).await.unwrap(), 0);
        work_off(&app, &changed, &acme).await;
        assert!(acme.kept(&ada).await.is_empty());
        assert_eq!(platform_started(runner).await.unwrap(), 1);
        work_off(&app, runner, &acme).await;
        assert_eq!(acme.kept(&ada).await, ["field-worker site:lyon"]);
    }
}
