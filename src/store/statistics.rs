//! What the planner of PostgreSQL believes there is in a table that has grown.
//!
//! PostgreSQL counts by itself once a minute at most. A directory that is brought in for the first
//! time grows from nothing to many thousands meanwhile, while every statement goes the way that was
//! right for nothing. SQLite has its figures from the migrations.

use super::db::Db;
use super::dialect;
use super::error::StoreError;

/// Rows that must have come, changed or gone before a table is counted anew.
pub const ROWS_MIN: i64 = 500;

impl Db {
    /// Counts the tables anew of which more changed than was there when they were counted last;
    /// answers how many. A table that grows is counted each time it has become three times as
    /// large.
    ///
    /// # Errors
    /// [`StoreError`], as of every statement.
    pub async fn count_anew(&self) -> Result<usize, StoreError> {
        if !self.is_postgres() {
            return Ok(0);
        }
        let grown = self.conn().query(dialect::GROWN).bind(ROWS_MIN).all::<(String,)>().await?;
        let grown: Vec<_> = dialect::COUNTED
            .iter()
            .filter(|(table, _)| grown.iter().any(|(name,)| name == table))
            .collect();
        for (_, analyze) in &grown {
            self.conn().query(analyze).execute().await?;
        }
        Ok(grown.len())
    }
}
