//! The engine without its surroundings: filters, PATCH, projection, mapping, decisions.
//!
//! Everything here is a pure function of the lower floors; nothing touches a database, a network
//! or a clock but the measurement itself. `cargo bench --bench engine` measures, with `-- --test`
//! each part runs once.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on must stop")]

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion};
use portico::domain::access::grant::{Reach, Source};
use portico::domain::access::{
    GrantRow, Question, ResourceRow, RoleTable, Snapshot, UserRow, decide,
};
use portico::domain::id::{GrantId, RuleId, UserId};
use portico::domain::mapping::{GroupFacts, Profile, Rule, RuleDraft, RuleSet, Terms, check};
use portico::domain::platform::{Definition, preset};
use portico::domain::resource::ResourceRef;
use portico::domain::time::Timestamp;
use portico::scim::catalog::USER;
use portico::scim::project::Projection;
use portico::scim::{Dialect, Notes, Resource, filter, patch};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const USERS: u128 = 100_000;
const SITES: u128 = 10_000;
const TEAMS: u128 = 100;
const RULES: usize = 500;
const GROUPS: usize = 500;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    filters(&mut criterion);
    patches(&mut criterion);
    projections(&mut criterion);
    mapping(&mut criterion);
    decisions(&mut criterion);
    criterion.final_summary();
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic_on(&other),
    }
}

#[expect(clippy::panic, reason = "a bench that cannot go on must stop")]
fn panic_on(value: &Value) -> ! {
    panic!("{value} is no object")
}

fn user() -> Map<String, Value> {
    object(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "id": "0190d5f2-7c3e-7000-8000-0000000003e8",
        "externalId": "7d0c5a1e-5e1f-4c2b-9a00-0000000003e8",
        "userName": "ada.adeyemi.1000@example.com",
        "name": {"formatted": "Ada Adeyemi", "familyName": "Adeyemi", "givenName": "Ada"},
        "displayName": "Ada Adeyemi",
        "title": "Engineer",
        "active": true,
        "emails": [
            {"value": "ada@home.example.com", "type": "home"},
            {"value": "ada.adeyemi.1000@example.com", "type": "work", "primary": true},
        ],
        "phoneNumbers": [{"value": "+49 30 0001000", "type": "mobile"}],
        ENTERPRISE: {"employeeNumber": "101000", "department": "Quality"},
    }))
}

fn filters(criterion: &mut Criterion) {
    let texts = [
        ("eq", "userName eq \"ada.adeyemi.1000@example.com\""),
        ("value path", "emails[type eq \"work\" and value co \"@example.com\"]"),
        ("logic", "(active eq true and title sw \"eng\") or not (name.familyName pr)"),
    ];
    let document = user();
    for (name, text) in texts {
        let parse = || filter::parse(black_box(text), Dialect::Entra).unwrap().resolve(&USER);
        criterion.bench_function(&format!("filter parse, {name}"), |bench| bench.iter(parse));
        let filter = parse().unwrap();
        assert!(filter::eval(&filter, &document), "{text}");
        criterion.bench_function(&format!("filter eval, {name}"), |bench| {
            bench.iter(|| filter::eval(black_box(&filter), black_box(&document)));
        });
    }
}

fn patches(criterion: &mut Criterion) {
    let body = object(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "Replace", "path": "name.familyName", "value": "Lovelace"},
            {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "new@example.com"},
            {"op": "Replace", "path": format!("{ENTERPRISE}:department"), "value": "Safety"},
            {"op": "Remove", "path": "title"},
        ],
    }));
    let parse = |body: Map<String, Value>| {
        patch::parse(body, &USER, "1", Dialect::Entra, &mut Notes::default()).unwrap()
    };
    criterion.bench_function("patch parse, four operations", |bench| {
        bench.iter_batched(|| body.clone(), parse, BatchSize::SmallInput);
    });
    let message = parse(body.clone());
    let resource = Resource::from_stored(user());
    criterion.bench_function("patch apply, four operations", |bench| {
        bench.iter(|| {
            let mut notes = Notes::default();
            patch::apply(black_box(&message), &USER, &resource, Dialect::Entra, &mut notes).unwrap()
        });
    });
}

fn projections(criterion: &mut Criterion) {
    let lists = [
        ("attributes", Some("userName,emails.value,name.familyName"), None),
        ("excludedAttributes", None, Some("emails,phoneNumbers,name.formatted")),
    ];
    let document = user();
    for (name, attributes, excluded) in lists {
        let parse = || Projection::parse(black_box(attributes), excluded, &USER).unwrap();
        criterion.bench_function(&format!("projection parse, {name}"), |bench| bench.iter(parse));
        let projection = parse();
        criterion.bench_function(&format!("projection apply, {name}"), |bench| {
            let cut = |mut document| {
                projection.apply(&mut document);
                document
            };
            bench.iter_batched(|| document.clone(), cut, BatchSize::SmallInput);
        });
    }
}

