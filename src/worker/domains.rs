//! Records of e-mail domains are looked for again: a domain whose record is gone for a week is lost
//! (LI11).
//!
//! The look comes before the transaction; several processes that look at once find the same.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::wait;
use crate::domain::actor::Actor;
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::outbound::dns::Dns;
use crate::store;
use crate::store::domain::Due;

/// How often the loop looks, in milliseconds.
const POLL_MS: u64 = 60_000;
/// Domains that one round looks at.
const AT_ONCE: i64 = 100;

/// Looks until the token says to stop.
pub async fn run(runner: Runner, dns: Arc<Dns>, stop: CancellationToken) {
    loop {
        if let Err(problem) = round(&runner, &dns, &stop).await {
            tracing::warn!(problem = %problem, "records of domains could not be looked for");
        }
        if !wait(&stop, POLL_MS).await {
            return;
        }
    }
}

async fn round(runner: &Runner, dns: &Dns, stop: &CancellationToken) -> Result<(), Problem> {
    let now = runner.clock.now();
    for due in store::domain::due(&mut runner.db.conn(), now, AT_ONCE).await? {
        if stop.is_cancelled() {
            break;
        }
        one(runner, dns, due).await?;
    }
    Ok(())
}

async fn one(runner: &Runner, dns: &Dns, due: Due) -> Result<(), Problem> {
    let scope = &mut runner.read(due.organization);
    let Some(domain) = store::domain::by_id(scope, due.id).await? else { return Ok(()) };
    let record = dns.record(&domain.txt_name(), &domain.txt_value()).await;
    runner
        .write(Actor::System, due.organization, move |work| {
            let id = due.id;
            Box::pin(async move { flow::domain::looked(work, id, record).await.map(drop) })
        })
        .await
}
