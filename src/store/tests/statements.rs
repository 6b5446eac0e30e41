//! Every statement prepares on both engines, and none is left out of the list.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sqlx::{Executor, SqlSafeStr};

use super::on_both_engines;
use crate::store::statement::{ALL, BY_ENGINE};
use crate::store::{Db, dialect};

async fn prepare(db: &Db, name: &str, sql: &'static str) {
    let prepared = match db {
        Db::Sqlite { writer, .. } => {
            let mut batch = writer.quiet().await;
            batch.conn().prepare(sql.into_sql_str()).await.map(drop)
        }
        Db::Postgres { pool } => pool.prepare(sql.into_sql_str()).await.map(drop),
    };
    if let Err(error) = prepared {
        panic!("{name} does not prepare: {error}\n{sql}");
    }
}

on_both_engines! {
    async fn every_statement_prepares(db: Db) {
        for (file, statements) in ALL {
            for (name, sql) in *statements {
                prepare(&db, &format!("{file}::{name}"), sql).await;
            }
        }
        for (file, statements) in BY_ENGINE {
            for (name, statement) in *statements {
                prepare(&db, &format!("{file}::{name}"), statement.on(db.is_postgres())).await;
            }
        }
        for (name, statement) in dialect::STATEMENTS {
            prepare(&db, &format!("dialect::{name}"), statement(db.is_postgres())).await;
        }
    }
}

/// The source files of the store, but for its tests.
fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut found = Vec::new();
    walk(&folder, &mut found);
    found.retain(|path| !path.starts_with(folder.join("tests")));
    found
}

/// The name under which a file is listed: its stem, or its folder for a `mod.rs`.
fn listed_as(path: &Path) -> String {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
    (if stem == "mod" { folder } else { stem }).to_owned()
}

/// The files whose text holds `call`, by the names under which they are listed.
fn declaring(call: &str) -> BTreeSet<String> {
    let declares = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().any(|line| line.trim_start().starts_with(call))
    };
    sources().iter().filter(|path| declares(path)).map(|path| listed_as(path)).collect()
}

fn names<T>(list: &[(&str, T)]) -> BTreeSet<String> {
    let names: BTreeSet<String> = list.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(names.len(), list.len(), "a file is listed twice");
    names
}

#[test]
fn every_file_that_declares_statements_is_listed() {
    assert_eq!(declaring("sql! {"), names(ALL));
    assert_eq!(declaring("sql_by_engine! {"), names(BY_ENGINE));
    let files: BTreeSet<String> = sources().iter().map(|path| listed_as(path)).collect();
    assert_eq!(files.len(), sources().len(), "two files of the store share a name");
}

#[test]
fn every_statement_that_differs_by_engine_is_listed() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/dialect.rs");
    let declared: BTreeSet<String> = std::fs::read_to_string(source)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("pub(super) const fn ")?.split('(').next())
        .map(str::to_owned)
        .collect();
    let listed: BTreeSet<String> =
        dialect::STATEMENTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(declared, listed);
}

#[test]
fn no_bound_limit_stands_alone() {
    // SQLite prepares a statement anew at each run when a bare `limit $n` is bound: the plan may
    // depend on it. A sum is an expression like any other.
    let is_bare = |sql: &str| {
        sql.match_indices("limit $").any(|(at, found)| {
            let rest = sql.get(at + found.len()..).unwrap_or_default();
            !rest.trim_start_matches(|one: char| one.is_ascii_digit()).starts_with(" + 0")
        })
    };
    assert!(is_bare("select 1 limit $12") && is_bare("limit $2)") && !is_bare("limit $2 + 0)"));
    for (file, statements) in ALL {
        for (name, sql) in *statements {
            assert!(!is_bare(sql), "{file}::{name}: write `limit $n + 0`");
        }
    }
    for (file, statements) in BY_ENGINE {
        for (name, statement) in *statements {
            let bare = [true, false].into_iter().any(|postgres| is_bare(statement.on(postgres)));
            assert!(!bare, "{file}::{name}: write `limit $n + 0`");
        }
    }
}

#[test]
fn only_the_list_of_statements_holds_sql() {
    // A statement outside `sql!` and the dialect would never be prepared by a test.
    let loose: Vec<String> = sources()
        .iter()
        .filter(|path| !path.ends_with("dialect.rs"))
        .filter(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let calls = text.match_indices(".query(\"").count();
            calls > 0
        })
        .map(|path| listed_as(path))
        .collect();
    assert_eq!(loose, [""; 0]);
}
