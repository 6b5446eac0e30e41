//! The access state of organizations in memory, from which every decision is answered.
//!
//! An organization is read when it is first asked about, a user when she is; a commit of this
//! process takes what it changed out of validity before its caller is answered, so that the next
//! question reads it anew. What other processes commit arrives through the same
//! [`Listener`](crate::flow::runner::Listener). Decisions themselves are pure functions of the
//! snapshot; no lock is held while anything is awaited.

mod ask;
mod cell;
mod guests;
mod load;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use self::cell::{State, Walk};
use self::guests::Guests;
use crate::domain::access::Snapshot;
use crate::domain::change::Change;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::platform::Definition;
use crate::flow::problem::Problem;
use crate::flow::runner::Listener;
use crate::store::{self, Db, Scope};

pub use self::ask::{Answer, Explained, Given};
pub(super) use self::load::{FIRST, rows};

/// Users that are read at once before a search.
const WALK_AT_ONCE: i64 = 500;

/// One organization: its state once it was read, and the turn of those who read much.
struct Cell {
    state: RwLock<Option<State>>,
    reading: tokio::sync::Mutex<()>,
}

/// The access state of all organizations that were asked about.
pub struct Live {
    db: Db,
    definition: Arc<Definition>,
    cells: Mutex<HashMap<OrganizationId, Arc<Cell>>>,
    /// Whose users are: what never changes of them.
    homes: Mutex<HashMap<UserId, OrganizationId>>,
    /// Guests who were read: where they are at home, and where they are guests.
    guests: Guests,
}

/// Users whose home is kept in memory.
pub const HOMES_MAX: usize = 1_000_000;

impl Listener for Live {
    fn changed(&self, organization: OrganizationId, changes: &[Change]) {
        self.changed_in(organization, changes);
        // What happens to a guest at home is told where she is one.
        for (elsewhere, change) in self.guests.seen_elsewhere(organization, changes) {
            self.changed_in(elsewhere, &[change]);
        }
    }

    fn forget_all(&self) {
        self.cells().clear();
    }
}

impl Live {
    fn changed_in(&self, organization: OrganizationId, changes: &[Change]) {
        let Some(cell) = self.cells().get(&organization).cloned() else { return };
        let mut forget = changes.contains(&Change::Organization);
        if !forget {
            let mut state = cell.state.write().unwrap_or_else(PoisonError::into_inner);
            forget = match state.as_mut() {
                Some(state) => !changes.iter().all(|change| state.changed(change)),
                // It is being read: what was read may be older than this change.
                None => changes.iter().any(|change| matches!(change, Change::Resource(_))),
            };
        }
        if forget {
            self.cells().remove(&organization);
        }
    }

    /// A memory that knows nothing yet.
    #[must_use]
    pub fn new(db: Db, definition: Arc<Definition>) -> Self {
        let (cells, homes, guests) = Default::default();
        Self { db, definition, cells, homes, guests }
    }

    fn cells(&self) -> std::sync::MutexGuard<'_, HashMap<OrganizationId, Arc<Cell>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The organization that a user is at home in; `None` when there is no such user. A user who
    /// was removed may keep hers: she is unknown there.
    ///
    /// # Errors
    /// 503 when it must be read and the database does not answer.
    pub async fn home(&self, user: UserId) -> Result<Option<OrganizationId>, Problem> {
        let homes = || self.homes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = homes().get(&user).copied();
        if known.is_some() {
            return Ok(known);
        }
        let noun = store::owner::Owned::User;
        let found = store::owner::of(&mut self.db.conn(), noun, user.0).await?;
        if let Some(organization) = found {
            let mut homes = homes();
            if homes.len() >= HOMES_MAX {
                homes.clear();
            }
            homes.insert(user, organization);
        }
        Ok(found)
    }

