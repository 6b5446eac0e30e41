//! Grants as they are kept: who has which role, how far it reaches and where it came from.
//!
//! The reach is kept as words and folded keys, so that no grant ever widens when a resource or a
//! role is gone. One source gives a role on one reach once; sources never erase each other.

use serde::Deserialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::list::{LIST_MAX, places};
use super::scope::Scope;
use crate::domain::access::grant::{Matched, Reach, Source};
use crate::domain::id::{GrantId, UserId};
use crate::domain::resource::{ResourcePrefix, ResourceRef};
use crate::domain::time::Timestamp;

/// Most grants that one user can have here: 1,000 results of each of 500 rules is far above what
/// is ever written, and a list is never longer.
pub const OF_USER_MAX: i64 = 100_000;
/// Most grants that a hundred users have together.
const OF_USERS_MAX: i64 = 1_000_000;

/// The columns of a grant, in the order of [`Row`].
macro_rules! columns {
    () => {
        "id, user_id, role, reach, resource, source, source_id, why, expires_at, created_at"
    };
}

sql! {
    BY_ID = concat!("
        select ", columns!(), "
        from grants
        where organization_id = $1 and id = $2");
    OF_USER = concat!("
        select ", columns!(), "
        from grants
        where organization_id = $1 and user_id = $2
        order by created_at, id
        limit $3 + 0");
    OF_USERS = concat!("
        select ", columns!(), "
        from grants
        where organization_id = $1 and user_id in (", places!(), ")
        order by user_id, created_at, id
        limit $102 + 0");
    ON_RESOURCE = "
        select count(*)
        from (
            select id
            from grants
            where organization_id = $1 and resource_kind = $2 and resource_key = $3
                and reach = 'resource'
            limit 1) as one";
    INSERT = "
        insert into grants (organization_id, id, user_id, role, reach, resource_kind,
            resource_key, resource, source, source_id, why, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict do nothing";
    SET_WHY = "
        update grants
        set why = $3
        where organization_id = $1 and id = $2";
    /// Takes what a rule gave away at once, for all; the rows go when each user is evaluated.
    END_OF_RULE = "
        update grants
        set expires_at = $3
        where organization_id = $1 and source = 'rule' and source_id = $2
            and expires_at is null";
    REVIVE = "
        update grants
        set expires_at = null
        where organization_id = $1 and id = $2";
    DELETE = "
        delete from grants
        where organization_id = $1 and id = $2";
    /// Takes the grants on a resource away, but those of rules: they come back with it.
    DELETE_ON_RESOURCE = "
        delete from grants
        where organization_id = $1 and resource_kind = $2 and resource_key = $3
            and reach = 'resource' and source <> 'rule'";
}

sql_by_engine! {
    INSERT_MANY = [
        "insert into grants (organization_id, id, user_id, role, reach, resource_kind,
             resource_key, resource, source, source_id, why, expires_at, created_at)
         select $1, ",
        {
            "(value->>0)::uuid, (value->>1)::uuid, value->>2, value->>3, value->>4, value->>5,
                 value->>6, value->>7, value->>8, value->>9, (value->>10)::bigint,
                 (value->>11)::bigint
             from jsonb_array_elements($2::jsonb)",
            "unhex(value->>0), unhex(value->>1), value->>2, value->>3, value->>4, value->>5,
                 value->>6, value->>7, value->>8, value->>9, value->>10, value->>11
             from json_each($2)
             where true",
        },
        " on conflict do nothing",
    ];
    DELETE_MANY = [
        "delete from grants
         where organization_id = $1 and id ",
        ids,
    ];
}

/// A grant as it is kept. The name of its source is looked up where it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who has it.
    pub user_id: UserId,
    /// The role's key.
    pub role: String,
    /// What it covers.
    pub reach: Reach,
    /// Where it comes from.
    pub source: Source,
    /// Which rule, or by whom; empty where nothing is to be said.
    pub source_id: String,
    /// For a rule: the facts that matched.
    pub why: Vec<Matched>,
    /// The instant from which it gives nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was given.
    pub created_at: Timestamp,
}

/// A row; other statements list it as JSON in the same order.
#[derive(FromRow, Deserialize)]
pub(super) struct Row {
    id: Uuid,
    user_id: Uuid,
    role: String,
    reach: String,
    resource: Option<String>,
    source: String,
    source_id: String,
    why: Option<String>,
    expires_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<Row> for Grant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let why = row.why.as_deref().map_or_else(|| Ok(Vec::new()), serde_json::from_str);
        Ok(Self {
            id: GrantId(row.id),
            user_id: UserId(row.user_id),
            role: row.role,
            reach: reach(&row.reach, row.resource.as_deref())
                .ok_or_else(|| StoreError::unreadable("reach"))?,
            source: Source::by_key(&row.source).ok_or_else(|| StoreError::unreadable("source"))?,
            source_id: row.source_id,
            why: why.map_err(|_| StoreError::unreadable("why"))?,
            expires_at: row.expires_at.map(Timestamp),
            created_at: Timestamp(row.created_at),
        })
    }
}

/// Reads a kept reach back; `None` for one that cannot be.
fn reach(word: &str, resource: Option<&str>) -> Option<Reach> {
    Some(match word {
        "organization" => Reach::Organization,
        "nothing" => Reach::Nothing,
        "resource" => Reach::Resource(ResourceRef::parse(resource?).ok()?),
        "prefix" => Reach::Prefix(ResourcePrefix::parse(resource?).ok()?),
        _ => return None,
    })
}

/// A reach as it is kept: its word, the kind's key and the folded key or prefix.
fn columns_of(reach: &Reach) -> (&'static str, String, String) {
    match reach {
        Reach::Organization => ("organization", String::new(), String::new()),
        Reach::Nothing => ("nothing", String::new(), String::new()),
        Reach::Resource(one) => ("resource", one.kind().to_owned(), one.folded_key().into_owned()),
        Reach::Prefix(prefix) => ("prefix", prefix.kind().to_owned(), prefix.folded().to_owned()),
    }
}

fn why(matched: &[Matched]) -> Result<Option<String>, StoreError> {
    if matched.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(matched).map(Some).map_err(|_| StoreError::unreadable("why"))
}

fn read(rows: Vec<Row>) -> Result<Vec<Grant>, StoreError> {
    rows.into_iter().map(Grant::try_from).collect()
}

/// The grant with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: GrantId) -> Result<Option<Grant>, StoreError> {
    let row = scope.query(BY_ID).bind(id.0).optional::<Row>().await?;
    row.map(Grant::try_from).transpose()
}

