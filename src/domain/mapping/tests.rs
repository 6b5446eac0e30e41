//! Rules from drafts to grants, on the field-vision platform.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::apply::RESULTS_MAX;
use super::check::{NAME_CHARS_MAX, TEMPLATES_MAX};
use super::*;
use crate::domain::access::grant::Reach;
use crate::domain::access::{ResourceRow, RoleTable, Snapshot};
use crate::domain::id::{DirectoryId, RuleId, UserId};
use crate::domain::platform::{Definition, preset};
use crate::domain::resource::ResourceRef;

pub(super) fn organization(sites: &[&str]) -> Snapshot {
    let text = preset("field-vision").unwrap();
    let definition = Arc::new(Definition::parse(text, "field-vision").unwrap());
    let mut snapshot = Snapshot::new(true, Arc::new(RoleTable::new(definition, Vec::new())));
    for site in sites {
        let resource = ResourceRef::parse(site).unwrap();
        snapshot.put_resource(&ResourceRow { resource, parent: None });
    }
    snapshot
}

fn draft(body: &Value) -> RuleDraft {
    let mut whole = json!({"name": "rule", "when": "userName pr", "role": "field-worker"});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

fn rule_id(at: usize) -> RuleId {
    RuleId(Uuid::from_u128(at as u128 + 1))
}

fn checked(at: usize, body: &Value, roles: &RoleTable) -> Result<Rule, Vec<Refusal>> {
    check(rule_id(at), &draft(body), &Terms { roles, directories: &[] })
}

pub(super) fn rules(bodies: &[Value], roles: &RoleTable) -> RuleSet {
    let rules = bodies.iter().enumerate().map(|(at, body)| checked(at, body, roles).unwrap());
    RuleSet::new(rules.collect()).unwrap()
}

pub(super) fn document() -> Map<String, Value> {
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let document = json!({
        "userName": "ada@example.com",
        "active": true,
        "addresses": [{"type": "work", "country": "FR"}],
        "groups": [{"display": "Stale"}],
        enterprise: {"department": "Quality"},
    });
    document.as_object().unwrap().clone()
}

fn profile<'d>(document: &'d Map<String, Value>, groups: &[&str]) -> Profile<'d> {
    let groups = groups.iter().map(|display| GroupFacts {
        value: "5f1c",
        display,
        external_id: Some("EXT-1"),
    });
    Profile::new(UserId(Uuid::nil()), None, document).with_groups(groups)
}

/// What the rules give, as texts, and what stays unresolved.
fn given(bodies: &[Value], groups: &[&str]) -> (Vec<String>, Vec<String>) {
    let organization = organization(&["site:Lyon", "site:paris", "site:lyon-nord", "team:a"]);
    let document = document();
    let profile = profile(&document, groups).with_claim("roles", ["Auditor", "x"]);
    let outcome = rules(bodies, organization.roles()).apply(&profile, &organization);
    let shown = |grant: &MappedGrant| {
        let place = match &grant.reach {
            Reach::Organization => "*".to_owned(),
            reach => reach.resource().unwrap_or_default(),
        };
        format!("{} {place}", organization.roles().key(grant.role))
    };
    let unresolved = outcome.unresolved.iter().map(|one| {
        format!("{} {:?} {}", one.resource, one.why, one.nearest.as_deref().unwrap_or("-"))
    });
    (outcome.grants.iter().map(shown).collect(), unresolved.collect())
}

