//! What a provider asserts of a person, read from verified claims and held against what the
//! connection demands.
//!
//! It says nothing of who she is here. Addresses are told apart by what they are worth: one that
//! its own provider disowns finds nobody (OA10), one that a trusted provider attests may be proof
//! (LI4). Claims that were left out for their number are not claims that are gone (EN5).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::connection::{Connection, ENTRA, GOOGLE, Provider};
use super::identity::{EMAIL_MAX, EmailKey, SUBJECT_MAX};
use super::sign_in::{DETAIL_MAX, Refusal, Refused, Step};
use super::time::Timestamp;

/// Values of one claim that rules read; what is more is left out.
pub const VALUES_MAX: usize = 1_000;
/// Longest value of a claim that rules read, in characters.
pub const VALUE_MAX: usize = 256;
/// Longest name of a person, in characters.
pub const NAME_MAX: usize = 200;

/// What a provider asserts of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asserted {
    /// What the provider calls her for good.
    pub subject: String,
    /// The value of the link claim, where it may be used.
    pub link: Option<String>,
    /// Her address, for the journal.
    pub email: Option<String>,
    /// Addresses and logins of hers that may be looked for (LI2b), as they are compared.
    pub addresses: Vec<EmailKey>,
    /// Her own address, unless the provider disowns it or she is a guest of its tenant.
    pub own: Option<Own>,
    /// How she is called.
    pub named: Named,
    /// Claims that mapping rules read, by our names; one that was not sent has no values.
    pub claims: BTreeMap<String, Vec<String>>,
    /// Claims that were left out for their number (EN5).
    pub withheld: BTreeSet<String>,
    /// What the ID token calls her (`sub`), for logout.
    pub provider_subject: Option<String>,
    /// What the provider calls her session there.
    pub provider_session: Option<String>,
    /// The ID token, as the hint of a logout (R13).
    pub id_token: Option<String>,
    /// When the provider's own session ends, which ours does not outlast.
    pub session_until: Option<Timestamp>,
    /// From which hosts the provider's keys come (R9).
    pub keys_host: Option<String>,
    /// What the administrator should know of a sign-in that worked.
    pub notes: Vec<String>,
}

/// An address that is hers as far as the provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// As it was sent.
    pub text: String,
    /// As it is compared.
    pub key: EmailKey,
    /// Whether a provider on our list says that it checked this address of its pinned tenant: the
    /// second branch of LI4.
    pub attested: bool,
}

/// How a person is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// The name to be shown.
    pub display_name: Option<String>,
}

/// Claims that hold the login that an administrator gave. Elsewhere than at Entra people may choose
/// their `preferred_username` themselves, so that it proves nothing.
const fn login_claims(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Entra => &["upn", "preferred_username"],
        _ => &["upn"],
    }
}

/// Reads what verified claims assert, and holds it against what the connection demands.
///
/// # Errors
/// [`Refused::SubjectMissing`], [`Refused::TenantMismatch`], [`Refused::GuestNotAllowed`].
pub fn asserted(connection: &Connection, claims: &Map<String, Value>) -> Result<Asserted, Refusal> {
    let refuse = |code| Refusal::new(Step::Token, code);
    let subject_claim = connection.subject_claim();
    let subject = text(claims, subject_claim)
        .filter(|subject| (1..=SUBJECT_MAX).contains(&subject.len()))
        .ok_or_else(|| refuse(Refused::SubjectMissing).found(subject_claim))?;
    check_tenant(connection, claims)?;
    let guest = is_guest(connection, claims);
    if guest && !connection.settings.guests_allowed {
        return Err(refuse(Refused::GuestNotAllowed));
    }
    let email_claim = connection.email_claim();
    let email = text(claims, email_claim).or_else(|| text(claims, "mail"));
    // An address that its own provider calls unproved identifies nobody (OA10).
    let disowned = is(claims.get("email_verified"), false) || is(claims.get("xms_edov"), false);
    let link_claim = connection.settings.link.claim.as_str();
    let link = text(claims, link_claim)
        .filter(|_| !(disowned && (link_claim == email_claim || link_claim == "email")))
        .filter(|value| value.len() <= SUBJECT_MAX);
    let mine = email.filter(|_| !disowned && !guest);
    let mut addresses: Vec<EmailKey> = Vec::new();
    let named = login_claims(connection.provider).iter().filter_map(|claim| text(claims, claim));
    for key in mine.into_iter().chain(named).filter_map(EmailKey::parse) {
        // A guest's address is of a foreign domain by nature (EN4).
        if !guest && !addresses.contains(&key) {
            addresses.push(key);
        }
    }
    let mut asserted = Asserted {
        subject: subject.to_owned(),
        link: link.map(str::to_owned),
        email: email.map(|email| email.chars().take(DETAIL_MAX).collect()),
        addresses,
        own: mine.and_then(|text| own(connection, claims, text)),
        provider_subject: short(claims, "sub"),
        provider_session: short(claims, "sid"),
        ..Asserted::default()
    };
    complete(connection, claims, &mut asserted);
    Ok(asserted)
}

/// Adds how she is called and the claims that rules read; the same for every kind of provider.
pub(super) fn complete(
    connection: &Connection,
    claims: &Map<String, Value>,
    asserted: &mut Asserted,
) {
    asserted.named = named_by(connection, claims);
    read_rule_claims(connection, claims, asserted);
}

