//! `/Groups`: create, read, list, replace, patch, remove.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{self, Answer};
use super::guard::{Base, Caller};
use super::list::{self, Question};
use super::members::Writer;
use super::render;
use super::request::{Asked, Conditions, GROUP_BODY_MAX, Id, Payload, USER_BODY_MAX};
use crate::app::App;
use crate::domain::group::Group;
use crate::domain::id::GroupId;
use crate::flow::provision;
use crate::scim::catalog::GROUP;
use crate::scim::list::Query;
use crate::scim::project::Projection;
use crate::scim::{Notes, ScimError, patch, quirk, validate};
use crate::store::filter::{self, Source};
use crate::store::place::Place;

/// Members beyond which a write answers without them (D1).
pub const ANSWERED_MEMBERS_MAX: i64 = 1_000;

type Body = Payload<GROUP_BODY_MAX>;

/// `POST /Groups`
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: Base,
    asked: Asked,
    Payload(mut body): Body,
) -> Answer {
    let projection = asked.projection(&GROUP)?;
    let (client, notes) = (caller.client, &mut Notes::default());
    quirk::mend_body(&mut body, &GROUP, client.dialect, notes);
    let incoming = Arc::new(validate::create(body, &GROUP, notes)?);
    let made = app
        .runner
        .write(caller.actor(), caller.organization, move |work| {
            let incoming = Arc::clone(&incoming);
            Box::pin(async move { provision::group::create(work, client, &incoming).await })
        })
        .await?;
    written(&app, &caller, &base, (StatusCode::CREATED, made), projection).await
}

/// `GET /Groups/{id}`
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    (base, asked, conditions): (Base, Asked, Conditions),
    Id(id): Id,
) -> Answer {
    let projection = asked.projection(&GROUP)?;
    let source = Source::Id(known(&id)?.0);
    let mut scope = app.runner.read(caller.organization);
    let directory = caller.client.directory;
    let found = filter::groups(&mut scope, directory, &source, Place::START, 1).await?;
    let found = found.into_iter().next().ok_or_else(|| unknown(&id))?;
    if conditions.knows(found.version) {
        return Ok(answer::not_modified(found.version));
    }
    let members = projection.wants("members");
    shown(&app, &caller, &base, (StatusCode::OK, found), (projection, members)).await
}

/// `GET /Groups`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    asked: Asked,
) -> Answer {
    list::groups(Question { app: &app, caller: &caller, base: &base, query: &asked.query }).await
}

/// `POST /Groups/.search`
pub async fn search(
    State(app): State<App>,
    caller: Caller,
    Base(base): Base,
    Payload(body): Payload<USER_BODY_MAX>,
) -> Answer {
    let query = Query::from_search(body)?;
    list::groups(Question { app: &app, caller: &caller, base: &base, query: &query }).await
}

/// `PUT /Groups/{id}`
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    (base, asked, conditions, Id(id)): (Base, Asked, Conditions, Id),
    Payload(mut body): Body,
) -> Answer {
    let projection = asked.projection(&GROUP)?;
    let (id, client) = (known(&id)?, caller.client);
    quirk::mend_body(&mut body, &GROUP, client.dialect, &mut Notes::default());
    let saved = app
        .runner
        .write(caller.actor(), caller.organization, move |work| {
            let (body, expected) = (body.clone(), conditions.expected.clone());
            Box::pin(
                async move { provision::group::replace(work, client, id, &expected, body).await },
            )
        })
        .await?;
    written(&app, &caller, &base, (StatusCode::OK, saved), projection).await
}

/// `PATCH /Groups/{id}`
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    (base, asked, conditions, Id(id)): (Base, Asked, Conditions, Id),
    Payload(mut body): Body,
) -> Answer {
    let projection = asked.projection(&GROUP)?;
    let (group, client, notes) = (known(&id)?, caller.client, &mut Notes::default());
    quirk::mend_patch(&mut body, &GROUP, client.dialect, notes);
    let patch = patch::parse(body, &GROUP, &group.to_string(), client.dialect, notes)?;
    let saved = app
        .runner
        .write(caller.actor(), caller.organization, move |work| {
            let (patch, expected) = (patch.clone(), conditions.expected.clone());
            Box::pin(
                async move { provision::group::patch(work, client, group, &expected, patch).await },
            )
        })
        .await?;
    if asked.is_minimal(&projection) {
        return Ok(answer::minimal(saved.version));
    }
    written(&app, &caller, &base, (StatusCode::OK, saved), projection).await
}

/// `DELETE /Groups/{id}`
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
            Box::pin(async move { provision::group::remove(work, client, id, &expected).await })
        })
        .await?;
    Ok(answer::gone())
}

/// The answer of a write leaves many members out unless they are asked for by name (D1).
async fn written(
    app: &App,
    caller: &Caller,
    base: &Base,
    saved: (StatusCode, Group),
    projection: Projection,
) -> Answer {
    let many = saved.1.member_count > ANSWERED_MEMBERS_MAX
        || quirk::answers_without_members(caller.client.dialect);
    let members = if many { projection.names("members") } else { projection.wants("members") };
    shown(app, caller, base, saved, (projection, members)).await
}

async fn shown(
    app: &App,
    caller: &Caller,
    Base(base): &Base,
    (status, group): (StatusCode, Group),
    (projection, members): (Projection, bool),
) -> Answer<Response> {
    let location = render::group_location(base, group.id);
    let version = group.version;
    if !members {
        let text = render::group(base, &group, &projection) + "}";
        return Ok(answer::resource(status, version, &location, text));
    }
    let groups = std::slice::from_ref(&group);
    let writer = Writer::new(&app.runner, caller.organization, base, groups, projection);
    Ok(answer::resource(status, version, &location, writer.body().await?))
}

fn known(id: &str) -> Result<GroupId, ScimError> {
    GroupId::parse(id).map_err(|_| unknown(id))
}

fn unknown(id: &str) -> ScimError {
    ScimError::not_found(GROUP.name, id)
}
