//! Roles of a definition, raw to checked.

use std::collections::HashMap;

use super::Action;
use super::check::{found, keyed, lookup, plain_key, texts};
use super::closure::{Said, close};
use super::index::{KindIndex, PermissionIndex, PermissionSet, RoleIndex};
use super::mistake::Mistakes;
use super::permissions::{Catalogue, known_product};
use super::raw::{RawDefinition, RawRole};
use super::read::Word;
use super::role::{Role, Scope};

/// A definition has at most this many roles.
pub const ROLES_MAX: usize = 200;
/// Keys of this beginning belong to the roles that organizations make.
pub const CUSTOM_PREFIX: &str = "custom-";
/// The key of the only role that sub-users hold.
pub const SUB_USER_ROLE: &str = "sub_user";

type Kinds = HashMap<String, KindIndex>;
type Keys = HashMap<String, RoleIndex>;

pub(super) fn check(
    raw: &RawDefinition,
    catalogue: &Catalogue,
    kinds: &Kinds,
    log: &mut Mistakes<'_>,
) -> (Vec<Role>, Keys) {
    let keys = role_keys(raw, log);
    let said: Vec<Said> =
        raw.roles.iter().map(|role| one_said(role, catalogue, &keys, log)).collect();
    let (closed, rings) = close(&said, &catalogue.identity);
    for ring in rings {
        if let Some(role) = raw.roles.get(ring.at()) {
            log.note(&role.span, &format!("{}.includes", role.path), "includes itself");
        }
    }
    let invite = catalogue.actions.get(Action::UsersInvite as usize).copied();
    let known = Known { definition: raw, catalogue, kinds, keys: &keys, invite };
    let mut roles = Vec::with_capacity(raw.roles.len());
    for ((raw, said), permissions) in raw.roles.iter().zip(said).zip(closed) {
        roles.push(one(raw, said, permissions, &known, log));
    }
    let kept: Vec<RoleIndex> =
        (0..).map(RoleIndex).zip(&roles).filter(|(_, role)| role.keep_one).map(|r| r.0).collect();
    if kept.is_empty() {
        let message = "at least one role must have `keep_one = true`: it owns the organization";
        log.note(&(0..0), "roles", message);
    }
    for (role, raw) in roles.iter_mut().zip(&raw.roles) {
        if raw.assignable_by.is_none() {
            role.assignable_by.clone_from(&kept);
        }
    }
    confinement(raw, &roles, log);
    sub_users(raw, &keys, log);
    (roles, keys)
}

/// What roles may name.
struct Known<'a> {
    definition: &'a RawDefinition,
    catalogue: &'a Catalogue,
    kinds: &'a Kinds,
    keys: &'a Keys,
    invite: Option<PermissionIndex>,
}

/// Keys, then aliases, none twice.
fn role_keys(raw: &RawDefinition, log: &mut Mistakes<'_>) -> Keys {
    if let Some(over) = raw.roles.get(ROLES_MAX) {
        log.note(&over.span, &over.path, format!("is past the {ROLES_MAX} roles allowed"));
    }
    let mut keys: Keys = keyed(raw.roles.iter().map(|role| &role.key), "role", log)
        .into_iter()
        .map(|(key, at)| (key, RoleIndex(at)))
        .collect();
    for (at, role) in (0..).map(RoleIndex).zip(&raw.roles) {
        plain_key(&role.key, log);
        refuse_custom(&role.key, log);
        for alias in &role.aliases {
            plain_key(alias, log);
            refuse_custom(alias, log);
            if keys.contains_key(&alias.text) {
                let message = format!("`{}` is the key or alias of a role already", alias.text);
                log.note(&alias.span, &alias.key, message);
            } else {
                keys.insert(alias.text.clone(), at);
            }
        }
    }
    keys
}

fn refuse_custom(key: &Word, log: &mut Mistakes<'_>) {
    if key.text.starts_with(CUSTOM_PREFIX) {
        let message = "`custom-` is the beginning of roles that organizations make";
        log.note(&key.span, &key.key, message);
    }
}

fn one_said(raw: &RawRole, catalogue: &Catalogue, keys: &Keys, log: &mut Mistakes<'_>) -> Said {
    let mut own = PermissionSet::new();
    for word in &raw.permissions {
        let set = catalogue.resolve(word, log);
        if word.text != "*" && !raw.keep_one && set.iter().any(|p| catalogue.identity.contains(p)) {
            let message =
                format!("`{}` equals ownership: only roles with `keep_one` hold it", word.text);
            log.note(&word.span, &word.key, message);
        }
        own.add_all(&set);
    }
    Said {
        own,
        includes: raw.includes.iter().filter_map(|word| lookup(word, keys, "role", log)).collect(),
        excludes: raw.excludes.iter().filter_map(|word| catalogue.keys.one(word, log)).collect(),
        keep_one: raw.keep_one,
    }
}

