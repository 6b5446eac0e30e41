//! An exchange: what the client of a directory asked and what it was answered, without values.
//!
//! The journal of a directory keeps its last exchanges (S36); counters by slots of five minutes
//! outlive them (S35). Nothing here holds what a person is called (S15, S16).

use std::collections::BTreeMap;

use uuid::Uuid;

use super::id::{DirectoryId, ExchangeId, OrganizationId, TokenId};
use super::time::Timestamp;
use crate::scim::Tolerance;

/// Entries that the journal of a directory keeps.
pub const KEPT_MAX: i64 = 10_000;
/// How long a slot of counters is, in seconds.
pub const SLOT_S: i64 = 300;
/// How long counters are kept, in seconds: as long as the longest window, and a slot more.
pub const COUNTED_S: i64 = 7 * 86_400 + SLOT_S;
/// Seconds in a day, by which uses of tolerances are counted.
pub const DAY_S: i64 = 86_400;

/// Why a request failed, as far as that decides about the client as a whole (E27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The credential does not let in: 401 or 403.
    Credentials,
    /// There is no such endpoint.
    Endpoint,
    /// A reference leads to nothing: clients do not count that.
    Reference,
}

/// One exchange, as it waits to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The id of its entry.
    pub id: ExchangeId,
    /// Whose directory was asked.
    pub organization: OrganizationId,
    /// Which directory.
    pub directory: DirectoryId,
    /// By which token.
    pub token: TokenId,
    /// When the request came.
    pub at: Timestamp,
    /// The method.
    pub method: &'static str,
    /// The pattern of the route with nothing but the resource's id in it.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The keyword of a refusal.
    pub scim_type: Option<&'static str>,
    /// The sentence of a refusal without the client's values.
    pub detail: Option<String>,
    /// The resource that was asked for or made.
    pub resource: Option<Uuid>,
    /// What the request made use of.
    pub tolerances: Tolerances,
    /// How long the answer took, in microseconds.
    pub duration_us: i64,
    /// The request's id.
    pub request_id: String,
    /// Names and types of what was sent, as JSON.
    pub shape: Option<String>,
    /// What the failure means for the client as a whole.
    pub fault: Option<Fault>,
}

impl Exchange {
    /// Whether it was refused or failed.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.status >= 400
    }
}

/// An entry of the journal, as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: ExchangeId,
    /// Its place in the journal of its directory, from 1.
    pub number: i64,
    /// When the request came.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The pattern of the route with nothing but the resource's id in it.
    pub path: String,
    /// The status of the answer.
    pub status: i64,
    /// The keyword of a refusal.
    pub scim_type: Option<String>,
    /// The sentence of a refusal without the client's values.
    pub detail: Option<String>,
    /// The resource that was asked for or made.
    pub resource: Option<Uuid>,
    /// What the request made use of.
    pub tolerances: Tolerances,
    /// How long the answer took, in microseconds.
    pub duration_us: i64,
    /// The request's id.
    pub request_id: String,
    /// By which token.
    pub token: TokenId,
    /// Names and types of what was sent, as JSON.
    pub shape: Option<String>,
}

/// Which rows of the register of tolerances a request used, as bits: `n` for `Ln`, 0 for unknown
/// attributes (D11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerances(pub u32);

/// The word of unknown attributes in a body.
const UNKNOWN_ATTRIBUTES: &str = "D11";

impl Tolerances {
    /// The numbers that are set, in order.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..=31).filter(move |number| self.0 & (1 << number) != 0)
    }

    /// Their words, `L2` or `D11`, in order of the register.
    #[must_use]
    pub fn words(self) -> Vec<String> {
        self.numbers().map(word).collect()
    }

    /// Reads one word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = |number: &u8| word(*number) == text;
        (0..=u8::try_from(Tolerance::ALL.len()).ok()?).find(known).map(|number| Self(1 << number))
    }
}

/// The word of a number.
#[must_use]
pub fn word(number: u8) -> String {
    if number == 0 { UNKNOWN_ATTRIBUTES.to_owned() } else { format!("L{number}") }
}

/// How many requests there were, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub requests: i64,
    /// Those that were refused or failed.
    pub failed: i64,
    /// Those of the failed that clients do not count: references that lead to nothing (E27).
    pub excused: i64,
}

