//! Opening a database: who may hold it, and which schema it may have.

use super::values::{awkward, insert};
use super::{Database, on_both_engines};
use crate::store::{Db, OpenError, Options, Query};

fn exclusive(database: &Database) -> Options {
    let Options::Sqlite { path, create, readers, .. } = database.options() else {
        panic!("only a SQLite file is held");
    };
    Options::Sqlite { path, create, exclusive: true, readers }
}

#[tokio::test]
async fn a_second_process_that_would_serve_from_the_file_is_refused() {
    let database = Database::sqlite();
    let options = exclusive(&database);
    let first = Db::open(&options).await.unwrap();
    let refused = Db::open(&options).await.err().expect("a refusal");
    assert!(matches!(refused, OpenError::Held(_)), "{refused}");
    assert!(refused.to_string().contains("another `portico serve`"), "{refused}");
    // A backup or a token made beside it is no second server.
    Db::open(&database.options()).await.unwrap().close().await;
    first.close().await;
    drop(first);
    Db::open(&options).await.unwrap().close().await;
}

#[tokio::test]
async fn a_file_that_is_missing_is_not_made_unless_asked() {
    let database = Database::sqlite();
    let Options::Sqlite { path, exclusive, readers, .. } = database.options() else {
        panic!("a SQLite file");
    };
    let options = Options::Sqlite { path: path.clone(), create: false, exclusive, readers };
    let refused = Db::open(&options).await.err().expect("a refusal");
    assert!(matches!(refused, OpenError::File { .. }), "{refused}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let url = "postgres://portico:hunter2@127.0.0.1:1/portico".to_owned();
    let refused = Db::open(&Options::Postgres { url, connections: 1 }).await.err().unwrap();
    assert!(matches!(refused, OpenError::Server(_)), "{refused}");
    assert!(!refused.to_string().contains("hunter2"), "{refused}");
}

#[tokio::test]
async fn an_empty_database_is_refused_when_migration_is_off() {
    let database = Database::sqlite();
    let db = Db::open(&database.options()).await.unwrap();
    let refused = db.prepare(false).await.unwrap_err();
    assert!(matches!(refused, OpenError::Older { found: 0, .. }), "{refused}");
    assert_eq!(db.schema_found().await.unwrap(), 0);
    db.prepare(true).await.unwrap();
    db.prepare(false).await.unwrap();
    assert_eq!(db.schema_found().await.unwrap(), db.schema_known());
}

#[tokio::test]
async fn readers_of_the_file_cannot_write() {
    let database = Database::sqlite();
    let db = database.open().await;
    assert!(Query::new(db.conn(), "delete from outbox").execute().await.is_err());
}

on_both_engines! {
    async fn a_database_of_a_newer_program_is_refused_and_left_alone(db: Db) {
        insert(&db, &awkward("acme")).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        Query::new(
            tx.conn(),
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             values (9999, 'later', true, $1, 1)",
        )
        .bind(vec![0_u8])
        .execute()
        .await
        .unwrap();
        db.keep(tx).await.unwrap();
        for migrate in [true, false] {
            let refused = db.prepare(migrate).await.unwrap_err();
            assert!(matches!(refused, OpenError::Newer { found: 9999, .. }), "{refused}");
        }
        let count = Query::new(db.conn(), "select count(*) from organizations");
        assert_eq!(count.one::<(i64,)>().await.unwrap().0, 1);
    }
}
