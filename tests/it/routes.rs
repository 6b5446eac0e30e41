//! Walks every route of every surface: as nobody, as a stranger, with bodies that are none.
//!
//! Whatever a route does, it answers errors in its surface's own form, echoes the request id, tells
//! strangers nothing and never answers 500 or HTML to a program.

use std::path::Path;

use portico::domain::time::{Rng, Timestamp};
use portico::http::api;
use portico::http::request_id;
use portico::http::route::{Method, Needs, Of, Route};
use serde_json::json;

use crate::support::{Caller, Reply, TestApp};

/// A route table, where it is mounted and how it answers errors.
struct Surface {
    prefix: &'static str,
    routes: &'static [Route],
    errors: &'static str,
}

/// Every surface.
const SURFACES: &[Surface] =
    &[Surface { prefix: "/api/v1", routes: api::ROUTES, errors: "application/problem+json" }];

/// Bodies that mean nothing anywhere, with their media types.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let json = "application/json";
    let texts: [&[u8]; 13] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\"x\"",
        b"{\"a\":1e999}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\\u0000\",\"slug\":\"x\",\"key\":\"\\u0000\"}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":{},\"name\":[]}",
        b"\xef\xbb\xbf{}",
        b"\0",
    ];
    let mut bodies: Vec<_> = texts.into_iter().map(|text| (json, text.to_vec())).collect();
    bodies.push((json, "[".repeat(100_000).into_bytes()));
    bodies.push((json, "{\"a\":".repeat(10_000).into_bytes()));
    bodies.push(("application/scim+json", b"{\"schemas\":7}".to_vec()));
    bodies.push(("text/html", b"<p>".to_vec()));
    bodies.push(("\"", b"{}".to_vec()));
    bodies
}

/// Queries that mean nothing anywhere.
const QUERIES: &[&str] = &[
    "?limit=-1",
    "?limit=99999999999999999999",
    "?limit=1&limit=2",
    "?after=%00",
    "?after=%ff%fe",
    "?%ff=%",
    "?filter=%00&q=%00&startIndex=x&count=-1",
    "?permission=%00&resource=%00",
    "?&&==&",
];

/// Ids that are none, as they stand in a path.
const IDS: &[&str] = &["x", "%00", "%ff", "..%2f", "018f0000-0000-7000-8000-000000000000", "%20"];

/// What the walk needs to name: objects of the organization that strangers must not reach.
struct Place {
    organization: String,
}

impl Place {
    async fn of(app: &TestApp) -> Self {
        Self { organization: app.organization("Acme").await }
    }

    /// The path of a row, with the organization's own objects in it.
    fn path(&self, surface: &Surface, row: &Route) -> String {
        let id = match row.needs {
            Needs::Action(_, Of::Organization) => self.organization.clone(),
            _ => Rng.id::<uuid::Uuid>(Timestamp(0)).to_string(),
        };
        let fill = |name: &str| match name {
            "org" => self.organization.clone(),
            "kind" => "site".to_owned(),
            "key" => "lyon".to_owned(),
            _ => id.clone(),
        };
        format!("{}{}", surface.prefix, filled(row.path, fill))
    }
}

