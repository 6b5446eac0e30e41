//! What is found is what the definition of the filter says: on both engines, over whatever values
//! (C61 to C76, S10).
//!
//! Users and groups are drawn, and filters over attributes that an index serves and that none
//! does. The ids that a list finds are compared with those of the documents, as a client reads
//! them, that satisfy the filter by the engine's own evaluation.

use portico::scim::catalog::{GROUP, ROLE, USER};
use portico::scim::filter::{eval, parse};
use portico::scim::{Dialect, ResourceType, ScimError};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use super::{ENTERPRISE, GROUP as GROUP_URN, USER as USER_URN, client, filter, refused};
use crate::support::{Caller, TestApp};

/// Users that are drawn; those whose names are taken fall out.
const USERS: usize = 40;
/// Groups that are drawn.
const GROUPS: usize = 8;
/// Filters that are drawn for each list.
const FILTERS: usize = 150;

/// Texts that letter case, width, composition, LIKE and JSON might get wrong.
const TEXTS: &[&str] = &[
    "ada",
    "ADA",
    "ａｄａ",
    "Ada Lovelace",
    "a_a",
    "a%a",
    "%",
    "_",
    "\\",
    "a\\_b",
    "\"quoted\"",
    "zoë",
    "ZOE\u{308}",
    "straße",
    "STRASSE",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "İstanbul",
    "istanbul",
    "\u{1f600}",
    "\u{1f600}\u{1f680}x",
    "ﬁ",
    "null",
    "true",
    "5",
    "[a]",
    "a.b@x.org",
    " padded ",
];

fn text() -> impl Strategy<Value = String> {
    let some = select(TEXTS).prop_map(str::to_owned);
    let part = (some.clone(), some.clone()).prop_map(|(left, right)| left + &right);
    prop_oneof![6 => some, 1 => part, 1 => "[ -~]{1,6}"]
}

fn perhaps<T: std::fmt::Debug + Clone>(
    of: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(of)
}

fn email() -> impl Strategy<Value = Value> {
    let label = select(&["work", "Work", "WORK", "home", "other"][..]);
    (text(), perhaps(label), any::<bool>()).prop_map(|(value, label, shown)| {
        let mut email = json!({"value": value});
        if let Some(label) = label {
            email["type"] = json!(label);
        }
        if shown {
            email["display"] = json!(value);
        }
        email
    })
}

fn person() -> impl Strategy<Value = Value> {
    let names = (text(), perhaps(text()), perhaps(text()), perhaps(text()));
    let more = (
        perhaps(text()),
        perhaps(any::<bool>()),
        prop::collection::vec(email(), 0..4),
        prop::collection::vec(text(), 0..3),
        perhaps(text()),
        perhaps(0..4_usize),
    );
    (names, more).prop_map(|((user_name, external, display, title), more)| {
        let (given, active, mut emails, roles, department, primary) = more;
        if let Some(email) = primary.and_then(|at| emails.get_mut(at)) {
            email["primary"] = json!(true);
        }
        let roles: Vec<Value> = roles.into_iter().map(|value| json!({"value": value})).collect();
        json!({"schemas": [USER_URN, ENTERPRISE], "userName": user_name, "externalId": external,
            "displayName": display, "title": title, "active": active, "emails": emails,
            "name": {"givenName": given}, "roles": roles,
            ENTERPRISE: {"department": department, "manager": {"value": title}}})
    })
}

/// A comparison of an attribute whose values are texts.
fn compared(names: &'static [&'static str], values: Vec<String>) -> BoxedStrategy<String> {
    let op = select(&["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ"][..]);
    let value = prop_oneof![2 => text(), 1 => select(values)];
    let likely = (select(names), op, value);
    let equal = likely.prop_map(|(name, op, value)| format!("{name} {op} {}", json!(value)));
    let present = select(names).prop_map(|name| format!("{name} pr"));
    let null = (select(names), select(&["eq", "ne"][..]))
        .prop_map(|(name, op)| format!("{name} {op} null"));
    prop_oneof![8 => equal, 1 => present, 1 => null].boxed()
}

