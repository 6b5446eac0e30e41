//! The journal of a directory: entries in batches, counters beside them, pages newest first.
//!
//! A batch is one statement for its entries, one for each kind of counter and one for the contact,
//! whose row is held first: it numbers the entries, and no directory goes away under a batch.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::exchange::{Entry, Exchange, Sums, Tolerances};
use crate::domain::id::{DirectoryId, ExchangeId, TokenId};
use crate::domain::time::Timestamp;

sql! {
    /// Counts the entries of a batch and keeps the newest instants; nothing when the directory is
    /// gone.
    MEET = "
        insert into directory_contacts (organization_id, directory_id, written, last_contact_at,
            last_success_at, last_refused_at, last_missing_at)
        select d.organization_id, d.id, $3, $4, $5, $6, $7
        from directories d
        where d.organization_id = $1 and d.id = $2
        on conflict (directory_id) do update
        set written = directory_contacts.written + excluded.written,
            last_contact_at = case
                when excluded.last_contact_at > directory_contacts.last_contact_at
                then excluded.last_contact_at else directory_contacts.last_contact_at end,
            last_success_at = case
                when excluded.last_success_at > coalesce(directory_contacts.last_success_at, 0)
                then excluded.last_success_at else directory_contacts.last_success_at end,
            last_refused_at = case
                when excluded.last_refused_at > coalesce(directory_contacts.last_refused_at, 0)
                then excluded.last_refused_at else directory_contacts.last_refused_at end,
            last_missing_at = case
                when excluded.last_missing_at > coalesce(directory_contacts.last_missing_at, 0)
                then excluded.last_missing_at else directory_contacts.last_missing_at end,
            stale_at = null
        returning written";
    PAGE = "
        select number, id, at, method, path, status, scim_type, detail, resource_id, tolerances,
            duration_us, request_id, token_id, shape
        from exchanges
        where organization_id = $1 and directory_id = $2 and number < $3
            and status between $4 and $5
            and ($6 = '' or method = $6)
            and ($7 = 0 or (tolerances & $7) <> 0)
            and ($8 = '' or path like $8 || '%' and resource_id = $9)
        order by number desc
        limit $10 + 0";
    FORGET = "
        delete from exchanges
        where organization_id = $1 and directory_id = $2";
    /// Entries beyond the last `$1` of their directories.
    BEYOND = "
        delete from exchanges
        where (directory_id, number) in (
            select e.directory_id, e.number
            from directory_contacts c
            join exchanges e on e.directory_id = c.directory_id and e.number <= c.written - $1
            limit $2 + 0)";
    STALE = "
        select c.organization_id, c.directory_id
        from directory_contacts c
        join directories d on d.id = c.directory_id and d.status = 'active'
        where c.stale_at is null and c.last_contact_at < $1
        limit $2 + 0";
    MARK_STALE = "
        update directory_contacts
        set stale_at = $3
        where organization_id = $1 and directory_id = $2 and stale_at is null
            and last_contact_at < $4
        returning last_contact_at";
}

sql_by_engine! {
    /// The entries of a JSON array of arrays, numbered from `$3`.
    INSERT = [
        "insert into exchanges (organization_id, directory_id, number, id, at, method, path,
             status, scim_type, detail, resource_id, tolerances, duration_us, request_id, token_id,
             shape)
         select ",
        { "$1::uuid, $2::uuid", "$1, $2" },
        ", $3 + cast(value->>0 as bigint), ",
        { "(value->>1)::uuid", "unhex(value->>1, '-')" },
        ", cast(value->>2 as bigint), value->>3, value->>4, cast(value->>5 as bigint), value->>6,
             value->>7, ",
        { "(value->>8)::uuid", "unhex(value->>8, '-')" },
        ", cast(value->>9 as bigint), cast(value->>10 as bigint), value->>11, ",
        { "(value->>12)::uuid", "unhex(value->>12, '-')" },
        ", value->>13
         from ",
        { "jsonb_array_elements($4::jsonb)", "json_each($4)" },
    ];
    /// Adds slot, requests, failed, excused of a JSON array of arrays.
    COUNT = [
        "insert into exchange_counts (organization_id, directory_id, slot, requests, failed,
             excused)
         select ",
        { "$1::uuid, $2::uuid", "$1, $2" },
        ", cast(value->>0 as bigint), cast(value->>1 as bigint), cast(value->>2 as bigint),
             cast(value->>3 as bigint)
         from ",
        { "jsonb_array_elements($3::jsonb)", "json_each($3)" },
        " where true
         on conflict (directory_id, slot) do update
         set requests = exchange_counts.requests + excluded.requests,
             failed = exchange_counts.failed + excluded.failed,
             excused = exchange_counts.excused + excluded.excused",
    ];
    /// Adds number, day, uses, last use of a JSON array of arrays.
    COUNT_TOLERANCES = [
        "insert into tolerance_counts (organization_id, directory_id, tolerance, day, uses,
             last_at)
         select ",
        { "$1::uuid, $2::uuid", "$1, $2" },
        ", cast(value->>0 as bigint), cast(value->>1 as bigint), cast(value->>2 as bigint),
             cast(value->>3 as bigint)
         from ",
        { "jsonb_array_elements($3::jsonb)", "json_each($3)" },
        " where true
         on conflict (directory_id, tolerance, day) do update
         set uses = tolerance_counts.uses + excluded.uses, last_at = excluded.last_at",
    ];
}

