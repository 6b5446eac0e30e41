//! The published matrix: which requirement is shown under which profile, by how many cases.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::case::{Case, Chapter, Number};
use super::register::Requirement;

const PROFILES: [&str; 4] = ["strict", "generic", "entra", "okta"];
/// The parts of the register, in the order of the page.
const PARTS: [(char, &str); 9] = [
    ('C', "RFC 7643 and RFC 7644"),
    ('D', "Decisions that the RFCs leave open"),
    ('N', "Newer standards"),
    ('E', "Microsoft Entra ID"),
    ('K', "Okta"),
    ('O', "Other clients"),
    ('L', "Tolerances"),
    ('S', "Security and operation"),
    ('A', "Authorization API 1.0 (AuthZEN)"),
];

/// The matrix as a part of a page.
pub fn text(register: &BTreeMap<Number, Requirement>, chapters: &[Chapter]) -> String {
    let mut text = "\n## Conformance\n\nEach requirement is shown by cases: requests and their answers, which anybody can \
         read below [`conformance`](../../conformance/README.md)\nand which every build runs on SQLite and on PostgreSQL. A \
         number says how many cases pass under a profile; what cannot be\nshown by an answer names its test.\n"
        .to_owned();
    for (letter, title) in PARTS {
        let rows: Vec<_> = register.iter().filter(|(number, _)| number.0 == letter).collect();
        if rows.is_empty() {
            continue;
        }
        writeln!(
            text,
            "\n### {title}\n\n| | requirement | strict | generic | entra | okta | shown by |"
        )
        .unwrap();
        text.push_str("|---|---|---|---|---|---|---|\n");
        for (number, requirement) in rows {
            row(*number, requirement, chapters, &mut text);
        }
    }
    text
}

fn row(number: Number, requirement: &Requirement, chapters: &[Chapter], text: &mut String) {
    let shows = |case: &&Case| case.shows.contains(&number);
    let mut cells = Vec::new();
    for profile in PROFILES {
        let cases = chapters.iter().flat_map(|chapter| &chapter.cases).filter(shows);
        let count = cases.filter(|case| case.profiles.iter().any(|name| name == profile)).count();
        cells.push(if count == 0 { String::new() } else { count.to_string() });
    }
    let links = chapters.iter().filter(|chapter| chapter.cases.iter().any(|case| shows(&case)));
    let mut shown: Vec<String> = links.map(link).collect();
    shown.extend(requirement.tests.iter().map(|test| format!("test `{test}`")));
    let (counts, shown) = (cells.join(" | "), shown.join(", "));
    writeln!(text, "| {number} | {} | {counts} | {shown} |", requirement.text).unwrap();
}

fn link(chapter: &Chapter) -> String {
    format!("[{}](../../{})", chapter.title, chapter.path)
}
