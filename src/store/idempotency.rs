//! Keys of repeated requests and the answers that the first one got. No organization owns them:
//! a key belongs to its caller.

use sqlx::FromRow;

use super::db::Conn;
use super::error::StoreError;
use crate::domain::time::Timestamp;

sql! {
    FIND = "
        select route, body_hash, status, body, created_at
        from idempotency_keys
        where caller = $1 and key = $2";
    /// Takes a key that is free or whose time is over.
    RESERVE = "
        insert into idempotency_keys (caller, key, route, body_hash, status, body, created_at)
        values ($1, $2, $3, $4, 0, '', $5)
        on conflict (caller, key) do update
        set route = excluded.route, body_hash = excluded.body_hash, status = 0, body = '',
            created_at = excluded.created_at
        where idempotency_keys.created_at <= $6";
    FINISH = "
        update idempotency_keys
        set status = $3, body = $4
        where caller = $1 and key = $2 and status = 0";
    RELEASE = "
        delete from idempotency_keys
        where caller = $1 and key = $2 and status = 0";
}

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Method and path of the first request.
    pub route: String,
    /// The digest of its body.
    pub body_hash: Vec<u8>,
    /// The status of its answer; 0 while there is none.
    pub status: i64,
    /// The body of its answer, without secrets.
    pub body: String,
    /// When it came.
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    route: String,
    body_hash: Vec<u8>,
    status: i64,
    body: String,
    created_at: i64,
}

impl From<Row> for Kept {
    fn from(row: Row) -> Self {
        let Row { route, body_hash, status, body, created_at } = row;
        Self { route, body_hash, status, body, created_at: Timestamp(created_at) }
    }
}

/// The key of a caller.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn find(
    conn: &mut Conn<'_>,
    caller: &str,
    key: &str,
) -> Result<Option<Kept>, StoreError> {
    let query = conn.query(FIND).bind(caller.to_owned()).bind(key.to_owned());
    Ok(query.optional::<Row>().await?.map(Kept::from))
}

/// What the first request under a key is.
#[derive(Clone, Debug)]
pub struct First {
    /// Who calls.
    pub caller: String,
    /// Her key.
    pub key: String,
    /// Method and path.
    pub route: String,
    /// The digest of the body.
    pub body_hash: Vec<u8>,
}

/// Takes a key for its first request; answers `false` when another request has it, since after
/// `before`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn reserve(
    conn: &mut Conn<'_>,
    first: &First,
    at: Timestamp,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let rows = conn
        .query(RESERVE)
        .bind(first.caller.clone())
        .bind(first.key.clone())
        .bind(first.route.clone())
        .bind(first.body_hash.clone())
        .bind(at.0)
        .bind(before.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Keeps the answer of the first request.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn finish(
    conn: &mut Conn<'_>,
    first: &First,
    status: u16,
    body: &str,
) -> Result<(), StoreError> {
    conn.query(FINISH)
        .bind(first.caller.clone())
        .bind(first.key.clone())
        .bind(i64::from(status))
        .bind(body.to_owned())
        .execute()
        .await?;
    Ok(())
}

/// Frees a key whose request did nothing.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn release(conn: &mut Conn<'_>, first: &First) -> Result<(), StoreError> {
    conn.query(RELEASE).bind(first.caller.clone()).bind(first.key.clone()).execute().await?;
    Ok(())
}
