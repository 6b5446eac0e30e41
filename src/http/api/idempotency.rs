//! `Idempotency-Key` on POST: a repeat within a day gets the answer of the first request.
//!
//! It stands behind the guard, so that a key never answers somebody who may not ask. Secrets are
//! not kept: a repeat comes without them and says so.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::domain::id::OrganizationId;
use crate::flow;
use crate::flow::idempotency::Turn;
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, ShownOnce};
use crate::http::extract::bytes;
use crate::http::guard::Caller;
use crate::store::idempotency::First;

/// The header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key, in letters.
pub const KEY_MAX: usize = 255;
/// Largest answer that is kept, in bytes: a batch of the largest resources stays below.
const ANSWER_MAX: usize = 16 * 1024 * 1024;

/// Answers a repeat from memory and runs everything else.
pub async fn layer(
    State(app): State<App>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    if !request.headers().contains_key(&HEADER) {
        return next.run(request).await;
    }
    match keyed(&app, &caller, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn keyed(app: &App, caller: &Caller, request: Request, next: Next) -> Answer {
    let key = key(&request)?;
    let route = request.uri().to_string();
    let (parts, body) = request.into_parts();
    let body = bytes(Request::from_parts(parts.clone(), body), app).await?;
    let who = caller.actor.reference();
    let first = First {
        caller: format!("{}:{}", who.kind, who.id.unwrap_or_default()),
        key,
        route: format!("POST {route}"),
        body_hash: Sha256::digest(&body).to_vec(),
    };
    let place = caller.place.unwrap_or(OrganizationId(uuid::Uuid::nil()));
    let begun = first.clone();
    let turn = app
        .runner
        .write(caller.actor.clone(), place, move |work| {
            let first = begun.clone();
            Box::pin(async move { flow::idempotency::begin(work, &first).await })
        })
        .await?;
    match turn {
        Turn::Again { status, body } => Ok(again(status, body)),
        Turn::First => {
            let response = next.run(Request::from_parts(parts, Body::from(body))).await;
            keep(app, caller, place, first, response).await
        }
    }
}

fn key(request: &Request) -> Result<String, Problem> {
    let mut sent = request.headers().get_all(&HEADER).iter();
    let key = sent.next().and_then(|key| key.to_str().ok()).map(str::trim);
    let fits = |key: &&str| (1..=KEY_MAX).contains(&key.len()) && sent.next().is_none();
    key.filter(fits).map(str::to_owned).ok_or_else(|| {
        let detail = format!("Send one Idempotency-Key of 1 to {KEY_MAX} letters.");
        Problem::new(Code::Malformed, detail)
    })
}

fn again(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body).into_response()
}

/// Keeps the answer of a first request that was carried out; frees the key of one that was not.
async fn keep(
    app: &App,
    caller: &Caller,
    place: OrganizationId,
    first: First,
    response: Response,
) -> Answer {
    let (parts, body) = response.into_parts();
    if !parts.status.is_success() {
        app.runner
            .write(caller.actor.clone(), place, move |work| {
                let first = first.clone();
                Box::pin(async move { flow::idempotency::release(work, &first).await })
            })
            .await?;
        return Ok(Response::from_parts(parts, body));
    }
    let body = to_bytes(body, ANSWER_MAX).await.map_err(Problem::internal)?;
    let text = kept_body(&body, parts.extensions.get::<ShownOnce>().copied());
    let status = parts.status.as_u16();
    let kept = app
        .runner
        .write(caller.actor.clone(), place, move |work| {
            let (first, text) = (first.clone(), text.clone());
            Box::pin(async move { flow::idempotency::finish(work, &first, status, &text).await })
        })
        .await;
    // The request was carried out and is answered; a repeat will be refused.
    if let Err(problem) = kept {
        crate::http::answer::log(&problem);
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// The body as it may be kept: without the field that is shown once, and saying so.
fn kept_body(body: &[u8], once: Option<ShownOnce>) -> String {
    let text = || String::from_utf8_lossy(body).into_owned();
    let Some(ShownOnce(field)) = once else { return text() };
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return String::new();
    };
    fields.shift_remove(field);
    fields.insert("code".to_owned(), Value::from(Code::SecretShownOnce.as_str()));
    Value::Object(fields).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(keys: &[&str]) -> Result<String, Problem> {
        let mut request = Request::new(Body::empty());
        for key in keys {
            request.headers_mut().append(HEADER, key.parse().unwrap());
        }
        key(&request)
    }

    #[test]
    fn a_key_is_one_and_short() {
        let edge = "k".repeat(KEY_MAX);
        assert_eq!(sent(&[&edge]).unwrap(), edge);
        assert!(sent(&[&format!("{edge}k")]).is_err());
        assert!(sent(&[" "]).is_err());
        assert!(sent(&["a", "b"]).is_err());
    }

    #[test]
    fn a_secret_is_not_kept() {
        let body = br#"{"token":"pds_secret","id":"1"}"#;
        assert_eq!(
            kept_body(body, Some(ShownOnce("token"))),
            r#"{"id":"1","code":"secret-shown-once"}"#
        );
        assert_eq!(kept_body(body, None).as_bytes(), body);
    }
}
