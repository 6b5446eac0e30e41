//! Identities of users: list, part, and join to another subject.
//!
//! Whoever joins a subject to a user can become her, so that it needs what changing the connection
//! needs, and the right to give every role that she holds.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permit;
use crate::app::App;
use crate::domain::id::{IdentityId, UserId};
use crate::domain::identity as domain;
use crate::domain::time::Timestamp;
use crate::flow;
use crate::flow::identity::IDENTITIES_MAX;
use crate::flow::problem::Problem;
use crate::http::answer::{Answer, Page, created};
use crate::http::extract::Body;
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Post};
use crate::http::route::{Doc, Needs, Of, Route, page, schema};
use crate::store;
use crate::store::former_identity::Former;

/// Routes of identities.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/users/{id}/identities",
        Needs::Action("users.view", Of::User),
        || get(list),
        Doc::of("Lists whom a user is at connections, whole, with links of former times.")
            .answer(200, page::<Identity>),
    ),
    Route::new(
        Post,
        "/users/{id}/identities/relink",
        Needs::Action("connections.manage", Of::User),
        || post(relink),
        Doc::of("Joins a user to another subject of a connection, in the place of the old one.")
            .body(schema::<Relink>)
            .answer(201, schema::<Identity>),
    ),
    Route::new(
        Delete,
        "/identities/{id}",
        Needs::Action("connections.manage", Of::Identity),
        || delete(remove),
        Doc::of("Parts a subject from its user and ends the sessions that came by it.").nothing(),
    ),
];

/// A subject at a connection and the user it is, or was.
#[derive(Serialize, ToSchema)]
pub struct Identity {
    id: String,
    user_id: String,
    connection_id: String,
    /// What the provider calls her.
    subject: String,
    /// Which rule joined them.
    rule: String,
    created_at: String,
    last_sign_in_at: Option<String>,
    /// When they were parted; nothing while the link holds.
    ended_at: Option<String>,
    /// `unlinked` or `relinked`, once they were parted.
    ended_by: Option<String>,
}

/// The subject to join her to.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Relink {
    /// The id of the connection.
    connection: String,
    /// What its provider calls her: `sub`, for Entra `oid`.
    subject: String,
}

impl From<domain::Identity> for Identity {
    fn from(from: domain::Identity) -> Self {
        Self {
            id: from.id.to_string(),
            user_id: from.user_id.to_string(),
            connection_id: from.connection_id.to_string(),
            subject: from.subject,
            rule: from.rule,
            created_at: from.created_at.to_string(),
            last_sign_in_at: from.last_sign_in_at.map(|at| at.to_string()),
            ended_at: None,
            ended_by: None,
        }
    }
}

impl Identity {
    /// A link of former times.
    pub(super) fn former(user: UserId, from: Former) -> Self {
        Self {
            id: from.id.to_string(),
            user_id: user.to_string(),
            connection_id: from.connection_id.to_string(),
            subject: from.subject,
            rule: from.rule,
            created_at: Timestamp(from.created_at).to_string(),
            last_sign_in_at: None,
            ended_at: Some(Timestamp(from.ended_at).to_string()),
            ended_by: Some(from.reason),
        }
    }
}

/// `GET /users/{id}/identities`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Answer<Json<Page<Identity>>> {
    let scope = &mut app.runner.read(caller.organization()?);
    let present = store::identity::of_user(scope, id, IDENTITIES_MAX).await?;
    let former = store::former_identity::of_user(scope, id, IDENTITIES_MAX).await?;
    let former = former.into_iter().map(|one| Identity::former(id, one));
    Ok(Json(Page::whole(present.into_iter().map(Identity::from).chain(former).collect())))
}

/// `POST /users/{id}/identities/relink`
async fn relink(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    Body(sent): Body<Relink>,
) -> Answer {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    let made = app
        .runner
        .write(caller.actor, organization, move |work| {
            let sent = sent.clone();
            Box::pin(async move {
                let to = (sent.connection.as_str(), sent.subject.as_str());
                flow::identity::relink(work, id, to).await
            })
        })
        .await?;
    Ok(created(Identity::from(made)))
}

/// `DELETE /identities/{id}`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<IdentityId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    let scope = &mut app.runner.read(organization);
    let found = store::identity::by_id(scope, id).await?;
    let found = found.ok_or_else(|| Problem::not_found("identity"))?;
    permit::manage(&app, &caller, organization, found.user_id).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::identity::unlink(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
