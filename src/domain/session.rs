//! A browser session: who signed in, when, and how long that holds.
//!
//! Only the hash of its cookie is kept. It ends by the clock, idle or absolute, as the
//! organization chose (K7); what else ends it removes it.

use super::id::{ConnectionId, OrganizationId, SessionId, UserId};
use super::organization::Settings;
use super::secret::SecretHash;
use super::time::Timestamp;

/// How often the last use is written at most, in seconds: not a write for each request.
pub const TOUCH_S: i64 = 60;
/// How young a sign-in must be for identity actions, in seconds.
pub const FRESH_S: i64 = 600;

/// A browser session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Where she is at home.
    pub organization_id: OrganizationId,
    /// The hash of the cookie.
    pub hash: SecretHash,
    /// Who.
    pub user_id: UserId,
    /// By which connection she came.
    pub connection_id: Option<ConnectionId>,
    /// What the provider calls her.
    pub subject: Option<String>,
    /// What the provider calls her session there (`sid`), for logout.
    pub provider_session: Option<String>,
    /// What its ID token calls her (`sub`), for logout.
    pub provider_subject: Option<String>,
    /// That ID token, sealed, as the hint of a logout.
    pub id_token: Option<Vec<u8>>,
    /// When she signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Session {
    /// Whether it still holds: neither its end nor the idle time has come.
    #[must_use]
    pub fn holds(&self, now: Timestamp, settings: &Settings) -> bool {
        // Changed settings count for sessions that are there already.
        let end = self.expires_at.min(self.signed_in_at.plus_s(settings.session_max_s));
        now < end && now < self.last_seen_at.plus_s(settings.session_idle_s)
    }

    /// Whether its use is worth writing down: seldom, yet often enough for a short idle time.
    #[must_use]
    pub fn is_worth_touching(&self, now: Timestamp, settings: &Settings) -> bool {
        now.since_s(self.last_seen_at) >= TOUCH_S.min(settings.session_idle_s / 4)
    }

    /// Whether the sign-in is young enough for identity actions.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.signed_in_at.plus_s(FRESH_S)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn session(at: Timestamp) -> Session {
        let nil = Uuid::nil();
        Session {
            id: SessionId(nil),
            organization_id: OrganizationId(nil),
            hash: SecretHash::of(b""),
            user_id: UserId(nil),
            connection_id: None,
            subject: None,
            provider_session: None,
            provider_subject: None,
            id_token: None,
            signed_in_at: at,
            last_seen_at: at,
            expires_at: at.plus_s(1000),
        }
    }

    #[test]
    fn a_session_ends_idle_or_at_its_end_to_the_second() {
        let at = Timestamp(0);
        let settings = Settings { session_idle_s: 100, session_max_s: 1000, ..Settings::default() };
        let mut one = session(at);
        assert!(one.holds(at.plus_s(99), &settings));
        assert!(!one.holds(at.plus_s(100), &settings));
        one.last_seen_at = at.plus_s(950);
        assert!(one.holds(at.plus_s(999), &settings));
        assert!(!one.holds(at.plus_s(1000), &settings));
        let shorter = Settings { session_max_s: 960, ..settings };
        assert!(!one.holds(at.plus_s(960), &shorter));
    }

    #[test]
    fn a_sign_in_is_fresh_for_less_than_ten_minutes() {
        let at = Timestamp(0);
        assert!(session(at).is_fresh(at.plus_s(FRESH_S - 1)));
        assert!(!session(at).is_fresh(at.plus_s(FRESH_S)));
    }

    #[test]
    fn use_is_written_at_most_once_a_minute() {
        let (at, settings) = (Timestamp(0), Settings::default());
        assert!(!session(at).is_worth_touching(at.plus_s(TOUCH_S - 1), &settings));
        assert!(session(at).is_worth_touching(at.plus_s(TOUCH_S), &settings));
        let short = Settings { session_idle_s: 40, ..settings };
        assert!(session(at).is_worth_touching(at.plus_s(10), &short));
    }
}
