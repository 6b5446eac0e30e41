//! Users of a directory that is being removed: found in batches, and made the organization's own.

use super::error::StoreError;
use super::scope::Scope;
use super::user::{Row, user_columns};
use crate::domain::id::DirectoryId;
use crate::domain::time::Timestamp;
use crate::domain::user::User;

sql! {
    OF_DIRECTORY = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id = $1 and u.directory_id = $2
        order by u.id
        limit $3 + 0");
    DETACH = "
        update users
        set directory_id = null, suspended_by = $3, version = version + 1, updated_at = $4
        where organization_id = $1 and id = $2";
    DROP_VALUES = "
        delete from user_values
        where organization_id = $1 and user_id = $2";
}

/// The first users of a directory by id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_directory(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let query = scope.query(OF_DIRECTORY).bind(directory.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(User::try_from).collect()
}

/// Makes a user of a directory one of the organization itself, with who suspends her from now on.
/// Her memberships must be gone before.
///
/// # Errors
/// [`StoreError::Unique`] (`users_local_user_name_key`) when a user of the organization has her
/// login.
pub async fn detach(scope: &mut Scope<'_>, user: &User, at: Timestamp) -> Result<(), StoreError> {
    scope.query(DROP_VALUES).bind(user.id.0).execute().await?;
    scope.query(DETACH).bind(user.id.0).bind(user.suspended_by.0).bind(at.0).execute().await?;
    Ok(())
}
