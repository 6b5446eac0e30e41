//! Answers of the SCIM surface: resources with their versions, and errors as RFC 7644 §3.12 has
//! them. Nothing below the base answers in any other form (C8).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::flow::problem::{Code, Problem};
use crate::http::answer::{etag, log};
use crate::scim::{ScimError, ScimType};

/// The media type of every body.
pub const MEDIA_TYPE: &str = "application/scim+json";

/// What a handler answers.
pub type Answer<T = Response> = Result<T, Failure>;

/// A problem on its way out as a SCIM error.
#[derive(Debug)]
pub struct Failure {
    problem: Problem,
    challenge: Option<&'static str>,
}

/// What `WWW-Authenticate` says to somebody who sent no token (C163).
const CHALLENGE: &str = "Bearer realm=\"portico\"";
/// What it says to somebody whose token does not hold.
const CHALLENGE_INVALID: &str = "Bearer realm=\"portico\", error=\"invalid_token\"";

impl<E: Into<Problem>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { problem: error.into(), challenge: None }
    }
}

impl Failure {
    /// 401: no token was sent, or one that does not hold.
    #[must_use]
    pub fn unauthenticated(sent: bool) -> Self {
        let detail = if sent {
            "The token is unknown, expired, revoked or of another directory."
        } else {
            "Send the token of the directory as `Authorization: Bearer <token>`."
        };
        Self {
            problem: ScimError::status(401, detail).into(),
            challenge: Some(if sent { CHALLENGE_INVALID } else { CHALLENGE }),
        }
    }

    /// The same in SCIM's words.
    #[must_use]
    pub fn error(&self) -> ScimError {
        scim_error(&self.problem)
    }

    /// 429 with the seconds to wait.
    #[must_use]
    pub fn too_often(wait_s: u64) -> Self {
        let problem: Problem =
            ScimError::status(429, format!("Too many requests: wait {wait_s} s.")).into();
        Problem { retry_after_s: Some(wait_s), ..problem }.into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        log(&self.problem);
        let error = scim_error(&self.problem);
        let status =
            StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = body(status, error.to_json().to_string());
        let headers = response.headers_mut();
        if let Some(seconds) = self.problem.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = self.challenge.unwrap_or(CHALLENGE);
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// A problem in SCIM's words: 4xx means that the client must change something (C162).
pub fn scim_error(problem: &Problem) -> ScimError {
    if let Some(error) = &problem.scim {
        return (**error).clone();
    }
    match problem.code {
        Code::Invalid => ScimError::invalid_value(&problem.detail),
        code => {
            let scim_type = (code == Code::Malformed).then_some(ScimType::InvalidSyntax);
            ScimError { scim_type, ..ScimError::status(code.status(), &problem.detail) }
        }
    }
}

/// A body of SCIM's media type.
pub fn body(status: StatusCode, content: impl Into<Body>) -> Response {
    let mut response = (status, content.into()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}

/// One resource with its version, and with its URL when it was made just now (C47).
pub fn resource(
    status: StatusCode,
    version: i64,
    location: &str,
    content: impl Into<Body>,
) -> Response {
    let mut response = with_version(body(status, content), version);
    if status == StatusCode::CREATED
        && let Ok(url) = HeaderValue::from_str(location)
    {
        response.headers_mut().insert(header::LOCATION, url);
    }
    response
}

/// 204 with the version of what was changed.
pub fn minimal(version: i64) -> Response {
    let mut response = with_version(StatusCode::NO_CONTENT.into_response(), version);
    let applied = HeaderValue::from_static("return=minimal");
    response.headers_mut().insert("preference-applied", applied);
    response
}

/// 304: the client has this version already.
pub fn not_modified(version: i64) -> Response {
    with_version(StatusCode::NOT_MODIFIED.into_response(), version)
}

/// 204: it is gone.
pub fn gone() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn with_version(mut response: Response, version: i64) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&etag(version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_wrong_is_an_invalid_value_and_an_outage_is_no_fault_of_the_client_c162() {
        let error = scim_error(&Problem::invalid("/x", "y", "x is wrong"));
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
        let error = scim_error(&Problem::unavailable("down"));
        assert_eq!((error.status, error.scim_type), (503, None));
        assert!(!error.detail.contains("down"));
    }

    #[test]
    fn a_refused_token_is_challenged_and_told_apart_from_a_missing_one_c163() {
        let challenge = |sent: bool| {
            let response = Failure::unauthenticated(sent).into_response();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned()
        };
        assert_eq!(challenge(false), CHALLENGE);
        assert!(challenge(true).contains("invalid_token"));
    }
}
