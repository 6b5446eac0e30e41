//! Mail of the outbox: opened, sent, and what became of it written down.
//!
//! No transaction is open while a mail server thinks. A process that dies between sending and
//! writing down sends once more, under the same message id.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{wait, write};
use crate::flow::mail::{self, Opened, Outcome};
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::outbound::mail::{Mailer, SendError, Verdict};
use crate::store::outbox::{self, Job, Lane};

/// How often the loop looks without being woken, in milliseconds.
const POLL_MS: u64 = 1_000;
/// Mails that are claimed and sent at once.
const CLAIMED: i64 = 10;
/// How long a claim lasts, in seconds: longer than a server may take.
pub const CLAIM_S: i64 = 180;

/// Sends mail until the token says to stop.
pub async fn run(runner: Runner, mailer: Arc<Mailer>, stop: CancellationToken) {
    loop {
        match round(&runner, &mailer, &stop).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(problem) => tracing::warn!(problem = %problem, "mail could not be claimed"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = runner.wake_mail.notified() => {}
            go_on = wait(&stop, POLL_MS) => if !go_on { return },
        }
    }
}

/// Claims and sends mails that are due; answers how many.
async fn round(
    runner: &Runner,
    mailer: &Mailer,
    stop: &CancellationToken,
) -> Result<usize, Problem> {
    let now = runner.clock.now();
    if stop.is_cancelled() || !outbox::are_due(&mut runner.db.conn(), now, Lane::Mail).await? {
        return Ok(0);
    }
    let until = now.plus_s(CLAIM_S);
    let jobs = write(&runner.db, move |conn| {
        Box::pin(async move { outbox::claim(conn, (now, until), Lane::Mail, CLAIMED).await })
    })
    .await?;
    let count = jobs.len();
    join_all(jobs.into_iter().map(|job| one(runner, mailer, job))).await;
    Ok(count)
}

async fn one(runner: &Runner, mailer: &Mailer, job: Job) {
    let opened = mail::open(&runner.seal, &job);
    let outcome = match &opened {
        Some(opened) => send(runner, mailer, opened).await,
        None => Outcome::Never("no secret_key opens this mail".to_owned()),
    };
    if let Outcome::Later(said) | Outcome::Never(said) | Outcome::NobodyThere(said) = &outcome {
        tracing::warn!(job.id = %job.id, attempts = job.attempts, said, "a mail was not sent");
    }
    if let Err(problem) = mail::note(runner, job, opened, outcome).await {
        // It is sent again once its claim is over.
        tracing::warn!(problem = %problem, "what became of a mail could not be written down");
    }
}

async fn send(runner: &Runner, mailer: &Mailer, opened: &Opened) -> Outcome {
    match mail::suppressed(runner, &opened.mail.to).await {
        Ok(None) => {}
        Ok(Some(reason)) => {
            let said =
                format!("not sent: the address refused mail within the last week ({reason})");
            return Outcome::Never(said);
        }
        Err(problem) => return Outcome::Later(problem.to_string()),
    }
    match mailer.send(&opened.mail, opened.id, runner.clock.now()).await {
        Ok(()) => Outcome::Sent,
        Err(SendError { said, verdict: Verdict::Later }) => Outcome::Later(said),
        Err(SendError { said, verdict: Verdict::Never }) => Outcome::Never(said),
        Err(SendError { said, verdict: Verdict::NobodyThere }) => Outcome::NobodyThere(said),
    }
}
