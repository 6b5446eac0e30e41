//! What is kept of invites, passwords and mail for a while, and then goes: bounded deletions.

use super::db::Conn;
use super::error::StoreError;
use crate::domain::time::Timestamp;

sql! {
    PASSWORD_LINKS = "
        delete from password_links
        where id in (
            select id
            from password_links
            where expires_at < $1
            order by expires_at
            limit $2 + 0)";
    PASSWORD_TRIES = "
        delete from password_tries
        where (user_id, address) in (
            select user_id, address
            from password_tries
            where window_at < $1
            order by window_at
            limit $2 + 0)";
    SUPPRESSIONS = "
        delete from mail_suppressions
        where hash in (
            select hash
            from mail_suppressions
            where at < $1
            order by at
            limit $2 + 0)";
    INVITES = "
        delete from invites
        where id in (
            select id
            from invites
            where state <> 'pending' and updated_at < $1
            order by updated_at
            limit $2 + 0)";
}

/// What goes after a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worn {
    /// Links to a password that have run out.
    PasswordLinks,
    /// Where somebody last tried a password long ago.
    PasswordTries,
    /// Addresses that may be written to again.
    Suppressions,
    /// Invites that are over.
    Invites,
}

/// Takes at most `limit` rows from before an instant; answers how many.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn sweep(
    conn: &mut Conn<'_>,
    what: Worn,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StoreError> {
    let sql = match what {
        Worn::PasswordLinks => PASSWORD_LINKS,
        Worn::PasswordTries => PASSWORD_TRIES,
        Worn::Suppressions => SUPPRESSIONS,
        Worn::Invites => INVITES,
    };
    conn.query(sql).bind(before.0).bind(limit).execute().await
}
