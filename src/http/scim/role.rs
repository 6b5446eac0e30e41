//! `/Roles`: read and list; the platform defines its roles, so no client writes any (N7).

use axum::extract::State;
use axum::http::StatusCode;

use super::answer::{self, Answer};
use super::guard::{Base, Caller};
use super::list::{self, Question};
use super::render;
use super::request::{Asked, Conditions, Id, Payload, USER_BODY_MAX};
use crate::app::App;
use crate::flow::provision::search::offered;
use crate::scim::ScimError;
use crate::scim::list::Query;

/// `GET /Roles/{id}`
pub async fn read(
    State(app): State<App>,
    (Base(base), asked, conditions): (Base, Asked, Conditions),
    Id(id): Id,
) -> Answer {
    let rt = app.served.role();
    let projection = asked.projection(rt)?;
    let found = offered(&app.runner.platform, app.served).find(|role| role.key == id);
    let found = found.ok_or_else(|| ScimError::not_found(rt.name, &id))?;
    if conditions.knows(found.version) {
        return Ok(answer::not_modified(found.version));
    }
    let text = render::role(&base, &found, &projection);
    let location = render::role_location(&base, &found.key);
    Ok(answer::resource(StatusCode::OK, found.version, &location, text))
}

/// `GET /Roles`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    asked: Asked,
) -> Answer {
    let query = &asked.query;
    list::roles(Question { app: &app, caller: &caller, base: &base, query }).await
}

/// `POST /Roles/.search`
pub async fn search(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    Payload(body): Payload<USER_BODY_MAX>,
) -> Answer {
    let query = &Query::from_search(body)?;
    list::roles(Question { app: &app, caller: &caller, base: &base, query }).await
}
