//! Sub-users: who is whose.

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::UserId;

sql! {
    SET_PARENT = "
        update users
        set parent_id = $3
        where organization_id = $1 and id = $2";
    PARENT = "
        select parent_id
        from users
        where organization_id = $1 and id = $2";
    OF_PARENT = "
        select id
        from users
        where organization_id = $1 and parent_id = $2
        order by id
        limit $3 + 0";
}

/// Makes a user, who is new, the sub-user of another.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_parent(
    scope: &mut Scope<'_>,
    user: UserId,
    parent: UserId,
) -> Result<(), StoreError> {
    scope.query(SET_PARENT).bind(user.0).bind(parent.0).execute().await?;
    Ok(())
}

/// Whose sub-user somebody is.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn parent(scope: &mut Scope<'_>, user: UserId) -> Result<Option<UserId>, StoreError> {
    let row = scope.query(PARENT).bind(user.0).optional::<(Option<Uuid>,)>().await?;
    Ok(row.and_then(|(parent,)| parent).map(UserId))
}

/// The sub-users of a user, at most `limit`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_parent(
    scope: &mut Scope<'_>,
    parent: UserId,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let rows = scope.query(OF_PARENT).bind(parent.0).bind(limit).all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}
