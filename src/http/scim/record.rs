//! Records the exchanges of this surface for the journals of their directories (S36).
//!
//! A layer around the whole surface sees the answer; the door says whose directory it is, the body
//! its shape, the refusal its reason. Nothing of that holds a value (S15), and nothing is written
//! here: an exchange goes into a queue.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde_json::{Map, Value};
use url::form_urlencoded;
use uuid::Uuid;

use super::answer::Told;
use super::guard;
use crate::app::App;
use crate::domain::exchange::{Exchange, Fault, Tolerances};
use crate::domain::id::{DirectoryId, OrganizationId, TokenId};
use crate::domain::time::Timestamp;
use crate::flow::noted;
use crate::flow::provision::credential::Credential;
use crate::http::request_id;
use crate::scim::list::PARAMETERS;
use crate::scim::shape::Shape;
use crate::scim::{Notes, Tolerance, redact};
use crate::telemetry::{Stopwatch, known_method, scim_finished};

/// What parts of this surface say of the exchange that they serve.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    whose: Option<Whose>,
    refused: bool,
    route: Option<&'static str>,
    id: Option<Uuid>,
    shape: Shape,
}

/// Whose exchange it is.
#[derive(Clone, Copy, Debug)]
struct Whose {
    organization: OrganizationId,
    directory: DirectoryId,
    token: TokenId,
}

/// Marks a request whose path had a slash at its end.
#[derive(Clone, Copy, Debug)]
pub struct Slashed;

impl Record {
    /// The record of a request; one that nobody reads where there is none.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    fn with<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The route that was found, and the id in its path.
    pub fn route(&self, route: &'static str, id: Option<&str>) {
        let id = id.filter(|id| id.len() == 36).and_then(|id| Uuid::try_parse(id).ok());
        self.with(|seen| (seen.route, seen.id) = (Some(route), id));
    }

    /// The token that was sent is of this directory.
    pub fn known(&self, found: &Credential) {
        let whose = Whose {
            organization: found.token.organization_id,
            directory: found.directory.id,
            token: found.token.id,
        };
        self.with(|seen| seen.whose = Some(whose));
    }

    /// The token does not let in.
    pub fn refused(&self) {
        self.with(|seen| seen.refused = true);
    }

    /// The body, before anything of it is rewritten.
    pub fn body(&self, body: &Map<String, Value>) {
        self.with(|seen| seen.shape.body(body));
    }
}

/// What is kept of a request while it is served.
struct Asked {
    at: Timestamp,
    watch: Stopwatch,
    method: &'static str,
    uri: http::Uri,
    authorization: Option<HeaderValue>,
    spelling: Notes,
}

/// Records the exchange around it.
pub async fn recorded<F>(
    app: &App,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let record = Record::default();
    request.extensions_mut().insert(record.clone());
    let asked = Asked {
        at: app.runner.clock.now(),
        watch: Stopwatch::start(),
        method: known_method(request.method().as_str()),
        uri: request.uri().clone(),
        authorization: request.headers().get(header::AUTHORIZATION).cloned(),
        spelling: spelling(&request),
    };
    let (response, mut notes) = noted::collect(next(request)).await;
    notes.merge(&asked.spelling);
    let mut seen = record.with(std::mem::take);
    scim_finished(asked.method, kind(seen.route), response.status().as_u16());
    if seen.whose.is_none() {
        seen.whose = stray(app, &asked, &seen).await;
    }
    if let Some(whose) = seen.whose {
        app.journal.push(exchange(app, whose, asked, seen, (&response, &notes)));
    }
    response
}

/// Whose token was sent to a place without a door: discovery that is open, or no endpoint at all.
async fn stray(app: &App, asked: &Asked, seen: &Seen) -> Option<Whose> {
    let open = seen.route.is_none_or(|route| route == "/ServiceProviderConfig");
    let sent = asked.authorization.as_ref().filter(|_| open)?;
    let found = guard::owner(app, sent).await?;
    let record = Record::default();
    record.known(&found);
    record.with(|seen| seen.whose)
}

/// The last part of the route, as a label: what kind of resource it is about.
fn kind(route: Option<&'static str>) -> &'static str {
    let first = route.and_then(|route| route.split('/').nth(1));
    first.filter(|first| !first.is_empty()).unwrap_or("none")
}

fn exchange(
    app: &App,
    whose: Whose,
    asked: Asked,
    seen: Seen,
    (response, notes): (&Response, &Notes),
) -> Exchange {
    let status = response.status().as_u16();
    let told = response.extensions().get::<Told>().map(|Told(error)| error);
    let writes = !matches!(asked.method, "GET" | "HEAD" | "OPTIONS")
        && !seen.route.is_some_and(|route| route.ends_with("/.search"));
    let mut shape = seen.shape;
    let shape = (writes || status >= 400).then(|| {
        let query = asked.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            shape.parameter(&name, &value);
        }
        shape.text(notes.dropped_names())
    });
    let about = seen.route.is_some_and(|route| ["Users", "Groups"].contains(&kind(Some(route))));
    let fault = if seen.refused {
        Some(Fault::Credentials)
    } else if seen.route.is_none() && status == 404 {
        Some(Fault::Endpoint)
    } else {
        told.filter(|error| error.dangling).map(|_| Fault::Reference)
    };
    Exchange {
        id: app.runner.id(),
        organization: whose.organization,
        directory: whose.directory,
        token: whose.token,
        at: asked.at,
        method: asked.method,
        path: path(seen.route, seen.id, asked.uri.path()),
        status,
        scim_type: told.and_then(|error| error.scim_type).map(crate::scim::ScimType::as_str),
        detail: told.map(|error| redact::detail(&error.detail)),
        resource: seen.id.or_else(|| made(response)).filter(|_| about),
        tolerances: Tolerances(notes.bits()),
        duration_us: i64::try_from(asked.watch.elapsed().as_micros()).unwrap_or(i64::MAX),
        request_id: request_id::current(),
        shape: shape.flatten(),
        fault,
    }
}

