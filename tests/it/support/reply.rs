//! An answer, read whole, with failures that show what was asked and what came back.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Method and path, for failures.
    pub request: String,
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The answer itself when it has this status; fails with all of it otherwise.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not JSON ({error})\n{self}"),
        }
    }

    /// The value that a JSON Pointer finds in the body.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> Value {
        let found = self.json().pointer(pointer).cloned();
        found.unwrap_or_else(|| panic!("there is no {pointer}\n{self}"))
    }

    /// The text that a JSON Pointer finds in the body.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        let found = self.at(pointer);
        found.as_str().map_or_else(|| panic!("{pointer} is not a text\n{self}"), str::to_owned)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The media type without its parameters.
    pub fn media_type(&self) -> &str {
        self.header("content-type").split(';').next().unwrap_or_default().trim()
    }

    /// Fails unless this is a problem (RFC 9457) with this status and code.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self}");
        assert_eq!(self.media_type(), "application/problem+json", "{self}");
        let body = self.json();
        assert_eq!(body["status"], status, "{self}");
        assert_eq!(body["code"], code, "{self}");
        assert_eq!(body["type"], format!("urn:portico:problem:{code}"), "{self}");
        assert_eq!(body["request_id"], self.header("x-request-id"), "{self}");
        assert!(body["title"].is_string() && body["detail"].is_string(), "{self}");
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} answered {}", self.request, self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "\n{}", self.text())
    }
}
