//! A sign-in in progress: what we must remember while the browser is at the provider.
//!
//! It is kept by the hash of its state, used once, for ten minutes, by the browser that began it
//! (R3). The nonce is kept as a hash too; the PKCE verifier, which must be sent, is sealed.

use super::id::{ConnectionId, LoginId, OrganizationId};
use super::secret::SecretHash;
use super::time::Timestamp;

/// How long a sign-in may take, in seconds.
pub const LIFE_S: i64 = 600;
/// Longest return target, in bytes.
pub const RETURN_MAX: usize = 2048;

/// A sign-in in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Which connection began it.
    pub connection_id: ConnectionId,
    /// The hash of `state`.
    pub state: SecretHash,
    /// The hash of the pending cookie.
    pub browser: SecretHash,
    /// The hash of `nonce`.
    pub nonce: SecretHash,
    /// The PKCE verifier, sealed.
    pub verifier: Vec<u8>,
    /// Where the browser goes afterwards: a path of ours.
    pub return_to: ReturnTo,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When its answer came.
    pub used_at: Option<Timestamp>,
    /// Whether she must sign in anew at the provider (K7).
    pub fresh: bool,
    /// Whether the connection is only tried out: nobody is signed in by it.
    pub trial: bool,
}

/// A path of our own host: nothing that a browser could read as another place (K5, OA13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Reads a path; `None` for anything that could lead away: another origin, `//`, a backslash,
    /// control characters or too long a text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() <= RETURN_MAX
            && text.starts_with('/')
            && !text.starts_with("//")
            && !text.contains('\\')
            && !text.chars().any(|c| c.is_control() || c.is_whitespace())
            && text.is_ascii();
        if !plain {
            return None;
        }
        // The browser's own reading has the last word: it must stay on the host it starts from.
        let base = url::Url::parse("https://host.invalid/").ok()?;
        let read = base.join(text).ok()?;
        let stays = read.origin() == base.origin()
            && read.username().is_empty()
            && read.password().is_none()
            && !read.path().starts_with("//");
        stays.then(|| Self(text.to_owned()))
    }

    /// The page of the person herself.
    #[must_use]
    pub fn home() -> Self {
        Self("/me".to_owned())
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_target_is_a_path_of_our_own_host() {
        let longest = format!("/{}", "a".repeat(RETURN_MAX - 1));
        for good in ["/", "/me", "/a/b?c=d&e=%2F%2Fx#f", "/a//b", "/@x", &longest] {
            assert_eq!(ReturnTo::parse(good).unwrap().as_str(), good);
        }
        let longer = format!("{longest}a");
        let bad = [
            "",
            "me",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/a\tb",
            "/\n/evil.example",
            "/a b",
            " /a",
            "/é",
            "/..//evil.example",
            "/.//evil.example",
            "/%2e//evil.example",
            &longer,
        ];
        for bad in bad {
            assert_eq!(ReturnTo::parse(bad), None, "{bad:?}");
        }
    }
}
