//! Logout tokens that counted, by their hashes: each counts once (R14, OA9).

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::ConnectionId;
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

sql! {
    INSERT = "
        insert into logout_tokens (organization_id, connection_id, hash, expires_at)
        values ($1, $2, $3, $4)
        on conflict do nothing";
}

/// Uses a token up until it could not be sent again; answers whether nobody had used it before.
///
/// # Errors
/// [`StoreError::Reference`] when the connection is gone.
pub async fn consume(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    id: SecretHash,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let query = scope.query(INSERT).bind(connection.0).bind(id.0.to_vec()).bind(until.0);
    Ok(query.execute().await? == 1)
}
