//! Reads what a message says, out of a tree, into values that can be judged.
//!
//! Nothing is decided here but whether a value can be read at all: a time must be a UTC instant,
//! and texts lose the white space around them.

use super::lexical::is_space;
use super::reader::Ns::{Assertion, Protocol};
use super::tree::Element;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::saml::identity::{Attribute, NameId};
use crate::domain::saml::message::{Authn, Conditions, Confirmation, Envelope, Issuer, Statement};
use crate::domain::time::Timestamp;

/// What a response says around its assertion.
///
/// # Errors
/// [`Fault::Time`] for a time that cannot be read.
pub fn envelope(response: &Element, signed: bool) -> Result<Envelope, Found> {
    let status = response.child(Protocol, "Status");
    let mut codes = Vec::new();
    let mut code = status.and_then(|status| status.child(Protocol, "StatusCode"));
    while let Some(one) = code {
        codes.push(one.attribute("Value").unwrap_or_default().to_owned());
        code = one.child(Protocol, "StatusCode");
    }
    let message = status.and_then(|status| status.child(Protocol, "StatusMessage"));
    Ok(Envelope {
        id: owned(response, "ID").unwrap_or_default(),
        issued_at: time(response, "IssueInstant")?,
        destination: owned(response, "Destination"),
        in_response_to: owned(response, "InResponseTo"),
        issuer: response.child(Assertion, "Issuer").map(issuer),
        status: codes,
        status_message: message.map(|message| message.trimmed().to_owned()),
        signed,
    })
}

/// What an assertion says.
///
/// # Errors
/// [`Fault::Time`] for a time that cannot be read.
pub fn statement(assertion: &Element, signed: bool) -> Result<Statement, Found> {
    let subject = assertion.child(Assertion, "Subject");
    let confirmations = subject.map(confirmations).transpose()?.unwrap_or_default();
    let name = subject.and_then(|subject| subject.child(Assertion, "NameID"));
    let authn = assertion.all(Assertion, "AuthnStatement").map(authn);
    let attributes = assertion
        .all(Assertion, "AttributeStatement")
        .flat_map(|statement| statement.all(Assertion, "Attribute"))
        .map(attribute);
    Ok(Statement {
        id: owned(assertion, "ID").unwrap_or_default(),
        issued_at: time(assertion, "IssueInstant")?,
        issuer: assertion.child(Assertion, "Issuer").map(issuer).unwrap_or_default(),
        name_id: name.map(name_id),
        confirmations,
        conditions: assertion.child(Assertion, "Conditions").map(conditions).transpose()?,
        authn: authn.collect::<Result<_, _>>()?,
        attributes: attributes.collect(),
        signed,
    })
}

/// A name of a person, without white space around it (G28).
#[must_use]
pub fn name_id(element: &Element) -> NameId {
    NameId {
        value: element.trimmed().to_owned(),
        format: owned(element, "Format"),
        name_qualifier: owned(element, "NameQualifier"),
        sp_name_qualifier: owned(element, "SPNameQualifier"),
    }
}

/// Who made something: byte for byte, as it stands.
#[must_use]
pub fn issuer(element: &Element) -> Issuer {
    Issuer { value: element.text.clone(), format: owned(element, "Format") }
}

fn conditions(element: &Element) -> Result<Conditions, Found> {
    let list = |restriction: &Element| {
        let audiences = restriction.all(Assertion, "Audience");
        audiences.map(|audience| audience.trimmed().to_owned()).collect()
    };
    Ok(Conditions {
        not_before: time(element, "NotBefore")?,
        not_on_or_after: time(element, "NotOnOrAfter")?,
        audiences: element.all(Assertion, "AudienceRestriction").map(list).collect(),
    })
}

fn confirmations(subject: &Element) -> Result<Vec<Confirmation>, Found> {
    let one = |element: &Element| {
        let method = owned(element, "Method").unwrap_or_default();
        let Some(data) = element.child(Assertion, "SubjectConfirmationData") else {
            return Ok(Confirmation { method, ..Confirmation::default() });
        };
        Ok(Confirmation {
            method,
            present: true,
            recipient: owned(data, "Recipient"),
            in_response_to: owned(data, "InResponseTo"),
            not_before: time(data, "NotBefore")?,
            not_on_or_after: time(data, "NotOnOrAfter")?,
        })
    };
    subject.all(Assertion, "SubjectConfirmation").map(one).collect()
}

fn authn(element: &Element) -> Result<Authn, Found> {
    let context = element.child(Assertion, "AuthnContext");
    let class = context.and_then(|context| context.child(Assertion, "AuthnContextClassRef"));
    Ok(Authn {
        at: time(element, "AuthnInstant")?,
        session_index: owned(element, "SessionIndex").filter(|index| !index.is_empty()),
        session_until: time(element, "SessionNotOnOrAfter")?,
        class: class.map(|class| class.trimmed().to_owned()),
    })
}

/// An attribute; a value that is a `NameID` counts by its text, other elements are ignored (G29).
fn attribute(element: &Element) -> Attribute {
    let text = |value: &Element| {
        let whole = match value.child(Assertion, "NameID") {
            Some(name) => name.trimmed(),
            None if value.children.is_empty() => value.trimmed(),
            None => "",
        };
        whole.to_owned()
    };
    let values = element.all(Assertion, "AttributeValue").map(text);
    Attribute {
        name: owned(element, "Name").unwrap_or_default(),
        format: owned(element, "NameFormat"),
        values: values.filter(|value| !value.is_empty()).collect(),
    }
}

fn owned(element: &Element, name: &str) -> Option<String> {
    element.attribute(name).map(str::to_owned)
}

/// A time that stands in an attribute.
///
/// # Errors
/// [`Fault::Time`] for anything but a UTC instant.
pub fn time(element: &Element, name: &str) -> Result<Option<Timestamp>, Found> {
    let Some(text) = element.attribute(name) else { return Ok(None) };
    instant(text).map(Some).ok_or_else(|| Fault::Time.with(&format!("{name} {text}")))
}

/// Reads `2026-01-31T23:59:59Z`, with or without a fraction, and nothing else (G25).
fn instant(text: &str) -> Option<Timestamp> {
    const LAYOUT: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let text = text.trim_matches(is_space);
    let plain = text.strip_suffix('Z')?;
    let (whole, fraction) = match plain.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (plain, None),
    };
    let shaped = whole.len() == LAYOUT.len()
        && whole.bytes().zip(LAYOUT).all(|(is, shape)| match shape {
            b'd' => is.is_ascii_digit(),
            exact => is == *exact,
        });
    let digits =
        |text: &str| (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !shaped || !fraction.is_none_or(digits) {
        return None;
    }
    // A fraction of a second decides nothing here.
    Timestamp::parse(&format!("{whole}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_utc_instants_are_times_g25() {
        for good in
            ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789Z", " 2026-01-02T03:04:05Z\n"]
        {
            assert_eq!(instant(good), Timestamp::parse("2026-01-02T03:04:05Z"), "{good}");
        }
        let bad = [
            "",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05+00:00",
            "2026-01-02T03:04:05+01:00",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03:04Z",
            "2026-13-02T03:04:05Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05.1234567890123Z",
            "2026-01-02t03:04:05z",
            "+002026-01-02T03:04:05Z",
        ];
        for bad in bad {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }
}