#[derive(FromRow)]
struct Row {
    number: i64,
    id: Uuid,
    at: i64,
    method: String,
    path: String,
    status: i64,
    scim_type: Option<String>,
    detail: Option<String>,
    resource_id: Option<Uuid>,
    tolerances: i64,
    duration_us: i64,
    request_id: String,
    token_id: Uuid,
    shape: Option<String>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            id: ExchangeId(row.id),
            number: row.number,
            at: Timestamp(row.at),
            method: row.method,
            path: row.path,
            status: row.status,
            scim_type: row.scim_type,
            detail: row.detail,
            resource: row.resource_id,
            tolerances: Tolerances(u32::try_from(row.tolerances).unwrap_or(0)),
            duration_us: row.duration_us,
            request_id: row.request_id,
            token: TokenId(row.token_id),
            shape: row.shape,
        }
    }
}

/// Writes a batch of one directory; answers `false` when the directory is gone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn write(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    batch: &[Exchange],
    sums: &Sums,
) -> Result<bool, StoreError> {
    let count = i64::try_from(batch.len()).unwrap_or(i64::MAX);
    let contact = sums.contact;
    let met = scope
        .query(MEET)
        .bind(directory.0)
        .bind(count)
        .bind(contact.last_contact_at.0)
        .bind(contact.last_success_at.map(|at| at.0))
        .bind(contact.last_refused_at.map(|at| at.0))
        .bind(contact.last_missing_at.map(|at| at.0))
        .optional::<(i64,)>()
        .await?;
    let Some((written,)) = met else { return Ok(false) };
    let first = written.saturating_sub(count).saturating_add(1);
    let entries = entries(batch)?;
    scope.query_on(INSERT).bind(directory.0).bind(first).bind(entries).execute().await?;
    let counts = sums.counts.iter().map(|(slot, c)| (slot, c.requests, c.failed, c.excused));
    let counts = json(&counts.collect::<Vec<_>>())?;
    scope.query_on(COUNT).bind(directory.0).bind(counts).execute().await?;
    if !sums.tolerances.is_empty() {
        let uses = sums.tolerances.iter();
        let uses = uses.map(|((number, day), (uses, last))| (number, day, uses, last.0));
        let uses = json(&uses.collect::<Vec<_>>())?;
        scope.query_on(COUNT_TOLERANCES).bind(directory.0).bind(uses).execute().await?;
    }
    Ok(true)
}

fn entries(batch: &[Exchange]) -> Result<String, StoreError> {
    let rows = batch.iter().enumerate().map(|(place, one)| {
        (
            place,
            one.id,
            one.at.0,
            one.method,
            &one.path,
            one.status,
            one.scim_type,
            &one.detail,
            one.resource,
            one.tolerances.0,
            one.duration_us,
            &one.request_id,
            one.token,
            &one.shape,
        )
    });
    json(&rows.collect::<Vec<_>>())
}

fn json<T: serde::Serialize>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|_| StoreError::unreadable("exchanges"))
}

/// What a page of the journal is narrowed to; what is empty narrows nothing.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Statuses from the first to the second.
    pub status: (i64, i64),
    /// The method.
    pub method: &'static str,
    /// Any of these tolerances.
    pub tolerances: Tolerances,
    /// What a path begins with, and the id of the resource.
    pub resource: Option<(&'static str, Uuid)>,
}

/// Entries of a directory before a number, newest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    filter: &Filter,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let (path, resource) = filter.resource.unwrap_or_default();
    let rows = scope
        .query(PAGE)
        .bind(directory.0)
        .bind(before)
        .bind(filter.status.0)
        .bind(filter.status.1)
        .bind(filter.method)
        .bind(i64::from(filter.tolerances.0))
        .bind(path)
        .bind(resource)
        .bind(limit)
        .all::<Row>()
        .await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Deletes the journal of a directory that was just deleted in the same transaction: a batch that
/// was being written has been waited for.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn forget(scope: &mut Scope<'_>, directory: DirectoryId) -> Result<(), StoreError> {
    scope.query(FORGET).bind(directory.0).execute().await?;
    Ok(())
}

/// Deletes entries beyond the last `kept` of their directories; answers how many went.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn prune(conn: &mut Conn<'_>, kept: i64, limit: i64) -> Result<u64, StoreError> {
    conn.query(BEYOND).bind(kept).bind(limit).execute().await
}

/// Active directories without contact since an instant, of which nobody was told yet.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn stale(
    conn: &mut Conn<'_>,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    conn.query(STALE).bind(since.0).bind(limit).all::<(Uuid, Uuid)>().await
}

/// Marks a directory as told of; answers its last contact when it is still without contact and
/// nobody else told of it.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn mark_stale(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    now: Timestamp,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let query = scope.query(MARK_STALE).bind(directory.0).bind(now.0).bind(since.0);
    let row = query.optional::<(i64,)>().await?;
    Ok(row.map(|(at,)| Timestamp(at)))
}
