//! What a mail says, as text and as HTML, in the language of its reader.
//!
//! The sentences of a letter stand in one template for all languages; the first line is the
//! subject, a paragraph of a line and a URL is a link. The HTML is made of the same paragraphs, so
//! that both say the same.

use askama::Template;
use url::Url;

use super::{act, notice};
use crate::domain::language::Language;
use crate::domain::mail::{Letter, Mail, Notice};

/// A mail that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

#[derive(Template)]
#[template(path = "mail/invite.txt")]
struct Invite<'a> {
    language: Language,
    organization: &'a str,
    inviter: &'a str,
    name: &'a str,
    roles: String,
    link: &'a str,
    days: i64,
}

#[derive(Template)]
#[template(path = "mail/password_reset.txt")]
struct PasswordReset<'a> {
    language: Language,
    organization: &'a str,
    link: &'a str,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct Told<'a> {
    language: Language,
    organization: &'a str,
    headline: &'a str,
    sentence: &'a str,
    subject: &'a str,
    at: &'a str,
    until: &'a Option<String>,
}

#[derive(Template)]
#[template(path = "mail/acts.txt")]
struct Acts<'a> {
    language: Language,
    organization: &'a str,
    by: &'a Option<String>,
    acts: Vec<String>,
    at: &'a str,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    language: &'a str,
    subject: &'a str,
    parts: Vec<Part<'a>>,
}

/// A paragraph.
enum Part<'a> {
    Link { label: &'a str, url: &'a str },
    Text(&'a str),
}

/// Writes a mail; its links begin with `base`.
///
/// # Errors
/// A template that fails, which only a fault could cause.
pub fn render(mail: &Mail, base: &Url) -> Result<Rendered, askama::Error> {
    let base = base.as_str().trim_end_matches('/');
    let written = write(mail.language, &mail.letter, base)?;
    let (subject, body) = written.trim().split_once('\n').unwrap_or((written.trim(), ""));
    let paragraphs: Vec<String> = paragraphs(body);
    let parts = paragraphs.iter().map(|paragraph| part(paragraph)).collect();
    let subject = subject.trim();
    let html = Html { language: mail.language.as_str(), subject, parts }.render()?;
    Ok(Rendered { subject: subject.to_owned(), text: paragraphs.join("\n\n") + "\n", html })
}

fn write(language: Language, letter: &Letter, base: &str) -> Result<String, askama::Error> {
    match letter {
        Letter::Invite { organization, inviter, name, roles, link, days } => Invite {
            language,
            organization,
            inviter,
            name,
            roles: roles.join(", "),
            link: &format!("{base}{link}"),
            days: *days,
        }
        .render(),
        Letter::PasswordReset { organization, link, minutes } => {
            let link = &format!("{base}{link}");
            PasswordReset { language, organization, link, minutes: *minutes }.render()
        }
        Letter::Notice { organization, about, subject, at, until } => {
            let (headline, sentence) = words(language, *about);
            Told { language, organization, headline, sentence, subject, at, until }.render()
        }
        Letter::Acts { organization, by, acts, at } => {
            let acts = acts.iter().map(|act| act::line(language, act)).collect();
            Acts { language, organization, by, acts, at }.render()
        }
    }
}

/// Paragraphs, their lines kept and trimmed.
fn paragraphs(body: &str) -> Vec<String> {
    let mut paragraphs: Vec<Vec<&str>> = vec![Vec::new()];
    for line in body.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => last.push(line),
            Some(last) if !last.is_empty() => paragraphs.push(Vec::new()),
            _ => {}
        }
    }
    let kept = paragraphs.into_iter().filter(|lines| !lines.is_empty());
    kept.map(|lines| lines.join("\n")).collect()
}

fn part(paragraph: &str) -> Part<'_> {
    let is_url = |line: &str| line.starts_with("https://") || line.starts_with("http://");
    match paragraph.split_once('\n') {
        Some((label, url)) if is_url(url) => {
            Part::Link { label: label.trim_end_matches([':', ' ', '\u{a0}']), url }
        }
        _ => Part::Text(paragraph),
    }
}

