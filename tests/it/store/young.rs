//! A young database on PostgreSQL: its tables have grown and nobody has counted them yet, and no
//! statement reads one from end to end.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::scim::{group, made_group, made_user, operations};
use crate::support::{Caller, TestApp};

/// Users that are pushed.
const USERS: usize = 60;
/// Looks until the server has counted what its sessions did.
const LOOKS: usize = 200;
/// Tables that grow with the number of people, and how many of their rows were read in passing.
const READ: &str = "
    select relname::text, coalesce(seq_tup_read, 0)
    from pg_stat_user_tables
    where relname in ('users', 'user_values', 'members', 'group_members', 'pending_members',
        'grants', 'unresolved', 'events', 'access_changes', 'identities', 'sessions', 'sign_ins',
        'outbox', 'invites')
        and seq_tup_read > 0";
const MADE: &str = "select coalesce(n_tup_ins, 0) from pg_stat_user_tables where relname = 'users'";

async fn push(scim: &Caller) -> Vec<String> {
    let mut users = Vec::new();
    for n in 0..USERS {
        users.push(made_user(scim, &format!("user{n}")).await);
    }
    users
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_table_of_people_is_read_from_end_to_end_before_it_is_analyzed() {
    let app = TestApp::postgres().await;
    let acme = app.organization("Acme").await;
    let (_, token) = app.directory(&acme, "generic").await;
    let scim = app.scim(&token);
    let rule = json!({"name": "Everybody", "when": "userName pr", "role": "auditor"});
    let rules = format!("/api/v1/organizations/{acme}/mapping-rules");
    app.operator().post(&rules, rule).await.expect(201);
    let users = push(&scim).await;
    let members: Vec<&str> = users.iter().map(String::as_str).collect();
    let team = made_group(&scim, "Team", &members).await;
    let last = json!([{"op": "remove", "path": "members", "value": [{"value": users[0]}]}]);
    scim.patch(&format!("/Groups/{team}"), operations(last)).await.expect(200);
    let renamed = json!([{"op": "replace", "value": {"displayName": "Ada"}}]);
    scim.patch(&format!("/Users/{}", users[1]), operations(renamed)).await.expect(200);
    scim.delete(&format!("/Users/{}", users[2])).await.expect(204);
    scim.post("/Groups", group("Other", &members[3..9])).await.expect(201);
    let invites = format!("/api/v1/organizations/{acme}/invites");
    let invite = json!({"email": "bob@example.com", "role": "auditor"});
    app.operator().post(&invites, invite).await.expect(201);
    let people = format!("/api/v1/organizations/{acme}/users?sort=-display_name&limit=5");
    app.operator().get(&people).await.expect(200);
    app.run_worker().await;
    app.app.runner.db.close().await;

    let mut conn = PgConnection::connect(&app.database().url()).await.unwrap();
    for _ in 0..LOOKS {
        let (made,): (i64,) = sqlx::query_as(MADE).fetch_one(&mut conn).await.unwrap();
        if made > USERS as i64 {
            let read: Vec<(String, i64)> = sqlx::query_as(READ).fetch_all(&mut conn).await.unwrap();
            assert_eq!(read, [], "tables that were read from end to end, and rows of that");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server does not count");
}
