//! What the operator gives its own people in an organization: they are guests there.
//!
//! The work runs in the organization, whose feed tells of it. A guest is no user of it: of her it
//! sees who she is and what she holds here, and takes that away when it likes.

use super::{check, held, live, put_all, tell, told};
use crate::domain::access::grant::Source;
use crate::domain::id::UserId;
use crate::domain::organization::Kind;
use crate::flow::access;
use crate::flow::fields::Fields;
use crate::flow::grant::New;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store::grant::Grant;
use crate::store::{self, Scope};

/// How long a guest's grant lives unless said, in seconds: 90 days.
pub const GUEST_S: i64 = 90 * 24 * 60 * 60;

/// Gives a role here to one of the operator's own people.
///
/// # Errors
/// 404 for nobody, 422 for somebody who is at home here or not the operator's, and for fields that
/// do not fit.
pub async fn give_guest(work: &mut Work, user: UserId, new: &New) -> Result<Vec<Grant>, Problem> {
    access::hold_rules(work).await?;
    hold(work, user).await?;
    let before = live(work, user).await?;
    let mut fields = Fields::new();
    let (grants, expires_at) = check(work, &mut fields, new).await?;
    fields.done()?;
    held::refuse(work, user).await?;
    let end = expires_at.unwrap_or_else(|| work.at.plus_s(GUEST_S));
    let by = work.actor.reference().id.unwrap_or_default();
    let given = put_all(work, user, (grants, Some(end)), (Source::Guest, by)).await?;
    tell(work, user, &before).await?;
    Ok(given)
}

/// Holds one of the operator's people at her home until commit.
///
/// # Errors
/// 404 for nobody; 422 for whoever cannot be a guest here.
pub(super) async fn hold(work: &mut Work, user: UserId) -> Result<(), Problem> {
    let home = store::guest::home(&mut work.conn(), user).await?;
    let (home, kind) = home.ok_or_else(|| Problem::not_found("user"))?;
    if kind != Kind::Operator || home == work.organization {
        let detail = "Only people of the operator are guests, and not at home.";
        return Err(Problem::invalid("/organization", "no-guest", detail));
    }
    let found = store::profile::hold(&mut Scope::new(work.conn(), home), &[user]).await?;
    if found.is_empty() { Err(Problem::not_found("user")) } else { Ok(()) }
}

/// Ends what somebody of this organization holds in others, each of whose feeds tells of it. Her
/// row is held.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn end_elsewhere(work: &mut Work, user: UserId) -> Result<(), Problem> {
    for (there, id) in store::guest::elsewhere(&mut work.scope(), user).await? {
        let mut scope = Scope::new(work.conn(), there);
        let Some(grant) = store::grant::by_id(&mut scope, id).await? else { continue };
        if store::grant::delete(&mut scope, id).await? {
            work.record(told("grant.removed", &grant).elsewhere(there));
        }
    }
    Ok(())
}
