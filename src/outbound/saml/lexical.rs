//! The letters of XML: characters, names, attributes, namespaces and references, read strictly.
//!
//! Names are ASCII, namespaces are absolute URIs in plain letters, and references are the five of
//! XML and numbers: where parsers disagree with each other, nothing is accepted (G2).

use quick_xml::escape::unescape;

use super::reader::{ATTRIBUTES_MAX, NAMESPACES_MAX, Ns};
use crate::domain::saml::fault::{Fault, Found};

/// Longest name of an element or attribute, in bytes.
const NAME_MAX: usize = 256;
/// Longest namespace, in bytes.
const NAMESPACE_MAX: usize = 1024;

/// The value of an attribute: white space is one space each, references are resolved.
pub fn attribute_value(raw: &str) -> Result<String, Found> {
    if raw.contains('<') {
        return Err(Fault::NotWellFormed.with("< in an attribute"));
    }
    resolved(&raw.replace("\r\n", " ").replace(['\r', '\n', '\t'], " "))
}

/// Resolves the five entities and character references, and nothing else.
pub fn resolved(raw: &str) -> Result<String, Found> {
    let text = unescape(raw).map_err(|_| Fault::Entity)?.into_owned();
    if text.chars().all(is_char) { Ok(text) } else { Err(Fault::Entity.into()) }
}

/// Takes the attributes of a start tag apart by the grammar of XML, which wants a space before
/// each and quotes around each value.
pub fn scan(raw: &str) -> Result<Vec<(&str, &str)>, Found> {
    let broken = || Fault::NotWellFormed.with("the attributes of an element");
    let (mut rest, mut found) = (raw, Vec::new());
    loop {
        let next = rest.trim_start_matches(is_space);
        if next.is_empty() {
            return Ok(found);
        }
        if next.len() == rest.len() {
            return Err(broken());
        }
        let (name, after) = next.split_once('=').ok_or_else(broken)?;
        let after = after.trim_start_matches(is_space);
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let inside = after.get(1..).ok_or_else(broken)?;
        let (value, after) = inside.split_once(quote.ok_or_else(broken)?).ok_or_else(broken)?;
        found.push((name.trim_end_matches(is_space), value));
        if found.len() > ATTRIBUTES_MAX + NAMESPACES_MAX {
            return Err(Fault::TooManyElements.with("attributes"));
        }
        rest = after;
    }
}

/// Names are ASCII here: what parsers disagree about begins beyond.
pub fn check_name(name: &str) -> Result<(), Found> {
    let good = match name.split_once(':') {
        Some((prefix, local)) => is_ncname(prefix) && is_ncname(local),
        None => is_ncname(name),
    };
    if good && name.len() <= NAME_MAX && !name.starts_with("xmlns:") {
        Ok(())
    } else {
        Err(Fault::NotWellFormed.with("a name"))
    }
}

/// Whether a text is a name without a colon, in ASCII.
#[must_use]
pub fn is_ncname(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// A declaration: an absolute URI in plain letters, and nothing that XML reserves.
pub fn check_namespace(name: &str, uri: &str) -> Result<(), Found> {
    let refuse = || Err(Fault::Namespace.with(uri));
    if let Some(prefix) = name.strip_prefix("xmlns:") {
        if !is_ncname(prefix) {
            return Err(Fault::NotWellFormed.with("a name"));
        }
        let reserved = prefix == "xmlns" || prefix.eq_ignore_ascii_case("xml");
        if uri.is_empty() || reserved {
            return refuse();
        }
    } else if uri.is_empty() {
        return Ok(());
    }
    let plain = uri.len() <= NAMESPACE_MAX
        && uri.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'&' | b'<' | b'"' | b'\''));
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let absolute = scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let reserved = uri == "http://www.w3.org/2000/xmlns/" || Ns::of(uri.as_bytes()) == Ns::Xml;
    if plain && absolute && !reserved { Ok(()) } else { refuse() }
}

/// The `Char` of XML 1.0.
#[must_use]
pub fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The white space of XML.
#[must_use]
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
