//! The limits: bare axum, one point SELECT and one-row commits with raw sqlx.
//!
//! They answer over the same HTTP stack as the server, so that a ratio compares like with like.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};

use super::server::scratch;

/// About 1 kB of JSON, as a user is.
fn body() -> String {
    format!("{{\"userName\":\"ada@example.com\",\"padding\":\"{}\"}}", "x".repeat(960))
}

enum Raw {
    Sqlite { reads: SqlitePool, writes: SqlitePool },
    Postgres(PgPool),
}

/// `PORT [sqlite | postgres URL]`: serves `/bare`, `/select/{id}` and `POST /commit`.
pub async fn serve(words: &[String]) {
    let port: u16 = words[0].parse().expect("a port");
    let raw = match words.get(1).map(String::as_str) {
        None => None,
        Some("sqlite") => Some(open_sqlite().await),
        Some(_) => Some(open_postgres(&words[2]).await),
    };
    let mut router = Router::new().route("/bare", get(|| async { body() }));
    if let Some(raw) = raw.map(Arc::new) {
        let reader = Arc::clone(&raw);
        router = router
            .route(
                "/select/{id}",
                get(move |axum::extract::Path(id): axum::extract::Path<i64>| async move {
                    select(&reader, id).await
                }),
            )
            .route("/commit", post(move || async move { commit(&raw).await }));
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port");
    axum::serve(listener, router).await.expect("it serves");
}

const MAKE: &str = "create table bench_raw (id bigint primary key, body text not null)";
const MAKE_LOG: &str = "create table bench_log (id bigint not null, body text not null)";

async fn open_sqlite() -> Raw {
    let options = SqliteConnectOptions::new()
        .filename(scratch().join("raw.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let writes = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .expect("a file");
    sqlx::query(MAKE).execute(&writes).await.expect("a table");
    sqlx::query(MAKE_LOG).execute(&writes).await.expect("a table");
    for id in 0..1000_i64 {
        sqlx::query("insert into bench_raw values ($1, $2)")
            .bind(id)
            .bind(body())
            .execute(&writes)
            .await
            .expect("a row");
    }
    let reads =
        SqlitePoolOptions::new().max_connections(8).connect_with(options).await.expect("the file");
    Raw::Sqlite { reads, writes }
}

async fn open_postgres(url: &str) -> Raw {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(16)
        .connect(url)
        .await
        .expect("a server");
    for sql in ["drop table if exists bench_raw", "drop table if exists bench_log", MAKE, MAKE_LOG]
    {
        sqlx::query(sql).execute(&pool).await.expect("a table");
    }
    sqlx::query("insert into bench_raw select i, $1 from generate_series(0, 999) i")
        .bind(body())
        .execute(&pool)
        .await
        .expect("rows");
    Raw::Postgres(pool)
}

async fn select(raw: &Raw, id: i64) -> String {
    const SQL: &str = "select body from bench_raw where id = $1";
    match raw {
        Raw::Sqlite { reads, .. } => {
            sqlx::query_scalar::<_, String>(SQL).bind(id).fetch_one(reads).await.expect("a row")
        }
        Raw::Postgres(pool) => {
            sqlx::query_scalar::<_, String>(SQL).bind(id).fetch_one(pool).await.expect("a row")
        }
    }
}

async fn commit(raw: &Raw) -> String {
    const SQL: &str = "insert into bench_log values (1, $1)";
    match raw {
        Raw::Sqlite { writes, .. } => {
            let mut tx = writes.begin_with("BEGIN IMMEDIATE").await.expect("begin");
            sqlx::query(SQL).bind(body()).execute(&mut *tx).await.expect("a row");
            tx.commit().await.expect("commit");
        }
        Raw::Postgres(pool) => {
            sqlx::query(SQL).bind(body()).execute(pool).await.expect("a row");
        }
    }
    body()
}
