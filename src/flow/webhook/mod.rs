//! Verbs on webhooks: make, change, rotate, test, replay, remove; and their messages.

mod message;
mod turn;

use super::announcement::notify_owners;
use super::condition::Condition;
use super::fields::Fields;
use super::problem::{Code, Problem};
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::id::{EventId, OrganizationId, UserId, WebhookId};
use crate::domain::mail::Notice;
use crate::domain::seal::{Place, Seal};
use crate::domain::sealed::Column;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{
    NAME_MAX, OVERLAP_S, Status, TYPES_MAX, URL_MAX, WEBHOOKS_MAX, Webhook, draw, shown,
};
use crate::store;

pub use message::{advance, lay_ready, replay, test};
pub use turn::{Sent, take};

/// Where secrets stand sealed.
const SECRET: Column = Column::WebhookSecret;
/// Webhooks of one creator who leaves that are flagged.
const FLAGGED_MAX: i64 = 100;

/// What a new webhook is given.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// What people call it.
    pub name: String,
    /// Where messages go; checked at the edge against what may be reached.
    pub url: String,
    /// Names of events; empty: all.
    pub types: Vec<String>,
}

/// A change: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// What people call it.
    pub name: Option<String>,
    /// Where messages go.
    pub url: Option<String>,
    /// Names of events.
    pub types: Option<Vec<String>>,
    /// `active` or `disabled`.
    pub status: Option<String>,
}

fn sealed(work: &Work, id: WebhookId, secret: &[u8]) -> Result<Vec<u8>, Problem> {
    let place = Place { column: SECRET, row: id.0, organization: work.organization };
    work.seal.seal(work.rng, place, secret).map_err(Problem::internal)
}

/// The secrets that sign now: the new one, and the old one while it overlaps.
///
/// # Errors
/// 500 when no key opens them.
pub fn secrets(
    seal: &Seal,
    organization: OrganizationId,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<Vec<Vec<u8>>, Problem> {
    let place = Place { column: SECRET, row: webhook.id.0, organization };
    let mut secrets = vec![seal.open(place, &webhook.secret).map_err(Problem::internal)?];
    if let Some((old, until)) = &webhook.old_secret
        && now < *until
    {
        secrets.push(seal.open(place, old).map_err(Problem::internal)?);
    }
    Ok(secrets)
}

fn check(fields: &mut Fields, webhook: &Webhook) {
    fields.text("/name", &webhook.name, NAME_MAX);
    fields.text("/url", &webhook.url, URL_MAX);
    if webhook.types.len() > TYPES_MAX {
        fields.wrong("/types", "length", format!("At most {TYPES_MAX} names of events."));
    }
    let is_name = |name: &String| {
        (1..=NAME_MAX).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b))
    };
    for (at, name) in webhook.types.iter().enumerate().take(TYPES_MAX) {
        if !is_name(name) {
            let detail = "A name of an event is like `user.created`.";
            fields.wrong(&format!("/types/{at}"), "value", detail);
        }
    }
}

/// Makes a webhook and answers its secret: the only time it is shown. It is told what happens from
/// now on.
///
/// # Errors
/// 422 for fields that do not fit; 409 for more than there may be.
pub async fn create(work: &mut Work, new: &New) -> Result<(Webhook, String), Problem> {
    let (id, secret): (WebhookId, _) = (work.id(), draw(work.rng));
    let webhook = Webhook {
        id,
        name: new.name.clone(),
        url: new.url.clone(),
        types: new.types.clone(),
        status: Status::Active,
        secret: sealed(work, id, &secret)?,
        old_secret: None,
        creator: match work.actor {
            Actor::User(id) => Some(id),
            _ => None,
        },
        creator_left: false,
        position: store::webhook::head(&mut work.scope()).await?,
        failing_since: None,
        version: 1,
        created_at: work.at,
        updated_at: work.at,
    };
    let mut fields = Fields::new();
    check(&mut fields, &webhook);
    fields.done()?;
    store::organization::hold(&mut work.scope()).await?;
    let start = (Timestamp(i64::MIN), WebhookId(uuid::Uuid::nil()));
    let there = store::webhook::page(&mut work.scope(), start, WEBHOOKS_MAX).await?;
    if i64::try_from(there.len()).unwrap_or(i64::MAX) >= WEBHOOKS_MAX {
        let detail = format!("An organization has at most {WEBHOOKS_MAX} webhooks.");
        return Err(Problem::new(Code::Conflict, detail));
    }
    store::webhook::insert(&mut work.scope(), &webhook).await?;
    work.record(Happened::to("webhook.created", "webhook", id));
    Ok((webhook, shown(&secret)))
}

