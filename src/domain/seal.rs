//! Sealing: secrets that we must be able to read again, encrypted at rest.
//!
//! AES-256-GCM-SIV with a random nonce. A sealed value is bound to its table, row and organization:
//! moved to another place it does not open. The first key seals, all keys open, so that a key is
//! replaced by putting a new one in front and sealing anew. A keyed digest ([`Seal::mark`]) lets
//! us recognise a text that must not be kept readable.

use std::sync::OnceLock;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::id::OrganizationId;
use super::sealed::Column;
use super::time::Rng;

/// The first byte of a sealed value: how it is laid out.
const LAYOUT: u8 = 1;
/// Bytes of a nonce.
const NONCE_BYTES: usize = 12;
/// Parts the key of the digests from the key that seals.
const MARK_LABEL: &[u8] = b"portico mark 1";
/// The row of the check value: there is one installation in a database.
const INSTALLATION: Uuid = Uuid::nil();
/// Former keys whose digests are still known.
const FORMER_MAX: usize = 16;
/// What the check value says once opened, before what former keys marked by.
const CHECK: &[u8] = b"portico installation";

/// Where a sealed value stands: it opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The column.
    pub column: Column,
    /// The id of the row.
    pub row: Uuid,
    /// Whose row it is.
    pub organization: OrganizationId,
}

/// Why a value was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no key.
    #[error("there is no secret_key")]
    NoKey,
    /// No key opens it here: another installation's key, another place, or a torn value.
    #[error("no secret_key opens this value")]
    Closed,
    /// The cipher refused the value: it is beyond all size.
    #[error("the value cannot be sealed")]
    Unsealable,
}

/// The keys of an installation.
pub struct Seal {
    keys: Vec<Key>,
    /// What former keys marked by: digests cannot be made anew, so this outlives their keys.
    former: OnceLock<Vec<[u8; 32]>>,
}

struct Key {
    cipher: Aes256GcmSiv,
    mark: [u8; 32],
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seal({} keys)", self.keys.len())
    }
}

impl Seal {
    /// Takes the keys: the first seals, all open.
    #[must_use]
    pub fn new(keys: Vec<[u8; 32]>) -> Self {
        let keys = keys
            .iter()
            .map(|key| Key {
                cipher: Aes256GcmSiv::new(key.into()),
                mark: digest(key, MARK_LABEL, b""),
            })
            .collect();
        Self { keys, former: OnceLock::new() }
    }

    /// Seals a value for its place.
    ///
    /// # Errors
    /// [`SealError::NoKey`] without a key.
    pub fn seal(&self, rng: Rng, place: Place, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.keys.first().ok_or(SealError::NoKey)?;
        let nonce = rng.bytes::<NONCE_BYTES>();
        let bound = place.bound();
        let body = key
            .cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &bound })
            .map_err(|_| SealError::Unsealable)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + body.len());
        sealed.push(LAYOUT);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens a value at its place, with whichever key sealed it.
    ///
    /// # Errors
    /// [`SealError::Closed`] when no key opens it there.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        self.opened(place, sealed).map(|(_, plain)| plain).ok_or(SealError::Closed)
    }

    /// Whether the first key sealed this value, so that it need not be sealed anew.
    #[must_use]
    pub fn is_current(&self, place: Place, sealed: &[u8]) -> bool {
        matches!(self.opened(place, sealed), Some((0, _)))
    }

    fn opened(&self, place: Place, sealed: &[u8]) -> Option<(usize, Vec<u8>)> {
        let (&layout, rest) = sealed.split_first()?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>()?;
        if layout != LAYOUT {
            return None;
        }
        let bound = place.bound();
        self.keys.iter().enumerate().find_map(|(at, key)| {
            let payload = Payload { msg: body, aad: &bound };
            key.cipher.decrypt(&Nonce::from(*nonce), payload).ok().map(|plain| (at, plain))
        })
    }

    /// A keyed digest of a text of a kind, by the first key: for keeping.
    ///
    /// # Errors
    /// [`SealError::NoKey`] without a key.
    pub fn mark(&self, kind: &str, text: &str) -> Result<[u8; 32], SealError> {
        self.marks(kind, text).into_iter().next().ok_or(SealError::NoKey)
    }

    /// The digests of a text by every key: for finding what an older key marked.
    #[must_use]
    pub fn marks(&self, kind: &str, text: &str) -> Vec<[u8; 32]> {
        let own = self.keys.iter().map(|key| &key.mark);
        let former = self.former.get().into_iter().flatten();
        own.chain(former).map(|key| digest(key, kind.as_bytes(), text.as_bytes())).collect()
    }

    /// A value that a later start opens, to find a wrong key before it does harm. It carries what
    /// other keys than the first marked by, for when they are dropped.
    ///
    /// # Errors
    /// [`SealError::NoKey`] without a key.
    pub fn check(&self, rng: Rng) -> Result<Vec<u8>, SealError> {
        let others = self.keys.iter().skip(1).map(|key| key.mark);
        let former = self.former.get().into_iter().flatten().copied();
        let mut plain = CHECK.to_vec();
        let mut carried: Vec<[u8; 32]> = Vec::new();
        for mark in others.chain(former) {
            if !carried.contains(&mark) && carried.len() < FORMER_MAX {
                plain.extend_from_slice(&mark);
                carried.push(mark);
            }
        }
        self.seal(rng, Place::installation(), &plain)
    }

    /// Whether a key is among those of the installation that made this check value; what former
    /// keys marked by is known from then on.
    #[must_use]
    pub fn fits(&self, check: &[u8]) -> bool {
        let Ok(plain) = self.open(Place::installation(), check) else { return false };
        let Some(carried) = plain.strip_prefix(CHECK) else { return false };
        let (former, rest) = carried.as_chunks::<32>();
        let new = |mark: &&[u8; 32]| self.keys.iter().all(|key| key.mark != **mark);
        // The first call counts: a key that is dropped is dropped before the start.
        self.former.get_or_init(|| former.iter().filter(new).copied().collect());
        rest.is_empty()
    }
}

