//! What the service says about itself (RFC 7644 §4), and what it does not offer.

use axum::http::StatusCode;

use super::answer::{self, Answer};
use super::guard::Base;
use super::request::{Asked, Id};
use crate::flow::provision::search::PAGES;
use crate::scim::discovery::{self, BEARER, Capabilities};
use crate::scim::list::response;
use crate::scim::{ScimError, bulk};

/// What is really offered; each claim has a test (C150).
pub const OFFERED: Capabilities = Capabilities {
    pages: PAGES,
    bulk: Some(bulk::LIMITS),
    sort: true,
    etag: true,
    authentication: &[BEARER],
};

/// `GET /ServiceProviderConfig`: needs no token, since it tells how to use one (D7).
pub async fn service_provider_config(Base(base): Base, asked: Asked) -> Answer {
    without_filter(&asked)?;
    let document = discovery::service_provider_config(&OFFERED, &base);
    Ok(answer::body(StatusCode::OK, document.to_string()))
}

/// `GET /Schemas`
pub async fn schemas(Base(base): Base, asked: Asked) -> Answer {
    without_filter(&asked)?;
    Ok(all(&discovery::schemas(&base)))
}

/// `GET /Schemas/{id}`
pub async fn schema(Base(base): Base, Id(id): Id) -> Answer {
    let found = discovery::schema(&id, &base);
    let found = found.ok_or_else(|| ScimError::not_found("Schema", &id))?;
    Ok(answer::body(StatusCode::OK, found.to_string()))
}

/// `GET /ResourceTypes`
pub async fn resource_types(Base(base): Base, asked: Asked) -> Answer {
    without_filter(&asked)?;
    Ok(all(&discovery::resource_types(&base)))
}

/// `GET /ResourceTypes/{id}`
pub async fn resource_type(Base(base): Base, Id(id): Id) -> Answer {
    let found = discovery::resource_type(&id, &base);
    let found = found.ok_or_else(|| ScimError::not_found("ResourceType", &id))?;
    Ok(answer::body(StatusCode::OK, found.to_string()))
}

/// Queries over all types at once are not offered (C57).
pub async fn root() -> Answer {
    let detail = "Queries over all resource types are not offered: ask /Users or /Groups.";
    Err(ScimError::not_implemented(detail).into())
}

/// A directory's token has no user of its own (C144).
pub async fn me() -> Answer {
    Err(ScimError::not_implemented("The token belongs to a directory, not to a user.").into())
}

fn all(documents: &[serde_json::Value]) -> axum::response::Response {
    let texts: Vec<String> = documents.iter().map(ToString::to_string).collect();
    let total = u64::try_from(texts.len()).unwrap_or(u64::MAX);
    answer::body(StatusCode::OK, response(total, 1, texts))
}

/// Discovery is read whole (D10).
fn without_filter(asked: &Asked) -> Answer<()> {
    match asked.query.filter {
        None => Ok(()),
        Some(_) => Err(ScimError::forbidden("Filters do not apply here: leave it out.").into()),
    }
}
