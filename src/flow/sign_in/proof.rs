//! What an address is worth: whether it is verified, and whether she who has it here is she who
//! signs in (LI4, LI6, LI13).
//!
//! An address counts as verified where the organization has proved its domain and this connection
//! lists it, or where a provider on our list attests it for a pinned tenant and the domain is not
//! another organization's.

use crate::domain::connection::Connection;
use crate::domain::id::UserId;
use crate::domain::session::Session;
use crate::domain::sign_in::Asserted;
use crate::flow::grant;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// Whom an address means.
pub enum Proof {
    /// Nobody here has it.
    Nobody,
    /// This user of the organization itself, beyond doubt.
    Of(UserId),
    /// This user, who has not shown that she is meant.
    Missing(UserId),
    /// Somebody who cannot be joined by an address.
    Taken(UserId),
}

/// Whom the asserted address means, by LI4; what it does not settle is a collision (LI6).
pub async fn of_address(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
    present: Option<&Session>,
) -> Result<Proof, Problem> {
    let Some(own) = asserted.own.as_ref() else { return Ok(Proof::Nobody) };
    let key = own.key.address.clone();
    let Some(taken) = store::identity::any_by_address(&mut work.scope(), &key).await? else {
        return Ok(Proof::Nobody);
    };
    let found = store::identity::local_by_address(&mut work.scope(), &key, 2).await?;
    let [user] = found.as_slice() else { return Ok(Proof::Taken(taken)) };
    let linked = store::identity::linked(&mut work.scope(), &[*user]).await?;
    if !linked.is_empty() || !is_verified(work, connection, asserted).await? {
        return Ok(Proof::Taken(*user));
    }
    if is_shown(present, *user, work) || is_silent(work, *user).await? {
        return Ok(Proof::Of(*user));
    }
    Ok(Proof::Missing(*user))
}

/// Whether the browser has a young session of the very user: she signed in as her another way.
fn is_shown(present: Option<&Session>, user: UserId, work: &Work) -> bool {
    present.is_some_and(|session| session.user_id == user && session.is_fresh(work.at))
}

/// Whether the organization links by verified addresses without further proof; holders of roles
/// that must keep a holder are never linked so.
async fn is_silent(work: &mut Work, user: UserId) -> Result<bool, Problem> {
    let id = work.organization;
    let organization = store::organization::by_id(&mut work.conn(), id).await?;
    if !organization.is_some_and(|found| found.settings.silent_link_verified_domains) {
        return Ok(false);
    }
    let held = grant::live(work, user).await?;
    Ok(grant::kept_roles(work, &held).is_empty())
}

/// Whether the asserted address counts as verified (LI4, LI13).
async fn is_verified(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
) -> Result<bool, Problem> {
    let Some(own) = asserted.own.as_ref() else { return Ok(false) };
    let domain = &own.key.domain;
    if store::connection::vouches_for(&mut work.scope(), connection.id, domain).await? {
        return Ok(true);
    }
    Ok(own.attested && !store::domain::is_anothers(&mut work.scope(), domain).await?)
}

/// Whether a link that rests on a domain still holds: an asserted address or login lies in one
/// that the connection may vouch for, or is attested as such.
pub async fn holds(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
) -> Result<bool, Problem> {
    for address in &asserted.addresses {
        let scope = &mut work.scope();
        if store::connection::vouches_for(scope, connection.id, &address.domain).await? {
            return Ok(true);
        }
    }
    if connection.domains.is_empty() && may_come(work, connection, asserted).await? {
        return Ok(true);
    }
    is_verified(work, connection, asserted).await
}

/// The domain rule of LI5: the address lies in a domain that the organization has verified and,
/// where the connection lists domains, in one of those.
pub async fn may_come(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
) -> Result<bool, Problem> {
    let Some(own) = asserted.own.as_ref() else { return Ok(false) };
    let (scope, domain) = (&mut work.scope(), &own.key.domain);
    if connection.domains.is_empty() {
        return Ok(store::domain::is_verified(scope, domain).await?);
    }
    Ok(store::connection::vouches_for(scope, connection.id, domain).await?)
}
