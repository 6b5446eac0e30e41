//! Whether a verified assertion counts here and now: pure, and in the order of G19 to G28.
//!
//! Each missing part is a refusal, never a pass. What the envelope says can only refuse: identity
//! comes from the verified statement alone.

use super::fault::{Fault, Found};
use super::identity::{Identity, NAME_MAX, is_name};
use super::message::{Authn, Conditions, Confirmation, Envelope, Issuer, Statement};
use super::{AGE_MAX_S, SKEW_S, Saml};
use crate::domain::time::Timestamp;

/// The status of a sign-in that worked.
pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// How a browser confirms: by bringing the assertion.
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// The format of an issuer's name.
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// What an answer must fit.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'e> {
    /// What is configured of the provider.
    pub saml: &'e Saml,
    /// Our entity id.
    pub sp_entity_id: &'e str,
    /// Where the answer came.
    pub acs_url: &'e str,
    /// What it answers.
    pub request: Request<'e>,
    /// The present instant.
    pub now: Timestamp,
    /// Since when she must have signed in there, where she was to do so anew.
    pub fresh_since: Option<Timestamp>,
}

/// What an answer answers.
#[derive(Clone, Copy)]
pub enum Request<'r> {
    /// The request of this browser; says whether an id is the one that was sent.
    Of(&'r (dyn Fn(&str) -> bool + Sync)),
    /// None: people may begin at the provider, or may not.
    Unsolicited {
        /// Whether they may.
        allowed: bool,
    },
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Of(_) => "Of(..)",
            Self::Unsolicited { .. } => "Unsolicited",
        })
    }
}

/// Judges a response by what stands around its assertion: enough to refuse, never to accept.
///
/// # Errors
/// [`Found`] with the first thing that does not fit.
pub fn envelope(envelope: &Envelope, expected: &Expected<'_>) -> Result<(), Found> {
    status(envelope)?;
    match &envelope.destination {
        Some(there) if there != expected.acs_url => return Err(Fault::Destination.with(there)),
        None if envelope.signed => return Err(Fault::Destination.with("none, though signed")),
        _ => {}
    }
    if let Some(by) = &envelope.issuer {
        issuer(by, expected)?;
    }
    answers(envelope.in_response_to.as_deref(), expected.request)?;
    issued(envelope.issued_at, expected.now)
}

/// Judges the assertion, and answers what it says.
///
/// # Errors
/// [`Found`] with the first thing that does not fit.
pub fn statement(
    envelope: &Envelope,
    statement: &Statement,
    expected: &Expected<'_>,
) -> Result<Identity, Found> {
    issuer(&statement.issuer, expected)?;
    issued(statement.issued_at, expected.now)?;
    let conditions = statement.conditions.as_ref().ok_or(Fault::Conditions.with("none"))?;
    conditions_hold(conditions, expected)?;
    let until = confirmed(&statement.confirmations, expected)?;
    let authn = authenticated(&statement.authn, expected)?;
    if let Some(name) = &statement.name_id
        && !is_name(&name.value)
    {
        return Err(Fault::Subject.with("the NameID is empty or too long"));
    }
    let long = |text: &String| text.chars().count() > NAME_MAX;
    if authn.session_index.as_ref().is_some_and(long) {
        return Err(Fault::AuthnStatement.with("the session index is too long"));
    }
    let latest = conditions.not_on_or_after.map_or(until, |end| end.max(until));
    let session_until = statement.authn.iter().filter_map(|one| one.session_until).min();
    Ok(Identity {
        issuer: statement.issuer.value.clone(),
        response_id: envelope.id.clone(),
        assertion_id: statement.id.clone(),
        replay_until: latest.plus_s(SKEW_S).max(expected.now.plus_s(AGE_MAX_S + SKEW_S)).0,
        name_id: statement.name_id.clone(),
        session_index: authn.session_index.clone(),
        session_until: session_until.map(|at| at.0),
        authn_context: authn.class.clone(),
        attributes: statement.attributes.clone(),
    })
}

/// G19: the outermost code must say success.
fn status(envelope: &Envelope) -> Result<(), Found> {
    let codes = &envelope.status;
    if codes.first().is_some_and(|code| code == SUCCESS) {
        return Ok(());
    }
    let code = codes.last().map_or("none", String::as_str);
    let short = code.rsplit(':').next().unwrap_or(code);
    let said = envelope.status_message.as_deref().unwrap_or_default();
    Err(Fault::Status.with(format!("{short} {said}").trim_end()))
}

/// G21, byte for byte.
fn issuer(by: &Issuer, expected: &Expected<'_>) -> Result<(), Found> {
    if by.format.as_deref().is_some_and(|format| format != ENTITY) {
        return Err(Fault::Issuer.with("another format than entity"));
    }
    if by.value == expected.saml.idp_entity_id {
        return Ok(());
    }
    Err(Fault::Issuer.with(&by.value))
}

