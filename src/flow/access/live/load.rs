//! Reading an organization into memory: its roles and resources first, users when they are asked
//! about, all of them before a search.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::domain::access::grant::Source;
use crate::domain::access::{GrantRow, ResourceRow, Snapshot, UserRow, custom};
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::organization::Status;
use crate::domain::platform::Definition;
use crate::domain::resource::ResourceRef;
use crate::domain::time::Timestamp;
use crate::store::grant::Grant;
use crate::store::resource::Place;
use crate::store::{self, Db, Scope, StoreError};

use super::super::rules::own;
use super::cell::State;

/// Resources that are read at once.
const RESOURCES_AT_ONCE: i64 = 10_000;

/// A user as she was read, with the version of her access; `None` when she is not here.
pub type Found = (UserId, Option<(UserRow, i64)>);

/// Reads an organization without its users; `None` when there is none with this id.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn organization(
    db: &Db,
    id: OrganizationId,
    definition: &Arc<Definition>,
) -> Result<Option<State>, StoreError> {
    let Some(organization) = store::organization::by_id(&mut db.conn(), id).await? else {
        return Ok(None);
    };
    let active = organization.status == Status::Active;
    let mut scope = Scope::new(db.conn(), id);
    let roles = store::role::all(&mut scope).await?;
    let roles = custom::table(definition, &roles.iter().map(own).collect::<Vec<_>>());
    let mut snapshot = Snapshot::new(active, Arc::new(roles));
    let names = store::rule::names(&mut scope).await?;
    let names = names.into_iter().map(|(id, name)| (id.to_string(), Arc::from(name))).collect();
    let mut after = (String::new(), String::new());
    loop {
        let places =
            store::resource::places(&mut scope, (&after.0, &after.1), RESOURCES_AT_ONCE).await?;
        let Some(last) = places.last() else { break };
        after = (last.kind.clone(), last.key_folded.clone());
        places.iter().filter_map(row).for_each(|row| snapshot.put_resource(&row));
    }
    Ok(Some(State::new(snapshot, names)))
}

/// A place as the snapshot takes it; names that could never be registered are passed over.
fn row(place: &Place) -> Option<ResourceRow> {
    let resource = ResourceRef::new(&place.kind, &place.key).ok()?;
    let parent = place.parent_kind.as_ref().zip(place.parent_key.as_ref());
    let parent = parent.and_then(|(kind, key)| ResourceRef::new(kind, key).ok());
    Some(ResourceRow { resource, parent })
}

/// Reads one resource anew; `None` when it is gone.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn resource(
    scope: &mut Scope<'_>,
    resource: &ResourceRef,
) -> Result<Option<ResourceRow>, StoreError> {
    let found = store::resource::place(scope, resource.kind(), &resource.folded_key()).await?;
    Ok(found.as_ref().and_then(row))
}

/// Reads users with their grants, and their licences where the platform has levels.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn users(
    scope: &mut Scope<'_>,
    users: &[UserId],
    (rule_names, definition): (&HashMap<String, Arc<str>>, &Definition),
) -> Result<Users, StoreError> {
    // The version is read before the grants: it is never newer than what is answered with it.
    let states = match users {
        [user] => store::profile::state(scope, *user).await?.into_iter().collect(),
        many => store::profile::states(scope, many).await?,
    };
    let here: Vec<UserId> = states.iter().map(|state| state.id).collect();
    let foreign: Vec<UserId> = users.iter().copied().filter(|id| !here.contains(id)).collect();
    let guests =
        if foreign.is_empty() { Vec::new() } else { store::guest::states(scope, &foreign).await? };
    let here: Vec<UserId> = here.into_iter().chain(guests.iter().map(|one| one.id)).collect();
    let mut grants: HashMap<UserId, Vec<GrantRow>> = HashMap::new();
    if !here.is_empty() {
        for grant in store::grant::of_users(scope, &here).await? {
            grants.entry(grant.user_id).or_default().push(grant_row(grant, rule_names));
        }
    }
    let mut licences = HashMap::new();
    if !here.is_empty() && !definition.levels.is_empty() {
        licences = store::licence::held_by(scope, &here).await?;
    }
    let mut found: HashMap<UserId, (UserRow, i64)> = HashMap::with_capacity(states.len());
    for state in states {
        let row = UserRow {
            enabled: state.enabled,
            parent: state.parent,
            denied: state.denied,
            licences: licences.remove(&state.id).unwrap_or_default(),
            grants: grants.remove(&state.id).unwrap_or_default(),
            ..UserRow::new(state.id, state.user_name_key)
        };
        found.insert(state.id, (row, state.version));
    }
    let homes = guests.iter().map(|guest| (guest.id, guest.home)).collect();
    for guest in guests {
        let row = UserRow {
            enabled: guest.enabled,
            home_active: guest.home_active,
            grants: grants.remove(&guest.id).unwrap_or_default(),
            ..UserRow::new(guest.id, guest.user_name_key)
        };
        found.insert(guest.id, (row, guest.version));
    }
    let found = users.iter().map(|user| (*user, found.remove(user))).collect();
    Ok(Users { found, guests: homes })
}

/// Users as they were read.
pub struct Users {
    /// Each that was asked for.
    pub found: Vec<Found>,
    /// The guests among them, with their homes.
    pub guests: Vec<(UserId, OrganizationId)>,
}

/// Reads users with their grants, for a state of one's own; sources have no names in it.
///
/// # Errors
/// [`StoreError`], as of every statement.
pub async fn rows(
    scope: &mut Scope<'_>,
    ids: &[UserId],
    definition: &Definition,
) -> Result<Vec<UserRow>, StoreError> {
    let found = users(scope, ids, (&HashMap::new(), definition)).await?;
    let rows = found.found.into_iter().filter_map(|(_, found)| found.map(|(row, _)| row));
    Ok(rows.collect())
}

fn grant_row(grant: Grant, rule_names: &HashMap<String, Arc<str>>) -> GrantRow {
    let named = grant.source == Source::Rule;
    GrantRow {
        id: grant.id,
        role: grant.role,
        reach: grant.reach,
        source: grant.source,
        source_name: named.then(|| rule_names.get(&grant.source_id).cloned()).flatten(),
        expires_at: grant.expires_at,
    }
}

/// Where a walk over all users begins.
pub const FIRST: (Timestamp, UserId) = (Timestamp(i64::MIN), UserId(Uuid::nil()));
