//! The one SQLite writer: writes that wait for it share a commit.
//!
//! A write takes the connection and opens a transaction, or joins the open one with a savepoint of
//! its own. When others wait, it leaves the transaction open and waits for the commit that the last
//! of the batch makes; a batch ends after [`BATCH_MAX`] writes or [`BATCH_MS`] milliseconds. A
//! failed commit fails every write of its batch. Durability is unchanged: nobody is answered before
//! the commit (`synchronous=FULL`).

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
    /// The write that runs; where one is found at the start of the next, its writer died.
    running: Option<Write>,
}

/// How much of the transaction is one write's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    /// All of it: the write is the first of its batch.
    First,
    /// What came after the savepoint.
    Joined,
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
    turns: AtomicU64,
}

/// A write that holds the connection.
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
            batch: Arc::new(Mutex::new(Batch { conn, open: None, running: None })),
            waiting: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
            turns: AtomicU64::new(0),
        })
    }

    /// How many commits were made: fewer than writes when writes share them.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// How many writes had their turn.
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Waits for the connection and begins a write. The caller must end the turn by
    /// [`Writer::keep`] or [`Writer::drop_write`]; it runs in a task that nobody cancels.
    pub(super) async fn begin(&self) -> Result<Turn, StoreError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let guard = Arc::clone(&self.batch).lock_owned().await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.turns.fetch_add(1, Ordering::Relaxed);
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
        turn.guard.running = None;
        if let Err(again) = turn.conn().execute("rollback").await {
            tracing::warn!(error = %again, "nothing could be rolled back");
        }
        error
    }

    #[expect(clippy::disallowed_methods, reason = "the age of a batch is measured, not decided by")]
    async fn start(&self, turn: &mut Turn) -> Result<(), StoreError> {
        let batch = &mut *turn.guard;
        if let Some(torn) = batch.running.take() {
            batch.take_back(torn).await?;
        }
        let write = if batch.open.is_some() {
            batch.conn.execute("savepoint w").await?;
            Write::Joined
        } else {
            batch.conn.execute("begin immediate").await?;
            let done = watch::Sender::new(None);
            batch.open = Some(Open { since: Instant::now(), writes: 0, done });
            Write::First
        };
        batch.running = Some(write);
        Ok(())
    }

    /// Ends a turn whose write stands, and waits until it is durable.
    pub(super) async fn keep(&self, mut turn: Turn) -> Result<(), StoreError> {
        let joined = turn.guard.running == Some(Write::Joined);
        if self.fills(&mut turn)? {
            let commit = if joined { "release w; commit" } else { "commit" };
            return self.commit(turn, commit).await;
        }
        if joined && let Err(error) = turn.conn().execute("release w").await {
            return Err(Self::fail(turn, error.into()).await);
        }
        turn.guard.running = None;
        let Some(open) = &turn.guard.open else { return Err(lost()) };
        let mut done = open.done.subscribe();
        drop(turn);
        let committed = done.wait_for(Option::is_some).await.map(|seen| seen.clone());
        match committed {
            Ok(Some(outcome)) => outcome.map_err(StoreError::Commit),
            Ok(None) | Err(_) => Err(lost()),
        }
    }

    /// Ends a turn whose write is taken back; the rest of the batch stands.
    pub(super) async fn drop_write(&self, mut turn: Turn) -> Result<(), StoreError> {
        if let Some(write) = turn.guard.running.take()
            && let Err(error) = turn.guard.take_back(write).await
        {
            return Err(Self::fail(turn, error).await);
        }
        // Without the first write there is no batch; its own write is gone, whatever becomes of it.
        if turn.guard.open.is_some() && self.fills(&mut turn)? {
            return self.commit(turn, "commit").await.or(Ok(()));
        }
        Ok(())
    }

    /// Counts a write that ends, and answers whether the batch ends with it.
    fn fills(&self, turn: &mut Turn) -> Result<bool, StoreError> {
        let open = turn.guard.open.as_mut().ok_or_else(lost)?;
        open.writes += 1;
        Ok(open.writes >= BATCH_MAX
            || open.since.elapsed() >= Duration::from_millis(BATCH_MS)
            || self.waiting.load(Ordering::SeqCst) == 0)
    }

    /// Makes the batch durable and tells everybody who waits for it.
    async fn commit(&self, mut turn: Turn, statements: &'static str) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        turn.guard.running = None;
        let outcome = match turn.conn().execute(statements).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(error = %error, "a commit failed");
                if let Err(again) = turn.conn().execute("rollback").await {
                    tracing::error!(error = %again, "a rollback failed");
                }
                Err(error.to_string())
            }
        };
        if let Some(open) = turn.guard.open.take() {
            open.done.send_replace(Some(outcome.clone()));
        }
        outcome.map_err(StoreError::Commit)
    }

    /// Waits for the running write and closes the connection's turn for good.
    pub(super) async fn quiet(&self) -> OwnedMutexGuard<Batch> {
        Arc::clone(&self.batch).lock_owned().await
    }
}

fn lost() -> StoreError {
    StoreError::Commit("the batch was lost".to_owned())
}

impl Batch {
    /// Takes a write back; with the first one goes the whole transaction.
    async fn take_back(&mut self, write: Write) -> Result<(), StoreError> {
        match write {
            Write::First => {
                self.open = None;
                self.conn.execute("rollback").await?;
            }
            Write::Joined => {
                self.conn.execute("rollback to w; release w").await?;
            }
        }
        Ok(())
    }

    /// The connection itself, for the steps of a migration.
    pub(super) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }
}
