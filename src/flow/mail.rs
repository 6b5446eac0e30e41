//! Mail as a verb: it is left in the outbox by the transaction that asks for it, sealed, and what
//! became of it is written down.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::problem::Problem;
use super::runner::Runner;
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::id::{InviteId, OrganizationId};
use crate::domain::invite::Delivery;
use crate::domain::mail::{BACK_OFF_MAX_S, BACK_OFF_S, Mail, SUPPRESSED_S, TRIES_MAX};
use crate::domain::seal::{Place, Seal};
use crate::domain::sealed::Column;
use crate::domain::secret::{SecretHash, hex};
use crate::domain::time::Rng;
use crate::scim::fold;
use crate::store;
use crate::store::outbox::{Job, MAIL};
use crate::store::sealed::Mail as Row;

/// Where a sealed mail stands.
const TABLE: Column = Column::Mail;
/// What marks an address that nothing is sent to.
const SUPPRESSED: &str = "mail suppressed";

/// What marks the address that waiting mail goes to.
const ADDRESSED: &str = "mail addressed";

/// What the outbox keeps of a mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    /// Names it, and binds what is sealed.
    id: Uuid,
    /// The mail, sealed.
    sealed: String,
    /// The keyed digest of the address, by which mail to somebody who is forgotten is found.
    #[serde(default)]
    to: String,
    /// The invite that it brings.
    #[serde(default)]
    invite: Option<About>,
}

/// The invite that a mail brings, with the hash of the link in it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct About {
    /// The invite.
    pub invite: InviteId,
    /// The hash of its link.
    pub token: [u8; 32],
}

/// A mail that is to be sent.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Names it: the same in every try.
    pub id: Uuid,
    /// The mail.
    pub mail: Mail,
    /// The invite that it brings.
    pub about: Option<About>,
}

/// Leaves a mail to be sent after commit. `key` is what it is about.
///
/// # Errors
/// 500 without a key to seal by; 503 when the database does not answer.
pub async fn post(
    work: &mut Work,
    mail: &Mail,
    (key, about): (&str, Option<About>),
) -> Result<(), Problem> {
    let payload = sealed(work, mail, about)?;
    let payload = serde_json::from_str(&payload).map_err(Problem::internal)?;
    work.enqueue(MAIL, key, payload).await
}

/// What the outbox keeps of a mail, as JSON.
///
/// # Errors
/// 500 without a key to seal by.
pub(super) fn sealed(work: &Work, mail: &Mail, about: Option<About>) -> Result<String, Problem> {
    let id: Uuid = work.id();
    let text = serde_json::to_vec(mail).map_err(Problem::internal)?;
    let place = Place { column: TABLE, row: id, organization: work.organization };
    let sealed = work.seal.seal(work.rng, place, &text).map_err(Problem::internal)?;
    let to = hex(&work.seal.mark(ADDRESSED, &fold(&mail.to)).map_err(Problem::internal)?);
    let kept = Kept { id, sealed: STANDARD.encode(sealed), to, invite: about };
    serde_json::to_string(&kept).map_err(Problem::internal)
}

/// The digests by which mail that waits for an address is found, under every key.
pub(super) fn digests(work: &Work, address: &str) -> Vec<String> {
    let marks = work.seal.marks(ADDRESSED, &fold(address));
    marks.into_iter().map(|mark| hex(&mark)).collect()
}

/// Takes back mails about something that were not sent yet.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn take_back(work: &mut Work, key: &str) -> Result<(), Problem> {
    store::outbox::forget(&mut work.scope(), MAIL, key).await?;
    Ok(())
}

/// Opens a mail of the outbox; `None` for one that nobody can read any more.
#[must_use]
pub fn open(seal: &Seal, job: &Job) -> Option<Opened> {
    let kept: Kept = serde_json::from_str(&job.payload).ok()?;
    let place = Place { column: TABLE, row: kept.id, organization: job.organization_id };
    let text = seal.open(place, &STANDARD.decode(&kept.sealed).ok()?).ok()?;
    let mail = serde_json::from_slice(&text).ok()?;
    Some(Opened { id: kept.id, mail, about: kept.invite })
}

/// The sealed part of what the outbox keeps, and what it is bound to.
#[must_use]
pub fn kept(row: &Row) -> Option<(Place, Vec<u8>)> {
    let kept: Kept = serde_json::from_str(&row.payload).ok()?;
    let organization = OrganizationId(row.organization_id);
    let place = Place { column: TABLE, row: kept.id, organization };
    Some((place, STANDARD.decode(&kept.sealed).ok()?))
}

