//! Users: one row each, and the values of her document that clients match on.
//!
//! Every write goes through [`insert`], [`update`] and [`delete`], which keep the row and the
//! indexed values together. Lists over SCIM are in [`filter`](super::filter).

use std::collections::BTreeSet;

use uuid::Uuid;

use super::error::StoreError;
use super::nesting;
use super::scope::Scope;
pub use super::user_row::Grouped;
pub(super) use super::user_row::{GroupedRow, Row, user_columns};
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::user::{User, index_values};
use crate::scim::fold;

sql! {
    BY_ID = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id = $1 and u.id = $2");
    BY_USER_NAME = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id = $1 and u.directory_id = $2 and u.user_name_key = $3");
    LOCAL_BY_USER_NAME = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id = $1 and u.directory_id is null and not u.leaving
            and u.user_name_key = $2");
    BY_EXTERNAL_ID = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id = $1 and u.directory_id = $2 and u.external_id = $3");
    BY_EMAIL = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id = $1 and u.email_key = $2
        order by u.created_at, u.id
        limit $3 + 0");
    PAGE = concat!("
        select ", user_columns!(), "
        from users u
        where u.organization_id = $1 and (u.created_at, u.id) > ($2, $3)
        order by u.created_at, u.id
        limit $4 + 0");
    UPDATE = "
        update users
        set user_name = $3, user_name_key = $4, external_id = $5, email = $6, email_key = $7,
            display_name = $8, display_name_key = $9, first_name = $10, last_name = $11,
            description = $12, external_ref = $13, suspended_by = $14, document = $15,
            updated_at = $16, version = version + 1
        where organization_id = $1 and id = $2 and version = $17";
    DELETE = "
        delete from users
        where organization_id = $1 and id = $2";
    SIGNED_IN = "
        update users
        set last_sign_in_at = $3
        where organization_id = $1 and id = $2";
    DROP_VALUES = "
        delete from user_values
        where organization_id = $1 and user_id = $2";
    END_SESSIONS = "
        delete from sessions
        where organization_id = $1 and user_id = $2";
    IDENTITIES = "
        select connection_id, subject
        from identities
        where organization_id = $1 and user_id = $2
        order by connection_id, subject
        limit $3 + 0";
}

sql_by_engine! {
    /// The row and its indexed values go together.
    INSERT = [
        { "with made as (", "" },
        "insert into users (organization_id, id, directory_id, source, user_name, user_name_key,
             external_id, email, email_key, display_name, display_name_key, first_name, last_name,
             description, external_ref, suspended_by, document, version, created_at, updated_at,
             last_sign_in_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21)",
        { "), valued as (", "; " },
        "insert into user_values (organization_id, directory_id, user_id, path, value_key) ",
        {
            "select $1::uuid, $3::uuid, $2::uuid, value->>0, value->>1
             from jsonb_array_elements($22::jsonb)",
            "select $1, $3, $2, value->>0, value->>1
             from json_each($22)
             where true",
        },
        " on conflict do nothing",
        { ") ", "; " },
        "select exists (
             select 1
             from pending_members p
             where p.directory_id = $3 and p.value = $7)",
    ];
    LOCKED = [
        "select ",
        (super::user::user_columns!()),
        ", ",
        groups,
        " as groups
         from users u
         where u.organization_id = $1 and u.directory_id = $2 and u.id = $3",
        locked,
    ];
    /// Waits for those who just made her a member of a group.
    LEAVING = [
        "select ",
        (super::user::user_columns!()),
        " from users u
         where u.organization_id = $1 and u.directory_id = $2 and u.id = $3",
        leaving,
    ];
    ADD_VALUES = [
        "insert into user_values (organization_id, directory_id, user_id, path, value_key) ",
        pairs,
        " on conflict do nothing",
    ];
}

/// Most identities of one user whose subjects are remembered when she is removed.
const IDENTITIES_MAX: i64 = 100;

/// The user with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    one(scope.query(BY_ID).bind(id.0).optional().await?)
}

/// The user of a directory, or of the organization itself, with this login in any letter case.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_user_name(
    scope: &mut Scope<'_>,
    directory: Option<DirectoryId>,
    user_name: &str,
) -> Result<Option<User>, StoreError> {
    let key = fold(user_name);
    one(match directory {
        Some(id) => scope.query(BY_USER_NAME).bind(id.0).bind(key).optional().await?,
        None => scope.query(LOCAL_BY_USER_NAME).bind(key).optional().await?,
    })
}

/// The user of a directory to whom the client gave this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_external_id(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    external_id: &str,
) -> Result<Option<User>, StoreError> {
    let query = scope.query(BY_EXTERNAL_ID).bind(directory.0).bind(external_id.to_owned());
    one(query.optional().await?)
}

/// The users of the organization with this e-mail in any letter case, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_email(
    scope: &mut Scope<'_>,
    email: &str,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let rows = scope.query(BY_EMAIL).bind(fold(email)).bind(limit).all::<Row>().await?;
    rows.into_iter().map(User::try_from).collect()
}

