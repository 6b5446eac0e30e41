//! The decision surface: OpenID AuthZEN Authorization API 1.0.
//!
//! Decisions come from memory. What is not known is refused with a reason; only a request that
//! cannot be read is an error.

mod body;
mod evaluate;
mod search;
mod who;

use axum::Json;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};

use self::body::{AllDecided, Decided, Evaluation, Evaluations, Found, Search};
use super::route::Method::{Get, Post};
use super::route::{Doc, Needs, Route, schema};
use crate::app::App;

/// Every route below `/access/v1`.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/evaluation",
        Needs::Credential,
        || post(evaluate::one),
        Doc::of("Decides whether a user may do something.")
            .body(schema::<Evaluation>)
            .answer(200, schema::<Decided>),
    ),
    Route::new(
        Post,
        "/evaluations",
        Needs::Credential,
        || post(evaluate::many),
        Doc::of("Decides up to 1,000 questions, in order.")
            .body(schema::<Evaluations>)
            .answer(200, schema::<AllDecided>),
    ),
    Route::new(
        Post,
        "/search/subject",
        Needs::Credential,
        || post(search::subjects),
        Doc::of("Lists who may do something.").body(schema::<Search>).answer(200, schema::<Found>),
    ),
    Route::new(
        Post,
        "/search/resource",
        Needs::Credential,
        || post(search::resources),
        Doc::of("Lists on what a user may do something.")
            .body(schema::<Search>)
            .answer(200, schema::<Found>),
    ),
    Route::new(
        Post,
        "/search/action",
        Needs::Credential,
        || post(search::actions),
        Doc::of("Lists what a user may do on something.")
            .body(schema::<Search>)
            .answer(200, schema::<Found>),
    ),
];

/// The route that tells where the others are.
pub const WELL_KNOWN: &[Route] = &[Route::new(
    Get,
    "/.well-known/authzen-configuration",
    Needs::Nothing,
    || get(configuration),
    Doc::of("Tells where decisions are asked for."),
)];

/// `GET /.well-known/authzen-configuration`
async fn configuration(State(app): State<App>) -> Json<Value> {
    let url = app.public.url.as_str().trim_end_matches('/');
    Json(json!({
        "policy_decision_point": url,
        "access_evaluation_endpoint": format!("{url}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{url}/access/v1/evaluations"),
        "search_subject_endpoint": format!("{url}/access/v1/search/subject"),
        "search_resource_endpoint": format!("{url}/access/v1/search/resource"),
        "search_action_endpoint": format!("{url}/access/v1/search/action"),
    }))
}
