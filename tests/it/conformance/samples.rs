//! The runner refuses what it does not understand, and sees what differs.

use serde_json::{Value, json};

use super::compare::Comparison;
use super::names::{Names, Place};
use super::parse;

const CASE: &str = "# T\n\n## It is so\n\n- shows: C1\n\n```http\nGET /Users\n```\n\n\
                    ```http response\n200 OK\n```\n";

fn refused(text: &str) -> (usize, String) {
    parse::chapter("x.md", text).map(|_| ()).unwrap_err()
}

fn differences(wanted: Value, actual: Value) -> Vec<String> {
    let mut names = Names::default();
    names.set("known", "k");
    let mut comparison = Comparison { names: &mut names, exactly: false, faults: Vec::new() };
    comparison.value("", &wanted, &actual);
    comparison.faults
}

#[test]
fn a_case_is_read_with_its_facts() {
    let text = CASE.replace("- shows: C1\n", "- shows: C1, E14\n- profiles: entra, okta\n");
    let chapter = parse::chapter("x.md", &text).unwrap();
    let case = &chapter.cases[0];
    assert_eq!((case.line, case.title.as_str()), (3, "It is so"));
    assert_eq!(case.shows.iter().map(ToString::to_string).collect::<Vec<_>>(), ["C1", "E14"]);
    assert_eq!(case.profiles, ["entra", "okta"]);
    assert_eq!(case.exchanges[0].wanted.status, 200);
}

#[test]
fn a_block_holds_several_requests_for_one_answer() {
    let block =
        "GET /Users\nAccept: a/b\nGET /Groups\n###\nPOST /Users\n\n{\"a\":\n\n1}\n###\nGET /Me\n";
    let chapter = parse::chapter("x.md", &CASE.replace("GET /Users\n", block)).unwrap();
    let requests = &chapter.cases[0].exchanges[0].requests;
    let seen: Vec<_> = requests.iter().map(|r| (r.target.as_str(), r.headers.len())).collect();
    assert_eq!(seen, [("/Users", 1), ("/Groups", 0), ("/Users", 0), ("/Me", 0)]);
    assert_eq!(requests[2].body.as_deref(), Some("{\"a\":\n\n1}"));
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (from, to, line, said) in [
        ("- shows: C1", "- show: C1", 5, "below a case come"),
        ("- shows: C1", "- shows: X", 5, "is no number"),
        ("- shows: C1", "- shows: C1\n- profiles: azure", 6, "is no profile"),
        ("- shows: C1\n", "", 3, "shows no requirement"),
        ("```http\n", "```json\n", 7, "blocks are"),
        ("```http\n", "```http 0 times\n", 7, "is not understood"),
        ("GET /Users", "GET Users", 8, "begins with its method"),
        ("GET /Users", "GET /Users\nno header", 9, "neither a request nor a header"),
        ("200 OK", "OK", 12, "is no status"),
        ("200 OK", "200 OK\n\n{\"a\": }", 14, "is not JSON"),
        ("```http response\n200 OK\n```\n", "", 7, "has no answer"),
        ("## It is so", "### It is so", 3, "headings are"),
        ("## It is so", "## It", 3, "is a sentence"),
        ("200 OK\n```\n", "200 OK\n", 11, "not closed"),
    ] {
        let (at, fault) = refused(&CASE.replace(from, to));
        assert!(at == line && fault.contains(said), "{to:?}: {at}: {fault}");
    }
    let twice = format!("{CASE}\n{}", CASE.trim_start_matches("# T\n\n"));
    assert!(refused(&twice).1.contains("another case has this title"));
}

#[test]
fn a_body_must_hold_what_is_written_and_may_hold_more() {
    let same = |wanted: Value, actual: Value| assert_eq!(differences(wanted, actual), [""; 0]);
    same(json!({"a": 1}), json!({"a": 1, "b": 2}));
    same(json!({"a": "{{x}}", "b": "u/{{x}}"}), json!({"a": "1", "b": "u/1"}));
    same(json!({"a": "{{!known}}"}), json!({"a": "other"}));
    same(json!(["{{any order}}", 1, 2]), json!([2, 1]));
    same(json!([1, "..."]), json!([1, 2, 3]));
    same(json!({"a": "{{absent}}", "b": "..."}), json!({"b": [1]}));
    same(json!({"a": "{{with ell}}", "b": "{{a number}}"}), json!({"a": "hello", "b": 1}));
    let differ = |wanted: Value, actual: Value| {
        assert_eq!(differences(wanted.clone(), actual).len(), 1, "{wanted}");
    };
    differ(json!({"a": 1}), json!({"a": "1"}));
    differ(json!({"a": "1"}), json!({"a": 1}));
    differ(json!({"a": 1}), json!({"b": 1}));
    differ(json!({"a": "{{absent}}"}), json!({"a": false}));
    differ(json!([1, 2]), json!([2, 1]).as_array().map(|_| json!([1])).unwrap());
    differ(json!([1]), json!([1, 2]));
    differ(json!(["{{any order}}", 1, 3]), json!([2, 1]));
    differ(json!({"a": "{{x}}", "b": "{{x}}"}), json!({"a": "1", "b": "2"}));
    differ(json!({"a": "{{!known}}"}), json!({"a": "k"}));
    differ(json!({"a": "{{a text}}"}), json!({"a": ""}));
    differ(json!({"a": "{{a thing}}"}), json!({"a": ""}));
}

#[test]
fn a_request_is_filled_with_what_is_known() {
    let mut names = Names::default();
    names.round = 2;
    names.set("tag", "W/\"1\"");
    names.set("id2", "x");
    let fill = |text: &str, place| names.fill(text, place).map(|b| String::from_utf8(b).unwrap());
    assert_eq!(fill("{{tag}} {{id#}} {{#}}", Place::Plain).unwrap(), "W/\"1\" x 2");
    assert_eq!(fill("\"{{tag}}\"", Place::Json).unwrap(), "\"W/\\\"1\\\"\"");
    assert_eq!(fill("[{{list 3 \"u#\"}}]", Place::Json).unwrap(), "[\"u1\",\"u2\",\"u3\"]");
    assert_eq!(fill("{{repeat 3 ab}}", Place::Plain).unwrap(), "ababab");
    for unknown in ["{{other}}", "{{id}}", "{{shout x}}", "{{id"] {
        assert!(fill(unknown, Place::Plain).is_err(), "{unknown}");
    }
}
