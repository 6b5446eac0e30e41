//! The catalogue: permissions in display order, then the built-in actions that nothing stands
//! for, and which permission stands for which built-in action.

use std::collections::{BTreeSet, HashMap};

use super::check::{is_plain, keyed, lookup};
use super::index::{KindIndex, LevelIndex, PermissionIndex, PermissionSet};
use super::mistake::{Mistakes, nearest};
use super::raw::{RawDefinition, RawPermission};
use super::read::Word;
use super::{Action, GATEWAY_CATEGORY, ORGANIZATION, On, Permission};

/// A definition has at most this many permissions of its own.
pub const PERMISSIONS_MAX: usize = 1_000;
const KEY_LEN_MAX: usize = 128;

/// Checked permissions and their uses.
pub(super) struct Catalogue {
    pub(super) permissions: Vec<Permission>,
    pub(super) keys: PermissionKeys,
    /// In the order of [`Action::ALL`].
    pub(super) actions: Vec<PermissionIndex>,
    pub(super) identity: PermissionSet,
}

/// Permission keys to handles.
pub(super) struct PermissionKeys(HashMap<String, PermissionIndex>);

impl PermissionKeys {
    pub(super) fn into_map(self) -> HashMap<String, PermissionIndex> {
        self.0
    }

    /// The permission that a word names exactly.
    pub(super) fn one(&self, word: &Word, log: &mut Mistakes<'_>) -> Option<PermissionIndex> {
        if word.text.contains('*') {
            log.note(&word.span, &word.key, "must be one permission: here is no place for globs");
            return None;
        }
        lookup(word, &self.0, "permission", log)
    }
}

impl Catalogue {
    /// What a word of a role's `permissions` stands for: one key, `area.*` or `*`.
    ///
    /// A glob reaches what the platform itself names; built-in actions are reached by `*` or by
    /// their key, identity actions by no glob but `*`.
    pub(super) fn resolve(&self, word: &Word, log: &mut Mistakes<'_>) -> PermissionSet {
        if word.text == "*" {
            return PermissionSet::first(self.permissions.len());
        }
        if !word.text.contains('*') {
            return self.keys.one(word, log).into_iter().collect();
        }
        let area = word.text.strip_suffix('*').unwrap_or_default();
        if !area.ends_with('.') || area.contains('*') {
            log.note(&word.span, &word.key, "a glob is `*` or ends in `.*`");
            return PermissionSet::new();
        }
        let set: PermissionSet = (0..)
            .map(PermissionIndex)
            .zip(&self.permissions)
            .filter(|(_, permission)| !permission.gateway && permission.key.starts_with(area))
            .map(|(at, _)| at)
            .filter(|at| !self.identity.contains(*at))
            .collect();
        if set.is_empty() {
            let message = format!("no permission matches `{}`", word.text);
            let areas = self.areas();
            let better = nearest(&word.text, areas.iter().map(String::as_str));
            log.note_near(&word.span, &word.key, message, better);
        }
        set
    }

    /// The globs that match something.
    fn areas(&self) -> BTreeSet<String> {
        let own = self.permissions.iter().filter(|permission| !permission.gateway);
        own.flat_map(|permission| {
            let dots = permission.key.match_indices('.');
            dots.filter_map(|(at, _)| Some(format!("{}.*", permission.key.get(..at)?)))
        })
        .collect()
    }
}

