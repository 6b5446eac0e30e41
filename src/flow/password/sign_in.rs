//! Signing in with a password: the account is found, the password compared, and one transaction
//! begins the session or notes the failure.

use std::net::IpAddr;

use super::{Nobody, is_open, notify_owners, open_totp};
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::mail::Notice;
use crate::domain::organization::Status;
use crate::domain::password::totp;
use crate::domain::password::tries::WINDOW_S;
use crate::domain::platform::LoginType;
use crate::domain::secret::SecretHash;
use crate::domain::session::Session;
use crate::domain::sign_in::Refused;
use crate::domain::user::User;
use crate::flow::invite;
use crate::flow::problem::{Code, Problem};
use crate::flow::runner::Runner;
use crate::flow::work::Work;
use crate::store;

/// What marks an address from which somebody tries.
const ADDRESS: &str = "password address";
/// Accounts of one login that are told apart: more than one needs the organization's name.
const ACCOUNTS_MAX: i64 = 2;

/// Who wants to sign in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Her login.
    pub login: String,
    /// Her organization, where she named it.
    pub organization: Option<OrganizationId>,
    /// From where she comes.
    pub address: IpAddr,
}

/// The account that a login names, if there is one.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where she is at home.
    pub organization: OrganizationId,
    /// Who she is.
    pub user: UserId,
    /// The hash of her password.
    pub hash: String,
}

fn marked(runner: &Runner, address: IpAddr) -> Result<[u8; 32], Problem> {
    runner.seal.mark(ADDRESS, &address.to_string()).map_err(Problem::internal)
}

/// Finds the account of a login.
///
/// # Errors
/// 429 when too often a wrong password came for it; 503 when the database does not answer.
pub async fn find(
    runner: &Runner,
    nobody: &Nobody,
    asked: &Asked,
) -> Result<Option<Candidate>, Problem> {
    let conn = &mut runner.db.conn();
    let mut found = store::password::by_login(conn, &asked.login, ACCOUNTS_MAX + 1).await?;
    if let Some(only) = asked.organization {
        found.retain(|(organization, _)| *organization == only);
    }
    let now = runner.clock.now();
    let [(organization, user)] = found.as_slice() else {
        return if nobody.may(asked, now) { Ok(None) } else { Err(too_often()) };
    };
    let (organization, user) = (*organization, *user);
    let scope = &mut runner.read(organization);
    let since = now.plus_s(-WINDOW_S);
    let address = marked(runner, asked.address)?;
    if !store::password::tried(scope, user, address, since).await?.may(now) {
        return Err(too_often());
    }
    let kept = store::password::of_user(scope, user).await?;
    Ok(kept.map(|kept| Candidate { organization, user, hash: kept.hash }))
}

fn too_often() -> Problem {
    let detail = "Too many wrong passwords: wait a quarter of an hour, or set a new one.";
    let problem = Problem::new(Code::RateLimited, detail);
    Problem { retry_after_s: u64::try_from(WINDOW_S).ok(), ..problem }
}

/// Notes that a wrong password came.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn failed(
    runner: &Runner,
    candidate: &Candidate,
    address: IpAddr,
) -> Result<(), Problem> {
    let (user, address) = (candidate.user, marked(runner, address)?);
    runner
        .write(Actor::Anonymous, candidate.organization, move |work| {
            Box::pin(async move { note_failure(work, user, address).await })
        })
        .await
}

async fn note_failure(work: &mut Work, user: UserId, address: [u8; 32]) -> Result<(), Problem> {
    let at = work.at;
    let span = (at, at.plus_s(-WINDOW_S));
    store::password::failed(&mut work.scope(), user, address, span).await?;
    work.record(
        Happened::to("sign_in.refused", "user", user)
            .with("code", "credentials_invalid")
            .with("user_id", user.to_string()),
    );
    Ok(())
}

/// What became of a sign-in whose password was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// She is signed in.
    SignedIn(UserId),
    /// She must send a one-time code too, and sent none or a wrong one.
    CodeNeeded,
    /// She is not let in.
    Refused(Refused),
}

