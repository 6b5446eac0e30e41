//! Requests of this process to its own router: no network, but every guard and every check.

use anyhow::{Context, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::Value;
use tower::ServiceExt;

use crate::app::App;

/// Largest answer that is read, in bytes.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// The router, with the host by which it knows itself.
#[derive(Clone)]
pub struct Inside {
    router: Router,
    host: String,
}

impl Inside {
    /// The router of an app.
    ///
    /// # Errors
    /// When `public_url` names no host.
    pub fn of(app: &App) -> anyhow::Result<Self> {
        let url = &app.public.url;
        let host = url.host_str().context("public_url names no host")?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { router: super::router(app), host })
    }

    /// Sends JSON with a bearer token and answers the JSON that comes back.
    ///
    /// # Errors
    /// Any answer that is no success, with its body.
    pub async fn send(
        &self,
        (method, path): (&str, &str),
        token: &str,
        body: Value,
    ) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))?;
        let answer = self.router.clone().oneshot(request).await?;
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), ANSWER_MAX).await?;
        if !status.is_success() {
            bail!("{method} {path} answered {status}: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(serde_json::from_slice(&bytes)?)
    }
}
