//! Raw to checked: every key of a definition is looked up, every mistake is noted.

use std::collections::HashMap;

use toml::de::DeTable;

use super::mistake::{Mistake, Mistakes, nearest};
use super::raw::{self, RawDefinition, RawKind};
use super::read::{Fields, Word};
use super::{
    Column, Definition, Keys, KindIndex, Level, LoginType, ORGANIZATION, On, ResourceKind, Tabs,
    UserRules, permissions, roles,
};

/// A definition file has at most this many bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// A definition has at most this many resource kinds.
pub const KINDS_MAX: usize = 32;
/// A definition has at most this many licence levels.
pub const LEVELS_MAX: usize = 32;
const KEY_LEN_MAX: usize = 64;
const DAY_S: i64 = 86_400;

pub(super) fn parse(text: &str, origin: &str) -> Result<Definition, Vec<Mistake>> {
    let mut log = Mistakes::new(origin, text);
    if text.len() > FILE_BYTES_MAX {
        log.note(&(0..0), "", format!("is longer than {FILE_BYTES_MAX} bytes"));
        return Err(log.into_sorted());
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        log.note(&error.span().unwrap_or_default(), "", error.message());
    }
    if !log.is_empty() {
        // What a broken text means is a guess, so nothing else is said of it.
        return Err(log.into_sorted());
    }
    let raw = raw::read(Fields::new(table.get_ref(), 0..0, String::new()), &mut log);
    let definition = checked(&raw, &mut log);
    if log.is_empty() { Ok(definition) } else { Err(log.into_sorted()) }
}

fn checked(raw: &RawDefinition, log: &mut Mistakes<'_>) -> Definition {
    plain_key(&raw.name, log);
    let levels = levels(raw, log);
    for product in &raw.products {
        plain_key(product, log);
    }
    let (mut kinds, kind_keys) = kinds(&raw.kinds, log);
    let catalogue = permissions::check(raw, &kind_keys, log);
    views(&raw.kinds, &mut kinds, &catalogue, log);
    let (roles, role_keys) = roles::check(raw, &catalogue, &kind_keys, log);
    let members = raw.members_label.as_ref().map_or("Users", Word::as_str);
    let keys = Keys { kinds: kind_keys, permissions: catalogue.keys.into_map(), roles: role_keys };
    Definition {
        name: raw.name.text.clone(),
        label: raw.label.as_ref().unwrap_or(&raw.name).text.clone(),
        claims_namespace: raw.claims_namespace.as_ref().map(|word| word.text.clone()),
        tabs: Tabs {
            members: members.to_owned(),
            partners: raw.partners_label.as_ref().map(|word| word.text.clone()),
        },
        products: texts(&raw.products),
        users: user_rules(raw, log),
        invite_life_s: i64::from(raw.invite_life_days) * DAY_S,
        levels,
        licence_retention_s: i64::from(raw.retention_days) * DAY_S,
        kinds,
        permissions: catalogue.permissions,
        roles,
        actions: catalogue.actions,
        identity: catalogue.identity,
        keys,
    }
}

fn levels(raw: &RawDefinition, log: &mut Mistakes<'_>) -> Vec<Level> {
    keyed(raw.levels.iter().map(|level| &level.key), "licence level", log);
    if let Some(first_over) = raw.levels.get(LEVELS_MAX) {
        let span = &first_over.key.span;
        log.note(span, &first_over.key.key, format!("is past the {LEVELS_MAX} levels allowed"));
    }
    raw.levels
        .iter()
        .map(|level| {
            plain_key(&level.key, log);
            Level { key: level.key.text.clone(), label: level.label.text.clone() }
        })
        .collect()
}

fn user_rules(raw: &RawDefinition, log: &mut Mistakes<'_>) -> UserRules {
    let offered = raw.users.login_types.as_ref();
    if offered.is_some_and(Vec::is_empty) {
        log.note(&raw.users.span, "users.login_types", "is empty: nobody could sign in");
    }
    let login_types = offered.map_or_else(
        || vec![LoginType::Sso, LoginType::Password],
        |words| {
            let known = ["sso", "password"];
            words
                .iter()
                .filter_map(|word| found(word, LoginType::by_key(&word.text), known, log))
                .collect()
        },
    );
    let (sub_users, access_settings) = (raw.users.sub_users, raw.users.access_settings);
    UserRules { login_types, sub_users, access_settings, billing: raw.users.billing }
}

fn kinds(
    raw: &[RawKind],
    log: &mut Mistakes<'_>,
) -> (Vec<ResourceKind>, HashMap<String, KindIndex>) {
    let keys: HashMap<String, KindIndex> = keyed(raw.iter().map(|kind| &kind.key), "kind", log)
        .into_iter()
        .map(|(key, at)| (key, KindIndex(at)))
        .collect();
    if let Some(first_over) = raw.get(KINDS_MAX) {
        let span = &first_over.key.span;
        log.note(span, &first_over.key.key, format!("is past the {KINDS_MAX} kinds allowed"));
    }
    let kinds: Vec<ResourceKind> = raw.iter().map(|kind| one_kind(kind, &keys, log)).collect();
    for (at, kind) in (0..).map(KindIndex).zip(raw) {
        if lies_in_itself(&kinds, at) {
            let message = "lies in itself, directly or through other kinds";
            log.note(&kind.key.span, &kind.key.key, message);
        }
    }
    (kinds, keys)
}

