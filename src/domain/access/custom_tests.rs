use super::super::assign::{Above, above_author};
use super::super::grant::{Reach, Source};
use super::super::{GrantRow, Snapshot, UserRow};
use super::*;
use crate::domain::id::{GrantId, UserId};
use crate::domain::platform::preset;
use crate::domain::resource::ResourceRef;
use crate::domain::time::Timestamp;

fn definition() -> Arc<Definition> {
    Arc::new(Definition::parse(preset("field-vision").unwrap(), "field-vision").unwrap())
}

fn named(key: &str) -> Named {
    Named { key: key.to_owned(), label: "Label".to_owned(), description: None }
}

fn draft(permissions: &[&str]) -> Draft {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Draft { scope: "either".to_owned(), permissions: texts(permissions), ..Draft::default() }
}

fn wrong(named: &Named, draft: &Draft) -> Vec<(String, &'static str)> {
    let roles = RoleTable::new(definition(), Vec::new());
    let wrongs = check(named, draft, &roles).map(drop).unwrap_err();
    wrongs.into_iter().map(|wrong| (wrong.pointer, wrong.code)).collect()
}

#[test]
fn a_draft_that_fits_becomes_a_role_that_keeps_nobody_and_includes_nothing() {
    let roles = RoleTable::new(definition(), Vec::new());
    let sent = draft(&["media.view", "gallery.view"]);
    let role = check(&named("custom-viewer"), &sent, &roles).unwrap();
    assert!(role.custom && role.listed && !role.keep_one);
    assert_eq!(role.permissions.iter().count(), 2);
    assert_eq!(role.kinds.len(), definition().kinds().len());
    assert_eq!(role.assignable_by, [roles.index("org-admin").unwrap()]);
    let kept = table(&definition(), &[(named("custom-viewer"), sent)]);
    assert_eq!(kept.role(kept.index("custom-viewer").unwrap()), Some(&role));
}

