//! A group of a hundred thousand: the whole list at once, in bounded memory and time (S30), and
//! what one member costs in statements.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use portico::telemetry::Stopwatch;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use super::{GROUP, client, made_group, made_user, operations};
use crate::support::{Caller, TestApp, TestServer};

/// Members of the large group.
const MEMBERS: usize = 100_000;
/// How long the provider waits for an answer (E24); this is no optimised build.
const PATIENCE: Duration = Duration::from_secs(60);
/// Memory that the program may hold beyond what it held before: the body, what is read of it, and
/// the ids, but nothing of the users themselves.
const MEMORY_MAX: u64 = 300 * 1024 * 1024;

/// Statements of a request that adds one member whom no rule concerns.
const STATEMENTS_MAX: usize = 6;

const FILL_POSTGRES: &str = "
    insert into users (organization_id, id, directory_id, source, user_name, user_name_key,
        suspended_by, document, version, created_at, updated_at)
    select $1::uuid, gen_random_uuid(), $2::uuid, 'directory', 'u' || n, 'u' || n, 0,
        '{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"u' || n
            || '\",\"active\":true}', 1, n, n
    from generate_series(1, $3::bigint) as n";
const FILL_SQLITE: &str = "
    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < $3)
    insert into users (organization_id, id, directory_id, source, user_name, user_name_key,
        suspended_by, document, version, created_at, updated_at)
    select $1, randomblob(16), $2, 'directory', 'u' || n, 'u' || n, 0,
        '{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"u' || n
            || '\",\"active\":true}', 1, n, n
    from numbers";
const IDS: &str = "select id from users where directory_id is not null order by created_at";

