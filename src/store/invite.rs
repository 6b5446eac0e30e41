//! Invites: found by id, by the hash of their link, by address and by person.
//!
//! Whoever changes an invite holds the row of its user before, so that accepting, taking back and
//! superseding follow one another.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::actor::ActorRef;
use crate::domain::id::{InviteId, OrganizationId, UserId};
use crate::domain::invite::{Class, Delivery, Invite, Offered, State};
use crate::domain::language::Language;
use crate::domain::platform::LoginType;
use crate::domain::secret::SecretHash;
use crate::domain::time::Timestamp;
use crate::scim::fold;

macro_rules! columns {
    () => {
        "id, user_id, class, email, first_name, last_name, description, login_type, language,
            grants, state, token_hash, invited_by, inviter_id, imported, sends, delivery,
            delivery_error, opened_at, created_at, sent_at, expires_at, accepted_at"
    };
}

sql! {
    BY_ID = concat!("
        select ", columns!(), "
        from invites
        where organization_id = $1 and id = $2");
    OWNER_OF_TOKEN = "
        select organization_id, id
        from invites
        where token_hash = $1";
    PENDING_TO = concat!("
        select ", columns!(), "
        from invites
        where organization_id = $1 and class = $2 and email_key = $3 and state = 'pending'");
    PENDING_OF = concat!("
        select ", columns!(), "
        from invites
        where organization_id = $1 and user_id = $2 and state = 'pending'
        order by created_at, id
        limit $3 + 0");
    SENT_BY = concat!("
        select ", columns!(), "
        from invites
        where organization_id = $1 and inviter_id = $2 and state = 'pending'
        order by created_at, id
        limit $3 + 0");
    /// Those that began since an instant, beside imports.
    COUNT_SINCE = "
        select count(*)
        from (
            select id
            from invites
            where organization_id = $1 and created_at > $2 and not imported
            limit $3 + 0) as few";
    INSERT = "
        insert into invites (organization_id, id, user_id, class, email, email_key, first_name,
            last_name, description, login_type, language, grants, state, token_hash, invited_by,
            inviter_id, imported, sends, delivery, expiry_told, created_at, sent_at, expires_at,
            updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, false, $20, $21, $22, $20)";
    /// A new link in the place of the old one.
    RESEND = "
        update invites
        set token_hash = $3, invited_by = $4, inviter_id = $5, sends = sends + 1,
            delivery = 'queued', delivery_error = null, expiry_told = false, sent_at = $6,
            expires_at = $7, updated_at = $6
        where organization_id = $1 and id = $2 and state = 'pending'";
    END = "
        update invites
        set state = $3, accepted_at = $4, updated_at = $5,
            token_hash = case when $3 = 'accepted' then token_hash end
        where organization_id = $1 and id = $2 and state = 'pending'";
    SET_USER = "
        update invites
        set user_id = $3
        where organization_id = $1 and id = $2";
    OPENED = "
        update invites
        set opened_at = $3
        where organization_id = $1 and id = $2 and opened_at is null";
    DELIVERED = "
        update invites
        set delivery = $3, delivery_error = $4
        where organization_id = $1 and id = $2 and token_hash = $5";
    /// Pending ones that have run out and of which nobody was told.
    EXPIRED = "
        select organization_id, id
        from invites
        where state = 'pending' and not expiry_told and expires_at <= $1
        order by expires_at
        limit $2 + 0";
    EXPIRY_TOLD = "
        update invites
        set expiry_told = true
        where organization_id = $1 and id = $2 and state = 'pending' and not expiry_told
            and expires_at <= $3";
    /// Whatever was kept of a person who is to be forgotten.
    FORGET = "
        delete from invites
        where organization_id = $1 and email_key = $2";
}

#[derive(FromRow)]
pub(super) struct Row {
    id: Uuid,
    user_id: Option<Uuid>,
    class: String,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    description: Option<String>,
    login_type: Option<String>,
    language: String,
    grants: String,
    state: String,
    token_hash: Option<Vec<u8>>,
    invited_by: String,
    inviter_id: Option<Uuid>,
    imported: bool,
    sends: i64,
    delivery: String,
    delivery_error: Option<String>,
    opened_at: Option<i64>,
    created_at: i64,
    sent_at: i64,
    expires_at: i64,
    accepted_at: Option<i64>,
}

impl TryFrom<Row> for Invite {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let grants: Vec<Offered> =
            serde_json::from_str(&row.grants).map_err(|_| StoreError::unreadable("grants"))?;
        let invited_by: ActorRef = serde_json::from_str(&row.invited_by)
            .map_err(|_| StoreError::unreadable("invited_by"))?;
        Ok(Self {
            id: InviteId(row.id),
            user: row.user_id.map(UserId),
            class: Class::parse(&row.class).ok_or_else(|| StoreError::unreadable("class"))?,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            description: row.description,
            login_type: row.login_type.as_deref().and_then(LoginType::by_key),
            language: Language::parse(&row.language).unwrap_or_default(),
            grants,
            state: State::parse(&row.state).ok_or_else(|| StoreError::unreadable("state"))?,
            token: row.token_hash.as_deref().and_then(SecretHash::from_slice),
            invited_by,
            inviter: row.inviter_id.map(UserId),
            imported: row.imported,
            sends: row.sends,
            delivery: Delivery::parse(&row.delivery)
                .ok_or_else(|| StoreError::unreadable("delivery"))?,
            delivery_error: row.delivery_error,
            opened_at: row.opened_at.map(Timestamp),
            created_at: Timestamp(row.created_at),
            sent_at: Timestamp(row.sent_at),
            expires_at: Timestamp(row.expires_at),
            accepted_at: row.accepted_at.map(Timestamp),
        })
    }
}

fn many(rows: Vec<Row>) -> Result<Vec<Invite>, StoreError> {
    rows.into_iter().map(Invite::try_from).collect()
}

/// The invite with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: InviteId) -> Result<Option<Invite>, StoreError> {
    scope.query(BY_ID).bind(id.0).optional::<Row>().await?.map(Invite::try_from).transpose()
}

/// Whose link this is; a link is all that a browser brings.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn owner_of_token(
    conn: &mut Conn<'_>,
    token: SecretHash,
) -> Result<Option<(OrganizationId, InviteId)>, StoreError> {
    let query = conn.query(OWNER_OF_TOKEN).bind(token.0.to_vec());
    let row = query.optional::<(Uuid, Uuid)>().await?;
    Ok(row.map(|(organization, id)| (OrganizationId(organization), InviteId(id))))
}

/// The invite that waits for an address.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn pending_to(
    scope: &mut Scope<'_>,
    class: Class,
    email_key: &str,
) -> Result<Option<Invite>, StoreError> {
    let query = scope.query(PENDING_TO).bind(class.as_str()).bind(email_key.to_owned());
    query.optional::<Row>().await?.map(Invite::try_from).transpose()
}