/// What the outbox keeps, with another sealed part.
#[must_use]
pub fn with_sealed(row: &Row, sealed: &[u8]) -> Option<String> {
    let kept: Kept = serde_json::from_str(&row.payload).ok()?;
    serde_json::to_string(&Kept { sealed: STANDARD.encode(sealed), ..kept }).ok()
}

/// Why nothing is sent to an address, if that is so.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn suppressed(runner: &Runner, to: &str) -> Result<Option<String>, Problem> {
    let since = runner.clock.now().plus_s(-SUPPRESSED_S);
    for hash in runner.seal.marks(SUPPRESSED, &fold(to)) {
        let conn = &mut runner.db.conn();
        if let Some(reason) = store::mail::suppressed(conn, hash, since).await? {
            return Ok(Some(reason));
        }
    }
    Ok(None)
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A server took it.
    Sent,
    /// It is tried again later, unless it was tried too often.
    Later(String),
    /// It is given up.
    Never(String),
    /// It is given up, and so is its address for a while.
    NobodyThere(String),
}

/// Writes down what became of a mail.
///
/// # Errors
/// 503 when the database does not answer: the mail is sent once more then.
pub async fn note(
    runner: &Runner,
    job: Job,
    opened: Option<Opened>,
    outcome: Outcome,
) -> Result<(), Problem> {
    let organization = job.organization_id;
    runner
        .write(Actor::System, organization, move |work| {
            let (job, opened, outcome) = (job.clone(), opened.clone(), outcome.clone());
            Box::pin(async move { noted(work, &job, opened.as_ref(), outcome).await })
        })
        .await
}

async fn noted(
    work: &mut Work,
    job: &Job,
    opened: Option<&Opened>,
    outcome: Outcome,
) -> Result<(), Problem> {
    let about = opened.and_then(|opened| opened.about);
    let (delivery, said) = match outcome {
        Outcome::Sent => (Delivery::Sent, None),
        Outcome::Later(said) if job.attempts < TRIES_MAX => {
            let run_at = work.at.plus_s(back_off_s(job.attempts, work.rng));
            store::outbox::again(&mut work.scope(), job.id, run_at, &said).await?;
            return delivered(work, about, Delivery::Queued, Some(&said)).await;
        }
        Outcome::Later(said) | Outcome::Never(said) => (Delivery::Failed, Some(said)),
        Outcome::NobodyThere(said) => {
            suppress(work, opened, &said).await?;
            (Delivery::Failed, Some(said))
        }
    };
    store::outbox::done(&mut work.scope(), job.id).await?;
    if delivery == Delivery::Failed
        && let Some(about) = about
    {
        work.record(Happened::to("invite.delivery_failed", "invite", about.invite));
    }
    delivered(work, about, delivery, said.as_deref()).await
}

async fn delivered(
    work: &mut Work,
    about: Option<About>,
    delivery: Delivery,
    said: Option<&str>,
) -> Result<(), Problem> {
    let Some(About { invite, token }) = about else { return Ok(()) };
    let named = (invite, SecretHash(token));
    Ok(store::invite::delivered(&mut work.scope(), named, delivery, said).await?)
}

async fn suppress(work: &mut Work, opened: Option<&Opened>, said: &str) -> Result<(), Problem> {
    let Some(opened) = opened else { return Ok(()) };
    let key = fold(&opened.mail.to);
    let hash = work.seal.mark(SUPPRESSED, &key).map_err(Problem::internal)?;
    let at = work.at;
    Ok(store::mail::suppress(&mut work.conn(), hash, said, at).await?)
}

/// Seconds until the next try: doubling, and up to half as much again by chance.
fn back_off_s(attempts: i64, rng: Rng) -> i64 {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    let wait = BACK_OFF_S.saturating_mul(1 << doublings).min(BACK_OFF_MAX_S);
    let [chance] = rng.bytes::<1>();
    wait.saturating_add(wait.saturating_mul(i64::from(chance)) / 512)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_waits_longer_from_try_to_try_up_to_an_hour_and_a_half() {
        let within = |attempts, least: i64| {
            let wait = back_off_s(attempts, Rng);
            assert!((least..=least + least / 2).contains(&wait), "{wait}");
        };
        within(1, BACK_OFF_S);
        within(3, 60);
        within(TRIES_MAX, BACK_OFF_MAX_S);
    }
}
