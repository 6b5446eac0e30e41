//! Lists that no index answers alone: rows are read in batches and judged one by one.
//!
//! A part by cursor begins at its place and ends as soon as it is full. Where an order is asked
//! for, all that matches is looked at, but only the keys of the smallest are held.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::lens::Plan;
use super::{BATCH, BATCH_MAX, Found, Listed, Part, Position, Shelf, cut, too_many};
use crate::flow::problem::Problem;
use crate::scim::filter::eval_over;
use crate::scim::sort::{Sort, SortKey};
use crate::store::place::Place;

/// Reads what the sources find, judges each row, and keeps the part that was asked for.
pub(super) async fn scan<T: Listed>(
    shelf: &Shelf<'_>,
    plan: &Plan<'_>,
) -> Result<Found<T>, Problem> {
    let mut gathered = Gathered::new(plan, shelf.base);
    let (mut after, mut read, mut limit) = (gathered.begin(), 0_usize, BATCH);
    loop {
        let mut batch = T::fetch(shelf, &plan.lenses, after, limit).await?;
        let Some(last) = batch.last() else { break };
        after = last.place();
        read = read.saturating_add(batch.len());
        if read > shelf.bounds.rows_max {
            let most = shelf.bounds.rows_max;
            return Err(too_many::<T>(&format!("read more than {most} resources")));
        }
        let full = i64::try_from(batch.len()).unwrap_or(0) == limit;
        if let Some(filter) = plan.filter {
            T::complete(shelf, batch.iter_mut().collect(), filter, &plan.lenses).await?;
        }
        for row in batch {
            gathered.take(row);
        }
        if !full || gathered.is_full() {
            break;
        }
        if plan.has_key() {
            // What a key finds is put into order for each batch anew: fewer and fewer batches.
            limit = BATCH_MAX.min(limit * 2);
        }
    }
    gathered.finish(shelf).await
}

/// The rows that match: the part itself, or, where an order is asked for, what decides it.
struct Gathered<'a, T> {
    plan: &'a Plan<'a>,
    base: &'a str,
    total: u64,
    rows: Vec<T>,
    keys: Vec<(SortKey, Place)>,
    skip: usize,
    most: usize,
}

impl<'a, T: Listed> Gathered<'a, T> {
    fn new(plan: &'a Plan<'a>, base: &'a str) -> Self {
        let (skip, most) = match &plan.part {
            Part::Index(page) => {
                (usize::try_from(page.offset()).unwrap_or(usize::MAX), page.count as usize)
            }
            // One more tells whether another part follows.
            Part::Cursor { count, .. } => (0, (*count as usize).saturating_add(1)),
        };
        Self { plan, base, total: 0, rows: Vec::new(), keys: Vec::new(), skip, most }
    }

    /// The row behind which the part begins, by cursor.
    const fn after(&self) -> Option<&Position> {
        match &self.plan.part {
            Part::Cursor { after, .. } => after.as_ref(),
            Part::Index(_) => None,
        }
    }

    /// Where reading begins: an order may bring any row behind the cursor.
    fn begin(&self) -> Place {
        match self.after() {
            Some(after) if self.plan.order.is_none() => after.place,
            _ => Place::START,
        }
    }

    /// Whether the part is full and nobody waits for the total: that of the list is told with its
    /// first part.
    fn is_full(&self) -> bool {
        self.after().is_some() && self.plan.order.is_none() && self.rows.len() >= self.most
    }

    fn take(&mut self, row: T) {
        let Some(lens) = self.plan.lenses.get(row.kind()) else { return };
        let order = self.plan.order.as_ref();
        if lens.filter.is_none() && order.is_none() {
            return self.keep(row);
        }
        let (document, owned) = row.layers(self.base);
        let layers: [&Map<String, Value>; 2] = [&owned, &document];
        if lens.filter.as_ref().is_some_and(|filter| !eval_over(filter, &layers)) {
            return;
        }
        let Some(order) = order else { return self.keep(row) };
        let key = lens.sort.as_ref().map_or(SortKey::Unassigned, |sort| sort.key(&layers));
        self.total += 1;
        self.hold(order, (key, row.place()));
    }

    fn keep(&mut self, row: T) {
        let before = usize::try_from(self.total).unwrap_or(usize::MAX) < self.skip;
        if !before && self.rows.len() < self.most {
            self.rows.push(row);
        }
        self.total += 1;
    }

    fn hold(&mut self, order: &Sort, entry: (SortKey, Place)) {
        let behind = self.after().is_none_or(|after| {
            let key = after.key.clone().unwrap_or(SortKey::Unassigned);
            compare(order, &entry, &(key, after.place)).is_gt()
        });
        if !behind {
            return;
        }
        self.keys.push(entry);
        let held = self.skip.saturating_add(self.most);
        if self.keys.len() > held.saturating_mul(2).saturating_add(BATCH as usize) {
            self.keys.sort_by(|left, right| compare(order, left, right));
            self.keys.truncate(held);
        }
    }

    async fn finish(mut self, shelf: &Shelf<'_>) -> Result<Found<T>, Problem> {
        let by_cursor = match self.plan.part {
            Part::Cursor { count, .. } => Some(count as usize),
            Part::Index(_) => None,
        };
        let Some(order) = &self.plan.order else {
            let total = self.after().is_none().then_some(self.total);
            let next = by_cursor.and_then(|count| cut(&mut self.rows, count));
            return Ok(Found { total, rows: self.rows, next });
        };
        self.keys.sort_by(|left, right| compare(order, left, right));
        let mut keys: Vec<_> = self.keys.drain(..).skip(self.skip).take(self.most).collect();
        let mut next = None;
        if let Some(count) = by_cursor.filter(|count| keys.len() > *count) {
            keys.truncate(count);
            next =
                keys.last().map(|(key, place)| Position { key: Some(key.clone()), place: *place });
        }
        let ids: Vec<Uuid> = keys.iter().map(|(_, place)| place.id).collect();
        let mut rows: Vec<T> = Vec::new();
        if !ids.is_empty() {
            rows = T::by_ids(shelf, &ids).await?;
            rows.sort_by_cached_key(|row| ids.iter().position(|id| *id == row.place().id));
        }
        Ok(Found { total: Some(self.total), rows, next })
    }
}

/// Orders by key; among equals creation and id decide, whatever the direction (C81).
fn compare(order: &Sort, left: &(SortKey, Place), right: &(SortKey, Place)) -> std::cmp::Ordering {
    order.compare(&left.0, &right.0).then_with(|| left.1.cmp(&right.1))
}
