//! The database: pools of either engine, and transactions on them.
//!
//! SQLite has one writer with shared commits and several readers that cannot write; PostgreSQL has
//! one pool and runs READ COMMITTED.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Executor, Postgres, Transaction};

use super::error::StoreError;
use super::query::Query;
use super::writer::{Turn, Writer};

/// How long a statement waits for a pooled connection, in seconds: its turn comes, also when very
/// many ask at once, and nearly until the request is given up.
pub const ACQUIRE_S: u64 = 20;
/// How long the server may take to answer at the start, in seconds.
const ANSWER_S: u64 = 10;
/// What our sessions on PostgreSQL ask for: how long a statement may run, and which way it goes.
/// Every statement has an index to go along. A plan that was made while a table was small is kept
/// for minutes after it has grown, so reading a whole table is the last resort; and nothing here
/// runs long enough to be worth compiling.
const SESSION: [(&str, &str); 3] =
    [("statement_timeout", "25s"), ("enable_seqscan", "off"), ("jit", "off")];
/// Statements that a connection keeps prepared: more than there are.
const PREPARED_MAX: usize = 1_024;
/// How long a SQLite connection waits for another process, in seconds.
const BUSY_S: u64 = 5;

/// Rows that SQLite's thread may be ahead of their reader: a page is handed over at once, and
/// nobody changes threads for every few rows.
const ROWS_AHEAD: usize = 1_024;

/// Which database to open, and how.
#[derive(Clone, Debug)]
pub enum Options {
    /// A file of our own.
    Sqlite {
        /// Where it is.
        path: PathBuf,
        /// Make it when it is missing.
        create: bool,
        /// Refuse when another `serve` holds it.
        exclusive: bool,
        /// Connections for reading.
        readers: u32,
    },
    /// A server; the URL holds a password and is never printed.
    Postgres {
        /// `postgres://user:password@host/database`.
        url: String,
        /// Connections in all.
        connections: u32,
    },
}

/// Why the database could not be opened; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process serves from this file.
    #[error(
        "{0} is held by another `portico serve`: stop it first, or use another database_url \
         (PostgreSQL serves several processes)"
    )]
    Held(String),
    /// The file cannot be opened.
    #[error(
        "cannot open the SQLite file {path}: {cause}: check that the folder exists and is yours"
    )]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// The server cannot be reached, or refuses us.
    #[error(
        "cannot reach the PostgreSQL server of database_url: {0}: check host, port, user, password"
    )]
    Server(String),
    /// The URL cannot be read.
    #[error("database_url is not a PostgreSQL URL: {0}")]
    Url(String),
    /// The schema was written by a newer program.
    #[error(
        "the database has schema version {found}, this program knows {known}: run a newer portico; \
         nothing was changed"
    )]
    Newer {
        /// The newest version in the database.
        found: i64,
        /// The newest version in this program.
        known: i64,
    },
    /// The schema is older and migration was switched off.
    #[error(
        "the database has schema version {found}, this program needs {known}: run `portico migrate`"
    )]
    Older {
        /// The newest version in the database.
        found: i64,
        /// The newest version in this program.
        known: i64,
    },
    /// A migration failed.
    #[error("the schema could not be migrated: {0}; nothing was changed by the failed step")]
    Migration(String),
}

/// The database, cheap to clone.
#[derive(Clone)]
pub enum Db {
    /// One file: one writer, several readers.
    Sqlite {
        /// Where writes queue.
        writer: Arc<Writer>,
        /// Connections that cannot write.
        readers: SqlitePool,
        /// Held while this process serves.
        lock: Option<Arc<File>>,
    },
    /// A server.
    Postgres {
        /// Connections for reading and writing.
        pool: PgPool,
    },
}

