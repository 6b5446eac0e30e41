//! Our own keys at a provider: to sign requests with, and to have assertions encrypted for.
//!
//! Each connection has its own, sealed together. While a key is replaced there are two of its use:
//! metadata shows both, the older signs until it is dropped, and both decrypt (G17, G34).

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// How long a certificate of ours lasts, in seconds: ten years, as providers pin it.
pub const LIFE_S: i64 = 10 * 365 * 24 * 3600;
/// Keys of one use that a connection may have: the present and the next.
pub const KEYS_MAX: usize = 2;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Our requests are signed with it.
    Signing,
    /// Assertions are encrypted for it.
    Encryption,
}

impl Use {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Encryption => "encryption",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Signing, Self::Encryption].into_iter().find(|one| one.as_str() == text)
    }
}

/// A key of ours with both halves: only ever within a seal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What it is for.
    pub used_for: Use,
    /// The certificate, as DER.
    pub certificate: Vec<u8>,
    /// The secret half, as PKCS #8.
    pub secret: Vec<u8>,
    /// When it was made, in microseconds.
    pub made_at: i64,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({}, ..)", self.used_for.as_str())
    }
}

/// Why a ring of keys stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// There are two already.
    Two,
    /// There is one only.
    One,
}

/// All keys of a connection, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// The keys.
    pub keys: Vec<Key>,
}

impl Ring {
    /// The keys of a use, the oldest first.
    pub fn of(&self, used_for: Use) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.used_for == used_for)
    }

    /// The key that signs.
    #[must_use]
    pub fn signing(&self) -> Option<&Key> {
        self.of(Use::Signing).next()
    }

    /// The secret halves that decrypt.
    #[must_use]
    pub fn decrypting(&self) -> Vec<Vec<u8>> {
        self.of(Use::Encryption).map(|key| key.secret.clone()).collect()
    }

    /// Adds the next key of its use.
    ///
    /// # Errors
    /// [`Unchanged::Two`] when there is a next one already.
    pub fn add(&mut self, key: Key) -> Result<(), Unchanged> {
        if self.of(key.used_for).count() >= KEYS_MAX {
            return Err(Unchanged::Two);
        }
        self.keys.push(key);
        Ok(())
    }

    /// Drops the older of two keys of a use.
    ///
    /// # Errors
    /// [`Unchanged::One`] when there is only one.
    pub fn drop_older(&mut self, used_for: Use) -> Result<(), Unchanged> {
        if self.of(used_for).count() < KEYS_MAX {
            return Err(Unchanged::One);
        }
        let at = self.keys.iter().position(|key| key.used_for == used_for);
        if let Some(at) = at {
            self.keys.remove(at);
        }
        Ok(())
    }

    /// When the key was made that is in use, for showing.
    #[must_use]
    pub fn made_at(&self, used_for: Use) -> Option<Timestamp> {
        self.of(used_for).next().map(|key| Timestamp(key.made_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(used_for: Use, made_at: i64) -> Key {
        Key {
            used_for,
            certificate: Vec::new(),
            secret: vec![u8::try_from(made_at).unwrap()],
            made_at,
        }
    }

    #[test]
    fn a_key_is_replaced_in_two_steps_and_both_decrypt_between_g17_g34() {
        let mut ring = Ring { keys: vec![key(Use::Signing, 1), key(Use::Encryption, 1)] };
        assert_eq!(ring.drop_older(Use::Encryption), Err(Unchanged::One));
        for used_for in [Use::Signing, Use::Encryption] {
            assert_eq!(ring.add(key(used_for, 2)), Ok(()));
            assert_eq!(ring.add(key(used_for, 3)), Err(Unchanged::Two));
        }
        assert_eq!(ring.signing().unwrap().made_at, 1);
        assert_eq!(ring.decrypting(), [[1], [2]]);
        ring.drop_older(Use::Signing).unwrap();
        ring.drop_older(Use::Encryption).unwrap();
        assert_eq!(ring.signing().unwrap().made_at, 2);
        assert_eq!(ring.decrypting(), [[2]]);
    }
}
