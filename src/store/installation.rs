//! The installation: one row that tells at start whether the secret key is the right one, and
//! whether the platform is the one of the last start.

use super::db::Conn;
use super::error::StoreError;
use crate::domain::time::Timestamp;

sql! {
    READ = "
        select key_check
        from installation
        where id = 1";
    INSERT = "
        insert into installation (id, key_check, created_at)
        values (1, $1, $2)
        on conflict do nothing";
    PLATFORM = "
        select platform
        from installation
        where id = 1";
    SET_PLATFORM = "
        update installation
        set platform = $1
        where id = 1";
    UPDATE = "
        update installation
        set key_check = $1
        where id = 1";
}

/// The check value; `None` before the first start.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn key_check(conn: &mut Conn<'_>) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(conn.query(READ).optional::<(Vec<u8>,)>().await?.map(|(check,)| check))
}

/// Keeps the check value of the first start; answers whether there was none before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    conn: &mut Conn<'_>,
    check: Vec<u8>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(conn.query(INSERT).bind(check).bind(at.0).execute().await? == 1)
}

/// Replaces the check value, once everything is sealed with the first key.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_key_check(conn: &mut Conn<'_>, check: Vec<u8>) -> Result<(), StoreError> {
    conn.query(UPDATE).bind(check).execute().await?;
    Ok(())
}

/// What the platform definition said of access at the last start; `None` before the first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn platform(conn: &mut Conn<'_>) -> Result<Option<String>, StoreError> {
    Ok(conn.query(PLATFORM).optional::<(Option<String>,)>().await?.and_then(|(platform,)| platform))
}

/// Keeps what the platform definition says of access.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_platform(conn: &mut Conn<'_>, platform: String) -> Result<(), StoreError> {
    conn.query(SET_PLATFORM).bind(platform).execute().await?;
    Ok(())
}