/// A transaction that is running.
pub enum Tx {
    /// A savepoint in the batch of the SQLite writer.
    Sqlite(Turn),
    /// A transaction of its own.
    Postgres(Transaction<'static, Postgres>),
}

/// A place where statements run: a pool for reads, or a transaction.
pub enum Conn<'a> {
    /// Any SQLite reader.
    SqlitePool(&'a SqlitePool),
    /// The SQLite writer.
    Sqlite(&'a mut SqliteConnection),
    /// Any PostgreSQL connection.
    PostgresPool(&'a PgPool),
    /// A PostgreSQL transaction.
    Postgres(&'a mut PgConnection),
}

impl Conn<'_> {
    /// The same place for one more statement.
    pub(super) fn again(&mut self) -> Conn<'_> {
        match self {
            Self::SqlitePool(pool) => Conn::SqlitePool(pool),
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::PostgresPool(pool) => Conn::PostgresPool(pool),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }

    /// Whether the engine is PostgreSQL.
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::PostgresPool(_))
    }

    /// Begins a statement on tables that no organization owns.
    pub(super) fn query(&mut self, sql: &'static str) -> Query<'_> {
        Query::new(self.again(), sql)
    }
}

impl Tx {
    /// The transaction as a place where statements run.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(turn) => Conn::Sqlite(turn.conn()),
            Self::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    /// Begins a part that can be taken back by itself. Parts nest; each is ended by
    /// [`Tx::keep_part`] or [`Tx::drop_part`], unless the whole transaction is dropped.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement.
    pub async fn begin_part(&mut self) -> Result<(), StoreError> {
        self.run("savepoint part").await
    }

    /// Ends a part that stands when the transaction does.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement.
    pub async fn keep_part(&mut self) -> Result<(), StoreError> {
        self.run("release savepoint part").await
    }

    /// Takes a part back, even after one of its statements failed.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement.
    pub async fn drop_part(&mut self) -> Result<(), StoreError> {
        self.run("rollback to savepoint part; release savepoint part").await
    }

    async fn run(&mut self, words: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(turn) => turn.conn().execute(words).await.map(drop),
            Self::Postgres(tx) => tx.execute(words).await.map(drop),
        }
        .map_err(|error| StoreError::of(error, words))
    }
}

impl Db {
    /// Opens the database without looking at its schema.
    ///
    /// # Errors
    /// [`OpenError`], in words for the person who starts the program.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        match options {
            Options::Sqlite { path, create, exclusive, readers } => {
                let lock = if *exclusive { Some(Arc::new(hold(path)?)) } else { None };
                let file = |cause: sqlx::Error| OpenError::File {
                    path: path.display().to_string(),
                    cause: cause.to_string(),
                };
                if *create {
                    private(path).map_err(|error| file(error.into()))?;
                }
                let options = sqlite_options(path, *create);
                let writer = Writer::open(options.clone()).await.map_err(file)?;
                let readers = SqlitePoolOptions::new()
                    .max_connections(*readers)
                    .test_before_acquire(false)
                    .acquire_timeout(Duration::from_secs(ACQUIRE_S))
                    .connect_with(options.create_if_missing(false).pragma("query_only", "on"))
                    .await
                    .map_err(file)?;
                Ok(Self::Sqlite { writer: Arc::new(writer), readers, lock })
            }
            Options::Postgres { url, connections } => {
                let options = PgConnectOptions::from_str(url)
                    .map_err(|error| OpenError::Url(error.to_string()))?
                    .application_name("portico")
                    .statement_cache_capacity(PREPARED_MAX)
                    .options(SESSION);
                answers(&options).await?;
                let pool = PgPoolOptions::new()
                    .max_connections(*connections)
                    .acquire_timeout(Duration::from_secs(ACQUIRE_S))
                    .test_before_acquire(false)
                    .connect_with(options)
                    .await
                    .map_err(|error| OpenError::Server(error.to_string()))?;
                Ok(Self::Postgres { pool })
            }
        }
    }

    /// Whether the engine is PostgreSQL.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// A place for reads outside a transaction.
    #[must_use]
    pub const fn conn(&self) -> Conn<'_> {
        match self {
            Self::Sqlite { readers, .. } => Conn::SqlitePool(readers),
            Self::Postgres { pool } => Conn::PostgresPool(pool),
        }
    }

    /// Begins a write. It must be ended by [`Db::keep`] or [`Db::drop_write`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and its like when no connection can be had.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => writer.begin().await.map(Tx::Sqlite),
            Self::Postgres { pool } => Ok(Tx::Postgres(pool.begin().await?)),
        }
    }

    /// Commits a write and answers when it is durable.
    ///
    /// # Errors
    /// [`StoreError::Again`] when PostgreSQL asks for another run; [`StoreError::Commit`] when the
    /// shared commit of SQLite failed.
    pub async fn keep(&self, tx: Tx) -> Result<(), StoreError> {
        match (self, tx) {
            (Self::Sqlite { writer, .. }, Tx::Sqlite(turn)) => writer.keep(turn).await,
            (Self::Postgres { .. }, Tx::Postgres(tx)) => Ok(tx.commit().await?),
            _ => Err(StoreError::Commit("a transaction of the other engine".to_owned())),
        }
    }

    /// Takes a write back.
    ///
    /// # Errors
    /// [`StoreError`] when even that failed; the write is gone all the same.
    pub async fn drop_write(&self, tx: Tx) -> Result<(), StoreError> {
        match (self, tx) {
            (Self::Sqlite { writer, .. }, Tx::Sqlite(turn)) => writer.drop_write(turn).await,
            (Self::Postgres { .. }, Tx::Postgres(tx)) => Ok(tx.rollback().await?),
            _ => Err(StoreError::Commit("a transaction of the other engine".to_owned())),
        }
    }

    /// Commits made by the SQLite writer: fewer than writes when writes share them.
    #[must_use]
    pub fn commits(&self) -> Option<u64> {
        match self {
            Self::Sqlite { writer, .. } => Some(writer.commits()),
            Self::Postgres { .. } => None,
        }
    }

    /// Writes that had their turn at the SQLite writer: whoever has much to write sees by it
    /// whether others write too.
    #[must_use]
    pub fn turns(&self) -> Option<u64> {
        match self {
            Self::Sqlite { writer, .. } => Some(writer.turns()),
            Self::Postgres { .. } => None,
        }
    }

    /// Waits for running writes and closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                drop(writer.quiet().await);
                readers.close().await;
            }
            Self::Postgres { pool } => pool.close().await,
        }
    }
}

/// Asks the server once: a pool would try again for seconds and say only that it waited.
async fn answers(options: &PgConnectOptions) -> Result<(), OpenError> {
    let asked = tokio::time::timeout(Duration::from_secs(ANSWER_S), options.connect()).await;
    let conn = asked
        .map_err(|_| OpenError::Server(format!("no answer within {ANSWER_S} s")))?
        .map_err(|error| OpenError::Server(error.to_string()))?;
    conn.close().await.map_err(|error| OpenError::Server(error.to_string()))
}

fn sqlite_options(path: &Path, create: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(BUSY_S))
        .statement_cache_capacity(PREPARED_MAX)
        .row_buffer_size(ROWS_AHEAD)
}

/// Makes a missing file that only its owner may read: it holds what people are called.
fn private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Takes the lock that says "this process serves from this file".
fn hold(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let refuse = |cause: String| OpenError::File { path: path.display().to_string(), cause };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&name)
        .map_err(|error| refuse(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Held(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(refuse(error.to_string())),
    }
}
