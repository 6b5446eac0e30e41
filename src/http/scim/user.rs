//! `/Users`: create, read, list, replace, patch, remove.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::answer::{self, Answer};
use super::guard::{Base, Caller};
use super::list::{self, Question};
use super::render;
use super::request::{Asked, Conditions, Id, Payload, USER_BODY_MAX};
use crate::app::App;
use crate::domain::id::UserId;
use crate::flow::provision;
use crate::scim::catalog::USER;
use crate::scim::list::Query;
use crate::scim::project::Projection;
use crate::scim::{Notes, ScimError, patch, quirk, validate};
use crate::store::filter::{self, Source};
use crate::store::place::Place;
use crate::store::user::Grouped;

type Body = Payload<USER_BODY_MAX>;

/// `POST /Users`
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    asked: Asked,
    Payload(mut body): Body,
) -> Answer {
    let projection = asked.projection(&USER)?;
    let (client, notes) = (caller.client, &mut Notes::default());
    quirk::mend_body(&mut body, &USER, client.dialect, notes);
    let document = Arc::new(validate::create(body, &USER, notes)?.resource);
    let made = app
        .runner
        .write(caller.actor(), caller.organization, move |work| {
            let document = Arc::clone(&document);
            Box::pin(async move { provision::user::create(work, client, &document).await })
        })
        .await?;
    Ok(shown(StatusCode::CREATED, &base, &made, &projection))
}

/// `GET /Users/{id}`
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    (base, asked, conditions): (Base, Asked, Conditions),
    Id(id): Id,
) -> Answer {
    let projection = asked.projection(&USER)?;
    let source = Source::Id(known(&id)?.0);
    let mut scope = app.runner.read(caller.organization);
    let directory = caller.client.directory;
    let found = filter::users(&mut scope, directory, &source, Place::START, 1).await?;
    let found = found.into_iter().next().ok_or_else(|| unknown(&id))?;
    if conditions.knows(found.user.version) {
        return Ok(answer::not_modified(found.user.version));
    }
    Ok(shown(StatusCode::OK, &base, &found, &projection))
}

/// `GET /Users`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    asked: Asked,
) -> Answer {
    list::users(Question { app: &app, caller: &caller, base: &base, query: &asked.query }).await
}

/// `POST /Users/.search`
pub async fn search(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    Payload(body): Body,
) -> Answer {
    let query = Query::from_search(body)?;
    list::users(Question { app: &app, caller: &caller, base: &base, query: &query }).await
}

/// `PUT /Users/{id}`
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    (base, asked, conditions, Id(id)): (Base, Asked, Conditions, Id),
    Payload(mut body): Body,
) -> Answer {
    let projection = asked.projection(&USER)?;
    let (id, client) = (known(&id)?, caller.client);
    quirk::mend_body(&mut body, &USER, client.dialect, &mut Notes::default());
    let saved = app
        .runner
        .write(caller.actor(), caller.organization, move |work| {
            let (body, expected) = (body.clone(), conditions.expected.clone());
            Box::pin(
                async move { provision::user::replace(work, client, id, &expected, body).await },
            )
        })
        .await?;
    Ok(shown(StatusCode::OK, &base, &saved, &projection))
}

/// `PATCH /Users/{id}`
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    (base, asked, conditions, Id(id)): (Base, Asked, Conditions, Id),
    Payload(mut body): Body,
) -> Answer {
    let projection = asked.projection(&USER)?;
    let (user, client, notes) = (known(&id)?, caller.client, &mut Notes::default());
    quirk::mend_patch(&mut body, &USER, client.dialect, notes);
    let patch = Arc::new(patch::parse(body, &USER, &user.to_string(), client.dialect, notes)?);
    let saved = app
        .runner
        .write(caller.actor(), caller.organization, move |work| {
            let (patch, expected) = (Arc::clone(&patch), conditions.expected.clone());
            Box::pin(
                async move { provision::user::patch(work, client, user, &expected, &patch).await },
            )
        })
        .await?;
    if asked.is_minimal(&projection) {
        return Ok(answer::minimal(saved.user.version));
    }
    Ok(shown(StatusCode::OK, &base, &saved, &projection))
}

/// `DELETE /Users/{id}`
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    conditions: Conditions,
    Id(id): Id,
) -> Answer {
    let (id, client) = (known(&id)?, caller.client);
    app.runner
        .write(caller.actor(), caller.organization, move |work| {
            let expected = conditions.expected.clone();
            Box::pin(async move { provision::user::remove(work, client, id, &expected).await })
        })
        .await?;
    Ok(answer::gone())
}

fn shown(
    status: StatusCode,
    Base(base): &Base,
    found: &Grouped,
    projection: &Projection,
) -> axum::response::Response {
    let location = render::user_location(base, found.user.id);
    let text = render::user(base, found, projection);
    answer::resource(status, found.user.version, &location, text)
}

/// An id that is none of ours is unknown, like any other (C53).
fn known(id: &str) -> Result<UserId, ScimError> {
    UserId::parse(id).map_err(|_| unknown(id))
}

fn unknown(id: &str) -> ScimError {
    ScimError::not_found(USER.name, id)
}
