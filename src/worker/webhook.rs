//! Webhooks: events of the feed are laid ready, and messages sent, each endpoint for itself.
//!
//! An endpoint that stalls keeps a task of its own busy and nobody else. A process that dies frees
//! its claims by the clock: a message may come twice, under one id, and none is lost.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{wait, write};
use crate::domain::actor::Actor;
use crate::domain::id::{OrganizationId, WebhookId};
use crate::domain::webhook::{AT_ONCE as MESSAGES_MAX, KEPT_S, Webhook};
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
/// How long a turn of one endpoint lasts at most.
const TURN: Duration = Duration::from_secs(15);
/// How often a turn looks whether more has come.
const POLL: Duration = Duration::from_millis(POLL_MS);
/// Before all webhooks.
const FIRST: WebhookId = WebhookId(Uuid::nil());
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
    let (mut after, mut more) = (FIRST, false);
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

/// Sends messages until the token says to stop. Endpoints take turns in the order of their ids, so
/// that those that stall, however many, delay no other for longer than their turns last.
pub async fn deliver(runner: Runner, client: Guarded, stop: CancellationToken) {
    let mut endpoints: JoinSet<()> = JoinSet::new();
    let mut busy: HashMap<tokio::task::Id, WebhookId> = HashMap::new();
    let mut after = FIRST;
    loop {
        let found = due(&runner, after).await;
        let more = i64::try_from(found.len()).is_ok_and(|count| count == AT_ONCE);
        after = found.last().filter(|_| more).map_or(FIRST, |(_, last)| *last);
        for (organization, id) in found {
            if busy.values().any(|one| *one == id) {
                continue;
            }
            while busy.len() >= ENDPOINTS_MAX {
                ended(&mut endpoints, &mut busy).await;
            }
            let (runner, client, stop) = (runner.clone(), client.clone(), stop.clone());
            let task = endpoints.spawn(async move {
                let told = Turn { runner: &runner, client: &client, stop: &stop };
                if let Err(problem) = told.run((organization, id)).await {
                    tracing::warn!(webhook.id = %id, problem = %problem,
                        "a webhook could not be told");
                }
            });
            busy.insert(task.id(), id);
        }
        if more && !stop.is_cancelled() {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = ended(&mut endpoints, &mut busy), if !endpoints.is_empty() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    while endpoints.join_next().await.is_some() {}
}

async fn ended(endpoints: &mut JoinSet<()>, busy: &mut HashMap<tokio::task::Id, WebhookId>) {
    if let Some(done) = endpoints.join_next_with_id().await {
        busy.remove(&done.map_or_else(|error| error.id(), |(task, ())| task));
    }
}

async fn due(runner: &Runner, after: WebhookId) -> Vec<(OrganizationId, WebhookId)> {
    let at = (runner.clock.now(), after);
    let found = store::webhook_turn::due(&mut runner.db.conn(), at, AT_ONCE).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(error = %error, "webhooks could not be looked at");
        Vec::new()
    })
}

/// A turn of one endpoint: it ends when nothing is due, or when it has lasted long enough.
struct Turn<'a> {
    runner: &'a Runner,
    client: &'a Guarded,
    stop: &'a CancellationToken,
}

impl Turn<'_> {
    /// Sends a handful at once; whatever is answered makes room for the next one, so that a message
    /// that stalls holds up its subject alone.
    async fn run(&self, (organization, id): (OrganizationId, WebhookId)) -> Result<(), Problem> {
        let began = tokio::time::Instant::now();
        let mut sending = FuturesUnordered::new();
        let mut sent: Vec<Sent> = Vec::new();
        loop {
            let over = self.stop.is_cancelled() || began.elapsed() >= TURN;
            let room = if over { 0 } else { MESSAGES_MAX - sending.len() };
            if !sent.is_empty() || (room > 0 && self.is_due(organization, id).await?) {
                let next = self.take((organization, id), (std::mem::take(&mut sent), room)).await?;
                let Some((webhook, claimed)) = next else { break };
                let now = self.runner.clock.now();
                let secrets = webhook::secrets(&self.runner.seal, organization, &webhook, now)?;
                for one in claimed {
                    sending.push(self.send(webhook.url.clone(), secrets.clone(), one));
                }
            } else if sending.is_empty() {
                return Ok(());
            }
            if let Ok(Some(one)) = tokio::time::timeout(POLL, sending.next()).await {
                sent.push(one);
                while let Some(Some(one)) = sending.next().now_or_never() {
                    sent.push(one);
                }
            }
        }
        // It is switched off or gone: what is under way is not awaited.
        Ok(())
    }

    async fn is_due(&self, organization: OrganizationId, id: WebhookId) -> Result<bool, Problem> {
        let scope = &mut self.runner.read(organization);
        Ok(store::webhook_turn::is_due(scope, id, self.runner.clock.now()).await?)
    }

    async fn take(
        &self,
        (organization, id): (OrganizationId, WebhookId),
        (sent, room): (Vec<Sent>, usize),
    ) -> Result<Option<(Webhook, Vec<Delivery>)>, Problem> {
        let slots = i64::try_from(room).map_err(Problem::internal)?;
        self.runner
            .write(Actor::System, organization, move |work| {
                let sent = sent.clone();
                Box::pin(async move { webhook::take(work, id, &sent, slots).await })
            })
            .await
    }

    async fn send(&self, url: String, secrets: Vec<Vec<u8>>, delivery: Delivery) -> Sent {
        let id = delivery.event.to_string();
        let message = Message { url: &url, id: &id, body: &delivery.body };
        let now = self.runner.clock.now();
        let (status, error) = send(self.client, &message, (&secrets, now)).await;
        Sent { delivery, status, error }
    }
}
