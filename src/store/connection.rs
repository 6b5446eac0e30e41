//! Connections of an organization, and the domains that they list.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::connection::{Connection, DOMAINS_MAX, Provider, Status};
use crate::domain::domain_name::DomainName;
use crate::domain::id::{ConnectionId, DirectoryId, DomainId, OrganizationId};
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;

macro_rules! columns {
    () => {
        "organization_id, id, name, status, provider, directory_id, settings, secret, version,
            created_at, updated_at, keys_host"
    };
}

sql! {
    BY_ID = concat!("
        select ", columns!(), "
        from connections
        where organization_id = $1 and id = $2");
    PAGE = concat!("
        select ", columns!(), "
        from connections
        where organization_id = $1 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0");
    INSERT = "
        insert into connections (organization_id, id, name, kind, status, provider, directory_id,
            settings, secret, version, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    UPDATE = "
        update connections
        set name = $3, status = $4, provider = $5, directory_id = $6, settings = $7, secret = $8,
            version = version + 1, updated_at = $9
        where organization_id = $1 and id = $2 and version = $10";
    DELETE = "
        delete from connections
        where organization_id = $1 and id = $2";
    SET_KEYS_HOST = "
        update connections
        set keys_host = $3
        where organization_id = $1 and id = $2";
    SET_TRIAL = "
        update connections
        set trial_hash = $3, trial_until = $4
        where organization_id = $1 and id = $2";
    USE_TRIAL = "
        update connections
        set trial_hash = null, trial_until = null
        where organization_id = $1 and id = $2 and trial_hash = $3 and trial_until > $4";
    DOMAINS = "
        select domain_id
        from connection_domains
        where organization_id = $1 and connection_id = $2
        order by domain_id
        limit $3 + 0";
    DROP_DOMAINS = "
        delete from connection_domains
        where organization_id = $1 and connection_id = $2";
    ADD_DOMAIN = "
        insert into connection_domains (organization_id, connection_id, domain_id)
        values ($1, $2, $3)";
    VOUCHED = "
        select d.name
        from connection_domains c
        join domains d on d.id = c.domain_id
        where c.organization_id = $1 and c.connection_id = $2 and d.name = $3
            and d.organization_id = $1 and d.state = 'verified'
        limit 1";
    BY_DOMAIN = "
        select c.id, c.name
        from domains d
        join connection_domains l on l.domain_id = d.id
        join connections c on c.id = l.connection_id
        join organizations o on o.id = c.organization_id
        where d.name = $1 and d.state = 'verified' and d.organization_id = c.organization_id
            and c.status = 'active' and o.status = 'active'
        order by c.created_at, c.id
        limit $2 + 0";
    ACTIVE = "
        select id, name
        from connections
        where organization_id = $1 and status = 'active'
        order by created_at, id
        limit $2 + 0";
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    id: Uuid,
    name: String,
    status: String,
    provider: String,
    directory_id: Option<Uuid>,
    settings: String,
    secret: Option<Vec<u8>>,
    version: i64,
    created_at: i64,
    updated_at: i64,
    keys_host: Option<String>,
}

impl Row {
    fn with(self, domains: Vec<DomainId>) -> Result<Connection, StoreError> {
        Ok(Connection {
            id: ConnectionId(self.id),
            organization_id: OrganizationId(self.organization_id),
            name: self.name,
            status: Status::parse(&self.status).ok_or_else(|| StoreError::unreadable("status"))?,
            provider: Provider::parse(&self.provider)
                .ok_or_else(|| StoreError::unreadable("provider"))?,
            directory_id: self.directory_id.map(DirectoryId),
            settings: serde_json::from_str(&self.settings)
                .map_err(|_| StoreError::unreadable("settings"))?,
            secret: self.secret,
            domains,
            keys_host: self.keys_host,
            version: self.version,
            created_at: Timestamp(self.created_at),
            updated_at: Timestamp(self.updated_at),
        })
    }
}

/// The organization's connection with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(
    scope: &mut Scope<'_>,
    id: ConnectionId,
) -> Result<Option<Connection>, StoreError> {
    let Some(row) = scope.query(BY_ID).bind(id.0).optional::<Row>().await? else {
        return Ok(None);
    };
    let domains = domains(scope, id).await?;
    row.with(domains).map(Some)
}

/// Connections in order of creation, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    after: (Timestamp, ConnectionId),
    limit: i64,
) -> Result<Vec<Connection>, StoreError> {
    let rows = scope.query(PAGE).bind(after.0.0).bind(after.1.0).bind(limit).all::<Row>().await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let domains = domains(scope, ConnectionId(row.id)).await?;
        found.push(row.with(domains)?);
    }
    Ok(found)
}

