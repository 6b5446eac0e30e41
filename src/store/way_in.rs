//! How a user comes in: her login type, and the invite that she has not accepted yet.
//!
//! These facts stand on her row, so that her status is computed without another look.

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::UserId;
use crate::domain::platform::LoginType;
use crate::domain::time::Timestamp;

sql! {
    SET_LOGIN_TYPE = "
        update users
        set login_type = $3
        where organization_id = $1 and id = $2";
    SET_INVITE = "
        update users
        set invite_ends_at = $3
        where organization_id = $1 and id = $2";
    SET_BREAK_GLASS = "
        update users
        set break_glass = true, login_type = 'password'
        where organization_id = $1 and id = $2";
    /// She has accepted her invite: the bit of those who are awaited goes.
    WELCOME = "
        update users
        set suspended_by = suspended_by - (suspended_by & 8), invite_ends_at = null,
            login_type = coalesce($3, login_type), updated_at = $4, version = version + 1
        where organization_id = $1 and id = $2";
    PROVE_OWN = "
        update users
        set email_proved = email_key
        where organization_id = $1 and id = $2";
}

/// Binds a user to one way of signing in, or opens both.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_login_type(
    scope: &mut Scope<'_>,
    user: UserId,
    login_type: Option<LoginType>,
) -> Result<(), StoreError> {
    let query = scope.query(SET_LOGIN_TYPE).bind(user.0);
    query.bind(login_type.map(LoginType::key)).execute().await?;
    Ok(())
}

/// Notes when the invite that a user has not accepted ends; `None` when there is none.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_invite(
    scope: &mut Scope<'_>,
    user: UserId,
    end: Option<Timestamp>,
) -> Result<(), StoreError> {
    scope.query(SET_INVITE).bind(user.0).bind(end.map(|end| end.0)).execute().await?;
    Ok(())
}

/// Makes a user one who opens the house when nothing else does.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_break_glass(scope: &mut Scope<'_>, user: UserId) -> Result<(), StoreError> {
    scope.query(SET_BREAK_GLASS).bind(user.0).execute().await?;
    Ok(())
}

/// A user has accepted her invite: she is awaited no longer, and bound to a way of signing in where
/// one is named.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn welcome(
    scope: &mut Scope<'_>,
    user: UserId,
    login_type: Option<LoginType>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = scope.query(WELCOME).bind(user.0).bind(login_type.map(LoginType::key));
    query.bind(at.0).execute().await?;
    Ok(())
}

/// Notes that a user has shown her e-mail to be hers.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn prove_own(scope: &mut Scope<'_>, user: UserId) -> Result<(), StoreError> {
    scope.query(PROVE_OWN).bind(user.0).execute().await?;
    Ok(())
}
