//! What a client shows of itself: in the Authorization header or in the form, never in both
//! (RFC 6749 §2.3.1).

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::answer::{Answer, Refusal};
use super::form::Form;

/// The name and the secret that a client shows, not yet believed.
pub struct Shown {
    /// Its `client_id`.
    pub id: String,
    /// Its `client_secret`.
    pub secret: String,
}

impl Shown {
    /// Reads them.
    ///
    /// # Errors
    /// 400 when they come in two ways, 401 when they do not come or cannot be read.
    pub fn read(headers: &HeaderMap, form: &Form) -> Answer<Self> {
        let (id, secret) = (form.one("client_id")?, form.one("client_secret")?);
        let mut lines = headers.get_all(header::AUTHORIZATION).iter();
        match (lines.next(), lines.next()) {
            (None, _) => match (id, secret) {
                (Some(id), Some(secret)) => {
                    Ok(Self { id: id.to_owned(), secret: secret.to_owned() })
                }
                _ => Err(Refusal::client()),
            },
            (Some(_), Some(_)) => Err(Refusal::request("Send one Authorization header.")),
            (Some(_), None) if secret.is_some() => {
                Err(Refusal::request("Send the secret in the header or in the form, not in both."))
            }
            (Some(line), None) => {
                let shown = line.to_str().ok().and_then(basic).ok_or_else(Refusal::client)?;
                if id.is_some_and(|id| id != shown.id) {
                    return Err(Refusal::request("The form names another client_id."));
                }
                Ok(shown)
            }
        }
    }
}

/// Both parts are encoded as in a form before they are joined.
fn basic(line: &str) -> Option<Shown> {
    let (scheme, rest) = line.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some(Shown { id: decoded(id), secret: decoded(secret) })
}

/// A text that was encoded as a value of a form.
fn decoded(text: &str) -> String {
    let form = format!("v={text}");
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pair: &str) -> Option<(String, String)> {
        basic(&format!("bAsIc {}", STANDARD.encode(pair))).map(|shown| (shown.id, shown.secret))
    }

    #[test]
    fn basic_joins_two_parts_that_are_encoded_as_in_a_form() {
        let both = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(shown("a-b:pcs_x"), both("a-b", "pcs_x"));
        assert_eq!(shown("a%2Db:pcs%5Fx%3A"), both("a-b", "pcs_x:"));
        assert_eq!(shown("a"), None);
        assert!(basic("Basic !").is_none());
        assert!(basic("Bearer YTpi").is_none());
        assert!(basic("Basic").is_none());
    }
}
