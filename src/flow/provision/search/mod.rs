//! Lists over SCIM: pages in order of creation, indexed equalities, and bounded scans.
//!
//! What an index can answer is asked of it; everything else is read in batches and judged by the
//! definition of the filter, within [`Bounds`] (S10). A page by index that follows another begins
//! at the place where that one ended, which is remembered; a page by cursor begins at the place in
//! the cursor (N4). Neither reads a row that comes before it.

mod cursor;
mod lens;
mod listed;
mod mixed;
mod pages;
mod role;
mod scan;

use std::time::Duration;

use crate::domain::id::{DirectoryId, OrganizationId};
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::scim::ScimError;
use crate::scim::catalog::Served;
use crate::scim::filter::Filter;
use crate::scim::page::{Page, PageSizes};
use crate::scim::sort::SortKey;
use crate::store::Scope;
use crate::store::place::Place;

use self::lens::{Lens, Plan};
pub use cursor::{CURSOR_S, Tie, fingerprint};
pub use listed::{Listed, MembersOf};
pub use mixed::Mixed;
pub use pages::Pages;
pub use role::{OfferedRole, offered};

/// Sizes of pages.
pub const PAGES: PageSizes = PageSizes { default: 100, max: 500 };
/// Rows that one list reads at most to judge a filter or an order.
pub const SCAN_MAX: usize = 200_000;
/// Seconds that one list takes at most.
pub const SCAN_S: u64 = 5;
/// Members that are loaded for one batch of groups whose filter reads members freely.
pub const MEMBERS_MAX: i64 = 20_000;
/// Rows that are read at a time.
const BATCH: i64 = 500;
/// Rows that are read at a time where a key finds very many.
const BATCH_MAX: i64 = 4_000;

/// How much one list may read that no index answers; beyond it the list is refused, never cut.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Rows.
    pub rows_max: usize,
    /// Members of one batch of groups.
    pub members_max: i64,
    /// Seconds.
    pub wait_s: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { rows_max: SCAN_MAX, members_max: MEMBERS_MAX, wait_s: SCAN_S }
    }
}

/// What lists are read from: the users and groups of a directory, and the roles of the platform.
pub struct Shelf<'a> {
    /// The database and the platform.
    pub runner: &'a Runner,
    /// Whose directory it is.
    pub organization: OrganizationId,
    /// The directory.
    pub directory: DirectoryId,
    /// The address below which the client sees resources.
    pub base: &'a str,
    /// The types of resources.
    pub served: Served,
    /// Where pages by index ended.
    pub pages: &'a Pages,
    /// How much may be read.
    pub bounds: Bounds,
}

impl Shelf<'_> {
    fn scope(&self) -> Scope<'_> {
        self.runner.read(self.organization)
    }
}

/// What is asked for.
pub struct Search<'a> {
    /// Which resources.
    pub filter: Option<&'a Filter>,
    /// The attribute that decides the order; creation unless it is given.
    pub sort_by: Option<&'a str>,
    /// `ascending` or `descending`.
    pub sort_order: Option<&'a str>,
    /// Which part of the list.
    pub part: Part,
}

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub enum Part {
    /// By position.
    Index(Page),
    /// Behind a row of the list.
    Cursor {
        /// That row; `None` for the first part.
        after: Option<Position>,
        /// Most resources.
        count: u32,
    },
}

impl Part {
    /// The position of its first row, by index.
    #[must_use]
    pub const fn start_index(&self) -> Option<u64> {
        match self {
            Self::Index(page) => Some(page.start_index),
            Self::Cursor { .. } => None,
        }
    }
}

/// Where a row stands in a list, whatever comes and goes around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// What decides its place, where an order is asked for.
    pub key: Option<SortKey>,
    /// Its place in the order of creation.
    pub place: Place,
}

/// A part of a list.
#[derive(Debug)]
pub struct Found<T> {
    /// How many there are in all; `None` where a part by cursor does not read that far.
    pub total: Option<u64>,
    /// The part that was asked for.
    pub rows: Vec<T>,
    /// The last row of a part by cursor, when more come behind it.
    pub next: Option<Position>,
}

impl<T> Found<T> {
    const fn nothing(total: u64) -> Self {
        Self { total: Some(total), rows: Vec::new(), next: None }
    }

    fn map<U>(self, wrap: impl FnMut(T) -> U) -> Found<U> {
        let rows = self.rows.into_iter().map(wrap).collect();
        Found { total: self.total, rows, next: self.next }
    }
}

/// Lists resources of a directory.
///
/// # Errors
/// 400 `invalidFilter` for a filter that the type does not know, `invalidPath` and `invalidValue`
/// for such an order, `tooMany` for a list that would read too much.
pub async fn run<T: Listed>(shelf: &Shelf<'_>, search: &Search<'_>) -> Result<Found<T>, Problem> {
    planned(shelf, &Plan::of(&T::types(shelf.served), search)?).await
}

