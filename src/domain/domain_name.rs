//! An e-mail domain that an organization claims, and what may be claimed at all.
//!
//! Names are compared as A-labels in lower case. Public suffixes and domains of free mail belong to
//! everybody and so to nobody (sso LI13); the lists here hold the common ones, since a claim of a
//! rare one still needs the proof by DNS that nobody but its registry can give.

use super::id::{DomainId, OrganizationId};
use super::time::Timestamp;

/// Longest domain name, in letters.
pub const DOMAIN_MAX: usize = 253;
/// Longest label of a domain name, in letters.
const LABEL_MAX: usize = 63;
/// Domains that an organization may claim.
pub const DOMAINS_MAX: usize = 100;

/// Second-level suffixes below which strangers register names.
const PUBLIC_SUFFIXES: &[&str] = &[
    "ac.uk",
    "co.at",
    "co.id",
    "co.il",
    "co.in",
    "co.jp",
    "co.ke",
    "co.kr",
    "co.nz",
    "co.th",
    "co.uk",
    "co.za",
    "com.ar",
    "com.au",
    "com.br",
    "com.cn",
    "com.co",
    "com.eg",
    "com.gr",
    "com.hk",
    "com.mx",
    "com.my",
    "com.ng",
    "com.pe",
    "com.ph",
    "com.pk",
    "com.pl",
    "com.pt",
    "com.sa",
    "com.sg",
    "com.tr",
    "com.tw",
    "com.ua",
    "com.vn",
    "edu.au",
    "github.io",
    "gov.uk",
    "ltd.uk",
    "me.uk",
    "ne.jp",
    "net.au",
    "net.br",
    "net.uk",
    "nhs.uk",
    "or.at",
    "or.jp",
    "org.au",
    "org.br",
    "org.uk",
    "plc.uk",
    "pages.dev",
    "azurewebsites.net",
    "onmicrosoft.com",
    "web.app",
];

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
        if PUBLIC_SUFFIXES.contains(&name.as_str()) {
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
}

impl Domain {
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
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_lower_case_a_labels() {
        for (sent, kept) in [
            ("Example.COM", "example.com"),
            (" example.com. ", "example.com"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("a.b-c.example", "a.b-c.example"),
        ] {
            assert_eq!(DomainName::claim(sent).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_domain_name_is_refused() {
        let long = format!("{}.example", "a".repeat(LABEL_MAX + 1));
        let longer = format!("{}.example", ["a"; DOMAIN_MAX].join("."));
        for bad in [
            "",
            ".",
            "localhost",
            "1.2.3.4",
            "[::1]",
            "a..b",
            "-a.example",
            "a_b.example",
            "a b.c",
            "user@example.com",
            "example.com/x",
            &long,
            &longer,
        ] {
            assert_eq!(DomainName::claim(bad), Err(DomainRefused::NotAName), "{bad}");
        }
        let edge = format!("{}.example", "a".repeat(LABEL_MAX));
        assert!(DomainName::claim(&edge).is_ok());
    }

    #[test]
    fn what_belongs_to_everybody_cannot_be_claimed() {
        assert_eq!(DomainName::claim("co.uk"), Err(DomainRefused::PublicSuffix));
        assert!(DomainName::claim("acme.co.uk").is_ok());
        assert_eq!(DomainName::claim("GMail.com"), Err(DomainRefused::FreeMail));
    }

    #[test]
    fn the_domain_of_an_address_stands_behind_its_last_at() {
        assert_eq!(DomainName::of_email("\"a@b\"@Example.com").unwrap().as_str(), "example.com");
        assert_eq!(DomainName::of_email("nobody"), None);
    }
}
