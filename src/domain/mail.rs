//! Mail that is to be sent: to whom, in which language, and what it says.
//!
//! A mail is kept sealed from the transaction that asked for it until it is sent, since it may hold
//! a link that opens an account. What people call themselves is cleaned before it stands in a mail
//! of ours: nobody may send strangers links under our name.

use serde::{Deserialize, Serialize};

use super::announcement::{Noun, Verb};
use super::language::Language;

/// Longest name in a mail, in characters.
pub const NAME_MAX: usize = 100;
/// How often a mail is tried before it is given up.
pub const TRIES_MAX: i64 = 30;
/// The wait before the second try, in seconds; it doubles from try to try.
pub const BACK_OFF_S: i64 = 15;
/// The longest wait between two tries, in seconds.
pub const BACK_OFF_MAX_S: i64 = 3_600;
/// How long nothing is sent to an address that refused mail for good, in seconds: a week.
pub const SUPPRESSED_S: i64 = 7 * 86_400;

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Her address.
    pub to: String,
    /// In which language.
    pub language: Language,
    /// What it says.
    pub letter: Letter,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Letter {
    /// Somebody is invited.
    Invite {
        /// Into which organization.
        organization: String,
        /// By whom; empty where nobody is to be named.
        inviter: String,
        /// Her own name; empty where it is not known.
        name: String,
        /// The labels of her roles.
        roles: Vec<String>,
        /// Where she goes on: a path of ours.
        link: String,
        /// For how many days it holds.
        days: i64,
    },
    /// Somebody wants a new password.
    PasswordReset {
        /// Her organization.
        organization: String,
        /// Where she sets it: a path of ours.
        link: String,
        /// For how many minutes it holds.
        minutes: i64,
    },
    /// Something that its readers should look at.
    Notice {
        /// In which organization.
        organization: String,
        /// What it is about.
        about: Notice,
        /// Who or what, by a name or an id; empty where that says nothing.
        subject: String,
        /// When, as RFC 3339.
        at: String,
        /// When it ends, as RFC 3339, if that is what it is about.
        #[serde(default)]
        until: Option<String>,
    },
    /// Somebody used identity actions.
    Acts {
        /// In which organization.
        organization: String,
        /// Who; `None` for the operator.
        by: Option<String>,
        /// What was done.
        acts: Vec<Act>,
        /// When, as RFC 3339.
        at: String,
    },
}

/// What was done to something, as a mail tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// To what.
    pub noun: Noun,
    /// What.
    pub verb: Verb,
    /// What it is called; empty where it has no name.
    pub name: String,
    /// How many of its kind.
    pub count: usize,
}

/// Declares the notices, and the list of them.
macro_rules! notices {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What a notice tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Notice { $($(#[$doc])* $name,)+ }

        impl Notice {
            /// Every notice.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

notices! {
    /// A break-glass user signed in.
    BreakGlassUsed,
    /// Somebody made a break-glass user.
    BreakGlassMade,
    /// The password of an account was changed.
    PasswordChanged,
    /// Whoever made an organization token left.
    TokenCreatorLeft,
    /// Whoever made a webhook left.
    WebhookCreatorLeft,
    /// A webhook was switched off, since it failed for days.
    WebhookDisabled,
    /// A partner was asked for.
    PartnerRequested,
    /// A token or client secret of a directory ends soon.
    DirectoryTokenExpiring,
    /// The client secret of a connection ends soon.
    ClientSecretExpiring,
    /// A certificate of a connection ends soon.
    CertificateExpiring,
    /// The metadata of a connection could not be read anew.
    MetadataFailed,
    /// A token of the organization, or of a person, ends soon.
    TokenExpiring,
    /// A directory has been silent.
    DirectoryStale,
    /// A directory takes away more than it uses to.
    RemovalsUnusual,
    /// The brake holds what a directory takes away.
    RemovalsHeld,
    /// The DNS record of a domain is missing.
    DomainFailing,
    /// A domain is verified no more.
    DomainLost,
    /// Nobody holds a role that must keep a holder.
    RoleVacant,
}

/// A name as it may stand in a mail: without control and invisible characters, without anything
/// that a mail program would make a link of, and not long.
#[must_use]
pub fn plain_name(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<String> = words.filter(|word| !is_url(word)).map(plain_word).collect();
    let words: Vec<&str> = words.iter().map(|word| word.trim()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(NAME_MAX).collect::<String>().trim().to_owned()
}

fn is_url(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("://") || word.contains("www.") || word.starts_with("mailto:")
}

/// A word without what is not seen, and with its dots and slashes gone where it reads as a host.
fn plain_word(word: &str) -> String {
    let seen: String = word.chars().filter(|c| !is_invisible(*c)).collect();
    if is_host_like(&seen) { seen.replace(['.', '/', '@', ':'], " ") } else { seen }
}

/// Whether a mail program might make a link of it: two letters or more behind a dot.
fn is_host_like(word: &str) -> bool {
    let mut labels = word.split('.');
    let first = labels.next().unwrap_or_default();
    !first.is_empty()
        && labels.any(|label| label.chars().take_while(|c| c.is_alphanumeric()).count() > 1)
}

/// Marks of direction and joiners, which can make one text look like another.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '<' | '>')
        || c.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_mail_loses_urls_and_control_characters() {
        for (name, plain) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("Dr. J.R. Smith", "Dr. J.R. Smith"),
            ("Acme S.A.", "Acme S.A."),
            ("Win https://evil.example/x now", "Win now"),
            ("www.evil.example", ""),
            ("evil.example/login", "evil example login"),
            ("Ada\r\nBcc: x@evil.example", "Ada Bcc: x evil example"),
            ("a\u{202e}b\u{200b}c", "abc"),
            ("<b>Ada</b>", "bAda/b"),
            ("  \u{0}  ", ""),
        ] {
            assert_eq!(plain_name(name), plain, "{name:?}");
        }
    }

    #[test]
    fn a_name_in_a_mail_is_not_long() {
        assert_eq!(plain_name(&"n".repeat(NAME_MAX)).chars().count(), NAME_MAX);
        assert_eq!(plain_name(&"n".repeat(NAME_MAX + 1)).chars().count(), NAME_MAX);
    }

    #[test]
    fn a_mail_is_read_back_as_it_was_written() {
        let mail = Mail {
            to: "ada@example.com".to_owned(),
            language: Language::De,
            letter: Letter::Notice {
                organization: "Acme".to_owned(),
                about: Notice::BreakGlassUsed,
                subject: "root".to_owned(),
                at: "2026-11-21T10:00:00Z".to_owned(),
                until: None,
            },
        };
        let text = serde_json::to_string(&mail).unwrap();
        assert_eq!(serde_json::from_str::<Mail>(&text).unwrap(), mail);
    }
}
