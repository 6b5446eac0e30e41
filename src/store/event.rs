//! Events: written with what they tell, placed in the feed after commit.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::change;
use super::db::Conn;
use super::error::StoreError;
use super::scope::Scope;
use crate::domain::actor::ActorRef;
use crate::domain::change::Change;
use crate::domain::event::Event;
use crate::domain::id::{EventId, UserId};
use crate::domain::time::Timestamp;

sql! {
    ARE_UNPLACED = "
        select count(*)
        from (
            select id
            from events
            where position is null
            limit 1) as one";
    /// Places the oldest events without a place behind the last one of their feeds. What follows
    /// from something began after it was committed, so instants tell their order; events of one
    /// work have ids in theirs.
    PLACE = "
        with unplaced as (
            select id, organization_id, occurred_at
            from events
            where position is null
            order by occurred_at, id
            limit $1 + 0),
        ends as materialized (
            select feed.organization_id, coalesce((
                    select max(e.position)
                    from events e
                    where e.organization_id = feed.organization_id), 0) as last
            from (select distinct organization_id from unplaced) as feed),
        placed as (
            select u.id, ends.last + row_number() over (
                    partition by u.organization_id
                    order by u.occurred_at, u.id) as place
            from unplaced u
            join ends on ends.organization_id = u.organization_id)
        update events
        set position = placed.place
        from placed
        where events.id = placed.id";
    POSITION_OF = "
        select position
        from events
        where organization_id = $1 and id = $2 and position is not null";
    BETWEEN = "
        select id, position, name, occurred_at, actor, subject_kind, subject_id, data
        from events
        where organization_id = $1 and position > 0 and occurred_at >= $2 and occurred_at < $3
        order by position
        limit $4 + 0";
    AFTER = "
        select id, position, name, occurred_at, actor, subject_kind, subject_id, data
        from events
        where organization_id = $1 and position > $2
            and ($3 = '' or $3 like '%|' || name || '|%')
        order by position
        limit $4 + 0";
    ENDS = "
        select coalesce((
                select min(position)
                from events
                where organization_id = $1 and position > 0), 0),
            coalesce((
                select max(position)
                from events
                where organization_id = $1), 0)";
    /// What happened to a person, and what she did: no index leads there, so a part of the feed is
    /// looked through.
    OF_PERSON = "
        select id, position, name, occurred_at, actor, subject_kind, subject_id, data
        from events
        where organization_id = $1 and position > $3 and position <= $4
            and ((subject_kind = 'user' and subject_id = $2) or actor like '%' || $2 || '%')
        order by position desc
        limit $5 + 0";
}

sql_by_engine! {
    /// SQLite has one writer, so events get their places at once; on PostgreSQL transactions
    /// commit in another order than they write, and the sequencer places them after commit.
    ///
    /// Changes of access go in the same breath: the number of a user's newest one is the version of
    /// her access, which events about that tell. Whoever changes her access holds her row, so
    /// numbers of one user are drawn in the order of their commits.
    INSERT = [
        { "with changed as (", "" },
        "insert into access_changes (organization_id, kind, key, user_id, at)
         select $1, value->>0, value->>1, ",
        {
            "(value->>2)::uuid, $3::bigint
             from jsonb_array_elements($5::jsonb)
             returning id, user_id)",
            "unhex(value->>2), $3
             from json_each($5);",
        },
        " insert into events (organization_id, id, position, name, occurred_at, actor,
             subject_kind, subject_id, data)
         select $1, ",
        {
            "(value->>0)::uuid, null, value->>1, $3::bigint, $4::text, value->>2, value->>3,
                 case when value->>5 is null then value->>4 else ((value->>4)::jsonb
                     || jsonb_build_object('access_version', (
                         select max(id)
                         from (
                             select id
                             from changed
                             where user_id = (value->>5)::uuid
                             union all
                             (select c.id
                              from access_changes c
                              where c.user_id = (value->>5)::uuid
                              offset 0)) as known)))::text end
             from jsonb_array_elements($2::jsonb)",
            "unhex(value->>0), newest + key + 1, value->>1, $3, $4, value->>2, value->>3,
                 case when value->>5 is null then value->>4 else json_set(value->>4,
                     '$.access_version', (
                         select max(c.id)
                         from access_changes c
                         where c.user_id = unhex(value->>5))) end
             from json_each($2), (
                 select coalesce(max(e.position), 0) as newest
                 from events e
                 where e.organization_id = $1)",
        },
    ];
}

/// An event in its place in the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its id.
    pub id: EventId,
    /// Its place: what `after` counts by.
    pub position: i64,
    /// Dotted and past tense: `user.created`.
    pub name: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Who did it.
    pub actor: ActorRef,
    /// By which token of a directory.
    pub token_id: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// What it happened to: a noun and its id.
    pub subject: (String, String),
    /// Ids and names, as JSON.
    pub data: String,
}

