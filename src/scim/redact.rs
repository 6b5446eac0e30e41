//! What may be kept of a client's text: known names and operators, never values.
//!
//! Filters, paths and the details of refusals are told again for the journal of a directory, and
//! nothing of a person may stand there (S15, S16). A name is kept when it is known, not when it
//! looks like one: a value may stand by mistake where a name belongs. What is not recognized goes,
//! so that a text that does not parse loses more and not less.

use std::borrow::Cow;

use super::filter::Op;
use super::vocabulary::{Known, known};

/// Stands where a value stood; for an unknown name, with its greatest length behind.
pub const GONE: &str = "…";
/// How long the name may be for which a mark stands, in bytes.
const LENGTHS: [usize; 4] = [8, 16, 32, 64];
/// Longest name that is kept, in bytes: room for a URN with an attribute behind it.
const NAME_MAX: usize = 120;
/// Longest filter or path as it is told again, in bytes.
const TOLD_MAX: usize = 500;
/// Longest detail as it is told again, in bytes.
const DETAIL_MAX: usize = 600;

/// Whether a text has the form of an attribute's name, perhaps with its URN (C25).
#[must_use]
pub fn is_name(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"_-.:$".contains(&b);
    text.len() <= NAME_MAX
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '$')
        && text.bytes().all(letter)
}

/// A name as it may be kept: as far as it is known. For the rest stands a mark that tells about
/// how long it is, so that unknown names can be told apart: `name.…≤16`.
#[must_use]
pub fn name(text: &str) -> Cow<'_, str> {
    if !is_name(text) {
        return GONE.into();
    }
    match known(text) {
        Known::Whole => text.into(),
        Known::Begin(begin) => {
            let rest = text.get(begin.len()..).unwrap_or_default();
            format!("{begin}{}", mark(rest)).into()
        }
        Known::Not => mark(text).into(),
    }
}

/// Whether a text names an attribute, a schema or a word of a message.
#[must_use]
pub fn is_known(text: &str) -> bool {
    known(text) == Known::Whole
}

fn mark(text: &str) -> String {
    match LENGTHS.into_iter().find(|length| text.len() <= *length) {
        Some(length) => format!("{GONE}≤{length}"),
        None => GONE.to_owned(),
    }
}

/// A filter with its literals taken out: `userName eq "…"`.
#[must_use]
pub fn filter(text: &str) -> String {
    scan(text, false)
}

/// A path of a PATCH with the literals of its filter taken out: `emails[type eq "…"].value`.
#[must_use]
pub fn path(text: &str) -> String {
    let text = text.trim();
    match text {
        "" => String::new(),
        text if is_name(text) => name(text).into_owned(),
        text => scan(text, true),
    }
}

/// The detail of a refusal with the client's own words taken out of its quotes; known names and
/// ids of ours stay.
#[must_use]
pub fn detail(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\'') {
        let (before, quote) = rest.split_at(at);
        told.push_str(before);
        let inside = quote.strip_prefix('\'').unwrap_or_default();
        let within_a_word = told.ends_with(char::is_alphanumeric)
            && inside.starts_with(|next: char| next.is_alphanumeric());
        if within_a_word {
            told.push('\'');
            rest = inside;
            continue;
        }
        // A quote that does not end, since the detail was cut, takes all that is left.
        let (quoted, after) = inside.split_once('\'').unwrap_or((inside, ""));
        let kept = if stays(quoted) { quoted.into() } else { named(quoted, &told) };
        told.push('\'');
        told.push_str(&kept);
        told.push('\'');
        rest = after;
    }
    told.push_str(rest);
    cut(told, DETAIL_MAX)
}

/// Whether what stands in quotes is no value: punctuation, an id, a known name.
fn stays(quoted: &str) -> bool {
    !quoted.contains(char::is_alphanumeric) || is_id(quoted) || is_known(quoted)
}

/// What stands in quotes and is told to be a name, or is a part of a known one.
fn named<'a>(quoted: &'a str, before: &str) -> Cow<'a, str> {
    let begins = matches!(known(quoted), Known::Begin(_));
    if begins || before.ends_with("attribute ") { name(quoted) } else { GONE.into() }
}

