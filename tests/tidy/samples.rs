//! Bad and good samples for each rule: a rule that cannot fail keeps nothing.

use crate::rule;

/// Asserts how many faults a rule finds in each sample.
fn finds(rule: impl Fn(&str, &str) -> Vec<String>, samples: &[(usize, &str, &str)]) {
    for (expected, path, text) in samples {
        let faults = rule(path, text);
        assert_eq!(faults.len(), *expected, "{path}: {text}\n{faults:?}");
    }
}

#[test]
fn a_long_file_and_a_long_line_are_found() {
    let lines = |count| "x\n".repeat(count);
    finds(rule::short_file, &[(0, "a", &lines(400)), (1, "a", &lines(401))]);
    let (edge, over) = ("é".repeat(100), "é".repeat(101));
    finds(rule::short_lines, &[(0, "a", &edge), (1, "a", &over)]);
    let remark = format!("    // {edge}");
    let link = format!("// https://example.com/{over}");
    let string = format!("a(\"{over}\")");
    let inside = format!("a(\"\n{over}\n\")");
    finds(rule::short_lines, &[(0, "a", &inside)]);
    finds(rule::short_lines, &[(1, "a", &remark), (0, "a", &link), (0, "a", &string)]);
}

#[test]
fn an_import_upwards_is_found_in_each_spelling() {
    finds(
        rule::imports_go_down,
        &[
            (0, "src/store/user.rs", "use crate::domain::id::UserId;\nuse crate::scim::path;"),
            (0, "src/store/user.rs", "use crate::store::page;\nuse super::page;"),
            (0, "src/domain/actor.rs", "/// See [`Work`](crate::flow::work::Work)."),
            (0, "src/domain/actor.rs", "const A: &str = \"crate::flow\";"),
            (0, "src/lib.rs", "use crate::cli;"),
            (1, "src/domain/actor.rs", "use crate::flow::work;"),
            (1, "src/domain/actor.rs", "fn a() { crate::store::user::by_id() }"),
            (2, "src/domain/a.rs", "use crate::{flow::{work, problem}, scim, store as s};"),
            (1, "src/domain/a.rs", "use super::super::store;"),
            (1, "src/domain/mod.rs", "use super::store;"),
            (1, "src/flow/invite.rs", "use crate::outbound::oidc;"),
            (1, "src/store/mod.rs", "use crate::config::Database;"),
            (1, "src/scim/filter/eval.rs", "use super::super::super::domain::id;"),
            (0, "src/http/scim/users.rs", "use super::super::scim::route;"),
            (1, "src/newcomer.rs", ""),
        ],
    );
}

#[test]
fn a_library_in_the_wrong_place_is_found() {
    finds(
        rule::sqlx_in_the_store,
        &[
            (0, "src/store/user.rs", "use sqlx::Row;"),
            (0, "src/flow/user.rs", "// not sqlx"),
            (1, "src/flow/user.rs", "use sqlx::Row;"),
        ],
    );
    finds(
        rule::axum_in_http,
        &[
            (0, "src/http/route.rs", "use axum::extract::State;"),
            (0, "src/cli/serve.rs", "fn a(router: axum::Router) { axum_server::bind(a) }"),
            (1, "src/cli/serve.rs", "use axum::extract::State;"),
            (1, "src/flow/user.rs", "use axum::Router;"),
            (1, "src/flow/user.rs", "use axum_extra::extract::CookieJar;"),
        ],
    );
    finds(
        rule::clients_in_outbound,
        &[
            (0, "src/outbound/http.rs", "use reqwest::Client;"),
            (1, "src/cli/simulate.rs", "use reqwest::Client;"),
            (1, "src/domain/connection.rs", "openidconnect::Nonce"),
        ],
    );
    finds(
        rule::dynamic_sql_in_the_filter,
        &[
            (0, "src/store/filter.rs", "AssertSqlSafe(text)"),
            (1, "src/store/user.rs", "AssertSqlSafe(text)"),
        ],
    );
}

