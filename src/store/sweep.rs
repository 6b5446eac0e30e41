//! What has run out: bounded deletions of rows that nobody will ask for again.
//!
//! Each statement takes at most the given number of rows, so that no round holds locks for long;
//! the caller comes again while rows are found. An organization that was deleted goes table by
//! table, since one cascading deletion of a large one would outlast every timeout.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::exchange;
use crate::domain::id::OrganizationId;
use crate::domain::time::Timestamp;

sql! {
    LOGINS = "
        delete from logins
        where id in (
            select id
            from logins
            where expires_at < $1
            order by expires_at
            limit $2 + 0)";
    SAML_REPLAYS = "
        delete from saml_replays
        where (connection_id, kind, id_hash) in (
            select connection_id, kind, id_hash
            from saml_replays
            where expires_at < $1
            order by expires_at
            limit $2 + 0)";
    SAML_RESULTS = "
        delete from saml_results
        where id in (
            select id
            from saml_results
            where expires_at < $1
            order by expires_at
            limit $2 + 0)";
    SESSIONS = "
        delete from sessions
        where id in (
            select id
            from sessions
            where expires_at < $1
            order by expires_at
            limit $2 + 0)";
    CLIENT_TOKENS = "
        delete from client_tokens
        where id in (
            select id
            from client_tokens
            where expires_at < $1
            order by expires_at
            limit $2 + 0)";
    REMOVALS = "
        delete from removals
        where (directory_id, user_id) in (
            select directory_id, user_id
            from removals
            where at < $1
            order by at
            limit $2 + 0)";
    IDEMPOTENCY_KEYS = "
        delete from idempotency_keys
        where (caller, key) in (
            select caller, key
            from idempotency_keys
            where created_at < $1
            order by created_at
            limit $2 + 0)";
    /// Changes that name no user.
    CHANGES = "
        delete from access_changes
        where id in (
            select id
            from access_changes
            where at < $1 and user_id is null
            order by at
            limit $2 + 0)";
    /// Changes of users that a newer one of the same user follows: the newest is the version of
    /// her access and stays. Only those that a change since `$2` follows are looked at.
    CHANGES_FOLLOWED = "
        delete from access_changes
        where id in (
            select older.id
            from access_changes newer
            join access_changes older on older.user_id = newer.user_id and older.id < newer.id
            where newer.at < $1 and newer.at >= $2
            limit $3 + 0)";
    SIGN_INS = "
        delete from sign_ins
        where id in (
            select id
            from sign_ins
            where id < $1
            order by id
            limit $2 + 0)";
    /// The newest event of each feed stays, so that positions are never given twice.
    EVENTS = "
        delete from events
        where id in (
            select e.id
            from events e
            where e.id < $1 and e.position < (
                select max(newest.position)
                from events newest
                where newest.organization_id = e.organization_id)
            order by e.id
            limit $2 + 0)";
    EXCHANGES = "
        delete from exchanges
        where (directory_id, number) in (
            select directory_id, number
            from exchanges
            where at < $1
            order by at
            limit $2 + 0)";
    EXCHANGE_COUNTS = "
        delete from exchange_counts
        where (directory_id, slot) in (
            select directory_id, slot
            from exchange_counts
            where slot < $1
            order by slot
            limit $2 + 0)";
    TOLERANCE_COUNTS = "
        delete from tolerance_counts
        where (directory_id, tolerance, day) in (
            select directory_id, tolerance, day
            from tolerance_counts
            where day < $1
            order by day
            limit $2 + 0)";
    LOGOUT_TOKENS = "
        delete from logout_tokens
        where (connection_id, hash) in (
            select connection_id, hash
            from logout_tokens
            where expires_at < $1
            order by expires_at
            limit $2 + 0)";
    TRACES = "
        delete from sign_in_traces
        where sign_in_id in (
            select sign_in_id
            from sign_in_traces
            where expires_at < $1
            order by expires_at
            limit $2 + 0)";
    DELETED = "
        select id
        from organizations
        where deleted_at < $1
        order by deleted_at
        limit 1";
    PURGE_EVENTS = "
        delete from events
        where id in (select id from events where organization_id = $1 limit $2 + 0)";
    PURGE_SIGN_INS = "
        delete from sign_ins
        where id in (select id from sign_ins where organization_id = $1 limit $2 + 0)";
    PURGE_EXCHANGES = "
        delete from exchanges
        where (directory_id, number) in (
            select e.directory_id, e.number
            from directories d
            join exchanges e on e.directory_id = d.id
            where d.organization_id = $1
            limit $2 + 0)";
    PURGE_USERS = "
        delete from users
        where id in (select id from users where organization_id = $1 limit $2 + 0)";
    PURGE_GROUPS = "
        delete from groups
        where id in (select id from groups where organization_id = $1 limit $2 + 0)";
    PURGE_RESOURCES = "
        delete from resources
        where id in (select id from resources where organization_id = $1 limit $2 + 0)";
    PURGE_ORGANIZATION = "
        delete from organizations
        where id = $1";
}

