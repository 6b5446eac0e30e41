//! Walks every route of every surface: as nobody, as a stranger, with bodies that are none.
//!
//! Whatever a route does, it answers errors in its surface's own form, echoes the request id, tells
//! strangers nothing and never answers 500 or HTML to a program.

mod identity;
mod nonsense;
mod place;

use std::path::Path;

use portico::http::request_id;
use portico::http::route::{Method, Needs, Route};
use portico::http::{access, api, invite, oauth2, ops, password, scim, sso};
use serde_json::json;

use self::nonsense::{IDS, QUERIES, SCIM_PARAMETERS, UNKNOWN, VALUES, bodies};
use self::place::{Place, filled};
use crate::support::{Caller, OPERATOR_TOKEN, Reply, TestApp};

/// A route table, where it is mounted and how it answers errors.
struct Surface {
    prefix: &'static str,
    routes: fn() -> Vec<&'static Route>,
    errors: &'static str,
}

/// Every surface; that of SCIM is served below two addresses.
const SURFACES: &[Surface] = &[
    Surface { prefix: "", routes: || ops::ROUTES.iter().collect(), errors: PROBLEM },
    Surface { prefix: "/api/v1", routes: || api::routes().collect(), errors: PROBLEM },
    Surface {
        prefix: "/api",
        routes: || api::description::ROUTES.iter().collect(),
        errors: PROBLEM,
    },
    Surface { prefix: "/access/v1", routes: || access::ROUTES.iter().collect(), errors: PROBLEM },
    Surface { prefix: "", routes: || access::WELL_KNOWN.iter().collect(), errors: PROBLEM },
    Surface { prefix: "", routes: || sso::OPEN.iter().collect(), errors: PAGE },
    Surface { prefix: "", routes: || sso::OWN.iter().collect(), errors: PAGE },
    Surface { prefix: "", routes: || invite::ROUTES.iter().collect(), errors: PAGE },
    Surface { prefix: "", routes: || password::ROUTES.iter().collect(), errors: PAGE },
    Surface { prefix: "", routes: || sso::saml::OPEN.iter().collect(), errors: PAGE },
    Surface { prefix: "", routes: || oauth2::ROUTES.iter().collect(), errors: OAUTH },
    Surface { prefix: "/scim/v2", routes: || scim::ROUTES.iter().collect(), errors: SCIM },
    Surface {
        prefix: "/scim/{directory}/v2",
        routes: || scim::ROUTES.iter().collect(),
        errors: SCIM,
    },
];
const PROBLEM: &str = "application/problem+json";
const OAUTH: &str = "application/json";
const SCIM: &str = "application/scim+json";
const PAGE: &str = "text/html";

fn rows() -> impl Iterator<Item = (&'static Surface, &'static Route)> {
    SURFACES
        .iter()
        .flat_map(|surface| (surface.routes)().into_iter().map(move |row| (surface, row)))
}

fn same_path(surface: &Surface, row: &Route) -> impl Iterator<Item = &'static Route> {
    (surface.routes)().into_iter().filter(move |other| other.path == row.path)
}

async fn call(who: &Caller, method: Method, path: &str) -> Reply {
    let method = method.as_str().parse().unwrap();
    let body = (method != reqwest::Method::GET).then(|| ("application/json", b"{}".to_vec()));
    who.send(method, path, body).await
}

/// What holds of every answer.
#[track_caller]
fn assert_decent(surface: &Surface, reply: &Reply) {
    // What RFC 7644 offers and we do not is 501 on its surface.
    assert!(reply.status < 500 || reply.status == 501 && surface.errors == SCIM, "{reply}");
    // The one page of the management surface describes it.
    let describes = surface.prefix == "/api" && reply.status == 200;
    assert!(reply.media_type() != PAGE || surface.errors == PAGE || describes, "{reply}");
    assert!(!reply.header("x-request-id").is_empty(), "{reply}");
    if reply.status >= 400 {
        // A person reads a page; what never reaches her route is told as to a program.
        if surface.errors == PAGE && reply.media_type() == PAGE {
            return;
        }
        // A provider that tells of a logout reads what went wrong as OAuth writes it.
        if surface.errors == PAGE && reply.media_type() == OAUTH {
            assert!(reply.json()["error"].is_string(), "{reply}");
            assert_eq!(reply.header("cache-control"), "no-store", "{reply}");
            return;
        }
        let errors = if surface.errors == PAGE { PROBLEM } else { surface.errors };
        assert_eq!(reply.media_type(), errors, "{reply}");
        // OAuth names the error and leaves the status to HTTP (RFC 6749 §5.2).
        if errors == OAUTH {
            assert!(reply.json()["error"].is_string(), "{reply}");
            assert_eq!(reply.header("cache-control"), "no-store", "{reply}");
            return;
        }
        // SCIM says it as a text (RFC 7644 §3.12).
        let said = reply.json()["status"].to_string();
        assert_eq!(said.trim_matches('"'), reply.status.to_string(), "{reply}");
    }
}

