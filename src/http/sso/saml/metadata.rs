//! `GET /sso/{connection}/metadata`: what the provider's administrator uploads there (G34).

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::super::place::Place;
use super::{Addresses, ring_of, saml_of};
use crate::app::App;
use crate::flow::problem::Problem;
use crate::http::page;
use crate::outbound::saml::sp_metadata::{self, Shown};

/// The media type of SAML metadata.
const MEDIA: &str = "application/samlmetadata+xml";

/// Shows our metadata at a connection.
pub async fn metadata(
    State(app): State<App>,
    connection: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let connection = connection.map(|Path(text)| text).unwrap_or_default();
    match written(&app, &connection).await {
        Ok(xml) => ([(header::CONTENT_TYPE, MEDIA)], xml).into_response(),
        Err(problem) => page::refuse(problem, &headers),
    }
}

async fn written(app: &App, connection: &str) -> Result<String, Problem> {
    let place = Place::of(app, connection).await?;
    let saml = saml_of(&place)?;
    let addresses = Addresses::of(app, place.connection.id);
    let ring = ring_of(app, &place)?;
    let keys: Vec<_> = ring.keys.into_iter().map(|key| (key.used_for, key.certificate)).collect();
    Ok(sp_metadata::write(&Shown {
        sp: addresses.sp(),
        keys: &keys,
        signs: saml.sign_requests,
        name: "Portico",
        contact: None,
    }))
}