#[test]
fn a_missing_module_doc_is_found() {
    finds(
        rule::module_doc,
        &[(0, "a", "//! What.\n"), (1, "a", "use a;\n//! What."), (1, "a", "//!\n"), (1, "a", "")],
    );
}

#[test]
fn an_allowed_lint_and_an_expectation_without_reason_are_found() {
    finds(
        rule::no_allow,
        &[
            (0, "a", "#[expect(dead_code, reason = \"why\")]"),
            (0, "a", "#[expect(\n    dead_code,\n    reason = \"why\"\n)]"),
            (1, "a", "#[expect(dead_code)]"),
            (1, "a", "#[allow(dead_code)]"),
            (1, "a", "#![allow(dead_code)]"),
        ],
    );
}

#[test]
fn what_is_left_open_is_found() {
    finds(
        rule::nothing_left_open,
        &[
            (0, "a", "// todo!() is banned\nlet todo = 1;"),
            (1, "a", "todo!()"),
            (1, "a", "unimplemented!(\"later\")"),
            (1, "a", "#[ignore]"),
            (1, "a", "#[ignore = \"slow\"]"),
        ],
    );
}

#[test]
fn a_panic_outside_tests_is_found() {
    finds(
        rule::no_panic,
        &[
            (0, "src/a.rs", "a.unwrap_or(b); // .unwrap()\n\"panic!(\""),
            (0, "src/a.rs", "a();\n#[cfg(test)]\nmod tests { fn b() { c.unwrap(); panic!() } }"),
            (0, "src/a.rs", "parser.expect(&Token::Eq, \"=\")?;"),
            (0, "src/a.rs", "#[expect(clippy::panic, reason = \"why\")]\nfn a() { panic!() }"),
            (1, "src/a.rs", "a.unwrap()"),
            (1, "src/a.rs", "a\n  .expect(\"b\")"),
            (1, "src/a.rs", "panic!(\"b\")"),
            (1, "src/a.rs", "unreachable!()"),
            (1, "src/a.rs", "#[cfg(test)]\nmod tests { b.unwrap() }\nfn a() { c.unwrap() }"),
        ],
    );
}

#[test]
fn files_of_test_modules_are_known() {
    let text = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\n#[path = \"c_tests.rs\"]\nmod tests;";
    let under_mod = ["src/x/b.rs", "src/x/b/mod.rs", "src/x/c_tests.rs"];
    assert_eq!(rule::test_files("src/x/mod.rs", text), under_mod);
    let under_file = ["src/x/y/b.rs", "src/x/y/b/mod.rs", "src/x/c_tests.rs"];
    assert_eq!(rule::test_files("src/x/y.rs", text), under_file);
}

#[test]
fn a_name_that_says_nothing_is_found() {
    finds(
        rule::telling_names,
        &[
            (0, "a", "struct Directory; fn data_type() {} // the Manager"),
            (1, "a", "pub struct UserManager;"),
            (1, "a", "enum RequestInfo {}"),
            (1, "a", "mod util;"),
            (1, "a", "fn process(a: u8) {}"),
        ],
    );
}

#[test]
fn a_path_of_one_machine_is_found() {
    let bad = format!("see {}/x", concat!("/wo", "rk"));
    finds(rule::no_machine_path, &[(0, "a", "see src/x"), (1, "a", &bad)]);
    finds(rule::no_machine_path, &[(1, "a", concat!("../sha", "red/spec"))]);
}

#[test]
fn migrations_that_differ_or_skip_a_number_are_found() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let good = names(&["0001_start.sql", "0002_users.sql"]);
    assert_eq!(rule::same_migrations(&good, &good), [""; 0]);
    let other = names(&["0001_start.sql", "0002_people.sql"]);
    assert_eq!(rule::same_migrations(&good, &other).len(), 3);
    assert_eq!(rule::same_migrations(&good, &good[..1]).len(), 1);
    assert_eq!(rule::same_migrations(&good, &[]).len(), 2);
    let gap = names(&["0001_start.sql", "0003_users.sql"]);
    assert_eq!(rule::same_migrations(&gap, &gap).len(), 1);
}