/// Holds the webhook: its messages change with it.
async fn load(work: &mut Work, id: WebhookId) -> Result<Webhook, Problem> {
    let found = store::webhook::hold(&mut work.scope(), id).await?;
    found.ok_or_else(|| Problem::not_found("webhook"))
}

async fn save(work: &mut Work, changed: Webhook) -> Result<Webhook, Problem> {
    let changed = Webhook { updated_at: work.at, ..changed };
    if !store::webhook::update(&mut work.scope(), &changed).await? {
        return Err(Problem::stale());
    }
    Ok(Webhook { version: changed.version + 1, ..changed })
}

/// Changes a webhook. One that is switched on again is told what happens from now on.
///
/// # Errors
/// 404, 412, 422.
pub async fn change(
    work: &mut Work,
    id: WebhookId,
    condition: &Condition,
    patch: &Patch,
) -> Result<Webhook, Problem> {
    let found = load(work, id).await?;
    condition.meet(found.version)?;
    let mut fields = Fields::new();
    let mut changed = found.clone();
    changed.name = patch.name.clone().unwrap_or(changed.name);
    changed.url = patch.url.clone().unwrap_or(changed.url);
    changed.types = patch.types.clone().unwrap_or(changed.types);
    if let Some(word) = &patch.status {
        let detail = "status is `active` or `disabled`.";
        let status = fields.found(Status::parse(word), "/status", "value", detail);
        changed.status = status.unwrap_or(changed.status);
    }
    check(&mut fields, &changed);
    fields.done()?;
    if changed == found {
        return Ok(found);
    }
    if changed.status == Status::Active && found.status == Status::Disabled {
        changed.position = store::webhook::head(&mut work.scope()).await?;
        changed.failing_since = None;
    }
    if changed.status == Status::Disabled {
        let at = work.at;
        let why = "the webhook was switched off";
        store::webhook_turn::drop_pending(&mut work.scope(), id, why, at).await?;
    }
    work.record(Happened::to("webhook.updated", "webhook", id));
    save(work, changed).await
}

/// Draws a new secret and answers it; the old one signs too for a day.
///
/// # Errors
/// 404.
pub async fn rotate(work: &mut Work, id: WebhookId) -> Result<(Webhook, String), Problem> {
    let found = load(work, id).await?;
    let secret = draw(work.rng);
    let old_secret = Some((found.secret.clone(), work.at.plus_s(OVERLAP_S)));
    let changed = Webhook { secret: sealed(work, id, &secret)?, old_secret, ..found };
    work.record(Happened::to("webhook.secret_rotated", "webhook", id));
    Ok((save(work, changed).await?, shown(&secret)))
}

/// Removes a webhook with its messages.
///
/// # Errors
/// 404.
pub async fn remove(work: &mut Work, id: WebhookId) -> Result<(), Problem> {
    if !store::webhook::delete(&mut work.scope(), id).await? {
        return Err(Problem::not_found("webhook"));
    }
    work.record(Happened::to("webhook.removed", "webhook", id));
    Ok(())
}

/// Somebody leaves: webhooks that she made are flagged and told of; they go on.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn creator_left(work: &mut Work, user: UserId) -> Result<(), Problem> {
    let made = store::webhook::of_creator(&mut work.scope(), user, FLAGGED_MAX).await?;
    for webhook in made.iter().filter(|webhook| !webhook.creator_left) {
        store::webhook::creator_left(&mut work.scope(), webhook.id).await?;
        work.record(Happened::to("webhook.creator_left", "webhook", webhook.id));
        notify_owners(work, &webhook.name, Notice::WebhookCreatorLeft).await?;
    }
    Ok(())
}

/// What a replay names: one event, or all that happened between two instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// One event.
    One(EventId),
    /// From an instant on, and before another.
    Between(Timestamp, Timestamp),
}
