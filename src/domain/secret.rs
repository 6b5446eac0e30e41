//! Bearer secrets: how they are drawn, written, recognised and compared.
//!
//! A token reads `<prefix>_<public part>_<secret><checksum>`: the prefix names its kind (so that
//! leak scanners find it), the public part is an index key, the secret has 256 bits, and the
//! checksum lets a mistyped token be told from a wrong one. Only a SHA-256 digest of the secret is
//! kept (its entropy makes slow hashing pointless); comparison takes constant time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::time::Rng;

/// The digest under which a secret is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

impl SecretHash {
    /// The digest of a secret.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Whether `secret` is the one behind this digest, in constant time.
    #[must_use]
    pub fn matches(&self, secret: &[u8]) -> bool {
        self.0.ct_eq(&Self::of(secret).0).into()
    }

    /// Reads a stored digest; `None` when it has not 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// 256 random bits in URL-safe letters, for links, cookies and states.
#[must_use]
pub fn draw(rng: Rng) -> String {
    URL_SAFE_NO_PAD.encode(rng.bytes::<32>())
}

/// What a bearer token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Pushes users and groups into one directory.
    Directory,
    /// Acts for the operator in every organization.
    Operator,
    /// The secret of an OAuth client, by which it gets access tokens.
    ClientSecret,
    /// What an OAuth client was given for a while.
    Access,
    /// A person's own.
    Personal,
    /// An organization's.
    Organization,
}

impl TokenKind {
    const ALL: [Self; 6] = [
        Self::Directory,
        Self::Operator,
        Self::ClientSecret,
        Self::Access,
        Self::Personal,
        Self::Organization,
    ];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Directory => "pds",
            Self::Operator => "pop",
            Self::ClientSecret => "pcs",
            Self::Access => "pat",
            Self::Personal => "ppt",
            Self::Organization => "pot",
        }
    }
}

/// A new token: shown once as `text`, kept as `public` and `hash`.
pub struct NewToken {
    /// The whole token, for the one answer that shows it.
    pub text: String,
    /// The index key inside the token.
    pub public: String,
    /// The digest to keep.
    pub hash: SecretHash,
}

/// A token as a caller sent it: well-formed, not yet believed.
pub struct SentToken<'a> {
    /// What its prefix says it is for.
    pub kind: TokenKind,
    /// The index key inside the token.
    pub public: &'a str,
    /// The secret part, to be compared.
    pub secret: &'a str,
}

const PUBLIC_LEN: usize = 16;
const SECRET_LEN: usize = 43;
const CHECKSUM_LEN: usize = 6;

/// Draws a token of a kind.
#[must_use]
pub fn new_token(kind: TokenKind, rng: Rng) -> NewToken {
    let public = hex(&rng.bytes::<8>());
    let secret = draw(rng);
    let checksum = checksum(kind, &public, &secret);
    let text = format!("{}_{public}_{secret}{checksum}", kind.prefix());
    NewToken { hash: SecretHash::of(secret.as_bytes()), text, public }
}

/// Takes a sent token apart; `None` when it is not of our making (wrong prefix, length or
/// checksum), which needs no look into the database.
#[must_use]
pub fn read_token(text: &str) -> Option<SentToken<'_>> {
    let kind = TokenKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))?;
    let rest = text.get(kind.prefix().len()..)?.strip_prefix('_')?;
    let (public, rest) = (rest.get(..PUBLIC_LEN)?, rest.get(PUBLIC_LEN..)?.strip_prefix('_')?);
    if rest.len() != SECRET_LEN + CHECKSUM_LEN {
        return None;
    }
    let (secret, sum) = (rest.get(..SECRET_LEN)?, rest.get(SECRET_LEN..)?);
    (checksum(kind, public, secret) == sum).then_some(SentToken { kind, public, secret })
}

fn checksum(kind: TokenKind, public: &str, secret: &str) -> String {
    let digest = Sha256::digest(format!("{}_{public}_{secret}", kind.prefix()).as_bytes());
    hex(digest.get(..CHECKSUM_LEN / 2).unwrap_or_default())
}

/// Lower-case hexadecimal text of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_its_secret_matches_its_hash() {
        let token = new_token(TokenKind::Directory, Rng);
        let sent = read_token(&token.text).unwrap();
        assert_eq!(sent.kind, TokenKind::Directory);
        assert_eq!(sent.public, token.public);
        assert!(token.hash.matches(sent.secret.as_bytes()));
        assert!(!token.hash.matches(b"other"));
    }

    #[test]
    fn a_mistyped_token_is_not_read() {
        let token = new_token(TokenKind::Operator, Rng).text;
        let flipped = token.replace(token.chars().last().unwrap(), "!");
        for text in ["", "pop_", "pds_é", &flipped, &token[1..], &format!("{token}x")] {
            assert!(read_token(text).is_none(), "{text}");
        }
    }
}
