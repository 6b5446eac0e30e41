//! What changed for decisions and tokens, for the other nodes to read.
//!
//! Sequence numbers are drawn before commit, so a reader looks back over an overlap and skips the
//! numbers that it has seen.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::change::Change;
use crate::domain::id::OrganizationId;
use crate::domain::time::Timestamp;

/// Changes that one statement writes or looks for.
const AT_ONCE: usize = 1_000;

sql_by_engine! {
    INSERT = [
        "insert into access_changes (organization_id, kind, key, user_id, at)
         select $1, value->>0, value->>1, ",
        {
            "(value->>2)::uuid, $3::bigint
             from jsonb_array_elements($2::jsonb)",
            "unhex(value->>2), $3
             from json_each($2)",
        },
    ];
    AMONG = [
        "select id, organization_id, kind, key
         from access_changes
         where id ",
        {
            "= any (array(select value::bigint from jsonb_array_elements_text($1::jsonb)))",
            "in (select value from json_each($1))",
        },
        " order by id",
    ];
}

sql! {
    /// Numbers since an instant: what a node that starts must not miss.
    NUMBERS_SINCE = "
        select id
        from access_changes
        where at >= $1
        order by at, id
        limit $2 + 0";
    NEWEST = "
        select coalesce(max(id), 0)
        from access_changes";
    AFTER = "
        select id, organization_id, kind, key
        from access_changes
        where id > $1
        order by id
        limit $2 + 0";
}

/// Tells the other nodes what changed, where nothing happened that is told in events.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    scope: &mut Scope<'_>,
    changes: &[Change],
    at: Timestamp,
) -> Result<(), StoreError> {
    for some in changes.chunks(AT_ONCE) {
        scope.query_on(INSERT).bind(rows(some)?).bind(at.0).execute().await?;
    }
    Ok(())
}

/// Changes as one JSON array.
pub(super) fn rows(changes: &[Change]) -> Result<String, StoreError> {
    let row = |change: &Change| {
        let (kind, key) = change.stored();
        (kind, key, user_of(change).map(|user| user.simple().to_string()))
    };
    let rows: Vec<_> = changes.iter().map(row).collect();
    serde_json::to_string(&rows).map_err(|_| StoreError::unreadable("changes"))
}

fn user_of(change: &Change) -> Option<Uuid> {
    match change {
        Change::User(id) => Some(id.0),
        _ => None,
    }
}

/// A change with its number and whose it is.
pub type Numbered = (i64, OrganizationId, Change);

/// The numbers of changes made at or after `at`, at most `limit`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn numbers_since(
    conn: &mut Conn<'_>,
    at: Timestamp,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let rows = conn.query(NUMBERS_SINCE).bind(at.0).bind(limit).all::<(i64,)>().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The newest number; 0 without changes.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn newest(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    Ok(conn.query(NEWEST).one::<(i64,)>().await?.0)
}

/// Changes with numbers above `number`, in order, at most `limit`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn after(
    conn: &mut Conn<'_>,
    number: i64,
    limit: i64,
) -> Result<Vec<Numbered>, StoreError> {
    let rows = conn.query(AFTER).bind(number).bind(limit).all::<Row>().await?;
    Ok(rows.into_iter().map(read).collect())
}

/// The changes with these numbers, in order; those are left out that are not committed yet, or
/// never were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn among(conn: &mut Conn<'_>, numbers: &[i64]) -> Result<Vec<Numbered>, StoreError> {
    let mut found = Vec::new();
    for some in numbers.chunks(AT_ONCE) {
        let numbers = serde_json::to_string(some).map_err(|_| StoreError::unreadable("numbers"))?;
        let among = AMONG.on(conn.is_postgres());
        let rows = conn.query(among).bind(numbers).all::<Row>().await?;
        found.extend(rows.into_iter().map(read));
    }
    Ok(found)
}

type Row = (i64, Uuid, String, String);

fn read((id, organization, kind, key): Row) -> Numbered {
    // A kind that this program does not know was written by a newer one: forget everything then.
    let change = Change::read(&kind, &key).unwrap_or(Change::Organization);
    (id, OrganizationId(organization), change)
}
