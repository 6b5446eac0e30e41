//! What every request passes before its route: our host, a bounded time, no panic, one log line.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;

use super::{linger, page, request_id, surface};
use crate::app::App;
use crate::flow::problem::{Code, Problem};
use crate::telemetry::{Finished, ROUTE_NONE, Stopwatch, request_finished};

/// A request is answered within this time, or refused with 503 (E24).
pub const ANSWER_WITHIN_S: u64 = 30;

/// What stands around every route. It is one layer: the framework copies all that is within a layer
/// for each request, so layers cost by the square of their number.
pub async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = |request| next.run(request);
    let read_on = |request| linger::read_on(request, route);
    let protected = |request| protect(&app, request, read_on);
    let guarded = |request| page::guard(&app, request, protected);
    request_id::known(request, |request| log(request, guarded)).await
}

/// Counts and logs the request by the pattern of its route.
async fn log<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let watch = Stopwatch::start();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next(request).await;
    let route = response.extensions().get::<MatchedPath>().cloned().or(route);
    request_finished(&Finished {
        method: method.as_str(),
        route: route.as_ref().map_or(ROUTE_NONE, MatchedPath::as_str),
        status: response.status().as_u16(),
        took: watch.elapsed(),
        request_id: &request_id::current(),
    });
    response
}

/// Refuses what is for another host (421), what takes too long (503) and what panics (500).
async fn protect<F>(app: &App, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let uri = request.uri().clone();
    if !is_ours(app, &request) {
        let detail = format!("Only {} is served here: use that address.", app.public.url);
        return surface::refuse(&uri, Problem::new(Code::Misdirected, detail));
    }
    let answer = AssertUnwindSafe(next(request)).catch_unwind();
    match tokio::time::timeout(Duration::from_secs(ANSWER_WITHIN_S), answer).await {
        Ok(Ok(response)) if is_bare(&response) => {
            surface::refuse(&uri, Problem::new(code_of(&response), "The request cannot be read."))
        }
        Ok(Ok(response)) => response,
        Ok(Err(_)) => surface::refuse(&uri, Problem::internal("a handler panicked")),
        Err(_) => surface::refuse(&uri, Problem::unavailable("a handler took too long")),
    }
}

/// Whether a refusal came from the framework itself, in plain text: no surface speaks that.
fn is_bare(response: &Response) -> bool {
    let status = response.status();
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    (status.is_client_error() || status.is_server_error())
        && media.is_none_or(|media| media.starts_with("text/plain"))
}

fn code_of(response: &Response) -> Code {
    match response.status().as_u16() {
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        413 => Code::TooLarge,
        415 => Code::UnsupportedMediaType,
        500.. => Code::Internal,
        _ => Code::Malformed,
    }
}

/// Whether the request names the host of `public_url`, with its port unless it is the default one.
fn is_ours(app: &App, request: &Request) -> bool {
    let named = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
    let (Some(named), Some(host)) = (named, app.public.url.host_str()) else { return false };
    let own = match app.public.url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let default = app.public.url.port_or_known_default().map(|port| format!("{host}:{port}"));
    named.eq_ignore_ascii_case(&own)
        || default.is_some_and(|default| named.eq_ignore_ascii_case(&default))
}
