//! The store on both engines: statements, schema, values, the shared commit.
//!
//! The database of a test is the one that the integration tests use, so that both agree on where
//! PostgreSQL is and how a test gets a database of its own.

mod history;
mod opening;
mod parity;
mod plans;
mod scans;
mod statements;
mod statistics;
mod values;
mod writing;

#[path = "../../../tests/it/support/database.rs"]
mod database;

pub(super) use database::Database;

/// Makes two tests of each: `name::sqlite` and `name::postgres`.
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($db:ident: Db) $body:block)+) => { $(
        mod $name {
            use super::*;

            $(#[$attribute])*
            async fn proof($db: Db) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let database = $crate::store::tests::Database::sqlite();
                proof(database.open().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let database = $crate::store::tests::Database::postgres().await;
                proof(database.open().await).await;
            }
        }
    )+ };
}
use on_both_engines;
