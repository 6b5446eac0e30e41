//! What has run out: bounded deletions of rows that nobody will ask for again.
//!
//! Each statement takes at most the given number of rows, so that no round holds locks for long;
//! the caller comes again while rows are found.

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use crate::domain::exchange;
use crate::domain::time::Timestamp;

/// Takes the oldest rows of a table, by one of its instants.
macro_rules! older {
    ($table:literal, $key:literal, $at:literal) => {
        concat!(
            "
        delete from ",
            $table,
            "
        where (",
            $key,
            ") in (
            select ",
            $key,
            "
            from ",
            $table,
            "
            where ",
            $at,
            " < $1
            order by ",
            $at,
            "
            limit $2 + 0)"
        )
    };
}

sql! {
    LOGINS = older!("logins", "id", "expires_at");
    SAML_REPLAYS = older!("saml_replays", "connection_id, kind, id_hash", "expires_at");
    SAML_RESULTS = older!("saml_results", "id", "expires_at");
    SESSIONS = older!("sessions", "id", "expires_at");
    CLIENT_TOKENS = older!("client_tokens", "id", "expires_at");
    REMOVALS = older!("removals", "directory_id, user_id", "at");
    IDEMPOTENCY_KEYS = older!("idempotency_keys", "caller, key", "created_at");
    PASSWORD_LINKS = older!("password_links", "id", "expires_at");
    PASSWORD_TRIES = older!("password_tries", "user_id, address", "window_at");
    SUPPRESSIONS = older!("mail_suppressions", "hash", "at");
    API_TOKENS = older!("api_tokens", "id", "revoked_at");
    DIRECTORY_TOKENS = older!("directory_tokens", "id", "revoked_at");
    DIRECTORY_CLIENTS = older!("directory_clients", "id", "revoked_at");
    INVITES = "
        delete from invites
        where id in (
            select id
            from invites
            where state <> 'pending' and updated_at < $1
            order by updated_at
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
    EXCHANGES = older!("exchanges", "directory_id, number", "at");
    EXCHANGE_COUNTS = older!("exchange_counts", "directory_id, slot", "slot");
    TOLERANCE_COUNTS = older!("tolerance_counts", "directory_id, tolerance, day", "day");
    LOGOUT_TOKENS = older!("logout_tokens", "connection_id, hash", "expires_at");
    TRACES = older!("sign_in_traces", "sign_in_id", "expires_at");
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
    /// Links to a password whose end has passed.
    PasswordLinks,
    /// Where somebody tried a password before the instant.
    PasswordTries,
    /// Addresses that were not to be written to since before the instant.
    Suppressions,
    /// Invites that were over before the instant.
    Invites,
    /// Tokens of people and organizations that were revoked before the instant.
    ApiTokens,
    /// Tokens of directories that were revoked before the instant.
    DirectoryTokens,
    /// OAuth clients of directories that were revoked before the instant.
    DirectoryClients,
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
        RunOut::PasswordLinks => PASSWORD_LINKS,
        RunOut::PasswordTries => PASSWORD_TRIES,
        RunOut::Suppressions => SUPPRESSIONS,
        RunOut::Invites => INVITES,
        RunOut::ApiTokens => API_TOKENS,
        RunOut::DirectoryTokens => DIRECTORY_TOKENS,
        RunOut::DirectoryClients => DIRECTORY_CLIENTS,
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
