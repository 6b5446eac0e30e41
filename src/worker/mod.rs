//! What runs beside requests: jobs of the outbox, the order of the feed, changes of other
//! processes, journals, what falls due, what has run out, and what the database believes of itself.
//!
//! Each is a loop of its own that ends between two steps when the token says so. Every step is one
//! bounded transaction; one that fails is logged and tried again.

mod changes;
mod domains;
mod due;
mod invite;
mod journal;
mod mail;
mod outbox;
pub mod saml_metadata;
mod sequence;
mod statistics;
mod sweep;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::domain::time::Rng;
use crate::flow::access::feed::Feed;
use crate::flow::problem::Problem;
use crate::flow::provision::journal::Journal;
use crate::flow::runner::Runner;
use crate::outbound::dns::Dns;
use crate::outbound::http::Guarded;
use crate::outbound::mail::Mailer;
use crate::store::{Conn, Db, StoreError};

/// What the worker stands on.
#[derive(Clone)]
pub struct Worker {
    /// Transactions and reads.
    pub runner: Runner,
    /// Who is told what other processes changed.
    pub feed: Arc<Feed>,
    /// How long is kept what is not kept for ever.
    pub retention: Retention,
    /// Exchanges of SCIM clients that wait to be written.
    pub journal: Arc<Journal>,
    /// Sends mail.
    pub mailer: Arc<Mailer>,
    /// Tells webhooks.
    pub guarded: Guarded,
    /// What reads the metadata of SAML providers again.
    pub reading: saml_metadata::Reading,
    /// Looks up the records of e-mail domains.
    pub dns: Arc<Dns>,
}

/// How long is kept what is not kept for ever, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events.
    pub events_s: i64,
    /// Journals of sign-ins and of exchanges.
    pub journals_s: i64,
    /// Invites that are over.
    pub invites_s: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { events_s: 400 * 86_400, journals_s: 30 * 86_400, invites_s: 400 * 86_400 }
    }
}

/// Starts the loops; they end soon after `stop` is cancelled, and the handle with them.
pub fn start(worker: Worker, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let holder = uuid::Uuid::from_bytes(Rng.bytes());
        let mut loops = JoinSet::new();
        loops.spawn(outbox::run(worker.runner.clone(), stop.clone()));
        let mailer = Arc::clone(&worker.mailer);
        loops.spawn(mail::run(worker.runner.clone(), mailer, stop.clone()));
        loops.spawn(invite::tell_expired(worker.runner.clone(), stop.clone()));
        loops.spawn(webhook::lay_ready(worker.runner.clone(), stop.clone()));
        let guarded = worker.guarded.clone();
        loops.spawn(webhook::deliver(worker.runner.clone(), guarded, stop.clone()));
        loops.spawn(sequence::run(worker.runner.clone(), holder, stop.clone()));
        loops.spawn(due::run(worker.runner.clone(), stop.clone()));
        loops.spawn(domains::run(worker.runner.clone(), Arc::clone(&worker.dns), stop.clone()));
        loops.spawn(sweep::run(worker.runner.clone(), worker.retention, stop.clone()));
        loops.spawn(statistics::run(worker.runner.clone(), stop.clone()));
        loops.spawn(saml_metadata::run(worker.reading.clone(), stop.clone()));
        let journal = Arc::clone(&worker.journal);
        loops.spawn(journal::write(worker.runner.clone(), journal, stop.clone()));
        loops.spawn(journal::tell_stale(worker.runner.clone(), stop.clone()));
        loops.spawn(changes::read(worker.clone(), stop.clone()));
        loops.spawn(changes::notify(worker.clone(), stop.clone()));
        loops.spawn(changes::listen(worker, stop));
        while let Some(ended) = loops.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = %error, "a loop of the worker ended");
            }
        }
    })
}

/// Waits, at most until the token says to stop; answers whether to go on.
async fn wait(stop: &CancellationToken, millis: u64) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(Duration::from_millis(millis)) => true,
    }
}

/// One transaction on tables that no organization owns, in a task that nobody cancels.
async fn write<T, F>(db: &Db, step: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut Conn<'_>) -> Step<'c, T> + Send + 'static,
{
    let db = db.clone();
    let task = tokio::spawn(async move {
        let mut tx = db.begin().await?;
        let done = step(&mut tx.conn()).await;
        match done {
            Ok(value) => db.keep(tx).await.map(|()| value),
            Err(error) => {
                db.drop_write(tx).await?;
                Err(error)
            }
        }
    });
    match task.await {
        Ok(done) => Ok(done?),
        Err(error) => Err(Problem::internal(error)),
    }
}

/// What a step answers, boxed so that it may borrow the connection.
type Step<'c, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'c>>;
