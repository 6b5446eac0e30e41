//! Passwords of ours: sign in with one, ask for a new one, set one by a link.
//!
//! Every answer is the same whether anybody has the login, and takes about as long. What is sent
//! must come from a page of ours (K4).

mod reset;
mod sign_in;

use axum::Router;
use axum::extract::Request;
use axum::extract::rejection::FormRejection;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Form, RequestExt};
use serde::de::DeserializeOwned;

use super::limit::{ByAddress, by_address};
use super::route::Method::{Get, Post};
use super::route::{Doc, Needs, Route, mount};
use super::{page, session};
use crate::app::App;
use crate::domain::id::OrganizationId;
use crate::domain::organization::Slug;
use crate::flow::problem::Problem;
use crate::store;

/// What strangers may call: counted and limited.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/sign-in/password",
        Needs::Nothing,
        || get(sign_in::page),
        Doc::of("The page that asks for login and password.")
            .query(&[("return_to", "Where the browser goes afterwards: a path of this host.")]),
    ),
    Route::new(
        Post,
        "/sign-in/password",
        Needs::Nothing,
        || post(sign_in::sign_in),
        Doc::of("Signs in with login and password, and a one-time code where one is needed."),
    ),
    Route::new(
        Get,
        "/password/forgot",
        Needs::Nothing,
        || get(reset::forgot_page),
        Doc::of("The page that asks whose password is forgotten."),
    ),
    Route::new(
        Post,
        "/password/forgot",
        Needs::Nothing,
        || post(reset::forgot),
        Doc::of("Sends a link to a new password, if there is an account."),
    ),
    Route::new(
        Get,
        "/password/reset/{token}",
        Needs::Nothing,
        || get(reset::show),
        Doc::of("The page that takes a new password."),
    ),
    Route::new(
        Post,
        "/password/reset/{token}",
        Needs::Nothing,
        || post(reset::set),
        Doc::of("Sets a password by a link."),
    ),
];

/// The routes of this surface.
pub fn router(app: &App) -> Router<App> {
    mount(app, ROUTES).route_layer(from_fn_with_state(ByAddress::of(app), by_address))
}

/// Longest login that is looked for, in bytes.
const LOGIN_MAX: usize = 800;

/// A form that a page of ours sent, with the rest of the request.
async fn form<T: DeserializeOwned + 'static>(
    app: &App,
    request: Request,
) -> Result<(T, Parts), Problem> {
    let (parts, body) = request.into_parts();
    session::check_origin(&parts, &app.public)?;
    let rest = parts.clone();
    let sent = Request::from_parts(parts, body).extract::<Form<T>, _>().await;
    let Form(sent) = sent.map_err(|rejection: FormRejection| page::unreadable(&rejection))?;
    Ok((sent, rest))
}

/// A refusal as a page, or as a problem for a program.
fn refused(
    answer: Result<axum::response::Response, Problem>,
    headers: &HeaderMap,
) -> axum::response::Response {
    answer.unwrap_or_else(|problem| page::refuse(problem, headers))
}

/// The organization that was named by its short name: `None` where none was named, and somebody
/// else's id where there is none, so that nothing is found.
async fn named(app: &App, slug: &str) -> Result<Option<OrganizationId>, Problem> {
    let slug = slug.trim().to_ascii_lowercase();
    if slug.is_empty() {
        return Ok(None);
    }
    let nobody = OrganizationId(uuid::Uuid::nil());
    let Some(slug) = Slug::parse(&slug) else { return Ok(Some(nobody)) };
    let found = store::organization::by_slug(&mut app.runner.db.conn(), &slug).await?;
    Ok(Some(found.map_or(nobody, |found| found.id)))
}