impl Place {
    /// The place of the check value.
    #[must_use]
    pub const fn installation() -> Self {
        Self {
            column: Column::Installation,
            row: INSTALLATION,
            organization: OrganizationId(INSTALLATION),
        }
    }

    /// The place as associated data: no two places have the same bytes.
    fn bound(self) -> Vec<u8> {
        let mut bound = self.column.as_str().as_bytes().to_vec();
        bound.push(0);
        bound.extend_from_slice(self.row.as_bytes());
        bound.extend_from_slice(self.organization.0.as_bytes());
        bound
    }
}

/// HMAC-SHA-256 over a labelled text; the length keeps label and text apart.
fn digest(key: &[u8; 32], label: &[u8], text: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else {
        // HMAC takes keys of any length.
        return [0; 32];
    };
    mac.update(&(label.len() as u64).to_be_bytes());
    mac.update(label);
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn place() -> Place {
        let row = Uuid::from_u128(7);
        let organization = OrganizationId(Uuid::from_u128(8));
        Place { column: Column::ConnectionSecret, row, organization }
    }

    #[test]
    fn a_sealed_value_opens_at_its_own_place_only() {
        let seal = Seal::new(vec![NEW]);
        let sealed = seal.seal(Rng, place(), b"secret").unwrap();
        assert_eq!(seal.open(place(), &sealed).unwrap(), b"secret");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let elsewhere = [
            Place { column: Column::LoginVerifier, ..place() },
            Place { row: Uuid::from_u128(9), ..place() },
            Place { organization: OrganizationId(Uuid::from_u128(9)), ..place() },
        ];
        for other in elsewhere {
            assert_eq!(seal.open(other, &sealed), Err(SealError::Closed), "{other:?}");
        }
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let seal = Seal::new(vec![NEW]);
        let sealed = seal.seal(Rng, place(), b"").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal.open(place(), &changed), Err(SealError::Closed), "byte {at}");
            assert_eq!(seal.open(place(), &sealed[..at]), Err(SealError::Closed), "cut {at}");
        }
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let old = Seal::new(vec![OLD]).seal(Rng, place(), b"secret").unwrap();
        let both = Seal::new(vec![NEW, OLD]);
        assert_eq!(both.open(place(), &old).unwrap(), b"secret");
        assert!(!both.is_current(place(), &old));
        let new = both.seal(Rng, place(), b"secret").unwrap();
        assert!(both.is_current(place(), &new));
        assert_eq!(Seal::new(vec![OLD]).open(place(), &new), Err(SealError::Closed));
        assert_eq!(Seal::new(vec![]).seal(Rng, place(), b""), Err(SealError::NoKey));
    }

    #[test]
    fn a_mark_depends_on_key_kind_and_text() {
        let seal = Seal::new(vec![NEW, OLD]);
        let mark = seal.mark("identity", "ada").unwrap();
        assert_eq!(seal.marks("identity", "ada").first(), Some(&mark));
        assert_ne!(seal.mark("identity", "grace").unwrap(), mark);
        assert_ne!(seal.mark("login", "ada").unwrap(), mark);
        assert_ne!(seal.mark("identit", "yada").unwrap(), mark);
        let older = Seal::new(vec![OLD]).mark("identity", "ada").unwrap();
        assert!(seal.marks("identity", "ada").contains(&older));
    }

    #[test]
    fn a_check_value_tells_a_wrong_key() {
        let check = Seal::new(vec![OLD]).check(Rng).unwrap();
        assert!(Seal::new(vec![NEW, OLD]).fits(&check));
        assert!(!Seal::new(vec![NEW]).fits(&check));
    }

    #[test]
    fn what_a_former_key_marked_is_found_when_the_key_is_gone() {
        let marked = Seal::new(vec![OLD]).mark("identity", "ada").unwrap();
        let check = Seal::new(vec![NEW, OLD]).check(Rng).unwrap();
        let seal = Seal::new(vec![NEW]);
        assert!(!seal.marks("identity", "ada").contains(&marked));
        assert!(seal.fits(&check));
        assert!(seal.marks("identity", "ada").contains(&marked));
        assert_ne!(seal.mark("identity", "ada").unwrap(), marked);
        let third = Seal::new(vec![[3; 32], NEW]);
        assert!(third.fits(&check));
        let check = third.check(Rng).unwrap();
        let last = Seal::new(vec![[3; 32]]);
        assert!(last.fits(&check));
        assert_eq!(last.marks("identity", "ada").len(), 3);
        assert!(last.marks("identity", "ada").contains(&marked));
    }
}
