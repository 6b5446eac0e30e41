//! The reference is what the code says, and the examples of the concepts hold.
//!
//! `docs/reference` is written by `PORTICO_WRITE_DOCS=1 cargo test --test it docs`; without that
//! variable a page that differs fails its test.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use portico::config::{SETTINGS, Shows};
use portico::domain::access::RoleTable;
use portico::domain::access::grant::Source;
use portico::domain::id::RuleId;
use portico::domain::mapping::{RuleDraft, Terms, check};
use portico::domain::platform::{Action, Definition, Scope, preset, preset_names};
use portico::domain::saml::fault::Fault;
use portico::flow::problem::Code;
use portico::flow::provision::search::{CURSOR_S, MEMBERS_MAX, PAGES, SCAN_MAX, SCAN_S};
use portico::scim::catalog::{GROUP, ROLE, USER};
use portico::scim::schema::Attribute;
use portico::scim::{ResourceType, filter, json, patch, project, sort};
use uuid::Uuid;

use crate::conformance;

const WRITE_VARIABLE: &str = "PORTICO_WRITE_DOCS";

#[expect(clippy::disallowed_methods, reason = "asks whether the pages are to be written")]
fn writing() -> bool {
    std::env::var_os(WRITE_VARIABLE).is_some()
}

fn page(path: &str) -> String {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(path);
    std::fs::read_to_string(&whole).unwrap_or_default()
}

/// Compares a page of the reference with what it should be, or writes it.
fn keep(name: &str, text: &str) {
    let path = format!("reference/{name}");
    if writing() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    }
    let rewrite = format!("run {WRITE_VARIABLE}=1 cargo test --test it docs");
    assert!(page(&path) == text, "docs/{path} is not what the code says: {rewrite}");
}

fn heading(title: &str, intro: &str) -> String {
    format!(
        "# {title}\n\n<!-- Written by a test from the code; see tests/it/docs.rs. -->\n\n{intro}\n"
    )
}

#[test]
fn errors_are_the_codes_of_the_program() {
    let mut text = heading(
        "Errors",
        "Refusals of the management API have the media type `application/problem+json` (RFC 9457). Programs tell them apart \
         by `code`;\nit is also the end of `type`, `urn:portico:problem:{code}`. `detail` says what is wrong in this case, \
         and `errors` names each wrong\nfield by a JSON Pointer. `request_id` finds the request in the log.",
    );
    text.push_str("\n| code | status | title |\n|---|---|---|\n");
    for code in Code::ALL {
        let (key, status, title) = (code.as_str(), code.status(), code.title());
        writeln!(text, "| `{key}` | {status} | {title} |").unwrap();
    }
    keep("errors.md", &text);
}

#[test]
fn saml_faults_are_those_of_the_program() {
    let mut text = heading(
        "Faults of SAML messages",
        "What can be wrong with a SAML message, in the order in which it is looked for. The journal of sign-ins \
         (`GET /api/v1/connections/{id}/sign-ins`)\nshows the code of the middle column, and in its hint the fault, what was \
         found, and what can be done.",
    );
    text.push_str("\n| fault | code in the journal | what it means |\n|---|---|---|\n");
    for fault in Fault::ALL {
        let (key, code, hint) = (fault.as_str(), fault.refused().as_str(), fault.hint());
        writeln!(text, "| `{key}` | `{code}` | {hint} |").unwrap();
    }
    keep("saml.md", &text);
}

#[test]
fn settings_are_the_table_of_the_program() {
    let mut text = heading(
        "Settings",
        "Each setting is a key of the TOML file that `--config` (or `PORTICO_CONFIG`) names, an environment variable, \
         and an option of\nevery command. An option wins over a variable, a variable over the file, the file over the \
         default. Secrets may come from a\nfile of their own: the variable with `_FILE` behind it names it. \
         `portico doctor` shows what holds and where it came from.",
    );
    for setting in SETTINGS {
        writeln!(text, "\n## `{}`\n\n{}.\n", setting.name, setting.doc).unwrap();
        let file = setting.file_variable().map(|name| format!(" or `{name}`")).unwrap_or_default();
        writeln!(text, "* environment: `{}`{file}", setting.variable()).unwrap();
        writeln!(text, "* option: `--{} {}`", setting.flag, setting.form).unwrap();
        let default = setting.default.map_or("none".to_owned(), |text| format!("`{text}`"));
        writeln!(text, "* default: {default}").unwrap();
        match setting.shows {
            Shows::Whole => {}
            Shows::Address => writeln!(text, "* shown without password and query").unwrap(),
            Shows::Presence => writeln!(text, "* never shown").unwrap(),
        }
    }
    keep("settings.md", &text);
}

