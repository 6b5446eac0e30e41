//! Lists read what they show: the plans of their statements, on both engines.
//!
//! PostgreSQL plans by how much there is, so a directory of some size is filled in for it; SQLite
//! plans by the statement alone.

use sqlx::{AssertSqlSafe, Connection, Row};

use super::on_both_engines;
use crate::store::Db;
use crate::store::statement::{ALL, BY_ENGINE};

/// The text of a statement of a file.
fn statement(file: &str, name: &str, postgres: bool) -> &'static str {
    let plain = ALL.iter().filter(|(known, _)| *known == file).flat_map(|(_, all)| *all);
    let plain = plain.map(|(name, sql)| (*name, *sql));
    let by_engine = BY_ENGINE.iter().filter(|(known, _)| *known == file);
    let by_engine =
        by_engine.flat_map(|(_, all)| *all).map(|(name, sql)| (*name, sql.on(postgres)));
    let mut all = plain.chain(by_engine);
    all.find(|(known, _)| *known == name).map(|(_, sql)| sql).expect("a statement of this name")
}

async fn plan(db: &Db, file: &str, name: &str) -> String {
    let sql = statement(file, name, db.is_postgres());
    match db {
        Db::Sqlite { writer, .. } => {
            let mut batch = writer.quiet().await;
            let explained = sqlx::query(AssertSqlSafe(format!("explain query plan {sql}")));
            let rows = explained.fetch_all(batch.conn()).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
        }
        Db::Postgres { pool } => {
            let mut conn = pool.acquire().await.unwrap();
            let mut all = conn.begin().await.unwrap();
            // So small a table as that of the directories would be read whole.
            sqlx::query("set local enable_seqscan = off").execute(&mut *all).await.unwrap();
            let generic = "set local plan_cache_mode = force_generic_plan";
            sqlx::query(generic).execute(&mut *all).await.unwrap();
            let prepared = format!("prepare listed as {sql}");
            sqlx::query(AssertSqlSafe(prepared)).execute(&mut *all).await.unwrap();
            let places = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
            let nulls = vec!["null"; places].join(", ");
            let explained = format!("explain (costs off) execute listed({nulls})");
            let rows = sqlx::query(AssertSqlSafe(explained)).fetch_all(&mut *all).await.unwrap();
            sqlx::query("deallocate listed").execute(&mut *all).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
        }
    }
}

/// Fills in a directory of some size.
async fn fill(db: &Db) {
    if let Db::Postgres { pool } = db {
        sqlx::raw_sql(include_str!("plans.sql")).execute(pool).await.unwrap();
    }
}

