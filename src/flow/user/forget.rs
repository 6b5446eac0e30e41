//! Forgetting one person: she is removed, and what journals and invites kept of her goes too.
//!
//! Keyed traces stay, from which nobody reads a value, so that none inherits her links.

use super::super::problem::{Code, Problem};
use super::super::work::Work;
use super::super::{access, grant};
use super::load;
use super::state::erase;
use crate::domain::directory;
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::scim::fold;
use crate::store;

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
    erase(work, &user, &groups).await?;
    let email = user.email.as_deref().map(fold);
    for key in [Some(fold(&user.user_name)), email].into_iter().flatten() {
        store::invite::forget(&mut work.scope(), &key).await?;
        store::sign_in::forget(&mut work.scope(), id, &key).await?;
    }
    work.record(Happened::to("user.erased", "user", id));
    if counted { grant::keep_one(work, &held).await } else { Ok(()) }
}
