//! Lists over SCIM: pages in order of creation, indexed equalities, and bounded scans.
//!
//! What an index can answer is asked of it; everything else is read in batches and judged by the
//! definition of the filter, at most [`SCAN_MAX`] rows and [`SCAN_S`] seconds (S10). A page that
//! follows another begins at the place where that one ended, which is remembered.

mod listed;
mod pages;

use std::time::Duration;

use serde_json::{Map, Value};

use super::Client;
use crate::domain::id::OrganizationId;
use crate::flow::noted;
use crate::flow::problem::Problem;
use crate::flow::runner::Runner;
use crate::scim::ScimError;
use crate::scim::filter::{Expr, Filter, Literal, Lookup, Op, Resolved, eval_over};
use crate::scim::list::{Page, PageSizes};
use crate::scim::sort::{Sort, SortKey};
use crate::store::filter::{Place, Source};
use crate::store::{self, Scope};

pub use listed::{Listed, MembersOf};
pub use pages::Pages;

/// Sizes of pages.
pub const PAGES: PageSizes = PageSizes { default: 100, max: 500 };
/// Rows that one list reads at most to judge a filter or an order.
pub const SCAN_MAX: usize = 200_000;
/// Seconds that one list takes at most.
pub const SCAN_S: u64 = 5;
/// Rows that are read at a time.
const BATCH: i64 = 500;

/// What is asked for.
pub struct Search<'a> {
    /// Which resources.
    pub filter: Option<&'a Filter>,
    /// In which order; creation unless said.
    pub sort: Option<&'a Sort>,
    /// Which part of the list.
    pub page: Page,
}

/// A part of a list.
#[derive(Debug)]
pub struct Found<T> {
    /// How many there are in all.
    pub total: u64,
    /// The part that was asked for.
    pub rows: Vec<T>,
}

/// Lists resources of a directory.
///
/// # Errors
/// 400 `invalidFilter` for a filter that the type does not know, 400 `tooMany` for one that would
/// read too much.
pub async fn run<T: Listed>(
    runner: &Runner,
    organization: OrganizationId,
    client: Client,
    pages: &Pages,
    search: &Search<'_>,
) -> Result<Found<T>, Problem> {
    let mut scope = runner.read(organization);
    let Some(filter) = search.filter else {
        if search.sort.is_none() {
            return page(&mut scope, client, pages, search.page).await;
        }
        return bounded::<T>(&mut scope, client, search, None, Source::All).await;
    };
    let resolved = filter.resolve(T::TYPE)?;
    noted::noting(|notes| notes.merge(resolved.notes()));
    let Some(source) = source(&resolved) else {
        return Ok(Found { total: 0, rows: Vec::new() });
    };
    bounded::<T>(&mut scope, client, search, Some((filter, &resolved)), source).await
}

/// A page of everything: no row outside of it is read.
async fn page<T: Listed>(
    scope: &mut Scope<'_>,
    client: Client,
    pages: &Pages,
    page: Page,
) -> Result<Found<T>, Problem> {
    let directory = client.directory;
    let counts = store::filter::counts(scope, directory).await?;
    let (total, removed) = T::counted(counts);
    let total = u64::try_from(total).unwrap_or(0);
    let offset = page.offset();
    if page.count == 0 || offset >= total {
        return Ok(Found { total, rows: Vec::new() });
    }
    let after = match pages.place(directory, T::TYPE.name, offset, removed) {
        Some(place) => Some(place),
        None => T::start(scope, directory, i64::try_from(offset).unwrap_or(i64::MAX)).await?,
    };
    let Some(after) = after else { return Ok(Found { total, rows: Vec::new() }) };
    let limit = i64::from(page.count);
    let rows = T::fetch(scope, directory, &Source::All, after, limit).await?;
    if let Some(last) = rows.last() {
        let next = offset.saturating_add(rows.len() as u64);
        pages.remember(directory, T::TYPE.name, next, (removed, last.place()));
    }
    // A row may have come between the two statements: the total never says less than is shown.
    let total = total.max(offset.saturating_add(rows.len() as u64));
    Ok(Found { total, rows })
}

async fn bounded<T: Listed>(
    scope: &mut Scope<'_>,
    client: Client,
    search: &Search<'_>,
    filter: Option<(&Filter, &Resolved)>,
    source: Source,
) -> Result<Found<T>, Problem> {
    let scan = scan::<T>(scope, client, search, filter, source);
    match tokio::time::timeout(Duration::from_secs(SCAN_S), scan).await {
        Ok(found) => found,
        Err(_) => Err(too_many::<T>(&format!("take longer than {SCAN_S} s"))),
    }
}

