//! An invite: somebody is asked to join an organization, with roles that wait for her.
//!
//! Its link is a bearer secret: 256 random bits, kept as a hash, used once. Whether it has run out
//! is computed from the clock and never stored; everything else that ends it is a state.

use serde::{Deserialize, Serialize};

use super::actor::ActorRef;
use super::id::{InviteId, UserId};
use super::language::Language;
use super::platform::LoginType;
use super::secret::SecretHash;
use super::time::Timestamp;

/// Invites of one organization within a day, beside imports.
pub const A_DAY_MAX: i64 = 1_000;
/// A day, in seconds.
pub const DAY_S: i64 = 86_400;
/// How often one invite is sent in all.
pub const SENDS_MAX: i64 = 50;
/// How long the browser in which a link was opened remembers it, in seconds.
pub const OPENED_S: i64 = 600;

/// Into which tab somebody is invited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Class {
    /// She will be at home here.
    #[default]
    Member,
    /// She is one of the operator's people and becomes a guest here, once the operator agrees.
    Partner,
}

impl Class {
    /// The word that is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Partner => "partner",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Member, Self::Partner].into_iter().find(|class| class.as_str() == word)
    }
}

/// How far an invite has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits; whether it has run out the clock says.
    Pending,
    /// It was accepted.
    Accepted,
    /// Somebody took it back.
    Revoked,
    /// A directory brought the person first.
    Superseded,
}

impl State {
    const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Revoked, Self::Superseded];

    /// The word that is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The words by which a list of invites is narrowed.
pub const STATUSES: [&str; 5] = ["pending", "expired", "accepted", "revoked", "superseded"];

/// How far its mail has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It waits to be sent, or to be tried again.
    Queued,
    /// A mail server took it.
    Sent,
    /// It was given up.
    Failed,
}

impl Delivery {
    /// The word that is kept and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Failed].into_iter().find(|one| one.as_str() == word)
    }
}

/// A role that waits for the person, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// The role's key.
    pub role: String,
    /// `kind:key` each; the whole organization, or no resource yet, where it is empty.
    pub resources: Vec<String>,
}

/// An invite as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// The user that it made; `None` for a partner, and once she is gone.
    pub user: Option<UserId>,
    /// Into which tab.
    pub class: Class,
    /// The address that it went to.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Shown under the name.
    pub description: Option<String>,
    /// How she will sign in; `None`: as she likes.
    pub login_type: Option<LoginType>,
    /// The language of its mail.
    pub language: Language,
    /// What waits for her.
    pub grants: Vec<Offered>,
    /// How far it has come.
    pub state: State,
    /// The hash of its link; `None` while it has none.
    pub token: Option<SecretHash>,
    /// Who sent it last.
    pub invited_by: ActorRef,
    /// The person who answers for it: what she may not give any more is not given.
    pub inviter: Option<UserId>,
    /// Whether it came with a file.
    pub imported: bool,
    /// How often it was sent.
    pub sends: i64,
    /// How far its mail has come.
    pub delivery: Delivery,
    /// What kept its mail back.
    pub delivery_error: Option<String>,
    /// When its link was opened first.
    pub opened_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was sent last.
    pub sent_at: Timestamp,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
}

impl Invite {
    /// Whether its link may be used.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == State::Pending && now < self.expires_at
    }

    /// What it is at present, in the words of [`STATUSES`].
    #[must_use]
    pub fn status(&self, now: Timestamp) -> &'static str {
        match self.state {
            State::Pending if now >= self.expires_at => "expired",
            state => state.as_str(),
        }
    }

    /// Whether she may accept it with this way of signing in.
    #[must_use]
    pub fn takes(&self, login: LoginType) -> bool {
        self.login_type.is_none_or(|only| only == login)
    }

    /// Her name, as it was given.
    #[must_use]
    pub fn name(&self) -> String {
        let parts = [self.first_name.as_deref(), self.last_name.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn invite(state: State) -> Invite {
        Invite {
            id: InviteId(Uuid::nil()),
            user: None,
            class: Class::Member,
            email: "ada@example.com".to_owned(),
            first_name: Some("Ada".to_owned()),
            last_name: None,
            description: None,
            login_type: Some(LoginType::Sso),
            language: Language::En,
            grants: Vec::new(),
            state,
            token: None,
            invited_by: ActorRef { kind: "system".to_owned(), id: None },
            inviter: None,
            imported: false,
            sends: 1,
            delivery: Delivery::Queued,
            delivery_error: None,
            opened_at: None,
            created_at: Timestamp(0),
            sent_at: Timestamp(0),
            expires_at: Timestamp(10),
            accepted_at: None,
        }
    }

    #[test]
    fn an_invite_runs_out_by_the_clock_to_the_microsecond() {
        let pending = invite(State::Pending);
        assert!(pending.is_live(Timestamp(9)) && !pending.is_live(Timestamp(10)));
        assert_eq!(pending.status(Timestamp(9)), "pending");
        assert_eq!(pending.status(Timestamp(10)), "expired");
    }

    #[test]
    fn what_has_ended_otherwise_does_not_run_out() {
        for state in [State::Accepted, State::Revoked, State::Superseded] {
            let over = invite(state);
            assert_eq!(over.status(Timestamp(99)), state.as_str());
            assert!(!over.is_live(Timestamp(1)));
            assert!(STATUSES.contains(&state.as_str()));
        }
    }

    #[test]
    fn a_login_type_binds_how_an_invite_is_accepted() {
        let mut one = invite(State::Pending);
        assert!(one.takes(LoginType::Sso) && !one.takes(LoginType::Password));
        one.login_type = None;
        assert!(one.takes(LoginType::Password));
    }
}
