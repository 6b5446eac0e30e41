//! Links by which a password is set: asked for by whoever forgot it, opened, used once.

use super::{is_open, open_totp, totp_place};
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::mail::{Letter, Mail, Notice, plain_name};
use crate::domain::organization::Status;
use crate::domain::password::tries::{LINKS_MAX, Purpose};
use crate::domain::password::{RESET_S, totp};
use crate::domain::platform::LoginType;
use crate::domain::secret::{SecretHash, draw};
use crate::domain::user::User;
use crate::flow::announcement::notify;
use crate::flow::mail;
use crate::flow::problem::{Code, Problem};
use crate::flow::runner::Runner;
use crate::flow::work::Work;
use crate::store;
use crate::store::password::Link;

/// An hour, in seconds.
const HOUR_S: i64 = 3_600;
/// Seconds of a minute.
const MINUTE_S: i64 = 60;
/// Accounts of one login that get a mail.
const ACCOUNTS_MAX: i64 = 5;

/// Sends a link to whoever has this login and may have a password: nobody learns whether anybody
/// has.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn forgot(
    runner: &Runner,
    login: &str,
    only: Option<OrganizationId>,
) -> Result<(), Problem> {
    let found = store::password::reachable(&mut runner.db.conn(), login, ACCOUNTS_MAX).await?;
    for (organization, user) in found {
        if only.is_none_or(|only| only == organization) {
            runner
                .write(Actor::Anonymous, organization, move |work| {
                    Box::pin(async move { send(work, user).await })
                })
                .await?;
        }
    }
    Ok(())
}

/// Whether somebody's mailbox brings her a password: another one, or the first where nothing lets
/// her in yet. Whoever signs in by a provider gets no first one, which would outlast her there.
async fn may_reset(work: &mut Work, id: UserId) -> Result<bool, Problem> {
    if store::password::of_user(&mut work.scope(), id).await?.is_some() {
        return Ok(true);
    }
    Ok(work.platform.users.login_types.contains(&LoginType::Password)
        && store::identity::linked(&mut work.scope(), &[id]).await?.is_empty())
}

async fn send(work: &mut Work, id: UserId) -> Result<(), Problem> {
    store::identity::lock_user(&mut work.scope(), id).await?;
    let Some(user) = store::user::by_id(&mut work.scope(), id).await? else { return Ok(()) };
    let place = work.organization;
    let organization = store::organization::by_id(&mut work.conn(), place).await?;
    let Some(organization) = organization else { return Ok(()) };
    // Who breaks the glass has her password in an envelope, not in a mailbox.
    let may = organization.status == Status::Active
        && is_open(&organization, &user)
        && user.is_enabled()
        && !user.break_glass
        && may_reset(work, id).await?;
    let Some(email) = user.email.filter(|_| may) else { return Ok(()) };
    let since = work.at.plus_s(-HOUR_S);
    let sent = store::password::links_since(&mut work.scope(), id, since, LINKS_MAX).await?;
    if sent >= LINKS_MAX {
        return Ok(());
    }
    let text = add(work, id, (Purpose::Reset, RESET_S), None).await?;
    work.record(Happened::to("user.password_reset_requested", "user", id));
    let letter = Letter::PasswordReset {
        organization: plain_name(&organization.name),
        link: format!("/password/reset/{text}"),
        minutes: RESET_S / MINUTE_S,
    };
    let mail = Mail { to: email, language: organization.settings.language, letter };
    mail::post(work, &mail, (&format!("reset {id}"), None)).await
}

/// Draws a link for a user; only its hash is kept.
pub(super) async fn add(
    work: &mut Work,
    user: UserId,
    (purpose, life_s): (Purpose, i64),
    totp: Option<Vec<u8>>,
) -> Result<String, Problem> {
    let text = draw(work.rng);
    let link = Link {
        organization: work.organization,
        id: work.id(),
        user,
        purpose,
        totp,
        expires_at: work.at.plus_s(life_s),
        used_at: None,
    };
    let (at, token) = (work.at, SecretHash::of(text.as_bytes()));
    store::password::add_link(&mut work.scope(), &link, token, at).await?;
    Ok(text)
}

