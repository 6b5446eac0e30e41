use serde_json::json;

use super::*;
use crate::scim::attribute_path::AttributePath;
use crate::scim::catalog::{COMMON, GROUP, USER, USER_ATTRIBUTES};
use crate::scim::dialect::{Dialect, Tolerance};
use crate::scim::filter::parse;
use crate::scim::schema::{Attribute, ResourceType, Schema};
use crate::scim::{ScimError, ScimType};

fn ada() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "Id-1", "externalId": "Ext", "userName": "Ada@Example.org",
        "name": {"familyName": "Lovelace"}, "title": "100%_\\", "active": true, "nickName": "Zoë",
        "emails": [
            {"type": "work", "value": "ada@x.org"},
            {"type": "home", "value": "ada@home.net", "primary": true}
        ],
        "groups": [{"value": "g1", "display": "Vision admins"}],
        "meta": {"resourceType": "User", "lastModified": "2026-01-01T12:00:00.5Z"},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            {"department": "Optics", "manager": {"value": "m1"}}
    })
}

fn check(text: &str, rt: &'static ResourceType, document: &Value) -> Result<bool, ScimError> {
    let filter = parse(text, Dialect::Generic)?.resolve(rt)?;
    Ok(eval(&filter, document.as_object().unwrap()))
}

