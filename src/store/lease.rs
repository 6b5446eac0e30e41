//! Leases: which process does what only one may do at a time.
//!
//! Whoever takes a lease inside a transaction holds its row until commit, so that two holders whose
//! clocks disagree still follow one another.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use crate::domain::time::Timestamp;

sql! {
    TAKE = "
        insert into leases (name, holder, until)
        values ($1, $2, $3)
        on conflict (name) do update
        set holder = excluded.holder, until = excluded.until
        where leases.holder = excluded.holder or leases.until <= $4";
    GIVE_BACK = "
        delete from leases
        where name = $1 and holder = $2";
}

/// Takes or renews a lease until an instant; answers whether it is the holder's now.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn take(
    conn: &mut Conn<'_>,
    (name, holder): (&'static str, Uuid),
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let query = conn.query(TAKE).bind(name).bind(holder).bind(until.0).bind(now.0);
    Ok(query.execute().await? == 1)
}

/// Gives a lease back before its end, so that the next holder need not wait.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn give_back(
    conn: &mut Conn<'_>,
    (name, holder): (&'static str, Uuid),
) -> Result<(), StoreError> {
    conn.query(GIVE_BACK).bind(name).bind(holder).execute().await?;
    Ok(())
}