    /// Asks about some users: `question` sees a snapshot in which these are as the database had
    /// them after the call began, and with them those whose sub-users they are. It gets `None` for
    /// an organization that is not there. The second argument tells the version of a user's access.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn ask<T>(
        &self,
        organization: OrganizationId,
        users: &[UserId],
        question: impl FnOnce(Option<&Snapshot>, &dyn Fn(UserId) -> i64) -> T,
    ) -> Result<T, Problem> {
        let Some(cell) = self.cell(organization).await? else {
            return Ok(question(None, &|_| 0));
        };
        let unread = {
            let state = cell.read();
            let Some(state) = state.as_ref() else { return Ok(question(None, &|_| 0)) };
            let unread = state.unread(users);
            if unread.is_empty() && !state.has_stale_resources() {
                let version = |user| state.access_version(user, &|user| state.version(user));
                return Ok(question(Some(&state.snapshot), &version));
            }
            unread
        };
        self.refresh_resources(organization, &cell).await?;
        let found = self.load(organization, &cell, &unread).await?;
        // Only now it is known whose sub-users they are.
        let parents = cell.read().as_ref().map(|state| found.parents(state)).unwrap_or_default();
        let above = self.load(organization, &cell, &parents).await?;
        let mut state = cell.write();
        let Some(state) = state.as_mut() else { return Ok(question(None, &|_| 0)) };
        let mut versions = HashMap::new();
        for found in [found, above] {
            for (user, found) in found.users {
                versions.insert(user, found.as_ref().map_or(0, |(_, version)| *version));
                let clean = state.end_load(user);
                state.put(user, found, clean);
            }
            found.load.done();
        }
        let read = |user| state.version(user).or_else(|| versions.get(&user).copied());
        let version = |user| state.access_version(user, &read);
        Ok(question(Some(&state.snapshot), &version))
    }

    /// Asks about all users of an organization.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn ask_all<T>(
        &self,
        organization: OrganizationId,
        question: impl FnOnce(Option<&Snapshot>) -> T,
    ) -> Result<T, Problem> {
        let Some(cell) = self.cell(organization).await? else { return Ok(question(None)) };
        self.read_all(organization, &cell).await?;
        let missing = cell.read().as_ref().map(State::missing).unwrap_or_default();
        self.ask(organization, &missing, |snapshot, _| question(snapshot)).await
    }

    /// The organization's cell, read if it was not; `None` when there is no such organization.
    async fn cell(&self, organization: OrganizationId) -> Result<Option<Arc<Cell>>, Problem> {
        let known = self.cells().get(&organization).cloned();
        if let Some(cell) = known
            && cell.read().is_some()
        {
            return Ok(Some(cell));
        }
        let cell = Arc::clone(self.cells().entry(organization).or_insert_with(|| {
            let reading = tokio::sync::Mutex::new(());
            Arc::new(Cell { state: RwLock::new(None), reading })
        }));
        let turn = cell.reading.lock().await;
        if cell.read().is_some() {
            drop(turn);
            return Ok(Some(cell));
        }
        // A change that comes while it is read takes the cell out of the map: what was read then
        // serves the questions that came before the change, and no later one.
        let state = load::organization(&self.db, organization, &self.definition).await;
        if !matches!(state, Ok(Some(_))) {
            let mut cells = self.cells();
            if cells.get(&organization).is_some_and(|kept| Arc::ptr_eq(kept, &cell)) {
                cells.remove(&organization);
            }
        }
        let Some(state) = state? else { return Ok(None) };
        *cell.write() = Some(state);
        drop(turn);
        Ok(Some(cell))
    }

    async fn refresh_resources(
        &self,
        organization: OrganizationId,
        cell: &Cell,
    ) -> Result<(), Problem> {
        if !cell.read().as_ref().is_some_and(State::has_stale_resources) {
            return Ok(());
        }
        let turn = cell.reading.lock().await;
        let stale = cell.read().as_ref().map(State::stale_resources).unwrap_or_default();
        let mut scope = Scope::new(self.db.conn(), organization);
        for (resource, number) in stale {
            let found = load::resource(&mut scope, &resource).await?;
            let mut state = cell.write();
            let Some(state) = state.as_mut() else { break };
            match found {
                Some(row) => state.snapshot.put_resource(&row),
                None => state.snapshot.remove_resource(&resource),
            }
            state.read_resource(&resource, number);
        }
        drop(turn);
        Ok(())
    }

    async fn load<'c>(
        &self,
        organization: OrganizationId,
        cell: &'c Cell,
        users: &[UserId],
    ) -> Result<Loaded<'c>, Problem> {
        if users.is_empty() {
            return Ok(Loaded { load: Loading::none(cell), users: Vec::new() });
        }
        let (load, names) = {
            let mut state = cell.write();
            let Some(state) = state.as_mut() else {
                return Ok(Loaded { load: Loading::none(cell), users: Vec::new() });
            };
            state.begin_load(users);
            (Loading { cell, users: users.to_vec() }, state.rule_names.clone())
        };
        let mut scope = Scope::new(self.db.conn(), organization);
        let read = load::users(&mut scope, users, (&names, &self.definition)).await?;
        let load::Users { found: users, guests } = read;
        let Some(unheard) = self.guests.note(organization, &guests) else {
            self.forget_all();
            return Ok(Loaded { load, users });
        };
        if !unheard.is_empty()
            && let Some(state) = cell.write().as_mut()
        {
            for user in unheard {
                state.changed(&Change::User(user));
            }
        }
        Ok(Loaded { load, users })
    }

    /// Reads all users once, in batches; those who change meanwhile are read by the search.
    async fn read_all(&self, organization: OrganizationId, cell: &Cell) -> Result<(), Problem> {
        let complete = || cell.read().as_ref().is_none_or(|state| state.walk() == Walk::Complete);
        if complete() {
            return Ok(());
        }
        let turn = cell.reading.lock().await;
        if complete() {
            return Ok(());
        }
        set_walk(cell, Walk::Running);
        let walked = self.walk(organization, cell).await;
        set_walk(cell, if walked.is_ok() { Walk::Complete } else { Walk::Lazy });
        drop(turn);
        walked
    }

    async fn walk(&self, organization: OrganizationId, cell: &Cell) -> Result<(), Problem> {
        let mut after = load::FIRST;
        loop {
            let mut scope = Scope::new(self.db.conn(), organization);
            let batch = store::profile::walk(&mut scope, after, WALK_AT_ONCE).await?;
            let Some(last) = batch.last() else { break };
            after = *last;
            let batch: Vec<UserId> = batch.into_iter().map(|(_, user)| user).collect();
            self.read_batch(organization, cell, &batch).await?;
        }
        let mut after = load::FIRST.1;
        loop {
            let mut scope = Scope::new(self.db.conn(), organization);
            let batch = store::guest::walk(&mut scope, after, WALK_AT_ONCE).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = *last;
            self.read_batch(organization, cell, &batch).await?;
        }
    }

    /// Reads those of a batch who were not read yet.
    async fn read_batch(
        &self,
        organization: OrganizationId,
        cell: &Cell,
        batch: &[UserId],
    ) -> Result<(), Problem> {
        let unread: Vec<UserId> = {
            let state = cell.read();
            let Some(state) = state.as_ref() else { return Ok(()) };
            batch.iter().copied().filter(|user| state.version(*user).is_none()).collect()
        };
        let found = self.load(organization, cell, &unread).await?;
        let mut state = cell.write();
        let Some(state) = state.as_mut() else { return Ok(()) };
        for (user, found) in found.users {
            let clean = state.end_load(user);
            // One who changed meanwhile is among the missing and is read by the search.
            if clean {
                state.put(user, found, clean);
            }
        }
        found.load.done();
        Ok(())
    }
}

