//! What an operator's token is used for inside an organization stands in that organization's feed.
//!
//! A program of the operator may ask a thousand times in a second: the first use of a token for one
//! kind of call is told at once, and the next one an hour later, with how many calls there were.
//! What it changes is told by the events of the change besides.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::problem::Problem;
use super::runner::Runner;
use crate::domain::actor::Actor;
use crate::domain::event::Happened;
use crate::domain::id::{OrganizationId, TokenId};
use crate::domain::time::Timestamp;

/// How long one event tells of all calls of a kind, in seconds.
pub const TOLD_FOR_S: i64 = 3_600;
/// Kinds of calls that are remembered; past that, those that are over are forgotten, then all.
pub const KINDS_MAX: usize = 50_000;

/// What stands for the id of the token that the settings name: it has none.
pub const OF_SETTINGS: &str = "setting";

/// A token, where it is used, and for which kind of call. `None` is the token of the settings.
type Key = (Option<TokenId>, OrganizationId, String);

/// Which uses were told lately, by this process.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<Key, (Timestamp, u64)>>);

impl Uses {
    /// Counts a call; answers how many calls are to be told now, if any.
    fn count(&self, key: Key, now: Timestamp) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= KINDS_MAX {
            told.retain(|_, (at, _)| now < at.plus_s(TOLD_FOR_S));
            if told.len() >= KINDS_MAX {
                told.clear();
            }
        }
        match told.get_mut(&key) {
            Some((at, since)) if now < at.plus_s(TOLD_FOR_S) => {
                *since = since.saturating_add(1);
                None
            }
            Some((at, since)) => {
                let calls = since.saturating_add(1);
                (*at, *since) = (now, 0);
                Some(calls)
            }
            None => {
                told.insert(key, (now, 0));
                Some(1)
            }
        }
    }
}

/// Tells the feed of an organization that an operator's token is used in it. `call` is the pattern
/// of a route: it names nobody.
///
/// # Errors
/// 503 when the database does not answer: then the call is not answered either.
pub async fn used(
    runner: &Runner,
    uses: &Uses,
    (token, organization): (Option<TokenId>, OrganizationId),
    call: &str,
) -> Result<(), Problem> {
    let key = (token, organization, call.to_owned());
    let Some(calls) = uses.count(key, runner.clock.now()) else { return Ok(()) };
    let call = call.to_owned();
    let id = token.map_or_else(|| OF_SETTINGS.to_owned(), |id| id.to_string());
    runner
        .write(Actor::Operator(token), organization, move |work| {
            let (call, id) = (call.clone(), id.clone());
            Box::pin(async move {
                work.record(
                    Happened::to("operator_token.used", "operator_token", id)
                        .with("call", call)
                        .with("calls", calls),
                );
                Ok(())
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(at: u128) -> Key {
        let id = Uuid::from_u128(at);
        (Some(TokenId(id)), OrganizationId(id), "GET /x".to_owned())
    }

    #[test]
    fn a_use_is_told_at_once_and_then_once_an_hour_with_all_calls_between() {
        let (uses, start) = (Uses::default(), Timestamp(0));
        assert_eq!(uses.count(key(1), start), Some(1));
        assert_eq!(uses.count(key(1), start), None);
        assert_eq!(uses.count(key(1), start.plus_s(TOLD_FOR_S - 1)), None);
        assert_eq!(uses.count(key(2), start), Some(1), "another token");
        assert_eq!(uses.count(key(1), start.plus_s(TOLD_FOR_S)), Some(3));
        assert_eq!(uses.count(key(1), start.plus_s(TOLD_FOR_S)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let uses = Uses::default();
        for at in 0..=u128::try_from(KINDS_MAX).unwrap() {
            assert_eq!(uses.count(key(at), Timestamp(0)), Some(1));
        }
        assert!(uses.0.lock().unwrap().len() <= KINDS_MAX);
    }
}
