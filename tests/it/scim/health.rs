//! The health of a directory, how long its journal is kept, and who is told when it falls silent.

use std::time::Duration;

use portico::domain::exchange::{Exchange, KEPT_MAX, Tolerances};
use portico::domain::id::{DirectoryId, OrganizationId, TokenId};
use portico::flow::provision::journal::{self, Flushed};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{NOBODY, USER, filter, made_group, made_user, operations, user};
use crate::support::{Caller, Reply, TestApp};

const DAY_S: i64 = 86_400;

struct Rig {
    organization: String,
    directory: String,
    scim: Caller,
}

async fn rig(app: &TestApp, profile: &str) -> Rig {
    let organization = app.organization("Acme").await;
    let (directory, token) = app.directory(&organization, profile).await;
    Rig { organization, directory, scim: app.scim(&token) }
}

async fn flush(app: &TestApp) -> Flushed {
    app.app.journal.flush(&app.app.runner).await
}

async fn health(app: &TestApp, rig: &Rig) -> Reply {
    flush(app).await;
    let path = format!("/api/v1/directories/{}/health", rig.directory);
    app.operator().get(&path).await.expect(200)
}

fn codes(health: &Reply) -> Vec<String> {
    let found = health.at("/findings");
    let found = found.as_array().unwrap().iter();
    found.map(|found| found["code"].as_str().unwrap().to_owned()).collect()
}

fn windows(health: &Reply) -> Vec<(i64, i64)> {
    let windows = health.at("/errors");
    let number = |window: &Value, name: &str| window[name].as_i64().unwrap();
    let windows = windows.as_array().unwrap().iter();
    windows.map(|window| (number(window, "requests"), number(window, "failed"))).collect()
}

/// Fills the journal of a directory without asking it.
async fn fill(app: &TestApp, rig: &Rig, count: i64) {
    for number in 0..count {
        app.app.journal.push(Exchange {
            id: app.app.runner.id(),
            organization: OrganizationId::parse(&rig.organization).unwrap(),
            directory: DirectoryId::parse(&rig.directory).unwrap(),
            token: TokenId(uuid::Uuid::nil()),
            at: app.app.runner.clock.now(),
            method: "GET",
            path: "/Users".to_owned(),
            status: 200,
            scim_type: None,
            detail: None,
            resource: None,
            tolerances: Tolerances(0),
            duration_us: number,
            request_id: format!("r{number}"),
            shape: None,
            fault: None,
        });
        if number % 5_000 == 4_999 {
            flush(app).await;
        }
    }
    flush(app).await;
}

/// The oldest entry and how many there are, page by page.
async fn walk(app: &TestApp, rig: &Rig) -> (i64, Option<Value>) {
    let (mut count, mut last, mut after) = (0, None, String::new());
    loop {
        let path = format!("/api/v1/directories/{}/requests?limit=100{after}", rig.directory);
        let page = app.operator().get(&path).await.expect(200).json();
        let data = page["data"].as_array().unwrap();
        count += i64::try_from(data.len()).unwrap();
        last = data.last().cloned().or(last);
        let Some(next) = page["next"].as_str() else { return (count, last) };
        after = format!("&after={next}");
    }
}