/// G22: a request's answer names it, and what nobody asked for names none.
fn answers(to: Option<&str>, request: Request<'_>) -> Result<(), Found> {
    match (request, to) {
        (Request::Of(is), Some(to)) if is(to) => Ok(()),
        (Request::Of(_), Some(_)) => Err(Fault::InResponseTo.into()),
        (Request::Of(_), None) => Err(Fault::InResponseTo.with("none")),
        (Request::Unsolicited { .. }, Some(_)) => {
            Err(Fault::InResponseTo.with("it answers a request that this browser did not make"))
        }
        (Request::Unsolicited { allowed: true }, None) => Ok(()),
        (Request::Unsolicited { allowed: false }, None) => Err(Fault::Unsolicited.into()),
    }
}

/// G25: made lately, and not in the future.
fn issued(at: Option<Timestamp>, now: Timestamp) -> Result<(), Found> {
    let at = at.ok_or(Fault::Time.with("no IssueInstant"))?;
    if at > now.plus_s(SKEW_S) {
        return Err(Fault::NotYetValid.with("the IssueInstant is in the future"));
    }
    if at < now.plus_s(-AGE_MAX_S) {
        return Err(Fault::Expired.with("the IssueInstant is more than 10 minutes ago"));
    }
    Ok(())
}

/// G23: begun, not over, and for us by every restriction.
fn conditions_hold(conditions: &Conditions, expected: &Expected<'_>) -> Result<(), Found> {
    if conditions.not_before.is_some_and(|from| from > expected.now.plus_s(SKEW_S)) {
        return Err(Fault::NotYetValid.with("the conditions"));
    }
    if conditions.not_on_or_after.is_some_and(|end| is_over(end, expected.now)) {
        return Err(Fault::Expired.with("the conditions"));
    }
    let ours = |list: &Vec<String>| list.iter().any(|one| one == expected.sp_entity_id);
    let foreign = conditions.audiences.iter().find(|list| !ours(list));
    match (conditions.audiences.is_empty(), foreign) {
        (true, _) => Err(Fault::Audience.with("no AudienceRestriction")),
        (_, Some(list)) => Err(Fault::Audience.with(&list.join(" "))),
        _ => Ok(()),
    }
}

fn is_over(end: Timestamp, now: Timestamp) -> bool {
    end.plus_s(SKEW_S) <= now
}

/// G24 and G22: at least one bearer confirmation is for us, and until when it holds.
fn confirmed(all: &[Confirmation], expected: &Expected<'_>) -> Result<Timestamp, Found> {
    let mut nearest: Option<Found> = None;
    for one in all.iter().filter(|one| one.method == BEARER) {
        match confirms(one, expected) {
            Ok(until) => return Ok(until),
            Err(found) => nearest = Some(found),
        }
    }
    Err(nearest.unwrap_or_else(|| Fault::Confirmation.with("no bearer confirmation")))
}

fn confirms(one: &Confirmation, expected: &Expected<'_>) -> Result<Timestamp, Found> {
    let refuse = |found| Err(Fault::Confirmation.with(found));
    if !one.present {
        return refuse("no SubjectConfirmationData");
    }
    match one.recipient.as_deref() {
        Some(recipient) if recipient == expected.acs_url => {}
        other => return refuse(other.unwrap_or("no Recipient")),
    }
    if one.not_before.is_some() {
        return refuse("a bearer confirmation with NotBefore");
    }
    let Some(end) = one.not_on_or_after else { return refuse("no NotOnOrAfter") };
    if is_over(end, expected.now) {
        return Err(Fault::Expired.with("the subject confirmation"));
    }
    answers(one.in_response_to.as_deref(), expected.request)?;
    Ok(end)
}

/// G27 and G25: she signed in, as demanded, and the session there is not over.
fn authenticated<'s>(all: &'s [Authn], expected: &Expected<'_>) -> Result<&'s Authn, Found> {
    let over = |one: &Authn| one.session_until.is_some_and(|end| is_over(end, expected.now));
    if all.iter().any(over) {
        return Err(Fault::Expired.with("SessionNotOnOrAfter"));
    }
    let future = |one: &Authn| one.at.is_some_and(|at| at > expected.now.plus_s(SKEW_S));
    if all.iter().any(future) {
        return Err(Fault::NotYetValid.with("AuthnInstant"));
    }
    let first = all.first().ok_or(Fault::AuthnStatement)?;
    let stale = |since: Timestamp| first.at.is_none_or(|at| at < since.plus_s(-SKEW_S));
    if expected.fresh_since.is_some_and(stale) {
        return Err(Fault::NotFresh.into());
    }
    let demanded = &expected.saml.authn_context;
    if demanded.is_empty() {
        return Ok(first);
    }
    let fits = |one: &&Authn| one.class.as_ref().is_some_and(|class| demanded.contains(class));
    let class = first.class.as_deref().unwrap_or("none");
    all.iter().find(fits).ok_or_else(|| Fault::AuthnContext.with(class))
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
