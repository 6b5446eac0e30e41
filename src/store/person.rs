//! What is kept of one person beyond the rows that go with her: read when she asks for it, and
//! forgotten with her.
//!
//! Journals, answers to repeated requests, waiting mail and members who are awaited have no key of
//! hers; each statement here is bounded by an index or by a number of rows.

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{DirectoryId, UserId};

sql! {
    /// The groups that she is a member of herself.
    GROUPS = "
        select g.id, g.display_name
        from members m
        join groups g on g.id = m.group_id
        where m.organization_id = $1 and m.user_id = $2
        order by g.id
        limit $3 + 0";
    /// What connections said of her.
    CLAIMS = "
        select connection_id, name, claim_values, at, expires_at
        from user_claims
        where organization_id = $1 and user_id = $2
        order by connection_id, name
        limit $3 + 0";
    /// Whom she may be one with.
    DUPLICATES = "
        select case when user_id = $2 then other_id else user_id end
        from duplicates
        where organization_id = $1 and (user_id = $2 or other_id = $2)
        order by id
        limit $3 + 0";
    /// Invites that she got, whatever became of them.
    INVITES = "
        select id
        from invites
        where organization_id = $1 and user_id = $2
        order by created_at, id
        limit $3 + 0";
    FORGET_INVITES = "
        delete from invites
        where organization_id = $1 and user_id = $2";
    /// What a sign-in of hers brought, sealed.
    FORGET_TRACES = "
        delete from sign_in_traces
        where organization_id = $1 and sign_in_id in (
            select id
            from sign_ins
            where organization_id = $1 and user_id = $2)";
    FORGET_TRACES_OF_ADDRESS = "
        delete from sign_in_traces
        where organization_id = $1 and sign_in_id in (
            select id
            from sign_ins
            where organization_id = $1 and connection_id = $2
                and (lower(email) = $3 or subject = $4))";
    FORGET_SUBJECT = "
        update sign_ins
        set subject = null, email = null, hint = null, user_id = null
        where organization_id = $1 and connection_id = $2 and subject = $3";
    /// Members who are awaited under her id, wherever.
    FORGET_AWAITED = "
        delete from pending_members
        where organization_id = $1 and value = $2 and directory_id in (
            select id
            from directories
            where organization_id = $1)";
    /// The same under the id that her directory has of her.
    FORGET_AWAITED_THERE = "
        delete from pending_members
        where organization_id = $1 and directory_id = $2 and value = $3";
    /// Answers to repeated requests that name her.
    FORGET_ANSWERS = "
        delete from idempotency_keys
        where body like '%' || $1 || '%'";
    /// Mail that waits to be sent to her, by the keyed digest of her address.
    FORGET_MAIL = "
        delete from outbox
        where kind = 'mail' and payload like '%' || $1 || '%'";
}

/// A claim as it is kept: connection, name, its values as JSON, since when and until when.
pub type Claim = (uuid::Uuid, String, String, i64, i64);

/// What is kept beside what has reads of its own.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Her groups, with their names.
    pub groups: Vec<(uuid::Uuid, String)>,
    /// What connections said of her.
    pub claims: Vec<Claim>,
    /// Whom she may be one with.
    pub duplicates: Vec<uuid::Uuid>,
    /// Invites that she got.
    pub invites: Vec<uuid::Uuid>,
}

/// What is kept of a user beside what has reads of its own, at most `limit` of each.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn beside(scope: &mut Scope<'_>, user: UserId, limit: i64) -> Result<Beside, StoreError> {
    let groups = scope.query(GROUPS).bind(user.0).bind(limit).all().await?;
    let claims = scope.query(CLAIMS).bind(user.0).bind(limit).all().await?;
    let one = |rows: Vec<(uuid::Uuid,)>| rows.into_iter().map(|(id,)| id).collect();
    let duplicates = one(scope.query(DUPLICATES).bind(user.0).bind(limit).all().await?);
    let invites = one(scope.query(INVITES).bind(user.0).bind(limit).all().await?);
    Ok(Beside { groups, claims, duplicates, invites })
}

/// Forgets what journals and lists keep of a user, before her row goes.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn forget(
    scope: &mut Scope<'_>,
    user: UserId,
    there: Option<(DirectoryId, &str)>,
) -> Result<(), StoreError> {
    scope.query(FORGET_AWAITED).bind(user.to_string()).execute().await?;
    if let Some((directory, external)) = there {
        let there = scope.query(FORGET_AWAITED_THERE).bind(directory.0);
        there.bind(external.to_owned()).execute().await?;
    }
    for sql in [FORGET_INVITES, FORGET_TRACES] {
        scope.query(sql).bind(user.0).execute().await?;
    }
    Ok(())
}

/// Forgets what sign-ins under a subject, or with an address, left at a connection: those in which
/// nobody knew that it was she.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn forget_subject(
    scope: &mut Scope<'_>,
    connection: uuid::Uuid,
    (subject, email_key): (&str, &str),
) -> Result<(), StoreError> {
    let traces = scope.query(FORGET_TRACES_OF_ADDRESS).bind(connection);
    traces.bind(email_key.to_owned()).bind(subject.to_owned()).execute().await?;
    scope.query(FORGET_SUBJECT).bind(connection).bind(subject.to_owned()).execute().await?;
    Ok(())
}

/// Forgets answers to repeated requests that name a user, and mail that waits for her.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn forget_waiting(
    conn: &mut Conn<'_>,
    user: UserId,
    addresses: &[String],
) -> Result<(), StoreError> {
    conn.query(FORGET_ANSWERS).bind(user.to_string()).execute().await?;
    for digest in addresses {
        conn.query(FORGET_MAIL).bind(digest.clone()).execute().await?;
    }
    Ok(())
}