#[test]
fn commands_are_the_help_of_the_program() {
    let mut text = heading(
        "Commands",
        "Exit codes: 0 done; 1 refused or failed, with a line on stderr for each reason; 2 wrong usage. Every command also \
         takes the\n[settings](settings.md) as options; `--help` lists them.",
    );
    let mut command = portico::cli::command().term_width(100);
    command.build();
    told(&mut command, &mut text);
    keep("commands.md", &text);
}

/// The short help of a command and of all below it.
fn told(command: &mut clap::Command, text: &mut String) {
    let help = command.render_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let name = command.get_bin_name().unwrap_or(command.get_name());
    writeln!(text, "\n## `{name}`\n\n```text\n{}\n```", help.join("\n").trim_end()).unwrap();
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        told(below, text);
    }
}

/// What there is to say of lists.
const LISTS: &str = "
## Lists

`GET` of `/Users`, `/Groups`, `/Roles` and of the base itself, and `POST` of `/.search` below each of them. The base lists all
types at once: users and groups in order of creation, then roles. There an attribute that a type lacks counts as unassigned; a
list of one type refuses it with `invalidFilter`.

Pages go **by index** (`startIndex`, `count`) unless a `cursor` is given, also an empty one (`?cursor`, `\"cursor\": \"\"`): then they
go **by cursor** (RFC 9865). The answer names the `nextCursor` until the last page. Repeat everything but the cursor as it was:

* another filter, order, projection, list, directory, or a token that may do other things: `invalidCursor`, as for any text that
  is no cursor of ours;
* another `count`, or one beyond the largest page: `invalidCount`;
* `startIndex` beside it: `invalidValue`; too late: `expiredCursor`.

A page by cursor begins behind the last resource of the page before, in the order that was asked for, whatever came or went
meanwhile: nobody else is seen twice or missed. There is no way back (`previousCursor`). `totalResults` is told by every page,
except where a filter is walked in order of creation: then by the first one alone. Texts alike in their first characters (see
below) stand in order of creation.

An equality on `id`, `userName`, `externalId`, `emails`, `displayName`, `members` or `groups` is answered by an index, alone or
joined to the rest by `and`. Everything else is read and judged one by one, within the limits below; beyond them the answer is
400 `tooMany`, and never a part of the list.
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim_is_the_tables_of_the_engine_and_what_the_cases_show() {
    let mut text = heading(
        "SCIM",
        "What `/Users`, `/Groups` and `/Roles` know, as `/Schemas` tells it to clients. Attributes that are not listed are ignored in \
         bodies and\nrefused in paths and filters. A text that is longer, or a list with more elements than said here, is refused \
         with 400.",
    );
    for rt in [&USER, &GROUP, &ROLE] {
        attributes(rt, &mut text);
    }
    text.push_str(LISTS);
    writeln!(text, "\n## Limits\n\n| limit | |\n|---|---|").unwrap();
    let limits = [
        ("bytes of a filter", filter::LENGTH_MAX),
        ("nesting of a filter", filter::DEPTH_MAX),
        ("terms of a filter", filter::TERMS_MAX),
        ("operations of a PATCH", patch::OPERATIONS_MAX),
        ("names in `attributes` or `excludedAttributes`", project::NAMES_MAX),
        ("nesting of a body", json::DEPTH_MAX),
        ("resources of a page, unless `count` says less", PAGES.default as usize),
        ("resources of a page, at most", PAGES.max as usize),
        ("seconds for which a cursor is good", usize::try_from(CURSOR_S).unwrap()),
        ("resources that one list reads to judge a filter or an order", SCAN_MAX),
        ("members that 500 groups have together where a filter reads members freely", {
            usize::try_from(MEMBERS_MAX).unwrap()
        }),
        ("seconds that such a list takes", usize::try_from(SCAN_S).unwrap()),
        ("characters of a text by which an order goes", sort::KEY_MAX),
    ];
    for (what, limit) in limits {
        writeln!(text, "| {what} | {limit} |").unwrap();
    }
    // The matrix is written by a run in which every case passes, and by no other.
    text.push_str(&conformance::published(writing()).await);
    keep("scim.md", &text);
}

