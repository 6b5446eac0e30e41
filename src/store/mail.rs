//! Addresses that refused mail for good, by keyed digests.

use super::db::Conn;
use super::error::StoreError;
use crate::domain::time::Timestamp;

sql! {
    SUPPRESS = "
        insert into mail_suppressions (hash, reason, at)
        values ($1, $2, $3)
        on conflict (hash) do update
        set reason = excluded.reason, at = excluded.at";
    REASON = "
        select reason
        from mail_suppressions
        where hash = $1 and at > $2";
}

/// Sends nothing to an address for a while.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn suppress(
    conn: &mut Conn<'_>,
    hash: [u8; 32],
    reason: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = conn.query(SUPPRESS).bind(hash.to_vec()).bind(reason.to_owned()).bind(at.0);
    query.execute().await?;
    Ok(())
}

/// Why nothing is sent to an address, if it refused mail since an instant.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn suppressed(
    conn: &mut Conn<'_>,
    hash: [u8; 32],
    since: Timestamp,
) -> Result<Option<String>, StoreError> {
    let query = conn.query(REASON).bind(hash.to_vec()).bind(since.0);
    Ok(query.optional::<(String,)>().await?.map(|(reason,)| reason))
}
