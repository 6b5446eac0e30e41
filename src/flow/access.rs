//! Access follows facts.

use super::problem::Problem;
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::id::{DirectoryId, GroupId, UserId};

/// What changed about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Anything of her.
    Everything,
    /// Her membership in a group, or that group itself.
    Group(GroupId),
}

/// A user and what changed about her.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// The user.
    pub user: UserId,
    /// What changed.
    pub fact: Fact,
}

/// Evaluates what reads the changed facts.
///
/// # Errors
/// 503 when the database does not answer.
#[expect(clippy::unused_async, reason = "a stand-in for the real verb")]
pub async fn facts_changed(
    work: &mut Work,
    _directory: Option<DirectoryId>,
    changes: &[FactChange],
) -> Result<(), Problem> {
    for change in changes {
        work.changed(Change::User(change.user));
    }
    Ok(())
}