on_both_engines! {
    async fn a_page_goes_along_the_index_of_its_directory_from_its_place(db: Db) {
        fill(&db).await;
        for (name, index) in [("USERS", "users_directory"), ("GROUPS", "groups_directory")] {
            let plan = plan(&db, "filter", name).await;
            let range = if db.is_postgres() {
                "(ROW(created_at, id) > ROW($3, $4))"
            } else {
                "(directory_id=? AND (created_at,id)>(?,?))"
            };
            assert!(plan.contains(index) && plan.contains(range), "{name}\n{plan}");
            assert_no_detour(name, &plan);
        }
    }

    async fn few_of_many_are_found_by_an_index_of_theirs(db: Db) {
        fill(&db).await;
        for (file, name, index) in [
            ("outbox", "DROP", "outbox_key"),
            ("password", "BREAK_GLASS", "users_break_glass"),
        ] {
            let plan = plan(&db, file, name).await;
            assert!(plan.contains(index), "{name}\n{plan}");
        }
    }

    async fn a_list_of_people_goes_along_an_index_of_its_order(db: Db) {
        fill(&db).await;
        for (name, index) in [
            ("BY_AGE", "users_organization"),
            ("BY_AGE_BACK", "users_organization"),
            ("BY_NAME", "users_login"),
            ("BY_NAME_LAST", "users_login"),
            ("BY_NAME_BACK", "users_login"),
            ("BY_SHOWN", "users_shown"),
            ("BY_SHOWN_LAST", "users_shown"),
            ("BY_SHOWN_BACK", "users_shown"),
            ("BY_EMAIL", "users_address"),
            ("BY_EMAIL_LAST", "users_address"),
            ("BY_EMAIL_BACK", "users_address"),
            ("BY_SEEN", "users_seen"),
            ("BY_SEEN_LAST", "users_seen"),
            ("BY_SEEN_BACK", "users_seen"),
        ] {
            let plan = plan(&db, "user_list", name).await;
            assert!(plan.contains(index), "{name}\n{plan}");
            // A later page begins where the one before it ended.
            let places: &[&str] = if db.is_postgres() { &["$13"] } else { &[">?", "<?"] };
            let begins = places.iter().any(|place| plan.contains(place));
            assert!(begins || name.ends_with("LAST"), "{name}\n{plan}");
            for sorted in ["Sort\n", "TEMP B-TREE"] {
                assert!(!plan.contains(sorted), "{name}\n{plan}");
            }
        }
    }

    async fn a_place_is_counted_along_the_index_and_touches_no_row(db: Db) {
        fill(&db).await;
        for (name, indexes) in [
            ("OF_USERS", &["users_directory"][..]),
            ("OF_GROUPS", &["groups_directory"]),
            ("OF_BOTH", &["users_directory", "groups_directory"]),
        ] {
            let plan = plan(&db, "place", name).await;
            for index in indexes {
                let alone = if db.is_postgres() {
                    format!("Index Only Scan using {index}")
                } else {
                    format!("COVERING INDEX {index}")
                };
                assert!(plan.contains(&alone), "{name}\n{plan}");
            }
            assert_no_detour(name, &plan);
        }
    }

    async fn what_a_key_finds_is_found_by_the_key_s10(db: Db) {
        fill(&db).await;
        for (name, postgres, sqlite) in [
            ("USER_BY_ID", "users_pkey", "sqlite_autoindex_users_1 (id=?)"),
            ("USERS_BY_USER_NAME", "users_user_name_key", "(directory_id=? AND user_name_key=?)"),
            ("USERS_BY_EXTERNAL_ID", "users_external_id_key", "(directory_id=? AND external_id=?)"),
            ("USERS_BY_EMAIL", "users_pkey", "sqlite_autoindex_users_1 (id=?)"),
            ("USERS_BY_WORK_EMAIL", "users_pkey", "sqlite_autoindex_users_1 (id=?)"),
            ("USERS_BY_DISPLAY_NAME", "users_display_name", "users_display_name"),
            ("USERS_OF_GROUP", "users_pkey", "sqlite_autoindex_users_1 (id=?)"),
            ("USERS_BY_IDS", "users_pkey", "sqlite_autoindex_users_1 (id=?)"),
            ("GROUP_BY_ID", "groups_pkey", "sqlite_autoindex_groups_1 (id=?)"),
            ("GROUPS_BY_EXTERNAL_ID", "groups_external_id_key", {
                "(directory_id=? AND external_id=?)"
            }),
            ("GROUPS_BY_DISPLAY_NAME", "groups_display_name_key", {
                "(directory_id=? AND display_name_key=?)"
            }),
            ("GROUPS_OF_MEMBER", "groups_pkey", "sqlite_autoindex_groups_1 (id=?)"),
            ("GROUPS_BY_IDS", "groups_pkey", "sqlite_autoindex_groups_1 (id=?)"),
        ] {
            let plan = plan(&db, "filter", name).await;
            let index = if db.is_postgres() { postgres } else { sqlite };
            assert!(plan.contains(index), "{name}\n{plan}");
            // Read from end to end, these would cost by the size of the directory.
            for tempting in ["users_directory", "groups_directory", "users_organization"] {
                assert!(!plan.contains(tempting), "{name}\n{plan}");
            }
        }
    }
}

/// Fails if rows are sorted, or a table is read from end to end.
#[track_caller]
fn assert_no_detour(name: &str, plan: &str) {
    let lists = plan.replace("USE TEMP B-TREE FOR json_group_array(ORDER BY)", "");
    for detour in ["Seq Scan", "Sort\n", "SCAN ", "TEMP B-TREE"] {
        assert!(!lists.contains(detour), "{name}: {detour}\n{plan}");
    }
}
