//! What a request names as members, found in the directory: users, groups, or nobody (C43, D8).

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use super::Client;
use crate::domain::directory::UnknownMembers;
use crate::domain::id::{GroupId, UserId};
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::scim::error::excerpt;
use crate::scim::{Member, MemberKind, ScimError};
use crate::store;

/// Ids that a refusal lists.
pub const LISTED_MAX: usize = 20;

/// Members of a request, by what they are.
#[derive(Debug, Default)]
pub struct Named {
    /// Users of the directory.
    pub users: HashSet<UserId>,
    /// Groups of the directory.
    pub groups: BTreeSet<GroupId>,
    /// Those that the directory does not have.
    pub unknown: Vec<Member>,
}

/// Finds members by id; those in `sure` are users. A directory that keeps unknown members finds
/// them by the client's own id too, since it is by that id that they will come.
///
/// # Errors
/// 400 `invalidValue` for a `type` that is not what the id is.
pub async fn find(
    work: &mut Work,
    client: Client,
    members: &[Member],
    sure: HashSet<UserId>,
) -> Result<Named, Problem> {
    let ids: HashSet<UserId> = members.iter().filter_map(id).collect();
    let mut users = sure;
    let doubtful: Vec<UserId> = ids.iter().filter(|id| !users.contains(id)).copied().collect();
    if !doubtful.is_empty() {
        users.extend(store::member::known(&mut work.scope(), client.directory, &doubtful).await?);
    }
    let rest: Vec<Uuid> = ids.iter().filter(|id| !users.contains(id)).map(|id| id.0).collect();
    let mut groups = BTreeSet::new();
    if !rest.is_empty() {
        let scope = &mut work.scope();
        let found = store::filter::groups_by_ids(scope, client.directory, &rest).await?;
        groups.extend(found.into_iter().map(|group| group.id));
    }
    let (mut named, mut wrong) = (Named::default(), Vec::new());
    for member in members {
        let found = id(member);
        let is_user = found.is_some_and(|id| users.contains(&id));
        let group = found.map(|id| GroupId(id.0)).filter(|id| groups.contains(id));
        match (member.kind, found.filter(|_| is_user), group) {
            (Some(MemberKind::Group), Some(_), _) | (Some(MemberKind::User), None, Some(_)) => {
                wrong.push(member);
            }
            (_, Some(user), _) => drop(named.users.insert(user)),
            (_, None, Some(group)) => drop(named.groups.insert(group)),
            (_, None, None) => named.unknown.push(member.clone()),
        }
    }
    if !wrong.is_empty() {
        let what = "members names a type that is not what the id is";
        return Err(refusal(what, wrong.into_iter()).for_reference().into());
    }
    if client.unknown_members == UnknownMembers::Pending && !named.unknown.is_empty() {
        find_by_external_id(work, client, &mut named).await?;
    }
    Ok(named)
}

fn id(member: &Member) -> Option<UserId> {
    UserId::parse(&member.value).ok()
}

async fn find_by_external_id(
    work: &mut Work,
    client: Client,
    named: &mut Named,
) -> Result<(), Problem> {
    for kind in [MemberKind::User, MemberKind::Group] {
        let may_be = |member: &&Member| member.kind.is_none_or(|said| said == kind);
        let names: Vec<&str> =
            named.unknown.iter().filter(may_be).map(|member| member.value.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let scope = &mut work.scope();
        let found = store::pending::named(scope, client.directory, kind, &names).await?;
        named.unknown.retain(|member| {
            let id = found.get(&member.value).filter(|_| may_be(&member));
            match (kind, id) {
                (_, None) => return true,
                (MemberKind::User, Some(id)) => drop(named.users.insert(UserId(*id))),
                (MemberKind::Group, Some(id)) => drop(named.groups.insert(GroupId(*id))),
            }
            false
        });
    }
    Ok(())
}

/// Refuses members that the directory does not have.
pub fn unknown(members: &[Member]) -> ScimError {
    let what = "members names users or groups that this directory does not have";
    refusal(what, members.iter()).for_reference()
}

/// 400 `invalidValue` that lists members.
fn refusal<'m>(what: &str, members: impl ExactSizeIterator<Item = &'m Member>) -> ScimError {
    let more = members.len().saturating_sub(LISTED_MAX);
    let mut listed: Vec<String> =
        members.take(LISTED_MAX).map(|one| format!("'{}'", excerpt(&one.value))).collect();
    if more > 0 {
        listed.push(format!("and {more} more"));
    }
    ScimError::invalid_value(format!("{what}: {}", listed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_lists_so_many_ids_and_counts_the_others_d8() {
        let named = |count: usize| -> Vec<Member> {
            (0..count).map(|n| Member { value: format!("id-{n}"), kind: None }).collect()
        };
        let all = unknown(&named(LISTED_MAX)).detail;
        assert!(all.ends_with("'id-19'"), "{all}");
        let cut = unknown(&named(LISTED_MAX + 3)).detail;
        assert!(cut.ends_with("'id-19', and 3 more"), "{cut}");
    }
}