fn own(connection: &Connection, claims: &Map<String, Value>, text: &str) -> Option<Own> {
    let key = EmailKey::parse(text).filter(|_| text.len() <= EMAIL_MAX)?;
    let settings = &connection.settings;
    let pinned = settings.tenant_id.is_some();
    let says = match settings.oidc.issuer.as_str() {
        GOOGLE => is(claims.get("email_verified"), true),
        issuer if issuer.starts_with(ENTRA) => is(claims.get("xms_edov"), true),
        _ => false,
    };
    Some(Own { text: text.to_owned(), key, attested: pinned && says })
}

fn named_by(connection: &Connection, claims: &Map<String, Value>) -> Named {
    let name = |known: &str| {
        let found: String = text(claims, connection.claim(known))?
            .chars()
            .filter(|c| !c.is_control())
            .take(NAME_MAX)
            .collect();
        Some(found.trim().to_owned()).filter(|name| !name.is_empty())
    };
    Named {
        first_name: name("first_name"),
        last_name: name("last_name"),
        display_name: name("display_name"),
    }
}

/// The claims that rules may read, each as a list of texts.
fn read_rule_claims(connection: &Connection, claims: &Map<String, Value>, asserted: &mut Asserted) {
    let elsewhere = claims.get("_claim_names").and_then(Value::as_object);
    for name in &connection.settings.rule_claims {
        let source = connection.claim(name);
        let overflowed = elsewhere.is_some_and(|names| names.contains_key(source))
            || (source == "groups" && is(claims.get("hasgroups"), true));
        match claims.get(source) {
            Some(value) => {
                let values = texts(value);
                note_count(connection, (name, value), &values, &mut asserted.notes);
                asserted.claims.insert(name.clone(), values);
            }
            // What the provider keeps elsewhere is never fetched from where it says (OA16).
            None if overflowed => {
                asserted.notes.push(format!(
                    "The provider left `{source}` out for its number: what was known of it goes \
                     on for a while. Map app roles, or bring groups by SCIM."
                ));
                asserted.withheld.insert(name.clone());
            }
            None => {
                asserted.claims.insert(name.clone(), Vec::new());
            }
        }
    }
}

fn note_count(
    connection: &Connection,
    (name, value): (&str, &Value),
    values: &[String],
    notes: &mut Vec<String>,
) {
    let sent = value.as_array().map_or(1, Vec::len);
    if sent > values.len() && values.len() == VALUES_MAX {
        notes.push(format!("`{name}` has more than {VALUES_MAX} values: the rest is left out."));
    } else if connection.provider == Provider::Okta && sent > 0 && sent % 100 == 0 {
        notes.push(format!(
            "`{name}` has exactly {sent} values: the filter of the provider's groups claim may \
             cut the list (OK2)."
        ));
    }
}

/// The values of a claim as texts; what is neither text, number nor truth value is left out.
fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    let fits = |text: &String| {
        !text.trim().is_empty() && text.chars().count() <= VALUE_MAX && !text.contains('\0')
    };
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    items.iter().filter_map(one).filter(fits).take(VALUES_MAX).collect()
}

fn check_tenant(connection: &Connection, claims: &Map<String, Value>) -> Result<(), Refusal> {
    let settings = &connection.settings;
    let claim = match connection.provider {
        Provider::Google => "hd",
        _ if settings.oidc.issuer == GOOGLE => "hd",
        _ => "tid",
    };
    let named = text(claims, claim);
    let fits = match &settings.tenant_id {
        Some(tenant) => named.is_some_and(|named| named.eq_ignore_ascii_case(tenant)),
        // Google's issuer serves everybody: without a pinned tenant nobody is let in (W1).
        None => claim != "hd",
    };
    if fits {
        return Ok(());
    }
    let found = format!("{claim}: {}", named.unwrap_or("none"));
    Err(Refusal::new(Step::Token, Refused::TenantMismatch).found(&found))
}

/// Whether Entra says that she is a guest in its tenant (EN4).
fn is_guest(connection: &Connection, claims: &Map<String, Value>) -> bool {
    if connection.provider != Provider::Entra {
        return false;
    }
    let flagged = claims.get("acct").is_some_and(|acct| acct == 1 || acct == "1");
    let elsewhere = text(claims, "idp").is_some_and(|idp| Some(idp) != text(claims, "iss"));
    flagged || elsewhere
}

/// Whether a claim says this truth value, in any of the ways in which providers write one.
fn is(claim: Option<&Value>, truth: bool) -> bool {
    let (word, digit) = if truth { ("true", "1") } else { ("false", "0") };
    claim.is_some_and(|value| match value {
        Value::Bool(said) => *said == truth,
        Value::String(said) => said == word || said == digit,
        Value::Number(said) => said.as_u64() == Some(u64::from(truth)),
        _ => false,
    })
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

fn short(claims: &Map<String, Value>, name: &str) -> Option<String> {
    text(claims, name).filter(|text| text.len() <= SUBJECT_MAX).map(str::to_owned)
}

#[cfg(test)]
#[path = "asserted_tests.rs"]
mod tests;
