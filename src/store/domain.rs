//! E-mail domains of an organization.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::domain_name::{Domain, DomainName, State};
use crate::domain::id::{DomainId, OrganizationId};
use crate::domain::time::Timestamp;

sql! {
    BY_ID = "
        select organization_id, id, name, state, challenge, verified_at, created_at
        from domains
        where organization_id = $1 and id = $2";
    PAGE = "
        select organization_id, id, name, state, challenge, verified_at, created_at
        from domains
        where organization_id = $1 and (created_at > $2 or (created_at = $2 and id > $3))
        order by created_at, id
        limit $4 + 0";
    VERIFIED = "
        select id
        from domains
        where organization_id = $1 and name = $2 and state = 'verified'";
    INSERT = "
        insert into domains (organization_id, id, name, state, challenge, verified_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
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
        .execute()
        .await?;
    Ok(())
}

/// Deletes the domain; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: DomainId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}
