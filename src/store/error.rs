//! What a statement can fail with, told apart by what a caller can do about it.

use super::dialect;

/// A unique key that a write would have broken, by one name on both engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniqueKey(pub &'static str);

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another row holds the key already: the caller's conflict.
    #[error("{} is taken", .0.0)]
    Unique(UniqueKey),
    /// A row that this one refers to is not there (any more).
    #[error("a row that is referred to is gone")]
    Reference,
    /// A text holds what the engine cannot keep: U+0000 on PostgreSQL.
    #[error("a text holds what cannot be kept")]
    Text,
    /// The transaction lost a race and may be run again.
    #[error("the transaction lost a race")]
    Again(#[source] sqlx::Error),
    /// The database cannot be reached or has no room: try later.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The commit of a batch failed for all that shared it.
    #[error("the shared commit failed: {0}")]
    Commit(String),
    /// A fault of ours: a statement or a row that is not as the program expects.
    #[error("the database answered what the program does not expect")]
    Broken(#[source] sqlx::Error),
}

impl StoreError {
    /// Sorts a driver's error; `sql` is the statement, for the log of faults.
    pub(super) fn of(error: sqlx::Error, sql: &str) -> Self {
        let sorted = Self::sort(error);
        if let Self::Broken(error) = &sorted {
            let statement = sql.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
            tracing::error!(db.statement = %statement, error = %error, "a statement failed");
        }
        sorted
    }

    fn sort(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) => {
                if inner.is_unique_violation() {
                    return match dialect::unique_key(inner.as_ref()) {
                        Some(key) => Self::Unique(key),
                        None => Self::Broken(error),
                    };
                }
                if inner.is_foreign_key_violation() {
                    return Self::Reference;
                }
                match inner.code().as_deref() {
                    Some("22021") => Self::Text,
                    // serialization failure, deadlock; SQLite busy and its snapshot form
                    Some("40001" | "40P01" | "5" | "517") => Self::Again(error),
                    // resources exhausted, shutting down, statement timeout; SQLite full, I/O
                    Some(code)
                        if code.starts_with("53")
                            || code.starts_with("57")
                            || code == "13"
                            || code == "10" =>
                    {
                        Self::Unavailable(error)
                    }
                    _ => Self::Broken(error),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Broken(error),
        }
    }
}

impl StoreError {
    /// A stored value that the program cannot read: a fault of ours, named by its column.
    pub(super) fn unreadable(column: &'static str) -> Self {
        tracing::error!(db.column = column, "a stored value cannot be read");
        Self::Broken(sqlx::Error::ColumnDecode {
            index: column.to_owned(),
            source: "unknown stored value".into(),
        })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::of(error, "")
    }
}
