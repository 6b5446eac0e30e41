//! Losses of access that the brake holds: at most one a person.

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::list::{LIST_MAX, places};
use super::scope::Scope;
use crate::domain::brake::Loss;
use crate::domain::id::{DirectoryId, OrganizationId, UserId};
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "h.directory_id, h.user_id, h.loss, h.rejected, h.held_at, h.due_at"
    };
}

sql! {
    OF_USER = concat!("
        select ", columns!(), "
        from held_losses h
        where h.organization_id = $1 and h.user_id = $2");
    OF_USERS = concat!("
        select ", columns!(), "
        from held_losses h
        where h.organization_id = $1 and h.user_id in (", places!(), ")
        limit 100");
    OF_DIRECTORY = concat!("
        select ", columns!(), "
        from held_losses h
        where h.organization_id = $1 and h.directory_id = $2
        order by h.held_at, h.user_id
        limit $3 + 0");
    HELD_OF_DIRECTORY = concat!("
        select ", columns!(), "
        from held_losses h
        where h.organization_id = $1 and h.directory_id = $2 and not h.rejected
        order by h.held_at, h.user_id
        limit $3 + 0");
    PAGE = concat!("
        select ", columns!(), ", u.user_name, u.display_name
        from held_losses h
        join users u on u.id = h.user_id
        where h.organization_id = $1 and h.directory_id = $2 and (h.held_at, h.user_id) > ($3, $4)
        order by h.held_at, h.user_id
        limit $5 + 0");
    COUNT = "
        select count(*)
        from (
            select user_id
            from held_losses
            where organization_id = $1 and directory_id = $2 and not rejected
            limit $3 + 0) as counted";
    DUE = "
        select organization_id, user_id
        from held_losses
        where due_at <= $1
        order by due_at, user_id
        limit $2 + 0";
    /// Those whom their directory deleted and pushes anew, by login or the client's id.
    LEAVING_LIKE = "
        select u.id
        from users u
        join held_losses h on h.user_id = u.id
        where u.organization_id = $1 and u.leaving and h.directory_id = $2
            and (u.user_name_key = $3 or u.external_id = $4)
        order by u.id
        limit $5 + 0";
    /// A graver loss takes the place of a lighter one; when it began and ends stays.
    INSERT = "
        insert into held_losses (organization_id, directory_id, user_id, loss, rejected, held_at,
            due_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (user_id) do update
        set loss = excluded.loss";
    REJECT = "
        update held_losses
        set rejected = $3, due_at = $4
        where organization_id = $1 and user_id = $2";
    DELETE = "
        delete from held_losses
        where organization_id = $1 and user_id = $2";
    LEAVE = "
        update users
        set directory_id = null, leaving = $3, version = version + 1, updated_at = $4
        where organization_id = $1 and id = $2";
    DROP_VALUES = "
        delete from user_values
        where organization_id = $1 and user_id = $2";
}

/// A loss that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldLoss {
    /// Which directory takes the access away.
    pub directory: DirectoryId,
    /// Whose.
    pub user: UserId,
    /// How.
    pub loss: Loss,
    /// Whether an admin rejected it: she goes on for some days.
    pub rejected: bool,
    /// When it was held.
    pub held_at: Timestamp,
    /// When it is applied.
    pub due_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    directory_id: Uuid,
    user_id: Uuid,
    loss: String,
    rejected: bool,
    held_at: i64,
    due_at: i64,
}

impl TryFrom<Row> for HeldLoss {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            directory: DirectoryId(row.directory_id),
            user: UserId(row.user_id),
            loss: Loss::parse(&row.loss).ok_or_else(|| StoreError::unreadable("loss"))?,
            rejected: row.rejected,
            held_at: Timestamp(row.held_at),
            due_at: Timestamp(row.due_at),
        })
    }
}

fn read(rows: Vec<Row>) -> Result<Vec<HeldLoss>, StoreError> {
    rows.into_iter().map(HeldLoss::try_from).collect()
}

/// The loss of a user, if one is held.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(scope: &mut Scope<'_>, user: UserId) -> Result<Option<HeldLoss>, StoreError> {
    let row = scope.query(OF_USER).bind(user.0).optional::<Row>().await?;
    row.map(HeldLoss::try_from).transpose()
}

/// The losses of these users that are held.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_users(
    scope: &mut Scope<'_>,
    users: &[UserId],
) -> Result<HashMap<UserId, HeldLoss>, StoreError> {
    if let [user] = users {
        let found = of_user(scope, *user).await?;
        return Ok(found.into_iter().map(|held| (held.user, held)).collect());
    }
    let mut found = HashMap::new();
    for chunk in users.chunks(LIST_MAX) {
        let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
        let rows = read(scope.query(OF_USERS).bind_ids(&ids).all().await?)?;
        found.extend(rows.into_iter().map(|held| (held.user, held)));
    }
    Ok(found)
}

