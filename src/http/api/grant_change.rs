//! Grants by hand: give, replace, take.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, post, put};
use serde::Deserialize;
use utoipa::ToSchema;

use super::grant::{Grant, shown};
use super::permit;
use crate::app::App;
use crate::domain::access::RoleTable;
use crate::domain::access::grant::Reach;
use crate::domain::actor::Actor;
use crate::domain::id::{GrantId, OrganizationId, UserId};
use crate::domain::platform::RoleIndex;
use crate::flow;
use crate::flow::condition::Condition;
use crate::flow::grant::{New, replacement, version};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, Page, created, versioned};
use crate::http::extract::{Body, IfMatch};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Post, Put};
use crate::http::route::{Doc, Needs, Of, Route, page, schema};
use crate::store;

/// Routes of grants by hand.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/users/{id}/grants",
        Needs::Action("grants.edit", Of::User),
        || post(give),
        Doc::of("Gives a role to a user.").body(schema::<NewGrant>).answer(201, page::<Grant>),
    ),
    Route::new(
        Put,
        "/users/{id}/grants",
        Needs::Action("grants.edit", Of::User),
        || put(replace),
        Doc::of("Replaces what hands and invites gave a user, at once; needs `If-Match`.")
            .body(schema::<NewGrants>)
            .answer(200, page::<Grant>),
    ),
    Route::new(
        Delete,
        "/grants/{id}",
        Needs::Action("grants.edit", Of::Grant),
        || delete(take),
        Doc::of("Takes a grant away; those of rules and billing are changed there.").nothing(),
    ),
];

/// A role to be given.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// The role's key.
    role: String,
    /// `kind:key` each; the whole organization unless said.
    resources: Option<Vec<String>>,
    /// When it ends, as RFC 3339.
    expires_at: Option<String>,
    /// The id of another organization than her home, where she becomes a guest: the operator gives
    /// that to its own people. Such a grant ends after 90 days unless said.
    organization: Option<String>,
}

/// Roles to be given in the place of others.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrants {
    /// At most 100.
    grants: Vec<NewGrant>,
}

impl From<NewGrant> for flow::grant::New {
    fn from(new: NewGrant) -> Self {
        let resources = new.resources.unwrap_or_default();
        Self { role: new.role, resources, expires_at: new.expires_at }
    }
}

/// `POST /users/{id}/grants`
async fn give(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    Body(new): Body<NewGrant>,
) -> Answer {
    let home = caller.organization()?;
    let elsewhere = new.organization.clone().filter(|other| *other != home.to_string());
    let new = New::from(new);
    if let Some(elsewhere) = elsewhere {
        return give_guest(&app, caller, &elsewhere, id, new).await;
    }
    permit::give(&app, &caller, home, &new).await?;
    let given = app
        .runner
        .write(caller.actor, home, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::grant::give(work, id, &new).await })
        })
        .await?;
    Ok(created(Page::whole(shown(&app, home, given).await?)))
}

/// Makes one of the operator's people a guest of another organization.
async fn give_guest(app: &App, caller: Caller, elsewhere: &str, id: UserId, new: New) -> Answer {
    if !matches!(caller.actor, Actor::Operator(_)) {
        let detail = "Only the operator gives roles in another organization than the user's home.";
        return Err(Problem::new(Code::Forbidden, detail).into());
    }
    let unknown = || Problem::invalid("/organization", "unknown", "There is no such organization.");
    let elsewhere = OrganizationId::parse(elsewhere).map_err(|_| unknown())?;
    let found = store::organization::by_id(&mut app.runner.db.conn(), elsewhere).await?;
    found.ok_or_else(unknown)?;
    let given = app
        .runner
        .write(caller.actor, elsewhere, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::grant::give_guest(work, id, &new).await })
        })
        .await?;
    Ok(created(Page::whole(shown(app, elsewhere, given).await?)))
}

/// `PUT /users/{id}/grants`
async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    sent: IfMatch,
    Body(new): Body<NewGrants>,
) -> Answer {
    if !sent.is_sent() {
        let detail = "Send the entity tag of the user's access as If-Match.";
        return Err(Problem::new(Code::PreconditionRequired, detail).into());
    }
    let organization = caller.organization()?;
    if let Some(at) = new.grants.iter().position(|one| one.organization.is_some()) {
        let detail = "Roles in another organization are given one by one.";
        return Err(
            Problem::invalid(&format!("/grants/{at}/organization"), "not-offered", detail).into()
        );
    }
    let new: Vec<New> = new.grants.into_iter().map(New::from).collect();
    let present = store::grant::of_user(&mut app.runner.read(organization), id).await?;
    sent.0.meet(version(&present))?;
    let roles = app.live.roles(organization).await?;
    let program = !matches!(caller.actor, Actor::User(_));
    let plan = replacement(&roles, &present, (&new, program));
    let changed = indexed(&roles, plan.given.into_iter().chain(plan.taken));
    permit::assign(&app, &caller, organization, &changed).await?;
    // What was permitted is what is done: nobody else changed it meanwhile.
    let seen = Condition::Versions(vec![version(&present)]);
    let kept = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (new, seen) = (new.clone(), seen.clone());
            Box::pin(async move { flow::grant::replace(work, id, &seen, &new).await })
        })
        .await?;
    let version = version(&kept);
    let shown = Page::whole(shown(&app, organization, kept).await?);
    Ok(versioned(StatusCode::OK, version, shown))
}

/// Everybody may take away what the platform has forgotten, so that it is left out here.
fn indexed(
    roles: &RoleTable,
    grants: impl Iterator<Item = (String, Reach)>,
) -> Vec<(RoleIndex, Reach)> {
    grants.filter_map(|(role, reach)| Some((roles.index(&role)?, reach))).collect()
}

/// `DELETE /grants/{id}`
async fn take(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<GrantId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    let found = store::grant::by_id(&mut app.runner.read(organization), id).await?;
    let found = found.ok_or_else(|| Problem::not_found("grant"))?;
    let roles = app.live.roles(organization).await?;
    let taken = indexed(&roles, std::iter::once((found.role, found.reach)));
    permit::assign(&app, &caller, organization, &taken).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::grant::take(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