fn one(
    raw: &RawRole,
    said: Said,
    permissions: PermissionSet,
    known: &Known<'_>,
    log: &mut Mistakes<'_>,
) -> Role {
    let scope = found(
        &raw.scope,
        Scope::by_key(&raw.scope.text),
        ["organization", "resources", "either"],
        log,
    );
    let scope = scope.unwrap_or(Scope::Either);
    let organization_permissions = raw
        .organization_permissions
        .iter()
        .filter_map(|word| organization_permission(word, &permissions, known, log))
        .collect();
    if raw.keep_one && scope == Scope::Resources {
        let message = "a role with `keep_one` must reach the whole organization";
        log.note(&raw.scope.span, &raw.scope.key, message);
    }
    let products: Vec<&Word> =
        raw.products.iter().filter(|word| known_product(word, known.definition, log)).collect();
    let role = |word| lookup(word, known.keys, "role", log);
    let assignable_by = raw.assignable_by.iter().flatten().filter_map(role).collect();
    let confined_to =
        raw.confined_to.as_ref().and_then(|word| lookup(word, known.keys, "role", log));
    let invited_with =
        raw.invited_with.as_ref().and_then(|word| known.catalogue.keys.one(word, log));
    Role {
        key: raw.key.text.clone(),
        label: raw.label.text.clone(),
        description: raw.description.as_ref().map(|word| word.text.clone()),
        products: products.into_iter().map(|word| word.text.clone()).collect(),
        permissions,
        includes: said.includes,
        excludes: said.excludes.iter().collect(),
        scope,
        kinds: role_kinds(raw, scope, known.kinds, log),
        organization_permissions,
        resources_min: raw.resources_min,
        assignable_by,
        invited_with: invited_with.or(known.invite).unwrap_or(PermissionIndex(u16::MAX)),
        confined_to,
        aliases: texts(&raw.aliases),
        keep_one: raw.keep_one,
        listed: raw.listed,
        custom: false,
    }
}

fn organization_permission(
    word: &Word,
    permissions: &PermissionSet,
    known: &Known<'_>,
    log: &mut Mistakes<'_>,
) -> Option<PermissionIndex> {
    let permission = known.catalogue.keys.one(word, log)?;
    if !permissions.contains(permission) {
        let message = format!("`{}` is not among the role's permissions", word.text);
        log.note(&word.span, &word.key, message);
    }
    Some(permission)
}

/// The kinds a role is given on: named ones, or all where `either` names none.
fn role_kinds(
    raw: &RawRole,
    scope: Scope,
    kinds: &Kinds,
    log: &mut Mistakes<'_>,
) -> Vec<KindIndex> {
    let key = format!("{}.resource_kinds", raw.path);
    let named: Vec<KindIndex> =
        raw.resource_kinds.iter().filter_map(|word| lookup(word, kinds, "kind", log)).collect();
    match scope {
        Scope::Organization => {
            if !raw.resource_kinds.is_empty() || raw.resources_min > 0 {
                log.note(&raw.span, &key, "a role of scope `organization` is given on no resource");
            }
            Vec::new()
        }
        Scope::Resources if raw.resource_kinds.is_empty() => {
            log.note(&raw.span, &key, "a role of scope `resources` must name its kinds");
            Vec::new()
        }
        Scope::Either if raw.resource_kinds.is_empty() => {
            let mut all: Vec<KindIndex> = kinds.values().copied().collect();
            all.sort_unstable();
            all
        }
        Scope::Resources | Scope::Either => named,
    }
}

/// Sub-users hold one role, and its key is known.
fn sub_users(raw: &RawDefinition, keys: &Keys, log: &mut Mistakes<'_>) {
    if raw.users.sub_users && !keys.contains_key(SUB_USER_ROLE) {
        let message = format!("needs a role with the key `{SUB_USER_ROLE}`: sub-users hold it");
        log.note(&raw.users.span, "users.sub_users", message);
    }
}

/// A confined role reaches the organization; the role it is confined to reaches resources and is
/// not confined itself.
fn confinement(raw: &RawDefinition, roles: &[Role], log: &mut Mistakes<'_>) {
    for (role, raw) in roles.iter().zip(&raw.roles) {
        let (Some(word), Some(to)) = (&raw.confined_to, role.confined_to) else { continue };
        if role.scope != Scope::Organization {
            log.note(&word.span, &word.key, "only a role of scope `organization` is confined");
        }
        if role.keep_one {
            log.note(&word.span, &word.key, "a role with `keep_one` owns all and is not confined");
        }
        let right = roles
            .get(to.at())
            .is_some_and(|to| to.scope != Scope::Organization && to.confined_to.is_none());
        if !right {
            let message = format!("`{}` must be given on resources, and not confined", word.text);
            log.note(&word.span, &word.key, message);
        }
    }
}
