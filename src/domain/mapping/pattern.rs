//! Patterns of `each`: regular expressions of a linear-time engine, matched against whole values.

use regex::{Captures, Regex, RegexBuilder};

/// A pattern has at most this many characters.
pub const PATTERN_CHARS_MAX: usize = 500;
/// A compiled pattern takes at most this many bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;
const NEST_MAX: u32 = 50;
/// A value longer than this many bytes matches no pattern.
pub const VALUE_BYTES_MAX: usize = 4_096;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern, or says what is wrong with it, with the column.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > PATTERN_CHARS_MAX {
            return Err(format!("is longer than {PATTERN_CHARS_MAX} characters"));
        }
        // The pattern must stand on its own before it is wrapped, so that brackets of its own
        // cannot close the wrapping.
        build(text)?;
        build(&format!(r"\A(?:{text})\z")).map(Self)
    }

    /// The captures of a value that matches as a whole.
    pub(super) fn captures<'v>(&self, value: &'v str) -> Option<Captures<'v>> {
        if value.len() > VALUE_BYTES_MAX {
            return None;
        }
        self.0.captures(value)
    }

    /// Whether a value matches as a whole.
    pub(super) fn is_match(&self, value: &str) -> bool {
        value.len() <= VALUE_BYTES_MAX && self.0.is_match(value)
    }

    /// The names of its captures.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.capture_names().flatten()
    }
}

fn build(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(COMPILED_BYTES_MAX)
        .dfa_size_limit(COMPILED_BYTES_MAX)
        .nest_limit(NEST_MAX)
        .build()
        .map_err(|error| words(&error))
}

/// The engine's words on one line: its drawing of the place becomes a column.
fn words(error: &regex::Error) -> String {
    let regex::Error::Syntax(drawn) = error else { return "is too large".to_owned() };
    let caret = |line: &str| !line.trim().is_empty() && line.trim().chars().all(|c| c == '^');
    // The engine indents the drawing by four spaces.
    let column = drawn
        .lines()
        .find(|line| caret(line))
        .and_then(|line| line.find('^'))
        .map(|at| at.saturating_sub(4) + 1);
    let reason = drawn.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    match column {
        Some(column) => format!("{reason} (column {column})"),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(pattern: &str, value: &str) -> Option<String> {
        let pattern = Pattern::parse(pattern).unwrap();
        pattern.captures(value).map(|found| found["site"].to_owned())
    }

    #[test]
    fn a_pattern_is_matched_against_the_whole_value() {
        let site = r"Site (?<site>.+) managers";
        assert_eq!(captured(site, "Site Lyon managers").as_deref(), Some("Lyon"));
        assert_eq!(captured(site, "The Site Lyon managers"), None);
        assert_eq!(captured(site, "Site Lyon managers "), None);
        assert_eq!(captured(&format!("^{site}$"), "Site Lyon managers").as_deref(), Some("Lyon"));
        assert_eq!(captured(r"(?m)^a (?<site>\w+)$", "a b\na c"), None);
        assert_eq!(captured(r"(?<site>a)|b", "ab"), None);
    }

    #[test]
    fn a_pattern_cannot_leave_its_wrapping() {
        for text in ["a)|(?:b", "(?x)a #", "(", "a{3000}{3000}", "(?<a>x)(?<a>y)", r"(?=a)"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_column() {
        assert_eq!(Pattern::parse("ab(c").unwrap_err(), "unclosed group (column 3)");
    }

    #[test]
    fn a_pattern_has_up_to_500_characters_and_a_value_up_to_4096() {
        assert!(Pattern::parse(&"é".repeat(PATTERN_CHARS_MAX)).is_ok());
        assert!(Pattern::parse(&"é".repeat(PATTERN_CHARS_MAX + 1)).is_err());
        let any = Pattern::parse(".*").unwrap();
        assert!(any.is_match(&"a".repeat(VALUE_BYTES_MAX)));
        assert!(!any.is_match(&"a".repeat(VALUE_BYTES_MAX + 1)));
    }
}
