//! `GET /sso/{connection}/jwks`: the public halves of the keys by which a provider knows us
//! (`private_key_jwt`).

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::place::Place;
use crate::app::App;
use crate::flow;
use crate::http::answer::Refusal;

/// How long others may keep the keys, in seconds: a new one is shown before it is used.
const KEPT: &str = "public, max-age=300";

/// The keys of a connection, the present one first.
pub async fn keys(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    let place = Place::of(&app, &connection).await?;
    let keys = flow::connection::public_keys(&app.seal, &place.connection)?;
    Ok(([(header::CACHE_CONTROL, KEPT)], Json(keys)).into_response())
}
