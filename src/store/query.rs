//! One statement on its way to either engine: binds are collected first and sent once.
//!
//! Blanket traits say what both drivers need, so that callers write one bound. Row types derive
//! `sqlx::FromRow`, which works for both.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Encode, FromRow, Postgres, Sqlite, Type};

use super::db::Conn;
use super::error::StoreError;

/// A value that both engines take.
pub trait Bind:
    for<'q> Encode<'q, Sqlite> + for<'q> Encode<'q, Postgres> + Type<Sqlite> + Type<Postgres>
{
}

impl<T> Bind for T where
    T: for<'q> Encode<'q, Sqlite> + for<'q> Encode<'q, Postgres> + Type<Sqlite> + Type<Postgres>
{
}

/// A row that both engines give.
pub trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Record for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

enum Binds {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

/// A statement with its binds and the place where it will run.
#[must_use = "a query does nothing until it is run"]
pub struct Query<'a> {
    on: Conn<'a>,
    sql: &'static str,
    binds: Binds,
    refused: Option<StoreError>,
}

/// Statements that this program has run.
static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// How many statements this program has run so far: what a page or a batch costs is told by it.
#[must_use]
pub fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}

/// Runs one sqlx call on whichever engine the query is for.
macro_rules! run {
    ($query:ident, |$sqlx:ident, $executor:ident| $call:expr) => {{
        if let Some(error) = $query.refused {
            return Err(error);
        }
        STATEMENTS.fetch_add(1, Ordering::Relaxed);
        let sql = $query.sql;
        match ($query.on, $query.binds) {
            (Conn::SqlitePool($executor), Binds::Sqlite(binds)) => {
                let $sqlx = (sql, binds);
                $call
            }
            (Conn::Sqlite($executor), Binds::Sqlite(binds)) => {
                let $sqlx = (sql, binds);
                $call
            }
            (Conn::PostgresPool($executor), Binds::Postgres(binds)) => {
                let $sqlx = (sql, binds);
                $call
            }
            (Conn::Postgres($executor), Binds::Postgres(binds)) => {
                let $sqlx = (sql, binds);
                $call
            }
            _ => Err(sqlx::Error::Protocol("binds of the other engine".to_owned())),
        }
    }};
}

impl<'a> Query<'a> {
    pub(super) fn new(on: Conn<'a>, sql: &'static str) -> Self {
        let binds = match on {
            Conn::SqlitePool(_) | Conn::Sqlite(_) => Binds::Sqlite(SqliteArguments::default()),
            Conn::PostgresPool(_) | Conn::Postgres(_) => Binds::Postgres(PgArguments::default()),
        };
        Self { on, sql, binds, refused: None }
    }

    /// Binds the next `$n`.
    pub fn bind<T: Bind>(mut self, value: T) -> Self {
        let added = match &mut self.binds {
            Binds::Sqlite(binds) => Arguments::add(binds, value),
            Binds::Postgres(binds) => Arguments::add(binds, value),
        };
        if let Err(error) = added {
            self.refused = Some(StoreError::Broken(sqlx::Error::Encode(error)));
        }
        self
    }

    /// Runs it and answers how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement.
    pub async fn execute(self) -> Result<u64, StoreError> {
        let sql = self.sql;
        run!(self, |query, on| {
            sqlx::query_with(query.0, query.1).execute(on).await.map(|done| done.rows_affected())
        })
        .map_err(|error| StoreError::of(error, sql))
    }

    /// The row, or `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement.
    pub async fn optional<R: Record>(self) -> Result<Option<R>, StoreError> {
        let sql = self.sql;
        run!(self, |query, on| {
            sqlx::query_as_with::<_, R, _>(query.0, query.1).fetch_optional(on).await
        })
        .map_err(|error| StoreError::of(error, sql))
    }

    /// The one row that must be there.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement; [`StoreError::Broken`] when there is no row.
    pub async fn one<R: Record>(self) -> Result<R, StoreError> {
        let sql = self.sql;
        run!(self, |query, on| {
            sqlx::query_as_with::<_, R, _>(query.0, query.1).fetch_one(on).await
        })
        .map_err(|error| StoreError::of(error, sql))
    }

    /// All rows; the statement itself says `limit`.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement.
    pub async fn all<R: Record>(self) -> Result<Vec<R>, StoreError> {
        let sql = self.sql;
        run!(self, |query, on| {
            sqlx::query_as_with::<_, R, _>(query.0, query.1).fetch_all(on).await
        })
        .map_err(|error| StoreError::of(error, sql))
    }
}
