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
    /// Keeps a job that goes on, if nobody else has taken it over since.
    GO_ON = "
        update outbox
        set payload = $3, locked_until = $4
        where organization_id = $1 and id = $2 and payload = $5";
    DROP = "
        delete from outbox
        where organization_id = $1 and kind = $2 and key = $3";
    ARE_DUE = "
        select count(*)
        from (
            select id
            from outbox
            where run_at <= $1 and (locked_until is null or locked_until <= $1)
                and (kind = 'mail') = $2
            limit 1) as one";
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

/// The kind of mail: it waits for the world, so it has a lane of its own.
pub const MAIL: &str = "mail";

/// Jobs that one loop runs: none waits for those of another lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// What is done in the database.
    House,
    /// What is sent by mail.
    Mail,
}

impl Lane {
    const fn is_mail(self) -> bool {
        matches!(self, Self::Mail)
    }
}

/// Claims due jobs of a lane until `locked_until`: no other worker gets them before that.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn claim(
    conn: &mut Conn<'_>,
    (now, locked_until): (Timestamp, Timestamp),
    lane: Lane,
    limit: i64,
) -> Result<Vec<Job>, StoreError> {
    let claim = dialect::claim(conn.is_postgres());
    let query = conn.query(claim).bind(now.0).bind(locked_until.0).bind(limit);
    let rows = query.bind(lane.is_mail()).all::<Row>().await?;
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

/// A job goes on from `payload` until `locked_until`; answers whether it is still the caller's:
/// another worker that took it over has changed its payload, or ended it.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn go_on(
    scope: &mut Scope<'_>,
    job: &Job,
    payload: &str,
    locked_until: Timestamp,
) -> Result<bool, StoreError> {
    let rows = scope
        .query(GO_ON)
        .bind(job.id.0)
        .bind(payload.to_owned())
        .bind(locked_until.0)
        .bind(job.payload.clone())
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Forgets jobs of a kind about something: a newer one takes their place.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn forget(scope: &mut Scope<'_>, kind: &str, key: &str) -> Result<u64, StoreError> {
    scope.query(DROP).bind(kind.to_owned()).bind(key.to_owned()).execute().await
}

/// Whether any job of a lane may run now.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn are_due(conn: &mut Conn<'_>, now: Timestamp, lane: Lane) -> Result<bool, StoreError> {
    let query = conn.query(ARE_DUE).bind(now.0).bind(lane.is_mail());
    Ok(query.one::<(i64,)>().await?.0 > 0)
}

/// Jobs that are left.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    Ok(conn.query(COUNT).one::<(i64,)>().await?.0)
}
