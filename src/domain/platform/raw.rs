//! A platform definition as it is written: words with their places, nothing looked up yet.

use std::collections::HashMap;
use std::ops::Range;

use super::mistake::Mistakes;
use super::read::{Fields, Word};

/// The whole file.
pub(super) struct RawDefinition {
    pub(super) name: Word,
    pub(super) label: Option<Word>,
    pub(super) claims_namespace: Option<Word>,
    pub(super) members_label: Option<Word>,
    pub(super) partners_label: Option<Word>,
    pub(super) products: Vec<Word>,
    pub(super) kinds: Vec<RawKind>,
    pub(super) permissions: Vec<RawPermission>,
    pub(super) roles: Vec<RawRole>,
    pub(super) users: RawUsers,
    pub(super) invite_life_days: u32,
    pub(super) levels: Vec<RawLevel>,
    pub(super) retention_days: u32,
    pub(super) gateway: Vec<(Word, Word)>,
}

/// One of `resource_kinds`.
pub(super) struct RawKind {
    pub(super) key: Word,
    pub(super) label: Word,
    pub(super) plural: Word,
    pub(super) parents: Vec<Word>,
    pub(super) statuses: Vec<Word>,
    pub(super) columns: Vec<(Word, Word)>,
    pub(super) url: Option<Word>,
    pub(super) view: Option<Word>,
}

/// One of `permissions`.
pub(super) struct RawPermission {
    pub(super) key: Word,
    pub(super) label: Word,
    pub(super) category: Word,
    pub(super) on: Word,
    pub(super) product: Option<Word>,
    pub(super) licence_level: Option<Word>,
}

/// One of `roles`.
pub(super) struct RawRole {
    pub(super) span: Range<usize>,
    pub(super) path: String,
    pub(super) key: Word,
    pub(super) label: Word,
    pub(super) description: Option<Word>,
    pub(super) products: Vec<Word>,
    pub(super) permissions: Vec<Word>,
    pub(super) includes: Vec<Word>,
    pub(super) excludes: Vec<Word>,
    pub(super) scope: Word,
    pub(super) resource_kinds: Vec<Word>,
    pub(super) organization_permissions: Vec<Word>,
    pub(super) resources_min: u32,
    pub(super) assignable_by: Option<Vec<Word>>,
    pub(super) invited_with: Option<Word>,
    pub(super) confined_to: Option<Word>,
    pub(super) aliases: Vec<Word>,
    pub(super) keep_one: bool,
    pub(super) listed: bool,
}

/// `[users]`.
pub(super) struct RawUsers {
    pub(super) span: Range<usize>,
    pub(super) login_types: Option<Vec<Word>>,
    pub(super) sub_users: bool,
    pub(super) access_settings: bool,
    pub(super) billing: bool,
}

/// One of `licences.levels`.
pub(super) struct RawLevel {
    pub(super) key: Word,
    pub(super) label: Word,
}

/// A role may ask for this many resources at least.
const RESOURCES_MIN_MAX: u32 = 1_000;
/// Lives and retentions are at most a year.
const DAYS_MAX: u32 = 365;
const INVITE_LIFE_DAYS: u32 = 7;
const RETENTION_DAYS: u32 = 7;

/// Reads the top table.
pub(super) fn read(mut top: Fields<'_>, log: &mut Mistakes<'_>) -> RawDefinition {
    let tabs = top.table("tabs", log).map(|mut tabs| {
        let read = (tabs.word("members", log), tabs.word("partners", log));
        tabs.finish(log);
        read
    });
    let (members_label, partners_label) = tabs.unwrap_or_default();
    let invite_life_days = top.table("invites", log).map_or(INVITE_LIFE_DAYS, |mut invites| {
        let days = invites.count("life_days", (INVITE_LIFE_DAYS, 1..=DAYS_MAX), log);
        invites.finish(log);
        days
    });
    let (levels, retention_days) = licences(&mut top, log);
    let gateway = top.table("gateway", log).map(|gateway| gateway.pairs(log)).unwrap_or_default();
    let raw = RawDefinition {
        name: top.required("name", log),
        label: top.word("label", log),
        claims_namespace: top.word("claims_namespace", log),
        members_label,
        partners_label,
        products: top.words("products", log),
        kinds: each(&mut top, "resource_kinds", log, kind),
        permissions: by_category(each(&mut top, "permissions", log, permission)),
        roles: each(&mut top, "roles", log, role),
        users: users(&mut top, log),
        invite_life_days,
        levels,
        retention_days,
        gateway,
    };
    top.finish(log);
    raw
}