/// What a link leads to.
#[derive(Clone, Debug)]
pub struct LinkOpened {
    /// Whose organization it is.
    pub organization: OrganizationId,
    /// Her login.
    pub login: String,
    /// The secret of one-time codes that she takes over with it.
    pub totp: Option<Vec<u8>>,
}

/// Opens a link; `None` for one that nobody drew.
///
/// # Errors
/// 410 for a link that was used or ran out; 503 when the database does not answer.
pub async fn open(runner: &Runner, token: SecretHash) -> Result<Option<LinkOpened>, Problem> {
    let link = store::password::link(&mut runner.db.conn(), token).await?;
    let Some(link) = link else { return Ok(None) };
    if link.used_at.is_some() || runner.clock.now() >= link.expires_at {
        return Err(over());
    }
    let scope = &mut runner.read(link.organization);
    let Some(user) = store::user::by_id(scope, link.user).await? else { return Ok(None) };
    let totp = match &link.totp {
        Some(sealed) => Some(open_totp(&runner.seal, link.organization, (user.id, sealed))?),
        None => None,
    };
    Ok(Some(LinkOpened { organization: link.organization, login: user.user_name, totp }))
}

fn over() -> Problem {
    let detail = "This link was used or has run out: ask for a new one.";
    Problem::new(Code::Gone, detail)
}

/// A password that is to be set by a link.
#[derive(Clone, Debug)]
pub struct Set {
    /// The hash of the link.
    pub token: SecretHash,
    /// The hash of the password.
    pub hash: String,
    /// The one-time code, where the link brings a secret.
    pub code: Option<String>,
}

/// Sets a password by a link: its other links end, and so do her sessions.
///
/// # Errors
/// 404 for a link that nobody drew, 410 for one that is over, 422 for a wrong one-time code, 403
/// where passwords are not taken any more.
pub async fn set(work: &mut Work, set: &Set) -> Result<(), Problem> {
    let link = store::password::link(&mut work.conn(), set.token).await?;
    let link = link.filter(|link| link.organization == work.organization);
    let link = link.ok_or_else(|| Problem::not_found("link"))?;
    store::identity::lock_user(&mut work.scope(), link.user).await?;
    let user = store::user::by_id(&mut work.scope(), link.user).await?;
    let user = user.ok_or_else(|| Problem::not_found("link"))?;
    let place = work.organization;
    let organization = store::organization::by_id(&mut work.conn(), place).await?;
    let organization = organization.ok_or_else(|| Problem::not_found("link"))?;
    if !is_open(&organization, &user) {
        let detail = "Your organization signs in by its identity provider alone.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if link.purpose == Purpose::Reset && !may_reset(work, user.id).await? {
        return Err(over());
    }
    let at = work.at;
    if at >= link.expires_at || !store::password::use_link(&mut work.scope(), link.id, at).await? {
        return Err(over());
    }
    let totp = taken_over(work, &link, set.code.as_deref())?;
    store::password::put(&mut work.scope(), user.id, (&set.hash, totp), at).await?;
    store::password::void_links(&mut work.scope(), user.id, at).await?;
    store::user::end_sessions(&mut work.scope(), user.id).await?;
    work.record(Happened::to("user.password_changed", "user", user.id));
    told(work, &user).await
}

/// The sealed secret that goes with the link, once a code of it holds.
fn taken_over(work: &Work, link: &Link, code: Option<&str>) -> Result<Option<Vec<u8>>, Problem> {
    let Some(sealed) = &link.totp else { return Ok(None) };
    let secret = open_totp(&work.seal, link.organization, (link.user, sealed))?;
    let code = code.unwrap_or_default();
    if totp::step_of(&secret, code, work.at).is_none() {
        let detail = "This code does not hold: send the one that the app shows now.";
        return Err(Problem::invalid("/code", "code", detail));
    }
    let place = totp_place(link.organization, link.user);
    work.seal.seal(work.rng, place, &secret).map(Some).map_err(Problem::internal)
}

async fn told(work: &mut Work, user: &User) -> Result<(), Problem> {
    match &user.email {
        Some(email) => notify(work, (email, &user.user_name), Notice::PasswordChanged).await,
        None => Ok(()),
    }
}
