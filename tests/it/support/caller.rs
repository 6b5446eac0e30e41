//! Who speaks to the app: nobody, a token, a browser with cookies, a SCIM client.
//!
//! A caller owns all it needs, so that tests can clone it into tasks. None follows redirects by
//! itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Client, Method};
use serde_json::Value;

use super::reply::Reply;

/// Redirects that a browser follows at most.
const REDIRECTS_MAX: usize = 10;

/// Cookies by host and port, then by name.
type Jar = Arc<Mutex<BTreeMap<String, BTreeMap<String, String>>>>;

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    base: String,
    media_type: &'static str,
    headers: Vec<(String, String)>,
    jar: Option<Jar>,
}

impl Caller {
    /// Somebody without any credential, at the app with this URL.
    pub fn new(client: Client, base: &str) -> Self {
        let (base, headers) = (base.to_owned(), Vec::new());
        Self { client, base, media_type: "application/json", headers, jar: None }
    }

    /// The same caller who sends a header besides.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same caller with a bearer token.
    pub fn with_bearer(self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    /// The same caller with an empty cookie jar.
    pub fn with_jar(mut self) -> Self {
        self.jar = Some(Jar::default());
        self
    }

    /// The same caller, who speaks SCIM and whose paths begin below `/scim/v2`.
    pub fn with_scim(mut self) -> Self {
        self.base.push_str("/scim/v2");
        self.media_type = "application/scim+json";
        self
    }

    /// GET
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    /// DELETE
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send_json(Method::POST, path, &body).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send_json(Method::PUT, path, &body).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send_json(Method::PATCH, path, &body).await
    }

    /// POST with a form, as a page's button does.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish()
            .into_bytes();
        self.send(Method::POST, path, Some(("application/x-www-form-urlencoded", body))).await
    }

    /// GET, and then on through redirects, as a browser does.
    pub async fn follow(&self, path: &str) -> Reply {
        let mut reply = self.get(path).await;
        for _ in 0..REDIRECTS_MAX {
            if !(300..400).contains(&reply.status) {
                return reply;
            }
            let here = reply.request.split_once(' ').map(|(_, url)| url).unwrap();
            let next = url::Url::parse(here).unwrap().join(reply.header("location")).unwrap();
            reply = self.get(next.as_str()).await;
        }
        panic!("more than {REDIRECTS_MAX} redirects\n{reply}")
    }

    /// The cookie of this name that the app itself has set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let jar = self.jar.as_ref()?.lock().unwrap();
        jar.get(&authority(&self.base))?.get(name).cloned()
    }

    async fn send_json(&self, method: Method, path: &str, body: &Value) -> Reply {
        self.send(method, path, Some((self.media_type, body.to_string().into_bytes()))).await
    }

    /// Any request: `path` is below the app's URL or an absolute URL.
    pub async fn send(&self, method: Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Reply {
        let named = format!("{method} {path}");
        let sent = self.attempt(method, path, body).await;
        sent.unwrap_or_else(|error| panic!("{named}: {error:?}"))
    }

    /// Any request, where the other side may die in the middle.
    ///
    /// # Errors
    /// No answer, or half of one.
    pub async fn attempt(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> reqwest::Result<Reply> {
        let absolute = path.starts_with("http://") || path.starts_with("https://");
        let url = if absolute { path.to_owned() } else { format!("{}{path}", self.base) };
        let named = format!("{method} {url}");
        let mut request = self.client.request(method, &url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(cookies) = self.cookies(&url) {
            request = request.header(COOKIE, cookies);
        }
        if let Some((media_type, bytes)) = body {
            request = request.header(CONTENT_TYPE, media_type).body(bytes);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.keep(&url, &headers);
        let body = response.bytes().await?;
        Ok(Reply { request: named, status, headers, body: body.to_vec() })
    }

    fn cookies(&self, url: &str) -> Option<String> {
        let jar = self.jar.as_ref()?.lock().unwrap();
        let cookies = jar.get(&authority(url)).filter(|cookies| !cookies.is_empty())?;
        let pairs: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some(pairs.join("; "))
    }

    fn keep(&self, url: &str, headers: &HeaderMap) {
        let Some(jar) = &self.jar else { return };
        let mut jar = jar.lock().unwrap();
        let cookies = jar.entry(authority(url)).or_default();
        for set in headers.get_all(SET_COOKIE) {
            let set = set.to_str().expect("a cookie is plain text");
            let mut parts = set.split(';').map(str::trim);
            let (name, value) = parts.next().unwrap().split_once('=').expect("a cookie has a name");
            if parts.any(|part| part.eq_ignore_ascii_case("max-age=0")) || value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn authority(url: &str) -> String {
    url::Url::parse(url).expect("an absolute URL").authority().to_owned()
}
