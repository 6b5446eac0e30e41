//! Roles that an organization makes for itself: permissions one by one, frozen as they are saved.
//!
//! A draft is checked whole against the platform and the roles that there are; that its author
//! holds what she puts in is asked apart. What was kept is read back with whatever the platform
//! has forgotten left out, so that a role never comes to hold more.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::RoleTable;
use crate::domain::platform::{
    Action, CUSTOM_PREFIX, Definition, KindIndex, PermissionIndex, PermissionSet, Role, RoleIndex,
    Scope, nearest,
};

/// A key has at most this many characters after its beginning.
pub const KEY_CHARS_MAX: usize = 64;
/// A label has at most this many characters.
pub const LABEL_CHARS_MAX: usize = 200;
/// A description has at most this many characters.
pub const DESCRIPTION_CHARS_MAX: usize = 500;
/// A list of a draft has at most this many items.
pub const ITEMS_MAX: usize = 2_000;
/// The largest number of resources that a role can ask for.
pub const RESOURCES_MIN_MAX: u32 = 1_000;

/// A role as it is sent and kept, without the names that stand beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The products it acts on.
    #[serde(default)]
    pub products: Vec<String>,
    /// `organization`, `resources` or `either`.
    pub scope: String,
    /// The kinds it may be given on.
    #[serde(default)]
    pub resource_kinds: Vec<String>,
    /// Its permissions, one by one.
    pub permissions: Vec<String>,
    /// Those of them that any grant of it gives for the whole organization.
    #[serde(default)]
    pub organization_permissions: Vec<String>,
    /// The least number of resources it is given on.
    #[serde(default)]
    pub resources_min: u32,
    /// Who may give it; absent: the roles that must keep a holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignable_by: Option<Vec<String>>,
}

/// What a role is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// `custom-...`
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
}

/// One thing that is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where: `/permissions/0`.
    pub pointer: String,
    /// The stable code.
    pub code: &'static str,
    /// Words for people.
    pub detail: String,
}

/// Collects what is wrong.
#[derive(Default)]
struct Wrongs(Vec<Wrong>);

impl Wrongs {
    fn note(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(Wrong { pointer: pointer.into(), code, detail: detail.into() });
    }

    fn text(&mut self, pointer: &str, text: &str, most: usize) {
        if text.trim().is_empty() || text.chars().count() > most {
            self.note(pointer, "length", format!("This has 1 to {most} characters."));
        } else if text.chars().any(char::is_control) {
            self.note(pointer, "control", "This holds no control characters.");
        }
    }

    /// The handles of words that are known and stand there once.
    fn known<T: Copy + PartialEq>(
        &mut self,
        (pointer, what): (&str, &str),
        words: &[String],
        find: impl Fn(&str) -> Option<T>,
        all: &[&str],
    ) -> Vec<T> {
        if words.len() > ITEMS_MAX {
            self.note(pointer, "length", format!("At most {ITEMS_MAX} are named."));
            return Vec::new();
        }
        let mut found = Vec::with_capacity(words.len());
        for (at, word) in words.iter().enumerate() {
            let here = format!("{pointer}/{at}");
            match find(word) {
                None => {
                    let near = nearest(word, all.iter().copied());
                    let near = near.map(|near| format!(" (did you mean `{near}`?)"));
                    let near = near.unwrap_or_default();
                    self.note(here, "unknown", format!("There is no such {what}{near}."));
                }
                Some(one) if found.contains(&one) => {
                    self.note(here, "twice", "This is named twice.");
                }
                Some(one) => found.push(one),
            }
        }
        found
    }
}

/// The key that a label becomes: `custom-` and its letters and digits.
#[must_use]
pub fn key_of(label: &str) -> String {
    let mut key = CUSTOM_PREFIX.to_owned();
    for c in label.chars().flat_map(char::to_lowercase) {
        if key.len() >= CUSTOM_PREFIX.len() + KEY_CHARS_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            key.push(c);
        } else if !key.ends_with('-') {
            key.push('-');
        }
    }
    key.trim_end_matches('-').to_owned()
}

