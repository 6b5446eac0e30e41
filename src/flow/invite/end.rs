//! How invites end without being accepted: taken back, overtaken by a directory, run out.

use super::send::told;
use super::{OF_ONE_MAX, SENT_MAX, load};
use crate::domain::access::grant::Source as GrantSource;
use crate::domain::actor::Actor;
use crate::domain::id::{InviteId, OrganizationId, UserId};
use crate::domain::invite::{Invite, State};
use crate::domain::user::{Source, User};
use crate::flow::problem::{Code, Problem};
use crate::flow::runner::Runner;
use crate::flow::user::erase;
use crate::flow::work::{Part, Work};
use crate::flow::{access, grant, mail};
use crate::store;
use crate::store::grant::Grant;

/// Invites of which one look tells that they ran out.
const TOLD_AT_ONCE: i64 = 500;

/// Takes an invite back. Whoever came by it alone and never signed in goes with it.
///
/// # Errors
/// 404; 409 for one that is over.
pub async fn revoke(work: &mut Work, id: InviteId) -> Result<(), Problem> {
    access::hold_rules(work).await?;
    store::organization::hold(&mut work.scope()).await?;
    let found = load(work, id).await?;
    if let Some(user) = found.user {
        store::identity::lock_user(&mut work.scope(), user).await?;
    }
    let found = load(work, id).await?;
    if found.state != State::Pending {
        let detail = format!("The invite is {} already.", found.status(work.at));
        return Err(Problem::new(Code::Conflict, detail));
    }
    taken_back(work, &found).await
}

/// Ends a pending invite; the row of its user is held.
async fn taken_back(work: &mut Work, invite: &Invite) -> Result<(), Problem> {
    let at = work.at;
    store::invite::end(&mut work.scope(), invite.id, State::Revoked, at).await?;
    mail::take_back(work, &invite.id.to_string()).await?;
    work.record(told("invite.revoked", invite));
    let Some(id) = invite.user else { return Ok(()) };
    let Some(user) = store::user::by_id(&mut work.scope(), id).await? else { return Ok(()) };
    if came_by_it_alone(&user) {
        let groups = store::group::lock_of_user(&mut work.scope(), id).await?;
        return erase(work, &user, &groups).await;
    }
    let before = grant::live(work, id).await?;
    let source_id = invite.id.to_string();
    grant::take_of(work, id, (GrantSource::Invite, &source_id), |_| true).await?;
    store::way_in::set_invite(&mut work.scope(), id, None).await?;
    grant::tell(work, id, &before).await
}

fn came_by_it_alone(user: &User) -> bool {
    user.source == Source::Invite
        && user.suspended_by.is_awaited()
        && user.last_sign_in_at.is_none()
        && user.directory.is_none()
}

/// Ends the invites that a user got and those that she sent: she is being removed, and her row is
/// held.
///
/// # Errors
/// 503 when the database does not answer.
pub fn end_of(work: &mut Work, user: UserId) -> Part<'_, (), Problem> {
    // Boxed: whoever came by an invite of hers is removed the same way.
    Box::pin(async move {
        let at = work.at;
        for invite in store::invite::pending_of(&mut work.scope(), user, OF_ONE_MAX).await? {
            store::invite::end(&mut work.scope(), invite.id, State::Revoked, at).await?;
            mail::take_back(work, &invite.id.to_string()).await?;
            work.record(told("invite.revoked", &invite));
        }
        for invite in store::invite::sent_by(&mut work.scope(), user, SENT_MAX).await? {
            if let Some(invited) = invite.user.filter(|invited| *invited != user) {
                store::identity::lock_user(&mut work.scope(), invited).await?;
            }
            taken_back(work, &invite).await?;
        }
        Ok(())
    })
}

/// A directory brings the person whom a live invite waits for: the two are one, what the invite
/// gave stays, but a role that must keep a holder only once its link was opened. Her row is held.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn supersede(work: &mut Work, invite: &Invite, user: UserId) -> Result<(), Problem> {
    let at = work.at;
    store::invite::end(&mut work.scope(), invite.id, State::Superseded, at).await?;
    mail::take_back(work, &invite.id.to_string()).await?;
    if invite.opened_at.is_none() {
        let before = grant::live(work, user).await?;
        let kept = grant::kept_roles(work, &before);
        let source_id = invite.id.to_string();
        let which = |one: &Grant| kept.contains(&one.role);
        grant::take_of(work, user, (GrantSource::Invite, &source_id), which).await?;
        grant::tell(work, user, &before).await?;
    }
    store::way_in::welcome(&mut work.scope(), user, None, at).await?;
    store::way_in::set_login_type(&mut work.scope(), user, None).await?;
    work.record(told("invite.superseded", invite));
    Ok(())
}

/// Tells of invites that ran out, each once; answers how many.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn tell_expired(runner: &Runner) -> Result<usize, Problem> {
    let now = runner.clock.now();
    let found = store::invite::expired(&mut runner.db.conn(), now, TOLD_AT_ONCE).await?;
    let mut told = 0;
    for (organization, id) in found {
        told += usize::from(tell_one(runner, organization, id).await?);
    }
    Ok(told)
}

async fn tell_one(
    runner: &Runner,
    organization: OrganizationId,
    id: InviteId,
) -> Result<bool, Problem> {
    runner
        .write(Actor::System, organization, move |work| {
            Box::pin(async move {
                let at = work.at;
                let first = store::invite::expiry_told(&mut work.scope(), id, at).await?;
                if first {
                    let invite = load(work, id).await?;
                    work.record(told("invite.expired", &invite));
                }
                Ok(first)
            })
        })
        .await
}