/// Reads what a source finds, judges each row, and keeps the part that was asked for.
async fn scan<T: Listed>(
    scope: &mut Scope<'_>,
    client: Client,
    search: &Search<'_>,
    filter: Option<(&Filter, &Resolved)>,
    source: Source,
) -> Result<Found<T>, Problem> {
    let judge = filter.filter(|(filter, _)| source == Source::All || !is_lookup(filter.expr()));
    let mut gathered = Gathered::new(search);
    let (mut after, mut read) = (Place::START, 0_usize);
    loop {
        let mut batch = T::fetch(scope, client.directory, &source, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.place();
        read = read.saturating_add(batch.len());
        if read > SCAN_MAX {
            return Err(too_many::<T>(&format!("read more than {SCAN_MAX} resources")));
        }
        let full = i64::try_from(batch.len()).unwrap_or(0) == BATCH;
        if let Some((filter, resolved)) = judge {
            T::complete(scope, &mut batch, filter, resolved).await?;
        }
        for row in batch {
            gathered.take(row, judge.map(|(_, resolved)| resolved));
        }
        if !full {
            break;
        }
    }
    gathered.finish(scope, client).await
}

/// The rows that match: the page itself, or, where an order is asked for, what decides it.
struct Gathered<'a, T> {
    search: &'a Search<'a>,
    total: u64,
    rows: Vec<T>,
    keys: Vec<(SortKey, Place)>,
}

impl<'a, T: Listed> Gathered<'a, T> {
    const fn new(search: &'a Search<'a>) -> Self {
        Self { search, total: 0, rows: Vec::new(), keys: Vec::new() }
    }

    fn take(&mut self, row: T, filter: Option<&Resolved>) {
        if filter.is_none() && self.search.sort.is_none() {
            return self.keep(row);
        }
        let (document, owned) = row.layers();
        let layers: [&Map<String, Value>; 2] = [&owned, &document];
        if filter.is_some_and(|filter| !eval_over(filter, &layers)) {
            return;
        }
        match self.search.sort {
            None => self.keep(row),
            Some(sort) => {
                self.total += 1;
                self.keys.push((sort.key(&layers), row.place()));
            }
        }
    }

    fn keep(&mut self, row: T) {
        let page = self.search.page;
        if self.total >= page.offset() && self.rows.len() < page.count as usize {
            self.rows.push(row);
        }
        self.total += 1;
    }

    async fn finish(mut self, scope: &mut Scope<'_>, client: Client) -> Result<Found<T>, Problem> {
        let Some(sort) = self.search.sort else {
            return Ok(Found { total: self.total, rows: self.rows });
        };
        // Stable, so that creation and id decide among equals (C81).
        self.keys.sort_by(|left, right| sort.compare(&left.0, &right.0));
        let page = self.search.page;
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let ids: Vec<uuid::Uuid> = self
            .keys
            .iter()
            .skip(offset)
            .take(page.count as usize)
            .map(|(_, place)| place.id)
            .collect();
        if ids.is_empty() {
            return Ok(Found { total: self.total, rows: Vec::new() });
        }
        let mut rows = T::by_ids(scope, client.directory, &ids).await?;
        let rank = |row: &T| ids.iter().position(|id| *id == row.place().id);
        rows.sort_by_cached_key(rank);
        Ok(Found { total: self.total, rows })
    }
}

/// Where candidates come from; `None` when nothing can match.
fn source(filter: &Resolved) -> Option<Source> {
    let id = |text: &str| {
        // Ids compare with letter case: only the spelling that we give out is one.
        let id = crate::domain::id::UserId::parse(text).ok().filter(|id| id.to_string() == text);
        id.map(|id| id.0)
    };
    Some(match filter.lookup() {
        None => Source::All,
        Some(Lookup::Id(text)) => Source::Id(id(&text)?),
        Some(Lookup::UserName(key)) => Source::UserName(key),
        Some(Lookup::ExternalId(text)) => Source::ExternalId(text),
        Some(Lookup::WorkEmail(key)) => Source::WorkEmail(key),
        Some(Lookup::AnyEmail(key)) => Source::Email(key),
        Some(Lookup::DisplayName(key)) => Source::DisplayName(key),
        Some(Lookup::Member(text) | Lookup::Group(text)) => Source::Membership(id(&text)?),
    })
}

/// Whether a filter is nothing but one equality, which the index has answered exactly then.
const fn is_lookup(expr: &Expr) -> bool {
    matches!(expr, Expr::Compare(_, Op::Eq, Literal::Text(_)))
}

fn too_many<T: Listed>(what: &str) -> Problem {
    ScimError::too_many(format!(
        "This list would {what}: filter by an equality of {} first",
        T::INDEXED
    ))
    .into()
}
