//! A word between the processes of one database: something changed, look now.
//!
//! It carries nothing and may be lost: those who wait for it also look by the clock. It is sent
//! after commit by one connection, never inside a business transaction, since PostgreSQL commits
//! such transactions one after another. SQLite has no such word.

use sqlx::postgres::PgListener;

use super::db::Db;
use super::dialect;
use super::error::StoreError;

/// Somebody who waits for the word.
pub struct Ear(PgListener);

impl Db {
    /// Begins to listen; `None` where the engine has no word to listen for.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection can be had.
    pub async fn listen(&self) -> Result<Option<Ear>, StoreError> {
        let Self::Postgres { pool } = self else { return Ok(None) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(dialect::CHANNEL).await?;
        Ok(Some(Ear(listener)))
    }

    /// Says the word to every process that listens.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement.
    pub async fn notify(&self) -> Result<(), StoreError> {
        if self.is_postgres() {
            self.conn().query(dialect::NOTIFY).execute().await?;
        }
        Ok(())
    }
}

impl Ear {
    /// Waits for the word; several that came meanwhile are one.
    ///
    /// # Errors
    /// [`StoreError`] when the connection was lost: words may have been missed.
    pub async fn heard(&mut self) -> Result<(), StoreError> {
        let heard = self.0.try_recv().await?;
        while self.0.next_buffered().is_some() {}
        match heard {
            Some(_) => Ok(()),
            None => Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed)),
        }
    }
}
