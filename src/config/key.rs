//! Keys that seal secrets at rest: given ones, or one made once beside the SQLite file.
//!
//! The first key seals, all open, so that a key is changed by putting a new one in front and
//! sealing anew. How sealing works is not known here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretBox};

use super::raw::{SECRET_FILE_BYTES_MAX, read};
use super::refusal::{Fault, Refusal, Source};
use super::{Database, Settings};
use crate::domain::secret::hex;
use crate::domain::time::Rng;

/// Name of the file with the key, beside the SQLite file.
pub const KEY_FILE: &str = "portico.key";

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Keys in use at once; more than one only while secrets are sealed anew.
pub const KEYS_MAX: usize = 16;

/// One key, never shown.
#[derive(Clone, Debug)]
pub struct SecretKey(Arc<SecretBox<[u8; KEY_BYTES]>>);

impl SecretKey {
    /// Its bytes, for the cipher alone.
    #[must_use]
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }
}

/// All keys: the first seals, all open.
#[derive(Clone, Debug)]
pub struct SecretKeys {
    first: SecretKey,
    older: Vec<SecretKey>,
}

impl SecretKeys {
    /// The key that seals.
    #[must_use]
    pub fn sealing(&self) -> &SecretKey {
        &self.first
    }

    /// The keys that open, the sealing one first.
    pub fn opening(&self) -> impl Iterator<Item = &SecretKey> {
        std::iter::once(&self.first).chain(&self.older)
    }

    /// Reads one key or a comma list of them.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let remedy = "give what `openssl rand -base64 32` prints; several are parted by commas";
        let mut keys = text.split(',').map(|part| {
            let bytes = STANDARD.decode(part.trim()).ok()?;
            let bytes: [u8; KEY_BYTES] = bytes.try_into().ok()?;
            Some(SecretKey(Arc::new(SecretBox::new(Box::new(bytes)))))
        });
        let wrong = || Fault::new("a key is not the base64 of 32 bytes", remedy);
        let first = keys.next().flatten().ok_or_else(wrong)?;
        let older = keys.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
        if older.len() >= KEYS_MAX {
            let wrong = format!("there are more than {KEYS_MAX} keys");
            return Err(Fault::new(wrong, "run `portico rekey`, then drop the old ones"));
        }
        Ok(Self { first, older })
    }
}

impl Settings {
    /// The keys that were given, or with SQLite the one from [`KEY_FILE`], which is made at the
    /// first call.
    ///
    /// # Errors
    /// A [`Refusal`] when the file cannot be read or made, is open to others or holds no key.
    pub fn secret_keys(&self, rng: Rng) -> Result<SecretKeys, Refusal> {
        if let Some(keys) = &self.given_keys {
            return Ok(keys.clone());
        }
        let Some(path) = self.key_file() else {
            return Err(Refusal::of("secret_key", &Source::Default, key_missing()));
        };
        make_once(&path, rng).map_err(|error| {
            let wrong = format!("the key cannot be kept there ({error})");
            Refusal::at(path.display(), wrong, "make the folder writable or set PORTICO_SECRET_KEY")
        })?;
        read_key(&path)
    }

    /// Where the key is kept when none is given; `None` with PostgreSQL.
    #[must_use]
    pub fn key_file(&self) -> Option<PathBuf> {
        match &self.database {
            Database::Sqlite(file) => Some(file.with_file_name(KEY_FILE)),
            Database::Postgres(_) => None,
        }
    }
}

/// With PostgreSQL there is no file beside which a key could be kept.
pub(super) fn key_missing() -> Fault {
    let remedy = "set PORTICO_SECRET_KEY to what `openssl rand -base64 32` prints";
    Fault::new("with PostgreSQL a key must be given", remedy)
}

fn read_key(path: &Path) -> Result<SecretKeys, Refusal> {
    let refuse = |wrong: String, remedy| Err(Refusal::at(path.display(), wrong, remedy));
    let mode = fs::metadata(path).map(|about| about.permissions().mode());
    match mode {
        Ok(mode) if mode & 0o077 != 0 => {
            let wrong = format!("others may read it (mode {:03o})", mode & 0o777);
            return refuse(wrong, "run `chmod 600` on it");
        }
        Ok(_) => {}
        Err(error) => return refuse(format!("it cannot be read ({error})"), "make it readable"),
    }
    match read(path, SECRET_FILE_BYTES_MAX) {
        Ok(text) => SecretKeys::parse(&text)
            .or_else(|fault| refuse(fault.wrong, "put the right key back: it opens our secrets")),
        Err(wrong) => refuse(wrong, "make it readable"),
    }
}

/// Makes the file with a new key unless it is there. It appears whole or not at all, and of two
/// that make it at once one wins and the other takes the winner's.
fn make_once(path: &Path, rng: Rng) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    let draft = path.with_file_name(format!("{KEY_FILE}.{}", hex(&rng.bytes::<8>())));
    let made = write_draft(&draft, rng).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    removed?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn write_draft(draft: &Path, rng: Rng) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    writeln!(file, "{}", STANDARD.encode(rng.bytes::<KEY_BYTES>()))?;
    file.sync_all()
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
