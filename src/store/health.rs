//! What the health of a directory is told from: contact, counters, what fails most, what waits.

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::exchange::{Contact, Counts, KEPT_MAX, slot};
use crate::domain::health::{Failure, Unresolved, Use};
use crate::domain::id::DirectoryId;
use crate::domain::time::Timestamp;

/// Rows of users that are looked through for resources that are missing.
const WAITING_MAX: i64 = 10_000;
/// Tolerances that there can be.
const TOLERANCES_MAX: i64 = 32;

sql! {
    CONTACT = "
        select last_contact_at, last_success_at, last_refused_at, last_missing_at
        from directory_contacts
        where organization_id = $1 and directory_id = $2";
    COUNTS = "
        select cast(coalesce(sum(requests), 0) as bigint),
            cast(coalesce(sum(failed), 0) as bigint),
            cast(coalesce(sum(excused), 0) as bigint)
        from exchange_counts
        where organization_id = $1 and directory_id = $2 and slot >= $3";
    TOLERANCES = "
        select tolerance, cast(sum(uses) as bigint), max(last_at)
        from tolerance_counts
        where organization_id = $1 and directory_id = $2 and day >= $3
        group by tolerance
        order by tolerance
        limit $4 + 0";
    FREQUENT = "
        select status, detail, count(*)
        from (
            select status, detail
            from exchanges
            where organization_id = $1 and directory_id = $2 and status >= 400 and at >= $3
            order by number desc
            limit $4 + 0) as failed
        group by status, detail
        order by count(*) desc, status, detail
        limit 1";
    WITH_UNKNOWN = "
        select shape
        from exchanges
        where organization_id = $1 and directory_id = $2 and (tolerances & 1) <> 0
            and shape is not null and at >= $3
        order by number desc
        limit $4 + 0";
    WAITING = "
        select resource, count(*)
        from (
            select n.resource
            from users u
            join unresolved n on n.user_id = u.id
            where u.organization_id = $1 and u.directory_id = $2
            limit $3 + 0) as waiting
        group by resource
        order by count(*) desc, resource
        limit $4 + 0";
}

/// The contact with the client of a directory; `None` before the first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn contact(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
) -> Result<Option<Contact>, StoreError> {
    let row = scope
        .query(CONTACT)
        .bind(directory.0)
        .optional::<(i64, Option<i64>, Option<i64>, Option<i64>)>()
        .await?;
    Ok(row.map(|(contact, success, refused, missing)| Contact {
        last_contact_at: Timestamp(contact),
        last_success_at: success.map(Timestamp),
        last_refused_at: refused.map(Timestamp),
        last_missing_at: missing.map(Timestamp),
    }))
}

/// Requests since an instant, to the slot.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn counts(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    since: Timestamp,
) -> Result<Counts, StoreError> {
    let query = scope.query(COUNTS).bind(directory.0).bind(slot(since));
    let (requests, failed, excused) = query.one::<(i64, i64, i64)>().await?;
    Ok(Counts { requests, failed, excused })
}

/// Tolerances that were used since a day, by number.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn tolerances(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    since_day: i64,
) -> Result<Vec<Use>, StoreError> {
    let query = scope.query(TOLERANCES).bind(directory.0).bind(since_day).bind(TOLERANCES_MAX);
    let rows = query.all::<(i64, i64, i64)>().await?;
    let read = |(number, uses, last): (i64, i64, i64)| {
        let number = u8::try_from(number).ok()?;
        Some(Use { number, uses, last_at: Timestamp(last) })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The failure that came most often since an instant.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn frequent(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    since: Timestamp,
) -> Result<Option<Failure>, StoreError> {
    let query = scope.query(FREQUENT).bind(directory.0).bind(since.0).bind(KEPT_MAX);
    let row = query.optional::<(i64, Option<String>, i64)>().await?;
    Ok(row.map(|(status, detail, count)| Failure { status, detail, count }))
}

/// Shapes of the last requests with attributes that no schema knows (D11).
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn with_unknown(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let query = scope.query(WITH_UNKNOWN).bind(directory.0).bind(since.0).bind(limit);
    Ok(query.all::<(String,)>().await?.into_iter().map(|(shape,)| shape).collect())
}

/// Resources that rules named for users of the directory and that are not registered, the most
/// wanted first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn waiting(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    limit: i64,
) -> Result<Vec<Unresolved>, StoreError> {
    let query = scope.query(WAITING).bind(directory.0).bind(WAITING_MAX).bind(limit);
    let rows = query.all::<(String, i64)>().await?;
    Ok(rows
        .into_iter()
        .map(|(resource, users)| Unresolved { resource, users, nearest: None })
        .collect())
}
