//! Access settings: the permissions that are denied to a user, one row each who has any.
//!
//! A decision reads them with the rest of her state; here they are read and written by themselves.

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

sql! {
    OF_USER = "
        select denied, version
        from access_settings
        where organization_id = $1 and user_id = $2";
    INSERT = "
        insert into access_settings (organization_id, user_id, denied, version, updated_at)
        values ($1, $2, $3, 1, $4)";
    UPDATE = "
        update access_settings
        set denied = $3, version = version + 1, updated_at = $4
        where organization_id = $1 and user_id = $2 and version = $5";
}

/// What is denied to a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessSettings {
    /// Keys of permissions.
    pub denied: Vec<String>,
    /// Counts changes; 0 before the first.
    pub version: i64,
}

/// Reads a kept list of keys.
pub(super) fn read(denied: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(denied).map_err(|_| StoreError::unreadable("access settings"))
}

/// What is denied to a user; nothing when nobody ever said so.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(scope: &mut Scope<'_>, user: UserId) -> Result<AccessSettings, StoreError> {
    let row = scope.query(OF_USER).bind(user.0).optional::<(String, i64)>().await?;
    row.map_or(Ok(AccessSettings::default()), |(denied, version)| {
        Ok(AccessSettings { denied: read(&denied)?, version })
    })
}

/// Keeps what is denied to a user in place of what `version` was; `false` when it changed
/// meanwhile. The caller holds her row.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn put(
    scope: &mut Scope<'_>,
    user: UserId,
    settings: &AccessSettings,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let denied = serde_json::to_string(&settings.denied)
        .map_err(|_| StoreError::unreadable("access settings"))?;
    if settings.version == 0 {
        scope.query(INSERT).bind(user.0).bind(denied).bind(at.0).execute().await?;
        return Ok(true);
    }
    let query = scope.query(UPDATE).bind(user.0).bind(denied).bind(at.0).bind(settings.version);
    Ok(query.execute().await? > 0)
}
