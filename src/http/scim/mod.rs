//! The SCIM surface (RFC 7644): one table of routes, served below `/scim/v2` and below
//! `/scim/{directory}/v2`.
//!
//! Whatever goes wrong below the base is answered as a SCIM error: unknown paths and methods,
//! bodies, time, panics (C8).

mod answer;
mod bulk;
mod discovery;
mod group;
mod guard;
mod list;
mod members;
mod record;
mod render;
mod request;
mod role;
mod root;
mod user;

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use futures_util::FutureExt;
use tower::{Service, ServiceBuilder};

use self::answer::Failure;
use self::guard::Door;
use super::route::{Doc, Method, Needs, Route, ScimScope};
use crate::app::App;
use crate::flow::patience::Patience;
use crate::flow::problem::Problem;
use crate::scim::ScimError;

/// Seconds after which a request is given up: well before providers do (E24).
pub const REQUEST_S: u64 = 29;
/// Seconds to wait before another try after that.
const RETRY_S: u64 = 5;

/// How long a commit is waited for before it is looked at again.
const COMMIT: Duration = Duration::from_millis(100);

/// The addresses below which the table is served.
const BASES: [&str; 2] = ["/v2", "/{directory}/v2"];

macro_rules! route {
    ($method:ident $path:literal, $needs:expr, $handler:expr) => {
        Route {
            method: Method::$method,
            path: $path,
            needs: $needs,
            handler: || $handler,
            doc: Doc::of(""),
        }
    };
}

const READ: Needs = Needs::Scim(ScimScope::Read);
const WRITE: Needs = Needs::Scim(ScimScope::Write);

/// Every route below a base.
pub const ROUTES: &[Route] = &[
    route!(Post "/Users", WRITE, post(user::create)),
    route!(Get "/Users", READ, get(user::list)),
    route!(Post "/Users/.search", READ, post(user::search)),
    route!(Get "/Users/{id}", READ, get(user::read)),
    route!(Put "/Users/{id}", WRITE, put(user::replace)),
    route!(Patch "/Users/{id}", WRITE, patch(user::patch)),
    route!(Delete "/Users/{id}", WRITE, delete(user::remove)),
    route!(Post "/Groups", WRITE, post(group::create)),
    route!(Get "/Groups", READ, get(group::list)),
    route!(Post "/Groups/.search", READ, post(group::search)),
    route!(Get "/Groups/{id}", READ, get(group::read)),
    route!(Put "/Groups/{id}", WRITE, put(group::replace)),
    route!(Patch "/Groups/{id}", WRITE, patch(group::patch)),
    route!(Delete "/Groups/{id}", WRITE, delete(group::remove)),
    route!(Get "/Roles", READ, get(role::list)),
    route!(Post "/Roles/.search", READ, post(role::search)),
    route!(Get "/Roles/{id}", READ, get(role::read)),
    route!(Get "", READ, get(root::list)),
    route!(Post "/.search", READ, post(root::search)),
    route!(Get "/ServiceProviderConfig", Needs::Nothing, get(discovery::service_provider_config)),
    route!(Get "/Schemas", READ, get(discovery::schemas)),
    route!(Get "/Schemas/{id}", READ, get(discovery::schema)),
    route!(Get "/ResourceTypes", READ, get(discovery::resource_types)),
    route!(Get "/ResourceTypes/{id}", READ, get(discovery::resource_type)),
    route!(Get "/Me", READ, get(discovery::me)),
    route!(Post "/Me", WRITE, post(discovery::me)),
    route!(Put "/Me", WRITE, put(discovery::me)),
    route!(Patch "/Me", WRITE, patch(discovery::me)),
    route!(Delete "/Me", WRITE, delete(discovery::me)),
    route!(Post "/Bulk", WRITE, post(bulk::run)),
];

/// The surface as one service; it expects paths below `/scim`.
pub fn service(
    app: &App,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    let mut router = Router::new();
    for base in BASES {
        for row in ROUTES {
            let door = Door { app: app.clone(), needs: row.needs, path: row.path };
            let handler = (row.handler)().route_layer(from_fn_with_state(door, guard::check));
            router = router.route(&format!("{base}{}", row.path), handler);
        }
    }
    let router = router
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app.clone());
    // A router looks at the path before its layers do, so this stands around it.
    ServiceBuilder::new().map_request(tidy).service(router)
}