on_both_engines! {
    async fn nobody_is_let_in_where_a_credential_is_needed(app: TestApp) {
        let place = Place::of(&app, "acme").await;
        for (surface, row) in rows().filter(|(_, row)| row.needs != Needs::Nothing) {
            // Things that are there and things that are not look alike to nobody.
            for path in [place.path(surface, row), place.path_with(surface, row, "x")] {
                let reply = call(&app.anonymous(), row.method, &path).await;
                assert_eq!(reply.status, 401, "{reply}");
                assert_decent(surface, &reply);
                let challenge = reply.header("www-authenticate");
                assert!(challenge.starts_with("Bearer"), "{reply}");
            }
        }
    }

    async fn a_credential_that_does_not_hold_is_no_credential(app: TestApp) {
        let place = Place::of(&app, "acme").await;
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
                // An address that guesses on and on is told to wait.
                let waits = reply.status == 429 && surface.errors == SCIM;
                assert!(reply.status == 401 || waits, "{reply}");
                assert_decent(surface, &reply);
            }
        }
    }

    async fn a_stranger_reaches_nothing_and_changes_nothing(app: TestApp) {
        let acme = Place::of(&app, "acme").await;
        let globex = Place::of(&app, "globex").await;
        let before = acme.look(&app).await;
        for (surface, row) in rows().filter(|(_, row)| row.needs != Needs::Nothing) {
            // A directory's token opens the directory's own surface and nothing else, not even at
            // home; the operator's opens no directory.
            let home = if surface.errors == SCIM { OPERATOR_TOKEN } else { &acme.token };
            let path = acme.path(surface, row);
            for token in [&globex.token, home] {
                let stranger = app.bearer(token);
                let reply = call(&stranger, row.method, &path).await;
                assert_decent(surface, &reply);
                // On the surface that is hers too, what is another's is as what is not there.
                if surface.prefix == "/scim/v2" && token != home {
                    let nowhere = acme.path_with(surface, row, UNKNOWN);
                    let nothing = call(&stranger, row.method, &nowhere).await;
                    assert_eq!(reply.status, nothing.status, "{reply}\n{nothing}");
                } else {
                    assert!([401, 403, 404, 429].contains(&reply.status), "{reply}");
                }
            }
        }
        assert_eq!(acme.look(&app).await, before);
    }

    async fn an_admin_of_another_organization_finds_nothing_and_changes_nothing(app: TestApp) {
        let acme = Place::of(&app, "acme").await;
        let globex = Place::of(&app, "globex").await;
        let before = acme.look(&app).await;
        let stranger = globex.admin(&app).await;
        for (surface, row) in rows() {
            let refused: &[u16] = match row.needs {
                Needs::Action(..) => &[404],
                Needs::Operator => &[403],
                Needs::Scim(_) => &[401, 429],
                Needs::Nothing | Needs::Credential | Needs::Session => continue,
            };
            let reply = call(&stranger, row.method, &acme.path(surface, row)).await;
            assert!(refused.contains(&reply.status), "{reply}");
            assert_decent(surface, &reply);
        }
        assert_eq!(acme.look(&app).await, before);
        // At home she is who she is.
        let home = format!("/api/v1/organizations/{}", globex.organization);
        stranger.get(&home).await.expect(200);
    }

    async fn somebody_without_a_role_may_nothing_at_home(app: TestApp) {
        let acme = Place::of(&app, "acme").await;
        let ada = acme.admin(&app).await;
        let taken = app.operator().delete(&format!("/api/v1/grants/{}", acme.grant)).await;
        assert_eq!(taken.status, 409, "the last org-admin stays: {taken}");
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "bob", "externalId": "ext-bob", "active": true});
        app.scim(&acme.token).post("/Users", user).await.expect(201);
        let bob = app.browser().with_header("origin", &app.url);
        acme.sign_in.by(&bob, "ext-bob").await;
        bob.get("/me").await.expect(200);
        let before = acme.look(&app).await;
        for (surface, row) in rows().filter(|(_, row)| matches!(row.needs, Needs::Action(..))) {
            let reply = call(&bob, row.method, &acme.path(surface, row)).await;
            assert!([403, 404].contains(&reply.status), "{reply}");
            assert_decent(surface, &reply);
        }
        assert_eq!(acme.look(&app).await, before);
        ada.get("/me").await.expect(200);
    }

    async fn a_body_that_means_nothing_is_refused_in_the_surfaces_own_form(app: TestApp) {
        let place = Place::of(&app, "acme").await;
        let writing = |row: &Route| !matches!(row.method, Method::Get | Method::Delete);
        for (surface, row) in rows().filter(|(_, row)| writing(row)) {
            let (path, insider) = (place.path(surface, row), place.insider(&app, surface));
            for (media_type, body) in bodies() {
                let method = row.method.as_str().parse().unwrap();
                let reply = insider.send(method, &path, Some((media_type, body))).await;
                assert_decent(surface, &reply);
                // Some take no body, and a search asks for everything when it names nothing.
                let reads = surface.errors == SCIM || row.doc.body.is_some();
                let searches = row.path.ends_with("/.search");
                assert!(reply.status >= 400 || !reads || searches, "{reply}");
            }
        }
        // Some calls take no body and were carried out.
        app.run_worker().await;
    }

    async fn a_query_that_means_nothing_is_never_a_fault_of_ours(app: TestApp) {
        let place = Place::of(&app, "acme").await;
        for (surface, row) in rows().filter(|(_, row)| row.method == Method::Get) {
            let (path, insider) = (place.path(surface, row), place.insider(&app, surface));
            for query in QUERIES {
                assert_decent(surface, &insider.get(&format!("{path}{query}")).await);
            }
            // What the description names is what a handler reads.
            let named: Vec<&str> = match surface.errors {
                SCIM => SCIM_PARAMETERS.to_vec(),
                _ => row.doc.query.iter().map(|(name, _)| *name).collect(),
            };
            for (name, value) in named.iter().flat_map(|n| VALUES.iter().map(move |v| (n, v))) {
                let path = format!("{path}?{name}={value}");
                assert_decent(surface, &insider.get(&path).await);
            }
        }
    }

    async fn an_id_that_is_none_is_not_found(app: TestApp) {
        let place = Place::of(&app, "acme").await;
        let long = "x".repeat(5000);
        for (surface, row) in rows().filter(|(_, row)| row.path.contains('{')) {
            let insider = place.insider(&app, surface);
            for id in IDS.iter().copied().chain([long.as_str()]) {
                let here = |name: &str| match name {
                    "org" => place.organization.clone(),
                    _ => id.to_owned(),
                };
                let prefix = filled(surface.prefix, |_| place.directory.clone());
                let here = format!("{prefix}{}", filled(row.path, here));
                for path in [place.path_with(surface, row, id), here] {
                    let reply = call(&insider, row.method, &path).await;
                    assert_decent(surface, &reply);
                    assert!(reply.status >= 400 || !path.contains(id), "{reply}");
                }
            }
        }
    }

    async fn a_method_that_is_not_offered_is_405(app: TestApp) {
        let place = Place::of(&app, "acme").await;
        let all = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
        for (surface, row) in rows() {
            let offered: Vec<Method> = same_path(surface, row).map(|row| row.method).collect();
            let insider = place.insider(&app, surface);
            for method in all.into_iter().filter(|method| !offered.contains(method)) {
                let reply = call(&insider, method, &place.path(surface, row)).await;
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
        for path in ["/oauth2/", "/oauth2/nothing", "/oauth2/token/"] {
            let reply = app.anonymous().post(path, json!({})).await.expect(404);
            assert_eq!(reply.media_type(), OAUTH, "{reply}");
            assert_eq!(reply.at("/error"), "invalid_request", "{reply}");
        }
        for path in ["/scim", "/scim/v2/nothing", "/scim/x/v2/nothing", "/scim/v1/Users"] {
            let surface = &SURFACES[SURFACES.len() - 1];
            for reply in [app.anonymous().get(path).await, app.operator().get(path).await] {
                assert!([400, 404].contains(&reply.status), "{reply}");
                assert_decent(surface, &reply);
            }
        }
    }

    async fn a_request_for_another_host_is_misdirected(app: TestApp) {
        for path in ["/livez", "/api/v1/organizations", "/nothing"] {
            for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost"] {
                let reply = app.operator().with_header("host", host).get(path).await;
                reply.expect_problem(421, "misdirected");
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
    let http = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/mod.rs");
    let text = std::fs::read_to_string(http).unwrap();
    let mounts = |line: &&str| line.contains(".merge(") || line.contains(".nest");
    let mounted = text.lines().filter(mounts).count();
    // One mount stands for the two addresses of SCIM, one for the three tables of people.
    assert_eq!(mounted, SURFACES.len() - 3, "add the table to SURFACES");
}