/// Lists resources of all types at once (C57). When one type alone can satisfy the filter, it is
/// listed as by itself.
///
/// # Errors
/// As [`run`]; an attribute that a type does not know counts as unassigned there (C73).
pub async fn everything(shelf: &Shelf<'_>, search: &Search<'_>) -> Result<Found<Mixed>, Problem> {
    let mut plan = Plan::of(&Mixed::types(shelf.served), search)?;
    Ok(match plan.narrow_to_the_only_type() {
        Some(mixed::USERS) => planned(shelf, &plan).await?.map(Mixed::User),
        Some(mixed::GROUPS) => planned(shelf, &plan).await?.map(Mixed::Group),
        Some(_) => planned(shelf, &plan).await?.map(Mixed::Role),
        None => planned(shelf, &plan).await?,
    })
}

async fn planned<T: Listed>(shelf: &Shelf<'_>, plan: &Plan<'_>) -> Result<Found<T>, Problem> {
    if plan.finds_nothing() {
        return Ok(Found::nothing(0));
    }
    if plan.is_everything() {
        return page(shelf, plan).await;
    }
    in_time(shelf.bounds.wait_s, scan::scan(shelf, plan)).await
}

/// What a scan finds within its time; in no time at all nothing is found, however fast it were.
async fn in_time<T: Listed>(
    wait_s: u64,
    scan: impl Future<Output = Result<Found<T>, Problem>>,
) -> Result<Found<T>, Problem> {
    let found = match wait_s {
        0 => None,
        wait_s => tokio::time::timeout(Duration::from_secs(wait_s), scan).await.ok(),
    };
    found.unwrap_or_else(|| Err(too_many::<T>(&format!("take longer than {wait_s} s"))))
}

/// A part of everything: no row outside of it is read.
async fn page<T: Listed>(shelf: &Shelf<'_>, plan: &Plan<'_>) -> Result<Found<T>, Problem> {
    let (total, removed) = T::counted(shelf).await?;
    let total = u64::try_from(total).unwrap_or(0);
    let (after, limit, offset) = match &plan.part {
        Part::Index(page) => {
            let offset = page.offset();
            if page.count == 0 || offset >= total {
                return Ok(Found::nothing(total));
            }
            let known = shelf.pages.place(shelf.directory, T::NAME, offset, removed);
            let start = match known {
                Some(place) => Some(place),
                None if offset == 0 => Some(Place::START),
                None => {
                    shelf.pages.count();
                    T::start(shelf, i64::try_from(offset).unwrap_or(i64::MAX)).await?
                }
            };
            let Some(after) = start else { return Ok(Found::nothing(total)) };
            (after, page.count, offset)
        }
        Part::Cursor { after, count } => {
            let place = after.as_ref().map_or(Place::START, |after| after.place);
            (place, count.saturating_add(1), 0)
        }
    };
    let mut rows: Vec<T> = T::fetch(shelf, &plan.lenses, after, i64::from(limit)).await?;
    if let Part::Cursor { count, .. } = plan.part {
        let next = cut(&mut rows, count as usize);
        let total = total.max(rows.len() as u64);
        return Ok(Found { total: Some(total), rows, next });
    }
    let end = offset.saturating_add(rows.len() as u64);
    if let Some(last) = rows.last() {
        shelf.pages.remember(shelf.directory, T::NAME, end, (removed, last.place()));
    }
    // A row may have come between the two statements: the total never says less than is shown.
    Ok(Found { total: Some(total.max(end)), rows, next: None })
}

/// Leaves as many rows as were asked for, and tells where to go on if there were more.
fn cut<T: Listed>(rows: &mut Vec<T>, count: usize) -> Option<Position> {
    if rows.len() <= count {
        return None;
    }
    rows.truncate(count);
    rows.last().map(|last| Position { key: None, place: last.place() })
}

fn too_many<T: Listed>(what: &str) -> Problem {
    ScimError::too_many(format!(
        "This list would {what}: filter by an equality of {} first",
        T::INDEXED
    ))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::user::Grouped;

    #[tokio::test]
    async fn a_scan_that_does_not_end_is_refused_when_its_time_is_over_s10() {
        let late = in_time::<Grouped>(1, std::future::pending()).await;
        let error = late.err().and_then(|problem| problem.scim).expect("by the engine");
        assert!(error.detail.contains("longer than 1 s"), "{}", error.detail);
        let soon = in_time::<Grouped>(1, std::future::ready(Ok(Found::nothing(3)))).await;
        assert_eq!(soon.map(|found| found.total).ok(), Some(Some(3)));
    }
}
