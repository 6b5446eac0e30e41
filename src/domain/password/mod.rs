//! Passwords of ours: which are taken, and how they are kept.
//!
//! A password is kept as an argon2id hash in the form of PHC. Hashing takes tens of milliseconds
//! and megabytes: it runs off the async threads, bounded in number.

mod common;
pub mod totp;
pub mod tries;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use super::time::Rng;

/// Shortest password, in characters.
pub const LENGTH_MIN: usize = 12;
/// Longest password, in characters.
pub const LENGTH_MAX: usize = 128;
/// How long a link to a new password holds, in seconds.
pub const RESET_S: i64 = 3_600;
/// How long a link to a break-glass account holds, in seconds.
pub const BREAK_GLASS_S: i64 = 86_400;
/// Break-glass users of one organization.
pub const BREAK_GLASS_MAX: i64 = 3;

/// Memory of one hash, in KiB; rounds; lanes; bytes of salt and hash.
const MEMORY_KIB: u32 = 19_456;
const ROUNDS: u32 = 2;
const LANES: u32 = 1;
const SALT: usize = 16;
const HASH: usize = 32;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short.
    #[error("A password has at least {LENGTH_MIN} characters.")]
    Short,
    /// Too long.
    #[error("A password has at most {LENGTH_MAX} characters.")]
    Long,
    /// In a list of common ones, or made of one.
    #[error("This password is among the most common ones: choose another.")]
    Common,
    /// Her own address.
    #[error("A password is not made of your e-mail address.")]
    Own,
}

impl Weak {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Short => "too-short",
            Self::Long => "too-long",
            Self::Common => "too-common",
            Self::Own => "own-address",
        }
    }
}

/// Whether a password is taken for somebody with this address.
///
/// # Errors
/// [`Weak`], the reason.
pub fn check(password: &str, email: &str) -> Result<(), Weak> {
    let length = password.chars().count();
    if length < LENGTH_MIN {
        return Err(Weak::Short);
    }
    if length > LENGTH_MAX {
        return Err(Weak::Long);
    }
    if common::is_common(password) {
        return Err(Weak::Common);
    }
    let (password, email) = (password.to_lowercase(), email.to_lowercase());
    let local = email.split('@').next().unwrap_or_default();
    let rest = password.replace(&email, "");
    let rest = if local.is_empty() { rest } else { rest.replace(local, "") };
    let left = rest.chars().filter(|c| c.is_alphabetic()).count();
    if rest.len() < password.len() && left < LENGTH_MIN / 2 {
        return Err(Weak::Own);
    }
    Ok(())
}

/// The hash of a password under a salt of its own.
///
/// # Errors
/// What the algorithm refuses, which only a fault could cause.
pub fn hash(password: &str, rng: Rng) -> Result<String, argon2::Error> {
    let salt = rng.bytes::<SALT>();
    let params = Params::new(MEMORY_KIB, ROUNDS, LANES, Some(HASH))?;
    let digest = digest(password, &salt, params)?;
    let text = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
    let (salt, digest) = (text(&salt), text(&digest));
    Ok(format!("$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p={LANES}${salt}${digest}"))
}

/// Whether a password is the one behind a hash; false for a hash that cannot be read.
#[must_use]
pub fn matches(password: &str, kept: &str) -> bool {
    let Some((params, salt, expected)) = read(kept) else { return false };
    digest(password, &salt, params).is_ok_and(|found| bool::from(found.ct_eq(&expected)))
}

/// A hash that nobody's password has: checked where there is nobody, so that this takes as long.
pub const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                          AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn digest(password: &str, salt: &[u8], params: Params) -> Result<[u8; HASH], argon2::Error> {
    let mut out = [0; HASH];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), salt, &mut out)?;
    Ok(out)
}

fn read(kept: &str) -> Option<(Params, Vec<u8>, [u8; HASH])> {
    let mut parts = kept.strip_prefix("$argon2id$v=19$")?.split('$');
    let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    let mut costs = costs.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let (memory, rounds, lanes) = (cost("m=")?, cost("t=")?, cost("p=")?);
    let params = Params::new(memory, rounds, lanes, Some(HASH)).ok()?;
    let bytes = |text: &str| STANDARD_NO_PAD.decode(text).ok();
    Some((params, bytes(salt)?, bytes(hash)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_and_no_other() {
        let kept = hash("correct horse battery", Rng).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(matches("correct horse battery", &kept));
        assert!(!matches("correct horse batterz", &kept));
        assert_ne!(hash("correct horse battery", Rng).unwrap(), kept);
        for bad in ["", "$argon2id$v=19$m=1,t=2,p=1$AA$AA", "$2b$10$x", NOBODY] {
            assert!(!matches("", bad), "{bad}");
        }
        assert!(read(NOBODY).is_some(), "it is worked through");
    }

    #[test]
    fn a_password_is_neither_short_nor_long() {
        let of = |length: usize| "kq7xwv2zmp4h".chars().cycle().take(length).collect::<String>();
        assert_eq!(check(&of(LENGTH_MIN), "a@b.c"), Ok(()));
        assert_eq!(check(&of(LENGTH_MIN - 1), "a@b.c"), Err(Weak::Short));
        assert_eq!(check(&of(LENGTH_MAX), "a@b.c"), Ok(()));
        assert_eq!(check(&of(LENGTH_MAX + 1), "a@b.c"), Err(Weak::Long));
        // Characters count, not bytes.
        assert_eq!(check("äöüßéèçñøåæœ", "a@b.c"), Ok(()));
    }

    #[test]
    fn a_password_is_not_ones_own_address() {
        let check = |password| check(password, "ada.lovelace@example.com");
        assert_eq!(check("ada.lovelace@example.com"), Err(Weak::Own));
        assert_eq!(check("Ada.Lovelace2026!"), Err(Weak::Own));
        assert_eq!(check("ada.lovelace likes engines"), Ok(()));
    }
}
