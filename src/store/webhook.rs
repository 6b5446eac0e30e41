//! Webhooks as they are kept.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::id::{OrganizationId, UserId, WebhookId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Status, Webhook};

macro_rules! columns {
    () => {
        "organization_id, id, name, url, types, status, secret, old_secret, old_until, creator_id,
            creator_left, position, failing_since, version, created_at, updated_at"
    };
}

sql! {
    BY_ID = concat!("
        select ", columns!(), "
        from webhooks
        where organization_id = $1 and id = $2");
    /// Takes the next numbers of messages.
    NUMBER = "
        update webhooks
        set laid = laid + $3
        where organization_id = $1 and id = $2
        returning laid";
    PAGE = concat!("
        select ", columns!(), "
        from webhooks
        where organization_id = $1 and (created_at, id) > ($2, $3)
        order by created_at, id
        limit $4 + 0");
    OF_CREATOR = concat!("
        select ", columns!(), "
        from webhooks
        where organization_id = $1 and creator_id = $2
        order by created_at, id
        limit $3 + 0");
    /// Active ones of all organizations for which events may wait.
    BEHIND = concat!("
        select ", columns!(), "
        from webhooks
        where status = 'active' and id > $1 and position < (
            select coalesce(max(e.position), 0)
            from events e
            where e.organization_id = webhooks.organization_id)
        order by id
        limit $2 + 0");
    HEAD = "
        select coalesce(max(position), 0) + 0
        from events
        where organization_id = $1";
    INSERT = "
        insert into webhooks (organization_id, id, name, url, types, status, secret, creator_id,
            creator_left, position, laid, version, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, false, $9, 0, 1, $10, $10)";
    UPDATE = "
        update webhooks
        set name = $3, url = $4, types = $5, status = $6, secret = $7, old_secret = $8,
            old_until = $9, failing_since = $10, position = $11, updated_at = $12,
            version = version + 1
        where organization_id = $1 and id = $2 and version = $13";
    ADVANCE = "
        update webhooks
        set position = $3, laid = laid + $5
        where organization_id = $1 and id = $2 and position = $4 and status = 'active'
        returning laid";
    WORKED = "
        update webhooks
        set failing_since = null
        where organization_id = $1 and id = $2 and failing_since is not null";
    FAILED = "
        update webhooks
        set failing_since = $3
        where organization_id = $1 and id = $2 and failing_since is null";
    DISABLE = "
        update webhooks
        set status = 'disabled', updated_at = $3, version = version + 1
        where organization_id = $1 and id = $2 and status = 'active'";
    CREATOR_LEFT = "
        update webhooks
        set creator_left = true
        where organization_id = $1 and id = $2";
    DELETE = "
        delete from webhooks
        where organization_id = $1 and id = $2";
}

sql_by_engine! {
    /// Holds a webhook until commit: whoever lays messages ready, claims or finishes them goes one
    /// after another.
    HOLD = [
        "select ",
        (columns!()),
        " from webhooks
         where organization_id = $1 and id = $2",
        { " for no key update", "" },
    ];
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    id: Uuid,
    name: String,
    url: String,
    types: String,
    status: String,
    secret: Vec<u8>,
    old_secret: Option<Vec<u8>>,
    old_until: Option<i64>,
    creator_id: Option<Uuid>,
    creator_left: bool,
    position: i64,
    failing_since: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Webhook {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: WebhookId(row.id),
            name: row.name,
            url: row.url,
            types: serde_json::from_str(&row.types).map_err(|_| StoreError::unreadable("types"))?,
            status: Status::parse(&row.status).ok_or_else(|| StoreError::unreadable("status"))?,
            secret: row.secret,
            old_secret: row.old_secret.zip(row.old_until.map(Timestamp)),
            creator: row.creator_id.map(UserId),
            creator_left: row.creator_left,
            position: row.position,
            failing_since: row.failing_since.map(Timestamp),
            version: row.version,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

fn types(webhook: &Webhook) -> Result<String, StoreError> {
    serde_json::to_string(&webhook.types).map_err(|_| StoreError::unreadable("types"))
}

/// The webhook with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn by_id(scope: &mut Scope<'_>, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    scope.query(BY_ID).bind(id.0).optional::<Row>().await?.map(Webhook::try_from).transpose()
}

/// Holds the webhook with this id until commit.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn hold(scope: &mut Scope<'_>, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let row = scope.query_on(HOLD).bind(id.0).optional::<Row>().await?;
    row.map(Webhook::try_from).transpose()
}

/// Webhooks of the organization, oldest first.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn page(
    scope: &mut Scope<'_>,
    after: (Timestamp, WebhookId),
    limit: i64,
) -> Result<Vec<Webhook>, StoreError> {
    let query = scope.query(PAGE).bind(after.0.0).bind(after.1.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(Webhook::try_from).collect()
}

/// Webhooks that one person made.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_creator(
    scope: &mut Scope<'_>,
    creator: UserId,
    limit: i64,
) -> Result<Vec<Webhook>, StoreError> {
    let rows = scope.query(OF_CREATOR).bind(creator.0).bind(limit).all::<Row>().await?;
    rows.into_iter().map(Webhook::try_from).collect()
}

/// Active webhooks of all organizations for which events wait to be laid ready, by their ids after
/// `after`.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn behind(
    conn: &mut Conn<'_>,
    after: WebhookId,
    limit: i64,
) -> Result<Vec<(OrganizationId, Webhook)>, StoreError> {
    let rows = conn.query(BEHIND).bind(after.0).bind(limit).all::<Row>().await?;
    let read = |row: Row| Ok((OrganizationId(row.organization_id), Webhook::try_from(row)?));
    rows.into_iter().map(read).collect()
}

/// Where the feed ends now.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn head(scope: &mut Scope<'_>) -> Result<i64, StoreError> {
    Ok(scope.query(HEAD).one::<(i64,)>().await?.0)
}

/// Adds a webhook.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(scope: &mut Scope<'_>, new: &Webhook) -> Result<(), StoreError> {
    scope
        .query(INSERT)
        .bind(new.id.0)
        .bind(new.name.clone())
        .bind(new.url.clone())
        .bind(types(new)?)
        .bind(new.status.as_str())
        .bind(new.secret.clone())
        .bind(new.creator.map(|id| id.0))
        .bind(new.position)
        .bind(new.created_at.0)
        .execute()
        .await?;
    Ok(())
}

