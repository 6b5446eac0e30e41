//! Whole definitions: what is refused, where, and what the built-in ones say.

use super::check::{FILE_BYTES_MAX, KINDS_MAX, LEVELS_MAX};
use super::permissions::PERMISSIONS_MAX;
use super::roles::ROLES_MAX;
use super::*;

const SMALL: &str = r#"
name = "small"
products = ["image"]
[[resource_kinds]]
key = "group"
label = "Group"
plural = "Groups"
[[resource_kinds]]
key = "camera"
label = "Camera"
plural = "Cameras"
parents = ["group"]
[[permissions]]
key = "users.add"
label = "Add users"
category = "Users"
on = "organization"
[[permissions]]
key = "api_key.view"
label = "API key"
category = "Users"
on = "organization"
[[permissions]]
key = "cameras.view"
label = "View"
category = "Cameras"
on = "camera"
product = "image"
[[roles]]
key = "owner"
label = "Owner"
scope = "organization"
permissions = ["*"]
keep_one = true
[[roles]]
key = "viewer"
label = "Viewer"
scope = "resources"
resource_kinds = ["camera"]
permissions = ["cameras.*"]
aliases = ["watcher"]
[gateway]
"users.invite" = "users.add"
"org_tokens.manage" = "api_key.view"
"#;

fn small() -> Definition {
    Definition::parse(SMALL, "small.toml").unwrap()
}

/// The mistakes of the small definition with some of its text replaced.
fn mistakes(from: &str, to: &str) -> Vec<String> {
    assert!(SMALL.contains(from), "{from}");
    let text = SMALL.replacen(from, to, 1);
    let found = Definition::parse(&text, "f").err().unwrap_or_default();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn every_preset_is_a_definition_without_mistakes() {
    for name in preset_names() {
        let definition = Definition::parse(preset(name).unwrap(), name).unwrap();
        assert_eq!(definition.name, name);
    }
    assert!(preset("nothing").is_none());
}

#[test]
fn a_built_in_action_is_its_mapped_permission_or_one_of_the_gateway() {
    let small = small();
    let add = small.permission_index("users.add").unwrap();
    assert_eq!(small.action(Action::UsersInvite), add);
    assert_eq!(small.permission_index("users.invite"), None);
    let view = small.permission(small.action(Action::UsersView)).unwrap();
    assert_eq!((view.key.as_str(), view.gateway), ("users.view", true));
    assert_eq!(small.categories().last().unwrap().label, GATEWAY_CATEGORY);
    for action in Action::ALL {
        assert!(small.permission(small.action(*action)).is_some());
    }
}

#[test]
fn an_inviter_needs_the_invite_action_unless_the_role_says_otherwise() {
    let small = small();
    let viewer = small.role(small.role_index("watcher").unwrap()).unwrap();
    assert_eq!(viewer.key, "viewer");
    assert_eq!(viewer.invited_with, small.action(Action::UsersInvite));
    assert_eq!(viewer.assignable_by, [small.role_index("owner").unwrap()]);
}

#[test]
fn no_glob_but_the_star_reaches_an_identity_action_and_only_for_owners() {
    let text = SMALL
        .replace("permissions = [\"cameras.*\"]", "permissions = [\"cameras.*\", \"users.*\"]")
        + "[[roles]]\nkey='all'\nlabel='All'\nscope='organization'\npermissions=['*']\n";
    let text = text.replacen("[gateway]\n", "", 1).replacen(
        "\"users.invite\" = \"users.add\"\n\"org_tokens.manage\" = \"api_key.view\"\n",
        "",
        1,
    ) + "[gateway]\n'org_tokens.manage' = 'api_key.view'\n";
    let definition = Definition::parse(&text, "f").unwrap();
    let role = |key| definition.role(definition.role_index(key).unwrap()).unwrap();
    let identity = definition.identity_permissions();
    assert!(identity.contains(definition.permission_index("api_key.view").unwrap()));
    assert!(identity.is_subset(&role("owner").permissions));
    for key in ["viewer", "all"] {
        assert!(!identity.iter().any(|p| role(key).permissions.contains(p)), "{key}");
    }
    let break_glass = definition.action(Action::UsersBreakGlass);
    assert!(role("all").permissions.contains(definition.action(Action::UsersInvite)));
    assert!(!role("viewer").permissions.contains(definition.action(Action::UsersInvite)));
    assert!(role("owner").permissions.contains(break_glass));
}

#[test]
fn a_role_without_a_holder_to_keep_cannot_list_an_identity_action() {
    let found = mistakes("[\"cameras.*\"]", "[\"connections.manage\"]");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("equals ownership"), "{found:?}");
}

#[test]
fn all_mistakes_are_named_at_once_with_line_key_and_suggestion() {
    let text = SMALL
        .replace("parents = [\"group\"]", "parents = [\"grup\"]")
        .replace("plural = \"Groups\"", "plurl = \"Groups\"")
        .replace("scope = \"resources\"", "scope = \"resource\"")
        .replace("on = \"camera\"", "on = \"cameras\"");
    let found = Definition::parse(&text, "f.toml").unwrap_err();
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "f.toml:4:1: resource_kinds[0].plural: is missing",
            "f.toml:7:1: resource_kinds[0].plurl: unknown key (did you mean `plural`?)",
            "f.toml:12:12: resource_kinds[1].parents[0]: no kind `grup` (did you mean `group`?)",
            "f.toml:27:6: permissions[2].on: no kind `cameras` (did you mean `camera`?)",
            "f.toml:38:9: roles[1].scope: must be one of organization, resources, either \
             (did you mean `resources`?)",
        ]
    );
}

