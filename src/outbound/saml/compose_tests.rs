//! What we write can be read back, and holds what others said only as text.

use super::*;
use crate::outbound::saml::reader::Ns::{Assertion, Protocol};
use crate::outbound::saml::tree::Element;

const EVIL: &str = "a\"><b x='&\n\t\u{7}";

fn sp() -> Sp<'static> {
    Sp { entity_id: "https://sp.example/m", acs_url: "https://sp.example/acs", slo_url: "" }
}

#[test]
fn a_request_is_escaped_and_asks_for_nothing_that_is_not_configured_g33() {
    let mut saml = Saml { sso_url: EVIL.to_owned(), ..Saml::default() };
    let id = draw_id(Rng);
    assert_eq!(id.len(), 41);
    assert_ne!(id, draw_id(Rng));
    let text = authn_request(&sp(), &saml, (&id, Timestamp(1_500_000)), false);
    let read = Element::read(&text).unwrap();
    assert_eq!(read.attribute("ID"), Some(id.as_str()));
    assert_eq!(read.attribute("IssueInstant"), Some("1970-01-01T00:00:01Z"));
    assert_eq!(read.attribute("Destination"), Some("a\"><b x='&\n\t"));
    assert_eq!(read.attribute("AssertionConsumerServiceURL"), Some("https://sp.example/acs"));
    assert_eq!(read.children.len(), 2, "no RequestedAuthnContext");
    let policy = read.child(Protocol, "NameIDPolicy").unwrap();
    assert_eq!((policy.attribute("AllowCreate"), policy.attribute("Format")), (Some("true"), None));
    saml.authn_context = vec![EVIL.to_owned()];
    let read = Element::read(&authn_request(&sp(), &saml, (&id, Timestamp(0)), true)).unwrap();
    assert_eq!(read.attribute("ForceAuthn"), Some("true"));
    assert!(read.child(Protocol, "RequestedAuthnContext").is_some());
}

#[test]
fn a_logout_names_the_person_whole_g35() {
    let name = NameId {
        value: EVIL.to_owned(),
        format: Some("f".to_owned()),
        name_qualifier: Some(EVIL.to_owned()),
        sp_name_qualifier: None,
    };
    let text =
        logout_request(&sp(), "https://idp.example", (&name, Some("_s")), ("_i", Timestamp(0)));
    let read = Element::read(&text).unwrap();
    let found = read.child(Assertion, "NameID").unwrap();
    assert_eq!(found.text, "a\"><b x='&\n\t");
    assert_eq!(found.attribute("NameQualifier"), Some("a\"><b x='&\n\t"));
    assert!(found.attribute("SPNameQualifier").is_none());
    let text = logout_response(&sp(), "https://idp.example", ("_q", None), ("_i", Timestamp(0)));
    assert_eq!(Element::read(&text).unwrap().attribute("InResponseTo"), Some("_q"));
}
