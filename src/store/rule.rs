//! Mapping rules as they are kept: their place in the order and their definition as JSON.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{DirectoryId, RuleId};
use crate::domain::time::Timestamp;

/// Most rules of an organization.
pub const RULES_MAX: i64 = 500;

sql! {
    ALL = "
        select id, name, position, enabled, directory_id, definition, version, created_at,
            updated_at
        from mapping_rules
        where organization_id = $1
        order by position, id
        limit $2 + 0";
    BY_ID = "
        select id, name, position, enabled, directory_id, definition, version, created_at,
            updated_at
        from mapping_rules
        where organization_id = $1 and id = $2";
    PAGE = "
        select id, name, position, enabled, directory_id, definition, version, created_at,
            updated_at
        from mapping_rules
        where organization_id = $1 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0";
    NAMES = "
        select id, name
        from mapping_rules
        where organization_id = $1
        order by position, id
        limit $2 + 0";
    COUNT = "
        select count(*)
        from mapping_rules
        where organization_id = $1";
    LAST_POSITION = "
        select coalesce(max(position), 0)
        from mapping_rules
        where organization_id = $1";
    INSERT = "
        insert into mapping_rules (organization_id, id, name, position, enabled, directory_id,
            definition, version, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)";
    UPDATE = "
        update mapping_rules
        set name = $3, position = $4, enabled = $5, directory_id = $6, definition = $7,
            version = version + 1, updated_at = $8
        where organization_id = $1 and id = $2 and version = $9";
    DELETE = "
        delete from mapping_rules
        where organization_id = $1 and id = $2";
}

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// What people call it.
    pub name: String,
    /// Its place in the order, which decides among exclusive rules.
    pub position: i64,
    /// Whether it counts.
    pub enabled: bool,
    /// Whose users it is for; `None`: those of every directory.
    pub directory_id: Option<DirectoryId>,
    /// `when`, `each`, `role`, `resources` and `exclusive` as JSON.
    pub definition: String,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    position: i64,
    enabled: bool,
    directory_id: Option<Uuid>,
    definition: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<Row> for Rule {
    fn from(row: Row) -> Self {
        Self {
            id: RuleId(row.id),
            name: row.name,
            position: row.position,
            enabled: row.enabled,
            directory_id: row.directory_id.map(DirectoryId),
            definition: row.definition,
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

/// All rules in their order, those that are switched off too.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn all(scope: &mut Scope<'_>) -> Result<Vec<Rule>, StoreError> {
    let rows = scope.query(ALL).bind(RULES_MAX).all::<Row>().await?;
    Ok(rows.into_iter().map(Rule::from).collect())
}

/// The rule with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: RuleId) -> Result<Option<Rule>, StoreError> {
    let row = scope.query(BY_ID).bind(id.0).optional::<Row>().await?;
    Ok(row.map(Rule::from))
}

/// Rules in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    after: (Timestamp, RuleId),
    limit: i64,
) -> Result<Vec<Rule>, StoreError> {
    let rows = scope.query(PAGE).bind(after.0.0).bind(after.1.0).bind(limit).all::<Row>().await?;
    Ok(rows.into_iter().map(Rule::from).collect())
}

/// Ids and names of all rules.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn names(scope: &mut Scope<'_>) -> Result<Vec<(RuleId, String)>, StoreError> {
    let rows = scope.query(NAMES).bind(RULES_MAX).all::<(Uuid, String)>().await?;
    Ok(rows.into_iter().map(|(id, name)| (RuleId(id), name)).collect())
}

/// How many rules there are.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count(scope: &mut Scope<'_>) -> Result<i64, StoreError> {
    Ok(scope.query(COUNT).one::<(i64,)>().await?.0)
}

/// The highest position; 0 without rules.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn last_position(scope: &mut Scope<'_>) -> Result<i64, StoreError> {
    Ok(scope.query(LAST_POSITION).one::<(i64,)>().await?.0)
}

/// Adds a rule.
///
/// # Errors
/// [`StoreError::Reference`] when its directory is gone.
pub async fn insert(scope: &mut Scope<'_>, new: &Rule) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.name.clone())
        .bind(new.position)
        .bind(new.enabled)
        .bind(new.directory_id.map(|id| id.0))
        .bind(new.definition.clone())
        .bind(new.created_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Writes the rule if its version still stands; answers whether it did.
///
/// # Errors
/// [`StoreError::Reference`] when its directory is gone.
pub async fn update(scope: &mut Scope<'_>, changed: &Rule) -> Result<bool, StoreError> {
    let rows = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.name.clone())
        .bind(changed.position)
        .bind(changed.enabled)
        .bind(changed.directory_id.map(|id| id.0))
        .bind(changed.definition.clone())
        .bind(changed.updated_at.0)
        .bind(changed.version)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Takes a rule away; answers whether it was there. What it gave goes by evaluation.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: RuleId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}