#[test]
fn what_makes_no_sense_is_a_mistake() {
    let cases = [
        ("name = \"small\"", "", "name: is missing"),
        ("name = \"small\"", "name = ", "expected"),
        ("key = \"group\"", "key = \"organization\"", "stands for the whole organization"),
        ("key = \"group\"", "key = \"Group\"", "must be 1 to 64 of"),
        ("key = \"camera\"", "key = \"group\"", "the kind `group` stands twice"),
        ("plural = \"Groups\"", "plural = \"G\"\nparents = [\"camera\"]", "lies in itself"),
        ("plural = \"Groups\"", "plural = \"G\"\nurl = \"https://x/\"", "must hold `{key}`"),
        ("key = \"users.add\"", "key = \"users\"", "dotted lower-case words"),
        ("key = \"users.add\"", "key = \"users.\"", "dotted lower-case words"),
        ("category = \"Cameras\"", "category = \"Gateway\"", "category of built-in actions"),
        ("product = \"image\"", "product = \"imge\"", "no product `imge` (did you mean `image`?)"),
        ("product = \"image\"", "licence_level = \"gold\"", "no licence level `gold`"),
        ("[\"cameras.*\"]", "[\"cam*\"]", "a glob is `*` or ends in `.*`"),
        ("[\"cameras.*\"]", "[\"sites.*\"]", "no permission matches `sites.*`"),
        ("[\"cameras.*\"]", "[\"cameras.veiw\"]", "did you mean `cameras.view`?"),
        ("keep_one = true", "", "at least one role must have `keep_one = true`"),
        ("scope = \"organization\"", "scope = \"resources\"", "must reach the whole organization"),
        ("aliases = [\"watcher\"]", "aliases = [\"owner\"]", "is the key or alias of a role"),
        ("aliases = [\"watcher\"]", "includes = [\"viewer\"]", "includes itself"),
        ("key = \"viewer\"", "key = \"custom-viewer\"", "roles that organizations make"),
        ("resource_kinds = [\"camera\"]", "", "must name its kinds"),
        ("keep_one = true", "keep_one = true\nresources_min = 1", "is given on no resource"),
        ("aliases = [", "confined_to = \"owner\"\naliases = [", "must be given on resources"),
        ("aliases = [", "organization_permissions = [\"users.add\"]\naliases = [", "not among"),
        ("\"users.invite\" =", "\"users.invit\" =", "no built-in action `users.invit`"),
        ("\"users.add\"\n\"org", "\"users.ad\"\n\"org", "no permission `users.ad`"),
    ];
    for (from, to, expected) in cases {
        let found = mistakes(from, to);
        assert!(found.iter().any(|one| one.contains(expected)), "{to}: {found:?}");
    }
}

#[test]
fn lists_of_a_definition_hold_up_to_their_limits() {
    let parse = |text: String| Definition::parse(&text, "f").err().unwrap_or_default();
    let over = |count: usize, one: &dyn Fn(usize) -> String| {
        let text = format!("{SMALL}\n{}", (0..count).map(one).collect::<String>());
        parse(text).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let kind = |n| format!("[[resource_kinds]]\nkey='k{n}'\nlabel='K'\nplural='Ks'\n");
    let row =
        |n| format!("[[permissions]]\nkey='p.n{n}'\nlabel='P'\ncategory='C'\non='organization'\n");
    let role = |n| format!("[[roles]]\nkey='r{n}'\nlabel='R'\nscope='organization'\n");
    assert_eq!(over(KINDS_MAX - 2, &kind), [""; 0]);
    assert_eq!(over(KINDS_MAX - 1, &kind).len(), 1);
    assert_eq!(over(PERMISSIONS_MAX - 3, &row), [""; 0]);
    assert_eq!(over(PERMISSIONS_MAX - 2, &row).len(), 1);
    assert_eq!(over(ROLES_MAX - 2, &role), [""; 0]);
    assert_eq!(over(ROLES_MAX - 1, &role).len(), 1);
    let level = |n| format!("[[licences.levels]]\nkey='l{n}'\nlabel='L'\n");
    assert_eq!(over(LEVELS_MAX, &level), [""; 0]);
    assert_eq!(over(LEVELS_MAX + 1, &level).len(), 1);
    let padded = |bytes: usize| format!("{SMALL}#{}", "x".repeat(bytes - SMALL.len() - 1));
    assert_eq!(parse(padded(FILE_BYTES_MAX)), []);
    assert_eq!(parse(padded(FILE_BYTES_MAX + 1)).len(), 1);
}

#[test]
fn field_vision_says_what_its_table_says() {
    let definition = Definition::parse(preset("field-vision").unwrap(), "field-vision").unwrap();
    let listed: Vec<&str> = definition
        .roles()
        .iter()
        .filter(|role| role.listed)
        .map(|role| role.key.as_str())
        .collect();
    assert_eq!(listed.len(), 10);
    assert!(!listed.contains(&"site-access"));
    let access = definition.role_index("site-access").unwrap();
    assert_eq!(definition.confining_role(), Some(access));
    for role in definition.roles() {
        let confined = role.scope == Scope::Organization && role.key != "org-admin";
        assert_eq!(role.confined_to, confined.then_some(access), "{}", role.key);
    }
    let worker = definition.role(definition.role_index("field-worker").unwrap()).unwrap();
    let by = ["org-admin", "operation-project-manager"].map(|k| definition.role_index(k).unwrap());
    assert_eq!(worker.assignable_by, by);
}
