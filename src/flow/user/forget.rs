//! Forgetting one person: she is removed, and what journals and invites kept of her goes too.
//!
//! Keyed traces stay, from which nobody reads a value, so that none inherits her links.

use super::super::problem::{Code, Problem};
use super::super::work::Work;
use super::super::{access, grant, mail};
use super::load;
use super::state::erase;
use crate::domain::directory;
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::domain::user::User;
use crate::scim::fold;
use crate::store;

/// Links of one person that are followed into journals.
const LINKS_MAX: i64 = 1_000;

/// Forgets a user. One of a live directory is the directory's to remove first: it would bring her
/// again.
///
/// # Errors
/// 404; 409 `managed-elsewhere` for a user of a live directory, 409 `last-holder` when nobody else
/// has a role that must keep a holder.
pub async fn forget(work: &mut Work, id: UserId) -> Result<(), Problem> {
    access::hold_rules(work).await?;
    store::organization::hold(&mut work.scope()).await?;
    let groups = store::group::lock_of_user(&mut work.scope(), id).await?;
    grant::hold_user(work, id).await?;
    let user = load(work, id).await?;
    if let Some(owner) = user.directory {
        let found = store::directory::by_id(&mut work.scope(), owner).await?;
        if found.is_some_and(|found| found.status == directory::Status::Active) {
            let detail = "Her directory brings her again: remove her there first, or disable it.";
            return Err(Problem::new(Code::ManagedElsewhere, detail));
        }
    }
    let held = grant::live(work, id).await?;
    let counted = user.is_enabled();
    let addresses = addresses(&user);
    traces(work, &user, &addresses).await?;
    erase(work, &user, &groups).await?;
    for key in &addresses {
        store::invite::forget(&mut work.scope(), key).await?;
        store::sign_in::forget(&mut work.scope(), id, key).await?;
    }
    let digests: Vec<String> =
        addresses.iter().flat_map(|address| mail::digests(work, address)).collect();
    store::person::forget_waiting(&mut work.conn(), id, &digests).await?;
    work.record(Happened::to("user.erased", "user", id));
    if counted { grant::keep_one(work, &held).await } else { Ok(()) }
}

/// Her login and address, folded.
fn addresses(user: &User) -> Vec<String> {
    let mut all = vec![fold(&user.user_name)];
    all.extend(user.email.as_deref().map(fold));
    all.dedup();
    all
}

/// What journals keep of her under other names than her id, while her links are still there.
async fn traces(work: &mut Work, user: &User, addresses: &[String]) -> Result<(), Problem> {
    let id = user.id;
    let scope = &mut work.scope();
    let present = store::identity::of_user(scope, id, LINKS_MAX).await?;
    let former = store::former_identity::of_user(scope, id, LINKS_MAX).await?;
    let present = present.into_iter().map(|one| (one.connection_id.0, one.subject));
    let links = present.chain(former.into_iter().map(|one| (one.connection_id, one.subject)));
    for (connection, subject) in links {
        for key in addresses {
            store::person::forget_subject(scope, connection, (&subject, key)).await?;
        }
    }
    let there = user.directory.zip(user.external_id.as_deref());
    Ok(store::person::forget(scope, id, there).await?)
}
