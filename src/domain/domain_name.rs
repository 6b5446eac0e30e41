//! An e-mail domain that an organization claims, and what may be claimed at all.
//!
//! Names are compared as A-labels in lower case. Public suffixes and domains of free mail belong to
//! everybody and so to nobody (sso LI13). A proof is looked for again: whoever lets a domain go
//! does not keep its people.

use super::id::{DomainId, OrganizationId};
use super::time::Timestamp;

/// Longest domain name, in letters.
pub const DOMAIN_MAX: usize = 253;
/// Longest label of a domain name, in letters.
const LABEL_MAX: usize = 63;
/// Domains that an organization may claim.
pub const DOMAINS_MAX: usize = 100;

/// Suffixes below which strangers get names, besides those of the public list.
const MORE_SUFFIXES: &[&str] = &["onmicrosoft.com", "okta.com", "auth0.com"];

/// Domains where anybody can have a mailbox.
const FREE_MAIL: &[&str] = &[
    "aol.com",
    "bluewin.ch",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "live.fr",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "sfr.fr",
    "t-online.de",
    "tutanota.com",
    "wanadoo.fr",
    "web.de",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
    "163.com",
    "126.com",
];

/// Why a domain cannot be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainRefused {
    /// It is no domain name.
    #[error("This is not a domain name: send one such as `example.com`.")]
    NotAName,
    /// Strangers register names below it.
    #[error("This is a public suffix: send the domain that is registered below it.")]
    PublicSuffix,
    /// Anybody can have a mailbox there.
    #[error("Anybody can have a mailbox in this domain, so no organization can own it.")]
    FreeMail,
}

impl DomainRefused {
    /// The stable code of the field error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAName => "domain",
            Self::PublicSuffix => "public-suffix",
            Self::FreeMail => "free-mail",
        }
    }
}

/// A domain name in A-labels and lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DomainName(String);

impl DomainName {
    /// Reads and normalises a name that somebody wants to claim.
    ///
    /// # Errors
    /// [`DomainRefused`], with what to do.
    pub fn claim(text: &str) -> Result<Self, DomainRefused> {
        let name = Self::parse(text).ok_or(DomainRefused::NotAName)?;
        if is_public_suffix(name.as_str()) {
            return Err(DomainRefused::PublicSuffix);
        }
        if FREE_MAIL.contains(&name.as_str()) {
            return Err(DomainRefused::FreeMail);
        }
        Ok(name)
    }

    /// Reads and normalises any name: that of an e-mail address, say.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() || text.len() > DOMAIN_MAX {
            return None;
        }
        let Ok(url::Host::Domain(name)) = url::Host::parse(text) else { return None };
        let labels = name.split('.').count();
        let fits = name.len() <= DOMAIN_MAX && labels >= 2 && name.split('.').all(is_label);
        fits.then_some(Self(name))
    }

    /// The domain of an e-mail address.
    #[must_use]
    pub fn of_email(email: &str) -> Option<Self> {
        email.rsplit_once('@').and_then(|(_, domain)| Self::parse(domain))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether strangers register names below a name (the public suffix list, private section too).
fn is_public_suffix(name: &str) -> bool {
    MORE_SUFFIXES.contains(&name) || psl::suffix_str(name) == Some(name)
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_MAX).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether the claim was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Claimed, not yet proved: it opens nothing.
    Pending,
    /// Proved; one organization at most.
    Verified,
}

impl State {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Verified].into_iter().find(|state| state.as_str() == text)
    }
}

/// How a claim was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a TXT record, which is looked for again.
    Dns,
    /// The operator vouched for it.
    Operator,
}

impl Method {
    /// The word that is stored and told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Operator => "operator",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Dns, Self::Operator].into_iter().find(|method| method.as_str() == text)
    }
}

/// What a look for the record of a domain found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// The record is there.
    There,
    /// Those who must know say that it is not.
    NotThere,
    /// Nobody could say.
    Unknown,
}

impl Record {
    /// The word that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::NotThere => "not_there",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of a domain by a look for its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It stays as it is.
    Same,
    /// Its claim is proved now.
    Proved,
    /// Its record is gone; it is lost unless it comes back in time.
    Failing,
    /// Its record was gone for too long: nothing is vouched for any more.
    Lost,
}

/// Between two looks for the record of a proved domain, in seconds.
pub const CHECK_S: i64 = 24 * 3600;
/// The same while it is gone, or nobody could say.
pub const RECHECK_S: i64 = 3600;
/// How long a record may be gone before the domain is lost, in seconds.
pub const LOST_S: i64 = 7 * 86_400;

/// A domain of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// Who claims it.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: DomainName,
    /// Whether the claim was proved.
    pub state: State,
    /// The random part of the TXT record that proves the claim.
    pub challenge: String,
    /// When it was proved.
    pub verified_at: Option<Timestamp>,
    /// When it was claimed.
    pub created_at: Timestamp,
    /// How the claim was proved.
    pub method: Option<Method>,
    /// When its record was looked for last.
    pub checked_at: Option<Timestamp>,
    /// Since when its record is gone.
    pub failing_since: Option<Timestamp>,
    /// When it is looked for next; never, where the operator vouches.
    pub next_check_at: Option<Timestamp>,
}

impl Domain {
    /// Takes over what a look for the record found. Only an answer of those who must know speaks
    /// against a proved domain, and only for a week on end.
    pub fn looked(&mut self, record: Record, now: Timestamp) -> Turn {
        self.checked_at = Some(now);
        match (self.state, record) {
            (State::Pending, Record::There) => {
                (self.state, self.method) = (State::Verified, Some(Method::Dns));
                self.verified_at = Some(now);
                self.next_check_at = Some(now.plus_s(CHECK_S));
                Turn::Proved
            }
            (State::Pending, _) => Turn::Same,
            (State::Verified, Record::There) => {
                // A record takes the place of the operator's word.
                self.method = Some(Method::Dns);
                self.failing_since = None;
                self.next_check_at = Some(now.plus_s(CHECK_S));
                Turn::Same
            }
            (State::Verified, _) if self.method == Some(Method::Operator) => Turn::Same,
            (State::Verified, Record::Unknown) => {
                self.next_check_at = Some(now.plus_s(RECHECK_S));
                Turn::Same
            }
            (State::Verified, Record::NotThere) => self.failed(now),
        }
    }

    fn failed(&mut self, now: Timestamp) -> Turn {
        let Some(since) = self.failing_since else {
            self.failing_since = Some(now);
            self.next_check_at = Some(now.plus_s(RECHECK_S));
            return Turn::Failing;
        };
        if now < since.plus_s(LOST_S) {
            self.next_check_at = Some(now.plus_s(RECHECK_S));
            return Turn::Same;
        }
        self.state = State::Pending;
        (self.method, self.verified_at) = (None, None);
        (self.failing_since, self.next_check_at) = (None, None);
        Turn::Lost
    }

    /// The name of the TXT record that proves the claim.
    #[must_use]
    pub fn txt_name(&self) -> String {
        format!("_portico-challenge.{}", self.name.as_str())
    }

    /// The value of the TXT record that proves the claim.
    #[must_use]
    pub fn txt_value(&self) -> String {
        format!("portico-domain-verification={}", self.challenge)
    }
}

#[cfg(test)]
#[path = "domain_name_tests.rs"]
mod tests;
