//! The metadata of a provider, read by the strict reader (G31, G32).
//!
//! It must hold an identity provider of SAML 2.0 with a key that may sign and an https address for
//! sign-in. Whatever else it says is left alone. Its own signature is verified where a certificate
//! for that was pinned ([`super::metadata_signature`]); otherwise TLS and the administrator vouch
//! for it.

use super::certificate::Certificate;
use super::lexical::is_space;
use super::read;
use super::reader::Ns::{Dsig, Metadata};
use super::tree::Element;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::saml::{Binding, CERTIFICATES_MAX, ENTITY_ID_MAX, Saml};
use crate::domain::time::Timestamp;

/// Largest metadata document, in bytes.
pub const METADATA_MAX: usize = 1024 * 1024;
/// Longest time until metadata is read again, in seconds.
pub const REFRESH_MAX_S: i64 = 24 * 3600;
/// Shortest time until metadata is read again, in seconds.
pub const REFRESH_MIN_S: i64 = 3600;
/// Longest address, in bytes.
const URL_MAX: usize = 2048;

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// What metadata says of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its entity id.
    pub entity_id: String,
    /// Where people sign in.
    pub sso_url: String,
    /// How requests go there.
    pub sso_binding: Binding,
    /// Where logouts go.
    pub slo_url: Option<String>,
    /// How they go there.
    pub slo_binding: Binding,
    /// Where answers to logouts go, if elsewhere.
    pub slo_response_url: Option<String>,
    /// Certificates whose keys may sign.
    pub certificates: Vec<Certificate>,
    /// Whether it wants requests to be signed.
    pub wants_signed: bool,
    /// When the document ends.
    pub valid_until: Option<Timestamp>,
    /// When it is to be read again.
    pub due_at: Timestamp,
}

impl Provider {
    /// Puts what the metadata says over what is configured; what it does not say stays.
    pub fn over(&self, saml: &mut Saml) {
        saml.idp_entity_id.clone_from(&self.entity_id);
        saml.sso_url.clone_from(&self.sso_url);
        saml.sso_binding = self.sso_binding;
        saml.slo_url.clone_from(&self.slo_url);
        saml.slo_binding = self.slo_binding;
        saml.slo_response_url.clone_from(&self.slo_response_url);
        saml.certificates = self.certificates.iter().map(Certificate::to_base64).collect();
        saml.certificate_ends = self.certificates.iter().map(Certificate::ending).collect();
        saml.sign_requests |= self.wants_signed;
        saml.metadata_valid_until = self.valid_until.map(|at| at.0);
        saml.metadata_due_at = Some(self.due_at.0);
    }
}

/// Reads a document; `wanted` names the entity where there are several.
///
/// # Errors
/// [`Fault::Metadata`] with what is missing, or what the strict reader finds.
pub fn read(text: &str, wanted: Option<&str>, now: Timestamp) -> Result<Provider, Found> {
    if text.len() > METADATA_MAX {
        return Err(Fault::TooLarge.into());
    }
    let tree = Element::read_with_comments(plain(text))?;
    let mut bounds = Bounds::default();
    let entity = entity(&tree, wanted, &mut bounds)?;
    let entity_id = entity.attribute("entityID").unwrap_or_default().to_owned();
    if !(1..=ENTITY_ID_MAX).contains(&entity_id.chars().count()) {
        return refuse("entityID has 1 to 256 characters");
    }
    if wanted.is_some_and(|wanted| wanted != entity_id) {
        return refuse("it is of another entityID");
    }
    let role = entity.all(Metadata, "IDPSSODescriptor").find(|role| {
        let said = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        said.split(is_space).any(|one| one == PROTOCOL)
    });
    let Some(role) = role else { return refuse("it has no IDPSSODescriptor of SAML 2.0") };
    bounds.take(role)?;
    if bounds.valid_until.is_some_and(|until| until <= now) {
        return refuse("it is over (validUntil)");
    }
    let (sso_url, sso_binding) = sso(role)?;
    let slo = slo(role);
    Ok(Provider {
        entity_id,
        sso_url,
        sso_binding,
        slo_url: slo.as_ref().map(|slo| slo.url.clone()),
        slo_binding: slo.as_ref().map_or_else(Binding::default, |slo| slo.binding),
        slo_response_url: slo.and_then(|slo| slo.response_url),
        certificates: certificates(role)?,
        wants_signed: matches!(role.attribute("WantAuthnRequestsSigned"), Some("true" | "1")),
        valid_until: bounds.valid_until,
        due_at: bounds.due_at(now),
    })
}

/// The document itself. Exports of Windows begin with a byte order mark: here it is of no harm.
pub(super) fn plain(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start_matches(is_space)
}

fn refuse<T>(found: &str) -> Result<T, Found> {
    Err(Fault::Metadata.with(found))
}

/// How long the document and its parts hold: the shortest counts.
#[derive(Default)]
struct Bounds {
    valid_until: Option<Timestamp>,
    cache_s: Option<i64>,
}

impl Bounds {
    fn take(&mut self, element: &Element) -> Result<(), Found> {
        if let Some(until) = read::time(element, "validUntil")? {
            self.valid_until = Some(self.valid_until.map_or(until, |before| before.min(until)));
        }
        if let Some(text) = element.attribute("cacheDuration") {
            let Some(s) = duration_s(text) else { return refuse("cacheDuration") };
            self.cache_s = Some(self.cache_s.map_or(s, |before| before.min(s)));
        }
        Ok(())
    }

