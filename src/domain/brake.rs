//! The brake on a directory that takes access away from very many people at once (scim S27).
//!
//! A removal is the end of one person's access: she is deactivated, deleted, or leaves the last
//! group that gave her something. Removals are counted by people over a sliding window.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// The bounds of a window, in seconds.
pub const WINDOW_S: (i64, i64) = (60, 7 * 86_400);
/// The most that `count` may be.
pub const COUNT_MAX: i64 = 1_000_000;
/// How long a loss is held until it is applied, in seconds.
pub const HELD_S: i64 = 86_400;
/// How long the access of a person whose loss was rejected is kept, in seconds.
pub const KEPT_S: i64 = 7 * 86_400;
/// The window in which removals of a directory without a brake are looked at, in seconds.
pub const UNUSUAL_WINDOW_S: i64 = 3_600;
/// So many removals in that window are never unusual.
pub const UNUSUAL_COUNT: i64 = 20;
/// Nor are those of so many of a directory's people.
pub const UNUSUAL_SHARE: Share = Share(100_000);

/// A part of all people, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(pub i64);

impl Share {
    /// Reads a fraction: above 0, at most 1.
    #[must_use]
    pub fn of(fraction: f64) -> Option<Self> {
        // Rounded and within a million, so that nothing is cut off.
        #[expect(clippy::cast_possible_truncation, reason = "it lies between 0 and a million")]
        let millionths = (fraction * 1e6).round() as i64;
        (fraction <= 1.0 && millionths > 0).then_some(Self(millionths))
    }

    /// The fraction.
    #[must_use]
    pub fn fraction(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most a million")]
        let millionths = self.0 as f64;
        millionths / 1e6
    }

    /// So many of `total`, rounded down, at least one.
    #[must_use]
    pub fn of_total(self, total: i64) -> i64 {
        let part = i128::from(total.max(0)) * i128::from(self.0) / 1_000_000;
        i64::try_from(part).unwrap_or(i64::MAX).max(1)
    }
}

/// How many removals a directory may make before their losses are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxRemovals {
    /// So many people.
    pub count: Option<i64>,
    /// So large a part of the directory's people.
    pub share: Option<Share>,
    /// Within so many seconds.
    pub window_s: i64,
}

impl MaxRemovals {
    /// The most removals in a window, for a directory of `total` people; the lower of both bounds.
    #[must_use]
    pub fn limit(&self, total: i64) -> i64 {
        let share = self.share.map(|share| share.of_total(total));
        self.count.into_iter().chain(share).min().unwrap_or(i64::MAX)
    }

    /// The beginning of the window that ends now.
    #[must_use]
    pub const fn since(&self, now: Timestamp) -> Timestamp {
        now.plus_s(-self.window_s)
    }
}

/// The most removals in [`UNUSUAL_WINDOW_S`] that are not unusual.
#[must_use]
pub fn usual(total: i64) -> i64 {
    UNUSUAL_COUNT.max(UNUSUAL_SHARE.of_total(total))
}

/// How somebody loses her access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// She left the last group that gave her something.
    LeftGroups,
    /// Her directory deactivated her.
    Deactivated,
    /// Her directory deleted her.
    Deleted,
}

impl Loss {
    const ALL: [Self; 3] = [Self::LeftGroups, Self::Deactivated, Self::Deleted];

    /// The word under which it is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftGroups => "left_groups",
            Self::Deactivated => "deactivated",
            Self::Deleted => "deleted",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|loss| loss.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_part_of_all_and_one_at_the_least() {
        let tenth = Share::of(0.1).unwrap();
        assert_eq!(tenth, Share(100_000));
        assert_eq!([9, 10, 19, 20, 1_000].map(|total| tenth.of_total(total)), [1, 1, 1, 2, 100]);
        assert_eq!(Share::of(1.0).unwrap().of_total(7), 7);
        assert_eq!(Share::of(0.25).unwrap().fraction().to_string(), "0.25");
        for wrong in [0.0, -0.1, 1.000_001, f64::NAN, f64::INFINITY, 1e-9] {
            assert_eq!(Share::of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_lower_of_both_bounds_counts() {
        let limit = |count, share: Option<f64>, total| {
            let share = share.and_then(Share::of);
            MaxRemovals { count, share, window_s: 60 }.limit(total)
        };
        assert_eq!(limit(Some(5), None, 10), 5);
        assert_eq!(limit(Some(5), Some(0.1), 10), 1);
        assert_eq!(limit(Some(5), Some(0.1), 1_000), 5);
        assert_eq!(limit(None, Some(0.1), 1_000), 100);
    }

    #[test]
    fn what_is_unusual_grows_with_the_directory() {
        assert_eq!(usual(0), UNUSUAL_COUNT);
        assert_eq!(usual(200), UNUSUAL_COUNT);
        assert_eq!(usual(10_000), 1_000);
    }

    #[test]
    fn the_stored_words_are_read_back() {
        for loss in Loss::ALL {
            assert_eq!(Loss::parse(loss.as_str()), Some(loss));
        }
        assert_eq!(Loss::parse("left"), None);
    }
}
