//! The request id: accepted when it is sane, drawn otherwise, echoed, logged, put into problems.
//!
//! It travels with the task, since everything that renders an answer needs it.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

use crate::domain::secret::hex;
use crate::domain::time::Rng;
use crate::flow::request;

/// The header, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is accepted, in letters.
pub const MAX: usize = 128;

/// The id of the request that this task answers; empty outside of one.
#[must_use]
pub fn current() -> String {
    request::current().unwrap_or_default()
}

/// Gives the request its id and echoes it.
pub async fn known<F>(asked: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let id = asked
        .headers()
        .get(&HEADER)
        .and_then(|sent| sent.to_str().ok())
        .filter(|sent| acceptable(sent))
        .map_or_else(|| hex(&Rng.bytes::<12>()), str::to_owned);
    let mut response = request::under(id.clone(), next(asked)).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn acceptable(id: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    (1..=MAX).contains(&id.len()) && id.bytes().all(letter)
}
