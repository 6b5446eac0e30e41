//! What requests carry: JSON bodies, ids, parameters and conditions.
//!
//! Every refusal is a SCIM error (C8). Bodies are read only after the door has let the caller in,
//! at most so many bytes and seconds (S9, S12); what a body means is the engine's business.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::answer::{Answer, Failure};
use crate::app::App;
use crate::flow::provision::Expected;
use crate::scim::list::Query;
use crate::scim::project::Projection;
use crate::scim::{ResourceType, ScimError, json};

/// Largest body about users and searches, in bytes.
pub const USER_BODY_MAX: usize = 1024 * 1024;
/// Largest body about a group, in bytes: room for a full push of 200,000 members.
pub const GROUP_BODY_MAX: usize = 32 * 1024 * 1024;
/// Seconds in which a body must have come.
pub const BODY_S: u64 = 20;

/// A JSON object of at most `MAX` bytes.
pub struct Payload<const MAX: usize>(pub Map<String, Value>);

impl<const MAX: usize> FromRequest<App> for Payload<MAX> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Ok(Self(object(request, (MAX, ScimError::payload_too_large)).await?))
    }
}

/// Reads the JSON object of a request: at most so many bytes, or else the refusal that names them.
///
/// # Errors
/// 413, 415, 408, 400 `invalidSyntax`.
pub async fn object(
    request: Request,
    (max, too_large): (usize, fn(usize) -> ScimError),
) -> Answer<Map<String, Value>> {
    let (parts, body) = request.into_parts();
    media_type(&parts.headers)?;
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(too_large(max).into());
    }
    let late = || ScimError::status(408, format!("The body did not come within {BODY_S} s"));
    let bytes = tokio::time::timeout(Duration::from_secs(BODY_S), whole(body, max))
        .await
        .map_err(|_| late())??
        .ok_or_else(|| too_large(max))?;
    Ok(json::read_object(&bytes)?)
}

/// Reads a body to its end, or to the limit and no further; `None` when it is larger.
async fn whole(body: Body, max: usize) -> Result<Option<Vec<u8>>, ScimError> {
    let (mut stream, mut bytes) = (body.into_data_stream(), Vec::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ScimError::invalid_syntax("The body broke off"))?;
        if bytes.len().saturating_add(chunk.len()) > max {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

/// Accepts JSON and SCIM JSON, as they are (C2, S11).
fn media_type(headers: &HeaderMap) -> Answer<()> {
    if let Some(coding) = headers.get(header::CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(ScimError::status(415, "Send the body without Content-Encoding").into());
    }
    let Some(sent) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let sent = sent.to_str().unwrap_or_default();
    let mut parts = sent.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known = ["application/scim+json", "application/json"];
    let utf8 = |part: &str| {
        let Some((name, value)) = part.split_once('=') else { return true };
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    if known.iter().any(|known| known.eq_ignore_ascii_case(essence)) && parts.all(utf8) {
        return Ok(());
    }
    Err(ScimError::status(415, "Send application/scim+json or application/json in UTF-8").into())
}

/// The id in the path, percent-decoded; empty when it cannot be decoded, which no id is (C6, C53).
pub struct Id(pub String);

impl FromRequestParts<App> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let id = params.ok().and_then(|params| {
            params.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned())
        });
        Ok(Self(id.unwrap_or_default()))
    }
}

/// The parameters of the URL and what headers say about the answer.
#[derive(Default)]
pub struct Asked {
    /// The parameters.
    pub query: Query,
    minimal: bool,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let mut query = Query::default();
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            query.take(&name, value.into_owned())?;
        }
        let prefers = HeaderName::from_static("prefer");
        let minimal = listed(&parts.headers, &prefers)
            .any(|preference| preference.replace(' ', "").eq_ignore_ascii_case("return=minimal"));
        Ok(Self { query, minimal })
    }
}

impl Asked {
    /// Which attributes the answer holds.
    ///
    /// # Errors
    /// 400 `invalidValue` for both parameters together (C90).
    pub fn projection(&self, of: &ResourceType) -> Answer<Projection> {
        let (only, but) = (&self.query.attributes, &self.query.excluded_attributes);
        Ok(Projection::parse(only.as_deref(), but.as_deref(), of)?)
    }

    /// Whether the answer may do without a body (C11, C91).
    #[must_use]
    pub const fn is_minimal(&self, projection: &Projection) -> bool {
        self.minimal && !projection.is_selective()
    }
}

/// `If-Match` and `If-None-Match`.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Which versions a write accepts.
    pub expected: Expected,
    known: Option<Expected>,
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let expected = versions(&parts.headers, &header::IF_MATCH).unwrap_or_default();
        Ok(Self { expected, known: versions(&parts.headers, &header::IF_NONE_MATCH) })
    }
}

impl Conditions {
    /// Whether the client has this version already (C146).
    #[must_use]
    pub fn knows(&self, version: i64) -> bool {
        self.known.as_ref().is_some_and(|known| match known {
            Expected::Any => true,
            Expected::OneOf(versions) => versions.contains(&version),
        })
    }
}

/// The versions that a condition lists; `None` without the header.
fn versions(headers: &HeaderMap, name: &HeaderName) -> Option<Expected> {
    headers.get(name)?;
    Some(Expected::of_tags(listed(headers, name)))
}

fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let value = |value: &&str| (name.clone(), HeaderValue::from_str(value).unwrap());
        values.iter().map(value).collect()
    }

    #[test]
    fn a_condition_lists_weak_and_strong_tags_or_a_star_c147() {
        let of = |values: &[&str]| versions(&headers(header::IF_MATCH, values), &header::IF_MATCH);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["W/\"3\", \"4\"", "W/\"5\""]), Some(Expected::OneOf(vec![3, 4, 5])));
        assert_eq!(of(&["*"]), Some(Expected::Any));
        assert_eq!(of(&["W/\"x\", 7"]), Some(Expected::OneOf(vec![])));
    }

    #[test]
    fn json_comes_under_two_names_in_utf_8_and_uncompressed_c2() {
        let taken = |kind: &str| media_type(&headers(header::CONTENT_TYPE, &[kind])).is_ok();
        assert!(taken("application/scim+json"));
        assert!(taken("Application/JSON; charset=UTF-8"));
        assert!(!taken("application/json; charset=latin-1"));
        assert!(!taken("text/plain"));
        assert!(!taken("application/x-www-form-urlencoded"));
        assert!(media_type(&headers(header::CONTENT_ENCODING, &["gzip"])).is_err());
    }
}
