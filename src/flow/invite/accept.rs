//! Accepting an invite: its user is enabled, with what the inviter may still give.

use super::OF_ONE_MAX;
use super::send::told;
use crate::domain::access::grant::Source;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::domain::invite::{Class, Invite, State};
use crate::domain::organization::Status;
use crate::domain::platform::LoginType;
use crate::domain::secret::SecretHash;
use crate::flow::access::may_still_assign;
use crate::flow::problem::{Code, Problem};
use crate::flow::work::Work;
use crate::flow::{grant, mail, password};
use crate::store;

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// An invite that may be accepted.
    Live(Box<Invite>),
    /// One that was accepted before.
    Used,
    /// One that ran out.
    Expired,
    /// Nothing, or what somebody took back: nobody learns which.
    Unknown,
}

/// Opens a link of the work's organization, and notes that it was opened.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn open(work: &mut Work, link: SecretHash) -> Result<Opened, Problem> {
    let opened = look(work, link).await?;
    if let Opened::Live(invite) = &opened {
        let at = work.at;
        store::invite::opened(&mut work.scope(), invite.id, at).await?;
    }
    Ok(opened)
}

async fn look(work: &mut Work, link: SecretHash) -> Result<Opened, Problem> {
    let owner = store::invite::owner_of_token(&mut work.conn(), link).await?;
    let Some((_, id)) = owner.filter(|(place, _)| *place == work.organization) else {
        return Ok(Opened::Unknown);
    };
    let found = store::invite::by_id(&mut work.scope(), id).await?;
    let Some(found) = found.filter(|invite| invite.token == Some(link)) else {
        return Ok(Opened::Unknown);
    };
    Ok(match found.status(work.at) {
        "pending" if found.class == Class::Member => Opened::Live(Box::new(found)),
        "accepted" => Opened::Used,
        "expired" => Opened::Expired,
        _ => Opened::Unknown,
    })
}

/// Accepts the live invite behind a link, for whoever signs in this way; answers her id. The row of
/// its user is held from here on, so that of two who come at once the second finds it used.
///
/// # Errors
/// 503 when the database does not answer. What keeps it from being accepted is the inner answer.
pub async fn take(
    work: &mut Work,
    link: SecretHash,
    login: LoginType,
) -> Result<Result<(UserId, Invite), Opened>, Problem> {
    let invite = match look(work, link).await? {
        Opened::Live(invite) => invite,
        over => return Ok(Err(over)),
    };
    let Some(user) = invite.user else { return Ok(Err(Opened::Unknown)) };
    store::identity::lock_user(&mut work.scope(), user).await?;
    let invite = match look(work, link).await? {
        Opened::Live(invite) => *invite,
        over => return Ok(Err(over)),
    };
    let found = store::user::by_id(&mut work.scope(), user).await?;
    if found.is_none_or(|user| user.suspended_by.is_suspended()) || !invite.takes(login) {
        return Ok(Err(Opened::Unknown));
    }
    accepted(work, &invite, (user, login)).await?;
    store::way_in::prove_own(&mut work.scope(), user).await?;
    Ok(Ok((user, invite)))
}

/// Accepts what waits for somebody who signs in for the first time; her row is held.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn accept_waiting(
    work: &mut Work,
    user: UserId,
    login: LoginType,
) -> Result<(), Problem> {
    let waiting = store::invite::pending_of(&mut work.scope(), user, OF_ONE_MAX).await?;
    for invite in waiting {
        if invite.is_live(work.at) && invite.takes(login) {
            accepted(work, &invite, (user, login)).await?;
        }
    }
    Ok(())
}

async fn accepted(
    work: &mut Work,
    invite: &Invite,
    (user, login): (UserId, LoginType),
) -> Result<(), Problem> {
    let at = work.at;
    if !store::invite::end(&mut work.scope(), invite.id, State::Accepted, at).await? {
        return Ok(());
    }
    mail::take_back(work, &invite.id.to_string()).await?;
    withhold(work, invite, user).await?;
    // Who came by a directory stays bound to nothing: her directory says how she signs in.
    let bound = invite.login_type.or(Some(login));
    store::way_in::welcome(&mut work.scope(), user, bound, at).await?;
    work.record(told("invite.accepted", invite).with("login_type", login.key()));
    work.changed(Change::User(user));
    Ok(())
}

/// Takes away what the inviter may not give any more.
async fn withhold(work: &mut Work, invite: &Invite, user: UserId) -> Result<(), Problem> {
    let Some(inviter) = invite.inviter else { return Ok(()) };
    let source_id = invite.id.to_string();
    let before = grant::live(work, user).await?;
    let given = store::grant::of_user(&mut work.scope(), user).await?;
    let of_invite =
        given.into_iter().filter(|one| one.source == Source::Invite && one.source_id == source_id);
    let (ids, wanted): (Vec<_>, Vec<_>) =
        of_invite.map(|one| (one.id, (one.role, one.reach))).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let may = may_still_assign(work, inviter, &wanted).await?;
    let refused: Vec<_> =
        ids.iter().zip(&may).filter(|(_, may)| !**may).map(|(id, _)| *id).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let which = |one: &store::grant::Grant| refused.contains(&one.id);
    grant::take_of(work, user, (Source::Invite, &source_id), which).await?;
    let withheld = Happened::to("invite.grants_withheld", "invite", invite.id);
    work.record(withheld.with("user_id", user.to_string()).with("count", refused.len()));
    grant::tell(work, user, &before).await
}

/// Accepts an invite with a password, whose hash this is, and begins a session.
///
/// # Errors
/// 403 where passwords are not taken; 503 when the database does not answer. What keeps it from
/// being accepted is the inner answer.
pub async fn accept_by_password(
    work: &mut Work,
    link: SecretHash,
    hash: &str,
    cookies: (SecretHash, Option<SecretHash>),
) -> Result<Result<UserId, Opened>, Problem> {
    let id = work.organization;
    let organization = store::organization::by_id(&mut work.conn(), id).await?;
    let open = organization
        .is_some_and(|found| found.status == Status::Active && !found.settings.require_sso);
    if !open || !work.platform.users.login_types.contains(&LoginType::Password) {
        let detail = "Passwords are not taken here: go on by your identity provider.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let user = match take(work, link, LoginType::Password).await? {
        Ok((user, _)) => user,
        Err(over) => return Ok(Err(over)),
    };
    let at = work.at;
    store::password::put(&mut work.scope(), user, (hash, None), at).await?;
    password::begin_session(work, user, cookies).await?;
    Ok(Ok(user))
}
