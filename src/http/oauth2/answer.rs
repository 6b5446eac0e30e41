//! Answers of the token endpoint: the token, or an error as RFC 6749 §5.2 has it. Nothing of it is
//! kept on the way (§5.1).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::flow::client_token::{Given, Refused};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{log, status};

/// What the handler answers.
pub type Answer<T = Response> = Result<T, Refusal>;

/// What `WWW-Authenticate` says to a client that did not prove itself.
const CHALLENGE: &str = "Basic realm=\"portico\"";

/// An error on its way out.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
    retry_after_s: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into(), retry_after_s: None }
    }

    /// `invalid_request` with another status than 400.
    #[must_use]
    pub fn status(status: StatusCode, description: impl Into<String>) -> Self {
        Self::new(status, "invalid_request", description)
    }

    /// 400 `invalid_request`: a parameter is missing, twice or unreadable.
    #[must_use]
    pub fn request(description: impl Into<String>) -> Self {
        Self::status(StatusCode::BAD_REQUEST, description)
    }

    /// 400 `unsupported_grant_type`.
    #[must_use]
    pub fn grant() -> Self {
        let detail = "The only grant_type here is client_credentials.";
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", detail)
    }

    /// 401 `invalid_client`: nobody learns what is wrong.
    #[must_use]
    pub fn client() -> Self {
        let detail = "The client is unknown, its secret is wrong, or it has ended.";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", detail)
    }

    /// 429 with the seconds to wait.
    #[must_use]
    pub fn too_often(wait_s: u64) -> Self {
        let detail = format!("Too many requests: wait {wait_s} s.");
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", detail);
        Self { retry_after_s: Some(wait_s), ..refusal }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let bad = StatusCode::BAD_REQUEST;
        match refused {
            Refused::Client => Self::client(),
            Refused::Scope => {
                let detail = "scope is scim.read, scim.write or both, as far as the client has it.";
                Self::new(bad, "invalid_scope", detail)
            }
            Refused::Closed => {
                let detail = "The directory is disabled, or its organization suspended.";
                Self::new(bad, "unauthorized_client", detail)
            }
            Refused::TooMany(wait_s) => Self::too_often(wait_s),
            Refused::Problem(problem) => problem.into(),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        log(&problem);
        let error = match problem.code {
            Code::Internal => "server_error",
            Code::Unavailable | Code::RateLimited => "temporarily_unavailable",
            _ => "invalid_request",
        };
        let retry_after_s = problem.retry_after_s;
        Self { retry_after_s, ..Self::new(status(problem.code), error, problem.detail) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let allowed = |letter: &char| matches!(letter, ' '..='~') && !['"', '\\'].contains(letter);
        // The RFC leaves no other letters to a description.
        let description: String = self.description.chars().filter(allowed).collect();
        let body = json!({"error": self.error, "error_description": description});
        let mut response = kept_by_nobody(self.status, body);
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A refusal that comes before any route of this surface, in its format.
pub fn refuse(problem: Problem) -> Response {
    Refusal::from(problem).into_response()
}

/// 200 with the token.
pub fn given(given: &Given) -> Response {
    let scopes: Vec<_> = given.token.scopes.iter().map(|scope| scope.as_str()).collect();
    let body = json!({
        "access_token": given.text,
        "token_type": "Bearer",
        "expires_in": given.life_s,
        "scope": scopes.join(" "),
    });
    kept_by_nobody(StatusCode::OK, body)
}

fn kept_by_nobody(status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
