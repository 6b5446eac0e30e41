//! The register of SAML: each number is shown by a case that names it, or by a test that exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::beside;
use super::case::{all, root};

/// How many there are, by letter.
const NUMBERS: [(&str, u16); 3] = [("G", 35), ("SI", 35), ("A", 57)];

/// The tests that each number names, in a register.
pub fn rows(register: &Path) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(register).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, _, tests] = cells.as_slice() else { panic!("three cells: {line}") };
        if *number == "number" {
            continue;
        }
        let tests = tests.split(',').map(|test| test.trim().trim_matches('`').to_owned());
        rows.insert((*number).to_owned(), tests.filter(|test| !test.is_empty()).collect());
    }
    rows
}

/// All of our own code.
pub fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut text, mut folders) = (String::new(), vec![root.join("src"), root.join("tests/it")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn every_number_of_saml_is_in_the_register_and_shown() {
    let (rows, sources) = (rows(&root().join("README.md")), sources());
    let cases: BTreeSet<String> = all("accepted")
        .into_iter()
        .chain(all("refused"))
        .flat_map(|case| case.shows)
        .chain(beside::shown())
        .collect();
    let mut wrong = Vec::new();
    for (letter, last) in NUMBERS {
        for n in 1..=last {
            let number = format!("{letter}{n}");
            match rows.get(&number) {
                None => wrong.push(format!("{number} is not in the register")),
                Some(tests) if tests.is_empty() && !cases.contains(&number) => {
                    wrong.push(format!("{number} is shown by nothing"));
                }
                Some(_) => {}
            }
        }
    }
    for (number, tests) in &rows {
        for test in tests.iter().filter(|test| !sources.contains(&format!("fn {test}("))) {
            wrong.push(format!("{number}: there is no test {test}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
