//! Users that a directory pushes: create, replace, patch, remove.
//!
//! Every change goes through [`save`], which tells an effective change from none (C31, C111) and
//! ends the sessions of a user who is no longer enabled in the same transaction (S25).

use serde_json::{Map, Value};

use super::{Client, Expected, after, uniqueness};
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::UserId;
use crate::domain::user::{Suspender, User, changed_attributes};
use crate::flow::access::{self, Fact, FactChange};
use crate::flow::problem::Problem;
use crate::flow::user::erase;
use crate::flow::work::Work;
use crate::scim::catalog::USER;
use crate::scim::patch::{self, Patch};
use crate::scim::{Resource, ScimError, quirk, validate};
use crate::store::{self, user::Grouped};

/// Creates a user. An Okta client that creates an inactive user of its directory once more, by the
/// same userName and externalId, revives that one (D13).
///
/// # Errors
/// 409 `uniqueness` for a userName or externalId that is taken.
pub async fn create(
    work: &mut Work,
    client: Client,
    document: &Resource,
) -> Result<Grouped, Problem> {
    if quirk::reactivates_on_create(client.dialect)
        && let Some(found) = left_behind(work, client, document).await?
    {
        let expected = Expected::Any;
        let found = load(work, client, found, &expected).await?;
        return save(work, client, found, document.clone()).await;
    }
    let user = User::provisioned(work.id(), client.directory, document, work.at);
    store::user::insert(&mut work.scope(), &user).await.map_err(uniqueness)?;
    work.record(Happened::to("user.created", "user", user.id));
    follow(work, client, user.id).await?;
    Ok(Grouped { user, groups: Vec::new() })
}

/// The inactive user of this directory with the same userName and externalId.
async fn left_behind(
    work: &mut Work,
    client: Client,
    document: &Resource,
) -> Result<Option<UserId>, Problem> {
    let (Some(user_name), Some(external_id)) = (document.user_name(), document.external_id())
    else {
        return Ok(None);
    };
    let directory = Some(client.directory);
    let found = store::user::by_user_name(&mut work.scope(), directory, user_name).await?;
    Ok(found
        .filter(|user| user.external_id.as_deref() == Some(external_id))
        .filter(|user| user.suspended_by.holds(Suspender::Directory))
        .map(|user| user.id))
}

/// Replaces a user by the body of a PUT (C96 to C100).
///
/// # Errors
/// 404, 412, what the engine refuses, 409 `uniqueness`.
pub async fn replace(
    work: &mut Work,
    client: Client,
    id: UserId,
    expected: &Expected,
    body: Map<String, Value>,
) -> Result<Grouped, Problem> {
    let found = load(work, client, id, expected).await?;
    let current = found.user.resource();
    let notes = &mut work.notes;
    let incoming = validate::replace(body, &USER, &current, client.dialect, notes)?;
    save(work, client, found, incoming.resource).await
}

/// Applies a PATCH to a user, all or nothing (C104).
///
/// # Errors
/// 404, 412, what the engine refuses, 409 `uniqueness`.
pub async fn patch(
    work: &mut Work,
    client: Client,
    id: UserId,
    expected: &Expected,
    patch: &Patch,
) -> Result<Grouped, Problem> {
    let found = load(work, client, id, expected).await?;
    let current = found.user.resource();
    let changed = patch::apply(patch, &USER, &current, client.dialect, &mut work.notes)?;
    save(work, client, found, keeping_active(&current, changed)).await
}

/// A user whose `active` was removed stays as she was: nobody is revived by an omission.
fn keeping_active(current: &Resource, changed: Resource) -> Resource {
    if changed.as_map().contains_key("active") {
        return changed;
    }
    let mut document = changed.into_map();
    document.insert("active".to_owned(), Value::Bool(current.active()));
    Resource::from_stored(document)
}

/// Removes a user for good; a trace keeps others from inheriting her links (C130, C134).
///
/// # Errors
/// 404, 412.
pub async fn remove(
    work: &mut Work,
    client: Client,
    id: UserId,
    expected: &Expected,
) -> Result<(), Problem> {
    access::hold_rules(work).await?;
    let held = store::group::lock_of_user(&mut work.scope(), id).await?;
    let user = store::user::leaving(&mut work.scope(), client.directory, id).await?;
    let user = user.ok_or_else(|| unknown(id))?;
    expected.check(user.version)?;
    erase(work, &user, &held).await
}

async fn load(
    work: &mut Work,
    client: Client,
    id: UserId,
    expected: &Expected,
) -> Result<Grouped, Problem> {
    access::hold_rules(work).await?;
    let found = store::user::locked(&mut work.scope(), client.directory, id).await?;
    let found = found.ok_or_else(|| unknown(id))?;
    expected.check(found.user.version)?;
    Ok(found)
}

fn unknown(id: UserId) -> ScimError {
    ScimError::not_found(USER.name, &id.to_string())
}

/// Writes what a document changes; nothing when it changes nothing.
async fn save(
    work: &mut Work,
    client: Client,
    found: Grouped,
    document: Resource,
) -> Result<Grouped, Problem> {
    let before = found.user;
    let mut attributes = changed_attributes(before.resource().as_map(), document.as_map());
    if attributes.is_empty() {
        return Ok(Grouped { user: before, groups: found.groups });
    }
    let mut user = before.clone();
    user.describe(&document);
    user.updated_at = after(before.updated_at, work.at);
    if !store::user::update(&mut work.scope(), &before, &user).await.map_err(uniqueness)? {
        return Err(ScimError::precondition_failed().into());
    }
    user.version = before.version + 1;
    attributes.retain(|name| name != "active");
    if !attributes.is_empty() {
        let updated = Happened::to("user.updated", "user", user.id);
        work.record(updated.with("attributes", attributes));
    }
    let by = |user: &User| user.suspended_by.holds(Suspender::Directory);
    match (by(&before), by(&user)) {
        (false, true) => {
            work.record(Happened::to("user.suspended", "user", user.id).with("by", "directory"));
            store::user::end_sessions(&mut work.scope(), user.id).await?;
        }
        (true, false) => {
            work.record(Happened::to("user.resumed", "user", user.id).with("by", "directory"));
        }
        _ => {}
    }
    follow(work, client, user.id).await?;
    Ok(Grouped { user, groups: found.groups })
}

/// Lets access follow, and those who answer from memory read the user anew.
async fn follow(work: &mut Work, client: Client, user: UserId) -> Result<(), Problem> {
    let change = FactChange { user, fact: Fact::Everything };
    access::facts_changed(work, Some(client.directory), &[change]).await?;
    work.changed(Change::User(user));
    Ok(())
}
