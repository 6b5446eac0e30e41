//! Changes of a membership as deltas: what a request says, what really changed.
//!
//! Steps of one request run in order; neighbours of one kind become one statement. Users change in
//! the database step by step; groups among the members are few, change in memory, and are written
//! at the end. A group without any costs no statement for them.

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use super::named::{self, Named};
use super::{Client, nesting, pending};
use crate::domain::directory::UnknownMembers;
use crate::domain::id::{GroupId, UserId};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::scim::patch::{MemberChange, MemberFilter};
use crate::scim::{Member, MemberKind};
use crate::store::group::Locked;
use crate::store::{self, StoreError};

/// Members that are read at a time to be matched by a filter.
const BATCH: i64 = 1_000;

/// What a request did to a membership in the end.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Who is a member now and was none.
    pub joined: HashSet<UserId>,
    /// Who was a member and is none now.
    pub left: HashSet<UserId>,
    /// Groups that are members now and were none.
    pub came: BTreeSet<GroupId>,
    /// Groups that were members and are none now.
    pub went: BTreeSet<GroupId>,
}

impl Delta {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.left.is_empty() && self.keeps_groups()
    }

    /// Whether no group came or went.
    pub fn keeps_groups(&self) -> bool {
        self.came.is_empty() && self.went.is_empty()
    }

    /// How many members there are more than before.
    pub fn growth(&self) -> i64 {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        count(self.joined.len() + self.came.len()) - count(self.left.len() + self.went.len())
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
    Add(Vec<Member>),
    Remove(Vec<String>),
    Match(MemberFilter),
    Clear,
    Replace(Vec<Member>),
}

/// A membership in the middle of its changes.
struct Changing {
    client: Client,
    group: GroupId,
    /// The groups among the members, as far as the steps went.
    groups: BTreeSet<GroupId>,
    delta: Delta,
}

/// Runs the changes on a group whose row is locked.
///
/// # Errors
/// 400 `invalidValue` that lists ids which the directory does not have (D8), for a wrong `type`
/// (C43) and for groups that cannot be nested (C45).
pub async fn run(
    work: &mut Work,
    client: Client,
    found: &Locked,
    changes: Vec<MemberChange>,
) -> Result<Delta, Problem> {
    let group = found.group.id;
    let mut before = BTreeSet::new();
    if found.holds_groups && !changes.is_empty() {
        before = store::nesting::members(&mut work.scope(), group).await?;
    }
    let (groups, delta) = (before.clone(), Delta::default());
    let mut changing = Changing { client, group, groups, delta };
    for step in steps(changes) {
        match step {
            Step::Add(members) => changing.add(work, &members).await?,
            Step::Remove(values) => changing.remove(work, values).await?,
            Step::Match(filter) => changing.remove_matching(work, &filter).await?,
            Step::Clear => changing.clear(work).await?,
            Step::Replace(members) => changing.replace(work, &members).await?,
        }
    }
    let Changing { groups, mut delta, .. } = changing;
    delta.came = groups.difference(&before).copied().collect();
    delta.went = before.difference(&groups).copied().collect();
    if !delta.keeps_groups() {
        nesting::change(work, client, group, (&delta.came, &delta.went)).await?;
    }
    Ok(delta)
}

/// Gives a new group its first members, which were found before.
///
/// # Errors
/// As [`run`].
pub async fn begin(
    work: &mut Work,
    client: Client,
    group: GroupId,
    named: Named,
) -> Result<Delta, Problem> {
    let (groups, delta) = (BTreeSet::new(), Delta::default());
    let mut changing = Changing { client, group, groups, delta };
    let users: Vec<UserId> = named.users.into_iter().collect();
    if !users.is_empty() && changing.join(work, &users).await? < users.len() {
        return Err(gone(StoreError::Reference));
    }
    if !named.groups.is_empty() {
        nesting::change(work, client, group, (&named.groups, &BTreeSet::new())).await?;
    }
    if !named.unknown.is_empty() {
        pending::keep(work, client, group, &named.unknown).await?;
    }
    Ok(Delta { came: named.groups, ..changing.delta })
}

/// Joins neighbours of one kind.
fn steps(changes: Vec<MemberChange>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for change in changes {
        let step = match change {
            MemberChange::Add(members) => Step::Add(members),
            MemberChange::Remove(ids) => Step::Remove(ids),
            MemberChange::RemoveMatching(filter) => Step::Match(filter),
            MemberChange::Clear => Step::Clear,
            MemberChange::Replace(members) => Step::Replace(members),
        };
        match (steps.last_mut(), step) {
            (Some(Step::Add(held)), Step::Add(more)) => held.extend(more),
            (Some(Step::Remove(held)), Step::Remove(more)) => held.extend(more),
            (_, step) => steps.push(step),
        }
    }
    steps
}

