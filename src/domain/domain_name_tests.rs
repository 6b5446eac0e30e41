//! Names that may be claimed, and how a proof is lost.

use super::*;

#[test]
fn names_are_compared_as_lower_case_a_labels() {
    for (sent, kept) in [
        ("Example.COM", "example.com"),
        (" example.com. ", "example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("a.b-c.example", "a.b-c.example"),
    ] {
        assert_eq!(DomainName::claim(sent).unwrap().as_str(), kept);
    }
}

#[test]
fn what_is_no_domain_name_is_refused() {
    let long = format!("{}.example", "a".repeat(LABEL_MAX + 1));
    let longer = format!("{}.example", ["a"; DOMAIN_MAX].join("."));
    for bad in [
        "",
        ".",
        "localhost",
        "1.2.3.4",
        "[::1]",
        "a..b",
        "-a.example",
        "a_b.example",
        "a b.c",
        "user@example.com",
        "example.com/x",
        &long,
        &longer,
    ] {
        assert_eq!(DomainName::claim(bad), Err(DomainRefused::NotAName), "{bad}");
    }
    let edge = format!("{}.example", "a".repeat(LABEL_MAX));
    assert!(DomainName::claim(&edge).is_ok());
}

#[test]
fn what_belongs_to_everybody_cannot_be_claimed() {
    for suffix in ["co.uk", "tokyo.jp", "github.io", "OnMicrosoft.com", "azurewebsites.net"] {
        assert_eq!(DomainName::claim(suffix), Err(DomainRefused::PublicSuffix), "{suffix}");
    }
    assert!(DomainName::claim("acme.co.uk").is_ok());
    assert_eq!(DomainName::claim("GMail.com"), Err(DomainRefused::FreeMail));
}

#[test]
fn the_domain_of_an_address_stands_behind_its_last_at() {
    assert_eq!(DomainName::of_email("\"a@b\"@Example.com").unwrap().as_str(), "example.com");
    assert_eq!(DomainName::of_email("nobody"), None);
}

fn proved(method: Method, at: Timestamp) -> Domain {
    Domain {
        id: DomainId(uuid::Uuid::nil()),
        organization_id: OrganizationId(uuid::Uuid::nil()),
        name: DomainName::claim("acme.example").unwrap(),
        state: State::Verified,
        challenge: String::new(),
        verified_at: Some(at),
        created_at: at,
        method: Some(method),
        checked_at: None,
        failing_since: None,
        next_check_at: Some(at),
    }
}

#[test]
fn a_domain_is_lost_after_a_week_of_answers_that_its_record_is_gone_li11() {
    let at = Timestamp(0);
    let mut one = proved(Method::Dns, at);
    assert_eq!(one.looked(Record::NotThere, at), Turn::Failing);
    assert_eq!(one.next_check_at, Some(at.plus_s(RECHECK_S)));
    assert_eq!(one.looked(Record::Unknown, at.plus_s(LOST_S)), Turn::Same);
    assert_eq!(one.looked(Record::NotThere, at.plus_s(LOST_S - 1)), Turn::Same);
    let mut back = one.clone();
    assert_eq!(back.looked(Record::There, at.plus_s(LOST_S - 1)), Turn::Same);
    assert_eq!((back.failing_since, back.state), (None, State::Verified));
    assert_eq!(one.looked(Record::NotThere, at.plus_s(LOST_S)), Turn::Lost);
    assert_eq!((one.state, one.next_check_at), (State::Pending, None));
    assert_eq!(one.looked(Record::There, at.plus_s(LOST_S + 1)), Turn::Proved);
}

#[test]
fn what_the_operator_vouches_for_needs_no_record_until_it_has_one() {
    let at = Timestamp(0);
    let mut one = proved(Method::Operator, at);
    assert_eq!(one.looked(Record::NotThere, at), Turn::Same);
    assert_eq!((one.failing_since, one.method), (None, Some(Method::Operator)));
    one.looked(Record::There, at);
    assert_eq!(one.method, Some(Method::Dns));
}