/// Writes many users beside the program and answers their ids.
async fn fill(server: &TestServer, organization: &str, directory: &str) -> Vec<String> {
    let url = server.database().url();
    let of = |text: &str| uuid::Uuid::parse_str(text).unwrap();
    let (organization, directory) = (of(organization), of(directory));
    let count = i64::try_from(MEMBERS).unwrap();
    let ids: Vec<(uuid::Uuid,)> = if url.starts_with("sqlite") {
        let mut conn = SqliteConnection::connect(&url).await.unwrap();
        let fill = sqlx::query(FILL_SQLITE).bind(organization).bind(directory).bind(count);
        fill.execute(&mut conn).await.unwrap();
        let ids = sqlx::query_as(IDS).fetch_all(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        ids
    } else {
        let mut conn = PgConnection::connect(&url).await.unwrap();
        let fill = sqlx::query(FILL_POSTGRES).bind(organization).bind(directory).bind(count);
        fill.execute(&mut conn).await.unwrap();
        let ids = sqlx::query_as(IDS).fetch_all(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        ids
    };
    ids.into_iter().map(|(id,)| id.to_string()).collect()
}

fn listed(ids: &[String]) -> Vec<Value> {
    ids.iter().map(|id| json!({"value": id})).collect()
}

/// How long one request takes.
async fn timed(what: &str, request: impl Future<Output = crate::support::Reply>) -> Duration {
    let begun = Stopwatch::start();
    request.await.expect(200);
    let took = begun.elapsed();
    assert!(took < PATIENCE, "{what} took {took:?}");
    took
}

async fn a_hundred_thousand_members_are_replaced_at_once(server: TestServer) {
    let operator = server.operator();
    let body = json!({"name": "Acme", "slug": "acme"});
    let made = operator.post("/api/v1/organizations", body).await.expect(201);
    let organization = made.text_at("/id");
    let body = json!({"name": "People", "profile": "okta"});
    let path = format!("/api/v1/organizations/{organization}/directories");
    let directory = operator.post(&path, body).await.expect(201).text_at("/id");
    let path = format!("/api/v1/directories/{directory}/tokens");
    let token = operator.post(&path, json!({"name": "t"})).await.expect(201).text_at("/token");
    let scim: Caller = server.anonymous().with_bearer(&token).with_scim();
    let ids = fill(&server, &organization, &directory).await;
    let inner = made_group(&scim, "Inner", &[]).await;
    let id = made_group(&scim, "All", &[&inner]).await;
    let path = format!("/Groups/{id}");
    let before = server.memory_peak();

    let mut members = listed(&ids);
    members.push(json!({"value": inner}));
    let whole = json!({"schemas": [GROUP], "displayName": "All", "members": members});
    timed("the first list", scim.put(&path, whole.clone())).await;
    timed("the same list", scim.put(&path, whole)).await;
    // Half go, and one comes back.
    let half: Vec<Value> = listed(&ids[..MEMBERS / 2]);
    let replace = operations(json!([{"op": "replace", "path": "members", "value": half}]));
    timed("half of it", scim.patch(&path, replace)).await;
    let one = json!([{"op": "add", "path": "members", "value": [{"value": ids[MEMBERS - 1]}]}]);
    timed("one member", scim.patch(&path, operations(one))).await;
    let grown = server.memory_peak().saturating_sub(before);
    assert!(grown < MEMORY_MAX, "the program took {} MiB more", grown / 1024 / 1024);

    let read = scim.get(&path).await.expect(200).json();
    assert_eq!(read["members"].as_array().unwrap().len(), MEMBERS / 2 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_members_are_replaced_at_once_on_sqlite() {
    a_hundred_thousand_members_are_replaced_at_once(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_members_are_replaced_at_once_on_postgres() {
    a_hundred_thousand_members_are_replaced_at_once(TestServer::postgres().await).await;
}

/// Hears every statement that the driver ran.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    /// The statements since the last call, with their blanks made one.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[derive(Default)]
struct Statement(String);

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        // A short statement is its own summary.
        if field.name() == "db.statement" && !value.is_empty()
            || field.name() == "summary" && self.0.is_empty()
        {
            self.0 = value.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query" && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut statement = Statement::default();
        event.record(&mut statement);
        self.0.lock().unwrap().push(statement.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

on_both_engines! {
    async fn a_user_in_a_plain_group_costs_as_before_there_were_nested_ones(app: TestApp) {
        let heard = Heard::default();
        tracing::subscriber::set_global_default(heard.clone()).unwrap();
        let scim = client(&app, "entra").await;
        // A rule that reads none of these groups: nobody is evaluated.
        let rule = json!({"name": "Others", "when": "groups.display eq \"Others\"",
            "role": "auditor"});
        let path = "/api/v1/organizations/of-entra/mapping-rules";
        app.operator().post(path, rule).await.expect(201);
        let users = [made_user(&scim, "ada").await, made_user(&scim, "bob").await];
        let plain = made_group(&scim, "Plain", &[]).await;
        let inner = made_group(&scim, "Inner", &[]).await;
        let change = async |group: &str, op: &str, user: &str| {
            heard.take();
            let body = json!([{"op": op, "path": "members", "value": [{"value": user}]}]);
            scim.patch(&format!("/Groups/{group}"), operations(body)).await.expect(200);
            let mut statements = heard.take();
            let begins =
                |text: &String, words: &[&str]| words.iter().any(|word| text.starts_with(word));
            statements.retain(|text| begins(text, &["select", "insert", "update", "delete", "with"]));
            statements
        };
        // The token's use is noted now and then: not here.
        change(&plain, "add", &users[1]).await;
        let (added, removed) = (change(&plain, "add", &users[0]).await, change(&plain, "remove", &users[0]).await);
        assert!((4..=STATEMENTS_MAX).contains(&added.len()), "{added:#?}");
        for statement in added.iter().chain(&removed) {
            assert!(!statement.contains("recursive"), "{statement}");
            assert!(!statement.contains("pending_members"), "{statement}");
        }
        let outer = made_group(&scim, "Outer", &[&inner]).await;
        assert_eq!(change(&plain, "add", &users[0]).await, added);
        assert_eq!(change(&plain, "remove", &users[0]).await, removed);
        // In a group that is in another, the groups above are one statement.
        let nested = change(&inner, "add", &users[0]).await;
        assert_eq!(nested.len(), added.len() + 1, "{nested:#?}");
        assert_eq!(nested.iter().filter(|text| text.contains("recursive")).count(), 1);
        // In a group that holds others, their list is one.
        let holding = change(&outer, "add", &users[0]).await;
        assert_eq!(holding.len(), added.len() + 1, "{holding:#?}");
    }

    async fn a_list_of_groups_costs_as_many_statements_however_many_there_are_c60(app: TestApp) {
        let heard = Heard::default();
        tracing::subscriber::set_global_default(heard.clone()).unwrap();
        let scim = client(&app, "generic").await;
        let ada = made_user(&scim, "ada").await;
        let asked = async |path: &str| {
            heard.take();
            scim.get(path).await.expect(200);
            let mut statements = heard.take();
            statements.retain(|text| text.starts_with("select") || text.starts_with("with"));
            statements
        };
        let (all, without) = ("/Groups", "/Groups?excludedAttributes=members");
        made_group(&scim, "G0", &[&ada]).await;
        asked(all).await;
        let one = [asked(all).await, asked(without).await];
        for number in 1..30 {
            made_group(&scim, &format!("G{number}"), &[&ada]).await;
        }
        assert_eq!([asked(all).await.len(), asked(without).await.len()], {
            [one[0].len(), one[1].len()]
        });
        // Where nobody wants them, no members are read.
        let reads = |text: &String| text.contains("from members") || text.contains("join members");
        assert!(one[0].iter().any(reads) && !one[1].iter().any(reads), "{one:#?}");
    }
}
