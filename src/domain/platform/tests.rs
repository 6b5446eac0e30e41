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
        ("\"users.invite\" =", "\"users.invit\" =", "(did you mean `users.invite`?)"),
        ("\"users.add\"\n\"org", "\"users.ad\"\n\"org", "no permission `users.ad`"),
        ("name = \"small\"", "name = \"small\"\nlable = \"x\"", "(did you mean `label`?)"),
        ("name = \"small\"", "name = \"small\"\n[user]", "(did you mean `users`?)"),
        ("name = \"small\"", "name = 7", "must be a string, is integer"),
        ("name = \"small\"", "name = \"small\"\nname = \"x\"", "duplicate key"),
        ("[\"image\"]", "[\"image\", \"image\"]", "stands in the list twice"),
        ("[\"image\"]", "\"image\"", "has the wrong type: string"),
        ("label = \"Group\"", "label = \" \"", "label: is empty"),
        ("label = \"Group\"", "label = \"a\\nb\"", "holds a line break"),
        ("label = \"Group\"\n", "", "resource_kinds[0].label: is missing"),
        ("plural = \"Groups\"", "plural = \"G\"\nurl = \"javascript:{key}\"", "must begin with"),
        ("plural = \"Groups\"", "plural = \"G\"\nurl = \"https://x/{key}/{id}\"", "placeholder"),
        ("plural = \"Groups\"", "plural = \"G\"\nstatuses = [\"a\", \"a\"]", "list twice"),
        (
            "plural = \"Groups\"",
            "plural = \"G\"\ncolumns = [{key='a',label='A'},{key='a',label='B'}]",
            "the column `a` stands twice",
        ),
        ("plural = \"Groups\"", "plural = \"G\"\ncolumns = [{key='a'}]", "[0].label: is missing"),
        ("parents = [", "view = \"users.add\"\nparents = [", "is not about a camera"),
        ("parents = [", "view = \"cameras.veiw\"\nparents = [", "did you mean `cameras.view`?"),
        ("key = \"api_key.view\"", "key = \"users.add\"", "permission `users.add` stands twice"),
        ("key = \"viewer\"", "key = \"owner\"", "the role `owner` stands twice"),
        ("[\"cameras.*\"]", "[\"camera.*\"]", "(did you mean `cameras.*`?)"),
        ("[\"cameras.*\"]", "[\"*.view\"]", "a glob is `*` or ends in `.*`"),
        ("aliases = [", "excludes = [\"cameras.*\"]\naliases = [", "no place for globs"),
        ("aliases = [", "invited_with = \"users.ad\"\naliases = [", "did you mean `users.add`?"),
        ("aliases = [", "assignable_by = [\"ower\"]\naliases = [", "did you mean `owner`?"),
        ("aliases = [", "includes = [\"ownr\"]\naliases = [", "did you mean `owner`?"),
        ("aliases = [", "products = [\"imag\"]\naliases = [", "did you mean `image`?"),
        ("aliases = [", "confined_to = \"viewr\"\naliases = [", "no role `viewr`"),
        ("aliases = [", "confined_to = \"viewer\"\naliases = [", "only a role of scope"),
        ("keep_one = true", "keep_one = true\nconfined_to = \"viewer\"", "is not confined"),
        ("keep_one = true", "keep_one = 1", "has the wrong type: integer"),
        ("[\"watcher\"]", "[\"custom-watcher\"]", "roles that organizations make"),
        ("resource_kinds = [\"camera\"]", "resource_kinds = [\"camra\"]", "did you mean `camera`?"),
        ("[gateway]", "[users]\nlogin_types = []\n[gateway]", "nobody could sign in"),
        ("[gateway]", "[users]\nlogin_types = [\"saml\"]\n[gateway]", "one of sso, password"),
        ("[gateway]", "[users]\nsub_users = true\n[gateway]", "a role with the key `sub_user`"),
        ("[gateway]", "[invites]\nlife_days = 0\n[gateway]", "must be between 1 and 365"),
        ("[gateway]", "[licences]\nretention_days = 366\n[gateway]", "between 0 and 365"),
        ("[gateway]", "[tabs]\nmember = \"x\"\n[gateway]", "(did you mean `members`?)"),
        (
            "[gateway]",
            "[[licences.levels]]\nkey='a'\nlabel='A'\n[[licences.levels]]\nkey='a'\nlabel='B'\n\
             [gateway]",
            "the licence level `a` stands twice",
        ),
    ];
    for (from, to, expected) in cases {
        let found = mistakes(from, to);
        assert!(found.iter().any(|one| one.contains(expected)), "{to}: {found:?}");
    }
}

#[test]
fn rows_of_a_category_stand_together_where_the_category_comes_first() {
    let text = SMALL.replacen("category = \"Users\"", "category = \"Cameras\"", 1);
    let definition = Definition::parse(&text, "f").unwrap();
    let own = definition.permissions().iter().filter(|permission| !permission.gateway);
    let keys: Vec<&str> = own.map(|permission| permission.key.as_str()).collect();
    assert_eq!(keys, ["users.add", "cameras.view", "api_key.view"]);
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

/// Keys of the roles that hold one permission of a preset.
fn holders(preset_name: &str, permission: &str) -> Vec<String> {
    let definition = Definition::parse(preset(preset_name).unwrap(), preset_name).unwrap();
    let permission = definition.permission_index(permission).unwrap();
    let roles = definition.roles().iter().filter(|role| role.permissions.contains(permission));
    roles.map(|role| role.key.clone()).collect()
}

#[test]
fn no_role_of_a_preset_but_those_that_keep_a_holder_reaches_what_is_not_in_its_table() {
    for (name, owner) in [
        ("camera-fleet", "admin"),
        ("media-cloud", "owner"),
        ("vms", "administrator"),
        ("field-vision", "org-admin"),
    ] {
        let definition = Definition::parse(preset(name).unwrap(), name).unwrap();
        for permission in definition.permissions().iter().filter(|one| one.gateway) {
            assert_eq!(holders(name, &permission.key), [owner], "{name} {}", permission.key);
        }
    }
}

#[test]
fn media_cloud_maps_built_in_actions_to_its_own_words() {
    let definition = Definition::parse(preset("media-cloud").unwrap(), "media-cloud").unwrap();
    for (action, key) in [
        (Action::UsersInvite, "users.add"),
        (Action::GrantsEdit, "users.edit_role"),
        (Action::OrgTokensManage, "api_key.view"),
        (Action::UsersRemove, "users.remove"),
    ] {
        assert_eq!(definition.action(action), definition.permission_index(key).unwrap(), "{key}");
        assert_eq!(holders("media-cloud", key), ["owner"], "{key}");
    }
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
