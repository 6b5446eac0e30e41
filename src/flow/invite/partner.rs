//! Partners: an organization asks for one of the operator's people, and the operator agrees.
//!
//! Nobody is made in the operator's organization, and the answer is the same whether anybody there
//! has the address.

use super::load;
use super::send::told;
use crate::domain::event::Happened;
use crate::domain::id::{InviteId, UserId};
use crate::domain::invite::{Class, Invite, Offered, State};
use crate::domain::mail::Notice;
use crate::flow::announcement::notify_operator;
use crate::flow::grant;
use crate::flow::problem::{Code, Problem};
use crate::flow::work::Work;
use crate::store;

/// Keeps the request until the operator confirms it.
pub(super) async fn ask(
    work: &mut Work,
    invite: Invite,
    grants: &[grant::New],
) -> Result<Invite, Problem> {
    let one =
        |new: &grant::New| Offered { role: new.role.clone(), resources: new.resources.clone() };
    for (at, new) in grants.iter().enumerate() {
        grant::check_only(work, (new, &format!("/grants/{at}"))).await?;
    }
    let invite = Invite { grants: grants.iter().map(one).collect(), ..invite };
    store::invite::insert(&mut work.scope(), &invite).await.map_err(|error| match error {
        store::StoreError::Unique(_) => {
            Problem::new(Code::Conflict, "A request waits for this address already.")
        }
        other => other.into(),
    })?;
    work.record(told("invite.requested", &invite));
    notify_operator(work, Notice::PartnerRequested).await?;
    Ok(invite)
}

/// Confirms a request for one of the operator's people: she becomes a guest with what was asked
/// for.
///
/// # Errors
/// 404; 409 for an invite that is none or is over; 422 for somebody who is not the operator's.
pub async fn confirm(work: &mut Work, id: InviteId, user: UserId) -> Result<Invite, Problem> {
    let found = load(work, id).await?;
    if found.class != Class::Partner || !found.is_live(work.at) {
        let detail = format!("The invite is {}, and none to confirm.", found.status(work.at));
        return Err(Problem::new(Code::Conflict, detail));
    }
    for offered in &found.grants {
        let new = grant::New {
            role: offered.role.clone(),
            resources: offered.resources.clone(),
            expires_at: None,
        };
        grant::give_guest(work, user, &new).await?;
    }
    let at = work.at;
    if !store::invite::end(&mut work.scope(), id, State::Accepted, at).await? {
        return Err(Problem::new(Code::Conflict, "The invite is over by now."));
    }
    store::invite::set_user(&mut work.scope(), id, user).await?;
    work.record(
        Happened::to("invite.accepted", "invite", id)
            .with("user_id", user.to_string())
            .with("class", Class::Partner.as_str()),
    );
    load(work, id).await
}
