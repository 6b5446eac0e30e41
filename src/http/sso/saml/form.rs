//! The form of a provider, read strictly: one message, at most one `RelayState` (G1).

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use crate::domain::saml::fault::{Fault, Found};
use crate::outbound::saml::redirect::Carries;

/// Largest body, in bytes.
pub const BODY_MAX: usize = 1024 * 1024;
/// Longest `RelayState` that is looked at, in bytes: ours are shorter than 80.
const RELAY_MAX: usize = 1024;

/// What a provider sent by a form.
pub struct Sent {
    /// Whether it asks or answers.
    pub carries: Carries,
    /// The message in base64.
    pub message: String,
    /// What was sent along; only one of ours means anything.
    pub relay_state: Option<String>,
}

/// Reads the form; what it may carry is said by whoever reads it.
///
/// # Errors
/// [`Fault::TooLarge`] or [`Fault::Form`].
pub async fn read(headers: &HeaderMap, body: Body, may: &[Carries]) -> Result<Sent, Found> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Fault::Form.with("another media type than that of a form"));
    }
    let bytes = to_bytes(body, BODY_MAX).await.map_err(|_| Fault::TooLarge)?;
    parse(&bytes, may)
}

fn parse(bytes: &[u8], may: &[Carries]) -> Result<Sent, Found> {
    let (mut message, mut relay_state) = (None, None);
    for (name, value) in form_urlencoded::parse(bytes) {
        if let Some(carries) = may.iter().find(|one| one.parameter() == name) {
            if message.replace((*carries, value.into_owned())).is_some() {
                return Err(Fault::Form.with("several messages"));
            }
        } else if name == "RelayState" && relay_state.replace(value.into_owned()).is_some() {
            return Err(Fault::Form.with("several RelayState"));
        }
    }
    let (carries, message) = message.ok_or_else(|| {
        let names: Vec<&str> = may.iter().map(|one| one.parameter()).collect();
        Fault::Form.with(&format!("no {}", names.join(" or ")))
    })?;
    let relay_state = relay_state.filter(|state| (1..=RELAY_MAX).contains(&state.len()));
    Ok(Sent { carries, message, relay_state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_one_response_and_at_most_one_relay_state_g1() {
        let parse = |bytes: &[u8]| super::parse(bytes, &[Carries::Response]);
        let sent = parse(b"SAMLResponse=QUJD%0A&RelayState=x&other=1").unwrap();
        assert_eq!((sent.message.as_str(), sent.relay_state.as_deref()), ("QUJD\n", Some("x")));
        assert!(parse(b"SAMLResponse=QUJD").unwrap().relay_state.is_none());
        for bad in ["", "RelayState=x", "SAMLResponse=a&SAMLResponse=a", "SAMLRequest=a"] {
            assert_eq!(parse(bad.as_bytes()).err().unwrap().fault, Fault::Form, "{bad}");
        }
        let twice = parse(b"SAMLResponse=a&RelayState=x&RelayState=y");
        assert_eq!(twice.err().unwrap().fault, Fault::Form);
        let long = format!("SAMLResponse=a&RelayState={}", "x".repeat(10_000));
        assert!(parse(long.as_bytes()).unwrap().relay_state.is_none());
    }

    #[test]
    fn a_logout_asks_or_answers_and_never_both_g1() {
        let both = [Carries::Request, Carries::Response];
        let parse = |text: &str| super::parse(text.as_bytes(), &both);
        assert_eq!(parse("SAMLRequest=a").unwrap().carries, Carries::Request);
        assert_eq!(parse("SAMLResponse=a").unwrap().carries, Carries::Response);
        for bad in ["SAMLRequest=a&SAMLResponse=a", "SAMLRequest=a&SAMLRequest=a", "x=y"] {
            assert_eq!(parse(bad).err().unwrap().fault, Fault::Form, "{bad}");
        }
    }
}
