//! Verbs on invites: send, send again, take back, accept, and let directories come first.
//!
//! An invite makes its user at once, so that she stands in lists with the roles that wait for her;
//! she is enabled only when she accepts it. Whoever changes an invite holds the row of its user.

mod accept;
mod batch;
mod end;
mod head;
mod partner;
mod send;

use super::problem::Problem;
use super::work::Work;
use crate::domain::id::InviteId;
use crate::domain::invite::Invite;
use crate::store;

pub use accept::{Opened, accept_by_password, accept_waiting, open, take};
pub use batch::{AT_ONCE, Present, Terms, check_terms, create_many, present};
pub use end::{end_of, revoke, supersede, tell_expired};
pub use partner::confirm;
pub use send::{New, announce, create, resend};

/// Invites of one person that are looked at: one waits for an address at a time.
const OF_ONE_MAX: i64 = 10;
/// Invites that one person sent and that end with her.
const SENT_MAX: i64 = 10_000;

async fn load(work: &mut Work, id: InviteId) -> Result<Invite, Problem> {
    let found = store::invite::by_id(&mut work.scope(), id).await?;
    found.ok_or_else(|| Problem::not_found("invite"))
}
