//! Field errors of one request, collected so that the caller hears of all at once.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::problem::{FieldError, Problem};

/// Most field errors that are told at a time.
pub const ERRORS_MAX: usize = 100;

/// What is wrong with a request's fields so far.
#[derive(Debug, Default)]
pub struct Fields {
    errors: Vec<FieldError>,
    prefix: String,
}

impl Fields {
    /// Nothing is wrong yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { errors: Vec::new(), prefix: String::new() }
    }

    /// Names where the fields stand that are checked next: `/resources/3`.
    pub fn below(&mut self, prefix: impl Into<String>) {
        self.prefix = prefix.into();
    }

    /// Notes a field that is wrong; beyond [`ERRORS_MAX`] nothing more is noted.
    pub fn wrong(&mut self, pointer: &str, code: &str, detail: impl Into<String>) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(FieldError {
                pointer: format!("{}{pointer}", self.prefix),
                code: code.to_owned(),
                detail: detail.into(),
            });
        }
    }

    /// Checks a text for people: 1 to `max` characters, not blank, no control characters.
    pub fn text(&mut self, pointer: &str, text: &str, max: usize) {
        let fits = !text.trim().is_empty() && text.chars().count() <= max;
        if !fits {
            self.wrong(pointer, "length", format!("This has 1 to {max} characters."));
        } else if text.chars().any(char::is_control) {
            self.wrong(pointer, "control", "This holds no control characters.");
        }
    }

    /// Checks a text for people that may be left out.
    pub fn optional_text(&mut self, pointer: &str, text: Option<&str>, max: usize) {
        if let Some(text) = text {
            self.text(pointer, text, max);
        }
    }

    /// Checks a number against its range, both ends included.
    pub fn range(&mut self, pointer: &str, value: i64, least: i64, most: i64) {
        if !(least..=most).contains(&value) {
            self.wrong(pointer, "range", format!("This is a number from {least} to {most}."));
        }
    }

    /// Keeps a value that was found, or notes that the field is wrong.
    pub fn found<T>(
        &mut self,
        value: Option<T>,
        pointer: &str,
        code: &str,
        detail: &str,
    ) -> Option<T> {
        if value.is_none() {
            self.wrong(pointer, code, detail);
        }
        value
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn are_right(&self) -> bool {
        self.errors.is_empty()
    }

    /// The end of the checks.
    ///
    /// # Errors
    /// 422 with everything that was noted.
    pub fn done(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::fields(self.errors)) }
    }

    /// The 422 with everything that was noted, where the caller knows that something was.
    #[must_use]
    pub fn refusal(self) -> Problem {
        Problem::fields(self.errors)
    }
}

/// Reads a JSON value into a type that denies unknown fields.
///
/// # Errors
/// 422 with a pointer to the field that does not fit.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| misfit(error.path(), &error.inner().to_string()))
}

/// The refusal of a field that does not fit its type, in the words of the reader.
#[must_use]
pub fn misfit(path: &Path, words: &str) -> Problem {
    let words = words.split(" at line ").next().unwrap_or_default();
    let code = if words.starts_with("unknown field") { "unknown" } else { "type" };
    Problem::invalid(&pointer(path), code, words)
}

/// A name as a step of a JSON Pointer (RFC 6901).
#[must_use]
pub fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", step(key)),
        Segment::Enum { variant } => format!("{pointer}/{variant}"),
        Segment::Unknown => pointer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_neither_blank_nor_long_nor_full_of_controls() {
        let wrong = |text: &str| {
            let mut fields = Fields::new();
            fields.text("/name", text, 3);
            !fields.are_right()
        };
        for good in ["a", "abc", "äöü"] {
            assert!(!wrong(good), "{good}");
        }
        for bad in ["", "  ", "abcd", "a\n"] {
            assert!(wrong(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_range_holds_both_its_ends() {
        for (value, right) in [(4, false), (5, true), (9, true), (10, false)] {
            let mut fields = Fields::new();
            fields.range("/n", value, 5, 9);
            assert_eq!(fields.are_right(), right, "{value}");
        }
    }

    #[test]
    fn every_wrong_field_is_told_up_to_the_limit() {
        let mut fields = Fields::new();
        for _ in 0..=ERRORS_MAX {
            fields.wrong("/x", "value", "no");
        }
        let problem = fields.done().unwrap_err();
        assert_eq!(problem.errors.len(), ERRORS_MAX);
        assert!(Fields::new().done().is_ok());
    }
}
