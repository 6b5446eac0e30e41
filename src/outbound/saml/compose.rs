//! The messages that we send: requests to sign in and to sign out, and answers to the latter.
//!
//! Every text of others is escaped. An id has 160 random bits (G33).

use std::fmt::Write;

use super::Sp;
use crate::domain::saml::Saml;
use crate::domain::saml::identity::NameId;
use crate::domain::saml::judge::SUCCESS;
use crate::domain::secret::hex;
use crate::domain::time::{Rng, Timestamp};

/// How long a request of ours to sign out counts, in seconds.
pub const LOGOUT_LIFE_S: i64 = 300;
/// Some of the sessions were not ended.
pub const PARTIAL: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
/// We could not do what was asked.
pub const REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// An id for a message of ours.
#[must_use]
pub fn draw_id(rng: Rng) -> String {
    format!("_{}", hex(&rng.bytes::<20>()))
}

/// Text as it stands in XML, within an element or within quotes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                // Writing to a String cannot fail.
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

/// An instant as SAML writes it.
#[must_use]
pub fn instant(at: Timestamp) -> String {
    let text = Timestamp(at.seconds().saturating_mul(1_000_000)).to_string();
    format!("{}Z", text.split('.').next().unwrap_or_default())
}

/// A request to sign in. It asks for no format of the name, and allows that a persistent one is
/// made for her first sign-in (SDP-SP04): providers on Lasso answer no name otherwise.
#[must_use]
pub fn authn_request(sp: &Sp<'_>, saml: &Saml, (id, at): (&str, Timestamp), fresh: bool) -> String {
    let force = if fresh { " ForceAuthn=\"true\"" } else { "" };
    let mut context = String::new();
    if !saml.authn_context.is_empty() {
        context.push_str("<samlp:RequestedAuthnContext Comparison=\"exact\">");
        for class in &saml.authn_context {
            let _ = write!(
                context,
                "<saml:AuthnContextClassRef>{}</saml:AuthnContextClassRef>",
                escaped(class)
            );
        }
        context.push_str("</samlp:RequestedAuthnContext>");
    }
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{}\" \
         Version=\"2.0\" IssueInstant=\"{}\" Destination=\"{}\" \
         AssertionConsumerServiceURL=\"{}\" ProtocolBinding=\"{POST}\"{force}><saml:Issuer>{}</saml:Issuer>\
         <samlp:NameIDPolicy AllowCreate=\"true\"/>{context}</samlp:AuthnRequest>",
        escaped(id),
        instant(at),
        escaped(&saml.sso_url),
        escaped(sp.acs_url),
        escaped(sp.entity_id),
    )
}

/// A request to sign a person out, by the very name that her provider gave (SDP-SP24 to SP33).
#[must_use]
pub fn logout_request(
    sp: &Sp<'_>,
    destination: &str,
    (name, session): (&NameId, Option<&str>),
    (id, at): (&str, Timestamp),
) -> String {
    let mut qualifiers = String::new();
    let parts = [
        ("Format", &name.format),
        ("NameQualifier", &name.name_qualifier),
        ("SPNameQualifier", &name.sp_name_qualifier),
    ];
    for (attribute, value) in parts {
        if let Some(value) = value {
            let _ = write!(qualifiers, " {attribute}=\"{}\"", escaped(value));
        }
    }
    let session = session.map_or_else(String::new, |session| {
        format!("<samlp:SessionIndex>{}</samlp:SessionIndex>", escaped(session))
    });
    format!(
        "<samlp:LogoutRequest xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{}\" \
         Version=\"2.0\" IssueInstant=\"{}\" NotOnOrAfter=\"{}\" Destination=\"{}\">\
         <saml:Issuer>{}</saml:Issuer><saml:NameID{qualifiers}>{}</saml:NameID>{session}\
         </samlp:LogoutRequest>",
        escaped(id),
        instant(at),
        instant(at.plus_s(LOGOUT_LIFE_S)),
        escaped(destination),
        escaped(sp.entity_id),
        escaped(&name.value),
    )
}

/// An answer to a request to sign out.
#[must_use]
pub fn logout_response(
    sp: &Sp<'_>,
    destination: &str,
    (in_response_to, problem): (&str, Option<&str>),
    (id, at): (&str, Timestamp),
) -> String {
    let status = match problem {
        None => format!("<samlp:StatusCode Value=\"{SUCCESS}\"/>"),
        Some(code) => format!(
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">\
             <samlp:StatusCode Value=\"{code}\"/></samlp:StatusCode>"
        ),
    };
    format!(
        "<samlp:LogoutResponse xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{}\" \
         Version=\"2.0\" IssueInstant=\"{}\" Destination=\"{}\" InResponseTo=\"{}\">\
         <saml:Issuer>{}</saml:Issuer><samlp:Status>{status}</samlp:Status></samlp:LogoutResponse>",
        escaped(id),
        instant(at),
        escaped(destination),
        escaped(in_response_to),
        escaped(sp.entity_id),
    )
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
