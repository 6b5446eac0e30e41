//! Invites: send, list, read, send again, take back; partners are confirmed by the operator.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permit;
use crate::app::App;
use crate::domain::id::{InviteId, OrganizationId, UserId};
use crate::domain::invite::{self as domain, STATUSES};
use crate::domain::platform::LoginType;
use crate::domain::time::Timestamp;
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, Page, created};
use crate::http::extract::{Body, Paging, Params, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Post};
use crate::http::route::{AFTER, Doc, LIMIT, Needs, Of, Route, page, schema};
use crate::store;

/// The role that `sites` are given by.
pub const SITE_ACCESS: &str = "site-access";
/// The kind of what `sites` names.
const SITE: &str = "site";

const fn on_invite() -> Needs {
    Needs::Action("users.invite", Of::Invite)
}

/// Routes of invites.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/invites",
        Needs::Action("users.invite", Of::Organization),
        || post(send),
        Doc::of("Invites somebody: makes the user and sends the mail. A partner is asked for.")
            .body(schema::<New>)
            .answer(201, schema::<Invite>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/invites",
        Needs::Action("users.invite", Of::Organization),
        || get(list),
        Doc::of("Lists invites, oldest first.")
            .query(&[
                ("status", "`pending`, `expired`, `accepted`, `revoked` or `superseded`."),
                LIMIT,
                AFTER,
            ])
            .answer(200, page::<Invite>),
    ),
    Route::new(
        Get,
        "/invites/{id}",
        on_invite(),
        || get(read),
        Doc::of("Reads an invite.").answer(200, schema::<Invite>),
    ),
    Route::new(
        Delete,
        "/invites/{id}",
        on_invite(),
        || delete(revoke),
        Doc::of("Takes an invite back; who came by it alone and never signed in is removed.")
            .nothing(),
    ),
    Route::new(
        Post,
        "/invites/{id}/resend",
        on_invite(),
        || post(resend),
        Doc::of("Sends a pending or expired invite again: a new link, and the old one is dead.")
            .answer(200, schema::<Invite>),
    ),
    Route::new(
        Post,
        "/invites/{id}/confirm",
        Needs::Operator,
        || post(confirm),
        Doc::of("Confirms a partner: one of the operator's people becomes a guest.")
            .body(schema::<Confirmed>)
            .answer(200, schema::<Invite>),
    ),
];

/// Somebody to be invited.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvite)]
pub struct New {
    /// Her address; her login too.
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// Shown under the name.
    description: Option<String>,
    /// `member` (unless said) or `partner`: one of the operator's people, who must agree.
    class: Option<String>,
    /// `sso` or `password`; as she likes unless said.
    login_type: Option<String>,
    /// The language of the mail: `en`, `fr`, `de` or `es`; the organization's unless said.
    language: Option<String>,
    /// Roles that wait for her, at most 100.
    #[serde(default)]
    grants: Vec<Offered>,
    /// The short form of one grant: a role.
    role: Option<String>,
    /// `kind:key` each, for `role`.
    resources: Option<Vec<String>>,
    /// Keys of sites to which she gets access besides.
    sites: Option<Vec<String>>,
}

/// A role that waits.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfferedGrant)]
pub struct Offered {
    /// The role's key.
    role: String,
    /// `kind:key` each; the whole organization unless said.
    #[serde(default)]
    resources: Vec<String>,
}

/// An invite.
#[derive(Serialize, ToSchema)]
pub struct Invite {
    id: String,
    organization_id: String,
    /// The user that it made; `null` for a partner.
    user_id: Option<String>,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    description: Option<String>,
    /// `member` or `partner`.
    class: &'static str,
    grants: Vec<Offered>,
    /// `sso`, `password`, or `null`: as she likes.
    login_type: Option<&'static str>,
    /// The language of the mail.
    language: &'static str,
    /// `pending`, `expired`, `accepted`, `revoked` or `superseded`.
    status: &'static str,
    delivery: Delivery,
    invited_by: By,
    created_at: String,
    /// When it was sent last.
    sent_at: String,
    expires_at: String,
    accepted_at: Option<String>,
}

/// How far the mail has come.
#[derive(Serialize, ToSchema)]
#[schema(as = InviteDelivery)]
pub struct Delivery {
    /// `queued`, `sent` or `failed`.
    state: &'static str,
    /// What kept it back.
    error: Option<String>,
}

/// Who invited.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitedBy)]
pub struct By {
    kind: String,
    id: Option<String>,
}

/// Which of the operator's people is meant.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConfirmedPartner)]
pub struct Confirmed {
    /// One of the operator's people.
    user_id: String,
}

/// `?status=`
#[derive(Deserialize)]
struct Asked {
    status: Option<String>,
}

impl New {
    /// The grants in their long form.
    fn into_flow(self) -> flow::invite::New {
        let mut grants: Vec<flow::grant::New> = self.grants.into_iter().map(Into::into).collect();
        let resources = self.resources.unwrap_or_default();
        let sites: Vec<String> =
            self.sites.unwrap_or_default().iter().map(|key| format!("{SITE}:{key}")).collect();
        grants.extend(short(self.role, resources, sites));
        flow::invite::New {
            email: self.email.trim().to_owned(),
            first_name: self.first_name,
            last_name: self.last_name,
            description: self.description,
            class: self.class,
            login_type: self.login_type,
            language: self.language,
            grants,
            imported: false,
        }
    }
}

