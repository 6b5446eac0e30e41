//! What the planner of PostgreSQL is told of tables that have grown.

use super::on_both_engines;
use crate::store::{Db, Query};

/// What the planner believes there is in the table of events.
async fn believed(db: &Db) -> f32 {
    let sql = "select reltuples from pg_class where relname = 'events'";
    Query::new(db.conn(), sql).one::<(f32,)>().await.unwrap().0
}

on_both_engines! {
    async fn a_table_that_has_grown_is_counted_anew_and_only_once(db: Db) {
        if !db.is_postgres() {
            assert_eq!(db.count_anew().await.unwrap(), 0);
            return;
        }
        let fill = "
            with made as (
                insert into organizations (id, slug, name, kind, status, settings, version,
                    created_at, updated_at)
                values (gen_random_uuid(), 'acme', 'Acme', 'customer', 'active', '{}', 1, 0, 0)
                returning id)
            insert into events (organization_id, id, position, name, occurred_at, actor,
                subject_kind, subject_id, data)
            select made.id, gen_random_uuid(), n, 'user.created', 0, '{}', 'user', n::text, '{}'
            from made, generate_series(1, 2000) as n";
        Query::new(db.conn(), fill).execute().await.unwrap();
        assert!(believed(&db).await < 1.0);
        // The server learns of what a session did a moment after it.
        let mut counted = 0;
        for _ in 0..400 {
            counted += db.count_anew().await.unwrap();
            if counted > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(counted, 1);
        assert!((believed(&db).await - 2000.0).abs() < 1.0);
        assert_eq!(db.count_anew().await.unwrap(), 0);
    }
}
