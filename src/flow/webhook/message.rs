//! Messages of webhooks: laid ready in the order of the feed, and what became of them.

use serde_json::{Value, json};

use super::{Replayed, load};
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::id::{DeliveryId, EventId, OrganizationId, WebhookId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{FAILING_S, REPLAYED_MAX, Status, Webhook, wait_s};
use crate::flow::problem::{Code, Problem};
use crate::flow::runner::Runner;
use crate::flow::work::Work;
use crate::store;
use crate::store::event::Placed;
use crate::store::webhook_delivery::{Delivery, New, State};

/// Events that are laid ready at once.
const EVENTS_AT_ONCE: i64 = 500;
/// What a test tells.
pub const TEST: &str = "webhook.test";

/// An event as it is told: the same as in the feed.
fn body(organization: OrganizationId, event: &Placed) -> Value {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    let mut actor = json!({"kind": event.actor.kind, "id": event.actor.id});
    if let (Some(actor), Some(token)) = (actor.as_object_mut(), &event.token_id) {
        actor.insert("token_id".to_owned(), json!(token));
    }
    json!({
        "id": event.id.to_string(),
        "type": event.name,
        "occurred_at": event.occurred_at.to_string(),
        "organization_id": organization.to_string(),
        "request_id": event.request_id,
        "actor": actor,
        "subject": {"kind": event.subject.0, "id": event.subject.1},
        "data": data,
    })
}

fn message(id: DeliveryId, organization: OrganizationId, event: &Placed) -> New {
    New {
        id,
        event: event.id,
        event_name: event.name.clone(),
        subject: format!("{}:{}", event.subject.0, event.subject.1),
        body: body(organization, event).to_string(),
    }
}

/// Ids that sort in the order in which they are used: drawn at one instant they would not.
fn ids(work: &Work, count: usize) -> Vec<DeliveryId> {
    let mut ids: Vec<DeliveryId> = (0..count).map(|_| work.id()).collect();
    ids.sort_unstable();
    ids
}

/// Lays events of the feed ready that a webhook has not been told; answers whether more may wait.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn lay_ready(
    runner: &Runner,
    organization: OrganizationId,
    webhook: Webhook,
) -> Result<bool, Problem> {
    let scope = &mut runner.read(organization);
    let from = webhook.position;
    // Positions of all, so that what is not wanted is passed over for good.
    let events = store::event::after(scope, from, &[], EVENTS_AT_ONCE).await?;
    let Some(last) = events.last().map(|event| event.position) else { return Ok(false) };
    let more = i64::try_from(events.len()).is_ok_and(|count| count == EVENTS_AT_ONCE);
    let wanted = |event: &Placed| webhook.types.is_empty() || webhook.types.contains(&event.name);
    let events: Vec<Placed> = events.into_iter().filter(wanted).collect();
    let id = webhook.id;
    runner
        .write(Actor::System, organization, move |work| {
            let events = events.clone();
            Box::pin(async move { advance(work, id, (from, last), &events).await })
        })
        .await?;
    Ok(more)
}

/// Lays these events ready, if nobody else has done so since they were read.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn advance(
    work: &mut Work,
    id: WebhookId,
    span: (i64, i64),
    events: &[Placed],
) -> Result<(), Problem> {
    if !store::webhook::advance(&mut work.scope(), id, span).await? {
        return Ok(());
    }
    lay(work, id, events).await
}

async fn lay(work: &mut Work, id: WebhookId, events: &[Placed]) -> Result<(), Problem> {
    let (at, organization) = (work.at, work.organization);
    for (own, event) in ids(work, events.len()).into_iter().zip(events) {
        let new = message(own, organization, event);
        store::webhook_delivery::insert(&mut work.scope(), id, &new, at).await?;
    }
    Ok(())
}

/// Sends a message that tells nothing but that it came through.
///
/// # Errors
/// 404; 409 for a webhook that is switched off.
pub async fn test(work: &mut Work, id: WebhookId) -> Result<DeliveryId, Problem> {
    open(work, id).await?;
    let (own, event): (DeliveryId, EventId) = (work.id(), work.id());
    let body = json!({
        "id": event.to_string(),
        "type": TEST,
        "occurred_at": work.at.to_string(),
        "organization_id": work.organization.to_string(),
        "actor": work.actor.reference(),
        "subject": {"kind": "webhook", "id": id.to_string()},
        "data": {},
    });
    let new = New {
        id: own,
        event,
        event_name: TEST.to_owned(),
        subject: format!("test:{event}"),
        body: body.to_string(),
    };
    let at = work.at;
    store::webhook_delivery::insert(&mut work.scope(), id, &new, at).await?;
    Ok(own)
}

