//! A sign-in between the provider's form and our cookie: verified, and waiting for its browser
//! (K2).
//!
//! The form comes from another site, so that cookies of ours which only our own pages get are not
//! with it. What was verified is kept, sealed, under a handle that is used once, by the browser
//! that brought the form.

use uuid::Uuid;

use crate::domain::id::ConnectionId;
use crate::domain::login::ReturnTo;
use crate::domain::secret::SecretHash;
use crate::domain::sign_in::{Refusal, Refused, Step};
use crate::domain::time::Timestamp;

/// How long it waits, in seconds: a redirect, or a person who reads a question.
pub const LIFE_S: i64 = 300;

/// A sign-in that waits for its browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its id.
    pub id: Uuid,
    /// At which connection.
    pub connection_id: ConnectionId,
    /// The hash of the handle.
    pub handle: SecretHash,
    /// The hash of the pending cookie.
    pub browser: SecretHash,
    /// What was verified, sealed.
    pub identity: Vec<u8>,
    /// Where the browser goes afterwards.
    pub return_to: ReturnTo,
    /// Whether the person is asked first: nobody here began this sign-in (K3).
    pub asks: bool,
    /// Whether the connection is only tried out.
    pub trial: bool,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

impl Arrived {
    /// Judges what a handle names: of this browser, in time, not used.
    ///
    /// # Errors
    /// [`Refused::StateInvalid`], [`Refused::Replayed`] or [`Refused::Expired`].
    pub fn check(
        found: Option<Self>,
        browser: Option<SecretHash>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let refuse = |code, found: &str| Err(Refusal::new(Step::Callback, code).found(found));
        let Some(arrived) = found else {
            return refuse(Refused::StateInvalid, "there is no sign-in with this handle");
        };
        if arrived.used_at.is_some() {
            return refuse(Refused::Replayed, "");
        }
        if browser != Some(arrived.browser) {
            return refuse(Refused::StateInvalid, "another browser brought this sign-in");
        }
        if now >= arrived.expires_at {
            return refuse(Refused::Expired, "the sign-in waited longer than 5 minutes");
        }
        Ok(arrived)
    }
}

/// What a remembered id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A response.
    Response,
    /// An assertion.
    Assertion,
    /// A logout request.
    Logout,
}

impl Kind {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Assertion => "assertion",
            Self::Logout => "logout",
        }
    }
}

/// An id that is used up, and until when that is remembered (G26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used<'u> {
    /// What it is of.
    pub kind: Kind,
    /// The id.
    pub id: &'u str,
    /// Until when.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived() -> Arrived {
        Arrived {
            id: Uuid::nil(),
            connection_id: ConnectionId(Uuid::nil()),
            handle: SecretHash::of(b"handle"),
            browser: SecretHash::of(b"browser"),
            identity: Vec::new(),
            return_to: ReturnTo::home(),
            asks: false,
            trial: false,
            expires_at: Timestamp(0).plus_s(LIFE_S),
            used_at: None,
        }
    }

    #[test]
    fn a_sign_in_waits_for_its_browser_once_and_for_5_minutes_k2() {
        let browser = Some(SecretHash::of(b"browser"));
        let check = |found, browser, at_s| {
            Arrived::check(found, browser, Timestamp(0).plus_s(at_s)).map_err(|error| error.code)
        };
        assert!(check(Some(arrived()), browser, LIFE_S - 1).is_ok());
        assert_eq!(check(Some(arrived()), browser, LIFE_S), Err(Refused::Expired));
        assert_eq!(check(None, browser, 0), Err(Refused::StateInvalid));
        assert_eq!(check(Some(arrived()), None, 0), Err(Refused::StateInvalid));
        let other = Some(SecretHash::of(b"other"));
        assert_eq!(check(Some(arrived()), other, 0), Err(Refused::StateInvalid));
        let used = Arrived { used_at: Some(Timestamp(0)), ..arrived() };
        assert_eq!(check(Some(used), browser, 0), Err(Refused::Replayed));
    }
}
