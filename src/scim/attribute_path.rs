//! An attribute as a client writes it: `userName`, `name.givenName`, `urn:…:User:department`.
//!
//! Syntax alone (RFC 7644 §3.10); what the name leads to is the business of `locator`.

use std::fmt;

/// An attribute name with its optional URN and sub-attribute, spelled as sent.
#[derive(Debug, Clone)]
pub struct AttributePath {
    /// Schema URN before the name.
    pub urn: Option<String>,
    /// Name of the attribute.
    pub name: String,
    /// Name after the first dot.
    pub sub: Option<String>,
    /// Where the name began in its text, in characters from 1.
    pub column: usize,
}

impl PartialEq for AttributePath {
    /// Compares what is named, not where it stood.
    fn eq(&self, other: &Self) -> bool {
        (&self.urn, &self.name, &self.sub) == (&other.urn, &other.name, &other.sub)
    }
}

impl AttributePath {
    /// Reads a path; `None` if it is none.
    ///
    /// Everything up to the last colon is the URN if the text begins like a URI. The part after
    /// the first dot is checked loosely, for the free names of open attributes.
    pub fn parse(text: &str, column: usize) -> Option<Self> {
        let (urn, rest) = match text.rsplit_once(':') {
            Some((urn, rest)) if is_uri(text) => (Some(urn.to_owned()), rest),
            _ => (None, text),
        };
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        if !is_name(name) || sub.is_some_and(|sub| !is_loose_name(sub)) {
            return None;
        }
        Some(Self { urn, name: name.to_owned(), sub: sub.map(str::to_owned), column })
    }

    /// Spells URN and name without the sub-attribute, as a bare extension URN would be written.
    pub fn whole(&self) -> Option<String> {
        match (&self.urn, &self.sub) {
            (Some(urn), None) => Some(format!("{urn}:{}", self.name)),
            _ => None,
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// Tells whether a text begins as the URNs of schemas do.
pub fn is_uri(text: &str) -> bool {
    let begins =
        |prefix: &str| text.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix));
    begins("urn:") || begins("http:") || begins("https:")
}

/// Tells whether a text is an attribute name of RFC 7643 §2.1 (C25).
pub fn is_name(text: &str) -> bool {
    let mut chars = text.strip_prefix('$').unwrap_or(text).chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Tells whether a character may stand in an unquoted word of a filter or path.
pub const fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '.' | ':' | '/' | '@' | '+' | '#')
}

fn is_loose_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word_char)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> Option<(Option<String>, String, Option<String>)> {
        AttributePath::parse(text, 1).map(|path| (path.urn, path.name, path.sub))
    }

    #[test]
    fn a_path_is_urn_name_and_sub_attribute_c107() {
        assert_eq!(parts("userName"), Some((None, "userName".into(), None)));
        assert_eq!(parts("name.givenName"), {
            Some((None, "name".into(), Some("givenName".into())))
        });
        assert_eq!(parts("urn:x:2.0:User:manager.value"), {
            Some((Some("urn:x:2.0:User".into()), "manager".into(), Some("value".into())))
        });
        assert_eq!(parts("members.$ref"), Some((None, "members".into(), Some("$ref".into()))));
    }

    #[test]
    fn what_is_no_name_is_no_path_c25() {
        for text in ["", "1abc", "a b", "a.", ".a", "urn:x:", "_a", "a(b"] {
            assert!(AttributePath::parse(text, 1).is_none(), "{text}");
        }
    }

    #[test]
    fn a_path_prints_as_it_was_written() {
        for text in ["userName", "urn:x:2.0:User:manager.value", "claims.org.role"] {
            assert_eq!(AttributePath::parse(text, 1).map(|p| p.to_string()), Some(text.into()));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_a_path_prints_as_it_was_written_and_reads_back(
            text in "(urn:[a-z0-9:.]{1,12}:)?[$a-zA-Z][a-zA-Z0-9_.$:-]{0,10}",
        ) {
            if let Some(path) = AttributePath::parse(&text, 1) {
                prop_assert_eq!(path.to_string(), text.clone());
                prop_assert_eq!(AttributePath::parse(&path.to_string(), 7), Some(path));
            }
        }

        #[test]
        fn the_parts_of_a_path_make_a_path(
            urn in proptest::option::of("urn:[a-z]{1,4}(:[a-z0-9.]{1,4}){0,3}"),
            name in "[a-zA-Z][a-zA-Z0-9_-]{0,8}",
            sub in proptest::option::of("[$]?[a-zA-Z][a-zA-Z0-9_-]{0,8}"),
        ) {
            let path = AttributePath { urn, name, sub, column: 1 };
            prop_assert_eq!(AttributePath::parse(&path.to_string(), 1), Some(path));
        }
    }
}