fn attributes(rt: &ResourceType, text: &mut String) {
    let columns = "| attribute | type | mutability | unique | at most |\n|---|---|---|---|---|";
    writeln!(text, "\n## {}\n\n`{}`\n\n{columns}", rt.name, rt.schema.id).unwrap();
    for attribute in rt.common.iter().chain(rt.schema.attributes) {
        row("", attribute, text);
    }
    for extension in rt.extensions {
        writeln!(text, "\n`{}`\n\n{columns}", extension.schema.id).unwrap();
        for attribute in extension.schema.attributes {
            row("", attribute, text);
        }
    }
}

fn row(above: &str, attribute: &Attribute, text: &mut String) {
    let name = format!("{above}{}", attribute.name);
    let required = if attribute.required { ", required" } else { "" };
    let list = if attribute.multi { "list of " } else { "" };
    let mut bounds = Vec::new();
    if attribute.multi {
        bounds.push(format!("{} elements", attribute.elements_max));
    }
    if attribute.kind.as_str() == "string" {
        bounds.push(format!("{} characters", attribute.length_max));
    }
    writeln!(
        text,
        "| `{name}` | {list}{}{required} | {} | {} | {} |",
        attribute.kind.as_str(),
        attribute.mutability.as_str(),
        attribute.uniqueness.as_str(),
        bounds.join(", ")
    )
    .unwrap();
    for sub in attribute.subs {
        row(&format!("{name}."), sub, text);
    }
}

/// The blocks of a page that are fenced as this language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_platform_that_the_concept_builds_is_a_good_one() {
    let page = page("concepts/platform.md");
    let whole = blocks(&page, "toml").join("\n");
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/concepts/lift-care.toml");
    let file = std::fs::read_to_string(beside).unwrap();
    assert_eq!(whole, file, "lift-care.toml is the pieces of platform.md, one after the other");
    let definition = Definition::parse(&whole, "lift-care.toml").unwrap_or_else(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });
    let role = |key: &str| definition.role(definition.role_index(key).unwrap()).unwrap();
    let has = |key: &str, permission: &str| {
        role(key).permissions.contains(definition.permission_index(permission).unwrap())
    };
    assert!(has("technician", "lifts.stop") && !has("technician", "reports.view"));
    assert!(has("dispatcher", "users.invite") && !has("dispatcher", "lifts.view"));
    let reports = definition.permission_index("reports.view").unwrap();
    assert_eq!(definition.action(Action::JournalsView), reports);
    assert_eq!(role("technician").scope, Scope::Either);
    assert_eq!(role("engineer").key, "technician");
    assert_eq!(role("surveyor").confined_to, definition.role_index("visit"));
    let diagnose = definition.permission_index("lifts.diagnose").unwrap();
    let level = definition.permission(diagnose).unwrap().licence_level;
    assert_eq!(level, definition.level_index("diagnostics"));
    for action in Action::ALL.iter().filter(|action| action.is_identity()) {
        assert!(page.contains(&format!("`{}`", action.key())), "{}", action.key());
    }
    for preset in preset_names() {
        assert!(page.contains(&format!("`{preset}`")), "{preset}");
    }

    let broken = whole.replacen("permissions = [\"lifts.view\"", "permissions = [\"lift.view\"", 1);
    let mistakes = Definition::parse(&broken, "lift-care.toml").unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    let line = mistakes[0].to_string();
    assert!(page.contains(&line), "the page should show\n{line}");
}

#[test]
fn the_rules_and_sources_that_the_concept_shows_are_real() {
    let page = page("concepts/access.md");
    let definition = Definition::parse(preset("field-vision").unwrap(), "field-vision").unwrap();
    let roles = RoleTable::new(Arc::new(definition), Vec::new());
    let terms = Terms { roles: &roles, directories: &[] };
    let rules: Vec<&str> =
        blocks(&page, "json").into_iter().filter(|block| block.contains("\"when\"")).collect();
    assert_eq!(rules.len(), 2);
    for rule in rules {
        let draft: RuleDraft = serde_json::from_str(rule).unwrap();
        let checked = check(RuleId(Uuid::nil()), &draft, &terms);
        assert!(checked.is_ok(), "{rule}{:?}", checked.unwrap_err());
    }
    for source in Source::ALL {
        assert!(page.contains(&format!("| `{}` | ", source.key())), "{source:?}");
    }
}
