//! What sign-ins brought, sealed, while traces are switched on (G30).

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{ConnectionId, SignInId};
use crate::domain::time::Timestamp;

sql! {
    INSERT = "
        insert into sign_in_traces (organization_id, sign_in_id, sealed, expires_at)
        values ($1, $2, $3, $4)";
    SINCE = "
        select count(*)
        from sign_in_traces
        where organization_id = $1 and expires_at > $2";
    BY_SIGN_IN = "
        select t.sealed
        from sign_in_traces t
        join sign_ins s on s.id = t.sign_in_id
        where t.organization_id = $1 and t.sign_in_id = $2 and s.connection_id = $3
            and t.expires_at > $4";
}

/// Keeps what a sign-in brought until its end.
///
/// # Errors
/// [`StoreError::Reference`] when the entry of the journal is gone.
pub async fn insert(
    scope: &mut Scope<'_>,
    sign_in: SignInId,
    sealed: Vec<u8>,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    scope.query(INSERT).bind(sign_in.0).bind(sealed).bind(expires_at.0).execute().await?;
    Ok(())
}

/// How many traces of the organization end after an instant.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count_ending_after(
    scope: &mut Scope<'_>,
    after: Timestamp,
) -> Result<i64, StoreError> {
    Ok(scope.query(SINCE).bind(after.0).one::<(i64,)>().await?.0)
}

/// What a sign-in of a connection brought, sealed, while it is kept.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_sign_in(
    scope: &mut Scope<'_>,
    (connection, sign_in): (ConnectionId, SignInId),
    now: Timestamp,
) -> Result<Option<Vec<u8>>, StoreError> {
    let query = scope.query(BY_SIGN_IN).bind(sign_in.0).bind(connection.0).bind(now.0);
    Ok(query.optional::<(Vec<u8>,)>().await?.map(|(sealed,)| sealed))
}
