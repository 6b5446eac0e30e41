//! Bringing a database to the schema this program knows.
//!
//! Two folders hold the same steps for the two engines. A database that is newer than the program
//! is refused before anything is changed.

use sqlx::migrate::Migrator;

use super::db::{Db, OpenError};
use super::dialect;
use super::error::StoreError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

sql! {
    /// The newest step that was applied.
    NEWEST = "select coalesce(max(version), 0) from _sqlx_migrations where success";
}

impl Db {
    /// The newest step in this program.
    #[must_use]
    pub fn schema_known(&self) -> i64 {
        let migrator = if self.is_postgres() { &POSTGRES } else { &SQLITE };
        migrator.iter().map(|step| step.version).max().unwrap_or(0)
    }

    /// The newest step in the database; 0 for an empty one.
    ///
    /// # Errors
    /// [`OpenError::Server`] or its like when the database does not answer.
    pub async fn schema_found(&self) -> Result<i64, OpenError> {
        let refuse = |error: StoreError| OpenError::Server(error.to_string());
        let exists = dialect::migrated(self.is_postgres());
        let (tables,) = self.conn().query(exists).one::<(i64,)>().await.map_err(refuse)?;
        if tables == 0 {
            return Ok(0);
        }
        let (version,) = self.conn().query(NEWEST).one::<(i64,)>().await.map_err(refuse)?;
        Ok(version)
    }

    /// Checks the schema, and migrates it when `migrate` says so.
    ///
    /// # Errors
    /// [`OpenError::Newer`], [`OpenError::Older`] (with `migrate` off) or
    /// [`OpenError::Migration`].
    pub async fn prepare(&self, migrate: bool) -> Result<(), OpenError> {
        let (found, known) = (self.schema_found().await?, self.schema_known());
        if found > known {
            return Err(OpenError::Newer { found, known });
        }
        if found == known {
            return Ok(());
        }
        if !migrate {
            return Err(OpenError::Older { found, known });
        }
        let done = match self {
            Self::Sqlite { writer, .. } => SQLITE.run(writer.quiet().await.conn()).await,
            Self::Postgres { pool } => POSTGRES.run(pool).await,
        };
        done.map_err(|error| OpenError::Migration(error.to_string()))
    }
}
