//! LI3: an invite that was opened in this browser, or that waits for an address for which the
//! connection vouches, is accepted by signing in.
//!
//! A link is a bearer secret: whoever signs in with another address than the invited one accepts
//! nothing by it.

use crate::domain::connection::Connection;
use crate::domain::id::UserId;
use crate::domain::identity::EmailKey;
use crate::domain::invite::{Class, Invite};
use crate::domain::platform::LoginType;
use crate::domain::secret::SecretHash;
use crate::domain::sign_in::{Asserted, Refused};
use crate::flow::invite::{self, Opened};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// What became of an invite.
pub(super) enum Invited {
    /// It was accepted, and is hers.
    Accepted(UserId),
    /// It is not hers to accept so.
    Refused(Refused),
    /// There is none.
    Nobody,
}

/// Accepts the invite that waits for somebody, if there is one.
pub(super) async fn accept(
    work: &mut Work,
    connection: &Connection,
    (asserted, opened): (&Asserted, Option<SecretHash>),
) -> Result<Invited, Problem> {
    if let Some(link) = opened
        && let Opened::Live(invite) = invite::open(work, link).await?
    {
        return by_link(work, asserted, (link, &invite)).await;
    }
    for address in &asserted.addresses {
        let scope = &mut work.scope();
        if !store::connection::vouches_for(scope, connection.id, &address.domain).await? {
            continue;
        }
        let scope = &mut work.scope();
        let found = store::invite::pending_to(scope, Class::Member, &address.address).await?;
        if let Some(link) = found.filter(|found| found.is_live(work.at)).and_then(|one| one.token) {
            return taken(work, link).await;
        }
    }
    Ok(Invited::Nobody)
}

async fn by_link(
    work: &mut Work,
    asserted: &Asserted,
    (link, invite): (SecretHash, &Invite),
) -> Result<Invited, Problem> {
    let invited = EmailKey::parse(&invite.email);
    let own = asserted.email.as_deref().and_then(EmailKey::parse);
    let is_hers = invited.is_some()
        && (own == invited || asserted.addresses.iter().any(|one| Some(one) == invited.as_ref()));
    if !is_hers {
        return Ok(Invited::Refused(Refused::InviteEmailMismatch));
    }
    if !invite.takes(LoginType::Sso) {
        return Ok(Invited::Refused(Refused::LoginTypeMismatch));
    }
    taken(work, link).await
}

async fn taken(work: &mut Work, link: SecretHash) -> Result<Invited, Problem> {
    Ok(match invite::take(work, link, LoginType::Sso).await? {
        Ok((user, _)) => Invited::Accepted(user),
        Err(_) => Invited::Nobody,
    })
}
