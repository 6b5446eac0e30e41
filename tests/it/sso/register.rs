//! The register of OpenID Connect, sessions and linking: each number is shown by tests that exist,
//! or is not offered, and the guide says why.

use std::path::Path;

use crate::saml::register::{rows, sources};

/// How many there are, by letters.
const NUMBERS: [(&str, u16); 8] =
    [("R", 19), ("EN", 8), ("OK", 5), ("W", 4), ("OC", 27), ("OA", 17), ("K", 10), ("LI", 13)];
/// What stands in place of tests.
const NOT_OFFERED: &str = "not offered";

#[test]
fn every_number_of_sign_in_is_in_the_register_and_shown_or_not_offered() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (rows, sources) = (rows(&root.join("conformance/oidc/README.md")), sources());
    let guide = std::fs::read_to_string(root.join("docs/guides/oidc.md")).unwrap();
    let mut wrong = Vec::new();
    for (letters, last) in NUMBERS {
        let numbers = (1..=last).map(|n| format!("{letters}{n}"));
        wrong.extend(numbers.filter(|one| !rows.contains_key(one)));
    }
    for (number, tests) in &rows {
        for test in tests {
            let told = guide.contains(&format!("({number})"));
            let fits = match test.as_str() {
                NOT_OFFERED => told,
                name => sources.contains(&format!("fn {name}(")),
            };
            if !fits {
                wrong.push(format!("{number}: {test}"));
            }
        }
        if tests.is_empty() {
            wrong.push(format!("{number} is shown by nothing"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
