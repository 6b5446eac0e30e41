//! Groups that become members of groups, or leave them (C45).
//!
//! Whoever changes this holds the rule set alone: no circle can close between two writers, and
//! whoever lets access follow sees groups within groups stand still.

use std::collections::BTreeSet;

use super::Client;
use crate::domain::id::GroupId;
use crate::domain::nesting::{self, DEPTH_MAX, Edge, NESTED_MAX, Refused};
use crate::flow::access;
use crate::flow::problem::Problem;
use crate::flow::work::Work;
use crate::scim::ScimError;
use crate::scim::error::excerpt;
use crate::store;

/// Takes groups out of a group and adds others.
///
/// # Errors
/// 400 `invalidValue` for the group itself, for a circle, which is named, and beyond the limits;
/// asks for another run when the rule set is not held alone.
pub async fn change(
    work: &mut Work,
    client: Client,
    group: GroupId,
    (come, go): (&BTreeSet<GroupId>, &BTreeSet<GroupId>),
) -> Result<(), Problem> {
    access::insist_on_rules_alone(work).await?;
    if !go.is_empty() {
        store::nesting::remove(&mut work.scope(), group, go).await?;
    }
    if come.is_empty() {
        return Ok(());
    }
    if let Err(refused) = check(work, group, come).await? {
        return Err(refusal(work, client, refused).await?);
    }
    store::nesting::add(&mut work.scope(), client.directory, group, come).await?;
    if store::nesting::count(&mut work.scope()).await? > NESTED_MAX {
        let detail = format!("An organization has at most {NESTED_MAX} groups within groups");
        return Err(ScimError::invalid_value(detail).into());
    }
    Ok(())
}

/// Decides whether groups may become members of a group; the rule set is held alone.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn check(
    work: &mut Work,
    group: GroupId,
    come: &BTreeSet<GroupId>,
) -> Result<Result<(), Refused>, Problem> {
    let above = store::nesting::above(&mut work.scope(), &BTreeSet::from([group])).await?;
    let above: Vec<Edge> =
        above.into_iter().map(|(member, above)| Edge { group: above.id, member }).collect();
    let below = store::nesting::below(&mut work.scope(), come).await?;
    Ok(nesting::check(group, come, &above, &below))
}

async fn refusal(work: &mut Work, client: Client, refused: Refused) -> Result<Problem, Problem> {
    let detail = match refused {
        Refused::Itself => "members names the group itself".to_owned(),
        Refused::TooDeep => {
            format!("members would make a chain of more than {DEPTH_MAX} groups within groups")
        }
        Refused::Circle(groups) => {
            let ids: Vec<uuid::Uuid> = groups.iter().map(|group| group.0).collect();
            let scope = &mut work.scope();
            let found = store::filter::groups_by_ids(scope, client.directory, &ids).await?;
            let name = |id: &GroupId| {
                let group = found.iter().find(|group| group.id == *id);
                group.map_or_else(|| id.to_string(), |group| excerpt(&group.display_name))
            };
            let mut names: Vec<String> = groups.iter().map(name).collect();
            names.extend(groups.first().map(name));
            format!("members would make a circle of groups: {}", names.join(" > "))
        }
    };
    Ok(ScimError::invalid_value(detail).into())
}
