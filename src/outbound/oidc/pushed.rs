//! Requests that are left at the provider before the browser goes there (RFC 9126, R17): only where
//! the provider demands it.

use serde::Deserialize;
use url::Url;

use super::client::{Client, Form};
use crate::domain::sign_in::{Refusal, Step};
use crate::outbound::http::Guarded;

/// Longest name of a request that is left, in bytes.
pub const REQUEST_URI_MAX: usize = 1024;

#[derive(Deserialize)]
struct Left {
    request_uri: String,
}

/// Leaves a request and answers where the browser goes: it carries the request's name alone.
///
/// # Errors
/// [`Refusal`] with the endpoint's error.
pub async fn push(
    http: &Guarded,
    client: Client<'_>,
    (endpoint, authorization_endpoint): (&str, &Url),
    fields: &[(&str, &str)],
) -> Result<Url, Refusal> {
    let form = Form { name: "pushed request endpoint", endpoint, fields };
    let failed = |found: &str| {
        let refusal = form.failed(found).refusal;
        Refusal { step: Step::Start, ..refusal }
    };
    let answer = client
        .send(http, &form)
        .await
        .map_err(|failed| Refusal { step: Step::Start, ..failed.refusal })?;
    let left: Left =
        serde_json::from_slice(&answer).map_err(|_| failed("the answer has no request_uri"))?;
    if !(1..=REQUEST_URI_MAX).contains(&left.request_uri.len()) {
        return Err(failed("the request_uri is empty or too long"));
    }
    let mut url = authorization_endpoint.clone();
    url.query_pairs_mut()
        .append_pair("client_id", &client.oidc.client_id)
        .append_pair("request_uri", &left.request_uri);
    Ok(url)
}
