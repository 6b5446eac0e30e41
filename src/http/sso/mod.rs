//! The surface of people: sign-in by a connection, sign-out, and who is signed in.
//!
//! A provider is asked before any transaction opens. Whatever is refused is an entry in the journal
//! and a page with a code; nobody learns here who exists.

mod backchannel;
mod callback;
mod initiate;
mod jwks;
mod me;
mod place;
pub mod saml;
mod sign_in;
mod sign_out;
mod start;
mod tried;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};

pub use self::place::{signed_out_url, url};
use super::limit::Limits;
use super::route::Method::{Get, Post};
use super::route::{Doc, Needs, Route, mount};
use super::{address, page};
use crate::app::App;

/// What strangers may call: counted and limited.
pub const OPEN: &[Route] = &[
    Route::new(
        Get,
        "/sso/{connection}/start",
        Needs::Nothing,
        || get(start::start),
        Doc::of("Begins a sign-in: sends the browser to the provider.").query(&[
            ("return_to", "Where the browser goes afterwards: a path of this host."),
            ("login_hint", "Who probably wants to sign in; passed on to the provider."),
            ("fresh", "`1` when she must sign in anew at the provider."),
            ("test", "The secret of a trial of the connection."),
        ]),
    ),
    Route::new(
        Get,
        "/sso/{connection}/callback",
        Needs::Nothing,
        || get(callback::callback),
        Doc::of("Ends a sign-in: takes the provider's answer."),
    ),
    Route::new(
        Get,
        "/sso/{connection}/initiate",
        Needs::Nothing,
        || get(initiate::by_link),
        Doc::of("Begins a sign-in for the provider, from its list of applications.").query(&[
            ("iss", "The provider; it must be the connection's issuer."),
            ("login_hint", "Who probably wants to sign in; passed back to the provider."),
            ("target_link_uri", "Where the browser goes afterwards: a URL of this host."),
        ]),
    ),
    Route::new(
        Post,
        "/sso/{connection}/initiate",
        Needs::Nothing,
        || post(initiate::by_form),
        Doc::of("The same, sent as a form."),
    ),
    Route::new(
        Post,
        "/sso/{connection}/backchannel-logout",
        Needs::Nothing,
        || post(backchannel::logout),
        Doc::of("Ends the sessions that the provider's logout token means."),
    ),
    Route::new(
        Get,
        "/sso/{connection}/jwks",
        Needs::Nothing,
        || get(jwks::keys),
        Doc::of("Our public keys, where the provider knows us by keys."),
    ),
    Route::new(
        Get,
        "/sign-in",
        Needs::Nothing,
        || get(sign_in::page),
        Doc::of("The page that asks who wants to sign in.").query(&[
            ("return_to", "Where the browser goes afterwards: a path of this host."),
            ("lang", "`en`, `fr`, `de` or `es`; the browser's own language unless said."),
        ]),
    ),
    Route::new(
        Post,
        "/sign-in",
        Needs::Nothing,
        || post(sign_in::find),
        Doc::of("Finds the connection of an e-mail domain or organization."),
    ),
];

/// What belongs to a session.
pub const OWN: &[Route] = &[
    Route::new(
        Post,
        "/sign-out",
        Needs::Nothing,
        || post(sign_out::sign_out),
        Doc::of("Ends the session of the browser."),
    ),
    Route::new(
        Get,
        "/signed-out",
        Needs::Nothing,
        || get(sign_out::signed_out),
        Doc::of("Says that the session is over."),
    ),
    Route::new(
        Get,
        "/me",
        Needs::Session,
        || get(me::me),
        Doc::of("Who is signed in, and what she may do."),
    ),
];

/// The routes of this surface.
pub fn router(app: &App) -> Router<App> {
    let limited = Limited { app: app.clone(), limits: Arc::default() };
    let open = mount(app, OPEN).merge(mount(app, saml::OPEN));
    open.route_layer(from_fn_with_state(limited, limit)).merge(mount(app, OWN))
}

#[derive(Clone)]
struct Limited {
    app: App,
    limits: Arc<Limits>,
}

/// Counts a request by its address and its connection.
async fn limit(State(limited): State<Limited>, request: Request, next: Next) -> Response {
    let trusted = &limited.app.public.trusted_proxies;
    let address = address::of(request.extensions(), request.headers(), trusted);
    let connection = request.uri().path().strip_prefix("/sso/");
    let connection = connection
        .and_then(|rest| rest.split('/').next())
        .and_then(|id| uuid::Uuid::try_parse(id).ok());
    match limited.limits.check(address, connection) {
        Ok(()) => next.run(request).await,
        Err(problem) => page::refuse(problem, request.headers()),
    }
}
