//! Users who share a login or an e-mail with somebody in another place of their organization.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::duplicate::{Duplicate, Named, NotAdopted};
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::time::Timestamp;

/// Stands for the organization itself where places are compared: no directory has this id.
const LOCAL: Uuid = Uuid::nil();

sql! {
    /// Users elsewhere than in `$5` whose login or e-mail is one of two keys. Whose access is only
    /// held back from ending is nobody to be met.
    MEETING = "
        select u.id, u.directory_id, u.user_name_key, u.email_key, u.email_proved
        from users u
        where u.organization_id = $1 and (u.user_name_key in ($2, $3) or u.email_key in ($2, $3))
            and coalesce(u.directory_id, $4) <> $5 and not u.leaving
        order by u.created_at, u.id
        limit $6 + 0";
    PROVE = "
        update users
        set email_proved = $3
        where organization_id = $1 and id = $2 and email_key = $3
            and (email_proved is null or email_proved <> $3)";
    ADOPT = "
        update users
        set directory_id = $3
        where organization_id = $1 and id = $2 and directory_id is null and not leaving";
    INSERT = "
        insert into duplicates (organization_id, id, user_id, other_id, login, email, refused, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict do nothing";
    /// Those who still share something and are still in two places.
    PAGE = "
        select d.id, d.user_id, d.other_id, d.login, d.email, d.refused, d.at,
            u.user_name, u.directory_id, o.user_name as other_name, o.directory_id as other_place
        from duplicates d
        join users u on u.id = d.user_id
        join users o on o.id = d.other_id
        where d.organization_id = $1 and (d.at, d.id) > ($2, $3)
            and coalesce(u.directory_id, $4) <> coalesce(o.directory_id, $4)
            and (u.user_name_key = o.user_name_key or u.user_name_key = o.email_key
                or u.email_key = o.user_name_key or u.email_key = o.email_key)
        order by d.at, d.id
        limit $5 + 0";
}

/// A user whom another one meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Her id.
    pub id: UserId,
    /// Her directory; `None`: the organization itself.
    pub directory: Option<DirectoryId>,
    /// Her login, folded.
    pub user_name_key: String,
    /// Her e-mail, folded.
    pub email_key: Option<String>,
    /// The address that she showed to be hers, folded.
    pub email_proved: Option<String>,
}

/// Users elsewhere than in `place` whose login or e-mail is one of these keys, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn meeting(
    scope: &mut Scope<'_>,
    (login, email): (&str, Option<&str>),
    place: Option<DirectoryId>,
    limit: i64,
) -> Result<Vec<Meeting>, StoreError> {
    type Found = (Uuid, Option<Uuid>, String, Option<String>, Option<String>);
    let rows = scope
        .query(MEETING)
        .bind(login.to_owned())
        .bind(email.unwrap_or(login).to_owned())
        .bind(LOCAL)
        .bind(place.map_or(LOCAL, |place| place.0))
        .bind(limit)
        .all::<Found>()
        .await?;
    let read = |(id, directory, user_name_key, email_key, email_proved): Found| Meeting {
        id: UserId(id),
        directory: directory.map(DirectoryId),
        user_name_key,
        email_key,
        email_proved,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Notes that a user has shown an address to be hers, if it is her e-mail.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn prove(
    scope: &mut Scope<'_>,
    user: UserId,
    address_key: &str,
) -> Result<(), StoreError> {
    scope.query(PROVE).bind(user.0).bind(address_key.to_owned()).execute().await?;
    Ok(())
}

/// Makes a user of the organization itself one of a directory; answers whether she was one.
///
/// # Errors
/// [`StoreError::Unique`] (`users_user_name_key`) when her login is taken there.
pub async fn adopt(
    scope: &mut Scope<'_>,
    user: UserId,
    directory: DirectoryId,
) -> Result<bool, StoreError> {
    Ok(scope.query(ADOPT).bind(user.0).bind(directory.0).execute().await? == 1)
}

/// Adds two users who share something, unless they stand there already.
///
/// # Errors
/// [`StoreError::Reference`] when one of them is gone.
pub async fn insert(scope: &mut Scope<'_>, id: Uuid, new: &Duplicate) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(id)
        .bind(new.user.0)
        .bind(new.other.0)
        .bind(new.login)
        .bind(new.email)
        .bind(new.refused.map(NotAdopted::as_str))
        .bind(new.at.0)
        .execute()
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    other_id: Uuid,
    login: bool,
    email: bool,
    refused: Option<String>,
    at: i64,
    user_name: String,
    directory_id: Option<Uuid>,
    other_name: String,
    other_place: Option<Uuid>,
}

/// Two users who share something, as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The id of the entry.
    pub id: Uuid,
    /// What they share.
    pub duplicate: Duplicate,
    /// The newer one.
    pub user: Named,
    /// The other.
    pub other: Named,
}

impl From<Row> for Listed {
    fn from(row: Row) -> Self {
        let named = |id, user_name, directory: Option<Uuid>| Named {
            id: UserId(id),
            user_name,
            directory: directory.map(DirectoryId),
        };
        Self {
            id: row.id,
            duplicate: Duplicate {
                user: UserId(row.user_id),
                other: UserId(row.other_id),
                login: row.login,
                email: row.email,
                refused: row.refused.as_deref().and_then(NotAdopted::parse),
                at: Timestamp(row.at),
            },
            user: named(row.user_id, row.user_name, row.directory_id),
            other: named(row.other_id, row.other_name, row.other_place),
        }
    }
}

/// Users who share something and are in two places, oldest entries first, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    after: (Timestamp, Uuid),
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let query = scope.query(PAGE).bind(after.0.0).bind(after.1).bind(LOCAL).bind(limit);
    Ok(query.all::<Row>().await?.into_iter().map(Listed::from).collect())
}
