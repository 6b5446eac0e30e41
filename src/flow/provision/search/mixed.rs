//! Resources of all types in one list (C57): users and groups in order of creation, then roles.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Lens, Listed, MembersOf, OfferedRole, Shelf};
use crate::flow::problem::Problem;
use crate::scim::ResourceType;
use crate::scim::catalog::Served;
use crate::scim::filter::Filter;
use crate::store::place::Place;
use crate::store::user::Grouped;
use crate::store::{self, StoreError};

/// The number of the type of users.
pub(super) const USERS: usize = 0;
/// The number of the type of groups.
pub(super) const GROUPS: usize = 1;
/// The number of the type of roles.
const ROLES: usize = 2;

/// A resource of any type.
#[derive(Clone, Debug)]
pub enum Mixed {
    /// A user.
    User(Grouped),
    /// A group.
    Group(MembersOf),
    /// A role.
    Role(OfferedRole),
}

/// The lens of one type, as the only one of a list.
fn of(lenses: &[Lens], kind: usize) -> &[Lens] {
    lenses.get(kind..).and_then(|rest| rest.get(..1)).unwrap_or_default()
}

impl Listed for Mixed {
    const NAME: &'static str = "";
    const INDEXED: &'static str = "id, userName, externalId, emails, displayName or members";

    fn types(served: Served) -> Vec<&'static ResourceType> {
        served.types().to_vec()
    }

    fn kind(&self) -> usize {
        match self {
            Self::User(_) => USERS,
            Self::Group(_) => GROUPS,
            Self::Role(_) => ROLES,
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::User(user) => user.place(),
            Self::Group(group) => group.place(),
            Self::Role(role) => role.place(),
        }
    }

    fn layers(&self, base: &str) -> (Map<String, Value>, Map<String, Value>) {
        match self {
            Self::User(user) => user.layers(base),
            Self::Group(group) => group.layers(base),
            Self::Role(role) => role.layers(base),
        }
    }

    async fn counted(shelf: &Shelf<'_>) -> Result<(i64, i64), StoreError> {
        let counts = store::place::counts(&mut shelf.scope(), shelf.directory).await?;
        let (roles, _) = OfferedRole::counted(shelf).await?;
        let removed = counts.users_removed.saturating_add(counts.groups_removed);
        Ok((counts.users.saturating_add(counts.groups).saturating_add(roles), removed))
    }

    async fn fetch(
        shelf: &Shelf<'_>,
        lenses: &[Lens],
        after: Place,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let mut rows: Vec<Self> = Vec::new();
        if after < Place::END {
            let users = Grouped::fetch(shelf, of(lenses, USERS), after, limit).await?;
            let groups = MembersOf::fetch(shelf, of(lenses, GROUPS), after, limit).await?;
            rows.extend(users.into_iter().map(Self::User));
            rows.extend(groups.into_iter().map(Self::Group));
        }
        if lenses.get(ROLES).is_some_and(|lens| lens.source.is_some()) {
            let roles = OfferedRole::fetch(shelf, of(lenses, ROLES), after, limit).await?;
            rows.extend(roles.into_iter().map(Self::Role));
        }
        rows.sort_by_key(Self::place);
        rows.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(rows)
    }

    async fn by_ids(shelf: &Shelf<'_>, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let users = Grouped::by_ids(shelf, ids).await?.into_iter().map(Self::User);
        let groups = MembersOf::by_ids(shelf, ids).await?.into_iter().map(Self::Group);
        let roles = OfferedRole::by_ids(shelf, ids).await?.into_iter().map(Self::Role);
        Ok(users.chain(groups).chain(roles).collect())
    }

    async fn start(shelf: &Shelf<'_>, offset: i64) -> Result<Option<Place>, StoreError> {
        let scope = &mut shelf.scope();
        let counts = store::place::counts(scope, shelf.directory).await?;
        let stored = counts.users.saturating_add(counts.groups);
        if offset > stored {
            return OfferedRole::start(shelf, offset.saturating_sub(stored)).await;
        }
        store::place::of_both(scope, shelf.directory, offset).await
    }

    async fn complete(
        shelf: &Shelf<'_>,
        rows: Vec<&mut Self>,
        filter: &Filter,
        lenses: &[Lens],
    ) -> Result<(), Problem> {
        let groups = rows.into_iter().filter_map(|row| match row {
            Self::Group(group) => Some(group),
            _ => None,
        });
        MembersOf::complete(shelf, groups.collect(), filter, of(lenses, GROUPS)).await
    }
}
