//! Reads the metadata of SAML providers again when it is due (G32).

use tokio_util::sync::CancellationToken;

use super::wait;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::id::{ConnectionId, OrganizationId};
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::outbound::http::Guarded;
use crate::outbound::saml::{Wall, fetch};
use crate::store;

/// How often the loop looks for what is due, in milliseconds.
const POLL_MS: u64 = 60_000;
/// Connections that one look takes.
const AT_ONCE: i64 = 50;

/// What the loop stands on.
#[derive(Clone)]
pub struct Reading {
    /// Transactions and reads.
    pub runner: Runner,
    /// Fetches from addresses that customers gave.
    pub guarded: Guarded,
    /// Where documents are worked on.
    pub wall: Wall,
}

impl Reading {
    /// The parts of the program that it needs.
    #[must_use]
    pub fn of(app: &App) -> Self {
        let (runner, guarded) = (app.runner.clone(), app.guarded.clone());
        Self { runner, guarded, wall: app.saml.clone() }
    }
}

/// Looks until the token says to stop.
pub async fn run(reading: Reading, stop: CancellationToken) {
    loop {
        if let Err(problem) = round(&reading, &stop).await {
            tracing::warn!(problem = %problem, "metadata that is due could not be read");
        }
        if !wait(&stop, POLL_MS).await {
            return;
        }
    }
}

async fn round(reading: &Reading, stop: &CancellationToken) -> Result<(), Problem> {
    let now = reading.runner.clock.now();
    let due = store::saml_metadata::due(&mut reading.runner.db.conn(), now, AT_ONCE).await?;
    for (organization, id) in due {
        if stop.is_cancelled() {
            break;
        }
        one(reading, organization, id).await?;
    }
    Ok(())
}

async fn one(
    reading: &Reading,
    organization: OrganizationId,
    id: ConnectionId,
) -> Result<(), Problem> {
    let runner = &reading.runner;
    let found = store::connection::by_id(&mut runner.read(organization), id).await?;
    let Some(saml) = found.and_then(|found| found.settings.saml) else { return Ok(()) };
    let now = runner.clock.now();
    let looked = fetch::again((&reading.guarded, &reading.wall), &saml, now).await;
    runner
        .write(Actor::System, organization, move |work| {
            let looked = looked.clone();
            Box::pin(async move { flow::saml_metadata::looked(work, id, &looked).await.map(drop) })
        })
        .await
}
