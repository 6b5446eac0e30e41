//! Claims of the last sign-in that mapping rules read, for as long as they count.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::list::{LIST_MAX, places};
use super::scope::Scope;
use crate::domain::connection::{CONNECTIONS_MAX, RULE_CLAIMS_MAX};
use crate::domain::id::{ConnectionId, DirectoryId, OrganizationId, UserId};
use crate::domain::time::Timestamp;

sql! {
    AT_CONNECTION = "
        select name, claim_values
        from user_claims
        where organization_id = $1 and user_id = $2 and connection_id = $3
        order by name
        limit $4 + 0";
    OF_USERS = concat!("
        select user_id, name, claim_values
        from user_claims
        where organization_id = $1 and user_id in (", places!(), ") and expires_at > $102
        order by user_id, connection_id, name
        limit $103 + 0");
    PUT = "
        insert into user_claims (organization_id, user_id, connection_id, name, claim_values, at,
            expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (user_id, connection_id, name) do update
        set claim_values = excluded.claim_values, at = excluded.at,
            expires_at = excluded.expires_at";
    DELETE = "
        delete from user_claims
        where organization_id = $1 and user_id = $2 and connection_id = $3 and name = $4";
    DELETE_ALL = "
        delete from user_claims
        where organization_id = $1 and user_id = $2 and connection_id = $3";
    USERS_AT = "
        select distinct user_id
        from user_claims
        where organization_id = $1 and connection_id = $2 and user_id > $3
        order by user_id
        limit $4 + 0";
    NAMES_AT = "
        select distinct name
        from user_claims
        where organization_id = $1 and connection_id = $2
        order by name
        limit $3 + 0";
    DELETE_NAME = "
        delete from user_claims
        where organization_id = $1 and connection_id = $2 and name = $3";
    /// The ends follow a new setting; what has ended by it is found by the clock.
    SET_AGE = "
        update user_claims
        set expires_at = at + $2
        where organization_id = $1";
    ENDED = "
        select organization_id, user_id
        from user_claims
        where expires_at <= $1
        order by expires_at
        limit $2 + 0";
    END = "
        delete from user_claims
        where organization_id = $1 and user_id = $2 and expires_at <= $3";
    SENDS_GROUPS = "
        select id
        from groups
        where organization_id = $1 and directory_id = $2
        limit 1";
}

/// Claims of one user by name, each a list of texts.
pub type Claims = BTreeMap<String, Vec<String>>;

/// Claims of one user that one chunk of users can bring, of all connections.
const CLAIMS_MAX: usize = LIST_MAX * CONNECTIONS_MAX * RULE_CLAIMS_MAX;

fn read(values: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(values).map_err(|_| StoreError::unreadable("claim_values"))
}

fn most(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What the last sign-ins of a user at a connection brought, whether it counts still or not.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn at_connection(
    scope: &mut Scope<'_>,
    user: UserId,
    connection: ConnectionId,
) -> Result<Claims, StoreError> {
    let query = scope.query(AT_CONNECTION).bind(user.0).bind(connection.0);
    let rows = query.bind(most(RULE_CLAIMS_MAX * 2)).all::<(String, String)>().await?;
    rows.into_iter().map(|(name, values)| Ok((name, read(&values)?))).collect()
}

/// The claims of these users that count at an instant; those of several connections are one list.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_users(
    scope: &mut Scope<'_>,
    users: &[UserId],
    now: Timestamp,
) -> Result<HashMap<UserId, Claims>, StoreError> {
    let mut found: HashMap<UserId, Claims> = HashMap::new();
    for chunk in users.chunks(LIST_MAX) {
        let ids: Vec<Uuid> = chunk.iter().map(|user| user.0).collect();
        let query = scope.query(OF_USERS).bind_ids(&ids).bind(now.0).bind(most(CLAIMS_MAX));
        for (user, name, values) in query.all::<(Uuid, String, String)>().await? {
            let claims = found.entry(UserId(user)).or_default();
            claims.entry(name).or_default().extend(read(&values)?);
        }
    }
    Ok(found)
}

/// Keeps the values of a claim until they count no more.
///
/// # Errors
/// [`StoreError::Reference`] when the user or the connection is gone.
pub async fn put(
    scope: &mut Scope<'_>,
    (user, connection): (UserId, ConnectionId),
    (name, values): (&str, &[String]),
    (at, expires_at): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let values =
        serde_json::to_string(values).map_err(|_| StoreError::unreadable("claim_values"))?;
    scope
        .query(PUT)
        .bind(user.0)
        .bind(connection.0)
        .bind(name.to_owned())
        .bind(values)
        .bind(at.0)
        .bind(expires_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Forgets a claim of a user at a connection.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(
    scope: &mut Scope<'_>,
    (user, connection): (UserId, ConnectionId),
    name: &str,
) -> Result<(), StoreError> {
    let query = scope.query(DELETE).bind(user.0).bind(connection.0).bind(name.to_owned());
    query.execute().await?;
    Ok(())
}

/// Forgets the claims of a user at a connection; answers how many there were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_all(
    scope: &mut Scope<'_>,
    user: UserId,
    connection: ConnectionId,
) -> Result<u64, StoreError> {
    scope.query(DELETE_ALL).bind(user.0).bind(connection.0).execute().await
}

/// Users of whom a connection brought claims, in the order of their ids, after the one at `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn users_at(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let query = scope.query(USERS_AT).bind(connection.0).bind(after.0).bind(limit);
    Ok(query.all::<(Uuid,)>().await?.into_iter().map(|(id,)| UserId(id)).collect())
}

/// The names of the claims that a connection brought.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn names_at(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
) -> Result<BTreeSet<String>, StoreError> {
    let query = scope.query(NAMES_AT).bind(connection.0).bind(most(RULE_CLAIMS_MAX * 2));
    Ok(query.all::<(String,)>().await?.into_iter().map(|(name,)| name).collect())
}

/// Forgets a claim of everybody whom a connection brought.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete_name(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    name: &str,
) -> Result<u64, StoreError> {
    scope.query(DELETE_NAME).bind(connection.0).bind(name.to_owned()).execute().await
}

/// Lets all claims of the organization count so long after they came.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn set_age(scope: &mut Scope<'_>, age_us: i64) -> Result<u64, StoreError> {
    scope.query(SET_AGE).bind(age_us).execute().await
}

/// Users some of whose claims count no more.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn ended(
    conn: &mut Conn<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(OrganizationId, UserId)>, StoreError> {
    let rows = conn.query(ENDED).bind(now.0).bind(limit).all::<(Uuid, Uuid)>().await?;
    let mut found: Vec<_> =
        rows.into_iter().map(|(place, user)| (OrganizationId(place), UserId(user))).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Forgets the claims of a user that count no more; answers how many there were.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn end(scope: &mut Scope<'_>, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
    scope.query(END).bind(user.0).bind(now.0).execute().await
}

/// Whether a directory sends groups at all: then nobody's groups come from claims.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn sends_groups(
    scope: &mut Scope<'_>,
    directory: DirectoryId,
) -> Result<bool, StoreError> {
    Ok(scope.query(SENDS_GROUPS).bind(directory.0).optional::<(Uuid,)>().await?.is_some())
}