fn one_kind(
    raw: &RawKind,
    keys: &HashMap<String, KindIndex>,
    log: &mut Mistakes<'_>,
) -> ResourceKind {
    plain_key(&raw.key, log);
    if raw.key.text == ORGANIZATION {
        log.note(&raw.key.span, &raw.key.key, "`organization` stands for the whole organization");
    }
    keyed(raw.columns.iter().map(|(key, _)| key), "column", log);
    let column =
        |(key, label): &(Word, Word)| Column { key: key.text.clone(), label: label.text.clone() };
    if let Some(url) = &raw.url {
        check_url(url, log);
    }
    ResourceKind {
        key: raw.key.text.clone(),
        label: raw.label.text.clone(),
        plural: raw.plural.text.clone(),
        parents: raw.parents.iter().filter_map(|word| lookup(word, keys, "kind", log)).collect(),
        statuses: texts(&raw.statuses),
        columns: raw.columns.iter().map(column).collect(),
        url: raw.url.as_ref().map(|url| url.text.clone()),
        view: None,
    }
}

/// The permission that lets see a resource of each kind is one about that kind.
fn views(
    raw: &[RawKind],
    kinds: &mut [ResourceKind],
    catalogue: &permissions::Catalogue,
    log: &mut Mistakes<'_>,
) {
    for ((at, kind), raw) in (0..).map(KindIndex).zip(kinds).zip(raw) {
        let Some(word) = &raw.view else { continue };
        kind.view = catalogue.keys.one(word, log);
        let row = kind.view.and_then(|view| catalogue.permissions.get(view.at()));
        if row.is_some_and(|row| row.on != On::Kind(at)) {
            let message = format!("`{}` is not about a {}", word.text, raw.key.text);
            log.note(&word.span, &word.key, message);
        }
    }
}

/// The template of a link: an absolute address with `{key}` in it and no other placeholder.
fn check_url(url: &Word, log: &mut Mistakes<'_>) {
    let rest = url.text.replace("{key}", "");
    if rest == url.text {
        log.note(&url.span, &url.key, "must hold `{key}`, which stands for the resource's key");
    }
    if !(rest.starts_with("https://") || rest.starts_with("http://")) {
        log.note(&url.span, &url.key, "must begin with `https://` or `http://`");
    }
    if rest.contains(['{', '}', ' ']) {
        log.note(&url.span, &url.key, "holds a space or a placeholder other than `{key}`");
    }
}

/// Whether a way up the parents of a kind comes back to it: resources could then form rings.
fn lies_in_itself(kinds: &[ResourceKind], start: KindIndex) -> bool {
    let mut reached: Vec<KindIndex> = Vec::new();
    let mut open = vec![start];
    while let Some(kind) = open.pop() {
        for parent in kinds.get(kind.at()).map(|kind| kind.parents.as_slice()).unwrap_or_default() {
            if *parent == start {
                return true;
            }
            if !reached.contains(parent) {
                reached.push(*parent);
                open.push(*parent);
            }
        }
    }
    false
}

pub(super) fn texts(words: &[Word]) -> Vec<String> {
    words.iter().map(|word| word.text.clone()).collect()
}

/// Maps keys to their places, noting those that stand twice.
pub(super) fn keyed<'a>(
    words: impl Iterator<Item = &'a Word>,
    what: &str,
    log: &mut Mistakes<'_>,
) -> HashMap<String, u16> {
    let mut keys = HashMap::new();
    for (at, word) in (0..).zip(words) {
        if word.text.is_empty() {
            continue;
        }
        if keys.contains_key(&word.text) {
            log.note(&word.span, &word.key, format!("the {what} `{}` stands twice", word.text));
        } else {
            keys.insert(word.text.clone(), at);
        }
    }
    keys
}

/// The value that a word names, noting an unknown one with the nearest known.
pub(super) fn lookup<T: Copy>(
    word: &Word,
    known: &HashMap<String, T>,
    what: &str,
    log: &mut Mistakes<'_>,
) -> Option<T> {
    let value = known.get(&word.text).copied();
    if value.is_none() && !word.text.is_empty() {
        let better = nearest(&word.text, known.keys().map(String::as_str));
        log.note_near(&word.span, &word.key, format!("no {what} `{}`", word.text), better);
    }
    value
}

/// The value that was parsed from a word, noting the words that would have been right.
pub(super) fn found<T, const N: usize>(
    word: &Word,
    value: Option<T>,
    known: [&str; N],
    log: &mut Mistakes<'_>,
) -> Option<T> {
    if value.is_none() && !word.text.is_empty() {
        let message = format!("must be one of {}", known.join(", "));
        log.note_near(&word.span, &word.key, message, nearest(&word.text, known));
    }
    value
}

/// Notes a key that is not lower-case letters, digits, `-` and `_`, or longer than 64.
pub(super) fn plain_key(word: &Word, log: &mut Mistakes<'_>) {
    if !word.text.is_empty() && !is_plain(&word.text) {
        let message = "must be 1 to 64 of a-z, 0-9, `-` and `_`, beginning with a letter or digit";
        log.note(&word.span, &word.key, message);
    }
}

pub(super) fn is_plain(key: &str) -> bool {
    key.len() <= KEY_LEN_MAX
        && key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}
