//! What rules wanted to give and could not: keys that no resource has.
//!
//! The rows are found again when such a resource is made. The nearest key is not kept: it is
//! computed when the row is shown.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::list::{LIST_MAX, places};
use super::scope::Scope;
use crate::domain::id::{RuleId, UserId};

/// Most rows of one user or of a hundred.
pub const ROWS_MAX: i64 = 1_000_000;

sql! {
    OF_USERS = concat!("
        select user_id, rule_id, resource_kind, resource_key, resource
        from unresolved
        where organization_id = $1 and user_id in (", places!(), ")
        order by user_id, rule_id, resource_kind, resource_key
        limit $102 + 0");
    OF_USER = "
        select user_id, rule_id, resource_kind, resource_key, resource
        from unresolved
        where organization_id = $1 and user_id = $2
        order by rule_id, resource_kind, resource_key
        limit $3 + 0";
    USERS_WAITING = "
        select distinct user_id
        from unresolved
        where organization_id = $1 and resource_kind = $2 and resource_key = $3 and user_id > $4
        order by user_id
        limit $5 + 0";
    INSERT = "
        insert into unresolved (organization_id, user_id, rule_id, resource_kind, resource_key,
            resource)
        values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing";
    DELETE = "
        delete from unresolved
        where organization_id = $1 and user_id = $2 and rule_id = $3 and resource_kind = $4
            and resource_key = $5";
}

/// A resource that a rule named for a user and that is not registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unresolved {
    /// For whom.
    pub user_id: UserId,
    /// By which rule.
    pub rule_id: RuleId,
    /// The key of the kind.
    pub resource_kind: String,
    /// The folded key.
    pub resource_key: String,
    /// `kind:key` as the rule named it.
    pub resource: String,
}

#[derive(FromRow)]
struct Row {
    user_id: Uuid,
    rule_id: Uuid,
    resource_kind: String,
    resource_key: String,
    resource: String,
}

impl From<Row> for Unresolved {
    fn from(row: Row) -> Self {
        Self {
            user_id: UserId(row.user_id),
            rule_id: RuleId(row.rule_id),
            resource_kind: row.resource_kind,
            resource_key: row.resource_key,
            resource: row.resource,
        }
    }
}

/// What stays unresolved for a user.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(scope: &mut Scope<'_>, user: UserId) -> Result<Vec<Unresolved>, StoreError> {
    let rows = scope.query(OF_USER).bind(user.0).bind(ROWS_MAX).all::<Row>().await?;
    Ok(rows.into_iter().map(Unresolved::from).collect())
}

/// What stays unresolved for these users, user by user.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_users(
    scope: &mut Scope<'_>,
    users: &[UserId],
) -> Result<Vec<Unresolved>, StoreError> {
    if let [user] = users {
        return of_user(scope, *user).await;
    }
    let mut found = Vec::new();
    for chunk in users.chunks(LIST_MAX) {
        let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
        let rows = scope.query(OF_USERS).bind_ids(&ids).bind(ROWS_MAX).all::<Row>().await?;
        found.extend(rows.into_iter().map(Unresolved::from));
    }
    Ok(found)
}

/// Users after `after`, in the order of their ids, for whom this resource is missing.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn users_waiting(
    scope: &mut Scope<'_>,
    (kind, key_folded): (&str, &str),
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let rows = scope
        .query(USERS_WAITING)
        .bind(kind.to_owned())
        .bind(key_folded.to_owned())
        .bind(after.0)
        .bind(limit)
        .all::<(Uuid,)>()
        .await?;
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

/// Notes that a resource is missing.
///
/// # Errors
/// [`StoreError::Reference`] when the user or the rule is gone.
pub async fn insert(scope: &mut Scope<'_>, new: &Unresolved) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.user_id.0)
        .bind(new.rule_id.0)
        .bind(new.resource_kind.clone())
        .bind(new.resource_key.clone())
        .bind(new.resource.clone())
        .execute()
        .await?;
    Ok(())
}

/// Forgets that a resource was missing.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, old: &Unresolved) -> Result<(), StoreError> {
    scope
        .query(DELETE)
        .bind(old.user_id.0)
        .bind(old.rule_id.0)
        .bind(old.resource_kind.clone())
        .bind(old.resource_key.clone())
        .execute()
        .await?;
    Ok(())
}
