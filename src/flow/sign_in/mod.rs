//! Signing in: a login begins, and one transaction ends it.
//!
//! The provider is asked before that transaction opens. In it the login is used up, the person is
//! found, her session begins, and the journal and the events are written, or nothing of it. A
//! refusal is written too: it is an outcome, not an error.

mod invited;
mod link;

use super::problem::Problem;
use super::work::Work;
use crate::domain::actor::Actor;
use crate::domain::connection::{Connection, Status};
use crate::domain::event::Happened;
use crate::domain::id::{ConnectionId, LoginId, UserId};
use crate::domain::identity::Rule;
use crate::domain::login::{Login, ReturnTo};
use crate::domain::organization;
use crate::domain::secret::SecretHash;
use crate::domain::session::Session;
use crate::domain::sign_in::{Asserted, Entry, Refusal, Refused, Step};
use crate::store;

/// The step of a sign-in that succeeded.
const SESSION: &str = "session";

/// Remembers a sign-in that begins.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn begin(work: &mut Work, login: &Login) -> Result<(), Problem> {
    Ok(store::login::insert(&mut work.scope(), login).await?)
}

/// How a sign-in ended, with all that the transaction needs.
#[derive(Clone, Debug)]
pub struct Ending {
    /// At which connection.
    pub connection: ConnectionId,
    /// The login that this answers; `None` when it answers none.
    pub login: Option<LoginId>,
    /// What the provider asserts, or why it does not count.
    pub asserted: Result<Asserted, Refusal>,
    /// The hash of the new session's cookie.
    pub cookie: SecretHash,
    /// The hash of the cookie that the browser had, whose session ends (K1).
    pub old_cookie: Option<SecretHash>,
    /// The request that the person can name.
    pub request_id: String,
    /// The hash of the invite whose link was opened in this browser (LI3).
    pub invite: Option<SecretHash>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// She is signed in.
    SignedIn(UserId),
    /// She is not.
    Refused(Refusal),
}

/// Ends a sign-in: uses the login up, finds the person and begins her session, or writes down why
/// not.
///
/// # Errors
/// 404 when the connection is gone; 503 when the database does not answer.
pub async fn end(work: &mut Work, ending: &Ending) -> Result<Outcome, Problem> {
    let connection = store::connection::by_id(&mut work.scope(), ending.connection).await?;
    let connection = connection.ok_or_else(|| Problem::not_found("connection"))?;
    let mut ran = Ran { connection, ending, user: None, rule: None };
    match ran.run(work).await? {
        Ok(user) => {
            ran.write(work, None).await?;
            Ok(Outcome::SignedIn(user))
        }
        Err(refusal) => {
            ran.write(work, Some(&refusal)).await?;
            Ok(Outcome::Refused(refusal))
        }
    }
}

/// Writes down a sign-in that was refused before it began.
///
/// # Errors
/// 404 when the connection is gone; 503 when the database does not answer.
pub async fn refuse(
    work: &mut Work,
    connection: ConnectionId,
    refusal: &Refusal,
    request_id: &str,
) -> Result<(), Problem> {
    let ending = Ending {
        connection,
        login: None,
        asserted: Err(refusal.clone()),
        cookie: SecretHash::of(&[]),
        old_cookie: None,
        request_id: request_id.to_owned(),
        invite: None,
    };
    end(work, &ending).await.map(|_| ())
}

/// Whether people may sign in at this connection now.
///
/// # Errors
/// [`Refused::ConnectionDisabled`] or [`Refused::OrganizationNotActive`].
pub fn check_open(
    connection: &Connection,
    organization: Option<&organization::Organization>,
    step: Step,
) -> Result<(), Refusal> {
    if connection.status != Status::Active {
        return Err(Refusal::new(step, Refused::ConnectionDisabled));
    }
    match organization {
        Some(found) if found.status == organization::Status::Active => Ok(()),
        _ => Err(Refusal::new(step, Refused::OrganizationNotActive)),
    }
}

/// A sign-in that is being ended, with what is known of it so far.
struct Ran<'e> {
    connection: Connection,
    ending: &'e Ending,
    user: Option<UserId>,
    rule: Option<Rule>,
}