/// Begins the session of somebody whose password was right.
///
/// # Errors
/// 404 when she is gone; 503 when the database does not answer.
pub async fn sign_in(
    runner: &Runner,
    candidate: &Candidate,
    (code, address): (Option<String>, IpAddr),
    (cookie, old_cookie): (SecretHash, Option<SecretHash>),
) -> Result<Outcome, Problem> {
    let (user, address) = (candidate.user, marked(runner, address)?);
    runner
        .write(Actor::Anonymous, candidate.organization, move |work| {
            let code = code.clone();
            Box::pin(async move {
                let outcome = let_in(work, user, code.as_deref()).await?;
                match outcome {
                    Outcome::SignedIn(_) => {
                        let at = work.at;
                        store::password::worked(&mut work.scope(), user, address, at).await?;
                        begin_session(work, user, (cookie, old_cookie)).await?;
                    }
                    Outcome::CodeNeeded if code.is_some() => {
                        note_failure(work, user, address).await?;
                    }
                    Outcome::CodeNeeded => {}
                    Outcome::Refused(code) => work.record(
                        Happened::to("sign_in.refused", "user", user)
                            .with("code", code.as_str())
                            .with("user_id", user.to_string()),
                    ),
                }
                Ok(outcome)
            })
        })
        .await
}

async fn let_in(work: &mut Work, id: UserId, code: Option<&str>) -> Result<Outcome, Problem> {
    store::identity::lock_user(&mut work.scope(), id).await?;
    let user = store::user::by_id(&mut work.scope(), id).await?;
    let user = user.ok_or_else(|| Problem::not_found("user"))?;
    let organization = work.organization;
    let organization = store::organization::by_id(&mut work.conn(), organization).await?;
    let organization = organization.ok_or_else(|| Problem::not_found("organization"))?;
    if organization.status != Status::Active {
        return Ok(Outcome::Refused(Refused::OrganizationNotActive));
    }
    if !is_open(&organization, &user) {
        return Ok(Outcome::Refused(Refused::LoginTypeMismatch));
    }
    if !user.is_enabled() {
        return Ok(Outcome::Refused(Refused::UserDisabled));
    }
    if !code_holds(work, &user, code).await? {
        return Ok(Outcome::CodeNeeded);
    }
    invite::accept_waiting(work, id, LoginType::Password).await?;
    if user.break_glass {
        work.record(Happened::to("user.break_glass_used", "user", id));
        notify_owners(work, &user.user_name, Notice::BreakGlassUsed).await?;
    }
    Ok(Outcome::SignedIn(id))
}

/// Whether she needs no one-time code, or sent one that holds and was not used.
async fn code_holds(work: &mut Work, user: &User, code: Option<&str>) -> Result<bool, Problem> {
    let kept = store::password::of_user(&mut work.scope(), user.id).await?;
    let Some(sealed) = kept.and_then(|kept| kept.totp) else { return Ok(!user.break_glass) };
    let Some(code) = code else { return Ok(false) };
    let secret = open_totp(&work.seal, work.organization, (user.id, &sealed))?;
    match totp::step_of(&secret, code, work.at) {
        Some(step) => Ok(store::password::step(&mut work.scope(), user.id, step).await?),
        None => Ok(false),
    }
}

/// Begins a session that no connection stands behind.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn begin_session(
    work: &mut Work,
    user: UserId,
    (cookie, old_cookie): (SecretHash, Option<SecretHash>),
) -> Result<(), Problem> {
    let organization = work.organization;
    let found = store::organization::by_id(&mut work.conn(), organization).await?;
    let life_s = found.map(|found| found.settings).unwrap_or_default().session_max_s;
    if let Some(old) = old_cookie {
        store::session::delete_by_hash(&mut work.scope(), old).await?;
    }
    let at = work.at;
    let session = Session {
        id: work.id(),
        organization_id: organization,
        hash: cookie,
        user_id: user,
        connection_id: None,
        subject: None,
        provider_session: None,
        provider_subject: None,
        id_token: None,
        signed_in_at: at,
        last_seen_at: at,
        expires_at: at.plus_s(life_s),
    };
    store::session::insert(&mut work.scope(), &session).await?;
    store::user::set_last_sign_in(&mut work.scope(), user, at).await?;
    work.actor = Actor::User(user);
    work.record(
        Happened::to("session.created", "user", user)
            .with("session_id", session.id.to_string())
            .with("login_type", LoginType::Password.key()),
    );
    Ok(())
}
