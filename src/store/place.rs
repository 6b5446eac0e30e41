//! Places in the order of creation, and how much a directory holds.
//!
//! A page of a list begins behind a [`Place`]. The place at an offset is found by counting along
//! an index: no row is touched on the way, but the way grows with the offset.

use uuid::Uuid;

use super::error::StoreError;
use super::query::Query;
use super::scope::Scope;
use crate::domain::id::DirectoryId;
use crate::domain::time::Timestamp;

/// Behind which row a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When the row was made.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl Place {
    /// Before the first row.
    pub const START: Self = Self { at: Timestamp(i64::MIN), id: Uuid::nil() };
    /// Behind the last row.
    pub const END: Self = Self { at: Timestamp(i64::MAX), id: Uuid::nil() };
}

/// What a directory holds, kept by the database with each row that comes or goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Users there are.
    pub users: i64,
    /// Users that were removed.
    pub users_removed: i64,
    /// Groups there are.
    pub groups: i64,
    /// Groups that were removed.
    pub groups_removed: i64,
}

/// Whose directory it is, asked of the directory: an index of the organization would find the rows
/// of its other directories too.
macro_rules! owned {
    () => {
        "exists (select 1 from directories where organization_id = $1 and id = $2)"
    };
}

pub(super) use owned;

sql! {
    COUNTS = "
        select cast(coalesce(sum(users), 0) as bigint),
            cast(coalesce(sum(users_removed), 0) as bigint),
            cast(coalesce(sum(groups), 0) as bigint),
            cast(coalesce(sum(groups_removed), 0) as bigint)
        from directory_counts
        where organization_id = $1 and directory_id = $2";
    /// Reads the index alone: rows are not touched on the way to a deep page.
    OF_USERS = concat!("
        select u.created_at, u.id
        from users u
        where u.directory_id = $2 and ", owned!(), "
        order by u.created_at, u.id
        limit 1
        offset $3");
    OF_GROUPS = concat!("
        select g.created_at, g.id
        from groups g
        where g.directory_id = $2 and ", owned!(), "
        order by g.created_at, g.id
        limit 1
        offset $3");
}

sql_by_engine! {
    /// Merges the two indexes, and touches no row either. PostgreSQL sees the order of each only
    /// when it is asked for, to the depth that is enough; SQLite only when it is not.
    OF_BOTH = [
        "select created_at, id
         from (",
        {
            "select * from (select u.created_at, u.id from users u",
            "select u.created_at, u.id from users u"
        },
        " where u.directory_id = $2 and ",
        (owned!()),
        { " order by u.created_at, u.id limit $3 + 0 + 1) as of_users", "" },
        " union all ",
        {
            "select * from (select g.created_at, g.id from groups g",
            "select g.created_at, g.id from groups g"
        },
        " where g.directory_id = $2 and ",
        (owned!()),
        { " order by g.created_at, g.id limit $3 + 0 + 1) as of_groups", "" },
        ") as made
         order by created_at, id
         limit 1
         offset $3",
    ];
}

/// What a directory holds.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn counts(scope: &mut Scope<'_>, directory: DirectoryId) -> Result<Counts, StoreError> {
    let (users, users_removed, groups, groups_removed) =
        scope.query(COUNTS).bind(directory.0).one::<(i64, i64, i64, i64)>().await?;
    Ok(Counts { users, users_removed, groups, groups_removed })
}

/// The place of the user before whom `offset` users less one come: a page behind it begins with
/// user number `offset`, counted from 0.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_users(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    offset: i64,
) -> Result<Option<Place>, StoreError> {
    at_offset(scope.query(OF_USERS), directory, offset).await
}

/// As [`of_users`], for groups.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_groups(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    offset: i64,
) -> Result<Option<Place>, StoreError> {
    at_offset(scope.query(OF_GROUPS), directory, offset).await
}

/// As [`of_users`], for users and groups in one order.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_both(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
    offset: i64,
) -> Result<Option<Place>, StoreError> {
    at_offset(scope.query_on(OF_BOTH), directory, offset).await
}

async fn at_offset(
    query: Query<'_>,
    directory: DirectoryId,
    offset: i64,
) -> Result<Option<Place>, StoreError> {
    if offset <= 0 {
        return Ok(Some(Place::START));
    }
    let row = query.bind(directory.0).bind(offset - 1).optional::<(i64, Uuid)>().await?;
    Ok(row.map(|(at, id)| Place { at: Timestamp(at), id }))
}
