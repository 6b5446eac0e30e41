//! What a verified and judged assertion says of a person.
//!
//! The subject is the NameID, unless it is transient or missing or the connection names an
//! attribute for it (G28). Attributes are found by name and, where wanted, format; never by their
//! friendly name (G29).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::NAME_ID;
use super::fault::Fault;
use crate::domain::asserted::{Own, complete};
use crate::domain::connection::{Connection, Provider};
use crate::domain::identity::{EMAIL_MAX, EmailKey};
use crate::domain::sign_in::{Asserted, Refusal, Refused, Step};
use crate::domain::time::Timestamp;

/// Longest NameID, subject and session index, in characters (IIP-G02).
pub const NAME_MAX: usize = 256;
/// A name that is another one at each sign-in.
pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// Attributes that hold an address, tried in this order where none is configured.
const EMAILS: [&str; 4] = [
    "email",
    "mail",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
];
/// Attributes by which Entra says the login that an administrator gave.
const ENTRA_LOGINS: [&str; 2] = [
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
];
/// The attribute by which Entra says the tenant.
const ENTRA_TENANT: &str = "http://schemas.microsoft.com/identity/claims/tenantid";
/// The attribute by which Entra says where the person is at home.
const ENTRA_HOME: &str = "http://schemas.microsoft.com/identity/claims/identityprovider";
/// The attribute by which Entra says that there are more groups than it sends.
const ENTRA_OVERAGE: &str = "http://schemas.microsoft.com/claims/groups.link";
/// Long names of attributes, and what OpenID calls the same.
const USUAL: [(&str, &str); 8] = [
    ("given_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"),
    ("given_name", "urn:oid:2.5.4.42"),
    ("family_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"),
    ("family_name", "urn:oid:2.5.4.4"),
    ("name", "http://schemas.microsoft.com/identity/claims/displayname"),
    ("name", "urn:oid:2.16.840.1.113730.3.1.241"),
    ("groups", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"),
    ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"),
];
/// What stands in the login of Entra's guests.
const ENTRA_GUEST: &str = "#EXT#";

/// A name of a person, whole: logout needs every part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameId {
    /// The name.
    pub value: String,
    /// What kind of name it is.
    pub format: Option<String>,
    /// In whose domain it is a name.
    pub name_qualifier: Option<String>,
    /// For whom it is a name.
    pub sp_name_qualifier: Option<String>,
}

/// The format of a name that says nothing of itself: the same as none.
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

impl NameId {
    /// Whether two names are one: value, format and both qualifiers (G35).
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let format = |name: &Self| name.format.clone().unwrap_or_else(|| UNSPECIFIED.to_owned());
        self.value == other.value
            && format(self) == format(other)
            && self.name_qualifier == other.name_qualifier
            && self.sp_name_qualifier == other.sp_name_qualifier
    }
}

/// An attribute and its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What kind of name that is.
    pub format: Option<String>,
    /// Its values, without empty ones.
    pub values: Vec<String>,
}

/// What an assertion says of a person, once everything about it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The id of the response.
    pub response_id: String,
    /// The id of the assertion.
    pub assertion_id: String,
    /// Until when both ids are remembered, in microseconds (G26).
    pub replay_until: i64,
    /// Her name there.
    pub name_id: Option<NameId>,
    /// What the provider calls her session.
    pub session_index: Option<String>,
    /// When that session ends at the latest, in microseconds.
    pub session_until: Option<i64>,
    /// How she signed in.
    pub authn_context: Option<String>,
    /// What else is said of her.
    pub attributes: Vec<Attribute>,
}

impl Identity {
    /// The values of the attribute that a setting names: `name`, or `{format}name`.
    ///
    /// A plain name that stands with several formats is nobody's name: it finds nothing.
    #[must_use]
    pub fn values(&self, named: &str) -> &[String] {
        let (format, name) = match named.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((format, name)) => (Some(format), name),
            None => (None, named),
        };
        let mut found = self.attributes.iter().filter(|one| {
            one.name == name && (format.is_none() || one.format.as_deref() == format)
        });
        match (found.next(), found.next()) {
            (Some(only), None) => &only.values,
            _ => &[],
        }
    }

    /// The one value of an attribute.
    #[must_use]
    pub fn value(&self, named: &str) -> Option<&str> {
        match self.values(named) {
            [only] => Some(only),
            _ => None,
        }
    }

    /// What is said of her as claims: one value as a text, several as a list.
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        let mut claims = Map::new();
        for one in &self.attributes {
            let value = match one.values.as_slice() {
                [] => continue,
                [only] => Value::String(only.clone()),
                several => several.iter().cloned().map(Value::String).collect(),
            };
            claims.entry(one.name.clone()).or_insert(value);
        }
        if let Some(name) = &self.name_id {
            claims.insert(NAME_ID.to_owned(), Value::String(name.value.clone()));
        }
        claims
    }

    fn lasting_name(&self) -> Option<&str> {
        let name = self.name_id.as_ref()?;
        (name.format.as_deref() != Some(TRANSIENT)).then_some(name.value.as_str())
    }

    /// What stands under a claim's name: the NameID or an attribute.
    fn named(&self, claim: &str) -> Option<&str> {
        if claim == NAME_ID { self.lasting_name() } else { self.value(claim) }
    }
}

