//! Why a setting cannot be used, in one line: where it came from, what is wrong, what to do.
//!
//! The value is quoted (shortened, with control characters escaped) unless it is a secret.

use std::fmt;
use std::path::PathBuf;

/// Characters of a value that a refusal quotes.
const QUOTED_CHARS_MAX: usize = 80;

/// Where the value of a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody gave one; the table's default holds.
    Default,
    /// The TOML file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A file that an environment variable names.
    SecretFile(String, PathBuf),
    /// A flag, without its dashes.
    CommandLine(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(variable) => f.write_str(variable),
            Self::SecretFile(variable, path) => write!(f, "{variable} {}", path.display()),
            Self::CommandLine(flag) => write!(f, "--{flag}"),
        }
    }
}

/// A setting, or a source of settings, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {wrong}; {remedy}")]
pub struct Refusal {
    /// The setting, where it is one.
    pub setting: Option<&'static str>,
    /// Where to look: setting and source, or a file.
    pub place: String,
    /// What is wrong with it.
    pub wrong: String,
    /// What to do about it.
    pub remedy: String,
}

impl Refusal {
    /// A refusal of one setting as it came from one source.
    #[must_use]
    pub fn of(setting: &'static str, source: &Source, fault: Fault) -> Self {
        Self {
            setting: Some(setting),
            place: format!("{setting} ({source})"),
            wrong: fault.wrong,
            remedy: fault.remedy.to_owned(),
        }
    }

    /// A refusal of a source as such.
    #[must_use]
    pub fn at(place: impl fmt::Display, wrong: impl Into<String>, remedy: &str) -> Self {
        Self {
            setting: None,
            place: place.to_string(),
            wrong: wrong.into(),
            remedy: remedy.to_owned(),
        }
    }
}

/// Every refusal of one start, at least one; printed a line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refused(pub Vec<Refusal>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, refusal) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            refusal.fmt(f)?;
        }
        Ok(())
    }
}

/// What a check of one value found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong with the value.
    pub wrong: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Fault {
    /// A fault that says nothing of the value.
    #[must_use]
    pub fn new(wrong: impl Into<String>, remedy: &'static str) -> Self {
        Self { wrong: wrong.into(), remedy }
    }

    /// A fault that quotes the value; never for secrets.
    #[must_use]
    pub fn quoting(text: &str, wrong: &str, remedy: &'static str) -> Self {
        Self::new(format!("{} {wrong}", quoted(text)), remedy)
    }
}

/// A value in quotation marks: one line, not too long.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut start: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_one_line_of_bounded_length() {
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        let longest = "x".repeat(QUOTED_CHARS_MAX);
        assert_eq!(quoted(&longest), format!("\"{longest}\""));
        assert_eq!(quoted(&format!("{longest}y")), format!("\"{longest}…\""));
    }

    #[test]
    fn a_refusal_says_where_what_and_what_to_do() {
        let fault = Fault::quoting("nowhere", "is not an address", "give IP:PORT");
        let refusal =
            Refusal::of("listen", &Source::Environment("PORTICO_LISTEN".to_owned()), fault);
        assert_eq!(
            refusal.to_string(),
            "listen (PORTICO_LISTEN): \"nowhere\" is not an address; give IP:PORT"
        );
    }
}