async fn domains(scope: &mut Scope<'_>, id: ConnectionId) -> Result<Vec<DomainId>, StoreError> {
    let limit = i64::try_from(DOMAINS_MAX).unwrap_or(i64::MAX);
    let rows = scope.query(DOMAINS).bind(id.0).bind(limit).all::<(Uuid,)>().await?;
    Ok(rows.into_iter().map(|(id,)| DomainId(id)).collect())
}

/// Adds a connection with its domains.
///
/// # Errors
/// [`StoreError::Reference`] when the directory or a domain is gone.
pub async fn insert(scope: &mut Scope<'_>, new: &Connection) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.name.clone())
        .bind(new.settings.kind().as_str())
        .bind(new.status.as_str())
        .bind(new.provider.as_str())
        .bind(new.directory_id.map(|id| id.0))
        .bind(settings(new)?)
        .bind(new.secret.clone())
        .bind(new.version)
        .bind(new.created_at.0)
        .bind(new.updated_at.0)
        .execute()
        .await?;
    add_domains(scope, new).await
}

/// Writes the connection if its version still stands; answers whether it did.
///
/// # Errors
/// [`StoreError::Reference`] when the directory or a domain is gone.
pub async fn update(scope: &mut Scope<'_>, changed: &Connection) -> Result<bool, StoreError> {
    let rows = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.name.clone())
        .bind(changed.status.as_str())
        .bind(changed.provider.as_str())
        .bind(changed.directory_id.map(|id| id.0))
        .bind(settings(changed)?)
        .bind(changed.secret.clone())
        .bind(changed.updated_at.0)
        .bind(changed.version)
        .execute()
        .await?;
    if rows == 0 {
        return Ok(false);
    }
    scope.query(DROP_DOMAINS).bind(changed.id.0).execute().await?;
    add_domains(scope, changed).await?;
    Ok(true)
}

async fn add_domains(scope: &mut Scope<'_>, of: &Connection) -> Result<(), StoreError> {
    for domain in &of.domains {
        scope.query(ADD_DOMAIN).bind(of.id.0).bind(domain.0).execute().await?;
    }
    Ok(())
}

/// Deletes the connection with its identities, sessions and journal; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: ConnectionId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}

/// Whether the connection may vouch for addresses of this domain: the organization has proved that
/// it is its own, and the connection lists it.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn vouches_for(
    scope: &mut Scope<'_>,
    id: ConnectionId,
    domain: &DomainName,
) -> Result<bool, StoreError> {
    let query = scope.query(VOUCHED).bind(id.0).bind(domain.as_str().to_owned());
    Ok(query.optional::<(String,)>().await?.is_some())
}

/// Remembers from which host the keys of the provider came.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_keys_host(
    scope: &mut Scope<'_>,
    id: ConnectionId,
    host: &str,
) -> Result<(), StoreError> {
    scope.query(SET_KEYS_HOST).bind(id.0).bind(host.to_owned()).execute().await?;
    Ok(())
}

/// Lets whoever brings a secret try the connection out once, until an instant.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_trial(
    scope: &mut Scope<'_>,
    id: ConnectionId,
    (secret, until): (SecretHash, Timestamp),
) -> Result<(), StoreError> {
    scope.query(SET_TRIAL).bind(id.0).bind(secret.0.to_vec()).bind(until.0).execute().await?;
    Ok(())
}

/// Uses the secret of a trial up; answers whether it was right and in time.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn use_trial(
    scope: &mut Scope<'_>,
    id: ConnectionId,
    (secret, now): (SecretHash, Timestamp),
) -> Result<bool, StoreError> {
    let query = scope.query(USE_TRIAL).bind(id.0).bind(secret.0.to_vec()).bind(now.0);
    Ok(query.execute().await? == 1)
}

/// A connection to choose: its id and name.
pub type Choice = (ConnectionId, String);

/// Active connections that vouch for a domain, whosever it is: home-realm discovery begins before
/// an organization is known.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_domain(
    conn: &mut Conn<'_>,
    domain: &DomainName,
    limit: i64,
) -> Result<Vec<Choice>, StoreError> {
    let query = conn.query(BY_DOMAIN).bind(domain.as_str().to_owned()).bind(limit);
    Ok(choices(query.all().await?))
}

/// Active connections of the organization, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn active(scope: &mut Scope<'_>, limit: i64) -> Result<Vec<Choice>, StoreError> {
    Ok(choices(scope.query(ACTIVE).bind(limit).all().await?))
}

fn choices(rows: Vec<(Uuid, String)>) -> Vec<Choice> {
    rows.into_iter().map(|(id, name)| (ConnectionId(id), name)).collect()
}

fn settings(connection: &Connection) -> Result<String, StoreError> {
    serde_json::to_string(&connection.settings).map_err(|_| StoreError::unreadable("settings"))
}