impl Ran<'_> {
    /// The user, or why she is refused.
    async fn run(&mut self, work: &mut Work) -> Result<Result<UserId, Refusal>, Problem> {
        // A code that the provider does not take may be the second of two that came at once: the
        // login is left to the first one, and to its ten minutes.
        let unasked = matches!(
            &self.ending.asserted,
            Err(refusal) if refusal.step == Step::Provider
        );
        if let Some(login) = self.ending.login.filter(|_| !unasked) {
            let at = work.at;
            if !store::login::consume(&mut work.scope(), login, at).await? {
                return Ok(Err(Refusal::new(Step::Callback, Refused::Replayed)));
            }
        }
        let asserted = match &self.ending.asserted {
            Ok(asserted) => asserted,
            Err(refusal) => return Ok(Err(refusal.clone())),
        };
        let id = work.organization;
        let organization = store::organization::by_id(&mut work.conn(), id).await?;
        if let Err(refusal) = check_open(&self.connection, organization.as_ref(), Step::Link) {
            return Ok(Err(refusal));
        }
        let settings = organization.map(|found| found.settings).unwrap_or_default();
        let opened = self.ending.invite;
        let linked = link::link(work, &self.connection, (asserted, opened)).await?;
        let (user, rule) = match linked {
            Ok(linked) => linked,
            Err((refusal, user)) => {
                self.user = user;
                return Ok(Err(refusal));
            }
        };
        (self.user, self.rule) = (Some(user), Some(rule));
        if let Some(old) = self.ending.old_cookie {
            store::session::delete_by_hash(&mut work.scope(), old).await?;
        }
        self.begin_session(work, user, asserted, settings.session_max_s).await?;
        Ok(Ok(user))
    }

    async fn begin_session(
        &self,
        work: &mut Work,
        user: UserId,
        asserted: &Asserted,
        life_s: i64,
    ) -> Result<(), Problem> {
        let end = work.at.plus_s(life_s);
        let session = Session {
            id: work.id(),
            organization_id: work.organization,
            hash: self.ending.cookie,
            user_id: user,
            connection_id: Some(self.connection.id),
            subject: Some(asserted.subject.clone()),
            provider_session: asserted.provider_session.clone(),
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

    /// The journal entry, and the event of a refusal.
    async fn write(&self, work: &mut Work, refusal: Option<&Refusal>) -> Result<(), Problem> {
        let asserted = self.ending.asserted.as_ref().ok();
        let entry = Entry {
            id: work.id(),
            connection_id: self.connection.id,
            at: work.at,
            code: refusal.map(|refusal| refusal.code.as_str().to_owned()),
            step: refusal.map_or(SESSION, |refusal| refusal.step.as_str()).to_owned(),
            rule: self.rule.map(|rule| rule.as_str().to_owned()),
            user_id: self.user,
            subject: asserted.map(|asserted| asserted.subject.clone()),
            email: asserted.and_then(|asserted| asserted.email.clone()),
            hint: refusal.map(Refusal::hint),
            request_id: self.ending.request_id.clone(),
        };
        store::sign_in::insert(&mut work.scope(), &entry).await?;
        if let Some(refusal) = refusal {
            work.record(
                Happened::to("sign_in.refused", "connection", self.connection.id)
                    .with("code", refusal.code.as_str())
                    .with("user_id", self.user.map(|id| id.to_string()))
                    .with("sign_in_id", entry.id.to_string()),
            );
        }
        Ok(())
    }
}

/// Judges the login that an answer belongs to: of this browser, in time, not used (R3).
///
/// # Errors
/// [`Refused::StateInvalid`], [`Refused::Replayed`] or [`Refused::Expired`].
pub fn check_login(
    login: Option<Login>,
    browser: Option<SecretHash>,
    now: crate::domain::time::Timestamp,
) -> Result<Login, Refusal> {
    let refuse = |code, found: &str| Err(Refusal::new(Step::Callback, code).found(found));
    let Some(login) = login else {
        return refuse(Refused::StateInvalid, "there is no sign-in with this state");
    };
    // A used one is told as such whoever comes: going back deletes no cookie of others.
    if login.used_at.is_some() {
        return refuse(Refused::Replayed, "");
    }
    match browser {
        Some(browser) if browser == login.browser => {}
        Some(_) => return refuse(Refused::StateInvalid, "another browser began this sign-in"),
        None => return refuse(Refused::StateInvalid, "the browser sent no login cookie"),
    }
    if now >= login.expires_at {
        return refuse(Refused::Expired, "the sign-in took longer than 10 minutes");
    }
    Ok(login)
}

/// Where the browser of a login goes afterwards.
#[must_use]
pub fn return_to(sent: Option<&str>) -> Option<ReturnTo> {
    match sent {
        None | Some("") => Some(ReturnTo::home()),
        Some(text) => ReturnTo::parse(text),
    }
}

#[cfg(test)]
mod tests;
