//! Time and chance as values that are handed in.
//!
//! A [`Timestamp`] counts microseconds since 1970, so that both database engines store, order and
//! compare it alike. [`Clock`] and [`Rng`] are the only sources; tests move the one and seed the
//! other.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::TryRng;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;

impl Timestamp {
    /// The instant `seconds` later (earlier when negative); it stays within range.
    #[must_use]
    pub const fn plus_s(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND_US)))
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND_US)
    }

    /// Seconds from `earlier` to this instant; negative when this one comes first.
    #[must_use]
    pub const fn since_s(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(SECOND_US)
    }

    /// Reads RFC 3339, `None` when the text is not an instant with an offset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with six digits of fraction, so that texts sort as instants do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at:.6}"),
            Err(_) => f.write_str("invalid"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where instants come from.
#[derive(Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that tests move.
    Manual(AtomicI64),
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    #[must_use]
    pub const fn manual(at: Timestamp) -> Self {
        Self::Manual(AtomicI64::new(at.0))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
            Self::System => Timestamp(jiff::Timestamp::now().as_microsecond()),
            Self::Manual(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; the system's clock is not ours to move.
    pub fn advance_s(&self, seconds: i64) {
        if let Self::Manual(at) = self {
            at.fetch_add(seconds.saturating_mul(SECOND_US), Ordering::SeqCst);
        }
    }
}

/// Where chance comes from: the operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rng;

impl Rng {
    /// `N` bytes that nobody can foretell.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can go on then.
    #[must_use]
    #[expect(clippy::panic, reason = "without randomness nothing safe can go on")]
    pub fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        match rand::rngs::SysRng.try_fill_bytes(&mut bytes) {
            Ok(()) => bytes,
            Err(error) => panic!("the operating system gave no randomness: {error}"),
        }
    }

    /// A new id of version 7: `at` in its first 48 bits, chance in the rest.
    #[must_use]
    pub fn id<T: From<Uuid>>(self, at: Timestamp) -> T {
        let millis = u64::try_from(at.0.div_euclid(1000)).unwrap_or(0);
        T::from(uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_prints_so_that_texts_sort_as_instants_do() {
        let whole = Timestamp::parse("2026-11-21T10:00:00Z").unwrap();
        let later = Timestamp(whole.0 + 1);
        assert_eq!(whole.to_string(), "2026-11-21T10:00:00.000000Z");
        assert!(whole.to_string() < later.to_string());
        assert_eq!(Timestamp::parse(&later.to_string()), Some(later));
    }

    #[test]
    fn two_ids_of_one_instant_differ() {
        let at = Timestamp(1);
        assert_ne!(Rng.id::<Uuid>(at), Rng.id::<Uuid>(at));
    }
}
