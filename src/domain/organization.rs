//! A customer, or the operator itself: the owner of everything below.

use serde::{Deserialize, Serialize};

use super::id::OrganizationId;
use super::language::Language;
use super::time::Timestamp;

/// Longest slug, in letters.
pub const SLUG_MAX: usize = 63;
/// Longest name, in characters.
pub const NAME_MAX: usize = 200;
/// Shortest and longest life of a session, idle or in all, in seconds.
pub const SESSION_S: std::ops::RangeInclusive<i64> = 60..=30 * 86_400;
/// How long claims may count, in seconds.
pub const CLAIMS_AGE_S: std::ops::RangeInclusive<i64> = 0..=400 * 86_400;

/// Longest foreign reference, in characters.
pub const EXTERNAL_REF_MAX: usize = 200;
/// Seconds without a request after which a session may end: least and most.
pub const SESSION_IDLE_S: (i64, i64) = (60, 30 * 86_400);
/// Seconds after which a session may end: least and most.
pub const SESSION_MAX_S: (i64, i64) = (300, 90 * 86_400);
/// Seconds for which claims may count: least and most.
pub const CLAIMS_MAX_AGE_S: (i64, i64) = (3600, 366 * 86_400);
/// Addresses that may be written to.
pub const CONTACTS_MAX: usize = 20;
/// Days from the deletion of an organization to the end of its data.
pub const PURGE_DAYS: i64 = 30;

/// What an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A company that uses the platform.
    Customer,
    /// The platform's own team; one is made at first start.
    Operator,
}

impl Kind {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Operator => "operator",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Customer, Self::Operator].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Whether anybody may do anything there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As usual.
    Active,
    /// Its people are refused everywhere; its data is kept.
    Suspended,
}

impl Status {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended].into_iter().find(|status| status.as_str() == text)
    }
}

/// What an organization can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A session ends after this long without a request, in seconds.
    pub session_idle_s: i64,
    /// A session ends after this long, in seconds.
    pub session_max_s: i64,
    /// Claims of the last sign-in count for mapping rules this long, in seconds.
    pub claims_max_age_s: i64,
    /// Who is written to when something ends or fails.
    pub technical_contacts: Vec<String>,
    /// The language of mail.
    pub language: Language,
    /// Whether people sign in by a connection alone: passwords are refused, but those of
    /// break-glass users (K10).
    pub require_sso: bool,
    /// Whether an address in a verified domain links a user of the organization itself at her first
    /// sign-in, without further proof (LI4).
    pub silent_link_verified_domains: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session_idle_s: 30 * 60,
            session_max_s: 12 * 3600,
            claims_max_age_s: 30 * 86_400,
            technical_contacts: Vec::new(),
            language: Language::En,
            require_sso: false,
            silent_link_verified_domains: false,
        }
    }
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its short name in URLs.
    pub slug: Slug,
    /// Its name as people write it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The platform's own id for it.
    pub external_ref: Option<String>,
    /// Whether it is active.
    pub status: Status,
    /// What it chose.
    pub settings: Settings,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted: it is suspended since, and purged [`PURGE_DAYS`] later.
    pub deleted_at: Option<Timestamp>,
}

/// Whether a text can be written to: something on either side of one `@`, no blanks, and no
/// longer than a mail address may be.
#[must_use]
pub fn is_mail_address(text: &str) -> bool {
    /// Longest address that mail can carry (RFC 5321 section 4.5.3.1.3), in letters.
    const MAX: usize = 254;
    let blank = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';');
    text.len() <= MAX
        && !text.contains(blank)
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.contains('@') && domain.trim_matches('.').contains('.')
        })
}

/// A short name in URLs: 1 to 63 of `a-z 0-9 -`, beginning and ending with a letter or digit, and
/// never a text that could be an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// Reads a slug; `None` for a text that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=SLUG_MAX).contains(&text.len())
            && text.bytes().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-')
            && OrganizationId::parse(text).is_err();
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_short_and_never_looks_like_an_id() {
        for good in ["acme", "a", "0-1", &"x".repeat(SLUG_MAX)] {
            assert!(Slug::parse(good).is_some(), "{good}");
        }
        let id = "018f0000-0000-7000-8000-000000000000";
        for bad in ["", "-a", "a-", "Acme", "a_b", "é", id, &"x".repeat(SLUG_MAX + 1)] {
            assert!(Slug::parse(bad).is_none(), "{bad}");
        }
    }
    #[test]
    fn a_mail_address_has_two_sides_and_no_blanks() {
        let edge = format!("{}@example.com", "a".repeat(254 - 12));
        for good in ["a@example.com", "a+b@x.example.com", "é@bücher.example", &edge] {
            assert!(is_mail_address(good), "{good}");
        }
        let long = format!("a{edge}");
        for bad in
            ["", "a", "@b.c", "a@", "a@b", "a@.b", "a b@c.d", "a@b@c.d", "a@b.c,d@e.f", &long]
        {
            assert!(!is_mail_address(bad), "{bad}");
        }
    }
}
