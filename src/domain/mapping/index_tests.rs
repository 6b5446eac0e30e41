//! The index from facts to rules misses no rule that a change touches.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tests::{document, organization, rules};
use super::*;
use crate::domain::access::grant::Reach;
use crate::domain::id::{RuleId, UserId};
use crate::scim::filter::eval_over;

/// Rules that read groups in every way there is.
fn pool() -> Vec<Value> {
    let each = |attribute: &str, pattern: &str| {
        json!({"each": {"attribute": attribute, "pattern": pattern},
               "resources": ["site:{s}-*"]})
    };
    vec![
        json!({"when": "groups.display eq \"A\""}),
        json!({"when": "groups.display eq \"B\" and not (groups.display eq \"c\")"}),
        json!({"when": "groups[display eq \"B\" and value eq \"v-b\"]"}),
        json!({"when": "groups eq \"v-c\" or title pr"}),
        json!({"when": "groups.externalId eq \"x-d\""}),
        json!({"when": "groups.display sw \"S\""}),
        json!({"when": "userName pr and groups.display ne \"A\""}),
        json!({"when": "groups pr"}),
        json!({"when": "userName pr"}),
        json!({"when": "department eq \"Quality\" and not (groups[display co \"1\"])"}),
        each("groups.display", "S(?<s>[0-9])"),
        each("groups.value", "v-(?<s>.)"),
        each("department", "(?<s>.+)"),
        json!({"when": "groups.display eq \"A\"", "exclusive": "product", "role": "auditor"}),
        json!({"when": "groups.display eq \"C\"", "exclusive": "product", "role": "annotator"}),
        json!({"when": "userName pr", "exclusive": "product", "role": "read-only"}),
    ]
}

const GROUPS: [(&str, &str, Option<&str>); 6] = [
    ("a", "v-a", None),
    ("B", "v-b", Some("x-b")),
    ("c", "v-c", Some("x-c")),
    ("D", "v-d", Some("x-d")),
    ("S1", "1", None),
    ("S2", "2", Some("X-D")),
];

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_membership_touches_no_rule_but_those_the_index_finds(
        members in prop::sample::subsequence((0..GROUPS.len()).collect::<Vec<_>>(), 0..=6),
        changed in 0..GROUPS.len(),
        some in prop::sample::subsequence(pool(), 0..=16),
    ) {
        let organization = organization(&[]);
        let rules = rules(&some, organization.roles());
        let document = document();
        let facts = |at: &usize| {
            let (display, value, external_id) = GROUPS[*at];
            GroupFacts { value, display, external_id }
        };
        let with = |members: &[usize]| {
            let profile = Profile::new(UserId(Uuid::nil()), None, &document);
            let profile = profile.with_groups(members.iter().map(facts));
            (rules.apply(&profile, &organization), profile)
        };
        let without: Vec<usize> = members.iter().copied().filter(|at| *at != changed).collect();
        let mut both = without.clone();
        both.push(changed);
        let (before, _) = with(&without);
        let (after, profile) = with(&both);
        let touched = rules.touched_by_group(&facts(&changed));
        let ids: Vec<RuleId> = rules.selected(&touched).map(|rule| rule.id).collect();
        // Why a grant is given may change with a fact that does not change the grant.
        let of = |outcome: &Outcome, inside: bool| -> Vec<(RuleId, Reach)> {
            let grants = outcome.grants.iter().filter(|grant| ids.contains(&grant.rule) == inside);
            grants.map(|grant| (grant.rule, grant.reach.clone())).collect()
        };
        prop_assert_eq!(of(&before, false), of(&after, false));
        let only = rules.candidates(&profile, &touched).settle(&organization);
        prop_assert_eq!(of(&only, true), of(&after, true));
        prop_assert!(of(&only, false).is_empty());
    }
}

#[test]
fn of_many_rules_those_that_need_what_she_lacks_are_not_asked() {
    let organization = organization(&[]);
    let mut many: Vec<Value> =
        (0..400).map(|n| json!({"when": format!("title eq \"T{n}\" or id eq \"x\"")})).collect();
    many.extend(pool());
    let rules = rules(&many, organization.roles());
    let document = json!({"userName": "ada", "title": "t7", "emails": [{"value": "a@x"}]});
    let profile = Profile::new(UserId(Uuid::nil()), None, document.as_object().unwrap());
    let asked: Vec<usize> = rules
        .likely(&profile, &Selection::all())
        .map(|rule| rules.rules().iter().position(|one| one.id == rule.id).unwrap())
        .collect();
    assert!(asked.contains(&7) && asked.len() < 1 + pool().len(), "{asked:?}");
    assert!(asked.is_sorted());
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_rule_that_matches_is_always_asked(
        members in prop::sample::subsequence((0..GROUPS.len()).collect::<Vec<_>>(), 0..=6),
        department in prop::sample::select(vec!["Quality", "QUALITY", "q", ""]),
        title in prop::option::of("[aA]{0,2}"),
    ) {
        let organization = organization(&[]);
        let mut some = pool();
        some.extend([
            json!({"when": "department eq \"quality\" or title eq \"A\""}),
            json!({"when": "not (title eq \"a\") and department eq \"Quality\""}),
            json!({"when": "groups[display eq \"a\" or value eq \"v-b\"]"}),
            json!({"when": "emails[type eq \"work\" and value co \"x\"]"}),
        ]);
        let rules = rules(&some, organization.roles());
        let urn = crate::scim::catalog::ENTERPRISE_URN;
        let document = json!({"userName": "ada", "title": title, urn: {"department": department},
            "emails": [{"type": "WORK", "value": "a@x"}]});
        let document = document.as_object().unwrap();
        let facts = members.iter().map(|at| {
            let (display, value, external_id) = GROUPS[*at];
            GroupFacts { value, display, external_id }
        });
        let profile = Profile::new(UserId(Uuid::nil()), None, document).with_groups(facts);
        let asked: Vec<RuleId> =
            rules.likely(&profile, &Selection::all()).map(|rule| rule.id).collect();
        for rule in rules.rules() {
            let matches = eval_over(&rule.when, &profile.layers());
            prop_assert!(!matches || asked.contains(&rule.id), "{}", rule.name);
        }
    }
}

#[test]
fn an_attribute_touches_the_rules_that_read_it() {
    let organization = organization(&[]);
    let rules = rules(&pool(), organization.roles());
    let count = |selection: &Selection| rules.selected(selection).count();
    assert_eq!(count(&rules.touched_by_attribute("Department")), 2);
    assert_eq!(count(&rules.touched_by_attribute("title")), 1);
    assert!(rules.touched_by_attribute("nickName").is_empty());
    // One exclusive rule reads it, and brings its rivals.
    assert_eq!(count(&rules.touched_by_attribute("userName")), 6 + 2);
}