/// Invites that wait for a user, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn pending_of(
    scope: &mut Scope<'_>,
    user: UserId,
    limit: i64,
) -> Result<Vec<Invite>, StoreError> {
    many(scope.query(PENDING_OF).bind(user.0).bind(limit).all().await?)
}

/// Invites that a user sent and that wait, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn sent_by(
    scope: &mut Scope<'_>,
    inviter: UserId,
    limit: i64,
) -> Result<Vec<Invite>, StoreError> {
    many(scope.query(SENT_BY).bind(inviter.0).bind(limit).all().await?)
}

/// How many invites began since an instant, beside imports, counted up to `most`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn count_since(
    scope: &mut Scope<'_>,
    since: Timestamp,
    most: i64,
) -> Result<i64, StoreError> {
    let query = scope.query(COUNT_SINCE).bind(since.0).bind(most);
    Ok(query.one::<(i64,)>().await?.0)
}

/// Adds an invite.
///
/// # Errors
/// [`StoreError::Unique`] (`invites_pending_key`) when one waits for this address already.
pub async fn insert(scope: &mut Scope<'_>, new: &Invite) -> Result<(), StoreError> {
    let grants = serde_json::to_string(&new.grants);
    let by = serde_json::to_string(&new.invited_by);
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.user.map(|id| id.0))
        .bind(new.class.as_str())
        .bind(new.email.clone())
        .bind(fold(&new.email))
        .bind(new.first_name.clone())
        .bind(new.last_name.clone())
        .bind(new.description.clone())
        .bind(new.login_type.map(LoginType::key))
        .bind(new.language.as_str())
        .bind(grants.map_err(|_| StoreError::unreadable("grants"))?)
        .bind(new.state.as_str())
        .bind(new.token.map(|hash| hash.0.to_vec()))
        .bind(by.map_err(|_| StoreError::unreadable("invited_by"))?)
        .bind(new.inviter.map(|id| id.0))
        .bind(new.imported)
        .bind(new.sends)
        .bind(new.delivery.as_str())
        .bind(new.created_at.0)
        .bind(new.sent_at.0)
        .bind(new.expires_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Gives a pending invite a new link and a new end; answers whether it was pending.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn resend(scope: &mut Scope<'_>, changed: &Invite) -> Result<bool, StoreError> {
    let by = serde_json::to_string(&changed.invited_by);
    let query = scope
        .query(RESEND)
        .bind(changed.id.0)
        .bind(changed.token.map(|hash| hash.0.to_vec()))
        .bind(by.map_err(|_| StoreError::unreadable("invited_by"))?)
        .bind(changed.inviter.map(|id| id.0))
        .bind(changed.sent_at.0)
        .bind(changed.expires_at.0);
    Ok(query.execute().await? == 1)
}

/// Ends a pending invite; answers whether it was pending. The link of an accepted one is kept, so
/// that whoever opens it again is told so.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn end(
    scope: &mut Scope<'_>,
    id: InviteId,
    state: State,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let accepted_at = (state == State::Accepted).then_some(at.0);
    let query = scope.query(END).bind(id.0).bind(state.as_str()).bind(accepted_at).bind(at.0);
    Ok(query.execute().await? == 1)
}

