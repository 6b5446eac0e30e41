//! The rules: a path and a text in, what breaks the rule out.
//!
//! Rules about names look at code alone, so that prose may speak of everything. Faults name the
//! line where there is one.

use std::collections::BTreeSet;

use regex::Regex;

use crate::code::{code, shipped};

const LINES_MAX: usize = 400;
const LINE_CHARS_MAX: usize = 100;

/// What each floor may import of the others; `main` and `lib` hold the whole together.
const FLOORS: [(&str, &[&str]); 11] = [
    ("scim", &[]),
    ("domain", &["scim"]),
    ("store", &["domain", "scim", "telemetry"]),
    ("flow", &["store", "domain", "scim", "telemetry"]),
    ("outbound", &["domain", "telemetry"]),
    ("app", &["flow", "store", "outbound", "domain", "scim", "config", "telemetry"]),
    ("http", &["app", "flow", "store", "outbound", "domain", "scim", "config", "telemetry"]),
    ("worker", &["app", "flow", "store", "outbound", "domain", "config", "telemetry"]),
    (
        "cli",
        &[
            "http",
            "worker",
            "app",
            "flow",
            "store",
            "outbound",
            "domain",
            "scim",
            "config",
            "telemetry",
        ],
    ),
    ("config", &["domain"]),
    ("telemetry", &["config", "domain"]),
];

pub fn short_file(_: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let fault = format!("{lines} lines, at most {LINES_MAX}");
    (lines > LINES_MAX).then_some(fault).into_iter().collect()
}

/// Texts and links are not broken for the sake of the line.
pub fn short_lines(_: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let within_a_text: BTreeSet<usize> = (code.lines().zip(text.lines()).enumerate())
        .filter(|(_, (code, line))| code.trim().is_empty() && !line.trim().starts_with("//"))
        .map(|(number, _)| number)
        .collect();
    (text.lines().enumerate())
        .filter(|(_, line)| line.chars().count() > LINE_CHARS_MAX)
        .filter(|(number, line)| {
            !(within_a_text.contains(number) || line.contains('"') || line.contains("://"))
        })
        .map(|(number, _)| format!("line {} is longer than {LINE_CHARS_MAX}", number + 1))
        .collect()
}

pub fn imports_go_down(path: &str, text: &str) -> Vec<String> {
    let floor = floor(path);
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
        let whole = ["main", "lib"].contains(&floor);
        return if whole { vec![] } else { vec![format!("{floor:?} is not a floor we know")] };
    };
    imported(path, &code(text))
        .into_iter()
        .filter(|name| *name != floor && FLOORS.iter().any(|(known, _)| known == name))
        .filter(|name| !allowed.contains(&name.as_str()))
        .map(|name| format!("{floor} must not import {name}"))
        .collect()
}

/// The first part of a path below `src`.
fn floor(path: &str) -> &str {
    let rest = path.strip_prefix("src/").unwrap_or(path);
    rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs")
}

/// The modules at the root of the crate that a code names, by `crate::` or by enough `super::`.
fn imported(path: &str, code: &str) -> BTreeSet<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let up = "super::".repeat(inside.split('/').count());
    let root = Regex::new(&format!(r"(?:\bcrate\s*::\s*|(?:^|[^:\w]){up})(\w+|\{{)")).unwrap();
    let mut names = BTreeSet::new();
    for found in root.captures_iter(code) {
        let first = found.get(1).unwrap();
        if first.as_str() == "{" {
            names.extend(first_names(&code[first.end()..]));
        } else if first.as_str() != "super" {
            names.insert(first.as_str().to_owned());
        }
    }
    names
}

/// The first name of each entry in a braced list, up to its closing brace.
fn first_names(list: &str) -> Vec<String> {
    let (mut depth, mut entry, mut names) = (0, String::new(), Vec::new());
    for char in list.chars() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut entry)),
            _ if depth == 0 => entry.push(char),
            _ => {}
        }
    }
    names.push(entry);
    let first = |entry: String| {
        let name = entry.trim().split("::").next().unwrap_or_default().trim().to_owned();
        name.split(' ').next().unwrap_or_default().to_owned()
    };
    names.into_iter().map(first).collect()
}

pub fn sqlx_in_the_store(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("src/store/") {
        return vec![];
    }
    words(text, r"\bsqlx\b", "names sqlx")
}

pub fn axum_in_http(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("src/http/") {
        return vec![];
    }
    let mounts = path.starts_with("src/cli/") || path == "src/app.rs";
    let code = code(text);
    let rest = if mounts { code.replace("axum::Router", "") } else { code };
    words(&rest, r"\baxum(_extra)?\b", "names axum")
}

pub fn clients_in_outbound(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("src/outbound/") {
        return vec![];
    }
    words(text, r"\b(reqwest|openidconnect)\b", "names a client of the world")
}