fn holds(text: &str) -> bool {
    check(text, &USER, &ada()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    let error = check(text, &USER, &ada()).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{text}");
    error.detail
}

#[test]
fn texts_compare_by_the_rule_of_their_attribute_c64() {
    assert!(holds(r#"USERNAME eq "aDA@example.ORG""#));
    assert!(holds(r#"id eq "Id-1""#) && !holds(r#"id eq "id-1""#));
    assert!(holds(r#"externalId eq "Ext""#) && !holds(r#"externalId eq "ext""#));
    assert!(holds(r#"nickName eq "ZOË""#) && holds("nickName sw \"zoe\u{308}\""));
    assert!(holds(r#"userName gt "ADA""#) && !holds(r#"userName lt "ada""#));
    assert!(holds(r#"userName ge "ada@example.org""#) && holds(r#"userName le "ADA@example.org""#));
}

#[test]
fn wildcards_of_other_languages_are_plain_letters_c65() {
    assert!(holds(r#"title co "%_""#) && holds(r#"title ew "\\""#) && holds(r#"title sw "100%""#));
    assert!(!holds(r#"userName co "%""#) && !holds(r#"userName sw "_da""#));
    assert!(holds(r#"title co """#));
}

#[test]
fn presence_means_a_value_that_is_not_empty_c66() {
    assert!(holds("title pr") && holds("name pr") && holds("emails pr") && holds("emails.type pr"));
    assert!(!holds("displayName pr") && holds("not (displayName pr)"));
    assert!(!holds("name.givenName pr") && !holds("roles pr"));
    let empty = json!({"title": "", "emails": [], "name": {"givenName": ""}, "roles": [{}]});
    for name in ["title", "emails", "name", "roles", "emails.value"] {
        assert_eq!(check(&format!("{name} pr"), &USER, &empty), Ok(false), "{name}");
    }
}

#[test]
fn a_list_matches_when_any_element_does_c67() {
    assert!(holds(r#"emails co "HOME.net""#) && holds(r#"emails.type eq "work""#));
    assert!(holds(r#"emails.value ew "x.org""#) && !holds(r#"emails.type eq "other""#));
}

#[test]
fn a_value_path_needs_one_element_to_satisfy_all_c68() {
    assert!(holds(r#"emails.type eq "work" and emails.value co "@home""#));
    assert!(!holds(r#"emails[type eq "work" and value co "@home"]"#));
    assert!(holds(r#"emails[type eq "work" and value co "@x.org"]"#));
    assert!(holds(r#"emails[not (type eq "work")]"#));
    assert!(holds(r#"emails[type eq "work"].value eq "ADA@x.org""#));
    assert!(!holds(r#"emails[type eq "home"].value eq "ada@x.org""#));
    assert!(holds(r#"name[familyName sw "love"]"#));
}

#[test]
fn names_take_their_urn_in_any_letter_case_c70() {
    assert!(holds(r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada""#));
    assert!(holds(
        r#"URN:IETF:params:scim:schemas:extension:ENTERPRISE:2.0:User:department eq "optics""#
    ));
    assert!(holds(
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "m1""#
    ));
}

#[test]
fn server_attributes_and_references_are_compared_c71() {
    assert!(holds(r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#));
    assert!(holds(r#"meta.resourceType eq "User""#));
    assert!(holds(r#"meta.lastModified gt "2026-01-01T00:00:00Z""#));
    assert!(holds(r#"meta.lastModified lt "2026-01-01T13:00:01+00:00""#));
    assert!(holds(r#"meta.lastModified eq "2026-01-01T13:00:00.500+01:00""#));
    assert!(holds(r#"groups.value eq "g1""#) && holds(r#"groups eq "g1""#));
    assert!(holds(r#"manager eq "m1""#));
    let group = json!({"displayName": "G", "members": [{"value": "u1"}, {"value": "u2"}]});
    for text in [r#"members eq "u2""#, r#"members.value eq "u1""#, r#"members[value eq "u1"]"#] {
        assert_eq!(check(text, &GROUP, &group), Ok(true), "{text}");
    }
}

#[test]
fn null_means_unassigned_and_ne_holds_for_it_c74() {
    assert!(holds("displayName eq null") && !holds("title eq null"));
    assert!(holds("title ne null") && !holds("displayName ne null"));
    assert!(holds(r#"displayName ne "x""#) && !holds(r#"displayName eq "x""#));
    assert!(holds(r#"emails.type ne "work""#) && holds(r#"roles.value ne "x""#));
    let one = json!({"emails": [{"type": "work"}]});
    assert_eq!(check(r#"emails.type ne "work""#, &USER, &one), Ok(false));
    assert_eq!(check(r#"emails.value ne "x""#, &USER, &one), Ok(true));
    refused("title gt null");
}

#[test]
fn booleans_are_tested_in_each_spelling_c75() {
    assert!(holds("active eq true") && holds("active eq True") && holds(r#"active eq "True""#));
    assert!(holds("active ne false") && !holds("active eq false"));
    assert!(holds(r#"emails[primary eq "true"].type eq "home""#));
    let strict = |text: &str| parse(text, Dialect::Strict).unwrap().resolve(&USER);
    assert!(strict(r#"active eq "True""#).is_err());
    let used = parse(r#"active eq "True""#, Dialect::Okta).unwrap().resolve(&USER).unwrap();
    assert!(used.notes().has(Tolerance::WordBoolean));
}

#[test]
fn types_that_cannot_be_compared_so_are_refused_c64() {
    for text in [
        "active gt true",
        "active co true",
        r#"active eq "maybe""#,
        "active eq 1",
        r#"x509Certificates.value gt "a""#,
        "userName eq 5",
        r#"meta.lastModified gt "yesterday""#,
        r#"name eq "x""#,
        r#"emails[value[type eq "x"]]"#,
        r#"userName[value eq "x"]"#,
        r#"addresses eq "x""#,
    ] {
        refused(text);
    }
}

#[test]
fn an_unknown_attribute_is_refused_with_its_column_d4() {
    assert!(refused(r#"title pr and colour eq "red""#).contains("column 14"));
    assert!(refused("emails.colour pr").contains("emails.colour"));
    refused("emails[colour pr]");
    refused("urn:x:y:userName pr");
}

#[test]
fn a_password_cannot_be_filtered_by_c76() {
    refused("password pr");
    refused(r#"password eq "x""#);
    refused(r#"urn:ietf:params:scim:schemas:core:2.0:User:PassWord sw "x""#);
}

#[test]
fn numbers_compare_as_numbers_c64() {
    static ODD: Schema = Schema {
        id: "urn:example:odd",
        name: "Odd",
        description: "",
        attributes: &[Attribute::integer("age", ""), Attribute::decimal("size", "")],
    };
    static TYPE: ResourceType = ResourceType {
        name: "Odd",
        endpoint: "/Odds",
        description: "",
        schema: &ODD,
        extensions: &[],
        common: COMMON,
        finds_unprefixed: false,
    };
    let odd = json!({"age": 10, "size": 1.5});
    for text in ["age gt 9", "age eq 10", "age le 10", "size lt 2", "size eq 1.50", "age ne 9"] {
        assert_eq!(check(text, &TYPE, &odd), Ok(true), "{text}");
    }
    assert_eq!(check("age lt 9", &TYPE, &odd), Ok(false));
    assert!(check("age co 1", &TYPE, &odd).is_err());
    assert!(check(r#"age eq "10""#, &TYPE, &odd).is_err());
}

const GROUP_FACTS: &[Attribute] = &[
    Attribute::string("display", ""),
    Attribute::string("value", "").exact(),
    Attribute::string("externalId", "").exact(),
];
static FACTS: Schema = Schema {
    id: "urn:example:profile",
    name: "Profile",
    description: "",
    attributes: &[
        Attribute::string("userName", ""),
        Attribute::complex("groups", "", GROUP_FACTS).multi(),
        Attribute::open("claims", ""),
    ],
};
static PROFILE: ResourceType = ResourceType {
    name: "Profile",
    endpoint: "/Profiles",
    description: "",
    schema: &FACTS,
    extensions: &[],
    common: COMMON,
    finds_unprefixed: true,
};

#[test]
fn an_open_attribute_takes_any_sub_attribute_name() {
    let person = json!({"claims": {"roles": ["Auditor", "x"], "org.unit": ["r&d"]}});
    for text in
        [r#"claims.roles eq "auditor""#, r#"CLAIMS.Roles sw "X""#, r#"claims.org.unit eq "R&D""#]
    {
        assert_eq!(check(text, &PROFILE, &person), Ok(true), "{text}");
    }
    assert_eq!(check("claims.other pr", &PROFILE, &person), Ok(false));
    assert_eq!(check("claims.roles pr and claims pr", &PROFILE, &person), Ok(true));
    assert!(check("claims.roles gt true", &PROFILE, &person).is_err());
    assert!(check(r#"claims eq "x""#, &PROFILE, &person).is_err());
    assert!(check(r#"claims[roles eq "x"]"#, &PROFILE, &person).is_err());
}

#[test]
fn layers_are_looked_through_in_order() {
    let stored = json!({"userName": "a"});
    let server = json!({"id": "1", "meta": {"resourceType": "User"}});
    let filter = parse(r#"userName eq "a" and id eq "1""#, Dialect::Strict).unwrap();
    let filter = filter.resolve(&USER).unwrap();
    assert!(filter.mentions("id") && !filter.mentions("groups"));
    let (stored, server) = (stored.as_object().unwrap(), server.as_object().unwrap());
    assert!(eval_over(&filter, &[stored, server]) && !eval(&filter, stored));
}

#[test]
fn every_core_attribute_can_be_tested_for_presence() {
    for attribute in USER_ATTRIBUTES.iter().filter(|attribute| !attribute.is_hidden()) {
        assert!(AttributePath::parse(attribute.name, 1).is_some());
        assert!(check(&format!("{} pr", attribute.name), &USER, &ada()).is_ok());
    }
}

#[test]
fn among_several_types_an_unknown_attribute_counts_as_unassigned_c73() {
    let group = json!({"displayName": "G"});
    let among = |text: &str| {
        let filter = parse(text, Dialect::Generic).unwrap().resolve_among(&GROUP)?;
        Ok(eval(&filter, group.as_object().unwrap()))
    };
    for (text, holds) in [
        ("userName pr", false),
        ("not (userName pr)", true),
        (r#"userName eq "g""#, false),
        (r#"userName ne "g""#, true),
        ("userName eq null", true),
        ("userName ne null", false),
        (r#"emails[type eq "work"]"#, false),
        (r#"emails[type eq "work"].value eq "x""#, false),
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:displayName pr"#, false),
        (r#"colour eq "red" or displayName eq "g""#, true),
        (r#"meta.resourceType eq "Group""#, true),
        (r#"meta.resourceType eq "group""#, false),
        (r#"meta.resourceType sw "Us""#, false),
        (r#"meta.resourceType ne "User""#, true),
    ] {
        assert_eq!(among(text), Ok::<_, ScimError>(holds), "{text}");
    }
    assert!(among("displayName gt 5").is_err());
    let user = parse("password pr", Dialect::Generic).unwrap().resolve_among(&USER);
    assert_eq!(user.unwrap_err().scim_type, Some(ScimType::InvalidFilter));
}

#[test]
fn what_a_type_always_or_never_satisfies_is_known_before_anything_is_read_c57() {
    let of = |text: &str| {
        let filter = parse(text, Dialect::Generic).unwrap().resolve_among(&USER).unwrap();
        (filter.is_never(), filter.is_always())
    };
    assert_eq!(of(r#"meta.resourceType eq "User""#), (false, true));
    assert_eq!(of(r#"meta.resourceType eq "Group" and title pr"#), (true, false));
    assert_eq!(of(r#"not (meta.resourceType eq "Group")"#), (false, true));
    assert_eq!(of("members pr or title pr"), (false, false));
    assert_eq!(of("not (members pr)"), (false, true));
    assert_eq!(of("title pr"), (false, false));
}