fn each<T>(
    top: &mut Fields<'_>,
    key: &'static str,
    log: &mut Mistakes<'_>,
    read: impl Fn(&mut Fields<'_>, &mut Mistakes<'_>) -> T,
) -> Vec<T> {
    let mut all = Vec::new();
    for mut fields in top.tables(key, log) {
        all.push(read(&mut fields, log));
        fields.finish(log);
    }
    all
}

/// Rows in display order: by category, in the order in which the categories come first.
fn by_category(mut rows: Vec<RawPermission>) -> Vec<RawPermission> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in &rows {
        let next = places.len();
        places.entry(row.category.text.clone()).or_insert(next);
    }
    rows.sort_by_key(|row| places.get(&row.category.text).copied());
    rows
}

fn licences(top: &mut Fields<'_>, log: &mut Mistakes<'_>) -> (Vec<RawLevel>, u32) {
    let Some(mut licences) = top.table("licences", log) else {
        return (Vec::new(), RETENTION_DAYS);
    };
    let levels = each(&mut licences, "levels", log, |level, log| RawLevel {
        key: level.required("key", log),
        label: level.required("label", log),
    });
    let retention = licences.count("retention_days", (RETENTION_DAYS, 0..=DAYS_MAX), log);
    licences.finish(log);
    (levels, retention)
}

fn users(top: &mut Fields<'_>, log: &mut Mistakes<'_>) -> RawUsers {
    let Some(mut users) = top.table("users", log) else {
        let (sub_users, access_settings, billing) = (false, false, false);
        return RawUsers { span: 0..0, login_types: None, sub_users, access_settings, billing };
    };
    let raw = RawUsers {
        span: users.span.clone(),
        login_types: users.words_if_there("login_types", log),
        sub_users: users.flag("sub_users", false, log),
        access_settings: users.flag("access_settings", false, log),
        billing: users.flag("billing", false, log),
    };
    users.finish(log);
    raw
}

fn kind(fields: &mut Fields<'_>, log: &mut Mistakes<'_>) -> RawKind {
    RawKind {
        key: fields.required("key", log),
        label: fields.required("label", log),
        plural: fields.required("plural", log),
        parents: fields.words("parents", log),
        statuses: fields.words("statuses", log),
        columns: each(fields, "columns", log, |column, log| {
            (column.required("key", log), column.required("label", log))
        }),
        url: fields.word("url", log),
        view: fields.word("view", log),
    }
}

fn permission(fields: &mut Fields<'_>, log: &mut Mistakes<'_>) -> RawPermission {
    RawPermission {
        key: fields.required("key", log),
        label: fields.required("label", log),
        category: fields.required("category", log),
        on: fields.required("on", log),
        product: fields.word("product", log),
        licence_level: fields.word("licence_level", log),
    }
}

fn role(fields: &mut Fields<'_>, log: &mut Mistakes<'_>) -> RawRole {
    RawRole {
        span: fields.span.clone(),
        path: fields.path.clone(),
        key: fields.required("key", log),
        label: fields.required("label", log),
        description: fields.word("description", log),
        products: fields.words("products", log),
        permissions: fields.words("permissions", log),
        includes: fields.words("includes", log),
        excludes: fields.words("excludes", log),
        scope: fields.required("scope", log),
        resource_kinds: fields.words("resource_kinds", log),
        organization_permissions: fields.words("organization_permissions", log),
        resources_min: fields.count("resources_min", (0, 0..=RESOURCES_MIN_MAX), log),
        assignable_by: fields.words_if_there("assignable_by", log),
        invited_with: fields.word("invited_with", log),
        confined_to: fields.word("confined_to", log),
        aliases: fields.words("aliases", log),
        keep_one: fields.flag("keep_one", false, log),
        listed: fields.flag("listed", true, log),
    }
}