/// An organization on the built-in platform: teams, and sites spread over them.
fn organization() -> Snapshot {
    let text = preset("field-vision").expect("a built-in preset");
    let definition = Arc::new(Definition::parse(text, "field-vision").unwrap());
    let mut snapshot = Snapshot::new(true, Arc::new(RoleTable::new(definition, Vec::new())));
    let named = |name: String| ResourceRef::parse(&name).unwrap();
    for team in 0..TEAMS {
        let resource = named(format!("team:t{team}"));
        snapshot.put_resource(&ResourceRow { resource, parent: None });
    }
    for site in 0..SITES {
        let resource = named(format!("site:s{site}"));
        let parent = Some(named(format!("team:t{}", site % TEAMS)));
        snapshot.put_resource(&ResourceRow { resource, parent });
    }
    snapshot
}

/// A rule for each of 499 groups, and one that serves every site.
fn rules(roles: &RoleTable) -> RuleSet {
    let terms = Terms { roles, directories: &[] };
    let checked = |at: usize, draft: Value| -> Rule {
        let draft: RuleDraft = serde_json::from_value(draft).unwrap();
        check(RuleId(Uuid::from_u128(at as u128 + 1)), &draft, &terms).unwrap()
    };
    let mut all = vec![checked(
        0,
        json!({
            "name": "Managers by site",
            "when": "groups.display sw \"Site \"",
            "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+) managers$"},
            "role": "operation-manager",
            "resources": ["site:{site}"],
        }),
    )];
    all.extend((1..RULES).map(|at| {
        let when = format!("groups.display eq \"Team {at}\" and active eq true");
        checked(at, json!({"name": format!("Rule {at}"), "when": when, "role": "field-worker"}))
    }));
    RuleSet::new(all).unwrap()
}

fn mapping(criterion: &mut Criterion) {
    let organization = organization();
    let rules = rules(organization.roles());
    let document = user();
    let id = UserId(Uuid::from_u128(1));
    for (name, count) in [("500 groups", GROUPS), ("10 groups", 10)] {
        let names: Vec<String> = (0..count).map(|n| format!("Site s{n} managers")).collect();
        let facts = |display| GroupFacts { value: "5f1c", display, external_id: None };
        let profile = Profile::new(id, None, &document)
            .with_groups(names.iter().map(|display| facts(display.as_str())));
        assert_eq!(rules.apply(&profile, &organization).grants.len(), count);
        criterion.bench_function(&format!("mapping, all of 500 rules, {name}"), |bench| {
            bench.iter(|| rules.apply(black_box(&profile), &organization));
        });
        let joined = facts("Site s7 managers");
        criterion.bench_function(&format!("mapping, rules one group touches, {name}"), |bench| {
            bench.iter(|| {
                let touched = rules.touched_by_group(black_box(&joined));
                rules.candidates(&profile, &touched).settle(&organization)
            });
        });
    }
}

/// 100,000 users: each manages three sites and works in one team.
fn populated() -> Snapshot {
    let mut snapshot = organization();
    let on = |name: String| Reach::Resource(ResourceRef::parse(&name).unwrap());
    for n in 0..USERS {
        let grant = |at: u128, role: &str, reach| GrantRow {
            id: GrantId(Uuid::from_u128(n * 4 + at + 1)),
            role: role.to_owned(),
            reach,
            source: Source::Rule,
            source_name: None,
            expires_at: None,
        };
        let mut row = UserRow::new(UserId(Uuid::from_u128(n + 1)), format!("user{n}@example.com"));
        row.grants.extend((0..3).map(|at| {
            let site = (n * 3 + at) % SITES;
            grant(at, "operation-manager", on(format!("site:s{site}")))
        }));
        row.grants.push(grant(3, "field-worker", on(format!("team:t{}", n % TEAMS))));
        snapshot.put_user(row);
    }
    snapshot
}

fn decisions(criterion: &mut Criterion) {
    let snapshot = populated();
    let drawn = Cell::new(0_u128);
    // A step that shares no factor with the population visits everybody before anybody twice.
    let next = || drawn.replace((drawn.get() + 7_919) % USERS);
    let ask = |n: u128, permission, key: &str| {
        let question = Question {
            user: UserId(Uuid::from_u128(n + 1)),
            permission,
            resource: Some(("site", key)),
            at: Timestamp(0),
        };
        decide(&snapshot, black_box(&question)).allowed
    };
    criterion.bench_function("decision, allowed on the site itself", |bench| {
        bench.iter(|| {
            let n = next();
            assert!(ask(n, "work_orders.edit", &format!("s{}", n * 3 % SITES)));
        });
    });
    criterion.bench_function("decision, allowed through the team", |bench| {
        bench.iter(|| {
            let n = next();
            assert!(ask(n, "work_orders.execute", &format!("s{}", n % TEAMS)));
        });
    });
    criterion.bench_function("decision, not covered", |bench| {
        bench.iter(|| {
            let n = next();
            assert!(!ask(n, "alerts.manage", &format!("s{}", (n * 3 + 5_000) % SITES)));
        });
    });
}