fn is_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Cuts a text at a limit in bytes.
fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str(GONE);
    }
    text
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    Open(char),
    Close(char),
    Text,
    Word(&'a str),
}

impl Token<'_> {
    /// Whether an attribute's name stands before this.
    fn follows_name(self) -> bool {
        match self {
            Token::Open(bracket) => bracket == '[',
            Token::Word(word) => is_operator(word) || word.eq_ignore_ascii_case("pr"),
            _ => false,
        }
    }
}

fn is_operator(word: &str) -> bool {
    Op::parse(word).is_some()
}

/// What may stand next.
#[derive(Clone, Copy, PartialEq)]
enum Due {
    Name,
    Operator,
    Value,
    Logic,
}

/// Tells a filter again token by token. Only what stands where its kind belongs is kept.
fn scan(text: &str, is_path: bool) -> String {
    let (mut told, mut due, mut rest) = (String::new(), Due::Name, text);
    let mut last = None;
    while let Some((token, spaced, after)) = next(rest) {
        if told.len() > TOLD_MAX {
            told.push_str(GONE);
            break;
        }
        if spaced && !told.is_empty() {
            told.push(' ');
        }
        let following = next(after).map(|(token, ..)| token);
        rest = after;
        match token {
            Token::Open(bracket) => {
                told.push(bracket);
                due = Due::Name;
            }
            Token::Close(bracket) => {
                told.push(bracket);
                due = Due::Logic;
            }
            Token::Text => {
                told.push_str("\"…\"");
                due = Due::Logic;
            }
            Token::Word(word) => {
                let sub = word.strip_prefix('.').filter(|_| last == Some(Token::Close(']')));
                let ends = is_path && following.is_none();
                let (kept, then) = match sub {
                    Some(sub) if ends || following.is_some_and(Token::follows_name) => {
                        (format!(".{}", name(sub)).into(), Due::Operator)
                    }
                    _ => keep(word, due, following),
                };
                told.push_str(&kept);
                due = then;
            }
        }
        last = Some(token);
    }
    told
}

/// A word as it is told again, and what may stand behind it.
fn keep<'a>(word: &'a str, due: Due, following: Option<Token<'_>>) -> (Cow<'a, str>, Due) {
    let is = |listed: &[&str]| listed.iter().any(|other| word.eq_ignore_ascii_case(other));
    let gone = Cow::Borrowed(GONE);
    match due {
        Due::Name if is(&["not"]) => (word.into(), Due::Name),
        Due::Name if following.is_some_and(Token::follows_name) => (name(word), Due::Operator),
        Due::Name => (gone, Due::Operator),
        Due::Operator if is(&["pr"]) => (word.into(), Due::Logic),
        Due::Operator if is_operator(word) => (word.into(), Due::Value),
        Due::Operator => (gone, Due::Value),
        Due::Value if is(&["true", "false", "null"]) => (word.into(), Due::Logic),
        Due::Value => (gone, Due::Logic),
        Due::Logic if is(&["and", "or"]) => (word.into(), Due::Name),
        Due::Logic => (gone, Due::Logic),
    }
}