/// What is known of the contact with a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The last request.
    pub last_contact_at: Timestamp,
    /// The last one that was answered well.
    pub last_success_at: Option<Timestamp>,
    /// The last one whose credential did not let in.
    pub last_refused_at: Option<Timestamp>,
    /// The last one to an endpoint that is not there.
    pub last_missing_at: Option<Timestamp>,
}

/// What a batch of exchanges of one directory adds up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The newest instants.
    pub contact: Contact,
    /// Counters by slot.
    pub counts: BTreeMap<i64, Counts>,
    /// Uses and the last of them, by the number of the tolerance and the day.
    pub tolerances: BTreeMap<(u8, i64), (i64, Timestamp)>,
}

impl Sums {
    /// Adds a batch up.
    #[must_use]
    pub fn of(batch: &[Exchange]) -> Self {
        let mut sums = Self::default();
        for one in batch {
            sums.contact.take(one);
            let counts = sums.counts.entry(slot(one.at)).or_default();
            counts.requests += 1;
            counts.failed += i64::from(one.failed());
            counts.excused += i64::from(one.fault == Some(Fault::Reference));
            for number in one.tolerances.numbers() {
                let key = (number, day(one.at));
                let (uses, last) = sums.tolerances.entry(key).or_default();
                *uses += 1;
                *last = (*last).max(one.at);
            }
        }
        sums
    }
}

impl Contact {
    fn take(&mut self, one: &Exchange) {
        let newest = |known: &mut Option<Timestamp>| *known = (*known).max(Some(one.at));
        self.last_contact_at = self.last_contact_at.max(one.at);
        if !one.failed() {
            newest(&mut self.last_success_at);
        }
        match one.fault {
            Some(Fault::Credentials) => newest(&mut self.last_refused_at),
            Some(Fault::Endpoint) => newest(&mut self.last_missing_at),
            Some(Fault::Reference) | None => {}
        }
    }
}

/// The slot of an instant.
#[must_use]
pub const fn slot(at: Timestamp) -> i64 {
    at.seconds().div_euclid(SLOT_S)
}

/// The day of an instant, counted from 1970 in UTC.
#[must_use]
pub const fn day(at: Timestamp) -> i64 {
    at.seconds().div_euclid(DAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(at_s: i64, status: u16, fault: Option<Fault>, tolerances: u32) -> Exchange {
        Exchange {
            id: ExchangeId(Uuid::nil()),
            organization: OrganizationId(Uuid::nil()),
            directory: DirectoryId(Uuid::nil()),
            token: TokenId(Uuid::nil()),
            at: Timestamp(0).plus_s(at_s),
            method: "GET",
            path: "/Users".to_owned(),
            status,
            scim_type: None,
            detail: None,
            resource: None,
            tolerances: Tolerances(tolerances),
            duration_us: 1,
            request_id: "r".to_owned(),
            shape: None,
            fault,
        }
    }

    #[test]
    fn tolerances_are_told_by_their_numbers_in_the_register() {
        assert_eq!(Tolerances(1 | 1 << 2 | 1 << 25).words(), ["D11", "L2", "L25"]);
        assert_eq!(Tolerances::parse("L2"), Some(Tolerances(4)));
        assert_eq!(Tolerances::parse("D11"), Some(Tolerances(1)));
        for wrong in ["L0", "L26", "l2", "", "L02"] {
            assert_eq!(Tolerances::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_batch_is_added_up_by_slots_and_days() {
        let sums = Sums::of(&[
            exchange(0, 200, None, 0b100),
            exchange(SLOT_S - 1, 400, Some(Fault::Reference), 0),
            exchange(SLOT_S, 401, Some(Fault::Credentials), 0b100),
            exchange(DAY_S, 404, Some(Fault::Endpoint), 0b101),
        ]);
        let at = |seconds: i64| Timestamp(0).plus_s(seconds);
        assert_eq!(sums.counts[&0], Counts { requests: 2, failed: 1, excused: 1 });
        assert_eq!(sums.counts[&1], Counts { requests: 1, failed: 1, excused: 0 });
        assert_eq!(sums.tolerances[&(2, 0)], (2, at(SLOT_S)));
        assert_eq!(sums.tolerances[&(2, 1)], (1, at(DAY_S)));
        assert_eq!(sums.tolerances[&(0, 1)], (1, at(DAY_S)));
        assert_eq!(
            sums.contact,
            Contact {
                last_contact_at: at(DAY_S),
                last_success_at: Some(at(0)),
                last_refused_at: Some(at(SLOT_S)),
                last_missing_at: Some(at(DAY_S)),
            }
        );
    }
}
