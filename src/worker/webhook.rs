//! Webhooks: events of the feed are laid ready, and messages sent, each endpoint for itself.
//!
//! An endpoint that stalls keeps a task of its own busy and nobody else. A process that dies frees
//! its claims by the clock: a message may come twice, under one id, and none is lost.

use std::collections::HashMap;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{wait, write};
use crate::domain::id::{OrganizationId, WebhookId};
use crate::domain::webhook::{KEPT_S, Status};
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::flow::webhook::{self, Sent};
use crate::outbound::http::Guarded;
use crate::outbound::webhook::{Message, send};
use crate::store;
use crate::store::webhook_delivery::Delivery;

/// How often the loops look, in milliseconds.
const POLL_MS: u64 = 250;
/// Webhooks that are looked at together.
const AT_ONCE: i64 = 100;
/// Endpoints that are told at once.
const ENDPOINTS_MAX: usize = 200;
/// Messages of one endpoint that are sent at once: each of another subject.
const MESSAGES: i64 = 10;
/// How long a claim lasts, in seconds: longer than an endpoint may take.
const CLAIM_S: i64 = 30;
/// How often finished messages are forgotten, in rounds.
const SWEEP_ROUNDS: u32 = 240;
/// Rows that one sweep takes.
const SWEPT: i64 = 1_000;

/// Lays events ready until the token says to stop.
pub async fn lay_ready(runner: Runner, stop: CancellationToken) {
    let mut rounds = 0_u32;
    loop {
        match lay_round(&runner).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(problem) => tracing::warn!(problem = %problem, "webhooks could not be made ready"),
        }
        rounds = rounds.wrapping_add(1);
        if rounds.is_multiple_of(SWEEP_ROUNDS) {
            sweep(&runner).await;
        }
        if !wait(&stop, POLL_MS).await {
            return;
        }
    }
}

/// One round over all webhooks; answers whether more may wait.
async fn lay_round(runner: &Runner) -> Result<bool, Problem> {
    let (mut after, mut more) = (WebhookId(Uuid::nil()), false);
    loop {
        let conn = &mut runner.db.conn();
        let behind = store::webhook::behind(conn, after, AT_ONCE).await?;
        let Some((_, last)) = behind.last() else { return Ok(more) };
        after = last.id;
        for (organization, one) in behind {
            more |= webhook::lay_ready(runner, organization, one).await?;
        }
    }
}

async fn sweep(runner: &Runner) {
    let before = runner.clock.now().plus_s(-KEPT_S);
    let swept = write(&runner.db, move |conn| {
        Box::pin(async move { store::webhook_delivery::sweep(conn, before, SWEPT).await })
    });
    if let Err(problem) = swept.await {
        tracing::warn!(problem = %problem, "old messages of webhooks could not be swept");
    }
}

/// Sends messages until the token says to stop.
pub async fn deliver(runner: Runner, client: Guarded, stop: CancellationToken) {
    let mut endpoints: JoinSet<()> = JoinSet::new();
    let mut busy: HashMap<tokio::task::Id, WebhookId> = HashMap::new();
    loop {
        let now = runner.clock.now();
        match store::webhook_delivery::due(&mut runner.db.conn(), now, AT_ONCE).await {
            Ok(due) => {
                for (organization, id) in due {
                    if busy.len() < ENDPOINTS_MAX && !busy.values().any(|one| *one == id) {
                        let (runner, client) = (runner.clone(), client.clone());
                        let task = endpoints.spawn(async move {
                            endpoint(&runner, &client, (organization, id)).await;
                        });
                        busy.insert(task.id(), id);
                    }
                }
            }
            Err(error) => tracing::warn!(error = %error, "webhooks could not be looked at"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(done) = endpoints.join_next_with_id(), if !endpoints.is_empty() => {
                let task = done.map_or_else(|error| error.id(), |(task, ())| task);
                busy.remove(&task);
            }
            () = tokio::time::sleep(std::time::Duration::from_millis(POLL_MS)) => {}
        }
    }
    while endpoints.join_next().await.is_some() {}
}

/// Sends what is due to one endpoint, a handful at once.
async fn endpoint(runner: &Runner, client: &Guarded, of: (OrganizationId, WebhookId)) {
    let sent = tell(runner, client, of).await;
    if let Err(problem) = sent {
        tracing::warn!(webhook.id = %of.1, problem = %problem, "a webhook could not be told");
    }
}

async fn tell(
    runner: &Runner,
    client: &Guarded,
    (organization, id): (OrganizationId, WebhookId),
) -> Result<(), Problem> {
    let now = runner.clock.now();
    let until = now.plus_s(CLAIM_S);
    let claimed = runner
        .write(crate::domain::actor::Actor::System, organization, move |work| {
            Box::pin(async move {
                let scope = &mut work.scope();
                Ok(store::webhook_delivery::claim(scope, id, (now, until), MESSAGES).await?)
            })
        })
        .await?;
    let found = store::webhook::by_id(&mut runner.read(organization), id).await?;
    let Some(found) = found.filter(|found| found.status == Status::Active) else { return Ok(()) };
    let secrets = webhook::secrets(&runner.seal, organization, &found, now)?;
    let messages = claimed.into_iter().map(|one| {
        let (secrets, url) = (&secrets, found.url.as_str());
        async move { one_message(runner, client, (url, secrets), one).await }
    });
    futures_util::future::join_all(messages).await;
    Ok(())
}

async fn one_message(
    runner: &Runner,
    client: &Guarded,
    (url, secrets): (&str, &[Vec<u8>]),
    delivery: Delivery,
) {
    let id = delivery.event.to_string();
    let message = Message { url, id: &id, body: &delivery.body };
    let (status, error) = send(client, &message, (secrets, runner.clock.now())).await;
    if let Err(problem) = webhook::came(runner, delivery, Sent { status, error }).await {
        tracing::warn!(problem = %problem, "what became of a message could not be written down");
    }
}