/// The next token, whether blanks stand before it, and what is left.
fn next(text: &str) -> Option<(Token<'_>, bool, &str)> {
    let rest = text.trim_start();
    let spaced = rest.len() < text.len();
    let first = rest.chars().next()?;
    let after = |bytes: usize| rest.get(bytes..).unwrap_or_default();
    let token = match first {
        '(' | '[' => (Token::Open(first), spaced, after(1)),
        ')' | ']' => (Token::Close(first), spaced, after(1)),
        '"' => {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, c)| {
                let closes = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                closes
            });
            (Token::Text, spaced, after(end.map_or(rest.len(), |(end, _)| end + 1)))
        }
        _ => {
            let ends = |c: char| c.is_whitespace() || "()[]\"".contains(c);
            let (word, left) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
            (Token::Word(word), spaced, left)
        }
    };
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::error::excerpt;

    #[test]
    fn a_filter_keeps_names_and_operators_and_loses_literals_s15() {
        for (sent, told) in [
            (r#"userName eq "ada@x.org""#, r#"userName eq "…""#),
            (
                r#"(userName Eq "a \"b\" c") or not (title pr)"#,
                "(userName Eq \"…\") or not (title pr)",
            ),
            (r#"emails[type eq "work"].value eq "x""#, r#"emails[type eq "…"].value eq "…""#),
            (r#"emails[value eq"x"]"#, r#"emails[value eq"…"]"#),
            ("active eq true and count gt 5", "active eq true and count gt …"),
            ("lovelace eq 1 and name.lovelace pr", "…≤8 eq … and name.…≤8 pr"),
            (r#"emails[lovelace eq "x"].lovelace eq 1"#, r#"emails[…≤8 eq "…"].…≤8 eq …"#),
            ("displayName eq Ada Lovelace", "displayName eq … …"),
            ("displayName eq Ada eq x", "displayName eq … … …"),
            ("ada@example.org", "…"),
            ("Lovelace", "…"),
            ("'ada' eq 'lovelace'", "… eq …"),
            (r#"userName eq "never closed ada"#, r#"userName eq "…""#),
            (r#"urn:x:User:department sw "D""#, r#"…≤32 sw "…""#),
        ] {
            assert_eq!(filter(sent), told, "{sent}");
        }
    }

    #[test]
    fn a_filter_of_any_length_is_told_again_in_bounds() {
        let long = "a eq 1 and ".repeat(10_000);
        assert!(filter(&long).len() <= TOLD_MAX + 2 * NAME_MAX);
        assert!(detail(&"x ".repeat(10_000)).len() <= DETAIL_MAX + GONE.len());
    }

    #[test]
    fn a_path_keeps_what_it_leads_to() {
        for (sent, told) in [
            ("members", "members"),
            ("name.givenName", "name.givenName"),
            (r#"emails[type eq "work"].value"#, r#"emails[type eq "…"].value"#),
            (r#"members[value eq "u1"]"#, r#"members[value eq "…"]"#),
            ("ada lovelace", "… …"),
            ("ada@example.org", "…"),
            ("Lovelace", "…≤8"),
            ("name.Lovelace", "name.…≤8"),
            (r#"emails[type eq "work"].Lovelace"#, r#"emails[type eq "…"].…≤8"#),
            ("urn:ietf:params:scim:schemas:core:2.0:User:Lovelace", {
                "urn:ietf:params:scim:schemas:core:2.0:User:…≤8"
            }),
        ] {
            assert_eq!(path(sent), told, "{sent}");
        }
    }

    #[test]
    fn a_detail_loses_what_the_client_sent_and_keeps_what_it_is_about_s16() {
        let id = "01890000-0000-7000-8000-000000000000";
        for (said, told) in [
            (format!("User '{id}' not found"), format!("User '{id}' not found")),
            ("User 'ada@x.org' not found".to_owned(), "User '…' not found".to_owned()),
            ("User has no attribute 'lovelace'".into(), "User has no attribute '…≤8'".into()),
            ("User has no attribute 'jobTitle'".into(), "User has no attribute 'jobTitle'".into()),
            ("User has no attribute 'name.ada'".into(), "User has no attribute 'name.…≤8'".into()),
            ("'userName' cannot be sorted by".into(), "'userName' cannot be sorted by".into()),
            ("']' is missing at column 3".into(), "']' is missing at column 3".into()),
            ("count takes an integer, not 'ada'".into(), "count takes an integer, not '…'".into()),
            ("the client's 'ada".into(), "the client's '…'".into()),
        ] {
            assert_eq!(detail(&said), told);
        }
    }

    #[test]
    fn a_mark_tells_about_how_long_a_name_is_and_nothing_else() {
        for (length, mark) in
            [(1, "…≤8"), (8, "…≤8"), (9, "…≤16"), (32, "…≤32"), (64, "…≤64"), (65, "…")]
        {
            assert_eq!(name(&"x".repeat(length)), mark);
        }
        assert_eq!(name("no name"), GONE);
        assert_eq!(name(&"x".repeat(NAME_MAX + 1)), GONE);
    }

    #[test]
    fn a_quote_within_a_quoted_text_does_not_end_it() {
        let said = format!("'{}' is no attribute path", excerpt("O'Hara' lives at 'here"));
        assert_eq!(detail(&said), "'…' is no attribute path");
    }
}
