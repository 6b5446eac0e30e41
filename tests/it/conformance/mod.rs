//! The conformance suite of the SCIM and the decision surface: cases that are read from
//! `conformance/` when the tests run, so that a new case needs no build.
//!
//! Each file is a test on each engine. A failure names file, line and case.

mod case;
mod compare;
mod law;
mod matrix;
mod names;
mod parse;
mod register;
mod run;
mod samples;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::case::{Chapter, Number};
use self::register::Requirement;
use crate::support::TestApp;

/// The folders of cases.
const FOLDERS: [&str; 5] = ["rfc7644", "entra", "okta", "others", "authzen"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

fn read(name: &str) -> Chapter {
    let path = format!("conformance/{name}.md");
    let text = std::fs::read_to_string(root().join(format!("{name}.md")));
    let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
    parse::chapter(&path, &text).unwrap_or_else(|(line, fault)| panic!("{path}:{line}: {fault}"))
}

/// The names of all files, as `folder/file`.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let stem = file.strip_suffix(".md").unwrap_or_else(|| panic!("{folder}/{file}"));
            names.insert(format!("{folder}/{stem}"));
        }
    }
    names
}

fn register() -> BTreeMap<Number, Requirement> {
    let text = std::fs::read_to_string(root().join("register.md")).unwrap();
    register::read(&text).unwrap_or_else(|fault| panic!("{fault}"))
}

/// Fails with every case that went wrong.
async fn prove(app: &TestApp, name: &str) {
    let outcomes = run::chapter(app, &read(name)).await;
    app.run_worker().await;
    let (all, faults) = (outcomes.len(), outcomes.into_iter().filter_map(|outcome| outcome.fault));
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{} of {all} fail\n\n{}\n", faults.len(), faults.join("\n\n"));
}

/// The matrix for the reference. When the page is to be written, every case is run before.
pub async fn published(run_first: bool) -> String {
    let names = names();
    if run_first {
        for name in &names {
            prove(&TestApp::sqlite().await, name).await;
        }
    }
    let chapters: Vec<Chapter> = names.iter().map(|name| read(name)).collect();
    matrix::text(&register(), &chapters)
}

/// Makes of each file two tests.
macro_rules! chapters {
    ($($test:ident: $name:literal,)+) => {
        const CHAPTERS: &[&str] = &[$($name),+];

        on_both_engines! { $(
            async fn $test(app: TestApp) {
                prove(&app, $name).await;
            }
        )+ }
    };
}

chapters! {
    transport: "rfc7644/transport",
    schema: "rfc7644/schema",
    common: "rfc7644/common",
    user: "rfc7644/user",
    group: "rfc7644/group",
    create: "rfc7644/create",
    read: "rfc7644/read",
    filters: "rfc7644/filters",
    sort: "rfc7644/sort",
    paging: "rfc7644/paging",
    projection: "rfc7644/projection",
    search: "rfc7644/search",
    put: "rfc7644/put",
    patch_envelope: "rfc7644/patch-envelope",
    patch_paths: "rfc7644/patch-paths",
    patch_add: "rfc7644/patch-add",
    patch_remove: "rfc7644/patch-remove",
    patch_replace: "rfc7644/patch-replace",
    delete: "rfc7644/delete",
    bulk: "rfc7644/bulk",
    me: "rfc7644/me",
    versions: "rfc7644/versions",
    discovery: "rfc7644/discovery",
    errors: "rfc7644/errors",
    auth: "rfc7644/auth",
    tenancy: "rfc7644/tenancy",
    decisions: "rfc7644/decisions",
    root: "rfc7644/root",
    cursor: "rfc7644/cursor",
    tolerances: "rfc7644/tolerances",
    entra_connection: "entra/connection",
    entra_matching: "entra/matching",
    entra_users: "entra/users",
    entra_updates: "entra/updates",
    entra_values: "entra/values",
    entra_groups: "entra/groups",
    entra_operation: "entra/operation",
    okta_users: "okta/users",
    okta_groups: "okta/groups",
    okta_import: "okta/import",
    okta_roles: "okta/roles",
    others: "others/clients",
    authzen_evaluation: "authzen/evaluation",
    authzen_evaluations: "authzen/evaluations",
    authzen_search: "authzen/search",
    authzen_metadata: "authzen/metadata",
}

#[test]
fn every_file_of_cases_is_a_test() {
    let tested: BTreeSet<String> = CHAPTERS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(tested, names(), "the list in this file names each file once");
}

#[test]
fn every_requirement_is_shown_by_a_case_or_by_the_test_that_the_register_names() {
    let register = register();
    let chapters: Vec<Chapter> = CHAPTERS.iter().map(|name| read(name)).collect();
    let cases = || chapters.iter().flat_map(|chapter| &chapter.cases);
    let shown: BTreeSet<Number> = cases().flat_map(|case| case.shows.iter().copied()).collect();
    let mut faults: Vec<String> = Vec::new();
    let missing = register::missing(&register);
    faults.extend(missing.iter().map(|number| format!("{number} is not in the register")));
    for number in shown.iter().filter(|number| !register.contains_key(number)) {
        faults.push(format!("{number} is shown by a case, but the register does not know it"));
    }
    for (number, requirement) in &register {
        if requirement.tests.is_empty() && !shown.contains(number) {
            faults.push(format!("{number} is shown by no case and names no test"));
        }
    }
    faults.extend(register::unknown_tests(&register));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
