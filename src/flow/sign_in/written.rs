//! What a sign-in leaves: her session, the entry in the journal with its event, and, while traces
//! are on, what the provider sent, sealed.

use super::{Ran, Refusal};
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::id::{SessionId, SignInId, UserId};
use crate::domain::identity::Rule;
use crate::domain::seal::Place;
use crate::domain::sealed::Column;
use crate::domain::session::Session;
use crate::domain::sign_in::{Asserted, DETAIL_MAX, Entry};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// The step of a sign-in that succeeded.
const SESSION: &str = "session";
/// The step of one that was only tried out.
const TRIAL: &str = "trial";
/// The table and column of a session's ID token.
pub const ID_TOKEN: Column = Column::SessionIdToken;
/// The table and column of a trace.
pub const TRACE: Column = Column::SignInTrace;
/// How long a trace is kept, in seconds (G30).
pub const TRACE_S: i64 = 24 * 3600;
/// Traces that an organization keeps of one minute: strangers can make refusals.
pub const TRACES_PER_MINUTE: i64 = 20;
/// Longest ID token that is kept with a session, in bytes: it is sent on in a URL.
pub const ID_TOKEN_MAX: usize = 4 * 1024;

impl Ran<'_> {
    pub(super) async fn begin_session(
        &self,
        work: &mut Work,
        user: UserId,
        asserted: &Asserted,
        life_s: i64,
    ) -> Result<(), Problem> {
        let id: SessionId = work.id();
        let end = work.at.plus_s(life_s);
        let session = Session {
            id,
            organization_id: work.organization,
            hash: self.ending.cookie,
            user_id: user,
            connection_id: Some(self.connection.id),
            subject: Some(asserted.subject.clone()),
            provider_session: asserted.provider_session.clone(),
            provider_subject: asserted.provider_subject.clone(),
            id_token: id_token(work, id, asserted)?,
            signed_in_at: work.at,
            last_seen_at: work.at,
            expires_at: asserted.session_until.map_or(end, |until| until.min(end)),
        };
        store::session::insert(&mut work.scope(), &session).await?;
        work.actor = Actor::User(user);
        work.record(
            Happened::to("session.created", "user", user)
                .with("session_id", session.id.to_string())
                .with("connection_id", self.connection.id.to_string())
                .with("rule", self.rule.map(Rule::as_str)),
        );
        Ok(())
    }

    /// Tells when the provider's keys come from another host than before (R9).
    pub(super) async fn note_keys(
        &self,
        work: &mut Work,
        asserted: &Asserted,
    ) -> Result<(), Problem> {
        let (id, known) = (self.connection.id, self.connection.keys_host.as_deref());
        let Some(host) = asserted.keys_host.as_deref() else { return Ok(()) };
        if known == Some(host) {
            return Ok(());
        }
        store::connection::set_keys_host(&mut work.scope(), id, host).await?;
        if let Some(known) = known {
            work.record(
                Happened::to("connection.keys_moved", "connection", id)
                    .with("from", known)
                    .with("to", host),
            );
        }
        Ok(())
    }

    /// The journal entry, the event of a refusal, and the trace.
    pub(super) async fn write(
        &self,
        work: &mut Work,
        refusal: Option<&Refusal>,
    ) -> Result<(), Problem> {
        let asserted = self.ending.asserted.as_ref().ok();
        let step = if self.ending.trial { TRIAL } else { SESSION };
        let tried = self.tried.as_ref().and_then(|tried| tried.refused.as_ref());
        let entry = Entry {
            id: work.id(),
            connection_id: self.connection.id,
            at: work.at,
            code: refusal
                .map(|refusal| refusal.code.as_str())
                .or(tried.map(|(code, _)| *code))
                .map(str::to_owned),
            step: refusal.map_or(step, |refusal| refusal.step.as_str()).to_owned(),
            rule: self.rule.map(|rule| rule.as_str().to_owned()),
            user_id: self.user,
            subject: asserted.map(|asserted| asserted.subject.clone()),
            email: asserted.and_then(|asserted| asserted.email.clone()),
            hint: tried.map(|(_, hint)| hint.clone()).or_else(|| hint(refusal, asserted)),
            request_id: self.ending.request_id.clone(),
        };
        store::sign_in::insert(&mut work.scope(), &entry).await?;
        self.trace(work, entry.id).await?;
        if let Some(refusal) = refusal.filter(|_| !self.ending.trial) {
            work.record(
                Happened::to("sign_in.refused", "connection", self.connection.id)
                    .with("code", refusal.code.as_str())
                    .with("user_id", self.user.map(|id| id.to_string()))
                    .with("sign_in_id", entry.id.to_string()),
            );
        }
        Ok(())
    }

    async fn trace(&self, work: &mut Work, entry: SignInId) -> Result<(), Problem> {
        let Some(message) = &self.ending.message else { return Ok(()) };
        if !self.connection.traces(work.at) {
            return Ok(());
        }
        let of_the_minute = work.at.plus_s(TRACE_S - 60);
        let kept =
            store::sign_in_trace::count_ending_after(&mut work.scope(), of_the_minute).await?;
        if kept >= TRACES_PER_MINUTE {
            return Ok(());
        }
        let place = Place { column: TRACE, row: entry.0, organization: work.organization };
        let plain = serde_json::to_vec(message).map_err(Problem::internal)?;
        let sealed = work.seal.seal(work.rng, place, &plain).map_err(Problem::internal)?;
        let until = work.at.plus_s(TRACE_S);
        Ok(store::sign_in_trace::insert(&mut work.scope(), entry, sealed, until).await?)
    }
}

/// The ID token as it is kept with a session: sealed, or not at all when it is too long.
fn id_token(
    work: &Work,
    session: SessionId,
    asserted: &Asserted,
) -> Result<Option<Vec<u8>>, Problem> {
    let Some(token) = asserted.id_token.as_ref().filter(|token| token.len() <= ID_TOKEN_MAX) else {
        return Ok(None);
    };
    let place = Place { column: ID_TOKEN, row: session.0, organization: work.organization };
    let sealed = work.seal.seal(work.rng, place, token.as_bytes()).map_err(Problem::internal)?;
    Ok(Some(sealed))
}

/// What an administrator can do; of a sign-in that worked, what she should know.
fn hint(refusal: Option<&Refusal>, asserted: Option<&Asserted>) -> Option<String> {
    if let Some(refusal) = refusal {
        return Some(refusal.hint());
    }
    let notes = asserted.map(|asserted| asserted.notes.join(" ")).unwrap_or_default();
    (!notes.is_empty()).then(|| notes.chars().take(DETAIL_MAX * 2).collect())
}