/// The ids that can be ids at all, each once.
fn known_form<'v>(values: impl Iterator<Item = &'v String>) -> Vec<UserId> {
    let ids: HashSet<UserId> = values.filter_map(|value| UserId::parse(value).ok()).collect();
    ids.into_iter().collect()
}

/// A user who went away between statements: the next run lists her among the unknown (S24).
fn gone(error: StoreError) -> Problem {
    let again = matches!(error, StoreError::Reference);
    Problem { again, ..error.into() }
}

impl Changing {
    fn waits(&self) -> bool {
        self.client.unknown_members == UnknownMembers::Pending
    }

    /// Makes users members; answers how many were none before.
    async fn join(&mut self, work: &mut Work, users: &[UserId]) -> Result<usize, Problem> {
        let (directory, scope) = (self.client.directory, &mut work.scope());
        let added = store::member::add(scope, directory, self.group, users).await.map_err(gone)?;
        let count = added.len();
        self.delta.join(added);
        Ok(count)
    }

    async fn add(&mut self, work: &mut Work, members: &[Member]) -> Result<(), Problem> {
        let may_be_user = |member: &&Member| member.kind != Some(MemberKind::Group);
        let values = members.iter().filter(may_be_user).map(|member| &member.value);
        let users = known_form(values);
        if !users.is_empty() && self.join(work, &users).await? == members.len() {
            return Ok(());
        }
        let sure = users.iter().filter(|user| self.delta.joined.contains(user)).copied().collect();
        let named = named::find(work, self.client, members, sure).await?;
        let by_id: HashSet<UserId> = users.into_iter().collect();
        let by_name: Vec<UserId> = named.users.difference(&by_id).copied().collect();
        if !by_name.is_empty() {
            self.join(work, &by_name).await?;
        }
        self.groups.extend(named.groups);
        if named.unknown.is_empty() {
            return Ok(());
        }
        pending::keep(work, self.client, self.group, &named.unknown).await
    }

    async fn remove(&mut self, work: &mut Work, values: Vec<String>) -> Result<(), Problem> {
        let mut users = known_form(values.iter());
        for id in &users {
            self.groups.remove(&GroupId(id.0));
        }
        if self.waits() {
            store::pending::remove(&mut work.scope(), self.group, &values).await?;
            let members: Vec<Member> =
                values.into_iter().map(|value| Member { value, kind: None }).collect();
            let named = named::find(work, self.client, &members, HashSet::new()).await?;
            users.extend(named.users);
            self.groups.retain(|group| !named.groups.contains(group));
        }
        self.leave(work, &users).await
    }

    async fn leave(&mut self, work: &mut Work, users: &[UserId]) -> Result<(), Problem> {
        if !users.is_empty() {
            let left = store::member::remove(&mut work.scope(), self.group, users).await?;
            self.delta.leave(left);
        }
        Ok(())
    }

    async fn remove_matching(
        &mut self,
        work: &mut Work,
        filter: &MemberFilter,
    ) -> Result<(), Problem> {
        let (mut users, mut after) = (Vec::new(), Uuid::nil());
        loop {
            let scope = &mut work.scope();
            let batch = store::member::of_group(scope, self.group, after, BATCH).await?;
            let Some(last) = batch.last() else { break };
            after = last.id;
            for member in batch.iter().filter(|member| member.kind == MemberKind::User) {
                if filter.matches(member.kind, &member.id.to_string(), Some(&member.display)) {
                    users.push(UserId(member.id));
                }
            }
        }
        // Groups stand as the steps before left them, which is not yet in the database.
        let ids: Vec<Uuid> = self.groups.iter().map(|group| group.0).collect();
        if !ids.is_empty() {
            let (directory, scope) = (self.client.directory, &mut work.scope());
            for group in store::filter::groups_by_ids(scope, directory, &ids).await? {
                let (id, display) = (group.id.to_string(), Some(group.display_name.as_str()));
                if filter.matches(MemberKind::Group, &id, display) {
                    self.groups.remove(&group.id);
                }
            }
        }
        self.leave(work, &users).await
    }

    async fn clear(&mut self, work: &mut Work) -> Result<(), Problem> {
        self.groups.clear();
        if self.waits() {
            store::pending::clear(&mut work.scope(), self.group).await?;
        }
        self.delta.leave(store::member::clear(&mut work.scope(), self.group).await?);
        Ok(())
    }

    async fn replace(&mut self, work: &mut Work, members: &[Member]) -> Result<(), Problem> {
        self.groups.clear();
        if self.waits() {
            let values: Vec<String> = members.iter().map(|member| member.value.clone()).collect();
            store::pending::remove_others(&mut work.scope(), self.group, &values).await?;
        }
        let kept = known_form(members.iter().map(|member| &member.value));
        self.delta.leave(store::member::keep(&mut work.scope(), self.group, &kept).await?);
        self.add(work, members).await
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
