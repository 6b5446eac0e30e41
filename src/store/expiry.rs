//! Ends of secrets that come near, and which notices of them were told.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::OrganizationId;
use crate::domain::time::Timestamp;

sql! {
    TOKENS_ENDING = "
        select organization_id, directory_id, id, expires_at, noticed_days
        from directory_tokens
        where revoked_at is null and expires_at > $1 and expires_at <= $2
            and (expires_at, id) > ($3, $4)
        order by expires_at, id
        limit $5 + 0";
    CLIENTS_ENDING = "
        select organization_id, directory_id, id, expires_at, noticed_days
        from directory_clients
        where revoked_at is null and expires_at > $1 and expires_at <= $2
            and (expires_at, id) > ($3, $4)
        order by expires_at, id
        limit $5 + 0";
    API_TOKENS_ENDING = "
        select organization_id, id as opens, id, expires_at, noticed_days
        from api_tokens
        where revoked_at is null and expires_at > $1 and expires_at <= $2
            and (expires_at, id) > ($3, $4)
        order by expires_at, id
        limit $5 + 0";
    NOTE_API_TOKEN = "
        update api_tokens
        set noticed_days = $3
        where organization_id = $1 and id = $2 and revoked_at is null and expires_at = $4
            and (noticed_days is null or noticed_days > $3)";
    NOTE_TOKEN = "
        update directory_tokens
        set noticed_days = $3
        where organization_id = $1 and id = $2 and revoked_at is null and expires_at = $4
            and (noticed_days is null or noticed_days > $3)";
    NOTE_CLIENT = "
        update directory_clients
        set noticed_days = $3
        where organization_id = $1 and id = $2 and revoked_at is null and expires_at = $4
            and (noticed_days is null or noticed_days > $3)";
}

/// What can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A token of a directory.
    Token,
    /// The secret of an OAuth client.
    Client,
    /// A token of a person or an organization.
    ApiToken,
}

/// A secret whose end comes near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What it is.
    pub secret: Secret,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which directory it opens; the token itself where it opens none.
    pub opens: Uuid,
    /// The id of the token or client.
    pub id: Uuid,
    /// When it ends.
    pub end: Timestamp,
    /// The nearest notice that was told, in days before the end.
    pub told: Option<i64>,
}

/// Secrets that end after `span.0` and until `span.1`, by their ends, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn ending(
    conn: &mut Conn<'_>,
    secret: Secret,
    span: (Timestamp, Timestamp),
    after: (Timestamp, Uuid),
    limit: i64,
) -> Result<Vec<Ending>, StoreError> {
    let sql = match secret {
        Secret::Token => TOKENS_ENDING,
        Secret::Client => CLIENTS_ENDING,
        Secret::ApiToken => API_TOKENS_ENDING,
    };
    let query = conn.query(sql).bind(span.0.0).bind(span.1.0).bind(after.0.0).bind(after.1);
    let rows = query.bind(limit).all::<(Uuid, Uuid, Uuid, i64, Option<i64>)>().await?;
    let read = |(organization, opens, id, end, told)| Ending {
        secret,
        organization: OrganizationId(organization),
        opens,
        id,
        end: Timestamp(end),
        told,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Notes that a notice is told; false when it, or a nearer one, was told already, or the end is
/// another one by now.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn note(scope: &mut Scope<'_>, ending: &Ending, days: i64) -> Result<bool, StoreError> {
    let sql = match ending.secret {
        Secret::Token => NOTE_TOKEN,
        Secret::Client => NOTE_CLIENT,
        Secret::ApiToken => NOTE_API_TOKEN,
    };
    let query = scope.query(sql).bind(ending.id).bind(days).bind(ending.end.0);
    Ok(query.execute().await? == 1)
}
