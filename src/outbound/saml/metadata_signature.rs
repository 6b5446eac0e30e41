//! Metadata whose signature a pinned certificate must verify (G32).
//!
//! Where a certificate is pinned, TLS and the address vouch for nothing any more: what is not
//! signed as a whole by one of the pinned keys is not read. As with messages, shape and algorithms
//! are looked at before any verifier sees the document, and only the octets that were signed are
//! read.

use std::borrow::Cow;
use std::collections::HashSet;

use super::certificate;
use super::metadata::{METADATA_MAX, plain};
use super::reader::Ns::{self, Dsig, ExcC14n};
use super::signature::digested;
use super::signed::{CANONICAL, DIGESTS, ENVELOPED, SIGNATURES};
use super::tree::Element;
use crate::domain::saml::fault::{Fault, Found};

/// The document, or the octets of it that a pinned certificate verifies, where one is pinned.
///
/// # Errors
/// [`Fault::Metadata`] with why it does not count; what the strict reader finds.
pub fn checked<'t>(text: &'t str, pinned: &[String]) -> Result<Cow<'t, str>, Found> {
    if pinned.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    if text.len() > METADATA_MAX {
        return Err(Fault::TooLarge.into());
    }
    let text = plain(text);
    let tree = Element::read_with_comments(text)?;
    let id = look(&tree)?;
    for one in certificate::usable(pinned) {
        let Some(octets) = digested(text, &one) else { continue };
        let signed = Element::read_with_comments(&octets)?;
        let same = signed.start.ns == tree.start.ns && signed.start.name == tree.start.name;
        if !same || signed.attribute("ID") != Some(id) {
            return refuse("its signature covers something else");
        }
        return Ok(Cow::Owned(octets));
    }
    refuse("no pinned certificate verifies its signature")
}

fn refuse<T>(found: &str) -> Result<T, Found> {
    Err(Fault::Metadata.with(found))
}

/// Whether the document has one signature, over its root, and of a plain kind; answers its id.
fn look(root: &Element) -> Result<&str, Found> {
    let mut seen = Seen::default();
    seen.walk(root)?;
    let first = root.children.first().filter(|first| first.is(Dsig, "Signature"));
    let (Some(signature), 1) = (first, seen.signatures) else {
        return refuse(match seen.signatures {
            0 => "it is not signed, and a certificate for that is pinned",
            _ => "it is signed elsewhere than at the beginning of its root, or more than once",
        });
    };
    let Some(id) = root.attribute("ID") else { return refuse("its root has no ID") };
    let shape = || {
        let [info, value, rest @ ..] = signature.children.as_slice() else { return None };
        let keys = match rest {
            [] => true,
            [keys] => keys.is(Dsig, "KeyInfo") && keys.children.iter().all(is_key),
            _ => false,
        };
        (keys && info.is(Dsig, "SignedInfo") && value.is(Dsig, "SignatureValue")).then_some(info)
    };
    let Some(info) = shape() else { return refuse("its signature has another shape") };
    covers(info, id)?;
    Ok(id)
}

/// What the whole document is looked at for.
#[derive(Default)]
struct Seen<'t> {
    ids: HashSet<&'t str>,
    signatures: usize,
}

impl<'t> Seen<'t> {
    fn walk(&mut self, element: &'t Element) -> Result<(), Found> {
        self.signatures += usize::from(element.is(Dsig, "Signature"));
        for one in &element.start.attributes {
            if !one.name.eq_ignore_ascii_case("id") {
                continue;
            }
            if one.ns != Ns::None || !self.ids.insert(&one.value) {
                return refuse("an id stands twice, or in a namespace");
            }
        }
        element.children.iter().try_for_each(|child| self.walk(child))
    }
}

/// Nothing of it is used.
fn is_key(element: &Element) -> bool {
    ["X509Data", "KeyName", "KeyValue"].iter().any(|name| element.is(Dsig, name))
}

/// The signature refers to its own root, by algorithms that are taken, and transforms nothing but
/// itself away.
fn covers(info: &Element, id: &str) -> Result<(), Found> {
    let [canonical, method, reference] = info.children.as_slice() else {
        return refuse("its signature has not exactly one reference");
    };
    let names = canonical.is(Dsig, "CanonicalizationMethod")
        && method.is(Dsig, "SignatureMethod")
        && reference.is(Dsig, "Reference");
    let [transforms, digest, value] = reference.children.as_slice() else {
        return refuse("its signature has another shape");
    };
    let parts = transforms.is(Dsig, "Transforms")
        && digest.is(Dsig, "DigestMethod")
        && value.is(Dsig, "DigestValue");
    let plain = method.children.is_empty() && digest.children.is_empty();
    if !names || !parts || !plain || !prefixes(canonical) {
        return refuse("its signature has another shape");
    }
    let uri = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    if uri != Some(id) {
        return refuse("its signature refers to something else than its root");
    }
    let (first, second) = match transforms.children.as_slice() {
        [first] => (first, None),
        [first, second] => (first, Some(second)),
        _ => return refuse("its signature transforms what it covers"),
    };
    let transforms = first.is(Dsig, "Transform")
        && first.children.is_empty()
        && one_of(first, &[ENVELOPED])
        && second.is_none_or(|second| {
            second.is(Dsig, "Transform") && one_of(second, &CANONICAL) && prefixes(second)
        });
    if !transforms {
        return refuse("its signature transforms what it covers");
    }
    if one_of(canonical, &CANONICAL) && one_of(method, &SIGNATURES) && one_of(digest, &DIGESTS) {
        return Ok(());
    }
    refuse("its signature is made by an algorithm that is not taken")
}

fn one_of(element: &Element, known: &[&str]) -> bool {
    element.attribute("Algorithm").is_some_and(|algorithm| known.contains(&algorithm))
}

/// Canonicalization may name prefixes, and nothing else.
fn prefixes(element: &Element) -> bool {
    element.children.iter().all(|child| child.is(ExcC14n, "InclusiveNamespaces"))
}