/// Checks a draft against the platform and the roles that there are.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(named: &Named, draft: &Draft, roles: &RoleTable) -> Result<Role, Vec<Wrong>> {
    let definition = roles.definition();
    let mut wrongs = Wrongs::default();
    check_names(&mut wrongs, named);
    let scope = Scope::by_key(&draft.scope);
    if scope.is_none() {
        wrongs.note("/scope", "value", "scope is `organization`, `resources` or `either`.");
    }
    let kinds = check_kinds(&mut wrongs, draft, scope, definition);
    let permissions = check_permissions(&mut wrongs, draft, definition);
    for (at, product) in draft.products.iter().enumerate().take(ITEMS_MAX) {
        if !definition.products.contains(product) {
            let detail = "The platform has no such product.";
            wrongs.note(format!("/products/{at}"), "unknown", detail);
        }
    }
    let keys: Vec<&str> = definition.permissions().iter().map(|row| row.key.as_str()).collect();
    let whole = wrongs.known(
        ("/organization_permissions", "permission"),
        &draft.organization_permissions,
        |key| definition.permission_index(key),
        &keys,
    );
    for (at, _) in whole.iter().enumerate().filter(|(_, one)| !permissions.contains(**one)) {
        let detail = "This is not among the role's permissions.";
        wrongs.note(format!("/organization_permissions/{at}"), "not-among", detail);
    }
    let assignable_by = check_assignable_by(&mut wrongs, draft, roles);
    match scope {
        Some(scope) if wrongs.0.is_empty() => {
            let organization_permissions = whole.into_iter().collect();
            let parts = Parts { scope, kinds, permissions, organization_permissions };
            Ok(built(named, draft, parts, assignable_by, definition))
        }
        _ => Err(wrongs.0),
    }
}

/// What of a role is looked up.
struct Parts {
    scope: Scope,
    kinds: Vec<KindIndex>,
    permissions: PermissionSet,
    organization_permissions: PermissionSet,
}

fn built(
    named: &Named,
    draft: &Draft,
    parts: Parts,
    assignable_by: Vec<RoleIndex>,
    definition: &Definition,
) -> Role {
    Role {
        key: named.key.clone(),
        label: named.label.clone(),
        description: named.description.clone(),
        products: draft.products.clone(),
        permissions: parts.permissions,
        includes: Vec::new(),
        excludes: Vec::new(),
        scope: parts.scope,
        kinds: parts.kinds,
        organization_permissions: parts.organization_permissions,
        resources_min: draft.resources_min,
        assignable_by,
        invited_with: definition.action(Action::UsersInvite),
        confined_to: None,
        aliases: Vec::new(),
        keep_one: false,
        listed: true,
        custom: true,
    }
}

fn check_names(wrongs: &mut Wrongs, named: &Named) {
    let rest = named.key.strip_prefix(CUSTOM_PREFIX);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = |rest: &str| (1..=KEY_CHARS_MAX).contains(&rest.len()) && rest.chars().all(plain);
    if !rest.is_some_and(fits) {
        let detail =
            format!("The key is `{CUSTOM_PREFIX}` and 1 to {KEY_CHARS_MAX} of a-z, 0-9 and `-`.");
        wrongs.note("/key", "key", detail);
    }
    wrongs.text("/label", &named.label, LABEL_CHARS_MAX);
    if let Some(text) = &named.description {
        wrongs.text("/description", text, DESCRIPTION_CHARS_MAX);
    }
}

fn check_kinds(
    wrongs: &mut Wrongs,
    draft: &Draft,
    scope: Option<Scope>,
    definition: &Definition,
) -> Vec<KindIndex> {
    let keys: Vec<&str> = definition.kinds().iter().map(|kind| kind.key.as_str()).collect();
    let named = wrongs.known(
        ("/resource_kinds", "kind of resource"),
        &draft.resource_kinds,
        |key| definition.kind_index(key),
        &keys,
    );
    if draft.resources_min > RESOURCES_MIN_MAX {
        let detail = format!("This is a number from 0 to {RESOURCES_MIN_MAX}.");
        wrongs.note("/resources_min", "range", detail);
    }
    match scope {
        Some(Scope::Organization) => {
            if !draft.resource_kinds.is_empty() || draft.resources_min > 0 {
                let detail = "A role of scope `organization` is given on no resource.";
                wrongs.note("/resource_kinds", "scope", detail);
            }
            Vec::new()
        }
        Some(Scope::Resources) if draft.resource_kinds.is_empty() => {
            let detail = "A role of scope `resources` names the kinds that it is given on.";
            wrongs.note("/resource_kinds", "required", detail);
            Vec::new()
        }
        Some(Scope::Either) if draft.resource_kinds.is_empty() => all_kinds(definition),
        _ => named,
    }
}

