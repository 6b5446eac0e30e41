//! Removing a resource, with what lies in it where the caller says so.

use super::super::access;
use super::super::condition::Condition;
use super::super::problem::{Code, Problem};
use super::super::work::Work;
use super::reference;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::domain::resource::{ResourceRef, fold};
use crate::store;
use crate::store::resource::Resource;

/// Resources that one removal may take with it.
pub const CASCADE_MAX: usize = 10_000;
/// Users whose grants are told apart; beyond, everything of the organization is read anew.
const USERS_MAX: i64 = 1_000;

/// Removes a resource. With `cascade` everything in it goes too, with the grants on it; a key that
/// is made again later revives no grant but those of rules.
///
/// # Errors
/// 404, 412 when it changed meanwhile, 409 `in-use` when something lies in it or is given on it and
/// `cascade` was not said, or when more lies in it than goes at once.
pub async fn delete(
    work: &mut Work,
    (kind, key): (&str, &str),
    cascade: bool,
    condition: &Condition,
) -> Result<(), Problem> {
    access::hold_rules_alone(work).await?;
    let found = store::resource::by_key(&mut work.scope(), kind, &fold(key)).await?;
    let found = found.ok_or_else(|| Problem::not_found("resource"))?;
    condition.meet(found.version)?;
    let removed =
        if cascade { with_all_in_it(work, found).await? } else { alone(work, found).await? };
    let mut names = Vec::with_capacity(removed.len());
    for resource in &removed {
        names.push(remove(work, resource).await?);
    }
    access::resources_changed(work, &names).await
}

/// The resource, when nothing hangs on it.
async fn alone(work: &mut Work, found: Resource) -> Result<Vec<Resource>, Problem> {
    let (kind, key) = (found.kind.as_str(), found.key_folded.as_str());
    let scope = &mut work.scope();
    let has_children = !store::resource::children(scope, kind, key, 1).await?.is_empty();
    if has_children || store::grant::is_on_resource(scope, (kind, key)).await? {
        let what = if has_children { "Resources lie in it" } else { "Roles are given on it" };
        let detail = format!("{what}: remove them first, or send `?cascade=true`.");
        return Err(Problem::new(Code::InUse, detail));
    }
    Ok(vec![found])
}

/// The resource and all below it, those that lie in others first.
async fn with_all_in_it(work: &mut Work, found: Resource) -> Result<Vec<Resource>, Problem> {
    let most = i64::try_from(CASCADE_MAX).unwrap_or(i64::MAX);
    let mut all = vec![found];
    let mut next = 0;
    while let Some(resource) = all.get(next) {
        let (kind, key) = (resource.kind.clone(), resource.key_folded.clone());
        let children = store::resource::children(&mut work.scope(), &kind, &key, most).await?;
        for child in children {
            let scope = &mut work.scope();
            let below = store::resource::by_key(scope, &child.kind, &child.key_folded).await?;
            all.extend(below);
        }
        if all.len() > CASCADE_MAX {
            let detail =
                format!("More than {CASCADE_MAX} resources go with it: remove parts first.");
            return Err(Problem::new(Code::InUse, detail));
        }
        next += 1;
    }
    all.reverse();
    Ok(all)
}

async fn remove(work: &mut Work, resource: &Resource) -> Result<ResourceRef, Problem> {
    let place = (resource.kind.as_str(), resource.key_folded.as_str());
    let start = UserId(uuid::Uuid::nil());
    let scope = &mut work.scope();
    let holders = store::holder::users_on_resource(scope, place, start, USERS_MAX).await?;
    let taken = store::grant::delete_on_resource(scope, place).await?;
    store::resource::delete(scope, resource.id).await?;
    let name = reference(resource)?;
    work.record(Happened::to("resource.removed", "resource", &name).with("grants_removed", taken));
    work.changed(Change::Resource(name.clone()));
    if holders.len() >= usize::try_from(USERS_MAX).unwrap_or(usize::MAX) {
        work.changed(Change::Organization);
    } else {
        for user in holders {
            work.changed(Change::User(user));
        }
    }
    Ok(name)
}