#[test]
fn a_rule_gives_its_role_to_whom_its_filter_holds_for() {
    for (when, holds) in [
        (r#"groups.display eq "vision ADMINS""#, true),
        (r#"groups[display eq "Vision admins" and value eq "5f1c"]"#, true),
        (r#"groups.externalId eq "EXT-1""#, true),
        (r#"groups.display eq "Stale""#, false),
        (r#"department eq "Quality" and addresses.country eq "FR""#, true),
        (r#"department eq "Quality" and addresses.country eq "DE""#, false),
        (r#"claims.roles eq "auditor""#, true),
        (r#"claims.groups eq "auditor""#, false),
        (r#"userName ew "@example.com" and not (groups.display eq "Others")"#, true),
        (r#"userName pr and not (groups.display eq "Vision admins")"#, false),
        (r#"id eq "00000000-0000-0000-0000-000000000000""#, true),
    ] {
        let (grants, _) = given(&[json!({"when": when})], &["Vision admins"]);
        assert_eq!(grants == ["field-worker *"], holds, "{when}");
    }
}

#[test]
fn each_makes_one_rule_serve_every_site() {
    let rule = json!({
        "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+) managers$"},
        "role": "operation-manager",
        "resources": ["site:{site}"],
    });
    let groups = ["Site Lyon managers", "Site PARIS managers", "Site lyon managers", "Site x"];
    let (grants, unresolved) = given(std::slice::from_ref(&rule), &groups);
    // Keys are compared without regard to case, so Lyon is given once.
    assert_eq!(grants, ["operation-manager site:Lyon", "operation-manager site:PARIS"]);
    assert_eq!(unresolved, [""; 0]);
    assert_eq!(given(&[rule], &["Site managers"]).0, [""; 0]);
}

#[test]
fn a_key_that_no_resource_has_gives_nothing_and_names_the_nearest() {
    let rule = json!({
        "each": {"attribute": "groups.display", "pattern": "Site (?<site>.*)"},
        "resources": ["site:{site}", "site:{site|slug}"],
    });
    let (grants, unresolved) = given(&[rule], &["Site Lyon Nord", "Site Pari", "Site *"]);
    assert_eq!(grants, ["field-worker site:lyon-nord"]);
    let expected = [
        "site:Lyon Nord Capture -",
        "site:* Capture -",
        "site: Capture -",
        "site:Pari Unregistered site:paris",
    ];
    assert_eq!(unresolved, expected);
}

#[test]
fn a_prefix_stays_symbolic() {
    let rule = json!({
        "each": {"attribute": "department", "pattern": "(?<d>.+)"},
        "resources": ["site:lyon-*", "site:{d}*", "site:{d|slug}-*"],
    });
    let (grants, unresolved) = given(&[rule], &[]);
    let expected =
        ["field-worker site:lyon-*", "field-worker site:quality*", "field-worker site:quality-*"];
    assert_eq!(grants, expected);
    assert_eq!(unresolved, [""; 0]);
}

#[test]
fn resources_of_a_confined_role_become_site_access() {
    let rule = json!({"role": "auditor", "resources": ["site:lyon", "site:gone", "team:a"]});
    let (grants, unresolved) = given(&[rule], &[]);
    assert_eq!(grants, ["auditor *", "site-access site:lyon", "site-access team:a"]);
    assert_eq!(unresolved.len(), 1);
}

#[test]
fn of_exclusive_rules_the_first_by_position_that_matches_wins() {
    let exclusive = |position: u32, role: &str, when: &str| {
        let exclusive = "product";
        json!({"position": position, "role": role, "when": when, "exclusive": exclusive})
    };
    let rules = [
        exclusive(3, "auditor", "userName pr"),
        exclusive(2, "annotator", "userName pr"),
        exclusive(1, "read-only", "title pr"),
        json!({"role": "gallery-viewer", "position": 9}),
    ];
    assert_eq!(given(&rules, &[]).0, ["annotator *", "gallery-viewer *"]);
}

#[test]
fn a_rule_of_a_directory_reaches_its_users_and_a_disabled_rule_nobody() {
    let organization = organization(&[]);
    let directories = [1_u128, 2].map(|at| DirectoryId(Uuid::from_u128(at)));
    let terms = Terms { roles: organization.roles(), directories: &directories };
    let body = draft(&json!({"directory": directories[0].to_string()}));
    let enabled = check(rule_id(0), &body, &terms).unwrap();
    let disabled = Rule { enabled: false, ..enabled.clone() };
    let document = document();
    let gives = |rule: &Rule, directory| {
        let profile = Profile::new(UserId(Uuid::nil()), directory, &document);
        let rules = RuleSet::new(vec![rule.clone()]).unwrap();
        rules.apply(&profile, &organization).grants.len()
    };
    assert_eq!(gives(&enabled, Some(directories[0])), 1);
    assert_eq!(gives(&enabled, Some(directories[1])), 0);
    assert_eq!(gives(&enabled, None), 0);
    assert_eq!(gives(&disabled, Some(directories[0])), 0);
    let refused = check(rule_id(0), &draft(&json!({})), &terms).unwrap_err();
    assert_eq!((refused[0].pointer.as_str(), refused[0].code), ("/directory", "required"));
}

#[test]
fn a_grant_says_which_facts_matched() {
    let organization = organization(&["site:lyon"]);
    let document = document();
    let when = r#"(title pr or groups[display sw "vision" and value pr]) and active eq true
        and not (userType eq "guest")"#;
    let body = json!({
        "when": when,
        "each": {"attribute": "groups.display", "pattern": "Site (?<s>.+)"},
        "resources": ["site:{s}"],
    });
    let rules = rules(&[body], organization.roles());
    let profile = profile(&document, &["Vision admins", "Site Lyon"]);
    let outcome = rules.apply(&profile, &organization);
    let shown: Vec<String> = outcome.grants[0]
        .matched
        .iter()
        .map(|fact| format!("{}={}", fact.attribute, fact.value))
        .collect();
    assert_eq!(
        shown,
        [
            "groups.display=Vision admins",
            "groups.value=5f1c",
            "active=true",
            "groups.display=Site Lyon"
        ]
    );
}

#[test]
fn a_rule_is_refused_with_pointer_code_and_column() {
    let organization = organization(&[]);
    let each = |pattern: &str| json!({"attribute": "groups.display", "pattern": pattern});
    for (body, pointer, code, part) in [
        (json!({"when": "userName eq"}), "/when", "invalid-filter", "column"),
        (json!({"when": "colour eq \"x\""}), "/when", "invalid-filter", "column 1"),
        (json!({"when": "password pr"}), "/when", "invalid-filter", ""),
        (json!({"when": "not (userName pr)"}), "/when", "only-negative", ""),
        (json!({"when": "userName pr or title ne \"x\""}), "/when", "only-negative", ""),
        (json!({"when": "title eq null"}), "/when", "only-negative", ""),
        (json!({"when": "groups[not (display eq \"x\")]"}), "/when", "only-negative", ""),
        (json!({"role": "auditr"}), "/role", "unknown", "auditor"),
        (json!({"name": " "}), "/name", "required", ""),
        (json!({"directory": "x"}), "/directory", "unknown", ""),
        (json!({"exclusive": "role"}), "/exclusive", "invalid", ""),
        (json!({"each": each("(?<a>")}), "/each/pattern", "invalid-pattern", "column"),
        (
            json!({"each": {"attribute": "active", "pattern": "x"}}),
            "/each/attribute",
            "invalid-attribute",
            "",
        ),
        (
            json!({"each": {"attribute": "colour", "pattern": "x"}}),
            "/each/attribute",
            "unknown-attribute",
            "",
        ),
        (json!({"resources": ["site:{a}"]}), "/resources/0", "capture-unknown", "needs `each`"),
        (
            json!({"each": each("(?<b>.+)"), "resources": ["site:x", "site:{a}"]}),
            "/resources/1",
            "capture-unknown",
            "no capture",
        ),
        (json!({"resources": ["site:*"]}), "/resources/0", "prefix-too-wide", ""),
        (json!({"resources": ["site:a", "box:a"]}), "/resources/1", "kind-unknown", ""),
        (
            json!({"role": "org-admin", "resources": ["site:a"]}),
            "/resources",
            "organization-only",
            "",
        ),
    ] {
        let refused = checked(0, &body, organization.roles()).unwrap_err();
        assert_eq!(refused.len(), 1, "{body}: {refused:?}");
        assert_eq!((refused[0].pointer.as_str(), refused[0].code), (pointer, code), "{body}");
        assert!(refused[0].detail.contains(part), "{body}: {}", refused[0].detail);
    }
    let two = json!({"when": "x", "role": "y"});
    assert_eq!(checked(0, &two, organization.roles()).unwrap_err().len(), 2);
}

#[test]
fn a_term_outside_not_in_each_branch_is_enough() {
    let organization = organization(&[]);
    for when in [
        "title pr and not (userName pr)",
        "(title pr or userName pr) and title ne \"x\"",
        "title ne null",
        "emails[type ne \"home\" and value pr]",
        "active eq false",
    ] {
        assert!(checked(0, &json!({"when": when}), organization.roles()).is_ok(), "{when}");
    }
}

#[test]
fn rules_names_and_templates_are_taken_up_to_their_limits() {
    let organization = organization(&[]);
    let roles = organization.roles();
    let one = checked(0, &json!({}), roles).unwrap();
    assert!(RuleSet::new(vec![one.clone(); RULES_MAX]).is_ok());
    assert_eq!(RuleSet::new(vec![one; RULES_MAX + 1]).unwrap_err(), TooManyRules);
    let named = |count| checked(0, &json!({"name": "é".repeat(count)}), roles);
    assert!(named(NAME_CHARS_MAX).is_ok() && named(NAME_CHARS_MAX + 1).is_err());
    let with = |count| {
        let resources: Vec<String> = (0..count).map(|at| format!("site:{at}")).collect();
        checked(0, &json!({"resources": resources}), roles)
    };
    assert!(with(TEMPLATES_MAX).is_ok() && with(TEMPLATES_MAX + 1).is_err());
}

#[test]
fn a_rule_gives_a_user_up_to_a_thousand_results() {
    let organization = organization(&[]);
    let body = json!({
        "each": {"attribute": "groups.display", "pattern": "(?<s>.+)"},
        "resources": ["site:{s}-*"],
    });
    let rules = rules(&[body], organization.roles());
    let document = document();
    let outcome = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("s{at}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        rules.apply(&profile(&document, &names), &organization)
    };
    let full = outcome(RESULTS_MAX);
    assert_eq!((full.grants.len(), full.unresolved.len()), (RESULTS_MAX, 0));
    let over = outcome(RESULTS_MAX + 2);
    assert_eq!((over.grants.len(), over.unresolved.len()), (RESULTS_MAX, 1));
    assert_eq!(over.unresolved[0].why, Why::TooMany);
}

#[test]
fn a_draft_reads_back_as_it_was_written_and_knows_no_other_keys() {
    let body = draft(&json!({"resources": [], "exclusive": "product", "position": 3}));
    let text = serde_json::to_string(&body).unwrap();
    assert_eq!(serde_json::from_str::<RuleDraft>(&text).unwrap(), body);
    let more = json!({"name": "a", "when": "b", "role": "c", "colour": 1});
    assert!(serde_json::from_value::<RuleDraft>(more).is_err());
}

#[test]
fn a_grant_of_each_names_its_own_value_and_not_those_of_the_others() {
    let organization = organization(&["site:lyon", "site:paris"]);
    let document = document();
    let body = json!({
        "when": "groups.display sw \"Site \"",
        "each": {"attribute": "groups.display", "pattern": "Site (?<s>.+)"},
        "resources": ["site:{s}"],
    });
    let rules = rules(&[body], organization.roles());
    let profile = profile(&document, &["Site Lyon", "Site Paris"]);
    let outcome = rules.apply(&profile, &organization);
    let shown: Vec<Vec<&str>> = outcome
        .grants
        .iter()
        .map(|grant| grant.matched.iter().map(|fact| fact.value.as_str()).collect())
        .collect();
    assert_eq!(shown, [["Site Lyon"], ["Site Paris"]]);
}
