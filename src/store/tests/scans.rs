//! No statement reads a table from end to end that grows with the number of people.

use sqlx::{AssertSqlSafe, Row};

use super::Database;
use crate::store::Db;
use crate::store::dialect;
use crate::store::statement::{ALL, BY_ENGINE};

/// Tables that hold a row for each user, or more.
const LARGE: [&str; 15] = [
    "users",
    "user_values",
    "members",
    "group_members",
    "pending_members",
    "grants",
    "unresolved",
    "events",
    "access_changes",
    "identities",
    "sessions",
    "sign_ins",
    "access_settings",
    "licences",
    "user_claims",
];

/// Statements that may: the sweeper runs them seldom, and nobody waits for it.
const MAY: [&str; 2] = ["purge::PURGE_SIGN_INS", "purge::PURGE_ORGANIZATION"];

async fn plan(db: &Db, sql: &str) -> Vec<String> {
    let Db::Sqlite { writer, .. } = db else { panic!("SQLite explains itself here") };
    let mut batch = writer.quiet().await;
    let mut steps = Vec::new();
    // A few are two or three in one.
    for one in sql.split(';') {
        let explained = sqlx::query(AssertSqlSafe(format!("explain query plan {one}")));
        let rows = explained.fetch_all(batch.conn()).await.unwrap();
        steps.extend(rows.iter().map(|row| row.get::<String, _>("detail")));
    }
    steps
}

#[tokio::test]
async fn no_statement_reads_a_large_table_from_end_to_end() {
    let database = Database::sqlite();
    let db = database.open().await;
    let plain = ALL.iter().flat_map(|(file, all)| all.iter().map(move |one| (file, one.0, one.1)));
    let by_engine = BY_ENGINE
        .iter()
        .flat_map(|(file, all)| all.iter().map(move |one| (file, one.0, one.1.on(false))));
    let other = dialect::STATEMENTS.iter().map(|one| (&"dialect", one.0, one.1(false)));
    let mut found = Vec::new();
    for (file, name, sql) in plain.chain(by_engine).chain(other) {
        for step in plan(&db, sql).await {
            let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let name = format!("{file}::{name}");
            if scanned.is_some_and(|table| LARGE.contains(&table)) && !MAY.contains(&&*name) {
                found.push(format!("{name}: {step}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
