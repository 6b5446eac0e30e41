//! The journal of sign-ins of a connection, good and bad, newest first.

use sqlx::FromRow;
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{ConnectionId, SignInId, UserId};
use crate::domain::sign_in::Entry;
use crate::domain::time::Timestamp;

/// The word of a sign-in that succeeded.
const SIGNED_IN: &str = "signed_in";
/// The word of one that was refused.
const REFUSED: &str = "refused";

sql! {
    INSERT = "
        insert into sign_ins (organization_id, id, connection_id, at, outcome, step, code, rule,
            user_id, subject, email, hint, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    OF_USER = "
        select id, connection_id, at, step, code, rule, user_id, subject, email, hint, request_id
        from sign_ins
        where organization_id = $1 and user_id = $2
        order by at, id
        limit $3 + 0";
    /// What was kept of a person who is forgotten.
    FORGET = "
        update sign_ins
        set subject = null, email = null, hint = null, user_id = null
        where organization_id = $1 and user_id = $2";
    /// Whose journals there are.
    JOURNALS = "
        select id
        from connections
        where organization_id = $1";
    /// Where nobody knew that it was she, one journal at a time: its index leads to its entries.
    FORGET_ADDRESS = "
        update sign_ins
        set subject = null, email = null, hint = null, user_id = null
        where organization_id = $1 and connection_id = $2 and lower(email) = $3";
    PAGE = "
        select id, connection_id, at, step, code, rule, user_id, subject, email, hint, request_id
        from sign_ins
        where organization_id = $1 and connection_id = $2 and (at, id) < ($3, $4)
        order by at desc, id desc
        limit $5 + 0";
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    connection_id: Uuid,
    at: i64,
    step: String,
    code: Option<String>,
    rule: Option<String>,
    user_id: Option<Uuid>,
    subject: Option<String>,
    email: Option<String>,
    hint: Option<String>,
    request_id: String,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            id: SignInId(row.id),
            connection_id: ConnectionId(row.connection_id),
            at: Timestamp(row.at),
            code: row.code,
            step: row.step,
            rule: row.rule,
            user_id: row.user_id.map(UserId),
            subject: row.subject,
            email: row.email,
            hint: row.hint,
            request_id: row.request_id,
        }
    }
}

/// Adds an entry.
///
/// # Errors
/// [`StoreError::Reference`] when the connection is gone.
pub async fn insert(scope: &mut Scope<'_>, new: &Entry) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.connection_id.0)
        .bind(new.at.0)
        .bind(if new.code.is_none() { SIGNED_IN } else { REFUSED })
        .bind(new.step.clone())
        .bind(new.code.clone())
        .bind(new.rule.clone())
        .bind(new.user_id.map(|id| id.0))
        .bind(new.subject.clone())
        .bind(new.email.clone())
        .bind(new.hint.clone())
        .bind(new.request_id.clone())
        .execute()
        .await?;
    Ok(())
}

/// Entries of a connection, newest first, before the one at `before`; from the newest without one.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    connection: ConnectionId,
    before: Option<(Timestamp, SignInId)>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), SignInId(Uuid::max())));
    let query = scope.query(PAGE).bind(connection.0).bind(at.0).bind(id.0).bind(limit);
    Ok(query.all::<Row>().await?.into_iter().map(Entry::from).collect())
}

/// Entries about a user, oldest first: instant, outcome, subject and e-mail.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_user(
    scope: &mut Scope<'_>,
    user: UserId,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let rows = scope.query(OF_USER).bind(user.0).bind(limit).all::<Row>().await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Forgets whom entries about a user, or with her address, are about.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn forget(
    scope: &mut Scope<'_>,
    user: UserId,
    email_key: &str,
) -> Result<(), StoreError> {
    scope.query(FORGET).bind(user.0).execute().await?;
    for (connection,) in scope.query(JOURNALS).all::<(Uuid,)>().await? {
        let address = scope.query(FORGET_ADDRESS).bind(connection).bind(email_key.to_owned());
        address.execute().await?;
    }
    Ok(())
}
