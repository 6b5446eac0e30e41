//! Who we are, at endpoints that ask it: by a secret in a header or in the form, or by an assertion
//! that our key signs (RFC 6749 §2.3, RFC 7523, R5).
//!
//! While a secret changes there are two: when the present one is not believed, the next is tried.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use url::form_urlencoded;

use super::provider_error;
use crate::domain::client_key::{Assertion, ClientKey};
use crate::domain::connection::{AssertionAudience, ClientAuth, Oidc, Secrets};
use crate::domain::secret::draw;
use crate::domain::sign_in::{Refusal, Step};
use crate::domain::time::{Rng, Timestamp};
use crate::outbound::http::Guarded;

/// Largest answer, in bytes.
pub const ANSWER_MAX: usize = 512 * 1024;
/// What an assertion is (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who we are at one provider.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The provider and our place there.
    pub oidc: &'a Oidc,
    /// What it knows us by.
    pub secrets: &'a Secrets,
    /// The present instant.
    pub now: Timestamp,
}

/// A form to be sent to an endpoint.
pub struct Form<'a> {
    /// What the endpoint is called in refusals.
    pub name: &'a str,
    /// Where it is.
    pub endpoint: &'a str,
    /// The fields, but those that say who we are.
    pub fields: &'a [(&'a str, &'a str)],
}

/// Why there is no answer that can be used.
pub struct Failed {
    /// The refusal, with the endpoint's error.
    pub refusal: Refusal,
    /// The endpoint's own code; empty when it gave none.
    pub error: String,
    /// The endpoint did not believe that we are who we are.
    pub wrong_client: bool,
}

#[derive(Deserialize, Default)]
struct Denied {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Client<'_> {
    /// Sends a form; a refused secret is followed by the next one, if there is one (R5).
    ///
    /// # Errors
    /// [`Failed`] for an answer that is no success.
    pub async fn send(&self, http: &Guarded, form: &Form<'_>) -> Result<Vec<u8>, Failed> {
        match self.once(http, form, &self.secrets.client_secret).await {
            Err(failed) if failed.wrong_client => match &self.secrets.next {
                None => Err(failed),
                Some(next) => self.once(http, form, next).await,
            },
            done => done,
        }
    }

    async fn once(&self, http: &Guarded, form: &Form<'_>, secret: &str) -> Result<Vec<u8>, Failed> {
        let request = self.request(form, secret).map_err(|found| form.failed(found))?;
        let answer = http.send(request, ANSWER_MAX).await;
        let answer = answer.map_err(|error| form.failed(&error.to_string()))?;
        if [StatusCode::OK, StatusCode::CREATED].contains(&answer.status()) {
            return Ok(answer.into_body());
        }
        Err(form.denied(&answer))
    }

    fn request(&self, form: &Form<'_>, secret: &str) -> Result<Request<Vec<u8>>, &'static str> {
        let client_id = self.oidc.client_id.as_str();
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form.fields);
        let mut request = Request::post(form.endpoint)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match self.oidc.auth {
            ClientAuth::Basic => {
                let mut basic = HeaderValue::try_from(basic(client_id, secret))
                    .map_err(|_| "the client secret is no header")?;
                basic.set_sensitive(true);
                request = request.header(AUTHORIZATION, basic);
            }
            ClientAuth::Post => {
                body.append_pair("client_id", client_id).append_pair("client_secret", secret);
            }
            ClientAuth::PrivateKeyJwt => {
                let assertion = self.assertion(form, secret)?;
                body.append_pair("client_id", client_id)
                    .append_pair("client_assertion_type", ASSERTION_TYPE)
                    .append_pair("client_assertion", &assertion);
            }
        }
        request.body(body.finish().into_bytes()).map_err(|_| "the endpoint is no URL")
    }

    fn assertion(&self, form: &Form<'_>, pem: &str) -> Result<String, &'static str> {
        let audience = match self.oidc.assertion_audience {
            AssertionAudience::TokenEndpoint => form.endpoint,
            AssertionAudience::Issuer => &self.oidc.issuer,
        };
        let (client_id, id) = (self.oidc.client_id.as_str(), draw(Rng));
        let what = Assertion { client_id, audience, id: &id, at: self.now };
        let key = ClientKey::parse(pem).map_err(|_| "the client's key cannot be read")?;
        key.assert(&what).map_err(|_| "the client's key does not sign")
    }
}

impl Form<'_> {
    /// A refusal that names the endpoint.
    pub fn failed(&self, found: &str) -> Failed {
        let refusal = provider_error(Step::Provider, &format!("{}: {found}", self.name));
        Failed { refusal, error: String::new(), wrong_client: false }
    }

    fn denied(&self, answer: &Response<Vec<u8>>) -> Failed {
        let denied: Denied = serde_json::from_slice(answer.body()).unwrap_or_default();
        let status = answer.status().as_u16();
        let found = format!("{status} {} {}", denied.error, denied.error_description);
        let wrong_client = status == 401 || denied.error == "invalid_client";
        Failed { wrong_client, error: denied.error, ..self.failed(found.trim_end()) }
    }
}

/// HTTP Basic with both parts form-encoded first (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}
