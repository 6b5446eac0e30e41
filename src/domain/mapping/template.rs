//! Templates of resources: `site:{site}`, `site:{site|slug}`, `site:lyon-*`.
//!
//! A template is a kind and a key of literals and captures; only a template that ends in `*` gives
//! a prefix, and only with at least one character before it.

use super::capture::{is_usable, slug};
use crate::domain::access::grant::Reach;
use crate::domain::resource::{ResourcePrefix, ResourceRef, is_key_char};

/// A template has at most this many characters.
pub const TEMPLATE_CHARS_MAX: usize = 500;

/// A checked template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    kind: String,
    parts: Vec<Part>,
    prefix: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Capture { name: String, slug: bool },
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotATemplate {
    pub(super) code: &'static str,
    pub(super) detail: String,
}

fn wrong(code: &'static str, detail: impl Into<String>) -> NotATemplate {
    NotATemplate { code, detail: detail.into() }
}

impl Template {
    /// Reads a template; columns in refusals count from 1 in the whole text.
    pub(super) fn parse(text: &str) -> Result<Self, NotATemplate> {
        if text.chars().count() > TEMPLATE_CHARS_MAX {
            let detail = format!("is longer than {TEMPLATE_CHARS_MAX} characters");
            return Err(wrong("invalid-resource", detail));
        }
        let Some((kind, key)) = text.split_once(':') else {
            return Err(wrong("invalid-resource", "must be `kind:key`"));
        };
        let (key, prefix) = key.strip_suffix('*').map_or((key, false), |key| (key, true));
        let parts = parts(key, kind.chars().count() + 2)?;
        if parts.is_empty() {
            return Err(if prefix {
                wrong("prefix-too-wide", "a prefix needs at least one character before its `*`")
            } else {
                wrong("invalid-resource", "must be `kind:key`")
            });
        }
        Ok(Self { kind: kind.to_owned(), parts, prefix })
    }

    /// The kind's key.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// The captures it needs.
    pub(super) fn captures(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Capture { name, .. } => Some(name.as_str()),
        })
    }

    /// What it stands for with these captures; the text that it came to where that names nothing.
    pub(super) fn fill<'c>(
        &self,
        capture: impl Fn(&str) -> Option<&'c str>,
    ) -> Result<Reach, String> {
        let mut key = String::new();
        let mut usable = true;
        for part in &self.parts {
            match part {
                Part::Literal(text) => key.push_str(text),
                Part::Capture { name, slug: folded } => {
                    let value = capture(name).unwrap_or_default();
                    let filled = if *folded { slug(value) } else { value.to_owned() };
                    usable &= is_usable(value) && !filled.is_empty();
                    key.push_str(&filled);
                }
            }
        }
        let star = if self.prefix { "*" } else { "" };
        let shown = || {
            let text = format!("{}:{key}{star}", self.kind);
            text.chars().filter(|c| !c.is_control()).take(TEMPLATE_CHARS_MAX).collect()
        };
        if !usable {
            return Err(shown());
        }
        let reach = if self.prefix {
            ResourcePrefix::new(&self.kind, &key).map(Reach::Prefix)
        } else {
            ResourceRef::new(&self.kind, &key).map(Reach::Resource)
        };
        reach.map_err(|_| shown())
    }
}

/// Takes the key of a template apart.
fn parts(key: &str, first_column: usize) -> Result<Vec<Part>, NotATemplate> {
    let mut parts = Vec::new();
    let mut rest = key;
    while !rest.is_empty() {
        let column = first_column + key.chars().count() - rest.chars().count();
        if let Some(inner) = rest.strip_prefix('{') {
            let Some((name, after)) = inner.split_once('}') else {
                return Err(wrong("invalid-resource", format!("unclosed `{{` (column {column})")));
            };
            parts.push(capture(name, column)?);
            rest = after;
        } else {
            let end = rest.find('{').unwrap_or(rest.len());
            let (literal, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if let Some(at) = literal.chars().position(|c| !is_key_char(c)) {
                let detail = format!("a key cannot hold this character (column {})", column + at);
                return Err(wrong("invalid-resource", detail));
            }
            parts.push(Part::Literal(literal.to_owned()));
            rest = after;
        }
    }
    Ok(parts)
}

fn capture(inside: &str, column: usize) -> Result<Part, NotATemplate> {
    let (name, slug) = match inside.split_once('|') {
        None => (inside, false),
        Some((name, "slug")) => (name, true),
        Some((_, other)) => {
            let detail = format!("no function `{other}`: only `slug` (column {column})");
            return Err(wrong("invalid-resource", detail));
        }
    };
    if name.is_empty() {
        return Err(wrong("invalid-resource", format!("`{{}}` names nothing (column {column})")));
    }
    Ok(Part::Capture { name: name.to_owned(), slug })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, site: &str) -> Result<String, String> {
        let template = Template::parse(template).unwrap();
        let reach = template.fill(|name| (name == "site").then_some(site))?;
        Ok(reach.resource().unwrap())
    }

    #[test]
    fn captures_fill_a_template_as_they_are_or_as_slugs() {
        assert_eq!(fill("site:{site}", "Lyon").as_deref(), Ok("site:Lyon"));
        assert_eq!(
            fill("site:fr-{site|slug}.1", "Lyon Nord").as_deref(),
            Ok("site:fr-lyon-nord.1")
        );
        assert_eq!(fill("site:lyon", "x").as_deref(), Ok("site:lyon"));
        assert_eq!(fill("site:{site}-*", "Lyon").as_deref(), Ok("site:lyon-*"));
    }

    #[test]
    fn a_capture_that_cannot_be_part_of_a_key_resolves_to_nothing() {
        for value in ["", "*", "a:b", "Lyon Nord", "é", "a\nb", &"a".repeat(129)] {
            assert!(fill("site:{site}", value).is_err(), "{value:?}");
        }
        assert!(fill("site:x{site|slug}", "東京").is_err());
        assert!(fill("site:x{site|slug}", "a*").is_err());
        assert!(fill("site:{site}*", "*").is_err());
    }

    #[test]
    fn what_is_no_template_is_refused_with_its_column() {
        for (text, code, part) in [
            ("site", "invalid-resource", "kind:key"),
            ("site:", "invalid-resource", "kind:key"),
            ("site:*", "prefix-too-wide", "at least one character"),
            ("site:a*b", "invalid-resource", "column 7"),
            ("site:a**", "invalid-resource", "column 7"),
            ("site:a b", "invalid-resource", "column 7"),
            ("site:{site", "invalid-resource", "column 6"),
            ("site:x{}", "invalid-resource", "column 7"),
            ("site:{a|upper}", "invalid-resource", "only `slug`"),
        ] {
            let refused = Template::parse(text).unwrap_err();
            assert_eq!(refused.code, code, "{text}");
            assert!(refused.detail.contains(part), "{text}: {}", refused.detail);
        }
        let long = |count| format!("site:{}", "a".repeat(count - 5));
        assert!(Template::parse(&long(TEMPLATE_CHARS_MAX)).is_ok());
        assert!(Template::parse(&long(TEMPLATE_CHARS_MAX + 1)).is_err());
    }
}
