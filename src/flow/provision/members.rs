//! Changes of a membership as deltas: what a request says, what really changed.
//!
//! Steps of one request run in order; neighbours of one kind become one statement. Unknown ids
//! refuse the whole request and are listed (D8).

use std::collections::HashSet;

use super::Client;
use crate::domain::id::{GroupId, UserId};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::scim::error::excerpt;
use crate::scim::patch::{MemberChange, MemberFilter};
use crate::scim::{Member, ScimError};
use crate::store::{self, StoreError};

/// Unknown ids that a refusal lists.
pub const LISTED_MAX: usize = 20;
/// Members that are read at a time to be matched by a filter.
const BATCH: i64 = 1_000;

/// What a request did to a membership in the end.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Who is a member now and was none.
    pub joined: HashSet<UserId>,
    /// Who was a member and is none now.
    pub left: HashSet<UserId>,
}

impl Delta {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.left.is_empty()
    }

    fn join(&mut self, users: Vec<UserId>) {
        for user in users {
            if !self.left.remove(&user) {
                self.joined.insert(user);
            }
        }
    }

    fn leave(&mut self, users: Vec<UserId>) {
        for user in users {
            if !self.joined.remove(&user) {
                self.left.insert(user);
            }
        }
    }
}

/// One statement's worth of changes.
enum Step {
    Add(Vec<String>),
    Remove(Vec<String>),
    Match(MemberFilter),
    Clear,
    Replace(Vec<String>),
}

/// Runs the changes on a group whose row is locked.
///
/// # Errors
/// 400 `invalidValue` that lists ids which are no users of the directory (D8).
pub async fn run(
    work: &mut Work,
    client: Client,
    group: GroupId,
    changes: Vec<MemberChange>,
) -> Result<Delta, Problem> {
    let mut delta = Delta::default();
    for step in steps(changes) {
        match step {
            Step::Add(ids) => add(work, client, group, &ids, &mut delta).await?,
            Step::Remove(ids) => remove(work, group, &known_form(&ids), &mut delta).await?,
            Step::Match(filter) => {
                let matched = matching(work, group, &filter).await?;
                remove(work, group, &matched, &mut delta).await?;
            }
            Step::Clear => delta.leave(store::member::clear(&mut work.scope(), group).await?),
            Step::Replace(ids) => {
                let kept = known_form(&ids);
                delta.leave(store::member::keep(&mut work.scope(), group, &kept).await?);
                add(work, client, group, &ids, &mut delta).await?;
            }
        }
    }
    Ok(delta)
}

/// Joins neighbours of one kind.
fn steps(changes: Vec<MemberChange>) -> Vec<Step> {
    let ids = |members: Vec<Member>| members.into_iter().map(|member| member.value).collect();
    let mut steps: Vec<Step> = Vec::new();
    for change in changes {
        let step = match change {
            MemberChange::Add(members) => Step::Add(ids(members)),
            MemberChange::Remove(ids) => Step::Remove(ids),
            MemberChange::RemoveMatching(filter) => Step::Match(filter),
            MemberChange::Clear => Step::Clear,
            MemberChange::Replace(members) => Step::Replace(ids(members)),
        };
        match (steps.last_mut(), step) {
            (Some(Step::Add(held)), Step::Add(more))
            | (Some(Step::Remove(held)), Step::Remove(more)) => held.extend(more),
            (_, step) => steps.push(step),
        }
    }
    steps
}

/// The ids that can be ids at all, each once.
fn known_form(ids: &[String]) -> Vec<UserId> {
    let ids: HashSet<UserId> = ids.iter().filter_map(|id| UserId::parse(id).ok()).collect();
    ids.into_iter().collect()
}

async fn add(
    work: &mut Work,
    client: Client,
    group: GroupId,
    ids: &[String],
    delta: &mut Delta,
) -> Result<(), Problem> {
    let users = known_form(ids);
    let added = store::member::add(&mut work.scope(), client.directory, group, &users)
        .await
        .map_err(gone)?;
    if added.len() < ids.len() {
        refuse_unknown(work, client, ids, added.iter().copied().collect()).await?;
    }
    delta.join(added);
    Ok(())
}

/// Refuses ids that are no users of the directory; those in `sure` are.
pub async fn refuse_unknown(
    work: &mut Work,
    client: Client,
    ids: &[String],
    sure: HashSet<UserId>,
) -> Result<(), Problem> {
    let parsed = |id: &String| UserId::parse(id).ok();
    let doubtful: HashSet<UserId> =
        ids.iter().filter_map(parsed).filter(|id| !sure.contains(id)).collect();
    let doubtful: Vec<UserId> = doubtful.into_iter().collect();
    let mut known = sure;
    if !doubtful.is_empty() {
        known.extend(store::member::known(&mut work.scope(), client.directory, &doubtful).await?);
    }
    let unknown: Vec<&str> = ids
        .iter()
        .filter(|id| parsed(id).is_none_or(|parsed| !known.contains(&parsed)))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let quoted = |id: &&str| format!("'{}'", excerpt(id));
    let mut listed: Vec<String> = unknown.iter().take(LISTED_MAX).map(quoted).collect();
    if let Some(more) = unknown.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
        listed.push(format!("and {more} more"));
    }
    Err(ScimError::invalid_value(format!(
        "members names users that this directory does not have: {}",
        listed.join(", ")
    ))
    .for_reference()
    .into())
}

/// A user who went away between statements: the next run lists her among the unknown (S24).
fn gone(error: StoreError) -> Problem {
    let again = matches!(error, StoreError::Reference);
    Problem { again, ..error.into() }
}

async fn remove(
    work: &mut Work,
    group: GroupId,
    users: &[UserId],
    delta: &mut Delta,
) -> Result<(), Problem> {
    if !users.is_empty() {
        delta.leave(store::member::remove(&mut work.scope(), group, users).await?);
    }
    Ok(())
}

async fn matching(
    work: &mut Work,
    group: GroupId,
    filter: &MemberFilter,
) -> Result<Vec<UserId>, Problem> {
    let (mut found, mut after) = (Vec::new(), UserId(uuid::Uuid::nil()));
    loop {
        let batch = store::member::of_group(&mut work.scope(), group, after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(found) };
        after = last.user;
        let meant = |member: &store::member::Member| {
            filter.matches(&member.user.to_string(), Some(&member.display))
        };
        found.extend(batch.iter().filter(|member| meant(member)).map(|member| member.user));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{Rng, Timestamp};

    #[test]
    fn who_comes_and_goes_in_one_request_is_no_change() {
        let ada: UserId = Rng.id(Timestamp(1));
        let mut delta = Delta::default();
        delta.join(vec![ada]);
        delta.leave(vec![ada]);
        assert!(delta.is_empty());
        delta.leave(vec![ada]);
        assert_eq!(delta.left.len(), 1);
        delta.join(vec![ada]);
        assert!(delta.is_empty());
    }

    #[test]
    fn neighbours_of_one_kind_become_one_statement() {
        let remove = |id: &str| MemberChange::Remove(vec![id.to_owned()]);
        let joined = steps(vec![remove("a"), remove("b"), MemberChange::Clear, remove("c")]);
        assert_eq!(joined.len(), 3);
        assert!(matches!(&joined[0], Step::Remove(ids) if ids.len() == 2));
    }
}