/// The headline and the sentence of a notice.
const fn words(language: Language, about: Notice) -> (&'static str, &'static str) {
    let [en, fr, de, es] = notice::of(about);
    match language {
        Language::En => en,
        Language::Fr => fr,
        Language::De => de,
        Language::Es => es,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::announcement::{Noun, Verb};
    use crate::domain::mail::Act;

    const PATH: &str = "/invite/secret?a=1&b=2";
    const LINK: &str = "https://portico.example/invite/secret?a=1&b=2";

    fn render(mail: &Mail) -> Result<Rendered, askama::Error> {
        super::render(mail, &"https://portico.example".parse().unwrap())
    }

    fn invite(language: Language, inviter: &str) -> Mail {
        let letter = Letter::Invite {
            organization: "Acme & Söhne".to_owned(),
            inviter: inviter.to_owned(),
            name: "Ada".to_owned(),
            roles: vec!["Auditor".to_owned(), "Annotator".to_owned()],
            link: PATH.to_owned(),
            days: 7,
        };
        Mail { to: "ada@example.com".to_owned(), language, letter }
    }

    #[test]
    fn an_invite_says_the_same_in_text_and_in_html_in_four_languages() {
        for language in Language::ALL {
            for inviter in ["", "Grace"] {
                let mail = render(&invite(language, inviter)).unwrap();
                assert!(mail.subject.contains("Acme & Söhne"), "{}", mail.subject);
                assert_eq!(mail.subject.contains("Grace"), !inviter.is_empty());
                assert!(mail.text.contains(&format!("\n{LINK}\n")), "{}", mail.text);
                assert!(mail.text.contains("Auditor, Annotator") && mail.text.contains('7'));
                assert!(mail.html.contains("Acme &#38; Söhne"), "{}", mail.html);
                let linked = LINK.replace('&', "&#38;");
                assert!(mail.html.contains(&format!("href=\"{linked}\"")), "{}", mail.html);
                assert!(mail.html.contains(&format!("lang=\"{}\"", language.as_str())));
                assert!(!mail.text.contains("\n\n\n") && !mail.text.contains("{{"));
            }
        }
        let subjects: std::collections::BTreeSet<String> =
            Language::ALL.map(|one| render(&invite(one, "G")).unwrap().subject).into();
        assert_eq!(subjects.len(), 4, "no language says what another one says");
    }

    #[test]
    fn what_people_call_themselves_is_escaped_in_html() {
        let mail = render(&invite(Language::En, "<img src=x>")).unwrap();
        assert!(!mail.html.contains("<img"), "{}", mail.html);
    }

    #[test]
    fn a_reset_has_a_subject_and_its_link_in_every_language() {
        for language in Language::ALL {
            let named = || "Acme".to_owned();
            let letter =
                Letter::PasswordReset { organization: named(), link: PATH.into(), minutes: 60 };
            let mail = Mail { to: "a@b.c".to_owned(), language, letter };
            let mail = render(&mail).unwrap();
            assert!(mail.subject.contains("Acme") && mail.text.contains(LINK));
        }
    }

    #[test]
    fn every_notice_has_words_in_every_language() {
        for about in Notice::ALL.iter().copied() {
            let said: std::collections::BTreeSet<&str> =
                Language::ALL.map(|language| words(language, about).1).into();
            assert_eq!(said.len(), 4, "{about:?}");
            let letter = Letter::Notice {
                organization: "Acme".to_owned(),
                about,
                subject: "root".to_owned(),
                at: "2026-11-21T10:00:00Z".to_owned(),
                until: Some("2026-12-21T10:00:00Z".to_owned()),
            };
            for language in Language::ALL {
                let mail = Mail { to: "a@b.c".to_owned(), language, letter: letter.clone() };
                let text = render(&mail).unwrap().text;
                assert!(text.contains("root") && text.contains("2026-12-21"), "{text}");
            }
        }
    }

    #[test]
    fn identity_actions_are_listed_with_who_used_them_in_every_language() {
        let act = |name: &str| Act {
            noun: Noun::Connection,
            verb: Verb::Changed,
            name: name.to_owned(),
            count: 1,
        };
        let mut subjects = std::collections::BTreeSet::new();
        for language in Language::ALL {
            for by in [Some("Grace".to_owned()), None] {
                let letter = Letter::Acts {
                    organization: "Acme".to_owned(),
                    by: by.clone(),
                    acts: vec![act("Okta"), act("Entra")],
                    at: "2026-11-21T10:00:00Z".to_owned(),
                };
                let mail = Mail { to: "a@b.c".to_owned(), language, letter };
                let mail = render(&mail).unwrap();
                assert_eq!(mail.text.contains("Grace"), by.is_some());
                assert!(mail.text.contains("Okta") && mail.html.contains("Entra"), "{}", mail.text);
                assert!(!mail.text.contains("\n\n\n"), "{}", mail.text);
                subjects.insert(mail.subject);
            }
        }
        assert_eq!(subjects.len(), 4);
    }
}
