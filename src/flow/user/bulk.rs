//! Removing many users at once: each by itself, with an answer of its own.
//!
//! Whether a role that must keep a holder would have none left is judged over the whole set before
//! anybody goes: of those who hold such a role together, none goes; all others do.

use std::collections::{BTreeMap, BTreeSet};

use super::super::problem::{Code, Problem};
use super::super::work::Work;
use super::super::{access, grant};
use super::state::remove_held;
use crate::domain::access::grant::Source;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::{GroupId, UserId};
use crate::store;

/// Users that one call removes.
pub const REMOVED_MAX: usize = 1_000;

/// What became of one of them.
#[derive(Debug)]
pub struct Removed {
    /// Who.
    pub id: UserId,
    /// Why she is still there, if she is.
    pub refused: Option<Problem>,
}

/// Removes users; of guests it takes what they hold here. Those in `refused` may not be touched by
/// the caller, for these reasons.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn remove_many(
    work: &mut Work,
    ids: &[UserId],
    refused: &BTreeSet<UserId>,
) -> Result<Vec<Removed>, Problem> {
    access::hold_rules(work).await?;
    store::organization::hold(&mut work.scope()).await?;
    let wanted: BTreeSet<UserId> = ids.iter().copied().filter(|id| !refused.contains(id)).collect();
    let mut groups: BTreeMap<UserId, Vec<GroupId>> = BTreeMap::new();
    for id in &wanted {
        let held = store::group::lock_of_user(&mut work.scope(), *id).await?;
        groups.insert(*id, held);
    }
    let all: Vec<UserId> = wanted.iter().copied().collect();
    store::profile::hold(&mut work.scope(), &all).await?;
    let kept = keepers(work, &wanted).await?;
    let mut removed = Vec::with_capacity(ids.len());
    let mut seen = BTreeSet::new();
    for id in ids.iter().copied().filter(|id| seen.insert(*id)) {
        let refused = if refused.contains(&id) {
            let detail = "The user holds roles that you may not give.";
            Some(Problem::new(Code::Forbidden, detail))
        } else if let Some(role) = kept.get(&id) {
            let detail = format!(
                "Nobody outside this list holds the role `{role}`, and somebody must: leave one \
                 holder out, or give it to another first."
            );
            Some(Problem::new(Code::LastHolder, detail))
        } else {
            let groups = groups.remove(&id).unwrap_or_default();
            one(work, id, groups).await?.err()
        };
        removed.push(Removed { id, refused });
    }
    Ok(removed)
}

async fn one(
    work: &mut Work,
    id: UserId,
    groups: Vec<GroupId>,
) -> Result<Result<(), Problem>, Problem> {
    work.part(move |work| {
        Box::pin(async move {
            match store::user::by_id(&mut work.scope(), id).await? {
                Some(user) => remove_held(work, &user, &groups).await,
                None => take_from_guest(work, id).await,
            }
        })
    })
    .await
}

/// Whom of these users a role that must keep a holder keeps, and which role: nobody else holds it.
async fn keepers(
    work: &mut Work,
    ids: &BTreeSet<UserId>,
) -> Result<BTreeMap<UserId, String>, Problem> {
    let platform = std::sync::Arc::clone(&work.platform);
    let mut kept = BTreeMap::new();
    let most = i64::try_from(ids.len()).unwrap_or(i64::MAX).saturating_add(1);
    for role in platform.roles().iter().filter(|role| role.keep_one) {
        let at = work.at;
        let holders = store::holder::holders(&mut work.scope(), &role.key, at, most).await?;
        let remains = holders.iter().any(|holder| !ids.contains(holder));
        if !remains {
            kept.extend(holders.into_iter().map(|holder| (holder, role.key.clone())));
        }
    }
    Ok(kept)
}

/// Takes what a guest holds here; her home is not touched.
async fn take_from_guest(work: &mut Work, id: UserId) -> Result<(), Problem> {
    let given = store::grant::of_user(&mut work.scope(), id).await?;
    if !given.iter().any(|grant| grant.source == Source::Guest) {
        return Err(Problem::not_found("user"));
    }
    let before = grant::live(work, id).await?;
    for one in given {
        store::grant::delete(&mut work.scope(), one.id).await?;
        work.record(
            Happened::to("grant.removed", "user", id)
                .with("grant_id", one.id.to_string())
                .with("role", one.role)
                .with("source", one.source.key()),
        );
    }
    work.changed(Change::User(id));
    grant::tell(work, id, &before).await
}
