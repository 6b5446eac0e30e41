//! The register: which requirements there are, in one line each, and which test shows those that
//! cannot be a request and its answer.

use std::collections::BTreeMap;
use std::path::Path;

use super::case::Number;

/// Where it is kept.
pub const PATH: &str = "conformance/register.md";
/// What there must be, by letter.
const NUMBERS: [(char, u16); 8] =
    [('C', 170), ('D', 14), ('N', 4), ('E', 32), ('K', 21), ('O', 10), ('L', 25), ('S', 39)];
/// What there must be besides.
const SINGLE: [Number; 1] = [Number('N', 7)];

/// One requirement.
pub struct Requirement {
    /// What it demands, in a line.
    pub text: String,
    /// The names of the tests that show it where no case can, or besides the cases.
    pub tests: Vec<String>,
}

/// Reads the register; the error names the line.
pub fn read(text: &str) -> Result<BTreeMap<Number, Requirement>, String> {
    let mut register = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let Some(row) = line.strip_prefix("| ") else { continue };
        let fault = |what: &str| format!("{PATH}:{}: {what}", index + 1);
        let row = row.strip_suffix('|').ok_or_else(|| fault("the row is not closed"))?;
        let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
        let [number, text, test] = cells.as_slice() else {
            return Err(fault("a row has a number, a text and tests"));
        };
        if *number == "number" {
            continue;
        }
        let number = Number::parse(number).ok_or_else(|| fault("there is no number"))?;
        if text.is_empty() {
            return Err(fault("the requirement has no text"));
        }
        let tests = test.split(',').map(|test| test.trim().trim_matches('`'));
        let tests = tests.filter(|test| !test.is_empty()).map(str::to_owned).collect();
        let requirement = Requirement { text: (*text).to_owned(), tests };
        if register.insert(number, requirement).is_some() {
            return Err(fault("the number comes twice"));
        }
    }
    Ok(register)
}

/// The numbers that must be in the register and are not.
pub fn missing(register: &BTreeMap<Number, Requirement>) -> Vec<Number> {
    let all = NUMBERS.iter().flat_map(|(letter, last)| (1..=*last).map(|n| Number(*letter, n)));
    all.chain(SINGLE).filter(|number| !register.contains_key(number)).collect()
}

/// The tests that the register names and that no source of ours declares.
pub fn unknown_tests(register: &BTreeMap<Number, Requirement>) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let declared = |test: &str| sources.contains(&format!("fn {test}("));
    let named =
        register.iter().flat_map(|(number, row)| row.tests.iter().map(move |t| (number, t)));
    let unknown = named.filter(|(_, test)| !declared(test));
    unknown.map(|(number, test)| format!("{number}: there is no test {test}")).collect()
}
