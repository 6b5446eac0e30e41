//! Logouts that come from providers: who is to be signed out, or how it went elsewhere (G35).
//!
//! A message counts only with a signature by a certificate of the provider: over the query where it
//! comes by redirect, and on its root where it comes by a form. The same pre-flight looks at it as
//! at a response, and of a form only the octets that were signed are read.

use super::preflight::{self, Root};
use super::reader::Ns::{Assertion, Protocol};
use super::reader::Work;
use super::redirect::{Carries, Received};
use super::tree::Element;
use super::{certificate, read, signature, verify};
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::saml::identity::NameId;
use crate::domain::saml::judge::SUCCESS;
use crate::domain::saml::{AGE_MAX_S, SKEW_S, Saml};
use crate::domain::time::Timestamp;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Somebody is to be signed out.
    Request(Request),
    /// A logout that we asked for was done elsewhere.
    Response {
        /// Which request it answers.
        in_response_to: String,
        /// Whether it worked.
        worked: bool,
    },
}

/// Somebody is to be signed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// Who.
    pub name: NameId,
    /// Which of her sessions; all when there are none.
    pub sessions: Vec<String>,
    /// Until when its id is remembered.
    pub replay_until: Timestamp,
}

/// Verifies and reads a logout that came by redirect.
///
/// # Errors
/// [`Found`] with the first thing that does not fit.
pub fn read(
    received: &Received,
    saml: &Saml,
    slo_url: &str,
    now: Timestamp,
) -> Result<Message, Found> {
    received.verify(&certificate::usable(&saml.certificates))?;
    let root = root(received.carries);
    let checked = preflight::check(&received.text, root)?;
    message(&Element::read(checked.text)?, root, (saml, slo_url), now)
}

/// Verifies and reads a logout that came by a form: its root itself must be signed (A33).
///
/// # Errors
/// [`Found`] with the first thing that does not fit.
pub fn read_posted(
    (carries, encoded): (Carries, &str),
    saml: &Saml,
    slo_url: &str,
    now: Timestamp,
) -> Result<Message, Found> {
    let text = verify::decode(encoded)?;
    let root = root(carries);
    let checked = preflight::check(&text, root)?;
    let certificates = certificate::usable(&saml.certificates);
    let verified = signature::verify(&checked, root, &certificates, &mut Work::default())?;
    message(&Element::read(verified.text())?, root, (saml, slo_url), now)
}

const fn root(carries: Carries) -> Root {
    match carries {
        Carries::Request => Root::LogoutRequest,
        Carries::Response => Root::LogoutResponse,
    }
}

/// What a message says whose signature holds.
fn message(
    tree: &Element,
    root: Root,
    (saml, slo_url): (&Saml, &str),
    now: Timestamp,
) -> Result<Message, Found> {
    judge(tree, saml, slo_url, now)?;
    if root == Root::LogoutResponse {
        let envelope = read::envelope(tree, true)?;
        let worked = envelope.status.first().is_some_and(|code| code == SUCCESS);
        let in_response_to = envelope.in_response_to.ok_or(Fault::InResponseTo)?;
        return Ok(Message::Response { in_response_to, worked });
    }
    let end = read::time(tree, "NotOnOrAfter")?;
    if end.is_some_and(|end| end.plus_s(SKEW_S) <= now) {
        return Err(Fault::Expired.with("the logout request"));
    }
    let name = tree.child(Assertion, "NameID").map(read::name_id).ok_or(Fault::Subject)?;
    let sessions = tree.all(Protocol, "SessionIndex");
    Ok(Message::Request(Request {
        id: tree.attribute("ID").unwrap_or_default().to_owned(),
        name,
        sessions: sessions.map(|one| one.trimmed().to_owned()).collect(),
        replay_until: end.unwrap_or(now).max(now.plus_s(AGE_MAX_S)).plus_s(SKEW_S),
    }))
}

fn judge(tree: &Element, saml: &Saml, slo_url: &str, now: Timestamp) -> Result<(), Found> {
    // A signed message says where it goes (saml-bindings §3.4.5.2).
    match tree.attribute("Destination") {
        Some(there) if there == slo_url => {}
        other => return Err(Fault::Destination.with(other.unwrap_or("none, though signed"))),
    }
    let issuer = tree.child(Assertion, "Issuer").map(read::issuer).unwrap_or_default();
    if issuer.value != saml.idp_entity_id {
        return Err(Fault::Issuer.with(&issuer.value));
    }
    let at = read::time(tree, "IssueInstant")?.ok_or(Fault::Time.with("no IssueInstant"))?;
    if at > now.plus_s(SKEW_S) {
        return Err(Fault::NotYetValid.with("the IssueInstant is in the future"));
    }
    if at < now.plus_s(-AGE_MAX_S) {
        return Err(Fault::Expired.with("the IssueInstant is more than 10 minutes ago"));
    }
    Ok(())
}

#[cfg(test)]
#[path = "logout_tests.rs"]
mod tests;
