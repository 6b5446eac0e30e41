//! What the service says about itself (RFC 7644 §4), and what it does not offer.

use axum::extract::State;
use axum::http::StatusCode;

use super::answer::{self, Answer};
use super::guard::Base;
use super::request::{Asked, Id};
use crate::app::App;
use crate::flow::provision::search::{CURSOR_S, PAGES};
use crate::scim::discovery::{self, AuthenticationScheme, BASIC, BEARER, Capabilities, OAUTH2};
use crate::scim::list::Frame;
use crate::scim::{ScimError, bulk};

/// What is really offered; each claim has a test (C150).
pub const OFFERED: Capabilities = Capabilities {
    pages: PAGES,
    cursor_s: Some(CURSOR_S),
    bulk: Some(bulk::LIMITS),
    sort: true,
    etag: true,
    authentication: SCHEMES,
};

/// How clients sign in.
const SCHEMES: &[AuthenticationScheme] = &[BEARER, OAUTH2, BASIC];

/// `GET /ServiceProviderConfig`: needs no token, since it tells how to use one (D7).
pub async fn service_provider_config(Base(base): Base, asked: Asked) -> Answer {
    without_filter(&asked)?;
    let document = discovery::service_provider_config(&OFFERED, &base);
    Ok(answer::body(StatusCode::OK, document.to_string()))
}

/// `GET /Schemas`
pub async fn schemas(State(app): State<App>, Base(base): Base, asked: Asked) -> Answer {
    without_filter(&asked)?;
    Ok(all(&discovery::schemas(app.served, &base)))
}

/// `GET /Schemas/{id}`
pub async fn schema(State(app): State<App>, Base(base): Base, Id(id): Id) -> Answer {
    let found = discovery::schema(app.served, &id, &base);
    let found = found.ok_or_else(|| ScimError::not_found("Schema", &id))?;
    Ok(answer::body(StatusCode::OK, found.to_string()))
}

/// `GET /ResourceTypes`
pub async fn resource_types(State(app): State<App>, Base(base): Base, asked: Asked) -> Answer {
    without_filter(&asked)?;
    Ok(all(&discovery::resource_types(app.served, &base)))
}

/// `GET /ResourceTypes/{id}`
pub async fn resource_type(State(app): State<App>, Base(base): Base, Id(id): Id) -> Answer {
    let found = discovery::resource_type(app.served, &id, &base);
    let found = found.ok_or_else(|| ScimError::not_found("ResourceType", &id))?;
    Ok(answer::body(StatusCode::OK, found.to_string()))
}

/// A directory's token has no user of its own (C144).
pub async fn me() -> Answer {
    Err(ScimError::not_implemented("The token belongs to a directory, not to a user.").into())
}

fn all(documents: &[serde_json::Value]) -> axum::response::Response {
    let texts: Vec<String> = documents.iter().map(ToString::to_string).collect();
    let frame = Frame { total: Some(texts.len() as u64), start_index: Some(1), next_cursor: None };
    answer::body(StatusCode::OK, frame.around(&texts))
}

/// Discovery is read whole (D10).
fn without_filter(asked: &Asked) -> Answer<()> {
    match asked.query.filter {
        None => Ok(()),
        Some(_) => Err(ScimError::forbidden("Filters do not apply here: leave it out.").into()),
    }
}
