//! Answers of the management surface: problems per RFC 9457, pages of lists, entity tags.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::request_id;
use crate::flow::problem::{Code, FieldError, Problem};

/// What a handler answers.
pub type Answer<T = Response> = Result<T, Refusal>;

/// A problem on its way out as `application/problem+json`.
#[derive(Debug)]
pub struct Refusal(pub Problem);

impl<E: Into<Problem>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = self.0;
        log(&problem);
        let code = problem.code;
        let body = Body {
            r#type: format!("urn:portico:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            detail: &problem.detail,
            code: code.as_str(),
            request_id: request_id::current(),
            errors: &problem.errors,
        };
        let mut response = (status(code), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = problem.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if code == Code::Unauthenticated {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"portico\""),
            );
        }
        response
    }
}

/// Logs the chain of a fault, once, for those who can act on it.
pub fn log(problem: &Problem) {
    if let Some(cause) = &problem.cause {
        let mut chain = cause.to_string();
        let mut source = cause.source();
        while let Some(error) = source {
            chain = format!("{chain}: {error}");
            source = error.source();
        }
        tracing::error!(
            code = problem.code.as_str(),
            cause = %chain,
            request.id = %request_id::current(),
            "a request failed"
        );
    }
}

/// The status of a code.
#[must_use]
pub fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// 201 with the object.
pub fn created(body: impl Serialize) -> Response {
    (StatusCode::CREATED, Json(body)).into_response()
}

/// The name of a field of an answer that no other answer shows.
#[derive(Clone, Copy, Debug)]
pub struct ShownOnce(pub &'static str);

/// 201 with the object, whose `field` holds a secret: a repeated request comes without it.
pub fn created_once(body: impl Serialize, field: &'static str) -> Response {
    let mut response = created(body);
    response.extensions_mut().insert(ShownOnce(field));
    response
}

/// 200 (or another status) with the object and its version as a weak entity tag.
pub fn versioned(status: StatusCode, version: i64, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&etag(version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The entity tag of a version.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// A page of a list.
#[derive(Serialize)]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// The cursor of the next page; `null` on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of `limit` items out of `found`, which holds one more when the list goes on.
    pub fn of<S: Into<T>>(found: Vec<S>, limit: i64, cursor: impl Fn(&S) -> String) -> Self {
        Self::map(found, limit, cursor, Into::into)
    }

    /// The same, for items that need more than themselves to be shown.
    pub fn map<S>(
        mut found: Vec<S>,
        limit: i64,
        cursor: impl Fn(&S) -> String,
        show: impl FnMut(S) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(cursor);
        Self { data: found.into_iter().map(show).collect(), next }
    }

    /// A list that comes whole.
    #[must_use]
    pub const fn whole(data: Vec<T>) -> Self {
        Self { data, next: None }
    }
}
