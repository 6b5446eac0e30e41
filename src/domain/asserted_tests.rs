//! What verified claims assert.

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::connection::{
    AssertionAudience, ClientAuth, Jit, LEEWAY_S, Link, Oidc, Settings, Status,
};
use crate::domain::id::{ConnectionId, OrganizationId};

fn connection(provider: Provider) -> Connection {
    Connection {
        id: ConnectionId(Uuid::nil()),
        organization_id: OrganizationId(Uuid::nil()),
        name: "Acme".to_owned(),
        status: Status::Active,
        provider,
        directory_id: None,
        settings: Settings {
            link: Link::of(provider),
            claims: std::collections::BTreeMap::new(),
            guests_allowed: false,
            tenant_id: None,
            jit: Jit::default(),
            rule_claims: Vec::new(),
            trace_until: None,
            oidc: Oidc {
                issuer: "https://idp.example".to_owned(),
                client_id: "portico".to_owned(),
                auth: ClientAuth::Basic,
                scopes: vec!["openid".to_owned()],
                secret_expires_at: None,
                leeway_s: LEEWAY_S,
                assertion_audience: AssertionAudience::TokenEndpoint,
            },
            saml: None,
        },
        secret: None,
        domains: Vec::new(),
        keys_host: None,
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

fn read(connection: &Connection, claims: Value) -> Result<Asserted, Refused> {
    let claims = claims.as_object().unwrap().clone();
    asserted(connection, &claims).map_err(|refusal| refusal.code)
}

#[test]
fn a_subject_has_1_to_255_characters() {
    let plain = connection(Provider::Generic);
    let longest = "x".repeat(SUBJECT_MAX);
    assert_eq!(read(&plain, json!({"sub": longest.clone()})).unwrap().subject, longest);
    let longer = "x".repeat(SUBJECT_MAX + 1);
    for bad in [json!({}), json!({"sub": ""}), json!({"sub": 7}), json!({"sub": longer})] {
        assert_eq!(read(&plain, bad), Err(Refused::SubjectMissing));
    }
}

#[test]
fn entra_is_known_by_oid_and_never_by_sub_instead_en2() {
    let entra = connection(Provider::Entra);
    let found = read(&entra, json!({"sub": "pairwise", "oid": "o-1"})).unwrap();
    assert_eq!((found.subject.as_str(), found.link.as_deref()), ("o-1", Some("o-1")));
    assert_eq!(read(&entra, json!({"sub": "pairwise"})), Err(Refused::SubjectMissing));
}

#[test]
fn a_guest_of_the_tenant_is_let_in_only_when_guests_are_en4() {
    let mut entra = connection(Provider::Entra);
    let claims = json!({"oid": "o", "acct": 1, "upn": "ada@acme.example"});
    assert_eq!(read(&entra, claims.clone()), Err(Refused::GuestNotAllowed));
    let elsewhere = json!({"oid": "o", "iss": "https://idp.example", "idp": "live.com"});
    assert_eq!(read(&entra, elsewhere), Err(Refused::GuestNotAllowed));
    entra.settings.guests_allowed = true;
    assert_eq!(read(&entra, claims).unwrap().addresses, []);
}

#[test]
fn a_pinned_tenant_must_be_named_oa12() {
    let mut entra = connection(Provider::Entra);
    entra.settings.tenant_id = Some("T-1".to_owned());
    assert!(read(&entra, json!({"oid": "o", "tid": "t-1"})).is_ok());
    for bad in [json!({"oid": "o", "tid": "t-2"}), json!({"oid": "o"})] {
        assert_eq!(read(&entra, bad), Err(Refused::TenantMismatch));
    }
}

#[test]
fn google_needs_its_hosted_domain_oa11() {
    let mut google = connection(Provider::Google);
    assert_eq!(
        read(&google, json!({"sub": "1", "hd": "acme.example"})),
        Err(Refused::TenantMismatch)
    );
    google.settings.tenant_id = Some("acme.example".to_owned());
    assert!(read(&google, json!({"sub": "1", "hd": "acme.example"})).is_ok());
    assert_eq!(read(&google, json!({"sub": "1"})), Err(Refused::TenantMismatch));
    let mut generic = connection(Provider::Generic);
    generic.settings.oidc.issuer = GOOGLE.to_owned();
    assert_eq!(read(&generic, json!({"sub": "1"})), Err(Refused::TenantMismatch));
}

#[test]
fn an_address_that_its_provider_calls_unproved_finds_nobody_oa10() {
    let mut plain = connection(Provider::Generic);
    plain.settings.link.claim = "email".to_owned();
    let email = "ada@acme.example";
    let found = read(&plain, json!({"sub": "1", "email": email})).unwrap();
    assert_eq!(found.link.as_deref(), Some(email));
    assert_eq!(found.addresses.len(), 1);
    for no in [json!(false), json!("false")] {
        let claims = json!({"sub": "1", "email": email, "email_verified": no});
        let found = read(&plain, claims).unwrap();
        assert_eq!((found.link, found.addresses), (None, vec![]));
        assert_eq!(found.email.as_deref(), Some(email));
    }
}

#[test]
fn claims_that_rules_read_come_as_texts_under_our_names() {
    let mut plain = connection(Provider::Generic);
    plain.settings.rule_claims = ["groups", "level", "none", "odd"].map(str::to_owned).to_vec();
    plain.settings.claims.insert("level".to_owned(), "https://acme.example/level".to_owned());
    let claims = json!({"sub": "1", "groups": ["a", 7, true, null, {"x": 1}, "", "a\u{0}b"],
        "https://acme.example/level": "gold", "odd": {"a": 1}, "unlisted": "x"});
    let found = read(&plain, claims).unwrap();
    let of = |name: &str| found.claims[name].clone();
    assert_eq!(
        (of("groups"), of("level")),
        (vec!["a".into(), "7".into(), "true".into()], vec!["gold".into()])
    );
    assert_eq!((of("none"), of("odd"), found.claims.len()), (vec![], vec![], 4));
}

#[test]
fn a_claim_left_out_for_its_number_is_not_a_claim_without_values_en5_oc25() {
    let mut entra = connection(Provider::Entra);
    entra.settings.rule_claims = vec!["groups".to_owned()];
    let marked = [
        json!({"oid": "o", "_claim_names": {"groups": "src1"},
            "_claim_sources": {"src1": {"endpoint": "https://evil.example/"}}}),
        json!({"oid": "o", "hasgroups": true}),
    ];
    for claims in marked {
        let found = read(&entra, claims).unwrap();
        assert!(found.claims.is_empty() && found.withheld.contains("groups"));
        assert_eq!(found.notes.len(), 1);
    }
    let found = read(&entra, json!({"oid": "o"})).unwrap();
    assert_eq!((found.claims["groups"].len(), found.withheld.len()), (0, 0));
}

#[test]
fn a_claim_has_a_thousand_short_values_and_round_counts_of_okta_are_told_oa15_ok2() {
    let mut okta = connection(Provider::Okta);
    okta.settings.rule_claims = vec!["groups".to_owned()];
    let groups = |count: usize| -> Vec<String> { (0..count).map(|n| n.to_string()).collect() };
    let longest = "x".repeat(VALUE_MAX);
    for (sent, kept, notes) in [
        (groups(VALUES_MAX + 1), VALUES_MAX, 1),
        (groups(100), 100, 1),
        (groups(101), 101, 0),
        (vec![longest.clone(), format!("{longest}x")], 1, 0),
    ] {
        let found = read(&okta, json!({"sub": "1", "groups": sent})).unwrap();
        assert_eq!((found.claims["groups"].len(), found.notes.len()), (kept, notes));
    }
}

#[test]
fn only_a_trusted_provider_with_a_pinned_tenant_attests_an_address_li13() {
    let attests = |issuer: &str, tenant: Option<&str>, claims: Value| {
        let mut one = connection(Provider::Generic);
        one.settings.oidc.issuer = issuer.to_owned();
        one.settings.tenant_id = tenant.map(str::to_owned);
        let mut all = json!({"sub": "1", "email": "ada@acme.example", "hd": "t", "tid": "t"});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        read(&one, all).unwrap().own.unwrap().attested
    };
    let entra = format!("{ENTRA}t/v2.0");
    assert!(attests(GOOGLE, Some("t"), json!({"email_verified": true})));
    assert!(attests(&entra, Some("t"), json!({"xms_edov": "1"})));
    assert!(!attests(&entra, Some("t"), json!({"email_verified": true})), "Entra checks none");
    assert!(!attests(&entra, None, json!({"xms_edov": true})));
    assert!(!attests("https://idp.example", Some("t"), json!({"email_verified": true})));
}

#[test]
fn a_person_is_called_as_her_provider_says_without_control_characters() {
    let mut plain = connection(Provider::Generic);
    plain.settings.claims.insert("first_name".to_owned(), "vorname".to_owned());
    let claims =
        json!({"sub": "1", "vorname": " Ada\u{7} ", "family_name": "x".repeat(300), "name": ""});
    let named = read(&plain, claims).unwrap().named;
    assert_eq!(named.first_name.as_deref(), Some("Ada"));
    assert_eq!(named.last_name.unwrap().len(), NAME_MAX);
    assert_eq!(named.display_name, None);
}
