//! Metadata of providers: what is taken, and what is not (A54).

use super::*;

const CERTIFICATE: &str = include_str!("../../../conformance/saml/keys/idp.pem");
const OTHER: &str = include_str!("../../../conformance/saml/keys/rogue.pem");
const WEAK: &str = include_str!("../../../conformance/saml/keys/idp-weak.pem");
const ID: &str = "https://idp.example/metadata";

fn now() -> Timestamp {
    Timestamp::parse("2026-01-15T12:00:00Z").unwrap()
}

fn key(used_for: &str, pem: &str) -> String {
    let body: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    format!(
        "<md:KeyDescriptor{used_for}><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
         </md:KeyDescriptor>"
    )
}

fn entity(id: &str, attributes: &str, inside: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{id}\"\
         {attributes}><md:IDPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">{inside}\
         </md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

fn sso_at(binding: &str, url: &str) -> String {
    format!("<md:SingleSignOnService Binding=\"{binding}\" Location=\"{url}\"/>")
}

fn good() -> String {
    key(" use=\"signing\"", CERTIFICATE) + &sso_at(REDIRECT, "https://idp.example/sso")
}

fn refused(text: &str, wanted: Option<&str>) -> String {
    let found = read(text, wanted, now()).unwrap_err();
    format!("{found}")
}

#[test]
fn metadata_says_who_where_and_by_which_keys_g31() {
    let inside = key("", OTHER)
        + &good()
        + &sso_at(POST, "https://idp.example/post")
        + &format!(
            "<md:SingleLogoutService Binding=\"{REDIRECT}\" Location=\"https://idp.example/slo\"/>"
        );
    let text = format!("\u{feff}<?xml version=\"1.0\"?><!-- ours -->{}", entity(ID, "", &inside));
    let found = read(text.trim_start_matches('\u{feff}'), None, now()).unwrap();
    assert_eq!(found.entity_id, ID);
    assert_eq!(
        (found.sso_url.as_str(), found.sso_binding),
        ("https://idp.example/sso", Binding::Redirect)
    );
    assert_eq!(found.slo_url.as_deref(), Some("https://idp.example/slo"));
    assert_eq!(found.certificates.len(), 2);
    assert_eq!((found.valid_until, found.due_at), (None, now().plus_s(REFRESH_MAX_S)));
}

#[test]
fn a_provider_that_takes_forms_only_is_taken() {
    let inside = key("", CERTIFICATE) + &sso_at(POST, "https://idp.example/post");
    let found = read(&entity(ID, "", &inside), None, now()).unwrap();
    assert_eq!(found.sso_binding, Binding::Post);
}

#[test]
fn what_is_no_metadata_of_a_provider_is_refused_a54() {
    let bad = [
        (String::new(), "not_well_formed"),
        ("<html><body>Sign in</body></html>".to_owned(), "EntityDescriptor"),
        ("<!DOCTYPE html><html/>".to_owned(), "doctype"),
        (entity(ID, "", ""), "SingleSignOnService"),
        (entity(ID, "", &sso_at(REDIRECT, "https://idp.example/sso")), "no certificate"),
        (
            entity(
                ID,
                "",
                &(key(" use=\"encryption\"", CERTIFICATE)
                    + &sso_at(REDIRECT, "https://idp.example/sso")),
            ),
            "no certificate",
        ),
        (entity(ID, "", &(key("", WEAK) + &sso_at(REDIRECT, "https://idp.example/sso"))), "2048"),
        (
            entity(ID, "", &(key("", CERTIFICATE) + &sso_at(REDIRECT, "http://idp.example/sso"))),
            "https",
        ),
        (
            entity(ID, "", &(key("", CERTIFICATE) + &sso_at(REDIRECT, "javascript:alert(1)"))),
            "https",
        ),
        (entity("", "", &good()), "entityID"),
        (entity(&"x".repeat(257), "", &good()), "entityID"),
        (entity(ID, "", &good()).replace(":2.0:protocol", ":1.1:protocol"), "SAML 2.0"),
        (entity(ID, "", &good()).replace("IDPSSO", "SPSSO"), "IDPSSODescriptor"),
    ];
    for (text, why) in bad {
        let said = refused(&text, None);
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn of_several_entities_exactly_the_wanted_one_is_taken_g31() {
    let both = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}\
         </md:EntitiesDescriptor>",
        entity(ID, "", &good()),
        entity("https://other.example", "", &good())
    );
    assert_eq!(read(&both, Some(ID), now()).unwrap().entity_id, ID);
    assert!(refused(&both, None).contains("several"));
    assert!(refused(&both, Some("https://third.example")).contains("no such"));
    assert!(refused(&entity(ID, "", &good()), Some("https://x.example")).contains("another"));
}

#[test]
fn metadata_ends_and_is_read_again_in_time_g32() {
    let until = |text: &str| entity(ID, &format!(" validUntil=\"{text}\""), &good());
    assert!(refused(&until("2026-01-15T12:00:00Z"), None).contains("validUntil"));
    let found = read(&until("2026-01-15T12:00:01Z"), None, now()).unwrap();
    assert_eq!(found.valid_until, Some(now().plus_s(1)));
    let due_s = |text: &str| {
        let text = entity(ID, &format!(" cacheDuration=\"{text}\""), &good());
        read(&text, None, now()).map(|found| found.due_at.since_s(now())).ok()
    };
    assert_eq!(due_s("PT6H"), Some(6 * 3600));
    assert_eq!(due_s("PT1S"), Some(REFRESH_MIN_S));
    assert_eq!(due_s("P1Y"), Some(REFRESH_MAX_S));
    assert_eq!(due_s("soon"), None);
}

#[test]
fn durations_are_those_of_xml_schema_g32() {
    let good =
        [("P1D", 86_400), ("PT1H30M", 5400), ("P1DT1S", 86_401), ("PT0.5S", 0), ("P1M", 2_592_000)];
    for (text, seconds) in good {
        assert_eq!(duration_s(text), Some(seconds), "{text}");
    }
    for bad in
        ["", "P", "PT", "1D", "PT1D", "P1H", "P1D1Y", "P-1D", "PT1S2", "P99999999999999999999D"]
    {
        assert_eq!(duration_s(bad), None, "{bad}");
    }
}

#[test]
fn browsers_go_to_https_or_to_this_machine() {
    for good in [
        "https://x.example/a?b=c",
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
        "http://[::1]/",
    ] {
        assert!(is_browsable(good), "{good}");
    }
    let long = format!("https://x.example/{}", "a".repeat(URL_MAX));
    let bad =
        ["http://x.example/", "https://u:p@x.example/", "https://x.example/#a", "data:,x", &long];
    for bad in bad {
        assert!(!is_browsable(bad), "{bad}");
    }
}

#[test]
fn logouts_go_by_redirect_and_by_a_form_where_nothing_else_is_offered_g35() {
    let slo = |binding: &str, url: &str, more: &str| {
        format!("<md:SingleLogoutService Binding=\"{binding}\" Location=\"{url}\"{more}/>")
    };
    let at = |inside: String| read(&entity(ID, "", &(good() + &inside)), None, now()).unwrap();
    let (form, query) = ("https://idp.example/form", "https://idp.example/query");
    let back = " ResponseLocation=\"https://idp.example/back\"";
    let both = at(slo(POST, form, back) + &slo(REDIRECT, query, ""));
    assert_eq!((both.slo_url.as_deref(), both.slo_binding), (Some(query), Binding::Redirect));
    assert_eq!(both.slo_response_url, None, "it is that of the other one");
    let one = at(slo(POST, form, back));
    assert_eq!((one.slo_url.as_deref(), one.slo_binding), (Some(form), Binding::Post));
    assert_eq!(one.slo_response_url.as_deref(), Some("https://idp.example/back"));
    let unusable = at(slo(REDIRECT, "http://idp.example/query", "") + &slo(POST, form, ""));
    assert_eq!(unusable.slo_binding, Binding::Post);
    let none = at(slo("urn:oasis:names:tc:SAML:2.0:bindings:SOAP", form, ""));
    assert_eq!((none.slo_url, none.slo_binding), (None, Binding::Redirect));
}