    fn due_at(&self, now: Timestamp) -> Timestamp {
        let wait = self.cache_s.unwrap_or(REFRESH_MAX_S).clamp(REFRESH_MIN_S, REFRESH_MAX_S);
        now.plus_s(wait)
    }
}

/// The one entity, or of several exactly the wanted one.
fn entity<'t>(
    tree: &'t Element,
    wanted: Option<&str>,
    bounds: &mut Bounds,
) -> Result<&'t Element, Found> {
    bounds.take(tree)?;
    if tree.is(Metadata, "EntityDescriptor") {
        return Ok(tree);
    }
    if !tree.is(Metadata, "EntitiesDescriptor") {
        return refuse("its root is not EntityDescriptor");
    }
    let idps: Vec<&Element> = tree
        .all(Metadata, "EntityDescriptor")
        .filter(|one| one.child(Metadata, "IDPSSODescriptor").is_some())
        .filter(|one| wanted.is_none() || one.attribute("entityID") == wanted)
        .collect();
    match idps.as_slice() {
        [only] => {
            bounds.take(only)?;
            Ok(only)
        }
        [] => refuse("it has no such identity provider"),
        _ => refuse("it has several identity providers: say which by idp_entity_id"),
    }
}

fn sso(role: &Element) -> Result<(String, Binding), Found> {
    for (binding, ours) in [(REDIRECT, Binding::Redirect), (POST, Binding::Post)] {
        let found = service(role, "SingleSignOnService", binding);
        if let Some(location) = found.and_then(|found| url(found, "Location")) {
            return Ok((location, ours));
        }
    }
    refuse("it has no SingleSignOnService by HTTP-Redirect or HTTP-POST at an https address")
}

/// Where logouts go.
struct Slo {
    url: String,
    binding: Binding,
    response_url: Option<String>,
}

/// By redirect where that is offered, by a form otherwise.
fn slo(role: &Element) -> Option<Slo> {
    [(REDIRECT, Binding::Redirect), (POST, Binding::Post)].into_iter().find_map(|(uri, binding)| {
        let found = service(role, "SingleLogoutService", uri)?;
        let response_url = url(found, "ResponseLocation");
        Some(Slo { url: url(found, "Location")?, binding, response_url })
    })
}

fn service<'e>(role: &'e Element, name: &'e str, binding: &str) -> Option<&'e Element> {
    role.all(Metadata, name).find(|one| one.attribute("Binding") == Some(binding))
}

/// An address for browsers: https, or http on this very machine.
fn url(element: &Element, attribute: &str) -> Option<String> {
    let text = element.attribute(attribute)?;
    is_browsable(text).then(|| text.to_owned())
}

/// Whether browsers may be sent to this address.
#[must_use]
pub fn is_browsable(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => return false,
    };
    let plain = text.len() <= URL_MAX && url.username().is_empty() && url.password().is_none();
    plain
        && url.fragment().is_none()
        && (url.scheme() == "https" || loopback && url.scheme() == "http")
}

/// The certificates of keys that may sign: `use` absent or `signing` (IIP-MD11).
fn certificates(role: &Element) -> Result<Vec<Certificate>, Found> {
    let mut found: Vec<Certificate> = Vec::new();
    let mut unusable = None;
    let signing = |key: &&Element| matches!(key.attribute("use"), None | Some("signing"));
    let texts = role
        .all(Metadata, "KeyDescriptor")
        .filter(signing)
        .filter_map(|key| key.child(Dsig, "KeyInfo"))
        .flat_map(|info| info.all(Dsig, "X509Data"))
        .flat_map(|held| held.all(Dsig, "X509Certificate"));
    for text in texts {
        match Certificate::parse(&text.text) {
            Ok(certificate) if !found.contains(&certificate) => found.push(certificate),
            Ok(_) => {}
            Err(error) => unusable = Some(error),
        }
    }
    if found.len() > CERTIFICATES_MAX {
        return refuse("it has more than 10 certificates");
    }
    match (found.is_empty(), unusable) {
        (false, _) => Ok(found),
        (true, Some(error)) => refuse(&format!("its certificate cannot be used: {error}")),
        (true, None) => refuse("it has no certificate for signatures"),
    }
}

/// Seconds of an `xs:duration`; months and years are counted long enough to be bounded anyway.
fn duration_s(text: &str) -> Option<i64> {
    let rest = text.trim_matches(is_space).strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (rest, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = parts(date, &[('Y', 365 * 86_400), ('M', 30 * 86_400), ('D', 86_400)])?;
    let clock = parts(time, &[('H', 3600), ('M', 60), ('S', 1)])?;
    days.checked_add(clock)
}

fn parts(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut rest, mut total) = (text, 0_i64);
    for &(letter, seconds) in units {
        let Some((number, after)) = rest.split_once(letter) else { continue };
        let whole = number.split('.').next()?;
        if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        total = total.checked_add(whole.parse::<i64>().ok()?.checked_mul(seconds)?)?;
        rest = after;
    }
    rest.is_empty().then_some(total)
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
