//! Okta's import: every user and every group, page by page.
//!
//! Pages must not overlap or leave gaps, the total must hold from the first to the last, and those
//! that were provisioned must be among them (C56, K10).

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use http::Method;
use serde_json::Value;

use super::check::{self, Checked};
use super::player::{Ids, Player};
use crate::outbound::scim_client::{Answer, Ask};

const PAGE_SIZE: u64 = 100;
/// Pages that are read, at most: two million users.
const PAGES_MAX: u64 = 20_000;

/// Hashes in place of ids, so that memory stays bounded.
#[derive(Default)]
struct Seen {
    hashes: HashSet<u64>,
    total: Option<u64>,
}

impl Seen {
    fn hash(id: &str) -> u64 {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(id)
    }

    /// Takes a page; answers how many resources are still to come.
    fn take(&mut self, answer: &Answer, start: u64) -> Checked<u64> {
        let page = check::page(answer, start)?;
        if page.total != *self.total.get_or_insert(page.total) {
            return Err(format!("totalResults has become {}", page.total));
        }
        let wanted = page.total.saturating_sub(start - 1).min(PAGE_SIZE);
        let came = page.resources.len() as u64;
        if came != wanted {
            return Err(format!("{wanted} resources should come, and {came} do"));
        }
        for resource in page.resources {
            if !self.hashes.insert(Self::hash(&check::id(resource)?)) {
                return Err(format!(
                    "{:?} has come before",
                    resource.get("id").map(Value::to_string)
                ));
            }
        }
        Ok(page.total.saturating_sub(start - 1 + came))
    }
}

/// Imports the users.
pub(super) async fn users(player: &Player) {
    import(player, "Users", "K10 import users", &player.people).await;
}

/// Imports the groups.
pub(super) async fn groups(player: &Player) {
    import(player, "Groups", "K10 import groups", &player.teams).await;
}

async fn import(player: &Player, endpoint: &str, operation: &'static str, ours: &Ids) {
    let mut seen = Seen::default();
    for at in 0..PAGES_MAX {
        let start = at * PAGE_SIZE + 1;
        let ask = Ask::new(Method::GET, [endpoint])
            .with("startIndex", start.to_string())
            .with("count", PAGE_SIZE.to_string());
        match player.ask(operation, ask, |answer| seen.take(answer, start)).await {
            None => return,
            Some(0) => break,
            Some(_) => {}
        }
    }
    let missing = ours.iter().filter(|id| !seen.hashes.contains(&Seen::hash(id))).count();
    if missing > 0 {
        player.disagree(operation, format!("{missing} that were provisioned are on no page"));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn answer(total: u64, start: u64, ids: std::ops::Range<u64>) -> Answer {
        let resources: Vec<Value> = ids.map(|id| json!({"id": id.to_string()})).collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total, "startIndex": start,
            "itemsPerPage": resources.len(), "Resources": resources,
        });
        Answer { status: 200, body, location: None, took: Duration::ZERO }
    }

    #[test]
    fn pages_that_follow_one_another_are_right() {
        let mut seen = Seen::default();
        assert_eq!(seen.take(&answer(150, 1, 0..100), 1), Ok(50));
        assert_eq!(seen.take(&answer(150, 101, 100..150), 101), Ok(0));
        assert_eq!(Seen::default().take(&answer(0, 1, 0..0), 1), Ok(0));
    }

    #[test]
    fn pages_that_overlap_are_short_or_change_their_total_are_wrong() {
        for second in
            [answer(150, 101, 99..149), answer(150, 101, 100..149), answer(149, 101, 100..149)]
        {
            let mut seen = Seen::default();
            assert_eq!(seen.take(&answer(150, 1, 0..100), 1), Ok(50));
            assert!(seen.take(&second, 101).is_err());
        }
    }
}