/// Filters of any shape over these comparisons.
fn shaped(leaf: BoxedStrategy<String>) -> BoxedStrategy<String> {
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
    .boxed()
}

const USER_TEXTS: &[&str] = &[
    "userName",
    "USERNAME",
    "externalId",
    "displayName",
    "title",
    "name.givenName",
    "emails",
    "emails.value",
    "emails.type",
    "emails.display",
    "roles",
    "roles.value",
    "department",
    "manager",
    "id",
    "groups.value",
    "groups.display",
    "groups",
    "meta.location",
    "meta.version",
    "groups.$ref",
    "schemas",
    "meta.resourceType",
];
const GROUP_TEXTS: &[&str] = &[
    "displayName",
    "externalId",
    "id",
    "members",
    "members.value",
    "members.type",
    "members.$ref",
    "meta.location",
    "meta.resourceType",
    "schemas",
];
const ANY_TEXTS: &[&str] = &[
    "userName",
    "displayName",
    "externalId",
    "id",
    "emails",
    "members",
    "groups.value",
    "colour",
    "description",
    "meta.resourceType",
    "title",
];

/// Filters of a list, with values that its resources have.
fn filters(names: &'static [&'static str], resources: &[Value]) -> BoxedStrategy<String> {
    let mut known: Vec<String> = Vec::new();
    for resource in resources {
        texts(resource, &mut known);
    }
    let within = compared(&["value", "type", "display"], known.clone());
    let element = (select(&["emails", "roles"][..]), within.clone(), within);
    let element = (element, select(&["and", "or"][..]))
        .prop_map(|((name, one, other), word)| format!("{name}[{one} {word} {other}]"));
    let work = select(known.clone())
        .prop_map(|value| format!("emails[type eq \"work\"].value eq {}", json!(value)));
    let member = select(known.clone()).prop_map(|id| format!("members[value eq {}]", json!(id)));
    let others = select(
        &[
            "active eq true",
            "active ne \"False\"",
            "emails[primary eq true]",
            "active pr",
            "meta.lastModified gt \"2026-11-21T10:00:07Z\"",
            "active gt true",
            "colour pr",
            "password pr",
            "meta.created le \"2026-11-21T12:00:03+02:00\"",
            "title gt 5",
        ][..],
    )
    .prop_map(str::to_owned);
    let leaf = prop_oneof![
        8 => compared(names, known),
        1 => element,
        1 => work,
        1 => member,
        1 => others,
    ];
    shaped(leaf.boxed())
}

/// Every text in a document.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::Object(held) => held.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

fn drawn<T>(runner: &mut TestRunner, of: &impl Strategy<Value = T>) -> T {
    of.new_tree(runner).unwrap().current()
}

async fn everything(scim: &Caller, path: &str) -> Vec<Value> {
    let list = scim.get(&format!("{path}?count=500")).await.expect(200).json();
    list["Resources"].as_array().unwrap().clone()
}

fn ids(resources: &[Value]) -> Vec<&str> {
    resources.iter().map(|resource| resource["id"].as_str().unwrap()).collect()
}

/// Fills a directory with what is drawn.
async fn fill(app: &TestApp, scim: &Caller, runner: &mut TestRunner) {
    let mut made = Vec::new();
    for _ in 0..USERS {
        let reply = scim.post("/Users", drawn(runner, &person())).await;
        if reply.status == 201 {
            made.push(reply.text_at("/id"));
        } else {
            refused(&reply, 409, Some("uniqueness"));
        }
        app.advance_s(1);
    }
    for number in 0..GROUPS {
        let name = format!("{}{number}", drawn(runner, &text()));
        let some = proptest::sample::subsequence(made.clone(), 0..6);
        let members: Vec<Value> =
            drawn(runner, &some).into_iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": [GROUP_URN], "displayName": name, "members": members,
            "externalId": drawn(runner, &perhaps(text()))});
        let reply = scim.post("/Groups", body).await;
        assert!([201, 409].contains(&reply.status), "{reply}");
    }
}