async fn open(work: &mut Work, id: WebhookId) -> Result<Webhook, Problem> {
    let webhook = load(work, id).await?;
    if webhook.status == Status::Disabled {
        return Err(Problem::new(Code::Conflict, "The webhook is switched off."));
    }
    Ok(webhook)
}

/// Tells events once more; answers how many.
///
/// # Errors
/// 404 for a webhook or event that is not there; 409 for a webhook that is switched off; 422 for
/// more events than one replay may name.
pub async fn replay(work: &mut Work, id: WebhookId, what: Replayed) -> Result<usize, Problem> {
    let webhook = open(work, id).await?;
    let scope = &mut work.scope();
    let mut events = match what {
        Replayed::One(event) => {
            let at = store::event::position_of(scope, event).await?;
            let at = at.ok_or_else(|| Problem::not_found("event"))?;
            store::event::after(scope, at - 1, &[], 1).await?
        }
        Replayed::Between(from, to) => {
            store::event::between(scope, (from, to), REPLAYED_MAX + 1).await?
        }
    };
    if i64::try_from(events.len()).unwrap_or(i64::MAX) > REPLAYED_MAX {
        let detail =
            format!("At most {REPLAYED_MAX} events are told at once: name a shorter span.");
        return Err(Problem::invalid("/to", "length", detail));
    }
    let one = matches!(what, Replayed::One(_));
    events.retain(|event| one || webhook.types.is_empty() || webhook.types.contains(&event.name));
    lay(work, id, &events).await?;
    work.record(Happened::to("webhook.replayed", "webhook", id).with("count", events.len()));
    Ok(events.len())
}

/// What an endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The status of its answer, if it gave one.
    pub status: Option<u16>,
    /// What went wrong; `None` when it took the message.
    pub error: Option<String>,
}

/// Writes down what became of a message. An endpoint that says 410 wants none any more; one that
/// has failed for days is switched off.
///
/// # Errors
/// 503 when the database does not answer: the message is sent once more then.
pub async fn came(runner: &Runner, delivery: Delivery, sent: Sent) -> Result<(), Problem> {
    runner
        .write(Actor::System, delivery.organization, move |work| {
            let (delivery, sent) = (delivery.clone(), sent.clone());
            Box::pin(async move { note(work, &delivery, &sent).await })
        })
        .await
}

async fn note(work: &mut Work, delivery: &Delivery, sent: &Sent) -> Result<(), Problem> {
    let (at, status) = (work.at, sent.status.map(i64::from));
    let Some(error) = &sent.error else {
        let done = (State::Delivered, status, None);
        store::webhook_delivery::finish(&mut work.scope(), delivery.id, done, at).await?;
        store::webhook::came(&mut work.scope(), delivery.webhook, None).await?;
        return Ok(());
    };
    store::webhook::came(&mut work.scope(), delivery.webhook, Some(at)).await?;
    match wait_s(delivery.attempts, work.rng) {
        Some(wait) => {
            let run_at = at.plus_s(wait);
            let why = (status, error.as_str());
            store::webhook_delivery::again(&mut work.scope(), delivery.id, why, run_at).await?;
        }
        None => {
            let done = (State::Failed, status, Some(error.as_str()));
            store::webhook_delivery::finish(&mut work.scope(), delivery.id, done, at).await?;
        }
    }
    let since = if sent.status == Some(GONE) { at } else { at.plus_s(-FAILING_S) };
    switch_off(work, delivery.webhook, (at, since)).await
}

/// The status by which an endpoint says that it wants nothing any more.
const GONE: u16 = 410;

async fn switch_off(
    work: &mut Work,
    id: WebhookId,
    span: (Timestamp, Timestamp),
) -> Result<(), Problem> {
    if !store::webhook::disable(&mut work.scope(), id, span).await? {
        return Ok(());
    }
    let why = "the webhook failed for days and was switched off";
    store::webhook_delivery::drop_pending(&mut work.scope(), id, why, span.0).await?;
    let webhook = load(work, id).await?;
    work.record(Happened::to("webhook.disabled", "webhook", id).named(&webhook.name));
    Ok(())
}