/// What the connection takes from an identity, held against what it demands.
///
/// # Errors
/// [`Refused::SubjectMissing`], [`Refused::TenantMismatch`], [`Refused::GuestNotAllowed`].
pub fn asserted(connection: &Connection, identity: &Identity) -> Result<Asserted, Refusal> {
    let claims = &connection.settings.claims;
    let subject = match claims.get("subject") {
        Some(named) => identity.named(named),
        None => identity.lasting_name(),
    };
    let subject = subject.filter(|subject| is_name(subject)).ok_or(Fault::Subject.with(""))?;
    check_tenant(connection, identity)?;
    let guest = is_guest(connection, identity);
    if guest && !connection.settings.guests_allowed {
        return Err(Refusal::new(Step::Response, Refused::GuestNotAllowed));
    }
    let email = email(connection, identity);
    let logins = match connection.provider {
        Provider::Entra => &ENTRA_LOGINS[..],
        _ => &[],
    };
    let mut addresses: Vec<EmailKey> = Vec::new();
    let named = logins.iter().filter_map(|login| identity.value(login));
    for key in email.into_iter().chain(named).filter_map(EmailKey::parse) {
        // A guest's address is of a foreign domain by nature (EN4).
        if !guest && !addresses.contains(&key) {
            addresses.push(key);
        }
    }
    let link = identity.named(&connection.settings.link.claim).filter(|link| is_name(link));
    let own = email.filter(|text| !guest && text.len() <= EMAIL_MAX).and_then(|text| {
        let key = EmailKey::parse(text)?;
        Some(Own { text: text.to_owned(), key, attested: false })
    });
    let mut asserted = Asserted {
        subject: subject.to_owned(),
        link: link.map(str::to_owned),
        email: email.map(|email| email.chars().take(NAME_MAX).collect()),
        addresses,
        provider_session: identity.session_index.clone(),
        session_until: identity.session_until.map(Timestamp),
        own,
        ..Asserted::default()
    };
    let mut claims = identity.claims();
    if claims.contains_key(ENTRA_OVERAGE) {
        // Too many groups to be sent: they are elsewhere, not gone (EN5).
        claims.insert("hasgroups".to_owned(), Value::Bool(true));
    }
    for (short, long) in USUAL {
        if let Some(value) = claims.get(long).cloned() {
            claims.entry(short).or_insert(value);
        }
    }
    complete(connection, &claims, &mut asserted);
    Ok(asserted)
}

/// Whether a text can be a name of a person: not empty, and not longer than is kept.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= NAME_MAX
}

fn email<'i>(connection: &Connection, identity: &'i Identity) -> Option<&'i str> {
    match connection.settings.claims.get("email") {
        Some(named) => identity.named(named),
        None => (EMAILS.iter().find_map(|named| identity.value(named)))
            .or_else(|| identity.lasting_name().filter(|name| EmailKey::parse(name).is_some())),
    }
}

fn check_tenant(connection: &Connection, identity: &Identity) -> Result<(), Refusal> {
    let Some(tenant) = &connection.settings.tenant_id else { return Ok(()) };
    let named = identity.value(ENTRA_TENANT);
    if named.is_some_and(|named| named.eq_ignore_ascii_case(tenant)) {
        return Ok(());
    }
    let found = format!("tenantid: {}", named.unwrap_or("none"));
    Err(Refusal::new(Step::Response, Refused::TenantMismatch).found(&found))
}

/// Whether Entra says that she is a guest in its tenant (EN4).
fn is_guest(connection: &Connection, identity: &Identity) -> bool {
    if connection.provider != Provider::Entra {
        return false;
    }
    let elsewhere = identity.value(ENTRA_HOME).is_some_and(|home| home != identity.issuer);
    let logins = ENTRA_LOGINS.iter().filter_map(|login| identity.value(login));
    let named = logins.chain(identity.name_id.as_ref().map(|name| name.value.as_str()));
    elsewhere || named.into_iter().any(|name| name.contains(ENTRA_GUEST))
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
