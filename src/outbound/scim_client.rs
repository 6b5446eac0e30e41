//! A SCIM client as providers are: bearer token, SCIM media type, `Retry-After` honoured.
//!
//! It sends and reads; what an answer should have been is for its caller to judge. Only
//! `portico simulate` uses it, against a server that its user named.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use serde_json::Value;
use url::Url;

use super::http::{Direct, Refused};
use crate::telemetry::Stopwatch;

/// How often a refused request is sent again when the server asks to wait.
pub const RETRIES_MAX: u32 = 5;
/// Longest wait that is honoured, in seconds; who asks for more is answered by giving up.
pub const WAIT_MAX_S: u64 = 30;
/// The wait when the server names none, in seconds.
pub const WAIT_S: u64 = 1;

const MEDIA_TYPE: &str = "application/scim+json";

/// How a provider presents itself.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// `User-Agent`; Entra has been seen without one.
    pub user_agent: Option<&'static str>,
    /// `Content-Type` of bodies.
    pub content_type: &'static str,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Ask {
    /// A request for what these path segments below the SCIM base name.
    #[must_use]
    pub fn new<'s>(method: Method, segments: impl IntoIterator<Item = &'s str>) -> Self {
        let segments = segments.into_iter().map(str::to_owned).collect();
        Self { method, segments, query: Vec::new(), body: None }
    }

    /// The same with a query parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn sending(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, `Null` when it is empty or no JSON.
    pub body: Value,
    /// The `Location` header.
    pub location: Option<String>,
    /// How long the last try took; waits between tries are not in it.
    pub took: Duration,
}

/// Speaks to one SCIM server.
#[derive(Debug)]
pub struct ScimClient {
    http: Direct,
    base: Url,
    headers: HeaderMap,
    content_type: HeaderValue,
    waits: AtomicU64,
}

impl ScimClient {
    /// A client for the server at a SCIM base URL; what stands in its query goes with each request.
    ///
    /// # Errors
    /// [`Refused::Url`] when the base cannot have a path or the token cannot be in a header;
    /// [`Refused::Unbuilt`].
    pub fn new(base: Url, token: &str, manners: Manners) -> Result<Self, Refused> {
        if base.cannot_be_a_base() || !matches!(base.scheme(), "http" | "https") {
            return Err(Refused::Url("it is neither http nor https"));
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Refused::Url("the token cannot stand in a header"))?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(user_agent) = manners.user_agent {
            headers.insert(USER_AGENT, HeaderValue::from_static(user_agent));
        }
        let content_type = HeaderValue::from_static(manners.content_type);
        Ok(Self { http: Direct::new()?, base, headers, content_type, waits: AtomicU64::new(0) })
    }

    /// How often a request was sent again because the server asked to wait.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Sends a request; after 429 or 503 with a bearable `Retry-After` again, a bounded number of
    /// times.
    ///
    /// # Errors
    /// [`Refused`] when no whole answer came.
    pub async fn send(&self, ask: &Ask) -> Result<Answer, Refused> {
        let mut tries = 0;
        loop {
            let watch = Stopwatch::start();
            let response = self.http.send(self.request(ask)?).await?;
            let took = watch.elapsed();
            match wait_s(&response) {
                Some(wait_s) if tries < RETRIES_MAX => {
                    tries += 1;
                    self.waits.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_secs(wait_s)).await;
                }
                _ => return Ok(answer(&response, took)),
            }
        }
    }

    fn request(&self, ask: &Ask) -> Result<Request<Vec<u8>>, Refused> {
        let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default().into_bytes();
        let request = Request::builder().method(&ask.method).uri(self.url(ask).as_str()).body(body);
        let mut request = request.map_err(|_| Refused::Url("it cannot be read"))?;
        request.headers_mut().clone_from(&self.headers);
        if ask.body.is_some() {
            request.headers_mut().insert(CONTENT_TYPE, self.content_type.clone());
        }
        Ok(request)
    }

    fn url(&self, ask: &Ask) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&ask.segments);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        url
    }
}

/// The wait that an answer asks for, `None` when it is final.
fn wait_s(response: &Response<Vec<u8>>) -> Option<u64> {
    let named = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait_s = match (response.status().as_u16(), named) {
        (429, None) => WAIT_S,
        // A date in place of seconds is legal and rare; the shortest wait is tried.
        (429 | 503, Some(text)) => text.trim().parse().unwrap_or(WAIT_S),
        _ => return None,
    };
    (wait_s <= WAIT_MAX_S).then_some(wait_s)
}

fn answer(response: &Response<Vec<u8>>, took: Duration) -> Answer {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    Answer {
        status: response.status().as_u16(),
        body: serde_json::from_slice(response.body()).unwrap_or_default(),
        location: location.map(str::to_owned),
        took,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANNERS: Manners = Manners { user_agent: None, content_type: MEDIA_TYPE };

    fn client(base: &str) -> ScimClient {
        ScimClient::new(base.parse().unwrap(), "hunter2", MANNERS).unwrap()
    }

    #[test]
    fn paths_and_parameters_are_added_to_the_base_with_what_its_query_holds() {
        let ask = Ask::new(Method::GET, ["Users", "a/b"]).with("filter", "userName eq \"a+b\"");
        let tail = "/Users/a%2Fb?filter=userName+eq+%22a%2Bb%22";
        for base in ["http://h/scim/v2", "http://h/scim/v2/"] {
            assert_eq!(client(base).url(&ask).as_str(), format!("http://h/scim/v2{tail}"));
        }
        let flagged = client("http://h/v2?aadOptscim062020").url(&ask);
        assert_eq!(flagged.path(), "/v2/Users/a%2Fb");
        assert!(flagged.query().unwrap().starts_with("aadOptscim062020&filter="));
    }

    #[test]
    fn the_token_goes_out_as_a_bearer_and_is_not_shown() {
        let client = client("http://h/");
        let request = client.request(&Ask::new(Method::GET, ["Users"])).unwrap();
        assert_eq!(request.headers()["authorization"], "Bearer hunter2");
        assert!(!request.headers().contains_key("content-type"));
        assert!(!format!("{client:?}").contains("hunter2"));
    }

    #[test]
    fn a_base_that_is_no_web_address_and_a_token_with_line_ends_are_refused() {
        for (base, token) in
            [("mailto:a@example.com", "t"), ("ftp://h/", "t"), ("http://h/", "a\nb")]
        {
            let refused = ScimClient::new(base.parse().unwrap(), token, MANNERS);
            assert!(matches!(refused, Err(Refused::Url(_))), "{base}");
        }
    }

    #[test]
    fn a_wait_is_honoured_up_to_the_limit_and_where_it_makes_sense() {
        let wait = |status: u16, after: Option<&str>| {
            let mut response = Response::builder().status(status);
            if let Some(after) = after {
                response = response.header(RETRY_AFTER, after);
            }
            wait_s(&response.body(Vec::new()).unwrap())
        };
        assert_eq!(wait(429, Some("7")), Some(7));
        assert_eq!(wait(429, Some("30")), Some(WAIT_MAX_S));
        assert_eq!(wait(429, Some("31")), None);
        assert_eq!(wait(429, None), Some(WAIT_S));
        assert_eq!(wait(503, Some("Wed, 21 Oct 2026 07:28:00 GMT")), Some(WAIT_S));
        assert_eq!(wait(503, None), None);
        assert_eq!(wait(200, Some("1")), None);
    }
}