/// Writes a changed webhook; false when it changed meanwhile.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn update(scope: &mut Scope<'_>, changed: &Webhook) -> Result<bool, StoreError> {
    let (old_secret, old_until) = changed.old_secret.clone().unzip();
    let query = scope
        .query(UPDATE)
        .bind(changed.id.0)
        .bind(changed.name.clone())
        .bind(changed.url.clone())
        .bind(types(changed)?)
        .bind(changed.status.as_str())
        .bind(changed.secret.clone())
        .bind(old_secret)
        .bind(old_until.map(|until: Timestamp| until.0))
        .bind(changed.failing_since.map(|since| since.0))
        .bind(changed.position)
        .bind(changed.updated_at.0)
        .bind(changed.version);
    Ok(query.execute().await? == 1)
}

/// Notes that events up to a position are laid ready by so many messages; answers the number of
/// the last message, or `None` when somebody else has done so.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn advance(
    scope: &mut Scope<'_>,
    id: WebhookId,
    (from, to): (i64, i64),
    count: i64,
) -> Result<Option<i64>, StoreError> {
    let query = scope.query(ADVANCE).bind(id.0).bind(to).bind(from).bind(count);
    Ok(query.optional::<(i64,)>().await?.map(|(last,)| last))
}

/// Takes numbers for so many messages; answers the last one.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn number(scope: &mut Scope<'_>, id: WebhookId, count: i64) -> Result<i64, StoreError> {
    Ok(scope.query(NUMBER).bind(id.0).bind(count).one::<(i64,)>().await?.0)
}

/// Notes that a message came through, or (`since`) that one did not.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn came(
    scope: &mut Scope<'_>,
    id: WebhookId,
    since: Option<Timestamp>,
) -> Result<(), StoreError> {
    match since {
        None => scope.query(WORKED).bind(id.0).execute().await?,
        Some(at) => scope.query(FAILED).bind(id.0).bind(at.0).execute().await?,
    };
    Ok(())
}

/// Switches a webhook off.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn disable(
    scope: &mut Scope<'_>,
    id: WebhookId,
    at: Timestamp,
) -> Result<(), StoreError> {
    scope.query(DISABLE).bind(id.0).bind(at.0).execute().await?;
    Ok(())
}

/// Notes that whoever made a webhook has left.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn creator_left(scope: &mut Scope<'_>, id: WebhookId) -> Result<(), StoreError> {
    scope.query(CREATOR_LEFT).bind(id.0).execute().await?;
    Ok(())
}

/// Removes a webhook with its deliveries; answers whether it was there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn delete(scope: &mut Scope<'_>, id: WebhookId) -> Result<bool, StoreError> {
    Ok(scope.query(DELETE).bind(id.0).execute().await? == 1)
}