fn all_kinds(definition: &Definition) -> Vec<KindIndex> {
    (0..).map(KindIndex).take(definition.kinds().len()).collect()
}

fn check_permissions(wrongs: &mut Wrongs, draft: &Draft, definition: &Definition) -> PermissionSet {
    if draft.permissions.is_empty() {
        wrongs.note("/permissions", "required", "A role holds at least one permission.");
    }
    for (at, key) in draft.permissions.iter().enumerate().take(ITEMS_MAX) {
        let here = format!("/permissions/{at}");
        if key.contains('*') {
            wrongs.note(here, "glob", "Permissions are named one by one, without `*`.");
            return PermissionSet::new();
        }
        let index = definition.permission_index(key);
        if index.is_some_and(|index| definition.identity_permissions().contains(index)) {
            let detail = "This equals ownership: only roles that must keep a holder have it.";
            wrongs.note(here, "identity-action", detail);
        }
    }
    let keys: Vec<&str> = definition.permissions().iter().map(|row| row.key.as_str()).collect();
    let found = wrongs.known(
        ("/permissions", "permission"),
        &draft.permissions,
        |key| definition.permission_index(key),
        &keys,
    );
    found.into_iter().collect()
}

fn check_assignable_by(wrongs: &mut Wrongs, draft: &Draft, roles: &RoleTable) -> Vec<RoleIndex> {
    let Some(keys) = &draft.assignable_by else { return owners(roles.definition()) };
    let all: Vec<&str> = roles.iter().map(|(_, role)| role.key.as_str()).collect();
    wrongs.known(("/assignable_by", "role"), keys, |key| roles.index(key), &all)
}

/// The roles that must keep a holder.
fn owners(definition: &Definition) -> Vec<RoleIndex> {
    let all = (0..).map(RoleIndex).zip(definition.roles());
    all.filter(|(_, role)| role.keep_one).map(|(index, _)| index).collect()
}

/// The roles of an organization out of what was kept: the platform's, then its own in this order.
#[must_use]
pub fn table(definition: &Arc<Definition>, kept: &[(Named, Draft)]) -> RoleTable {
    let first = definition.roles().len();
    let places: HashMap<&str, RoleIndex> = kept
        .iter()
        .enumerate()
        .filter_map(|(at, (named, _))| {
            Some((named.key.as_str(), RoleIndex(u16::try_from(first + at).ok()?)))
        })
        .collect();
    let index = |key: &str| definition.role_index(key).or_else(|| places.get(key).copied());
    let own = kept.iter().map(|(named, draft)| {
        let keys = draft.assignable_by.as_ref();
        let assignable_by = keys.map_or_else(
            || owners(definition),
            |keys| keys.iter().filter_map(|key| index(key)).collect(),
        );
        built(named, draft, restored(draft, definition), assignable_by, definition)
    });
    RoleTable::new(Arc::clone(definition), own.collect())
}

/// What the platform still knows of a draft that was kept; nothing that equals ownership by now.
fn restored(draft: &Draft, definition: &Definition) -> Parts {
    let scope = Scope::by_key(&draft.scope).unwrap_or(Scope::Resources);
    let of = |keys: &[String]| {
        let found = keys.iter().filter_map(|key| definition.permission_index(key));
        let plain = |one: &PermissionIndex| !definition.identity_permissions().contains(*one);
        found.filter(plain).collect::<PermissionSet>()
    };
    let kinds: Vec<KindIndex> =
        draft.resource_kinds.iter().filter_map(|key| definition.kind_index(key)).collect();
    let any = scope == Scope::Either && draft.resource_kinds.is_empty();
    let permissions = of(&draft.permissions);
    let mut organization_permissions = of(&draft.organization_permissions);
    let foreign: PermissionSet =
        organization_permissions.iter().filter(|one| !permissions.contains(*one)).collect();
    organization_permissions.remove_all(&foreign);
    let kinds = if any { all_kinds(definition) } else { kinds };
    Parts { scope, kinds, permissions, organization_permissions }
}

#[cfg(test)]
#[path = "custom_tests.rs"]
mod tests;
