//! The two migration folders make the same schema: tables, columns, keys and references.

use std::collections::BTreeSet;

use super::Database;
use crate::store::dialect::UNIQUE_KEYS;
use crate::store::{Db, Query};

/// A line of a catalogue, as four words.
type Line = (String, String, String, String);

/// Table, column, type, nullability. The columns of a primary key count as not null: SQLite
/// does not say so of them.
const COLUMNS: [&str; 2] = [
    "select m.name, c.name, lower(c.type),
        case when c.\"notnull\" <> 0 or c.pk <> 0 then 'not null' else 'null' end
     from sqlite_master m, pragma_table_info(m.name) c
     where m.type = 'table' and m.name not like 'sqlite_%' and m.name <> '_sqlx_migrations'",
    "select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then 'not null' else 'null' end
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
        and c.relname <> '_sqlx_migrations' and a.attnum > 0 and not a.attisdropped",
];

/// Table, columns in order, what kind of index, its name (empty for a key of SQLite's own).
const INDEXES: [&str; 2] = [
    "select m.name, group_concat(i.name, ', ' order by i.seqno),
        case when l.\"unique\" <> 0 then 'unique' else 'index' end
            || case when l.partial <> 0 then ' where' else '' end,
        case when l.origin = 'c' then l.name else '' end
     from sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
     where m.type = 'table' and m.name <> '_sqlx_migrations' and l.origin <> 'pk'
     group by m.name, l.name
     union all
     select m.name, group_concat(c.name, ', ' order by c.pk), 'primary', ''
     from sqlite_master m, pragma_table_info(m.name) c
     where m.type = 'table' and m.name not like 'sqlite_%' and m.name <> '_sqlx_migrations'
        and c.pk > 0
     group by m.name",
    "select t.relname::text,
        (select string_agg(a.attname, ', ' order by k.n)
         from unnest(x.indkey) with ordinality k (attnum, n)
         join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum),
        case when x.indisprimary then 'primary' when x.indisunique then 'unique' else 'index' end
            || case when x.indpred is not null then ' where' else '' end,
        i.relname::text
     from pg_index x
     join pg_class t on t.oid = x.indrelid
     join pg_class i on i.oid = x.indexrelid
     where t.relnamespace = 'public'::regnamespace and t.relname <> '_sqlx_migrations'",
];

/// Table, column, what it refers to, what a deletion does.
const REFERENCES: [&str; 2] = [
    "select m.name, f.\"from\", f.\"table\" || '.' || f.\"to\", lower(f.on_delete)
     from sqlite_master m, pragma_foreign_key_list(m.name) f
     where m.type = 'table'",
    "select t.relname::text, a.attname::text, r.relname || '.' || b.attname,
        case c.confdeltype when 'c' then 'cascade' when 'n' then 'set null' else 'no action' end
     from pg_constraint c
     join pg_class t on t.oid = c.conrelid
     join pg_class r on r.oid = c.confrelid
     join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
     join pg_attribute b on b.attrelid = r.oid and b.attnum = c.confkey[1]
     where c.contype = 'f' and t.relnamespace = 'public'::regnamespace",
];

async fn lines(db: &Db, sql: &'static str) -> BTreeSet<Line> {
    Query::new(db.conn(), sql).all::<Line>().await.unwrap().into_iter().collect()
}

async fn both(catalogue: [&'static str; 2]) -> (BTreeSet<Line>, BTreeSet<Line>) {
    let (sqlite, postgres) = (Database::sqlite(), Database::postgres().await);
    let found = (
        lines(&sqlite.open().await, catalogue[0]).await,
        lines(&postgres.open().await, catalogue[1]).await,
    );
    assert!(!found.0.is_empty(), "the catalogue is read");
    found
}

fn assert_same(sqlite: &BTreeSet<Line>, postgres: &BTreeSet<Line>) {
    let only_sqlite: Vec<_> = sqlite.difference(postgres).collect();
    let only_postgres: Vec<_> = postgres.difference(sqlite).collect();
    assert!(
        only_sqlite.is_empty() && only_postgres.is_empty(),
        "only SQLite: {only_sqlite:#?}\nonly PostgreSQL: {only_postgres:#?}"
    );
}

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_and_nullability() {
    let (sqlite, postgres) = both(COLUMNS).await;
    // One name for the types that the engines call differently.
    let named = |(table, column, kind, null): Line| {
        let kind = match kind.as_str() {
            "uuid" | "bytea" => "blob",
            "bigint" => "integer",
            same => same,
        };
        (table, column, kind.to_owned(), null)
    };
    assert_same(
        &sqlite.into_iter().map(named).collect(),
        &postgres.into_iter().map(named).collect(),
    );
}

#[tokio::test]
async fn both_engines_have_the_same_keys_and_indexes() {
    let (sqlite, postgres) = both(INDEXES).await;
    let unnamed = |(table, columns, kind, _): Line| (table, columns, kind, String::new());
    assert_same(
        &sqlite.into_iter().map(unnamed).collect(),
        &postgres.into_iter().map(unnamed).collect(),
    );
}

#[tokio::test]
async fn both_engines_have_the_same_references() {
    let (sqlite, postgres) = both(REFERENCES).await;
    assert_same(&sqlite, &postgres);
}

#[tokio::test]
async fn an_index_that_is_named_has_one_name_on_both_engines() {
    let (sqlite, postgres) = both(INDEXES).await;
    let named: BTreeSet<Line> = sqlite.into_iter().filter(|line| !line.3.is_empty()).collect();
    let strangers: Vec<_> = named.difference(&postgres).collect();
    assert!(strangers.is_empty(), "PostgreSQL knows no such index: {strangers:#?}");
}

#[tokio::test]
async fn every_unique_key_has_one_name_for_both_engines() {
    let (_, postgres) = both(INDEXES).await;
    let listed: BTreeSet<(String, String)> = UNIQUE_KEYS
        .iter()
        .map(|(columns, name)| ((*columns).to_owned(), (*name).to_owned()))
        .collect();
    assert_eq!(listed.len(), UNIQUE_KEYS.len(), "a key is listed twice");
    let as_sqlite_says = |(table, columns, _, name): &Line| {
        let columns: Vec<_> = columns.split(", ").map(|c| format!("{table}.{c}")).collect();
        (columns.join(", "), name.clone())
    };
    let primary = postgres.iter().filter(|line| line.2 == "primary").map(as_sqlite_says);
    let unique = postgres.iter().filter(|line| line.2.starts_with("unique")).map(as_sqlite_says);
    let known: BTreeSet<_> = unique.clone().chain(primary).collect();
    let missing: Vec<_> = unique.filter(|key| !listed.contains(key)).collect();
    assert!(missing.is_empty(), "the dialect does not name {missing:#?}");
    let gone: Vec<_> = listed.difference(&known).collect();
    assert!(gone.is_empty(), "the dialect names keys that are not there: {gone:#?}");
}