/// Who did it and how, as one column keeps them.
#[derive(Serialize, Deserialize)]
struct By {
    #[serde(flatten)]
    actor: ActorRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    position: i64,
    name: String,
    occurred_at: i64,
    actor: String,
    subject_kind: String,
    subject_id: String,
    data: String,
}

impl TryFrom<Row> for Placed {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let by: By =
            serde_json::from_str(&row.actor).map_err(|_| StoreError::unreadable("actor"))?;
        Ok(Self {
            id: EventId(row.id),
            position: row.position,
            name: row.name,
            occurred_at: Timestamp(row.occurred_at),
            actor: by.actor,
            token_id: by.token_id,
            request_id: by.request_id,
            subject: (row.subject_kind, row.subject_id),
            data: row.data,
        })
    }
}

/// Whether any event has no place yet.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn are_unplaced(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    Ok(conn.query(ARE_UNPLACED).one::<(i64,)>().await?.0 > 0)
}

/// Gives at most `limit` events their places, oldest first; answers how many. One process at a
/// time does this: the caller holds the lease in the same transaction.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn place(conn: &mut Conn<'_>, limit: i64) -> Result<u64, StoreError> {
    conn.query(PLACE).bind(limit).execute().await
}

/// The feed after a position, in order: events of these names, or of all when none is named.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn after(
    scope: &mut Scope<'_>,
    position: i64,
    names: &[String],
    limit: i64,
) -> Result<Vec<Placed>, StoreError> {
    let wanted = if names.is_empty() { String::new() } else { format!("|{}|", names.join("|")) };
    let query = scope.query(AFTER).bind(position).bind(wanted).bind(limit);
    query.all::<Row>().await?.into_iter().map(Placed::try_from).collect()
}

/// What happened from an instant on and before another, in the order of the feed.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn between(
    scope: &mut Scope<'_>,
    (from, to): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<Placed>, StoreError> {
    let query = scope.query(BETWEEN).bind(from.0).bind(to.0).bind(limit);
    query.all::<Row>().await?.into_iter().map(Placed::try_from).collect()
}

/// The place of an event in the feed; `None` when there is no such event there.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn position_of(scope: &mut Scope<'_>, id: EventId) -> Result<Option<i64>, StoreError> {
    let row = scope.query(POSITION_OF).bind(id.0).optional::<(i64,)>().await?;
    Ok(row.map(|(position,)| position))
}

/// Adds what happened in one work, in order, and tells the other nodes what changed. Events of the
/// name `with_version` are about users, and get the versions of their access.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn insert(
    scope: &mut Scope<'_>,
    (events, with_version): (&[Event], &str),
    changes: &[Change],
) -> Result<(), StoreError> {
    let Some(first) = events.first() else { return Ok(()) };
    let by = By {
        actor: first.actor.clone(),
        token_id: first.token_id.map(|id| id.to_string()),
        request_id: first.request_id.clone(),
    };
    let actor = serde_json::to_string(&by).map_err(|_| StoreError::unreadable("actor"))?;
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let data =
            serde_json::to_string(&event.data).map_err(|_| StoreError::unreadable("data"))?;
        let id = event.id.0.simple().to_string();
        let (kind, subject) = (event.subject.0, event.subject.1.as_str());
        let user = (event.name == with_version).then(|| subject.replace('-', ""));
        rows.push((id, event.name, kind, subject, data, user));
    }
    let rows = serde_json::to_string(&rows).map_err(|_| StoreError::unreadable("events"))?;
    let query = scope.query_on(INSERT).bind(rows).bind(first.occurred_at.0).bind(actor);
    query.bind(change::rows(changes)?).execute().await?;
    Ok(())
}

/// What happened to a person, and what she did: the newest `limit` events, oldest first. The whole
/// feed is looked through, from its end on, in parts of so many places.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn of_person(
    scope: &mut Scope<'_>,
    user: UserId,
    (limit, part): (i64, i64),
) -> Result<Vec<Placed>, StoreError> {
    let (oldest, mut end) = scope.query(ENDS).one::<(i64, i64)>().await?;
    let mut rows: Vec<Row> = Vec::new();
    while end > 0 && end >= oldest {
        let left = limit.saturating_sub(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        if left <= 0 {
            break;
        }
        let start = end.saturating_sub(part.max(1));
        let query = scope.query(OF_PERSON).bind(user.to_string()).bind(start).bind(end).bind(left);
        rows.extend(query.all::<Row>().await?);
        end = start;
    }
    rows.into_iter().rev().map(Placed::try_from).collect()
}
