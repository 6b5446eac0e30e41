//! The users within groups: members themselves, and members of groups that these hold.

use std::collections::BTreeSet;

use super::live::FIRST;
use crate::domain::id::{GroupId, UserId};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::store;

/// Users that are read at once.
const AT_ONCE: i64 = 10_000;

/// Every user within these groups, each once.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn users_within(
    work: &mut Work,
    groups: &BTreeSet<GroupId>,
) -> Result<BTreeSet<UserId>, Problem> {
    let below = store::nesting::below(&mut work.scope(), groups).await?;
    let all = groups.iter().copied().chain(below.into_iter().map(|edge| edge.member));
    let all: BTreeSet<GroupId> = all.collect();
    let mut users = BTreeSet::new();
    for group in all {
        let mut after = FIRST.1;
        loop {
            let scope = &mut work.scope();
            let batch = store::profile::walk_group(scope, group, after, AT_ONCE).await?;
            let Some(last) = batch.last() else { break };
            after = *last;
            users.extend(batch);
        }
    }
    Ok(users)
}
