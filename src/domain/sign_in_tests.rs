//! What verified claims assert.

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::connection::{ClientAuth, LEEWAY_S, Link, Oidc, Settings, Status};
use crate::domain::id::OrganizationId;

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
            oidc: Oidc {
                issuer: "https://idp.example".to_owned(),
                client_id: "portico".to_owned(),
                auth: ClientAuth::Basic,
                scopes: vec!["openid".to_owned()],
                secret_expires_at: None,
                leeway_s: LEEWAY_S,
            },
            saml: None,
        },
        secret: None,
        domains: Vec::new(),
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
fn a_detail_of_a_provider_is_cut_and_has_no_control_characters() {
    let refusal = Refusal::new(Step::Callback, Refused::ProviderError);
    let found = refusal.found(&format!("a\u{7}b\n{}", "x".repeat(DETAIL_MAX)));
    assert_eq!(found.detail.chars().count(), DETAIL_MAX);
    assert!(found.detail.starts_with("abx"));
}

#[test]
fn no_two_refusals_have_one_code() {
    let mut codes: Vec<_> = Refused::ALL.iter().map(|refused| refused.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Refused::ALL.len());
}
