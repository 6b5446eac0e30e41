//! Pages: index pages that follow one another, and one at random.

use super::client::Ask;
use super::scenario::{Cost, Run};

/// Resources a page.
const PAGE: usize = 100;
/// Pages that are read at each depth.
const PAGES: usize = 50;

impl Run<'_> {
    /// Index pages from the first to the last, and one at a place that nobody read before.
    pub(super) async fn pages(&mut self) {
        let last = self.users.saturating_sub(PAGE * PAGES) / PAGE * PAGE;
        let first = self.following(0).await;
        // The pages in between are read, as a client that imports reads them.
        for start in (PAGE * PAGES..last).step_by(PAGE) {
            self.scim.ask(&self.page(start)).await;
        }
        let deep = self.following(last).await;
        let limit = "3 CPU ms".to_owned();
        self.row("index page of 100", (first.text(), limit), first.cpu_ms / 3.0, "<= 3 CPU ms");
        let scenario = format!("index page of 100 behind {last} (CPU)");
        let ratio = deep.cpu_ms / first.cpu_ms;
        self.row(&scenario, (deep.text(), first.text()), ratio, "<= 1.50 of the first");
        let (base, users) = (self.base.clone(), self.users);
        let random = move |n: usize| {
            let start = n * 7919 % users + 1;
            vec![Ask::get(format!("{base}/Users?count={PAGE}&startIndex={start}"), "Resources")]
        };
        let cost = self.measured(1, PAGES, random).await;
        let ratio = cost.cpu_ms / first.cpu_ms;
        self.row("index page at random (CPU)", (cost.text(), first.text()), ratio, "reported");
    }

    fn page(&self, start: usize) -> Ask {
        let path = format!("{}/Users?count={PAGE}&startIndex={}", self.base, start + 1);
        Ask::get(path, "Resources")
    }

    async fn following(&self, start: usize) -> Cost {
        let base = self.base.clone();
        let page = move |n: usize| {
            let start = start + n * PAGE + 1;
            vec![Ask::get(format!("{base}/Users?count={PAGE}&startIndex={start}"), "Resources")]
        };
        self.measured(1, PAGES, page).await
    }
}