fn set_walk(cell: &Cell, walk: Walk) {
    if let Some(state) = cell.write().as_mut() {
        state.set_walk(walk);
    }
}

/// Users that were read, with the note that they were being read.
struct Loaded<'c> {
    load: Loading<'c>,
    users: Vec<load::Found>,
}

impl Loaded<'_> {
    /// Those whose sub-users were read, and who must be read themselves.
    fn parents(&self, state: &State) -> Vec<UserId> {
        let rows = self.users.iter().filter_map(|(_, found)| found.as_ref());
        let mut parents: Vec<UserId> = rows.filter_map(|(row, _)| row.parent).collect();
        parents.sort_unstable();
        parents.dedup();
        let is_read = |user: &UserId| {
            state.version(*user).is_some() || self.users.iter().any(|(read, _)| read == user)
        };
        parents.retain(|parent| !is_read(parent));
        parents
    }
}

/// A note that users are being read; a caller who goes away takes it back.
struct Loading<'c> {
    cell: &'c Cell,
    users: Vec<UserId>,
}

impl<'c> Loading<'c> {
    const fn none(cell: &'c Cell) -> Self {
        Self { cell, users: Vec::new() }
    }

    /// The note was taken back user by user.
    fn done(mut self) {
        self.users.clear();
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        if !self.users.is_empty()
            && let Some(state) = self.cell.write().as_mut()
        {
            for user in &self.users {
                state.end_load(*user);
            }
        }
    }
}

impl Cell {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Option<State>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Option<State>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
