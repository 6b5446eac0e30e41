//! House rules that a machine can keep, over everything that is written here.
//!
//! Each test is one rule and names every place that breaks it. The rules are plain functions over
//! a path and a text, and each is shown bad samples in `tidy/samples.rs`, so that it can fail.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of this is a test: what cannot go on must stop"
)]

#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/rule.rs"]
mod rule;
#[path = "tidy/samples.rs"]
mod samples;

use std::fs;
use std::path::Path;

/// Folders that hold what was built, fetched or made by a run.
const SKIPPED: [&str; 7] =
    [".git", "target", "node_modules", "portico-mail", "__pycache__", ".venv", ".idea"];

/// One text of ours.
struct File {
    /// Its path from the root, with `/`.
    path: String,
    text: String,
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if SKIPPED.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push(File { path, text });
            }
        }
    }
    assert!(found.iter().any(|file| file.path == "src/lib.rs"), "the source is found");
    found
}

/// Rust files under `src`, and under `tests` and `benches` where `beside` says so.
fn rust(beside: bool) -> impl Iterator<Item = File> {
    files().into_iter().filter(move |file| {
        let ours = file.path.starts_with("src/")
            || (beside && ["tests/", "benches/"].iter().any(|root| file.path.starts_with(root)));
        ours && file.path.ends_with(".rs")
    })
}

/// Rust files under `src` that are built into the program.
fn shipped() -> impl Iterator<Item = File> {
    let all: Vec<File> = rust(false).collect();
    let tests: Vec<String> =
        all.iter().flat_map(|file| rule::test_files(&file.path, &file.text)).collect();
    // A test module that is a folder takes all files in it along.
    let within = move |path: &str| {
        tests.iter().any(|test| {
            path == test
                || test.strip_suffix("mod.rs").is_some_and(|folder| path.starts_with(folder))
        })
    };
    all.into_iter().filter(move |file| !within(&file.path))
}

fn keep(files: impl IntoIterator<Item = File>, rule: impl Fn(&str, &str) -> Vec<String>) {
    let faults: Vec<String> = files
        .into_iter()
        .flat_map(|File { path, text }| {
            let faults = rule(&path, &text);
            faults.into_iter().map(move |fault| format!("{path}: {fault}"))
        })
        .collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_file_has_at_most_400_lines() {
    let scripts = files().into_iter().filter(|file| file.path.ends_with(".mjs"));
    keep(rust(true).chain(scripts), rule::short_file);
}

#[test]
fn a_line_has_at_most_100_characters() {
    keep(rust(true), rule::short_lines);
}

#[test]
fn imports_only_go_down() {
    keep(rust(false), rule::imports_go_down);
}

#[test]
fn only_the_store_names_sqlx() {
    keep(rust(false), rule::sqlx_in_the_store);
}

#[test]
fn only_http_names_axum_and_cli_and_app_only_mount_it() {
    keep(rust(false), rule::axum_in_http);
}

#[test]
fn only_outbound_names_reqwest_and_openidconnect() {
    keep(rust(false), rule::clients_in_outbound);
}

#[test]
fn only_the_filter_translator_writes_dynamic_sql() {
    keep(rust(false), rule::dynamic_sql_in_the_filter);
}

#[test]
fn a_source_file_begins_with_what_it_is_for() {
    keep(shipped(), rule::module_doc);
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    keep(rust(true), rule::no_allow);
}

#[test]
fn nothing_is_left_to_do_and_no_test_is_ignored() {
    keep(rust(true), rule::nothing_left_open);
}

#[test]
fn nothing_panics_outside_tests() {
    keep(shipped(), rule::no_panic);
}

#[test]
fn names_say_what_a_thing_is() {
    keep(rust(true), rule::telling_names);
}

#[test]
fn no_text_names_a_path_of_one_machine() {
    keep(files(), rule::no_machine_path);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> Vec<String> {
        let folder = format!("migrations/{engine}/");
        let here = files()
            .into_iter()
            .filter_map(|file| file.path.strip_prefix(&folder).map(ToOwned::to_owned));
        here.collect()
    };
    let faults = rule::same_migrations(&names("sqlite"), &names("postgres"));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