pub fn dynamic_sql_in_the_filter(path: &str, text: &str) -> Vec<String> {
    // Tests of the store explain statements that are constants.
    if ["src/store/filter.rs", "src/store/tests/"].iter().any(|place| path.starts_with(place)) {
        return vec![];
    }
    words(text, r"\bAssertSqlSafe\b", "writes dynamic SQL")
}

pub fn module_doc(_: &str, text: &str) -> Vec<String> {
    let says = text.lines().next().is_some_and(|line| line.len() > 4 && line.starts_with("//! "));
    if says { vec![] } else { vec!["does not begin with `//! ` and what it is for".to_owned()] }
}

pub fn no_allow(_: &str, text: &str) -> Vec<String> {
    let mut faults = words(text, r"#!?\s*\[\s*allow\b", "allows a lint");
    // In the text, because the reason is a string; an attribute may go over several lines.
    let expects = Regex::new(r"#!?\[expect\(([^\]]*)\)\]").unwrap();
    let code = code(text);
    let unfounded = expects.captures_iter(&code).filter(|found| !found[1].contains("reason"));
    faults.extend(unfounded.map(|found| format!("{} has no reason", &found[0])));
    faults
}

pub fn nothing_left_open(_: &str, text: &str) -> Vec<String> {
    words(text, r"\b(todo|unimplemented)\s*!|#\s*\[\s*ignore\b", "leaves something open")
}

pub fn no_panic(_: &str, text: &str) -> Vec<String> {
    let code = shipped(text);
    // An `expect` whose argument is a text, blanked by now: parsers have one of their own.
    let bare = r"\.\s*(unwrap\s*\(\s*\)|expect\s*\(\s*(\)|$|&?format!))";
    let mut faults = code_words(&code, bare, "may panic");
    // Where nothing safe can go on, the lint is expected with its reason.
    if !code.contains("#[expect(clippy::panic,") {
        faults.extend(code_words(&code, r"\b(panic|unreachable)\s*!", "panics"));
    }
    faults
}

/// The files of modules that a source declares behind `#[cfg(test)]`.
pub fn test_files(path: &str, text: &str) -> Vec<String> {
    let declared = r#"#\[cfg\(test\)\]\s*(?:#\[path = "([^"]+)"\]\s*)?(?:pub )?mod (\w+);"#;
    let declared = Regex::new(declared).unwrap();
    let (folder, own) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = own.trim_end_matches(".rs");
    let inside = match stem {
        "mod" | "lib" | "main" => folder.to_owned(),
        _ => format!("{folder}/{stem}"),
    };
    let files = declared.captures_iter(text).flat_map(|found| match found.get(1) {
        Some(file) => vec![format!("{folder}/{}", file.as_str())],
        None => {
            vec![format!("{inside}/{}.rs", &found[2]), format!("{inside}/{}/mod.rs", &found[2])]
        }
    });
    files.collect()
}

pub fn telling_names(_: &str, text: &str) -> Vec<String> {
    let vague = r"\b(struct|enum|trait|type)\s+\w*(Manager|Helper|Util|Utils|Data|Info)\b";
    let mut faults = words(text, vague, "has a name that says nothing");
    let bare = r"\b(mod|fn)\s+(manager|helpers?|utils?|data|info|process)\b";
    faults.extend(words(text, bare, "has a name that says nothing"));
    faults
}

pub fn no_machine_path(_: &str, text: &str) -> Vec<String> {
    // In two halves each, so that this file keeps its own rule.
    let paths = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("../sha", "red"),
        concat!("/work", "space/"),
        concat!(".cargo/reg", "istry"),
    ];
    let named = |line: &str| paths.iter().any(|path| line.contains(path));
    at_lines(text, named, "names a path of one machine")
}

pub fn same_migrations(sqlite: &[String], postgres: &[String]) -> Vec<String> {
    let sets: [BTreeSet<&String>; 2] = [sqlite.iter().collect(), postgres.iter().collect()];
    let alone = |name: &&&String| !(sets[0].contains(**name) && sets[1].contains(**name));
    let all: BTreeSet<&String> = sets.iter().flatten().copied().collect();
    let mut faults: Vec<String> =
        all.iter().filter(alone).map(|name| format!("{name} is for one engine alone")).collect();
    let form = Regex::new(r"^(\d{4})_[a-z0-9_]+\.sql$").unwrap();
    for (position, name) in all.iter().enumerate() {
        let number = form.captures(name).and_then(|found| found[1].parse().ok());
        if number != Some(position + 1) {
            faults.push(format!("{name} should be {:04}_<name>.sql", position + 1));
        }
    }
    faults
}

fn words(text: &str, pattern: &str, fault: &str) -> Vec<String> {
    code_words(&code(text), pattern, fault)
}

fn code_words(code: &str, pattern: &str, fault: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    at_lines(code, |line| pattern.is_match(line), fault)
}

fn at_lines(text: &str, breaks: impl Fn(&str) -> bool, fault: &str) -> Vec<String> {
    let lines = text.lines().enumerate().filter(|(_, line)| breaks(line));
    lines.map(|(number, _)| format!("line {} {fault}", number + 1)).collect()
}
