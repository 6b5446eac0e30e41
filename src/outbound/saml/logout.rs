//! Logouts that come by redirect: who is to be signed out, or how it went elsewhere (G35).
//!
//! A message counts only with a signature over the query, by a certificate of the provider. The
//! same pre-flight looks at it as at a response.

use super::certificate;
use super::preflight::{self, Root};
use super::read;
use super::reader::Ns::{Assertion, Protocol};
use super::redirect::{Carries, Received};
use super::tree::Element;
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

/// Verifies and reads a logout.
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
    let root = match received.carries {
        Carries::Request => Root::LogoutRequest,
        Carries::Response => Root::LogoutResponse,
    };
    let checked = preflight::check(&received.text, root)?;
    let tree = Element::read(checked.text)?;
    judge(&tree, saml, slo_url, now)?;
    if root == Root::LogoutResponse {
        let envelope = read::envelope(&tree, true)?;
        let worked = envelope.status.first().is_some_and(|code| code == SUCCESS);
        let in_response_to = envelope.in_response_to.ok_or(Fault::InResponseTo)?;
        return Ok(Message::Response { in_response_to, worked });
    }
    let end = read::time(&tree, "NotOnOrAfter")?;
    if end.is_some_and(|end| end.plus_s(SKEW_S) <= now) {
        return Err(Fault::Expired.with("the logout request"));
    }
    let name = tree.child(Assertion, "NameID").map(read::name_id).ok_or(Fault::Subject)?;
    let sessions = tree.all(Protocol, "SessionIndex");
    Ok(Message::Request(Request {
        id: checked.id,
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