/// What the short form gives: a role on resources, and access to sites.
pub fn short(
    role: Option<String>,
    resources: Vec<String>,
    sites: Vec<String>,
) -> Vec<flow::grant::New> {
    let new = |role, resources| flow::grant::New { role, resources, expires_at: None };
    let mut grants = Vec::new();
    if role.is_some() || !resources.is_empty() {
        grants.push(new(role.unwrap_or_default(), resources));
    }
    if !sites.is_empty() {
        grants.push(new(SITE_ACCESS.to_owned(), sites));
    }
    grants
}

impl From<Offered> for flow::grant::New {
    fn from(offered: Offered) -> Self {
        Self { role: offered.role, resources: offered.resources, expires_at: None }
    }
}

impl Invite {
    pub(super) fn of(organization: OrganizationId, from: domain::Invite, now: Timestamp) -> Self {
        let offered = |one: domain::Offered| Offered { role: one.role, resources: one.resources };
        Self {
            id: from.id.to_string(),
            organization_id: organization.to_string(),
            user_id: from.user.map(|id| id.to_string()),
            class: from.class.as_str(),
            login_type: from.login_type.map(LoginType::key),
            language: from.language.as_str(),
            status: from.status(now),
            delivery: Delivery { state: from.delivery.as_str(), error: from.delivery_error },
            invited_by: By { kind: from.invited_by.kind, id: from.invited_by.id },
            grants: from.grants.into_iter().map(offered).collect(),
            email: from.email,
            first_name: from.first_name,
            last_name: from.last_name,
            description: from.description,
            created_at: from.created_at.to_string(),
            sent_at: from.sent_at.to_string(),
            expires_at: from.expires_at.to_string(),
            accepted_at: from.accepted_at.map(|at| at.to_string()),
        }
    }
}

fn shown(app: &App, organization: OrganizationId, invite: domain::Invite) -> Response {
    let now = app.runner.clock.now();
    (StatusCode::OK, Json(Invite::of(organization, invite, now))).into_response()
}

/// `POST /organizations/{org}/invites`
async fn send(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let organization = caller.organization()?;
    let new = new.into_flow();
    permit::invite(&app, &caller, organization, &new.grants).await?;
    let sent = app
        .runner
        .write(caller.actor, organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::invite::create(work, &new).await })
        })
        .await?;
    Ok(created(Invite::of(organization, sent, app.runner.clock.now())))
}

/// `GET /organizations/{org}/invites`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
    paging: Paging,
) -> Answer<Json<Page<Invite>>> {
    let organization = caller.organization()?;
    let status = asked.status.unwrap_or_default();
    if !status.is_empty() && !STATUSES.contains(&status.as_str()) {
        let detail = format!("status is one of: {}.", STATUSES.join(", "));
        return Err(Problem::new(Code::Malformed, detail).into());
    }
    let (now, scope) = (app.runner.clock.now(), &mut app.runner.read(organization));
    let after = (paging.after.0, InviteId(paging.after.1));
    let found = store::invite_list::page(scope, (&status, now), after, paging.limit + 1).await?;
    let next = |one: &domain::Invite| cursor(one.created_at, one.id.0);
    let show = |one| Invite::of(organization, one, now);
    Ok(Json(Page::map(found, paging.limit, next, show)))
}

/// `GET /invites/{id}`
async fn read(State(app): State<App>, caller: Caller, Path(id): Path<InviteId>) -> Answer {
    let organization = caller.organization()?;
    let found = load(&app, organization, id).await?;
    Ok(shown(&app, organization, found))
}

async fn load(
    app: &App,
    organization: OrganizationId,
    id: InviteId,
) -> Result<domain::Invite, Problem> {
    let found = store::invite::by_id(&mut app.runner.read(organization), id).await?;
    found.ok_or_else(|| Problem::not_found("invite"))
}

/// The grants of an invite, for whoever asks whether they may be given.
fn grants(invite: &domain::Invite) -> Vec<flow::grant::New> {
    let one = |offered: &domain::Offered| flow::grant::New {
        role: offered.role.clone(),
        resources: offered.resources.clone(),
        expires_at: None,
    };
    invite.grants.iter().map(one).collect()
}

/// `DELETE /invites/{id}`
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<InviteId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    let found = load(&app, organization, id).await?;
    permit::invite(&app, &caller, organization, &grants(&found)).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::invite::revoke(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /invites/{id}/resend`
async fn resend(State(app): State<App>, caller: Caller, Path(id): Path<InviteId>) -> Answer {
    let organization = caller.organization()?;
    let found = load(&app, organization, id).await?;
    permit::invite(&app, &caller, organization, &grants(&found)).await?;
    let sent = app
        .runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::invite::resend(work, id).await })
        })
        .await?;
    Ok(shown(&app, organization, sent))
}

/// `POST /invites/{id}/confirm`
async fn confirm(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<InviteId>, axum::extract::rejection::PathRejection>,
    Body(sent): Body<Confirmed>,
) -> Answer {
    let unknown = || Problem::not_found("invite");
    let Path(id) = id.map_err(|_| unknown())?;
    let noun = store::owner::Owned::Invite;
    let owner = store::owner::of(&mut app.runner.db.conn(), noun, id.0).await?;
    let organization = owner.ok_or_else(unknown)?;
    let user = UserId::parse(&sent.user_id);
    let user = user.map_err(|_| Problem::invalid("/user_id", "value", "This is not an id."))?;
    let confirmed = app
        .runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::invite::confirm(work, id, user).await })
        })
        .await?;
    Ok(shown(&app, organization, confirmed))
}
