//! A copy of the SQLite file, whole and of one instant, also while others write.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::db::Db;
use super::error::StoreError;

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// PostgreSQL has tools of its own.
    #[error("backup copies a SQLite file: for PostgreSQL use pg_dump")]
    Postgres,
    /// The file is there already, or cannot be made.
    #[error(
        "cannot write {path}: {cause}: name a file that is not there yet, in a folder of yours"
    )]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// The copy itself failed.
    #[error("the copy failed: {0}")]
    Copy(#[source] StoreError),
}

impl Db {
    /// Copies the database into a new file that only its owner may read.
    ///
    /// # Errors
    /// [`BackupError`]; a file that was begun is removed.
    pub async fn copy_to(&self, path: &Path) -> Result<(), BackupError> {
        let Self::Sqlite { writer, .. } = self else { return Err(BackupError::Postgres) };
        let refuse = |cause: String| BackupError::File { path: path.display().to_string(), cause };
        let text = path.to_str().ok_or_else(|| refuse("its name is not UTF-8".to_owned()))?;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| refuse(error.to_string()))?;
        // SQLite fills an empty file that is there; the copy is one transaction for reading.
        let copied = sqlx::query("vacuum into $1")
            .bind(text.to_owned())
            .execute(writer.quiet().await.conn())
            .await;
        copied.map(drop).map_err(|error| {
            // What is left of a failed copy helps nobody.
            let _ = std::fs::remove_file(path);
            BackupError::Copy(error.into())
        })
    }
}
