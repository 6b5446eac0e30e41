//! Signing in: a login begins, and one transaction ends it.
//!
//! The provider is asked before that transaction opens. In it the login is used up, the person is
//! found, her session begins, and the journal and the events are written, or nothing of it. A
//! refusal is written too: it is an outcome, not an error.

pub mod claims;
mod invited;
mod link;
mod newcomer;
mod proof;
mod trial;
mod written;

use super::access;
use super::problem::Problem;
use super::work::Work;
use crate::domain::connection::{Connection, Status};
use crate::domain::id::{ConnectionId, LoginId, UserId};
use crate::domain::identity::Rule;
use crate::domain::login::{Login, ReturnTo};
use crate::domain::organization;
use crate::domain::secret::SecretHash;
use crate::domain::session::Session;
use crate::domain::sign_in::{Asserted, Refusal, Refused, Step};
use crate::store;

pub use trial::Tried;
pub use written::{ID_TOKEN, TRACE, TRACES_PER_MINUTE};

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
    /// Whether the connection is only tried out.
    pub trial: bool,
    /// What the provider sent, decoded, for the trace (G30).
    pub message: Option<serde_json::Value>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// She is signed in.
    SignedIn(UserId),
    /// She is not.
    Refused(Refusal),
    /// The connection was tried out.
    Tried(Box<Tried>),
}

/// Ends a sign-in: uses the login up, finds the person and begins her session, or writes down why
/// not.
///
/// # Errors
/// 404 when the connection is gone; 503 when the database does not answer.
pub async fn end(work: &mut Work, ending: &Ending) -> Result<Outcome, Problem> {
    let connection = store::connection::by_id(&mut work.scope(), ending.connection).await?;
    let connection = connection.ok_or_else(|| Problem::not_found("connection"))?;
    let mut ran = Ran { connection, ending, user: None, rule: None, tried: None };
    let ended = ran.run(work).await?;
    ran.write(work, ended.as_ref().err()).await?;
    Ok(match (ended, ran.tried) {
        (_, Some(tried)) => Outcome::Tried(Box::new(tried)),
        (Ok(user), None) => Outcome::SignedIn(user),
        (Err(refusal), None) => Outcome::Refused(refusal),
    })
}

/// Writes down a sign-in that was refused before it began, and what the provider sent.
///
/// # Errors
/// 404 when the connection is gone; 503 when the database does not answer.
pub async fn refuse(
    work: &mut Work,
    connection: ConnectionId,
    refusal: &Refusal,
    request_id: &str,
    message: Option<serde_json::Value>,
) -> Result<(), Problem> {
    let ending = Ending {
        connection,
        login: None,
        asserted: Err(refusal.clone()),
        cookie: SecretHash::of(&[]),
        old_cookie: None,
        request_id: request_id.to_owned(),
        invite: None,
        trial: false,
        message,
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

/// Whether the connection may be tried out now: before people depend on it, too.
///
/// # Errors
/// As for [`check_open`], but a draft is open.
pub fn check_trial(
    connection: &Connection,
    organization: Option<&organization::Organization>,
    step: Step,
) -> Result<(), Refusal> {
    let status = match connection.status {
        Status::Draft => Status::Active,
        other => other,
    };
    check_open(&Connection { status, ..connection.clone() }, organization, step)
}

/// A sign-in that is being ended, with what is known of it so far.
struct Ran<'e> {
    connection: Connection,
    ending: &'e Ending,
    user: Option<UserId>,
    rule: Option<Rule>,
    tried: Option<Tried>,
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
        let open = if self.ending.trial { check_trial } else { check_open };
        if let Err(refusal) = open(&self.connection, organization.as_ref(), Step::Link) {
            return Ok(Err(refusal));
        }
        let settings = organization.map(|found| found.settings).unwrap_or_default();
        access::hold_rules(work).await?;
        let present = self.present(work, &settings).await?;
        if self.ending.trial {
            return self.trial(work, asserted).await;
        }
        let known = (present.as_ref(), self.ending.invite);
        let linked = link::link(work, &self.connection, asserted, known).await?;
        let (user, rule) = match linked {
            Ok(linked) => linked,
            Err((refusal, user)) => {
                self.user = user;
                return Ok(Err(refusal));
            }
        };
        (self.user, self.rule) = (Some(user), Some(rule));
        // A newcomer's claims were taken over when she was made.
        if rule != Rule::Li5 {
            claims::take_over(work, &self.connection, asserted, user).await?;
        }
        if let Some(old) = self.ending.old_cookie {
            store::session::delete_by_hash(&mut work.scope(), old).await?;
        }
        self.begin_session(work, user, asserted, settings.session_max_s).await?;
        self.note_keys(work, asserted).await?;
        Ok(Ok(user))
    }

    /// The session that the browser has already, while it holds.
    async fn present(
        &self,
        work: &mut Work,
        settings: &organization::Settings,
    ) -> Result<Option<Session>, Problem> {
        let Some(cookie) = self.ending.old_cookie else { return Ok(None) };
        let found = store::session::by_hash(&mut work.conn(), cookie).await?;
        let (here, now) = (work.organization, work.at);
        Ok(found.filter(|one| one.organization_id == here && one.holds(now, settings)))
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
