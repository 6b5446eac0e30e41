//! What a connection takes from an identity.

use super::*;
use crate::domain::connection::{Jit, Link, Oidc, ScimKey, Settings, Status};
use crate::domain::id::{ConnectionId, OrganizationId};
use crate::domain::saml::Saml;

fn connection() -> Connection {
    Connection {
        id: ConnectionId(uuid::Uuid::nil()),
        organization_id: OrganizationId(uuid::Uuid::nil()),
        name: "SAML".to_owned(),
        status: Status::Active,
        provider: Provider::Generic,
        directory_id: None,
        settings: Settings {
            link: Link::of_saml(),
            claims: std::collections::BTreeMap::new(),
            guests_allowed: false,
            tenant_id: None,
            jit: Jit::default(),
            rule_claims: Vec::new(),
            trace_until: None,
            oidc: Oidc::none(),
            saml: Some(Saml::default()),
        },
        secret: None,
        domains: Vec::new(),
        keys_host: None,
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

fn attribute(name: &str, values: &[&str]) -> Attribute {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Attribute { name: name.to_owned(), format: None, values }
}

fn named(value: &str) -> Identity {
    let name = NameId { value: value.to_owned(), ..NameId::default() };
    Identity {
        issuer: "https://idp.example".to_owned(),
        name_id: Some(name),
        ..Identity::default()
    }
}

#[test]
fn the_name_is_subject_and_link_unless_something_else_is_configured_g28() {
    let mut identity = named("ada");
    identity.attributes = vec![attribute("uid", &["42"]), attribute("mail", &["ada@x.org"])];
    let mut connection = connection();
    let found = asserted(&connection, &identity).unwrap();
    assert_eq!((found.subject.as_str(), found.link.as_deref()), ("ada", Some("ada")));
    assert_eq!(found.email.as_deref(), Some("ada@x.org"));
    connection.settings.claims.insert("subject".to_owned(), "uid".to_owned());
    connection.settings.link = Link { claim: "uid".to_owned(), scim: ScimKey::ExternalId };
    let found = asserted(&connection, &identity).unwrap();
    assert_eq!((found.subject.as_str(), found.link.as_deref()), ("42", Some("42")));
}

#[test]
fn a_name_for_one_time_is_nobodys_subject_link_or_address_g28() {
    let mut identity = named("ada@x.org");
    identity.name_id.as_mut().unwrap().format = Some(TRANSIENT.to_owned());
    let refusal = asserted(&connection(), &identity).unwrap_err();
    assert_eq!(refusal.code, Refused::SubjectMissing);
    let mut connection = connection();
    connection.settings.claims.insert("subject".to_owned(), "uid".to_owned());
    identity.attributes = vec![attribute("uid", &["42"])];
    let found = asserted(&connection, &identity).unwrap();
    assert_eq!((found.link, found.email, found.addresses.len()), (None, None, 0));
}

#[test]
fn a_name_that_is_an_address_is_the_address_when_no_attribute_is() {
    let found = asserted(&connection(), &named("Ada@X.org")).unwrap();
    assert_eq!(found.email.as_deref(), Some("Ada@X.org"));
    assert_eq!(found.addresses[0].address, "ada@x.org");
    assert_eq!(asserted(&connection(), &named("ada")).unwrap().email, None);
}

#[test]
fn a_guest_of_entra_is_let_in_only_where_guests_are_and_has_no_address_en4() {
    let mut connection = connection();
    connection.provider = Provider::Entra;
    let mut elsewhere = named("ada@x.org");
    elsewhere.attributes = vec![attribute(ENTRA_HOME, &["https://sts.windows.net/other/"])];
    for guest in [named("ada_x.org#EXT#@y.onmicrosoft.com"), elsewhere] {
        connection.settings.guests_allowed = false;
        let refusal = asserted(&connection, &guest).unwrap_err();
        assert_eq!(refusal.code, Refused::GuestNotAllowed);
        connection.settings.guests_allowed = true;
        assert!(asserted(&connection, &guest).unwrap().addresses.is_empty());
    }
}

#[test]
fn a_pinned_tenant_must_be_named() {
    let mut connection = connection();
    connection.settings.tenant_id = Some("T-1".to_owned());
    let refusal = asserted(&connection, &named("ada")).unwrap_err();
    assert_eq!(refusal.code, Refused::TenantMismatch);
    let mut identity = named("ada");
    identity.attributes = vec![attribute(ENTRA_TENANT, &["t-1"])];
    assert!(asserted(&connection, &identity).is_ok());
}

#[test]
fn claims_are_texts_or_lists_and_the_name_is_among_them() {
    let mut identity = named("ada");
    identity.attributes =
        vec![attribute("one", &["1"]), attribute("two", &["1", "2"]), attribute("none", &[])];
    let claims = Value::Object(identity.claims());
    assert_eq!(claims, serde_json::json!({"one": "1", "two": ["1", "2"], "name_id": "ada"}));
}