#[test]
fn everything_that_is_wrong_with_a_draft_is_pointed_to() {
    let none = draft(&["media.view"]);
    for key in ["viewer", "custom-", "custom-Viewer", "custom-a b", "org-admin"] {
        assert_eq!(wrong(&named(key), &none), [("/key".to_owned(), "key")], "{key}");
    }
    let long = named(&format!("custom-{}", "k".repeat(KEY_CHARS_MAX + 1)));
    assert_eq!(wrong(&long, &none).len(), 1);
    let all = Draft {
        scope: "world".to_owned(),
        resource_kinds: vec!["sit".to_owned()],
        permissions: vec!["media.vew".to_owned(), "roles.manage".to_owned()],
        organization_permissions: vec!["gallery.view".to_owned()],
        products: vec!["image".to_owned()],
        resources_min: RESOURCES_MIN_MAX + 1,
        assignable_by: Some(vec!["nobody".to_owned()]),
    };
    let place = |at: &str, code| (at.to_owned(), code);
    let mut found = wrong(&named("custom-a"), &all);
    found.sort_unstable();
    let expected = [
        place("/assignable_by/0", "unknown"),
        place("/organization_permissions/0", "not-among"),
        place("/permissions/0", "unknown"),
        place("/permissions/1", "identity-action"),
        place("/products/0", "unknown"),
        place("/resource_kinds/0", "unknown"),
        place("/resources_min", "range"),
        place("/scope", "value"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn permissions_are_named_one_by_one() {
    let code = |permissions: &[&str]| wrong(&named("custom-a"), &draft(permissions))[0].1;
    assert_eq!(code(&["*"]), "glob");
    assert_eq!(code(&["media.*"]), "glob");
    assert_eq!(code(&[]), "required");
    assert_eq!(code(&["media.view", "media.view"]), "twice");
}

#[test]
fn a_scope_names_its_kinds() {
    let with = |scope: &str, kinds: &[&str]| Draft {
        scope: scope.to_owned(),
        resource_kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        ..draft(&["media.view"])
    };
    let place = |draft: &Draft| wrong(&named("custom-a"), draft)[0].clone();
    let kinds = "/resource_kinds".to_owned();
    assert_eq!(place(&with("resources", &[])), (kinds.clone(), "required"));
    assert_eq!(place(&with("organization", &["site"])), (kinds, "scope"));
    let roles = RoleTable::new(definition(), Vec::new());
    assert!(check(&named("custom-a"), &with("resources", &["site"]), &roles).is_ok());
}

#[test]
fn a_key_is_made_of_a_label() {
    assert_eq!(key_of("Night shift (Lyon)"), "custom-night-shift-lyon");
    assert_eq!(key_of("Ä"), "custom");
    assert_eq!(key_of(&"x".repeat(200)).len(), CUSTOM_PREFIX.len() + KEY_CHARS_MAX);
}

#[test]
fn what_the_platform_forgot_or_took_for_itself_is_left_out_of_a_kept_role() {
    let kept = Draft {
        resource_kinds: vec!["site".to_owned(), "planet".to_owned()],
        organization_permissions: vec!["gallery.view".to_owned()],
        assignable_by: Some(vec!["former".to_owned(), "custom-b".to_owned()]),
        ..draft(&["media.view", "media.former", "connections.manage"])
    };
    let roles = table(&definition(), &[(named("custom-a"), kept), (named("custom-b"), draft(&[]))]);
    let role = roles.role(roles.index("custom-a").unwrap()).unwrap();
    assert_eq!(role.permissions.iter().count(), 1);
    assert!(role.organization_permissions.is_empty());
    assert_eq!(role.kinds.len(), 1);
    assert_eq!(role.assignable_by, [roles.index("custom-b").unwrap()]);
}

#[test]
fn a_role_is_never_above_its_author() {
    let roles = Arc::new(RoleTable::new(definition(), Vec::new()));
    let mut snapshot = Snapshot::new(true, Arc::clone(&roles));
    let id = |n: u128| uuid::Uuid::from_u128(n);
    let mut user = |n: u128, role: &str, reach: Reach| {
        let mut row = UserRow::new(UserId(id(n)), "ada");
        row.grants.push(GrantRow {
            id: GrantId(id(n)),
            role: role.to_owned(),
            reach,
            source: Source::Manual,
            source_name: None,
            expires_at: None,
        });
        snapshot.put_user(row);
        UserId(id(n))
    };
    let site = Reach::Resource(ResourceRef::new("site", "lyon").unwrap());
    let admin = user(1, "org-admin", Reach::Organization);
    let everywhere = user(2, "operation-project-manager", Reach::Organization);
    let here = user(3, "operation-project-manager", site);
    let manager = user(4, "project-manager", Reach::Organization);
    let role = |permissions: &[&str], by: &[&str]| {
        let by = by.iter().map(|key| (*key).to_owned()).collect();
        let draft = Draft { assignable_by: Some(by), ..draft(permissions) };
        check(&named("custom-a"), &draft, &roles).unwrap()
    };
    let above = |author, role: &Role| above_author(&snapshot, author, role, Timestamp(0));
    let orders = role(&["work_orders.edit"], &["field-worker"]);
    assert_eq!(above(admin, &orders), []);
    assert_eq!(above(everywhere, &orders), []);
    let edit = definition().permission_index("work_orders.edit").unwrap();
    assert!(above(here, &orders).contains(&Above::Permission(edit)));
    // Confined to the sites that she has access to: not the whole organization.
    assert_eq!(above(manager, &role(&["work_orders.edit"], &[])), [Above::Permission(edit)]);
    assert_eq!(above(manager, &role(&["datasets.edit"], &[])), []);
    let admins = role(&["datasets.edit"], &["org-admin"]);
    let owner = roles.index("org-admin").unwrap();
    assert_eq!(above(manager, &admins), [Above::Assigner(owner)]);
    assert_eq!(above(admin, &admins), []);
    assert!(!above(UserId(id(9)), &admins).is_empty());
}
