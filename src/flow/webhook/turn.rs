//! A turn of an endpoint: what became of messages is written down, and the next ones are claimed.
//!
//! Both are one transaction that holds the webhook, so that two processes send nothing twice, and
//! many messages cost few commits.

use crate::domain::event::Happened;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::webhook::{CLAIM_S, FAILING_S, Status, Webhook, wait_s};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;
use crate::store::webhook_delivery::Delivery;

/// The status by which an endpoint says that it wants nothing any more.
const GONE: u16 = 410;

/// What an endpoint answered to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The message.
    pub delivery: Delivery,
    /// The status of its answer, if it gave one.
    pub status: Option<u16>,
    /// What went wrong; `None` when it took the message.
    pub error: Option<String>,
}

/// Writes down what became of messages and claims at most `slots` that are due. `None` when there
/// is nothing to be told any more. An endpoint that says 410 is switched off, and so is one that
/// has failed for days.
///
/// # Errors
/// 503 when the database does not answer: what was sent is sent once more then.
pub async fn take(
    work: &mut Work,
    id: WebhookId,
    sent: &[Sent],
    slots: i64,
) -> Result<Option<(Webhook, Vec<Delivery>)>, Problem> {
    let found = store::webhook::hold(&mut work.scope(), id).await?;
    let Some(webhook) = found else { return Ok(None) };
    if !sent.is_empty() {
        note(work, &webhook, sent).await?;
        if switch_off(work, &webhook, sent).await? {
            return Ok(None);
        }
    }
    if webhook.status == Status::Disabled {
        return Ok(None);
    }
    if slots == 0 {
        return Ok(Some((webhook, Vec::new())));
    }
    let span = (work.at, work.at.plus_s(CLAIM_S));
    let claimed = store::webhook_turn::claim(&mut work.scope(), id, span, slots).await?;
    Ok(Some((webhook, claimed)))
}

async fn note(work: &mut Work, webhook: &Webhook, sent: &[Sent]) -> Result<(), Problem> {
    let (at, mut over) = (work.at, Vec::with_capacity(sent.len()));
    let mut taken: Vec<(DeliveryId, Option<i64>)> = Vec::with_capacity(sent.len());
    for one in sent {
        let status = one.status.map(i64::from);
        let Some(error) = &one.error else {
            taken.push((one.delivery.id, status));
            over.push(one.delivery.subject.as_str());
            continue;
        };
        let why = (status, error.as_str());
        if let Some(wait) = wait_s(one.delivery.attempts, work.rng) {
            let run_at = at.plus_s(wait);
            let scope = &mut work.scope();
            store::webhook_turn::again(scope, &one.delivery, why, run_at).await?;
        } else {
            let scope = &mut work.scope();
            store::webhook_turn::fail(scope, one.delivery.id, why, at).await?;
            over.push(one.delivery.subject.as_str());
        }
    }
    let scope = &mut work.scope();
    store::webhook_turn::delivered(scope, webhook.id, &taken, at).await?;
    store::webhook_turn::promote(scope, webhook.id, &over, at).await?;
    match (taken.is_empty(), webhook.failing_since) {
        (false, Some(_)) => store::webhook::came(scope, webhook.id, None).await?,
        (true, None) => store::webhook::came(scope, webhook.id, Some(at)).await?,
        _ => {}
    }
    Ok(())
}

/// Answers whether the webhook is switched off now.
async fn switch_off(work: &mut Work, webhook: &Webhook, sent: &[Sent]) -> Result<bool, Problem> {
    let gone = sent.iter().any(|one| one.status == Some(GONE));
    let worked = sent.iter().any(|one| one.error.is_none());
    let since = webhook.failing_since.filter(|_| !worked);
    let for_days = since.is_some_and(|since| since.plus_s(FAILING_S) <= work.at);
    if !(gone || for_days) || webhook.status == Status::Disabled {
        return Ok(false);
    }
    let (id, at) = (webhook.id, work.at);
    store::webhook::disable(&mut work.scope(), id, at).await?;
    let why = if gone {
        "the endpoint answered 410: it wants nothing any more"
    } else {
        "the webhook failed for days and was switched off"
    };
    store::webhook_turn::drop_pending(&mut work.scope(), id, why, at).await?;
    work.record(Happened::to("webhook.disabled", "webhook", id).named(&webhook.name));
    Ok(true)
}