/// Notes whom an invite is for.
///
/// # Errors
/// [`StoreError::Reference`] when the user is gone.
pub async fn set_user(scope: &mut Scope<'_>, id: InviteId, user: UserId) -> Result<(), StoreError> {
    scope.query(SET_USER).bind(id.0).bind(user.0).execute().await?;
    Ok(())
}

/// Notes that the link was opened, the first time.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn opened(scope: &mut Scope<'_>, id: InviteId, at: Timestamp) -> Result<(), StoreError> {
    scope.query(OPENED).bind(id.0).bind(at.0).execute().await?;
    Ok(())
}

/// Notes how far the mail with this link has come; an older mail of the invite changes nothing.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delivered(
    scope: &mut Scope<'_>,
    (id, token): (InviteId, SecretHash),
    delivery: Delivery,
    error: Option<&str>,
) -> Result<(), StoreError> {
    let query = scope.query(DELIVERED).bind(id.0).bind(delivery.as_str());
    query.bind(error.map(str::to_owned)).bind(token.0.to_vec()).execute().await?;
    Ok(())
}

/// Pending invites of all organizations that have run out and of which nobody was told.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn expired(
    conn: &mut Conn<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(OrganizationId, InviteId)>, StoreError> {
    let rows = conn.query(EXPIRED).bind(now.0).bind(limit).all::<(Uuid, Uuid)>().await?;
    Ok(rows.into_iter().map(|(place, id)| (OrganizationId(place), InviteId(id))).collect())
}

/// Notes that the end of an invite is told; false when it was told before, or did not run out.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn expiry_told(
    scope: &mut Scope<'_>,
    id: InviteId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(scope.query(EXPIRY_TOLD).bind(id.0).bind(now.0).execute().await? == 1)
}

/// Forgets every invite to an address.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn forget(scope: &mut Scope<'_>, email_key: &str) -> Result<(), StoreError> {
    scope.query(FORGET).bind(email_key.to_owned()).execute().await?;
    Ok(())
}