/// Users of the organization in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    after: (Timestamp, UserId),
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let query = scope.query(PAGE).bind(after.0.0).bind(after.1.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(User::try_from).collect()
}

/// The user of a directory with this id and her groups; her row is locked for a change.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn locked(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    id: UserId,
) -> Result<Option<Grouped>, StoreError> {
    let query = scope.query_on(LOCKED).bind(directory.0).bind(id.0);
    let row = query.optional::<GroupedRow>().await?;
    Ok(nesting::complete(scope, row.into_iter().collect()).await?.pop())
}

/// The user of a directory with this id, locked to be removed: nobody can refer to her any more.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn leaving(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    one(scope.query_on(LEAVING).bind(directory.0).bind(id.0).optional().await?)
}

fn one(row: Option<Row>) -> Result<Option<User>, StoreError> {
    row.map(User::try_from).transpose()
}

/// Adds a user with her indexed values; answers whether a group named her as a member before she
/// came, by her external id.
///
/// # Errors
/// [`StoreError::Unique`]: `users_user_name_key`, `users_local_user_name_key` or
/// `users_external_id_key`.
pub async fn insert(scope: &mut Scope<'_>, new: &User) -> Result<bool, StoreError> {
    let values = match new.directory {
        Some(_) => index_values(&new.resource()),
        None => BTreeSet::new(),
    };
    let values = serde_json::to_string(&values).map_err(|_| StoreError::unreadable("values"))?;
    let awaited = scope
        .query_on(INSERT)
        .bind(new.id.0)
        .bind(new.directory.map(|id| id.0))
        .bind(new.source.as_str())
        .bind(new.user_name.clone())
        .bind(fold(&new.user_name))
        .bind(new.external_id.clone())
        .bind(new.email.clone())
        .bind(new.email.as_deref().map(fold))
        .bind(new.display_name.clone())
        .bind(new.display_name.as_deref().map(fold))
        .bind(new.first_name.clone())
        .bind(new.last_name.clone())
        .bind(new.description.clone())
        .bind(new.external_ref.clone())
        .bind(new.suspended_by.0)
        .bind(new.document.clone())
        .bind(new.version)
        .bind(new.created_at.0)
        .bind(new.updated_at.0)
        .bind(new.last_sign_in_at.map(|at| at.0))
        .bind(values)
        .one::<(bool,)>()
        .await?;
    Ok(awaited.0)
}

/// Writes a changed user if her version still stands, and the indexed values that differ; answers
/// whether it did.
///
/// # Errors
/// [`StoreError::Unique`], as for [`insert`].
pub async fn update(
    scope: &mut Scope<'_>,
    before: &User,
    changed: &User,
) -> Result<bool, StoreError> {
    let rows = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.user_name.clone())
        .bind(fold(&changed.user_name))
        .bind(changed.external_id.clone())
        .bind(changed.email.clone())
        .bind(changed.email.as_deref().map(fold))
        .bind(changed.display_name.clone())
        .bind(changed.display_name.as_deref().map(fold))
        .bind(changed.first_name.clone())
        .bind(changed.last_name.clone())
        .bind(changed.description.clone())
        .bind(changed.external_ref.clone())
        .bind(changed.suspended_by.0)
        .bind(changed.document.clone())
        .bind(changed.updated_at.0)
        .bind(before.version)
        .execute()
        .await?;
    if rows == 0 {
        return Ok(false);
    }
    let (old, new) = (index_values(&before.resource()), index_values(&changed.resource()));
    if old != new {
        scope.query(DROP_VALUES).bind(changed.id.0).execute().await?;
        add_values(scope, changed, &new).await?;
    }
    Ok(true)
}

async fn add_values(
    scope: &mut Scope<'_>,
    user: &User,
    values: &BTreeSet<(&'static str, String)>,
) -> Result<(), StoreError> {
    let (Some(directory), false) = (user.directory, values.is_empty()) else { return Ok(()) };
    let pairs = serde_json::to_string(values).map_err(|_| StoreError::unreadable("values"))?;
    scope.query_on(ADD_VALUES).bind(directory.0).bind(user.id.0).bind(pairs).execute().await?;
    Ok(())
}

/// Removes a user with all that hangs on her: values, sessions, identities, grants. Her
/// memberships must be gone before, since groups count them.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: UserId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}

/// Remembers a sign-in; it is no change of the user.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_last_sign_in(
    scope: &mut Scope<'_>,
    id: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    scope.query(SIGNED_IN).bind(id.0).bind(at.0).execute().await?;
    Ok(())
}

/// Ends every session of a user; answers how many there were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn end_sessions(scope: &mut Scope<'_>, id: UserId) -> Result<u64, StoreError> {
    scope.query(END_SESSIONS).bind(id.0).execute().await
}

/// The connections and subjects by which a user signs in.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn identities(
    scope: &mut Scope<'_>,
    id: UserId,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    scope.query(IDENTITIES).bind(id.0).bind(IDENTITIES_MAX).all::<(Uuid, String)>().await
}