pub(super) fn check(
    raw: &RawDefinition,
    kinds: &HashMap<String, KindIndex>,
    log: &mut Mistakes<'_>,
) -> Catalogue {
    let mut keys: HashMap<String, PermissionIndex> =
        keyed(raw.permissions.iter().map(|permission| &permission.key), "permission", log)
            .into_iter()
            .map(|(key, at)| (key, PermissionIndex(at)))
            .collect();
    if let Some(over) = raw.permissions.get(PERMISSIONS_MAX) {
        let message = format!("is past the {PERMISSIONS_MAX} permissions allowed");
        log.note(&over.key.span, &over.key.key, message);
    }
    let mut permissions: Vec<Permission> =
        raw.permissions.iter().map(|permission| one(permission, raw, kinds, log)).collect();
    let mapped = gateway(raw, &keys, log);
    let mut actions = Vec::with_capacity(Action::ALL.len());
    for action in Action::ALL {
        let named = mapped.get(action).or_else(|| keys.get(action.key())).copied();
        actions.push(named.unwrap_or_else(|| {
            let index = PermissionIndex(u16::try_from(permissions.len()).unwrap_or(u16::MAX));
            permissions.push(built_in(*action));
            keys.insert(action.key().to_owned(), index);
            index
        }));
    }
    let identity = Action::ALL
        .iter()
        .zip(&actions)
        .filter(|(action, _)| action.is_identity())
        .map(|(_, permission)| *permission)
        .collect();
    Catalogue { permissions, keys: PermissionKeys(keys), actions, identity }
}

/// The permission under which an action stands that the platform does not name.
fn built_in(action: Action) -> Permission {
    Permission {
        key: action.key().to_owned(),
        label: action.label().to_owned(),
        category: GATEWAY_CATEGORY.to_owned(),
        on: On::Organization,
        product: None,
        licence_level: None,
        gateway: true,
    }
}

fn one(
    raw: &RawPermission,
    definition: &RawDefinition,
    kinds: &HashMap<String, KindIndex>,
    log: &mut Mistakes<'_>,
) -> Permission {
    let key = &raw.key;
    let well_formed = key.text.len() <= KEY_LEN_MAX
        && key.text.contains('.')
        && key.text.split('.').all(is_plain);
    if !key.text.is_empty() && !well_formed {
        log.note(&key.span, &key.key, "must be dotted lower-case words, as `area.object.action`");
    }
    if raw.category.text == GATEWAY_CATEGORY {
        let message = "`Gateway` is the category of built-in actions";
        log.note(&raw.category.span, &raw.category.key, message);
    }
    let on = if raw.on.text == ORGANIZATION {
        On::Organization
    } else {
        lookup(&raw.on, kinds, "kind", log).map_or(On::Organization, On::Kind)
    };
    let product = raw.product.as_ref().filter(|word| known_product(word, definition, log));
    Permission {
        key: key.text.clone(),
        label: raw.label.text.clone(),
        category: raw.category.text.clone(),
        on,
        product: product.map(|word| word.text.clone()),
        licence_level: raw.licence_level.as_ref().and_then(|word| level(word, definition, log)),
        gateway: false,
    }
}

/// Whether a word names a product of the definition; noted when it does not.
pub(super) fn known_product(
    word: &Word,
    definition: &RawDefinition,
    log: &mut Mistakes<'_>,
) -> bool {
    let known = definition.products.iter().any(|product| product.text == word.text);
    if !known {
        let better = nearest(&word.text, definition.products.iter().map(Word::as_str));
        log.note_near(&word.span, &word.key, format!("no product `{}`", word.text), better);
    }
    known
}

fn level(word: &Word, definition: &RawDefinition, log: &mut Mistakes<'_>) -> Option<LevelIndex> {
    let known: HashMap<String, LevelIndex> = (0..)
        .map(LevelIndex)
        .zip(&definition.levels)
        .map(|(at, level)| (level.key.text.clone(), at))
        .collect();
    lookup(word, &known, "licence level", log)
}

/// What `[gateway]` says.
fn gateway(
    raw: &RawDefinition,
    keys: &HashMap<String, PermissionIndex>,
    log: &mut Mistakes<'_>,
) -> HashMap<Action, PermissionIndex> {
    let mut mapped = HashMap::new();
    for (action, permission) in &raw.gateway {
        let named = Action::by_key(&action.text);
        if named.is_none() {
            let better = nearest(&action.text, Action::ALL.iter().map(|action| action.key()));
            let message = format!("no built-in action `{}`", action.text);
            log.note_near(&action.span, &action.key, message, better);
        }
        let stands = lookup(permission, keys, "permission", log);
        if let (Some(action), Some(permission)) = (named, stands) {
            mapped.insert(action, permission);
        }
    }
    mapped
}
