//! Verbs on identities: part a subject from a user.

use super::problem::Problem;
use super::work::Work;
use crate::domain::event::Happened;
use crate::domain::id::IdentityId;
use crate::store;

/// Parts an identity from its user and ends the sessions that came by it. Whoever signs in under
/// that subject next is found by the rules for a first sign-in (LI8).
///
/// # Errors
/// 404 when there is no such identity; 503 when the database does not answer.
pub async fn unlink(work: &mut Work, id: IdentityId) -> Result<(), Problem> {
    let unknown = || Problem::not_found("identity");
    let found = store::identity::by_id(&mut work.scope(), id).await?.ok_or_else(unknown)?;
    if !store::identity::delete(&mut work.scope(), id).await? {
        return Err(unknown());
    }
    let scope = &mut work.scope();
    store::session::delete_of_identity(scope, found.connection_id, found.user_id).await?;
    work.record(
        Happened::to("identity.unlinked", "user", found.user_id)
            .with("identity_id", id.to_string())
            .with("connection_id", found.connection_id.to_string()),
    );
    Ok(())
}