/// The id of what was made, from the address of it.
fn made(response: &Response) -> Option<Uuid> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    Uuid::try_parse(location.rsplit('/').next()?).ok()
}

/// The route with the resource's id in it; of a path that leads nowhere, the words of our own.
fn path(route: Option<&'static str>, id: Option<Uuid>, sent: &str) -> String {
    const WORDS: [&str; 11] = [
        "v1",
        "v2",
        "scim",
        "Users",
        "Groups",
        "Schemas",
        "ResourceTypes",
        "Me",
        "Bulk",
        ".search",
        "ServiceProviderConfig",
    ];
    /// Parts of a path that are told.
    const PARTS_MAX: usize = 8;
    match (route, id) {
        (Some(route), Some(id)) => route.replace("{id}", &id.to_string()),
        (Some(route), None) => route.to_owned(),
        (None, _) => {
            let told = |part: &str| {
                let ours = WORDS.contains(&part) || Uuid::try_parse(part).is_ok();
                format!("/{}", if ours { part } else { redact::GONE })
            };
            sent.split('/').filter(|part| !part.is_empty()).take(PARTS_MAX).map(told).collect()
        }
    }
}

/// How the request is spelled, as far as that is tolerated (L19 to L21).
fn spelling(request: &Request) -> Notes {
    let mut notes = Notes::default();
    let (uri, headers) = (request.uri(), request.headers());
    let loose = uri.query().is_some_and(|query| {
        let known = |(name, _): (std::borrow::Cow<'_, str>, _)| PARAMETERS.contains(&&*name);
        query.is_empty()
            || query.ends_with('&')
            || query.contains('+')
            || !form_urlencoded::parse(query.as_bytes()).all(known)
    });
    if loose || request.extensions().get::<Slashed>().is_some() {
        notes.used(Tolerance::LooseUrl);
    }
    let starts = |name: header::HeaderName, text: &str| {
        let sent = headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        sent.get(..text.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(text.as_bytes()))
    };
    if starts(header::CONTENT_TYPE, "application/json") {
        notes.used(Tolerance::PlainJson);
    }
    if names_no_agent(headers) {
        notes.used(Tolerance::NoUserAgent);
    }
    notes
}

fn names_no_agent(headers: &HeaderMap) -> bool {
    headers.get(header::USER_AGENT).is_none_or(|agent| agent.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn a_path_is_told_by_its_route_and_ids_of_ours_alone_s15() {
        let id = Uuid::from_u128(1);
        assert_eq!(path(Some("/Users/{id}"), Some(id), "/v2/Users/x"), format!("/Users/{id}"));
        assert_eq!(path(Some("/Users/{id}"), None, "/v2/Users/ada@x.org"), "/Users/{id}");
        assert_eq!(path(None, None, "/v2/v2/Users/ada@x.org"), "/v2/v2/Users/…");
        assert_eq!(path(None, None, "/v2/User"), "/v2/…");
        assert_eq!(path(None, None, &"/Users".repeat(100)), "/Users".repeat(8));
    }

    #[test]
    fn the_spelling_of_a_request_is_noted_l19_to_l21() {
        let noted = |uri: &str, headers: &[(&str, &str)]| {
            let mut request = Request::builder().uri(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let notes = spelling(&request.body(Body::empty()).unwrap());
            notes.tolerances().map(Tolerance::number).collect::<Vec<_>>()
        };
        let agent = ("user-agent", "x");
        assert_eq!(noted("/v2/Users?count=1&filter=a%20pr", &[agent]), [0_u8; 0]);
        for loose in ["?", "?count=1&", "?filter=a+pr", "?aadOptscim062020"] {
            assert_eq!(noted(&format!("/v2/Users{loose}"), &[agent]), [19], "{loose}");
        }
        let json = ("content-type", "Application/JSON; charset=utf-8");
        assert_eq!(noted("/", &[agent, json]), [20]);
        assert_eq!(noted("/", &[agent, ("content-type", "application/scim+json")]), [0_u8; 0]);
        assert_eq!(noted("/", &[]), [21]);
        assert_eq!(noted("/", &[("user-agent", "")]), [21]);
    }

    #[test]
    fn routes_are_labelled_by_the_kind_of_resource() {
        assert_eq!(kind(Some("/Users/{id}")), "Users");
        assert_eq!(kind(Some("/Groups")), "Groups");
        assert_eq!(kind(Some("")), "none");
        assert_eq!(kind(None), "none");
    }
}
