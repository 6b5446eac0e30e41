//! Names of resources: `kind:key`, and prefixes of keys for rules.
//!
//! The gateway does not own resources; it names what the platform registered. Keys are stored as
//! sent and compared without regard to case, so equality, order and hash of a name go by its
//! folded key. Whether a kind exists is the platform definition's to say, not this module's.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A key has 1 to this many characters.
pub const KEY_LEN_MAX: usize = 128;
/// A kind has 1 to this many characters.
pub const KIND_LEN_MAX: usize = 64;

/// Why a text is not the name of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAResource {
    /// There is no `:` in it, or nothing before it.
    #[error("must be `kind:key`")]
    Shape,
    /// The key is empty, too long or has other characters.
    #[error("a key is 1 to 128 of A-Z, a-z, 0-9, `.`, `_`, `-`, `~` and `@`")]
    Key,
    /// A prefix without a character before its `*`.
    #[error("a prefix needs at least one character before its `*`")]
    PrefixTooWide,
}

/// Whether a key may hold this character.
#[must_use]
pub const fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '@')
}

/// Whether a text can be the key of a resource.
#[must_use]
pub fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= KEY_LEN_MAX && text.chars().all(is_key_char)
}

/// A key as it is compared: ASCII letters in lower case.
#[must_use]
pub fn fold(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(key.to_ascii_lowercase())
    } else {
        Cow::Borrowed(key)
    }
}

/// The name of one resource.
#[derive(Clone)]
pub struct ResourceRef {
    kind: String,
    key: String,
}

impl ResourceRef {
    /// Names the resource of a kind under a key.
    ///
    /// # Errors
    /// [`NotAResource`] when one of them cannot be.
    pub fn new(kind: &str, key: &str) -> Result<Self, NotAResource> {
        check_kind(kind)?;
        if !is_key(key) {
            return Err(NotAResource::Key);
        }
        Ok(Self { kind: kind.to_owned(), key: key.to_owned() })
    }

    /// Reads `kind:key`.
    ///
    /// # Errors
    /// [`NotAResource`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotAResource> {
        let (kind, key) = text.split_once(':').ok_or(NotAResource::Shape)?;
        Self::new(kind, key)
    }

    /// Its kind's key.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its key as it was sent.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its key as it is compared and indexed.
    #[must_use]
    pub fn folded_key(&self) -> Cow<'_, str> {
        fold(&self.key)
    }
}

impl fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.key)
    }
}

impl fmt::Debug for ResourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for ResourceRef {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.key.eq_ignore_ascii_case(&other.key)
    }
}

impl Eq for ResourceRef {}

impl Hash for ResourceRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.folded_key().hash(state);
    }
}

impl PartialOrd for ResourceRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceRef {
    fn cmp(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind).then_with(|| self.folded_key().cmp(&other.folded_key()))
    }
}

/// All resources of a kind whose keys begin alike, now and later: `site:lyon-*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourcePrefix {
    kind: String,
    folded: String,
}

impl ResourcePrefix {
    /// The resources of a kind whose keys begin with `prefix`, which is folded.
    ///
    /// # Errors
    /// [`NotAResource`] when no key can begin so, or every key does.
    pub fn new(kind: &str, prefix: &str) -> Result<Self, NotAResource> {
        check_kind(kind)?;
        if prefix.is_empty() {
            return Err(NotAResource::PrefixTooWide);
        }
        if !is_key(prefix) {
            return Err(NotAResource::Key);
        }
        Ok(Self { kind: kind.to_owned(), folded: fold(prefix).into_owned() })
    }

    /// Reads `kind:prefix*`.
    ///
    /// # Errors
    /// [`NotAResource`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotAResource> {
        let (kind, rest) = text.split_once(':').ok_or(NotAResource::Shape)?;
        Self::new(kind, rest.strip_suffix('*').ok_or(NotAResource::Shape)?)
    }

    /// The kind's key.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What the folded keys begin with.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether it names this resource.
    #[must_use]
    pub fn names(&self, resource: &ResourceRef) -> bool {
        self.kind == resource.kind && resource.folded_key().starts_with(&self.folded)
    }
}

impl fmt::Display for ResourcePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}*", self.kind, self.folded)
    }
}

fn check_kind(kind: &str) -> Result<(), NotAResource> {
    let fits = !kind.is_empty()
        && kind.len() <= KIND_LEN_MAX
        && kind.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    if fits { Ok(()) } else { Err(NotAResource::Shape) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_sent_and_compared_without_regard_to_case() {
        let sent = ResourceRef::parse("site:Lyon-3~a@B").unwrap();
        assert_eq!(sent.to_string(), "site:Lyon-3~a@B");
        assert_eq!(sent, ResourceRef::parse("site:LYON-3~A@b").unwrap());
        assert_eq!(sent.cmp(&ResourceRef::parse("site:lyon-3~a@b").unwrap()), Ordering::Equal);
        assert_ne!(sent, ResourceRef::parse("team:Lyon-3~a@B").unwrap());
        let set = std::collections::HashSet::from([sent]);
        assert!(set.contains(&ResourceRef::parse("site:lyon-3~a@b").unwrap()));
    }

    #[test]
    fn what_is_not_kind_and_key_is_refused() {
        use NotAResource::{Key, Shape};
        for (text, why) in [
            ("", Shape),
            ("site", Shape),
            (":lyon", Shape),
            ("Site:lyon", Shape),
            ("site:", Key),
            ("site:a:b", Key),
            ("site:lyon-*", Key),
            ("site:é", Key),
            ("site:a b", Key),
            ("site:a\n", Key),
        ] {
            assert_eq!(ResourceRef::parse(text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn a_key_has_up_to_128_characters() {
        assert!(ResourceRef::new("site", &"k".repeat(KEY_LEN_MAX)).is_ok());
        assert!(ResourceRef::new("site", &"k".repeat(KEY_LEN_MAX + 1)).is_err());
        assert!(ResourceRef::new(&"k".repeat(KIND_LEN_MAX), "a").is_ok());
        assert!(ResourceRef::new(&"k".repeat(KIND_LEN_MAX + 1), "a").is_err());
    }

    #[test]
    fn a_prefix_names_keys_that_begin_so_and_needs_a_character() {
        let prefix = ResourcePrefix::parse("site:Lyon-*").unwrap();
        assert_eq!(prefix.to_string(), "site:lyon-*");
        assert!(prefix.names(&ResourceRef::parse("site:LYON-1").unwrap()));
        assert!(!prefix.names(&ResourceRef::parse("site:lyon").unwrap()));
        assert!(!prefix.names(&ResourceRef::parse("team:lyon-1").unwrap()));
        assert_eq!(ResourcePrefix::parse("site:*"), Err(NotAResource::PrefixTooWide));
        assert_eq!(ResourcePrefix::parse("site:a**"), Err(NotAResource::Key));
        assert_eq!(ResourcePrefix::parse("site:a"), Err(NotAResource::Shape));
    }
}
