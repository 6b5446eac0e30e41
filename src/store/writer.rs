//! The one SQLite writer: writes that wait for it share a commit.
//!
//! A write takes the connection, opens a transaction unless one is open, and runs inside a
//! savepoint of its own. When others wait, it leaves the transaction open and waits for the commit
//! that the last of the batch makes; a batch ends after [`BATCH_MAX`] writes or [`BATCH_MS`]
//! milliseconds. A failed commit fails every write of its batch. Durability is unchanged: nobody is
//! answered before the commit (`synchronous=FULL`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::error::StoreError;

/// Writes that may share one commit.
pub const BATCH_MAX: u32 = 256;
/// How long a batch may stay open, in milliseconds.
pub const BATCH_MS: u64 = 2;

type Committed = Result<(), String>;

/// The connection and the batch that is open on it.
pub struct Batch {
    conn: SqliteConnection,
    open: Option<Open>,
    /// A savepoint was begun and neither released nor rolled back: its writer died.
    torn: bool,
}

struct Open {
    since: Instant,
    writes: u32,
    done: watch::Sender<Option<Committed>>,
}

/// The writer: a queue in front of one connection.
pub struct Writer {
    batch: Arc<Mutex<Batch>>,
    waiting: AtomicUsize,
    commits: AtomicU64,
}

/// A write that holds the connection, inside its savepoint.
pub struct Turn {
    guard: OwnedMutexGuard<Batch>,
}

impl Turn {
    pub(super) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.guard.conn
    }
}

impl Writer {
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let conn = options.connect().await?;
        Ok(Self {
            batch: Arc::new(Mutex::new(Batch { conn, open: None, torn: false })),
            waiting: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
        })
    }

    /// How many commits were made: fewer than writes when writes share them.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Waits for the connection and begins a savepoint. The caller must end the turn by
    /// [`Writer::keep`] or [`Writer::drop_write`]; it runs in a task that nobody cancels.
    pub(super) async fn begin(&self) -> Result<Turn, StoreError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let guard = Arc::clone(&self.batch).lock_owned().await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let mut turn = Turn { guard };
        match self.start(&mut turn).await {
            Ok(()) => Ok(turn),
            Err(error) => Err(Self::fail(turn, error).await),
        }
    }

    /// Gives up the whole batch, so that nobody waits for a commit that cannot come.
    async fn fail(mut turn: Turn, error: StoreError) -> StoreError {
        tracing::error!(error = %error, "a batch of writes was given up");
        if let Some(open) = turn.guard.open.take() {
            open.done.send_replace(Some(Err(error.to_string())));
        }
        turn.guard.torn = false;
        if let Err(again) = turn.conn().execute("rollback").await {
            tracing::warn!(error = %again, "nothing could be rolled back");
        }
        error
    }

    #[expect(clippy::disallowed_methods, reason = "the age of a batch is measured, not decided by")]
    async fn start(&self, turn: &mut Turn) -> Result<(), StoreError> {
        let batch = &mut *turn.guard;
        if batch.torn {
            batch.conn.execute("rollback to w; release w").await?;
            batch.torn = false;
        }
        if batch.open.is_none() {
            batch.conn.execute("begin immediate").await?;
            let done = watch::Sender::new(None);
            batch.open = Some(Open { since: Instant::now(), writes: 0, done });
        }
        batch.torn = true;
        batch.conn.execute("savepoint w").await?;
        Ok(())
    }

    /// Ends a turn whose write stands, and waits until it is durable.
    pub(super) async fn keep(&self, mut turn: Turn) -> Result<(), StoreError> {
        match turn.conn().execute("release w").await {
            Ok(_) => self.end(turn).await,
            Err(error) => Err(Self::fail(turn, error.into()).await),
        }
    }

    /// Ends a turn whose write is taken back; the rest of the batch stands.
    pub(super) async fn drop_write(&self, mut turn: Turn) -> Result<(), StoreError> {
        match turn.conn().execute("rollback to w; release w").await {
            // Its own write is gone, whatever becomes of the batch.
            Ok(_) => self.end(turn).await.or(Ok(())),
            Err(error) => Err(Self::fail(turn, error.into()).await),
        }
    }

    async fn end(&self, mut turn: Turn) -> Result<(), StoreError> {
        turn.guard.torn = false;
        let Some(open) = turn.guard.open.as_mut() else {
            return Err(StoreError::Commit("no transaction was open".to_owned()));
        };
        open.writes += 1;
        let full = open.writes >= BATCH_MAX
            || open.since.elapsed() >= Duration::from_millis(BATCH_MS)
            || self.waiting.load(Ordering::SeqCst) == 0;
        if !full {
            let mut done = open.done.subscribe();
            drop(turn);
            let committed = done.wait_for(Option::is_some).await.map(|seen| seen.clone());
            return match committed {
                Ok(Some(outcome)) => outcome.map_err(StoreError::Commit),
                Ok(None) | Err(_) => Err(StoreError::Commit("the batch was lost".to_owned())),
            };
        }
        let outcome = self.commit(&mut turn).await;
        if let Some(open) = turn.guard.open.take() {
            open.done.send_replace(Some(outcome.clone()));
        }
        outcome.map_err(StoreError::Commit)
    }

    async fn commit(&self, turn: &mut Turn) -> Committed {
        self.commits.fetch_add(1, Ordering::Relaxed);
        let Err(error) = turn.conn().execute("commit").await else { return Ok(()) };
        tracing::error!(error = %error, "a commit failed");
        if let Err(again) = turn.conn().execute("rollback").await {
            tracing::error!(error = %again, "a rollback failed");
        }
        Err(error.to_string())
    }

    /// Waits for the running write and closes the connection's turn for good.
    pub(super) async fn quiet(&self) -> OwnedMutexGuard<Batch> {
        Arc::clone(&self.batch).lock_owned().await
    }
}

impl Batch {
    /// The connection itself, for the steps of a migration.
    pub(super) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }
}