/// All grants of a user here, in the order in which they were given.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(scope: &mut Scope<'_>, user: UserId) -> Result<Vec<Grant>, StoreError> {
    read(scope.query(OF_USER).bind(user.0).bind(OF_USER_MAX).all().await?)
}

/// All grants of these users here, user by user in the order of their ids.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_users(scope: &mut Scope<'_>, users: &[UserId]) -> Result<Vec<Grant>, StoreError> {
    if let [user] = users {
        return of_user(scope, *user).await;
    }
    let mut found = Vec::new();
    for chunk in users.chunks(LIST_MAX) {
        let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
        found.extend(read(scope.query(OF_USERS).bind_ids(&ids).bind(OF_USERS_MAX).all().await?)?);
    }
    Ok(found)
}

/// Whether any grant reaches exactly this resource.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn is_on_resource(
    scope: &mut Scope<'_>,
    (kind, key_folded): (&str, &str),
) -> Result<bool, StoreError> {
    let (count,) = scope
        .query(ON_RESOURCE)
        .bind(kind.to_owned())
        .bind(key_folded.to_owned())
        .one::<(i64,)>()
        .await?;
    Ok(count > 0)
}

/// Adds a grant unless the same source gave it already; answers whether it is new.
///
/// # Errors
/// [`StoreError::Reference`] when the user is gone.
pub async fn insert(scope: &mut Scope<'_>, new: &Grant) -> Result<bool, StoreError> {
    let (reach, resource_kind, resource_key) = columns_of(&new.reach);
    let added = scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.user_id.0)
        .bind(new.role.clone())
        .bind(reach)
        .bind(resource_kind)
        .bind(resource_key)
        .bind(new.reach.resource())
        .bind(new.source.key())
        .bind(new.source_id.clone())
        .bind(why(&new.why)?)
        .bind(new.expires_at.map(|at| at.0))
        .bind(new.created_at.0)
        .execute()
        .await?;
    Ok(added == 1)
}

/// Adds grants in one statement, as [`insert`] does one by one.
///
/// # Errors
/// [`StoreError::Reference`] when a user is gone.
pub async fn insert_all(scope: &mut Scope<'_>, new: &[Grant]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(new.len());
    for new in new {
        let (reach, kind, key) = columns_of(&new.reach);
        rows.push((
            new.id.0.simple().to_string(),
            new.user_id.0.simple().to_string(),
            &new.role,
            reach,
            kind,
            key,
            new.reach.resource(),
            new.source.key(),
            &new.source_id,
            why(&new.why)?,
            new.expires_at.map(|at| at.0),
            new.created_at.0,
        ));
    }
    let rows = serde_json::to_string(&rows).map_err(|_| StoreError::unreadable("grants"))?;
    scope.query_on(INSERT_MANY).bind(rows).execute().await?;
    Ok(())
}

/// Takes grants away in one statement.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_all(scope: &mut Scope<'_>, ids: &[GrantId]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    let ids = serde_json::to_string(&ids).map_err(|_| StoreError::unreadable("grants"))?;
    scope.query_on(DELETE_MANY).bind(ids).execute().await?;
    Ok(())
}

/// Writes what matched anew.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_why(
    scope: &mut Scope<'_>,
    id: GrantId,
    matched: &[Matched],
) -> Result<(), StoreError> {
    scope.query(SET_WHY).bind(id.0).bind(why(matched)?).execute().await?;
    Ok(())
}

/// Takes what a rule gave away at an instant, for all its holders at once; answers how many grants
/// ended. The rows stay until each holder is evaluated, which also tells what she lost.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn end_of_rule(
    scope: &mut Scope<'_>,
    rule: &str,
    at: Timestamp,
) -> Result<u64, StoreError> {
    scope.query(END_OF_RULE).bind(rule.to_owned()).bind(at.0).execute().await
}

/// Gives a grant that [`end_of_rule`] ended back.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn revive(scope: &mut Scope<'_>, id: GrantId) -> Result<(), StoreError> {
    scope.query(REVIVE).bind(id.0).execute().await?;
    Ok(())
}

/// Takes a grant away; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: GrantId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}

/// Takes every grant on exactly this resource away, but those of rules, which follow by
/// evaluation; answers how many.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_on_resource(
    scope: &mut Scope<'_>,
    (kind, key_folded): (&str, &str),
) -> Result<u64, StoreError> {
    scope
        .query(DELETE_ON_RESOURCE)
        .bind(kind.to_owned())
        .bind(key_folded.to_owned())
        .execute()
        .await
}
