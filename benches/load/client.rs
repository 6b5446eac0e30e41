//! Load: N connections that ask as fast as they are answered, for a bounded time or count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A request and what its right answer looks like.
pub struct Ask {
    /// HTTP method.
    pub method: reqwest::Method,
    /// Path and query below the base.
    pub path: String,
    /// JSON body.
    pub body: Option<Value>,
    /// The status of a right answer.
    pub status: u16,
    /// A text that the body of a right answer holds.
    pub holds: Option<String>,
}

impl Ask {
    /// A GET that must answer 200 with a body that holds `text`.
    pub fn get(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, holds) = (path.into(), Some(text.into()));
        Self { method: reqwest::Method::GET, path, body: None, status: 200, holds }
    }

    /// A request with a JSON body.
    pub fn send(
        method: reqwest::Method,
        path: impl Into<String>,
        body: Value,
        status: u16,
    ) -> Self {
        Self { method, path: path.into(), body: Some(body), status, holds: None }
    }
}

/// Where to ask, and with which credential.
#[derive(Clone)]
pub struct Target {
    /// `http://127.0.0.1:port`.
    pub base: String,
    /// Bearer token.
    pub token: String,
    /// The connections.
    pub http: reqwest::Client,
}

impl Target {
    /// A target with connections of its own.
    pub fn new(base: impl Into<String>, token: impl Into<String>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { base: base.into(), token: token.into(), http }
    }

    /// Asks once and answers the body, after checking that the answer is right.
    pub async fn ask(&self, ask: &Ask) -> Value {
        let url = format!("{}{}", self.base, ask.path);
        let mut request = self.http.request(ask.method.clone(), url).bearer_auth(&self.token);
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, ask.status, "{} {}: {text}", ask.method, ask.path);
        if let Some(holds) = &ask.holds {
            assert!(text.contains(holds), "{} {} lacks {holds}: {text}", ask.method, ask.path);
        }
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// What a load came to.
pub struct Load {
    /// Right answers.
    pub answers: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Asks over `connections` until `count` asks are done or `seconds` are over; `make` builds the
/// n-th ask.
pub async fn load<F>(
    target: &Target,
    connections: usize,
    count: usize,
    seconds: u64,
    make: F,
) -> Load
where
    F: Fn(usize) -> Vec<Ask> + Send + Sync + 'static,
{
    let (next, make) = (Arc::new(AtomicUsize::new(0)), Arc::new(make));
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (target, next, make) = (target.clone(), Arc::clone(&next), Arc::clone(&make));
            tokio::spawn(async move {
                let mut done = 0;
                while Instant::now() < end {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    for ask in make(n) {
                        target.ask(&ask).await;
                    }
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut answers = 0;
    for task in tasks {
        answers += task.await.expect("a connection");
    }
    Load { answers, seconds: started.elapsed().as_secs_f64() }
}
