//! Users that a directory pushes: create, replace, patch, remove.
//!
//! Every change goes through [`save`], which tells an effective change from none (C31, C111) and
//! ends the sessions of a user who is no longer enabled in the same transaction (S25). The last
//! holder of a role goes like anybody else, and that is told (S26).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Client, Expected, adopt, after, brake, held, pending, uniqueness};
use crate::domain::brake::Loss;
use crate::domain::change::Change;
use crate::domain::directory::OnProvision;
use crate::domain::event::Happened;
use crate::domain::id::{GroupId, UserId};
use crate::domain::user::{Suspender, User, changed_attributes};
use crate::flow::access::{self, Fact, FactChange};
use crate::flow::problem::Problem;
use crate::flow::user::{erase, leave_groups};
use crate::flow::work::Work;
use crate::flow::{grant, invite};
use crate::scim::catalog::USER;
use crate::scim::patch::{self, Patch};
use crate::scim::{Resource, ScimError, fold, quirk, validate};
use crate::store::{self, user::Grouped};

/// Creates a user, or adopts one of the organization itself who may be. An Okta client that creates
/// an inactive user of its directory once more, by the same userName and externalId, revives that
/// one (D13).
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
    // Before she comes: whoever names her as a member meanwhile must see her, or be seen.
    access::hold_rules(work).await?;
    let user = User::provisioned(work.id(), client.directory, document, work.at);
    // Nearly everybody meets nobody, and one look tells.
    let one = std::slice::from_ref(&user);
    let mut met = adopt::MetThere::new();
    if store::user_batch::may_meet(&mut work.scope(), client.directory, one).await? {
        let names = (fold(&user.user_name), user.external_id.as_deref());
        held::make_room(work, client.directory, (&names.0, names.1)).await?;
        met = match adopt::adopt(work, client, &user, document).await? {
            Ok(user) if pending::user_came(work, client, &user, true).await? => {
                return joined(work, client, user.id).await;
            }
            Ok(user) => return Ok(Grouped { user, groups: Vec::new() }),
            Err(met) => met,
        };
    }
    let insert = store::user::insert(&mut work.scope(), &user).await;
    let is_awaited = insert.map_err(uniqueness)?;
    work.record(Happened::to("user.created", "user", user.id));
    if client.on_provision == OnProvision::Invite && user.is_enabled() {
        invite::announce(work, &user).await?;
    }
    adopt::tell(work, &user, met).await?;
    if is_awaited && pending::user_came(work, client, &user, false).await? {
        return joined(work, client, user.id).await;
    }
    access::user_came(work, &user).await?;
    work.changed(Change::User(user.id));
    Ok(Grouped { user, groups: Vec::new() })
}

/// A user whom groups awaited: her access follows, and she is read with the groups by now.
async fn joined(work: &mut Work, client: Client, id: UserId) -> Result<Grouped, Problem> {
    let change = FactChange { user: id, fact: Fact::Everything };
    access::facts_changed(work, Some(client.directory), &[change]).await?;
    work.changed(Change::User(id));
    let found = store::user::locked(&mut work.scope(), client.directory, id).await?;
    found.ok_or_else(|| unknown(id).into())
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
        .filter(|user| {
            user.suspended_by.holds(Suspender::Directory) || user.resource().active() == Some(false)
        })
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
    save(work, client, found, changed).await
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
    // Whoever has no access has none to lose.
    if user.is_enabled() && brake::holds(work, client.directory, id, Loss::Deleted).await? {
        return leave(work, &user, &held).await;
    }
    let kept = kept_roles(work, &user).await?;
    erase(work, &user, &held).await?;
    access::tell_vacancies(work, &kept).await
}

/// Takes her out of the directory and its groups; what she may do is held.
async fn leave(work: &mut Work, user: &User, held: &[GroupId]) -> Result<(), Problem> {
    let at = work.at;
    leave_groups(work, user.id, held).await?;
    store::held_loss::leave(&mut work.scope(), user.id, at).await?;
    work.changed(Change::User(user.id));
    Ok(())
}

/// The roles that must keep a holder and that she counts for: none when she is not enabled.
pub(super) async fn kept_roles(work: &mut Work, user: &User) -> Result<BTreeSet<String>, Problem> {
    if !user.is_enabled() {
        return Ok(BTreeSet::new());
    }
    let held = grant::live(work, user.id).await?;
    Ok(grant::kept_roles(work, &held))
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
    let access_kept = kept(work, client, &before, &user).await?;
    if access_kept == Kept::Yes {
        user.suspended_by = user.suspended_by.with(Suspender::Directory, false);
    }
    if !store::user::update(&mut work.scope(), &before, &user).await.map_err(uniqueness)? {
        return Err(ScimError::precondition_failed().into());
    }
    user.version = before.version + 1;
    if access_kept == Kept::Restored {
        // What rules read was left alone meanwhile.
        let change = FactChange { user: user.id, fact: Fact::Everything };
        access::facts_changed(work, Some(client.directory), &[change]).await?;
    } else {
        access::attributes_changed(work, client.directory, user.id, &attributes).await?;
    }
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
            let kept = kept_roles(work, &before).await?;
            access::tell_vacancies(work, &kept).await?;
        }
        (true, false) => {
            work.record(Happened::to("user.resumed", "user", user.id).with("by", "directory"));
        }
        _ => {}
    }
    // Decisions know a user by her login, and whether anybody suspended her.
    if before.user_name != user.user_name || before.suspended_by != user.suspended_by {
        work.changed(Change::User(user.id));
    }
    let is_other = before.external_id != user.external_id;
    if is_other && pending::user_came(work, client, &user, true).await? {
        return joined(work, client, user.id).await;
    }
    Ok(Grouped { user, groups: found.groups })
}

/// Whether the brake lets a user keep her access although her directory calls her inactive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// It is not in question.
    No,
    /// The loss is held, now or since before.
    Yes,
    /// It was, and she is active again.
    Restored,
}

async fn kept(
    work: &mut Work,
    client: Client,
    before: &User,
    changed: &User,
) -> Result<Kept, Problem> {
    let suspends = |user: &User| user.suspended_by.holds(Suspender::Directory);
    let said = before.resource().active();
    // A loss that is held leaves no mark: it is asked for where nobody says that she is active.
    if !suspends(before) && said != Some(true) {
        let held = store::held_loss::of_user(&mut work.scope(), before.id).await?;
        if held.is_some_and(|held| held.loss >= Loss::Deactivated) {
            if changed.resource().active() != Some(true) {
                return Ok(Kept::Yes);
            }
            held::restore(work, before.id).await?;
            return Ok(Kept::Restored);
        }
    }
    let loses = !suspends(before) && suspends(changed) && before.is_enabled();
    let held = loses && brake::holds(work, client.directory, before.id, Loss::Deactivated).await?;
    Ok(if held { Kept::Yes } else { Kept::No })
}
