//! How often somebody may try a password: a stranger guesses little, and locks nobody out.
//!
//! Failures count for each account and address. When many strange addresses fail together, strange
//! addresses wait; an address from which the account has been used goes on.

use crate::domain::time::Timestamp;

/// How long failures count, in seconds.
pub const WINDOW_S: i64 = 900;
/// Failures at one account from one address within that time.
pub const HERE_MAX: i64 = 10;
/// Failures at one account from strange addresses together within that time.
pub const EVERYWHERE_MAX: i64 = 50;
/// How long an address stays known, in seconds: ninety days.
pub const TRUSTED_S: i64 = 90 * 86_400;
/// Links to a new password for one account within an hour.
pub const LINKS_MAX: i64 = 3;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A forgotten password.
    Reset,
    /// A break-glass account that is set up.
    BreakGlass,
}

impl Purpose {
    /// The word that is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::BreakGlass => "break_glass",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Reset, Self::BreakGlass].into_iter().find(|one| one.as_str() == word)
    }
}

/// How sign-ins as somebody went lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Failures from this address.
    pub here: i64,
    /// Failures from strange addresses together.
    pub everywhere: i64,
    /// When it last worked from this address.
    pub trusted_at: Option<Timestamp>,
}

impl Tried {
    /// Whether a password may be tried.
    #[must_use]
    pub fn may(&self, now: Timestamp) -> bool {
        let known = self.trusted_at.is_some_and(|at| now < at.plus_s(TRUSTED_S));
        self.here < HERE_MAX && (known || self.everywhere < EVERYWHERE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    #[test]
    fn an_address_guesses_a_few_times_and_then_waits() {
        let tried = |here| Tried { here, ..Tried::default() };
        assert!(tried(HERE_MAX - 1).may(NOW));
        assert!(!tried(HERE_MAX).may(NOW));
    }

    #[test]
    fn strangers_who_fail_together_lock_out_strangers_alone() {
        let stranger = Tried { everywhere: EVERYWHERE_MAX, ..Tried::default() };
        assert!(!stranger.may(NOW));
        assert!(Tried { everywhere: EVERYWHERE_MAX - 1, ..stranger }.may(NOW));
        let known = Tried { trusted_at: Some(NOW.plus_s(-TRUSTED_S + 1)), ..stranger };
        assert!(known.may(NOW));
        assert!(!Tried { trusted_at: Some(NOW.plus_s(-TRUSTED_S)), ..stranger }.may(NOW));
        assert!(!Tried { here: HERE_MAX, ..known }.may(NOW));
    }
}
