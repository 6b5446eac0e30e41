//! Raw settings: texts and where they came from, laid over one another.
//!
//! Later layers win: default, TOML file, environment, command line. Nothing is checked here but
//! that the sources can be read and name only settings that exist; unknown `PORTICO_*` variables
//! are kept for `doctor`, because other programs may share the prefix.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::refusal::{Refusal, Source};
use super::table::{CONFIG_VARIABLE, SETTINGS, Setting, Shows, VARIABLE_PREFIX, setting};

/// Bytes of a configuration file.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Bytes of a file that holds one secret.
pub const SECRET_FILE_BYTES_MAX: u64 = 64 << 10;

/// Values by setting name, as the command line gave them; `config` is the file's path.
pub type Flags = BTreeMap<String, String>;

/// The environment, as far as its names begin with ours.
pub type Environment = BTreeMap<String, OsString>;

/// One setting as `doctor` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: &'static str,
    /// Its value, as far as it may be shown; `(none)` where there is none.
    pub value: String,
    /// Where it came from.
    pub source: Source,
}

/// What one setting holds before it is checked.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) source: Source,
}

/// All settings before they are checked.
pub struct Raw {
    values: BTreeMap<&'static str, Text>,
    refusals: Vec<Refusal>,
    unknown_variables: Vec<String>,
}

impl Raw {
    /// Lays the sources over one another. What cannot be read is kept as a refusal, so that
    /// `doctor` can show the rest.
    #[must_use]
    pub fn gather(flags: &Flags, environment: &Environment) -> Self {
        let mut raw = Self {
            values: BTreeMap::new(),
            refusals: Vec::new(),
            unknown_variables: unknown_variables(environment),
        };
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                raw.set(setting, default.to_owned(), Source::Default);
            }
        }
        let named = environment.get(CONFIG_VARIABLE).filter(|path| !path.is_empty());
        if let Some(path) = flags.get("config").map(PathBuf::from).or(named.map(PathBuf::from)) {
            raw.add_file(&path);
        }
        for setting in SETTINGS {
            raw.add_variables(setting, environment);
        }
        raw.add_flags(flags);
        raw
    }

    /// Why sources could not be read.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// Variables that begin as ours do and are none of ours.
    #[must_use]
    pub fn unknown_variables(&self) -> &[String] {
        &self.unknown_variables
    }

    /// Every setting with its source, secrets left out.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        SETTINGS
            .iter()
            .map(|setting| match self.values.get(setting.name) {
                Some(Text { text, source }) => Shown {
                    name: setting.name,
                    value: show(setting.shows, text),
                    source: source.clone(),
                },
                None => Shown {
                    name: setting.name,
                    value: "(none)".to_owned(),
                    source: Source::Default,
                },
            })
            .collect()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Text> {
        self.values.get(name)
    }

    fn set(&mut self, setting: &Setting, text: String, source: Source) {
        self.values.insert(setting.name, Text { text, source });
    }

    fn refuse(&mut self, place: impl std::fmt::Display, wrong: impl Into<String>, remedy: &str) {
        self.refusals.push(Refusal::at(place, wrong, remedy));
    }

    fn add_file(&mut self, path: &Path) {
        let place = path.display();
        let text = match read(path, FILE_BYTES_MAX) {
            Ok(text) => text,
            Err(wrong) => return self.refuse(place, wrong, "name a TOML file by --config"),
        };
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
                let wrong = format!("line {line} is not TOML ({})", one_line(error.message()));
                return self.refuse(place, wrong, "correct it");
            }
        };
        for (key, value) in table {
            let Some(setting) = setting(&key) else {
                let wrong = format!("{key:?} is not a setting");
                self.refuse(&place, wrong, "remove it, or see `portico --help` for its name");
                continue;
            };
            match plain(&value) {
                Some(text) => self.set(setting, text, Source::File(path.to_owned())),
                None => self.refuse(
                    format!("{key} ({place})"),
                    format!("a {} cannot be a setting", value.type_str()),
                    "give a string, a number, true, false or a list of strings",
                ),
            }
        }
    }

    fn add_variables(&mut self, setting: &Setting, environment: &Environment) {
        let variable = setting.variable();
        // An empty variable counts as none: that is how compose files leave one out.
        let value = environment.get(&variable).filter(|value| !value.is_empty());
        let file = setting
            .file_variable()
            .and_then(|name| Some((environment.get(&name).filter(|path| !path.is_empty())?, name)));
        match (value, file) {
            (Some(_), Some((_, name))) => {
                self.refuse(name, format!("{variable} is set too"), "set one of the two");
            }
            (Some(value), None) => match value.to_str() {
                Some(text) => self.set(setting, text.to_owned(), Source::Environment(variable)),
                None => self.refuse(variable, "the value is not UTF-8", "set it anew"),
            },
            (None, Some((path, name))) => match read(Path::new(path), SECRET_FILE_BYTES_MAX) {
                Ok(text) => {
                    let text = text.trim_end_matches(['\r', '\n']).to_owned();
                    self.set(setting, text, Source::SecretFile(name, PathBuf::from(path)));
                }
                Err(wrong) => {
                    let place = format!("{name} {}", Path::new(path).display());
                    self.refuse(place, wrong, "name a readable file");
                }
            },
            (None, None) => {}
        }
    }

    fn add_flags(&mut self, flags: &Flags) {
        for (name, text) in flags.iter().filter(|(name, _)| *name != "config") {
            match setting(name) {
                Some(setting) => {
                    self.set(setting, text.clone(), Source::CommandLine(setting.flag.to_owned()));
                }
                None => self.refuse(format!("--{name}"), "there is no such setting", "remove it"),
            }
        }
    }
}

fn unknown_variables(environment: &Environment) -> Vec<String> {
    let known = |name: &String| {
        name == CONFIG_VARIABLE
            || SETTINGS.iter().any(|setting| {
                setting.variable() == *name || setting.file_variable().as_ref() == Some(name)
            })
    };
    environment
        .keys()
        .filter(|name| name.starts_with(VARIABLE_PREFIX) && !known(name))
        .cloned()
        .collect()
}

fn show(shows: Shows, text: &str) -> String {
    let hidden = || "(set)".to_owned();
    match shows {
        Shows::Whole => one_line(text),
        Shows::Presence => hidden(),
        Shows::Address if text.starts_with("sqlite:") => one_line(text),
        Shows::Address => url::Url::parse(text).map_or_else(
            |_| hidden(),
            |mut url| {
                url.set_query(None);
                url.set_fragment(None);
                // A URL that cannot hold a password has none to leave out.
                let _ = url.set_password(None);
                url.to_string()
            },
        ),
    }
}

fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

/// The text of a TOML value; lists are joined by commas.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<_>> =
                items.iter().map(|item| plain(item).filter(|_| !item.is_array())).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    }
}

/// Reads a small UTF-8 file; the error says what is wrong with it.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<String, String> {
    let file = File::open(path).map_err(|error| format!("it cannot be read ({error})"))?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read ({error})"))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > bytes_max) {
        return Err(format!("it is larger than {bytes_max} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

#[cfg(test)]
#[path = "raw_tests.rs"]
mod tests;
