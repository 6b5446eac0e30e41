//! Links that an administrator parted or moved: kept as history, they link nobody (LI8).

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::identity::Identity;
use crate::domain::time::Timestamp;

sql! {
    INSERT = "
        insert into former_identities (organization_id, id, connection_id, subject, user_id, rule,
            created_at, ended_at, reason)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    OF_USER = "
        select id, connection_id, subject, rule, created_at, ended_at, reason
        from former_identities
        where organization_id = $1 and user_id = $2
        order by ended_at, id
        limit $3 + 0";
}

/// Keeps a link that ends.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    scope: &mut Scope<'_>,
    old: &Identity,
    at: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(old.id.0)
        .bind(old.connection_id.0)
        .bind(old.subject.clone())
        .bind(old.user_id.0)
        .bind(old.rule.clone())
        .bind(old.created_at.0)
        .bind(at.0)
        .bind(reason.to_owned())
        .execute()
        .await?;
    Ok(())
}

/// A link of former times.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Former {
    /// Its id.
    pub id: uuid::Uuid,
    /// At which connection.
    pub connection_id: uuid::Uuid,
    /// What the provider called her.
    pub subject: String,
    /// Which rule had joined them.
    pub rule: String,
    /// When they were joined.
    pub created_at: i64,
    /// When they were parted.
    pub ended_at: i64,
    /// Why.
    pub reason: String,
}

/// Links of former times of a user, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(
    scope: &mut Scope<'_>,
    user: crate::domain::id::UserId,
    limit: i64,
) -> Result<Vec<Former>, StoreError> {
    scope.query(OF_USER).bind(user.0).bind(limit).all().await
}
