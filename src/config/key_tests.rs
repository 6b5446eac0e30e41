//! Tests of keys: their text form, and the file that is made once.

use std::path::PathBuf;

use super::super::{Environment, Flags};
use super::*;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("portico-key-{}", hex(&Rng.bytes::<8>()));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn settings(&self) -> Settings {
        let url = format!("sqlite://{}", self.0.join("portico.db").display());
        let flags = Flags::from([("database_url".to_owned(), url)]);
        Settings::load(&flags, &Environment::new()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn key(byte: u8) -> String {
    STANDARD.encode([byte; KEY_BYTES])
}

#[test]
fn the_first_key_seals_and_all_open() {
    let keys = SecretKeys::parse(&format!("{}, {}\n", key(1), key(2))).unwrap();
    assert_eq!(keys.sealing().bytes(), &[1; KEY_BYTES]);
    let opening: Vec<_> = keys.opening().map(|key| key.bytes()[0]).collect();
    assert_eq!(opening, [1, 2]);
}

#[test]
fn a_key_is_the_base64_of_32_bytes_and_never_shown() {
    for bytes in [0, 31, 33] {
        let text = STANDARD.encode(vec![7; bytes]);
        let fault = SecretKeys::parse(&text).unwrap_err();
        assert_eq!(fault.wrong, "a key is not the base64 of 32 bytes");
    }
    assert!(SecretKeys::parse(&format!("{},", key(1))).is_err());
    let shown = format!("{:?}", SecretKeys::parse(&key(7)).unwrap());
    assert!(shown.contains("REDACTED") && !shown.contains("7, 7"));
}

#[test]
fn there_are_16_keys_at_most() {
    let list = |count| vec![key(1); count].join(",");
    assert!(SecretKeys::parse(&list(KEYS_MAX)).is_ok());
    assert!(SecretKeys::parse(&list(KEYS_MAX + 1)).is_err());
}

#[test]
fn a_missing_key_is_made_once_and_only_its_owner_may_read_it() {
    let folder = Folder::new();
    let settings = folder.settings();
    let made = settings.secret_keys(Rng).unwrap();
    let again = settings.secret_keys(Rng).unwrap();
    assert_eq!(made.sealing().bytes(), again.sealing().bytes());
    let mode = fs::metadata(folder.0.join(KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(folder.files(), [KEY_FILE]);
}

#[test]
fn many_that_make_the_key_at_once_share_one() {
    let folder = Folder::new();
    let settings = folder.settings();
    let keys: Vec<[u8; KEY_BYTES]> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| *settings.secret_keys(Rng).unwrap().sealing().bytes()))
            .collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| key == &keys[0]));
    assert_eq!(folder.files(), [KEY_FILE]);
}

#[test]
fn a_key_file_that_others_may_read_or_that_holds_no_key_is_refused() {
    let folder = Folder::new();
    let settings = folder.settings();
    let path = folder.0.join(KEY_FILE);
    fs::write(&path, key(1)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = settings.secret_keys(Rng).unwrap_err().to_string();
    assert!(refused.contains("others may read it (mode 640); run `chmod 600`"), "{refused}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(settings.secret_keys(Rng).is_ok());
    fs::write(&path, "").unwrap();
    let refused = settings.secret_keys(Rng).unwrap_err().to_string();
    assert!(refused.contains("put the right key back"), "{refused}");
    // What was there is never replaced.
    assert_eq!(fs::read_to_string(&path).unwrap(), "");
}

#[test]
fn a_folder_that_is_missing_is_a_refusal() {
    let flags =
        Flags::from([("database_url".to_owned(), "sqlite:///nowhere/at/all.db".to_owned())]);
    let settings = Settings::load(&flags, &Environment::new()).unwrap();
    let refused = settings.secret_keys(Rng).unwrap_err().to_string();
    assert!(refused.starts_with("/nowhere/at/portico.key: the key cannot be kept there"));
}

#[test]
fn a_given_key_needs_no_file() {
    let folder = Folder::new();
    let mut settings = folder.settings();
    settings.given_keys = Some(SecretKeys::parse(&key(3)).unwrap());
    assert_eq!(settings.secret_keys(Rng).unwrap().sealing().bytes(), &[3; KEY_BYTES]);
    assert_eq!(folder.files(), [""; 0]);
}
