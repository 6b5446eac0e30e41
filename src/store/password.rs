//! Passwords of ours, the links by which they are set, and who tried which from where.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{LinkId, OrganizationId, UserId};
use crate::domain::password::tries::{Purpose, Tried};
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;
use crate::scim::fold;

sql! {
    /// Users without a directory who have this login and a password, wherever they are at home.
    BY_LOGIN = "
        select u.organization_id, u.id
        from users u
        join passwords p on p.user_id = u.id
        where u.user_name_key = $1 and u.directory_id is null
        order by u.organization_id
        limit $2 + 0";
    /// With a password or without.
    REACHABLE = "
        select organization_id, id
        from users
        where user_name_key = $1 and directory_id is null
        order by organization_id
        limit $2 + 0";
    OF_USER = "
        select hash, totp, totp_step
        from passwords
        where organization_id = $1 and user_id = $2";
    PUT = "
        insert into passwords (organization_id, user_id, hash, totp, totp_step, changed_at)
        values ($1, $2, $3, $4, null, $5)
        on conflict (user_id) do update
        set hash = excluded.hash, totp = coalesce(excluded.totp, passwords.totp),
            changed_at = excluded.changed_at";
    DELETE = "
        delete from passwords
        where organization_id = $1 and user_id = $2";
    /// A one-time code counts once.
    STEP = "
        update passwords
        set totp_step = $3
        where organization_id = $1 and user_id = $2 and (totp_step is null or totp_step < $3)";
    ADD_LINK = "
        insert into password_links (organization_id, id, user_id, purpose, token_hash, totp,
            created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    LINKS_SINCE = "
        select count(*)
        from (
            select id
            from password_links
            where organization_id = $1 and user_id = $2 and created_at > $3
            limit $4 + 0) as few";
    LINK = "
        select organization_id, id, user_id, purpose, totp, expires_at, used_at
        from password_links
        where token_hash = $1";
    USE_LINK = "
        update password_links
        set used_at = $3
        where organization_id = $1 and id = $2 and used_at is null";
    VOID_LINKS = "
        update password_links
        set used_at = $3
        where organization_id = $1 and user_id = $2 and used_at is null";
    TRIED_HERE = "
        select failures, window_at, trusted_at
        from password_tries
        where organization_id = $1 and user_id = $2 and address = $3";
    FAILURES = "
        select cast(coalesce(sum(failures), 0) as bigint)
        from password_tries
        where organization_id = $1 and user_id = $2 and window_at > $3 and trusted_at is null";
    FAILED = "
        insert into password_tries (organization_id, user_id, address, failures, window_at)
        values ($1, $2, $3, 1, $4)
        on conflict (user_id, address) do update
        set failures = case
                when password_tries.window_at > $5 then password_tries.failures + 1
                else 1 end,
            window_at = case
                when password_tries.window_at > $5 then password_tries.window_at
                else excluded.window_at end";
    WORKED = "
        insert into password_tries (organization_id, user_id, address, failures, window_at,
            trusted_at)
        values ($1, $2, $3, 0, $4, $4)
        on conflict (user_id, address) do update
        set failures = 0, window_at = excluded.window_at, trusted_at = excluded.trusted_at";
    BREAK_GLASS = "
        select count(*)
        from (
            select id
            from users
            where organization_id = $1 and break_glass
            limit $2 + 0) as few";
}

/// A password as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Password {
    /// Its hash, in the form of PHC.
    pub hash: String,
    /// The secret of one-time codes, sealed.
    pub totp: Option<Vec<u8>>,
    /// The step of the last code that was used.
    pub totp_step: Option<i64>,
}

/// A link by which a password is set.
#[derive(Clone, Debug)]
pub struct Link {
    /// Whose organization it is.
    pub organization: OrganizationId,
    /// Its id.
    pub id: LinkId,
    /// Whose password.
    pub user: UserId,
    /// What it is for.
    pub purpose: Purpose,
    /// The secret of one-time codes that goes with it, sealed.
    pub totp: Option<Vec<u8>>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// Users with this login and a password, of all organizations.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_login(
    conn: &mut Conn<'_>,
    login: &str,
    limit: i64,
) -> Result<Vec<(OrganizationId, UserId)>, StoreError> {
    let rows = conn.query(BY_LOGIN).bind(fold(login)).bind(limit).all::<(Uuid, Uuid)>().await?;
    Ok(rows.into_iter().map(|(place, id)| (OrganizationId(place), UserId(id))).collect())
}

/// Users of organizations themselves with this login, whether they have a password or not.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn reachable(
    conn: &mut Conn<'_>,
    login: &str,
    limit: i64,
) -> Result<Vec<(OrganizationId, UserId)>, StoreError> {
    let rows = conn.query(REACHABLE).bind(fold(login)).bind(limit).all::<(Uuid, Uuid)>().await?;
    Ok(rows.into_iter().map(|(place, id)| (OrganizationId(place), UserId(id))).collect())
}