/// Which of the resources satisfy a filter, by the engine.
fn satisfying(
    text: &str,
    types: &[&ResourceType],
    resources: &[Value],
) -> Result<Vec<Value>, ScimError> {
    let parsed = parse(text, Dialect::Generic)?;
    let mut resolved = Vec::new();
    for rt in types {
        let one = if types.len() == 1 { parsed.resolve(rt)? } else { parsed.resolve_among(rt)? };
        resolved.push((rt.name, one));
    }
    let holds = |resource: &&Value| {
        let document: &Map<String, Value> = resource.as_object().unwrap();
        let kind = resource["meta"]["resourceType"].as_str().unwrap();
        resolved.iter().any(|(name, filter)| *name == kind && eval(filter, document))
    };
    Ok(resources.iter().filter(holds).cloned().collect())
}

on_both_engines! {
    async fn lists_find_exactly_what_the_engine_evaluates_to_true(app: TestApp) {
        let scim = client(&app, "generic").await;
        let mut runner = TestRunner::deterministic();
        fill(&app, &scim, &mut runner).await;
        for (path, types, names) in [
            ("/Users", &[&USER][..], USER_TEXTS),
            ("/Groups", &[&GROUP], GROUP_TEXTS),
            ("", &[&USER, &GROUP, &ROLE], ANY_TEXTS),
        ] {
            let resources = everything(&scim, path).await;
            let drawing = filters(names, &resources);
            let (mut some, mut refusals) = (0, 0);
            for _ in 0..FILTERS {
                let text = drawn(&mut runner, &drawing);
                let reply = scim.get(&(filter(path, &text) + "&count=500")).await;
                let wanted = match satisfying(&text, types, &resources) {
                    Ok(wanted) => wanted,
                    Err(_) => {
                        refused(&reply, 400, Some("invalidFilter"));
                        refusals += 1;
                        continue;
                    }
                };
                let list = reply.expect(200).json();
                let found = list["Resources"].as_array().unwrap();
                assert_eq!(ids(found), ids(&wanted), "{path}?filter={text}");
                assert_eq!(list["totalResults"], json!(wanted.len()), "{path}?filter={text}");
                some += usize::from(!wanted.is_empty() && wanted.len() < resources.len());
            }
            assert!(some > FILTERS / 16, "{path}: {some} filters tell anything apart");
            assert!(refusals < FILTERS / 2, "{path}: {refusals} filters are refused");
        }
    }

    async fn an_order_over_drawn_values_is_total_and_pages_cut_it_anywhere_c79_c81(app: TestApp) {
        let scim = client(&app, "generic").await;
        let mut runner = TestRunner::deterministic();
        fill(&app, &scim, &mut runner).await;
        let created = everything(&scim, "/Users").await;
        let created = ids(&created);
        for by in ["userName", "title", "emails", "emails.type", "active", "department", "id",
            "meta.created", "externalId", "name.givenName"] {
            for order in ["ascending", "descending"] {
                let query = format!("sortBy={by}&sortOrder={order}");
                let list = scim.get(&format!("/Users?{query}&count=500")).await.expect(200).json();
                let whole = list["Resources"].as_array().unwrap().clone();
                let whole = ids(&whole);
                let (mut left, mut right) = (whole.clone(), created.clone());
                left.sort_unstable();
                right.sort_unstable();
                assert_eq!(left, right, "each once, {query}");
                let mut paged: Vec<String> = Vec::new();
                for start in (1..=whole.len()).step_by(7) {
                    let path = format!("/Users?{query}&startIndex={start}&count=7");
                    let page = scim.get(&path).await.expect(200).json();
                    let page = page["Resources"].as_array().unwrap().clone();
                    paged.extend(ids(&page).into_iter().map(str::to_owned));
                }
                assert_eq!(paged, whole, "{query}");
                let (mut walked, mut cursor) = (Vec::new(), Some(String::new()));
                while let Some(at) = cursor {
                    let path = format!("/Users?{query}&count=7&cursor={at}");
                    let page = scim.get(&path).await.expect(200).json();
                    let rows = page["Resources"].as_array().unwrap().clone();
                    walked.extend(ids(&rows).into_iter().map(str::to_owned));
                    cursor = page.get("nextCursor").map(|c| c.as_str().unwrap().to_owned());
                }
                assert_eq!(walked, whole, "{query} by cursor");
            }
        }
    }
}
