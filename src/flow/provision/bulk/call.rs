//! One operation: made ready without the database, then applied within a part of a transaction.
//!
//! It does what the request of the same method and path would do, by the same verbs.

use serde_json::{Map, Value};

use super::Done;
use crate::domain::id::{GroupId, UserId};
use crate::flow::problem::Problem;
use crate::flow::provision::{Client, Expected, group, user};
use crate::flow::work::Work;
use crate::scim::bulk::{Call, Made, Verb};
use crate::scim::catalog::USER;
use crate::scim::patch::{self, Patch};
use crate::scim::validate::{self, Incoming};
use crate::scim::{Notes, Resource, ScimError};

/// An operation whose references are resolved and whose body is checked.
pub(super) enum Ready {
    CreateUser(Resource),
    CreateGroup(Incoming),
    User(UserId, Change),
    Group(GroupId, Change),
}

/// A change of a resource that is there.
pub(super) enum Change {
    Replace(Map<String, Value>),
    Patch(Patch),
    Remove,
}

/// The versions that an operation accepts (C140).
pub(super) fn expected(call: &Call) -> Expected {
    call.version.as_deref().map_or(Expected::Any, |version| Expected::of_tags([version]))
}

/// Makes an operation ready.
///
/// # Errors
/// What the body deserves; [`ScimError::invalid_value`] for what it refers to and was not made
/// (C138); 404 for a target whose id is none of ours.
pub(super) fn ready(call: &Call, made: &Made, client: Client) -> Result<Ready, ScimError> {
    let rt = call.rt;
    let (target, change) = match &call.verb {
        Verb::Create(body) => return create(call, made.body(body, rt)?),
        Verb::Replace(target, body) => (target, Change::Replace(made.body(body, rt)?)),
        Verb::Patch(target, body) => {
            let id = made.target(target)?;
            let body = made.patch(body, rt, client.dialect)?;
            let patch = patch::parse(body, rt, id, client.dialect, &mut Notes::default())?;
            (target, Change::Patch(patch))
        }
        Verb::Remove(target) => (target, Change::Remove),
    };
    changed(call, made.target(target)?, change)
}

/// A change of the resource with this id.
///
/// # Errors
/// 404 for an id that is none of ours.
pub(super) fn changed(call: &Call, id: &str, change: Change) -> Result<Ready, ScimError> {
    let unknown = || ScimError::not_found(call.rt.name, id);
    if call.rt.name == USER.name {
        Ok(Ready::User(UserId::parse(id).map_err(|_| unknown())?, change))
    } else {
        Ok(Ready::Group(GroupId::parse(id).map_err(|_| unknown())?, change))
    }
}

/// Makes a create ready, its references resolved already.
///
/// # Errors
/// What the body deserves.
pub(super) fn create(call: &Call, body: Map<String, Value>) -> Result<Ready, ScimError> {
    let incoming = validate::create(body, call.rt, &mut Notes::default())?;
    Ok(if call.rt.name == USER.name {
        Ready::CreateUser(incoming.resource)
    } else {
        Ready::CreateGroup(incoming)
    })
}

/// Applies an operation; answers the id of its resource and what was done.
///
/// # Errors
/// As the request of the same method and path.
pub(super) async fn apply(
    work: &mut Work,
    client: Client,
    ready: Ready,
    expected: &Expected,
) -> Result<(String, Done), Problem> {
    let done = |status, version| Done { status, version: Some(version) };
    let gone = Done { status: 204, version: None };
    Ok(match ready {
        Ready::CreateUser(document) => {
            let made = user::create(work, client, &document).await?.user;
            (made.id.to_string(), done(201, made.version))
        }
        Ready::CreateGroup(incoming) => {
            let made = group::create(work, client, &incoming).await?;
            (made.id.to_string(), done(201, made.version))
        }
        Ready::User(id, change) => {
            let saved = match change {
                Change::Replace(body) => user::replace(work, client, id, expected, body).await?,
                Change::Patch(patch) => user::patch(work, client, id, expected, &patch).await?,
                Change::Remove => {
                    user::remove(work, client, id, expected).await?;
                    return Ok((id.to_string(), gone));
                }
            };
            (id.to_string(), done(200, saved.user.version))
        }
        Ready::Group(id, change) => {
            let saved = match change {
                Change::Replace(body) => group::replace(work, client, id, expected, body).await?,
                Change::Patch(patch) => group::patch(work, client, id, expected, patch).await?,
                Change::Remove => {
                    group::remove(work, client, id, expected).await?;
                    return Ok((id.to_string(), gone));
                }
            };
            (id.to_string(), done(200, saved.version))
        }
    })
}
