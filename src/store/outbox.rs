//! The outbox: what a transaction leaves to be done after it.
//!
//! A row is claimed for a while and deleted when done; a worker that dies frees it by the clock.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::dialect;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{JobId, OrganizationId};
use crate::domain::time::Timestamp;

sql! {
    INSERT = "
        insert into outbox (organization_id, id, kind, key, payload, run_at, attempts, created_at)
        values ($1, $2, $3, $4, $5, $6, 0, $6)";
    DONE = "
        delete from outbox
        where organization_id = $1 and id = $2";
    AGAIN = "
        update outbox
        set run_at = $3, locked_until = null, last_error = $4
        where organization_id = $1 and id = $2";
    COUNT = "
        select count(*)
        from outbox";
}

/// Something to do after commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What to do.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// What the kind needs, as JSON.
    pub payload: String,
    /// How often it was tried, this time included.
    pub attempts: i64,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    kind: String,
    key: String,
    payload: String,
    attempts: i64,
}

/// Leaves a job that may run from `at` on.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(scope: &mut Scope<'_>, job: &Job, at: Timestamp) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(job.id.0)
        .bind(job.kind.clone())
        .bind(job.key.clone())
        .bind(job.payload.clone())
        .bind(at.0)
        .execute()
        .await?;
    Ok(())
}

/// Claims due jobs until `locked_until`: no other worker gets them before that.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn claim(
    conn: &mut Conn<'_>,
    now: Timestamp,
    locked_until: Timestamp,
    limit: i64,
) -> Result<Vec<Job>, StoreError> {
    let claim = dialect::claim(conn.is_postgres());
    let rows = conn.query(claim).bind(now.0).bind(locked_until.0).bind(limit).all::<Row>().await?;
    Ok(rows.into_iter().map(Job::from).collect())
}

impl From<Row> for Job {
    fn from(row: Row) -> Self {
        Self {
            id: JobId(row.id),
            organization_id: OrganizationId(row.organization_id),
            kind: row.kind,
            key: row.key,
            payload: row.payload,
            attempts: row.attempts,
        }
    }
}

/// The job is done and forgotten.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn done(scope: &mut Scope<'_>, id: JobId) -> Result<(), StoreError> {
    scope.query(DONE).bind(id.0).execute().await?;
    Ok(())
}

/// The job failed and may run again from `run_at` on.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn again(
    scope: &mut Scope<'_>,
    id: JobId,
    run_at: Timestamp,
    error: &str,
) -> Result<(), StoreError> {
    scope.query(AGAIN).bind(id.0).bind(run_at.0).bind(error.to_owned()).execute().await?;
    Ok(())
}

/// Jobs that are left.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    Ok(conn.query(COUNT).one::<(i64,)>().await?.0)
}