/// What can run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOut {
    /// Sign-ins in progress whose end has passed.
    Logins,
    /// Ids of SAML messages that nothing accepts any more by their times.
    SamlReplays,
    /// SAML sign-ins whose browser did not come.
    SamlResults,
    /// Browser sessions whose end has passed.
    Sessions,
    /// Access tokens of OAuth clients whose end has passed.
    ClientTokens,
    /// Logout tokens that could not be sent again.
    LogoutTokens,
    /// Traces of sign-ins whose end has passed.
    Traces,
    /// Removals made before the instant.
    Removals,
    /// Keys of repeated requests made before the instant.
    IdempotencyKeys,
    /// Changes that every node has read, but those that name users.
    Changes,
    /// Entries of the journals of exchanges.
    Exchanges,
    /// Slots of counters of exchanges.
    ExchangeCounts,
    /// Days of counters of tolerances.
    ToleranceCounts,
}

/// Deletes what ran out before an instant; answers how many rows went.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn run_out(
    conn: &mut Conn<'_>,
    what: RunOut,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StoreError> {
    let sql = match what {
        RunOut::Logins => LOGINS,
        RunOut::SamlReplays => SAML_REPLAYS,
        RunOut::SamlResults => SAML_RESULTS,
        RunOut::Sessions => SESSIONS,
        RunOut::ClientTokens => CLIENT_TOKENS,
        RunOut::LogoutTokens => LOGOUT_TOKENS,
        RunOut::Traces => TRACES,
        RunOut::Removals => REMOVALS,
        RunOut::IdempotencyKeys => IDEMPOTENCY_KEYS,
        RunOut::Changes => CHANGES,
        RunOut::Exchanges => EXCHANGES,
        RunOut::ExchangeCounts => EXCHANGE_COUNTS,
        RunOut::ToleranceCounts => TOLERANCE_COUNTS,
    };
    let before = match what {
        RunOut::ExchangeCounts => exchange::slot(before),
        RunOut::ToleranceCounts => exchange::day(before),
        _ => before.0,
    };
    conn.query(sql).bind(before).bind(limit).execute().await
}

/// Deletes changes of users which a newer one, made within the window, follows.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn changes_followed(
    conn: &mut Conn<'_>,
    before: Timestamp,
    since: Timestamp,
    limit: i64,
) -> Result<u64, StoreError> {
    conn.query(CHANGES_FOLLOWED).bind(before.0).bind(since.0).bind(limit).execute().await
}

/// Journals with an end; their ids begin with the instant of their making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journal {
    /// Sign-ins, good and bad.
    SignIns,
    /// Events that have a place in the feed, but the newest of each feed.
    Events,
}

/// Deletes entries whose ids lie before `first_kept`; answers how many went.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn journal(
    conn: &mut Conn<'_>,
    journal: Journal,
    first_kept: Uuid,
    limit: i64,
) -> Result<u64, StoreError> {
    let sql = match journal {
        Journal::SignIns => SIGN_INS,
        Journal::Events => EVENTS,
    };
    conn.query(sql).bind(first_kept).bind(limit).execute().await
}

/// An organization that was deleted before an instant.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn deleted(
    conn: &mut Conn<'_>,
    before: Timestamp,
) -> Result<Option<OrganizationId>, StoreError> {
    let row = conn.query(DELETED).bind(before.0).optional::<(Uuid,)>().await?;
    Ok(row.map(|(id,)| OrganizationId(id)))
}

/// Deletes a part of what an organization owns, at last the organization; answers whether it is
/// gone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn purge(scope: &mut Scope<'_>, limit: i64) -> Result<bool, StoreError> {
    let parts =
        [PURGE_EVENTS, PURGE_SIGN_INS, PURGE_EXCHANGES, PURGE_USERS, PURGE_GROUPS, PURGE_RESOURCES];
    for part in parts {
        if scope.query(part).bind(limit).execute().await? > 0 {
            return Ok(false);
        }
    }
    scope.query(PURGE_ORGANIZATION).execute().await?;
    Ok(true)
}