/// Lets the worker sweep until the journal has so many entries.
async fn sweep_to(app: &TestApp, rig: &Rig, wanted: i64) -> Option<Value> {
    let stop = CancellationToken::new();
    let worker = app.start_worker(&stop);
    for _ in 0..200 {
        let (count, last) = walk(app, rig).await;
        if count == wanted {
            stop.cancel();
            worker.await.unwrap();
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the journal does not come to {wanted} entries: {}", walk(app, rig).await.0);
}

on_both_engines! {
    async fn a_directory_that_fares_well_has_contact_and_no_findings(app: TestApp) {
        let rig = rig(&app, "strict").await;
        let unused = health(&app, &rig).await;
        assert_eq!(unused.at("/last_contact_at"), Value::Null);
        assert_eq!(unused.at("/quarantine_forecast"), "none");
        assert_eq!(codes(&unused), ["directory.unused"]);
        made_user(&rig.scim, "ada").await;
        app.advance_s(10);
        rig.scim.post("/Users", user("ada")).await.expect(409);
        let health = health(&app, &rig).await;
        assert_eq!(health.at("/last_contact_at"), "2026-11-21T10:00:10.000000Z");
        assert_eq!(health.at("/last_success_at"), "2026-11-21T10:00:00.000000Z");
        assert_eq!(health.at("/errors"), json!([
            {"window_s": 3_600, "requests": 2, "failed": 1},
            {"window_s": 86_400, "requests": 2, "failed": 1},
            {"window_s": 604_800, "requests": 2, "failed": 1}]));
        assert_eq!(health.at("/quarantine_forecast"), "none");
        assert_eq!(codes(&health), Vec::<String>::new());
        assert_eq!(health.at("/tokens/0/name"), "Provisioning");
        assert_eq!(health.at("/tokens/0/state"), "live");
    }

    async fn requests_leave_their_windows_as_time_goes_by(app: TestApp) {
        let rig = rig(&app, "generic").await;
        rig.scim.get("/Users").await.expect(200);
        rig.scim.get("/Users/x").await.expect(404);
        assert_eq!(windows(&health(&app, &rig).await), [(2, 1); 3]);
        app.advance_s(3_599);
        assert_eq!(windows(&health(&app, &rig).await), [(2, 1); 3]);
        app.advance_s(301);
        assert_eq!(windows(&health(&app, &rig).await), [(0, 0), (2, 1), (2, 1)]);
        app.advance_s(DAY_S - 3_900);
        rig.scim.get("/Users").await.expect(200);
        assert_eq!(windows(&health(&app, &rig).await), [(1, 0), (3, 1), (3, 1)]);
        app.advance_s(7 * DAY_S);
        assert_eq!(windows(&health(&app, &rig).await), [(0, 0), (0, 0), (1, 0)]);
        app.advance_s(300);
        assert_eq!(windows(&health(&app, &rig).await), [(0, 0); 3]);
    }

    async fn bad_credentials_and_missing_endpoints_forecast_a_quarantine_at_once(app: TestApp) {
        let rig = rig(&app, "entra").await;
        rig.scim.get("/Users").await.expect(200);
        app.advance_s(1);
        rig.scim.get("/User").await.expect(404);
        let missing = health(&app, &rig).await;
        assert_eq!(missing.at("/quarantine_forecast"), "certain");
        assert_eq!(codes(&missing), ["endpoint.missing"]);
        app.advance_s(1);
        rig.scim.get(&format!("/Users/{NOBODY}")).await.expect(404);
        assert_eq!(health(&app, &rig).await.at("/quarantine_forecast"), "certain");
        rig.scim.get("/Users").await.expect(200);
        let well = health(&app, &rig).await;
        assert_eq!(well.at("/quarantine_forecast"), "none");
        assert_eq!(codes(&well), Vec::<String>::new());

        let tokens = format!("/api/v1/directories/{}/tokens", rig.directory);
        let old = app.operator().get(&tokens).await.expect(200).text_at("/data/0/id");
        let new = json!({"name": "Second", "expires_at": "2026-11-25T10:00:00Z"});
        app.operator().post(&tokens, new).await.expect(201);
        app.operator().delete(&format!("/api/v1/directory-tokens/{old}")).await.expect(204);
        app.advance_s(1);
        rig.scim.get("/Users").await.expect(401);
        let refused = health(&app, &rig).await;
        assert_eq!(refused.at("/quarantine_forecast"), "certain");
        assert_eq!(codes(&refused), ["token.expiring", "credentials.refused"]);
        assert_eq!(refused.at("/tokens/0/state"), "expiring");
        app.advance_s(5 * DAY_S);
        let ended = health(&app, &rig).await;
        let expected = ["token.none", "token.expired", "credentials.refused"];
        assert_eq!(codes(&ended), expected);
    }

    async fn findings_tell_failures_tolerances_and_missing_resources(app: TestApp) {
        let rig = rig(&app, "generic").await;
        let rule = json!({"name": "Sites", "when": "groups.display sw \"Site\"",
            "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+)$"},
            "role": "operation-manager", "resources": ["site:{site}"]});
        let rules = format!("/api/v1/organizations/{}/mapping-rules", rig.organization);
        app.operator().post(&rules, rule).await.expect(201);
        app.run_worker().await;
        let id = made_user(&rig.scim, "ada").await;
        let group = made_group(&rig.scim, "Site nowhere", &[&id]).await;
        let unknown = json!([{"op": "add", "path": "members", "value": [{"value": NOBODY}]}]);
        for _ in 0..10 {
            let path = format!("/Groups/{group}");
            rig.scim.patch(&path, operations(unknown.clone())).await.expect(400);
        }
        let odd = json!({"schemas": [USER], "userName": "b", "active": "True", "jobTitle": 1});
        rig.scim.post("/Users", odd).await.expect(201);
        let health = health(&app, &rig).await;
        let expected =
            ["requests.failing", "mapping.unresolved", "attributes.unknown", "tolerance.in_use"];
        assert_eq!(codes(&health), expected, "{health}");
        let detail = |at: usize| health.text_at(&format!("/findings/{at}/detail"));
        assert!(detail(0).starts_with("10 of 13 requests in a day failed. 10 of them"), "{health}");
        assert!(detail(0).contains(NOBODY), "{health}");
        assert!(detail(1).contains("`site:nowhere` for 1 users"), "{health}");
        assert!(detail(2).contains("(jobTitle)"), "{health}");
        assert!(detail(3).starts_with("L2, "), "{health}");
        // References that lead to nothing are no failures at Entra.
        assert_eq!(health.at("/quarantine/failed"), 0);
        assert_eq!(health.at("/quarantine/excused"), 10);
        let uses = health.at("/tolerances");
        let uses = uses.as_array().unwrap();
        let uses_of = |word: &str| uses.iter().find(|one| one["tolerance"] == word).unwrap();
        assert_eq!(uses_of("D11")["uses"], 1);
        assert_eq!(uses_of("L2")["last_used_at"], "2026-11-21T10:00:00.000000Z");
        rig.scim.get(&filter("/Users", "active eq \"True\"")).await.expect(200);
    }

    async fn a_journal_keeps_its_last_entries_and_the_counters_stay(app: TestApp) {
        let rig = rig(&app, "generic").await;
        fill(&app, &rig, KEPT_MAX + 50).await;
        let other = app.directory(&rig.organization, "okta").await.1;
        app.scim(&other).get("/Users").await.expect(200);
        flush(&app).await;
        let oldest = sweep_to(&app, &rig, KEPT_MAX).await.unwrap();
        assert_eq!(oldest["request_id"], "r50");
        assert_eq!(windows(&health(&app, &rig).await)[0], (KEPT_MAX + 50, 0));
    }

    async fn a_journal_and_its_counters_end_with_their_time(app: TestApp) {
        let rig = rig(&app, "generic").await;
        fill(&app, &rig, 3).await;
        app.advance_s(30 * DAY_S - 1);
        fill(&app, &rig, 2).await;
        sweep_to(&app, &rig, 5).await;
        app.advance_s(2);
        sweep_to(&app, &rig, 2).await;
        assert_eq!(windows(&health(&app, &rig).await)[2], (2, 0));
    }

    async fn a_directory_that_falls_silent_is_told_of_once_and_again_after_it_called(app: TestApp) {
        let rig = rig(&app, "generic").await;
        let runner = &app.app.runner;
        app.advance_s(8 * DAY_S);
        assert_eq!(journal::tell_stale(runner).await.unwrap(), 0, "it never called");
        for _ in 0..2 {
            rig.scim.get("/Users").await.expect(200);
            flush(&app).await;
            app.advance_s(7 * DAY_S);
            assert_eq!(journal::tell_stale(runner).await.unwrap(), 0);
            app.advance_s(1);
            assert_eq!(journal::tell_stale(runner).await.unwrap(), 1);
            assert_eq!(journal::tell_stale(runner).await.unwrap(), 0);
        }
        assert_eq!(codes(&health(&app, &rig).await), ["directory.stale"]);
        app.run_worker().await;
        let feed = "/api/v1/organizations/acme/events?types=directory.stale";
        let feed = app.operator().get(feed).await.expect(200);
        assert_eq!(feed.at("/data").as_array().unwrap().len(), 2);
        assert_eq!(feed.at("/data/0/subject/id"), rig.directory.as_str());
        assert_eq!(feed.at("/data/0/actor/kind"), "system");
        let path = format!("/api/v1/directories/{}", rig.directory);
        app.operator().patch(&path, json!({"status": "disabled"})).await.expect(200);
        rig.scim.get("/Users").await.expect(403);
        flush(&app).await;
        app.advance_s(8 * DAY_S);
        assert_eq!(journal::tell_stale(runner).await.unwrap(), 0, "nobody expects it to call");
    }

    async fn a_directory_that_is_deleted_takes_its_journal_along(app: TestApp) {
        let rig = rig(&app, "generic").await;
        fill(&app, &rig, 10).await;
        let path = format!("/api/v1/directories/{}", rig.directory);
        app.operator().get(&format!("{path}/requests")).await.expect(200);
        fill(&app, &rig, 1).await;
        app.operator().delete(&format!("{path}?users=remove")).await.expect(204);
        for below in ["requests", "health"] {
            let reply = app.operator().get(&format!("{path}/{below}")).await;
            reply.expect_problem(404, "not-found");
        }
        // What still waited is dropped without harm.
        fill(&app, &rig, 5).await;
        assert_eq!(app.app.journal.waiting(), 0);
        assert_eq!(count(&app).await, 0);
    }
}

/// Rows of journals in the whole database.
async fn count(app: &TestApp) -> i64 {
    let options = app.database().url();
    let sql = "select count(*) from exchanges";
    if options.starts_with("postgres") {
        let pool = sqlx::PgPool::connect(&options).await.unwrap();
        let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
        pool.close().await;
        return count;
    }
    let pool = sqlx::SqlitePool::connect(&options).await.unwrap();
    let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
    pool.close().await;
    count
}