/// The first losses of a directory, rejected ones too where `all` is asked for.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_directory(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    all: bool,
    limit: i64,
) -> Result<Vec<HeldLoss>, StoreError> {
    let sql = if all { OF_DIRECTORY } else { HELD_OF_DIRECTORY };
    read(scope.query(sql).bind(directory.0).bind(limit).all().await?)
}

/// A loss with the names of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The loss.
    pub held: HeldLoss,
    /// Her login.
    pub user_name: String,
    /// The name to be shown.
    pub display_name: Option<String>,
}

#[derive(FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    row: Row,
    user_name: String,
    display_name: Option<String>,
}

/// Losses of a directory, oldest first, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    after: (Timestamp, UserId),
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let query = scope.query(PAGE).bind(directory.0).bind(after.0.0).bind(after.1.0).bind(limit);
    let rows = query.all::<ListedRow>().await?;
    let listed = |listed: ListedRow| {
        let (user_name, display_name) = (listed.user_name, listed.display_name);
        Ok(Listed { held: listed.row.try_into()?, user_name, display_name })
    };
    rows.into_iter().map(listed).collect()
}

/// How many losses of a directory wait for a word, counted up to `most`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    most: i64,
) -> Result<i64, StoreError> {
    Ok(scope.query(COUNT).bind(directory.0).bind(most).one::<(i64,)>().await?.0)
}

/// Losses of all organizations that are due.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn due(
    conn: &mut Conn<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(OrganizationId, UserId)>, StoreError> {
    let rows = conn.query(DUE).bind(now.0).bind(limit).all::<(Uuid, Uuid)>().await?;
    let read = |(organization, user)| (OrganizationId(organization), UserId(user));
    Ok(rows.into_iter().map(read).collect())
}

/// Users whom a directory deleted, whose access is held, and who had this login or external id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn leaving_like(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    (login_key, external_id): (&str, Option<&str>),
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let query = scope.query(LEAVING_LIKE).bind(directory.0).bind(login_key.to_owned());
    let query = query.bind(external_id.map(str::to_owned)).bind(limit);
    Ok(query.all::<(Uuid,)>().await?.into_iter().map(|(id,)| UserId(id)).collect())
}

/// Holds a loss; of somebody whose loss is held already, the graver one.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(scope: &mut Scope<'_>, new: &HeldLoss) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.directory.0)
        .bind(new.user.0)
        .bind(new.loss.as_str())
        .bind(new.rejected)
        .bind(new.held_at.0)
        .bind(new.due_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Notes that a loss was rejected, and until when its user goes on.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn reject(
    scope: &mut Scope<'_>,
    user: UserId,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    scope.query(REJECT).bind(user.0).bind(true).bind(due_at.0).execute().await?;
    Ok(())
}

/// Holds the loss of a user no more.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, user: UserId) -> Result<(), StoreError> {
    scope.query(DELETE).bind(user.0).execute().await?;
    Ok(())
}

/// Takes a user out of her directory, who deleted her, while her access is held: her login and
/// external id are free there. Her memberships must be gone before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn leave(scope: &mut Scope<'_>, user: UserId, at: Timestamp) -> Result<(), StoreError> {
    scope.query(DROP_VALUES).bind(user.0).execute().await?;
    scope.query(LEAVE).bind(user.0).bind(true).bind(at.0).execute().await?;
    Ok(())
}
