//! E-mail domains of an organization.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::domain_name::{Domain, DomainName, Method, State};
use crate::domain::id::{ConnectionId, DomainId, OrganizationId};
use crate::domain::time::Timestamp;

sql! {
    BY_ID = "
        select organization_id, id, name, state, challenge, verified_at, created_at, method,
            checked_at, failing_since, next_check_at
        from domains
        where organization_id = $1 and id = $2";
    PAGE = "
        select organization_id, id, name, state, challenge, verified_at, created_at, method,
            checked_at, failing_since, next_check_at
        from domains
        where organization_id = $1 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0";
    VERIFIED = "
        select id
        from domains
        where organization_id = $1 and name = $2 and state = 'verified'";
    INSERT = "
        insert into domains (organization_id, id, name, state, challenge, verified_at, created_at,
            method, checked_at, failing_since, next_check_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    UPDATE = "
        update domains
        set state = $3, verified_at = $4, method = $5, checked_at = $6, failing_since = $7,
            next_check_at = $8
        where organization_id = $1 and id = $2";
    DUE = "
        select organization_id, id, next_check_at
        from domains
        where next_check_at <= $1
        order by next_check_at
        limit $2 + 0";
    CONNECTIONS = "
        select connection_id
        from connection_domains
        where organization_id = $1 and domain_id = $2
        order by connection_id
        limit $3 + 0";
    OWNED_ELSEWHERE = "
        select id
        from domains
        where name = $2 and state = 'verified' and organization_id <> $1
        limit 1";
    DELETE = "
        delete from domains
        where organization_id = $1 and id = $2";
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    id: Uuid,
    name: String,
    state: String,
    challenge: String,
    verified_at: Option<i64>,
    created_at: i64,
    method: Option<String>,
    checked_at: Option<i64>,
    failing_since: Option<i64>,
    next_check_at: Option<i64>,
}

impl TryFrom<Row> for Domain {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: DomainId(row.id),
            organization_id: OrganizationId(row.organization_id),
            name: DomainName::parse(&row.name).ok_or_else(|| StoreError::unreadable("name"))?,
            state: State::parse(&row.state).ok_or_else(|| StoreError::unreadable("state"))?,
            challenge: row.challenge,
            verified_at: row.verified_at.map(Timestamp),
            created_at: Timestamp(row.created_at),
            method: row.method.as_deref().and_then(Method::parse),
            checked_at: row.checked_at.map(Timestamp),
            failing_since: row.failing_since.map(Timestamp),
            next_check_at: row.next_check_at.map(Timestamp),
        })
    }
}

/// The organization's domain with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: DomainId) -> Result<Option<Domain>, StoreError> {
    let row = scope.query(BY_ID).bind(id.0).optional::<Row>().await?;
    row.map(Domain::try_from).transpose()
}

/// Domains in order of their claim, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    after: (Timestamp, DomainId),
    limit: i64,
) -> Result<Vec<Domain>, StoreError> {
    let rows = scope.query(PAGE).bind(after.0.0).bind(after.1.0).bind(limit).all::<Row>().await?;
    rows.into_iter().map(Domain::try_from).collect()
}

/// Whether the organization has verified this name.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn is_verified(scope: &mut Scope<'_>, name: &DomainName) -> Result<bool, StoreError> {
    let query = scope.query(VERIFIED).bind(name.as_str().to_owned());
    Ok(query.optional::<(Uuid,)>().await?.is_some())
}

/// Adds a domain.
///
/// # Errors
/// [`StoreError::Unique`]: `domains_name_key` when the organization has it already,
/// `domains_owner_key` when it is proved to be another's.
pub async fn insert(scope: &mut Scope<'_>, new: &Domain) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.name.as_str().to_owned())
        .bind(new.state.as_str())
        .bind(new.challenge.clone())
        .bind(new.verified_at.map(|at| at.0))
        .bind(new.created_at.0)
        .bind(new.method.map(Method::as_str))
        .bind(new.checked_at.map(|at| at.0))
        .bind(new.failing_since.map(|at| at.0))
        .bind(new.next_check_at.map(|at| at.0))
        .execute()
        .await?;
    Ok(())
}

/// Writes what became of a look at the domain's record; answers whether it is there.
///
/// # Errors
/// [`StoreError::Unique`] (`domains_owner_key`) when it is proved to be another's.
pub async fn update(scope: &mut Scope<'_>, changed: &Domain) -> Result<bool, StoreError> {
    let rows = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.state.as_str())
        .bind(changed.verified_at.map(|at| at.0))
        .bind(changed.method.map(Method::as_str))
        .bind(changed.checked_at.map(|at| at.0))
        .bind(changed.failing_since.map(|at| at.0))
        .bind(changed.next_check_at.map(|at| at.0))
        .execute()
        .await?;
    Ok(rows == 1)
}

/// A domain whose record is to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which.
    pub id: DomainId,
    /// When the look was due.
    pub at: Timestamp,
}

/// Domains whose records are to be looked for now, of all organizations.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn due(conn: &mut Conn<'_>, now: Timestamp, limit: i64) -> Result<Vec<Due>, StoreError> {
    let query = conn.query(DUE).bind(now.0).bind(limit);
    let read = |(organization, id, at): (Uuid, Uuid, i64)| Due {
        organization: OrganizationId(organization),
        id: DomainId(id),
        at: Timestamp(at),
    };
    Ok(query.all::<(Uuid, Uuid, i64)>().await?.into_iter().map(read).collect())
}

/// Connections that list a domain.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn connections(
    scope: &mut Scope<'_>,
    id: DomainId,
    limit: i64,
) -> Result<Vec<ConnectionId>, StoreError> {
    let query = scope.query(CONNECTIONS).bind(id.0).bind(limit);
    Ok(query.all::<(Uuid,)>().await?.into_iter().map(|(id,)| ConnectionId(id)).collect())
}

/// Whether another organization has verified this name (LI13).
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn is_anothers(scope: &mut Scope<'_>, name: &DomainName) -> Result<bool, StoreError> {
    let query = scope.query(OWNED_ELSEWHERE).bind(name.as_str().to_owned());
    Ok(query.optional::<(Uuid,)>().await?.is_some())
}

/// Deletes the domain; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: DomainId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}
