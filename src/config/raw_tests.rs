//! Tests of the layers. Nothing here reads the real environment.

use std::path::PathBuf;

use super::*;
use crate::domain::secret::hex;
use crate::domain::time::Rng;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect()
}

fn flags(pairs: &[(&str, &str)]) -> Flags {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A file of its own in the temporary folder, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let name = format!("portico-raw-{}", hex(&Rng.bytes::<8>()));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

fn refusals(raw: &Raw) -> Vec<String> {
    raw.refusals().iter().map(ToString::to_string).collect()
}

#[test]
fn without_any_source_the_defaults_hold() {
    let raw = Raw::gather(&Flags::new(), &Environment::new());
    let listen = raw.get("listen").unwrap();
    assert_eq!((listen.text.as_str(), &listen.source), ("127.0.0.1:8080", &Source::Default));
    assert!(raw.get("operator_token").is_none());
    assert_eq!(refusals(&raw), [""; 0]);
}

#[test]
fn later_layers_win_over_earlier_ones() {
    let file = Scratch::new(
        "listen = '127.0.0.1:1'\nplatform = 'from-file'\nlog = 'debug'\nlog_format = 'json'",
    );
    let environment = environment(&[
        ("PORTICO_CONFIG", file.text()),
        ("PORTICO_LISTEN", "127.0.0.1:2"),
        ("PORTICO_LOG", "warn"),
    ]);
    let raw = Raw::gather(&flags(&[("listen", "127.0.0.1:3")]), &environment);
    let seen = |name| raw.get(name).map(|text| (text.text.clone(), text.source.to_string()));
    assert_eq!(seen("listen"), Some(("127.0.0.1:3".into(), "--listen".into())));
    assert_eq!(seen("log"), Some(("warn".into(), "PORTICO_LOG".into())));
    assert_eq!(seen("platform"), Some(("from-file".into(), file.text().into())));
    assert_eq!(seen("retention").map(|(_, source)| source), Some("default".into()));
    assert_eq!(refusals(&raw), [""; 0]);
}

#[test]
fn the_flag_wins_over_the_variable_that_names_the_file() {
    let file = Scratch::new("log = 'debug'");
    let raw = Raw::gather(
        &flags(&[("config", file.text())]),
        &environment(&[("PORTICO_CONFIG", "/nowhere/at/all")]),
    );
    assert_eq!(raw.get("log").unwrap().text, "debug");
    assert_eq!(refusals(&raw), [""; 0]);
}

#[test]
fn a_file_may_hold_numbers_flags_and_lists() {
    let file = Scratch::new(
        "database_connections = 4\nallow_private_networks = true\n\
         trusted_proxies = ['10.0.0.0/8', 'fd00::/8']\nscim_rate_limit = [20, 100]",
    );
    let raw = Raw::gather(&flags(&[("config", file.text())]), &Environment::new());
    let text = |name| raw.get(name).unwrap().text.clone();
    assert_eq!(text("database_connections"), "4");
    assert_eq!(text("allow_private_networks"), "true");
    assert_eq!(text("trusted_proxies"), "10.0.0.0/8,fd00::/8");
    assert_eq!(text("scim_rate_limit"), "20,100");
}

#[test]
fn an_unknown_key_a_table_and_broken_toml_are_refused() {
    let file = Scratch::new("lisen = '127.0.0.1:1'\n[log]\nlevel = 'info'");
    let raw = Raw::gather(&flags(&[("config", file.text())]), &Environment::new());
    let path = file.text();
    assert_eq!(
        refusals(&raw),
        [
            format!(
                "{path}: \"lisen\" is not a setting; \
                 remove it, or see `portico --help` for its name"
            ),
            format!(
                "log ({path}): a table cannot be a setting; \
                 give a string, a number, true, false or a list of strings"
            ),
        ]
    );
    let broken = Scratch::new("listen = '127.0.0.1:1'\nlog = info\n");
    let raw = Raw::gather(&flags(&[("config", broken.text())]), &Environment::new());
    let refused = refusals(&raw);
    assert_eq!(refused.len(), 1);
    assert!(refused[0].starts_with(&format!("{}: line 2 is not TOML", broken.text())));
    assert!(!refused[0].contains('\n'));
}

#[test]
fn a_missing_or_too_large_file_is_refused_and_the_largest_is_read() {
    let raw = Raw::gather(&flags(&[("config", "/nowhere/at/all")]), &Environment::new());
    assert!(refusals(&raw)[0].starts_with("/nowhere/at/all: it cannot be read"));
    let largest = " ".repeat(usize::try_from(FILE_BYTES_MAX).unwrap());
    let file = Scratch::new(&largest);
    let raw = Raw::gather(&flags(&[("config", file.text())]), &Environment::new());
    assert_eq!(refusals(&raw), [""; 0]);
    let file = Scratch::new(largest + " ");
    let raw = Raw::gather(&flags(&[("config", file.text())]), &Environment::new());
    assert!(refusals(&raw)[0].contains("larger than 1048576 bytes"));
}

#[test]
fn a_secret_comes_from_a_file_without_its_line_end() {
    let file = Scratch::new("0123456789abcdef0123456789abcdef\n");
    let variables = [("PORTICO_OPERATOR_TOKEN_FILE", file.text())];
    let raw = Raw::gather(&Flags::new(), &environment(&variables));
    let token = raw.get("operator_token").unwrap();
    assert_eq!(token.text, "0123456789abcdef0123456789abcdef");
    assert_eq!(token.source.to_string(), format!("PORTICO_OPERATOR_TOKEN_FILE {}", file.text()));
}

#[test]
fn a_secret_file_is_refused_beyond_its_largest_size() {
    let largest = usize::try_from(SECRET_FILE_BYTES_MAX).unwrap();
    for (size, refused) in [(largest, false), (largest + 1, true)] {
        let file = Scratch::new("x".repeat(size));
        let variables = [("PORTICO_SECRET_KEY_FILE", file.text())];
        let raw = Raw::gather(&Flags::new(), &environment(&variables));
        assert_eq!(raw.refusals().is_empty(), !refused, "{size}");
    }
}

#[test]
fn a_secret_given_twice_or_not_in_utf_8_is_refused() {
    let variables = [("PORTICO_OPERATOR_TOKEN", "x"), ("PORTICO_OPERATOR_TOKEN_FILE", "/y")];
    let raw = Raw::gather(&Flags::new(), &environment(&variables));
    assert_eq!(
        refusals(&raw),
        ["PORTICO_OPERATOR_TOKEN_FILE: PORTICO_OPERATOR_TOKEN is set too; set one of the two"]
    );
    let bytes = std::os::unix::ffi::OsStringExt::from_vec(vec![b'x', 0xff]);
    let raw = Raw::gather(&Flags::new(), &[("PORTICO_LOG".to_owned(), bytes)].into());
    assert_eq!(refusals(&raw), ["PORTICO_LOG: the value is not UTF-8; set it anew"]);
}

#[test]
fn an_empty_variable_counts_as_none() {
    let raw = Raw::gather(&Flags::new(), &environment(&[("PORTICO_ADMIN_LISTEN", "")]));
    assert!(raw.get("admin_listen").is_none());
    assert_eq!(refusals(&raw), [""; 0]);
}

#[test]
fn an_unknown_variable_is_kept_for_doctor_and_an_unknown_flag_is_refused() {
    let variables = [("PORTICO_LISTEN_FILE", "x"), ("PORTICO_LOG", "info"), ("OTHER", "y")];
    let raw = Raw::gather(&flags(&[("lisen", "x")]), &environment(&variables));
    assert_eq!(raw.unknown_variables(), ["PORTICO_LISTEN_FILE"]);
    assert_eq!(refusals(&raw), ["--lisen: there is no such setting; remove it"]);
}

#[test]
fn secrets_are_shown_as_set_and_database_urls_without_their_password() {
    let raw = Raw::gather(
        &flags(&[
            ("operator_token", "0123456789abcdef0123456789abcdef"),
            ("database_url", "postgres://portico:hunter2@db:5432/portico?password=hunter3"),
        ]),
        &Environment::new(),
    );
    let shown = raw.shown();
    let value = |name| &shown.iter().find(|shown| shown.name == name).unwrap().value;
    assert_eq!(value("operator_token"), "(set)");
    assert_eq!(value("database_url"), "postgres://portico@db:5432/portico");
    assert_eq!(value("secret_key"), "(none)");
    assert_eq!(shown.len(), SETTINGS.len());
    assert_eq!(show(Shows::Address, "not a url: hunter2"), "(set)");
}