/// The password of a user.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(scope: &mut Scope<'_>, user: UserId) -> Result<Option<Password>, StoreError> {
    scope.query(OF_USER).bind(user.0).optional::<Password>().await
}

/// Sets a password; a secret of one-time codes that is there stays unless another one comes.
///
/// # Errors
/// [`StoreError::Reference`] when the user is gone.
pub async fn put(
    scope: &mut Scope<'_>,
    user: UserId,
    (hash, totp): (&str, Option<Vec<u8>>),
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = scope.query(PUT).bind(user.0).bind(hash.to_owned()).bind(totp).bind(at.0);
    query.execute().await?;
    Ok(())
}

/// Forgets the password of a user.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, user: UserId) -> Result<(), StoreError> {
    scope.query(DELETE).bind(user.0).execute().await?;
    Ok(())
}

/// Uses a one-time code up; false when it, or a later one, was used before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn step(scope: &mut Scope<'_>, user: UserId, step: i64) -> Result<bool, StoreError> {
    Ok(scope.query(STEP).bind(user.0).bind(step).execute().await? == 1)
}

/// Adds a link.
///
/// # Errors
/// [`StoreError::Reference`] when the user is gone.
pub async fn add_link(
    scope: &mut Scope<'_>,
    new: &Link,
    token: SecretHash,
    at: Timestamp,
) -> Result<(), StoreError> {
    scope
        .query(ADD_LINK)
        .bind(new.id.0)
        .bind(new.user.0)
        .bind(new.purpose.as_str())
        .bind(token.0.to_vec())
        .bind(new.totp.clone())
        .bind(at.0)
        .bind(new.expires_at.0)
        .execute()
        .await?;
    Ok(())
}

/// How many links a user got since an instant, counted up to `most`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn links_since(
    scope: &mut Scope<'_>,
    user: UserId,
    since: Timestamp,
    most: i64,
) -> Result<i64, StoreError> {
    let query = scope.query(LINKS_SINCE).bind(user.0).bind(since.0).bind(most);
    Ok(query.one::<(i64,)>().await?.0)
}

/// The link with this hash, whosever it is: a link is all that a browser brings.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn link(conn: &mut Conn<'_>, token: SecretHash) -> Result<Option<Link>, StoreError> {
    type Found = (Uuid, Uuid, Uuid, String, Option<Vec<u8>>, i64, Option<i64>);
    let row = conn.query(LINK).bind(token.0.to_vec()).optional::<Found>().await?;
    row.map(|(organization, id, user, purpose, totp, expires_at, used_at)| {
        Ok(Link {
            organization: OrganizationId(organization),
            id: LinkId(id),
            user: UserId(user),
            purpose: Purpose::parse(&purpose).ok_or_else(|| StoreError::unreadable("purpose"))?,
            totp,
            expires_at: Timestamp(expires_at),
            used_at: used_at.map(Timestamp),
        })
    })
    .transpose()
}

/// Uses a link up; answers whether nobody had used it before.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn use_link(
    scope: &mut Scope<'_>,
    id: LinkId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(scope.query(USE_LINK).bind(id.0).bind(at.0).execute().await? == 1)
}

/// Ends every link of a user.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn void_links(
    scope: &mut Scope<'_>,
    user: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    scope.query(VOID_LINKS).bind(user.0).bind(at.0).execute().await?;
    Ok(())
}

/// How sign-ins as a user went: from an address, and since an instant from strange ones together.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn tried(
    scope: &mut Scope<'_>,
    user: UserId,
    address: [u8; 32],
    since: Timestamp,
) -> Result<Tried, StoreError> {
    let query = scope.query(TRIED_HERE).bind(user.0).bind(address.to_vec());
    let here = query.optional::<(i64, i64, Option<i64>)>().await?;
    let query = scope.query(FAILURES).bind(user.0).bind(since.0);
    let everywhere = query.one::<(i64,)>().await?.0;
    let (failures, window_at, trusted_at) = here.unwrap_or((0, i64::MIN, None));
    Ok(Tried {
        here: if window_at > since.0 { failures } else { 0 },
        everywhere,
        trusted_at: trusted_at.map(Timestamp),
    })
}

/// Notes a sign-in that failed; failures before `since` are forgotten.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn failed(
    scope: &mut Scope<'_>,
    user: UserId,
    address: [u8; 32],
    (at, since): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let query = scope.query(FAILED).bind(user.0).bind(address.to_vec()).bind(at.0).bind(since.0);
    query.execute().await?;
    Ok(())
}

/// Notes a sign-in that worked: the address is known from here on.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn worked(
    scope: &mut Scope<'_>,
    user: UserId,
    address: [u8; 32],
    at: Timestamp,
) -> Result<(), StoreError> {
    scope.query(WORKED).bind(user.0).bind(address.to_vec()).bind(at.0).execute().await?;
    Ok(())
}

/// How many break-glass users there are, counted up to `most`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn break_glass(scope: &mut Scope<'_>, most: i64) -> Result<i64, StoreError> {
    Ok(scope.query(BREAK_GLASS).bind(most).one::<(i64,)>().await?.0)
}