/// A path with its `{parameters}` filled.
fn filled(path: &str, fill: impl Fn(&str) -> String) -> String {
    let fill = |step: &str| match step.strip_prefix('{').and_then(|step| step.strip_suffix('}')) {
        Some(name) => fill(name.trim_start_matches('*')),
        None => step.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn rows() -> impl Iterator<Item = (&'static Surface, &'static Route)> {
    SURFACES.iter().flat_map(|surface| surface.routes.iter().map(move |row| (surface, row)))
}

async fn call(who: &Caller, method: Method, path: &str) -> Reply {
    let method = method.as_str().parse().unwrap();
    let body = (method != reqwest::Method::GET).then(|| ("application/json", b"{}".to_vec()));
    who.send(method, path, body).await
}

/// What holds of every answer.
#[track_caller]
fn assert_decent(surface: &Surface, reply: &Reply) {
    assert!(reply.status < 500, "{reply}");
    assert_ne!(reply.media_type(), "text/html", "{reply}");
    assert!(!reply.header("x-request-id").is_empty(), "{reply}");
    if reply.status >= 400 {
        assert_eq!(reply.media_type(), surface.errors, "{reply}");
        // SCIM says it as a text (RFC 7644 §3.12).
        let said = reply.json()["status"].to_string();
        assert_eq!(said.trim_matches('"'), reply.status.to_string(), "{reply}");
    }
}

on_both_engines! {
    async fn nobody_is_let_in_where_a_credential_is_needed(app: TestApp) {
        let place = Place::of(&app).await;
        for (surface, row) in rows().filter(|(_, row)| row.needs != Needs::Nothing) {
            // Things that are there and things that are not look alike to nobody.
            let there = place.path(surface, row);
            let nowhere = format!("{}{}", surface.prefix, filled(row.path, |_| "x".to_owned()));
            for path in [there, nowhere] {
                let reply = call(&app.anonymous(), row.method, &path).await;
                assert_eq!(reply.status, 401, "{reply}");
                assert_decent(surface, &reply);
                let challenge = reply.header("www-authenticate");
                assert!(challenge.starts_with("Bearer"), "{reply}");
            }
        }
    }

    async fn a_credential_that_does_not_hold_is_no_credential(app: TestApp) {
        let place = Place::of(&app).await;
        let anonymous = app.anonymous();
        let made_up = "pop_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA000000";
        let strangers = [
            app.bearer("x"),
            app.bearer(made_up),
            app.bearer(&made_up.replace("pop", "pds")),
            anonymous.clone().with_header("authorization", "Basic YTpi"),
            anonymous.clone().with_header("authorization", "Bearer "),
            anonymous.clone().with_header("authorization", "Bearer"),
            app.operator().with_bearer("x"),
            anonymous.with_header("cookie", "portico=x; __Host-portico=x; portico_session=x"),
        ];
        for (surface, row) in rows().filter(|(_, row)| row.needs != Needs::Nothing) {
            for stranger in &strangers {
                let reply = call(stranger, row.method, &place.path(surface, row)).await;
                assert_eq!(reply.status, 401, "{reply}");
                assert_decent(surface, &reply);
            }
        }
    }

    async fn a_body_that_means_nothing_is_refused_in_the_surfaces_own_form(app: TestApp) {
        let place = Place::of(&app).await;
        let operator = app.operator();
        let writing = |row: &Route| !matches!(row.method, Method::Get | Method::Delete);
        for (surface, row) in rows().filter(|(_, row)| writing(row)) {
            let path = place.path(surface, row);
            for (media_type, body) in bodies() {
                let method = row.method.as_str().parse().unwrap();
                let reply = operator.send(method, &path, Some((media_type, body))).await;
                assert_decent(surface, &reply);
                assert!(reply.status >= 400, "{reply}");
            }
        }
    }

    async fn a_query_that_means_nothing_is_never_a_fault_of_ours(app: TestApp) {
        let place = Place::of(&app).await;
        let operator = app.operator();
        for (surface, row) in rows().filter(|(_, row)| row.method == Method::Get) {
            for query in QUERIES {
                let path = format!("{}{query}", place.path(surface, row));
                assert_decent(surface, &operator.get(&path).await);
            }
        }
    }

    async fn an_id_that_is_none_is_not_found(app: TestApp) {
        let operator = app.operator();
        let long = "x".repeat(5000);
        for (surface, row) in rows().filter(|(_, row)| row.path.contains('{')) {
            for id in IDS.iter().copied().chain([long.as_str()]) {
                let path = format!("{}{}", surface.prefix, filled(row.path, |_| id.to_owned()));
                let reply = call(&operator, row.method, &path).await;
                assert_decent(surface, &reply);
                assert!(reply.status >= 400, "{reply}");
            }
        }
    }

    async fn a_method_that_is_not_offered_is_405(app: TestApp) {
        let place = Place::of(&app).await;
        let all = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
        for (surface, row) in rows() {
            let offered: Vec<Method> =
                surface.routes.iter().filter(|r| r.path == row.path).map(|r| r.method).collect();
            for method in all.into_iter().filter(|method| !offered.contains(method)) {
                let reply = call(&app.operator(), method, &place.path(surface, row)).await;
                assert_eq!(reply.status, 405, "{reply}");
                assert_decent(surface, &reply);
                let allow = reply.header("allow");
                assert!(offered.iter().all(|method| allow.contains(method.as_str())), "{reply}");
            }
        }
    }

    async fn a_path_that_is_not_there_is_404_with_a_request_id(app: TestApp) {
        for path in ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/organizations/", "/x"] {
            for who in [app.anonymous(), app.operator()] {
                who.get(path).await.expect_problem(404, "not-found");
                who.post(path, json!({})).await.expect_problem(404, "not-found");
            }
        }
    }

    async fn a_sane_request_id_is_echoed_and_another_is_replaced(app: TestApp) {
        let longest = "x".repeat(request_id::MAX);
        let ask = async |path: &str, id: &str| {
            let who = app.operator().with_header("x-request-id", id);
            who.get(path).await.header("x-request-id").to_owned()
        };
        for path in ["/api/v1/organizations", "/api/v1/nothing"] {
            for sane in ["a", "01a1fd8c-6900:x_.y", &longest] {
                assert_eq!(ask(path, sane).await, sane);
            }
            for insane in ["", "a b", "a\"b", "é", &format!("{longest}x")] {
                let given = ask(path, insane).await;
                assert!(!given.is_empty() && given != insane, "{insane} -> {given}");
            }
            assert_ne!(ask(path, "").await, ask(path, "").await);
        }
    }
}

#[test]
fn every_route_table_is_walked() {
    fn tables(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let count = |path: &Path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().filter(|line| line.starts_with("pub const ROUTES: &[Route]")).count()
        };
        entries.map(|path| if path.is_dir() { tables(&path) } else { count(&path) }).sum()
    }
    let http = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    assert_eq!(tables(&http), SURFACES.len(), "add the table to SURFACES");
}