/// One slash at the end of a path means nothing (C6).
fn tidy(mut request: Request) -> Request {
    let uri = request.uri();
    let Some(path) = uri.path().strip_suffix('/').filter(|path| !path.is_empty()) else {
        return request;
    };
    let rest = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(tidied) = format!("{path}{rest}").parse::<Uri>() {
        *request.uri_mut() = tidied;
        request.extensions_mut().insert(record::Slashed);
    }
    request
}

/// A refusal that comes before any route of this surface, in its format (C8).
pub fn refuse(problem: Problem) -> Response {
    Failure::from(problem).into_response()
}

/// What stands around every route of this surface: its record, a bounded time, no panic.
async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    record::recorded(&app, request, |request| async {
        let answer = within(Duration::from_secs(REQUEST_S), next.run(request));
        AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(panicked)
    })
    .await
}

/// The answer, or 503 when it is not there in time, and then nothing of it is done any more. What
/// is being committed at that moment is waited for.
async fn within(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    let patience = Patience::default();
    let mut answer = pin!(patience.with(answer));
    let mut limit = limit;
    loop {
        match tokio::time::timeout(limit, answer.as_mut()).await {
            Ok(response) => return response,
            Err(_) if patience.give_up() => break,
            Err(_) => limit = COMMIT,
        }
    }
    let detail = format!("The answer was not ready within {REQUEST_S} s: try again.");
    let problem: Problem = ScimError::status(503, detail).into();
    Failure::from(Problem { retry_after_s: Some(RETRY_S), ..problem }).into_response()
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|&words| words.to_owned()));
    Failure::from(Problem::internal(words.unwrap_or_default())).into_response()
}

async fn unknown(uri: Uri) -> Failure {
    let is_version =
        |part: &&str| part.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
    let mut parts = uri.path().split('/').filter(|part| !part.is_empty());
    match parts.by_ref().take(2).find(is_version) {
        Some(version) if version != "v2" => {
            let detail = format!("The version {version} is not spoken here: use v2.");
            ScimError::invalid_vers(detail).into()
        }
        _ => ScimError::status(404, "There is no such endpoint.").into(),
    }
}

async fn wrong_method() -> Failure {
    ScimError::status(405, "This endpoint takes other methods: see Allow.").into()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;
    use crate::store::ACQUIRE_S;

    #[test]
    fn one_slash_at_the_end_means_nothing_and_parameters_stay_c6() {
        let tidied = |uri: &str| {
            let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
            tidy(request).uri().to_string()
        };
        assert_eq!(tidied("/v2/Users/"), "/v2/Users");
        assert_eq!(tidied("/v2/Users/?count=1&"), "/v2/Users?count=1&");
        assert_eq!(tidied("/v2/Users?"), "/v2/Users?");
        assert_eq!(tidied("/"), "/");
        assert_eq!(tidied("/v2/Users//"), "/v2/Users/");
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up_as_something_to_try_again_e24() {
        // Whoever waits for a turn at the database gets it, and then has some seconds left.
        const { assert!(REQUEST_S < 60 && ACQUIRE_S + 5 < REQUEST_S) };
        let late = within(Duration::ZERO, std::future::pending()).await;
        assert_eq!(late.status(), 503);
        assert_eq!(late.headers()["content-type"], answer::MEDIA_TYPE);
        assert_eq!(late.headers()["retry-after"], RETRY_S.to_string().as_str());
    }

    #[test]
    fn a_panic_is_a_scim_error_and_tells_nothing_c8() {
        let response = panicked(Box::new("ada@x.org"));
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], answer::MEDIA_TYPE);
        let told = response.extensions().get::<answer::Told>().unwrap();
        assert!(!told.0.detail.is_empty() && !told.0.detail.contains("ada"));
    }

    #[test]
    fn every_route_but_one_needs_a_token_d7() {
        let open: Vec<&str> =
            ROUTES.iter().filter(|row| row.needs == Needs::Nothing).map(|row| row.path).collect();
        assert_eq!(open, ["/ServiceProviderConfig"]);
    }

    #[test]
    fn what_writes_needs_the_scope_to_write() {
        for row in ROUTES.iter().filter(|row| row.method != Method::Get) {
            let searches = row.path.ends_with("/.search");
            assert_eq!(row.needs == WRITE, !searches, "{} {}", row.method.as_str(), row.path);
        }
    }
}
