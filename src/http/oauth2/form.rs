//! The form of a token request: bounded, once each, as RFC 6749 §3.2 has it.

use axum::extract::Request;
use axum::http::{StatusCode, header};

use super::answer::{Answer, Refusal};
use crate::app::App;
use crate::http::extract::bytes;

/// Largest form, in bytes: a grant, a scope and a secret are a few hundred.
pub const FORM_MAX: usize = 16 * 1024;
/// Most parameters of a form.
pub const PARAMETERS_MAX: usize = 50;

/// The parameters in the order in which they were sent.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the form, within the limit of its route.
    ///
    /// # Errors
    /// 415 for another media type, 413 for a longer body, 400 for one that breaks off.
    pub async fn read(request: Request, app: &App) -> Answer<Self> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let essence = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let detail = "Send the parameters as application/x-www-form-urlencoded.";
            return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = bytes(request, app).await.map_err(|refusal| Refusal::from(refusal.0))?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Answer<Self> {
        let pairs = url::form_urlencoded::parse(bytes);
        let pairs: Vec<_> = pairs.into_owned().take(PARAMETERS_MAX + 1).collect();
        if pairs.len() > PARAMETERS_MAX {
            let detail = format!("A form has at most {PARAMETERS_MAX} parameters.");
            return Err(Refusal::request(detail));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter; one without a value counts as left out (RFC 6749 §3.2).
    ///
    /// # Errors
    /// 400 when it was sent twice.
    pub fn one(&self, name: &str) -> Answer<Option<&str>> {
        let mut values = self.0.iter().filter(|(sent, _)| sent == name).map(|(_, value)| value);
        let first = values.next();
        if values.next().is_some() {
            return Err(Refusal::request(format!("{name} was sent twice.")));
        }
        Ok(first.map(String::as_str).filter(|value| !value.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text.as_bytes()).ok().unwrap()
    }

    #[test]
    fn a_parameter_counts_once_and_only_with_a_value() {
        let form = form("a=1&b=&c=x%20y&d=1&d=1&a+b=2");
        assert_eq!(form.one("a").ok().unwrap(), Some("1"));
        assert_eq!(form.one("b").ok().unwrap(), None);
        assert_eq!(form.one("c").ok().unwrap(), Some("x y"));
        assert_eq!(form.one("e").ok().unwrap(), None);
        assert!(form.one("d").is_err());
    }

    #[test]
    fn a_form_has_so_many_parameters() {
        let many = |count: usize| vec!["a=1"; count].join("&");
        assert!(Form::parse(many(PARAMETERS_MAX).as_bytes()).is_ok());
        assert!(Form::parse(many(PARAMETERS_MAX + 1).as_bytes()).is_err());
    }
}
