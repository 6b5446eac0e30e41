//! What users may do and why: their access, and grants by hand.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permit;
use crate::app::App;
use crate::domain::access::decision::Question;
use crate::domain::access::grant::Source;
use crate::domain::id::{GrantId, OrganizationId, UserId};
use crate::domain::resource::ResourceRef;
use crate::flow;
use crate::flow::access::live::{Explained, Given};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, Page, created};
use crate::http::extract::{Body, Params};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Post};
use crate::http::route::{Doc, Needs, Of, Route, page, schema};
use crate::store;
use crate::store::grant::Grant as Kept;

/// Routes of access and grants.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/users/{id}/access",
        Needs::Action("access.explain", Of::User),
        || get(read),
        Doc::of("Shows what a user holds and why, and explains one decision.")
            .query(&[
                ("permission", "Explain this permission ..."),
                ("resource", "... on this resource: `kind:key`."),
            ])
            .answer(200, schema::<Access>),
    ),
    Route::new(
        Post,
        "/users/{id}/grants",
        Needs::Action("grants.edit", Of::User),
        || post(give),
        Doc::of("Gives a role to a user.").body(schema::<NewGrant>).answer(201, page::<Grant>),
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
    /// The user's home organization: no other is offered yet.
    organization: Option<String>,
}

/// What a user may do and why.
#[derive(Serialize, ToSchema)]
pub struct Access {
    user_id: String,
    /// In the order in which they were given, ended ones too.
    grants: Vec<Grant>,
    unresolved: Vec<Unresolved>,
    /// When a permission was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
}

/// A user's role, how far it reaches and where it comes from.
#[derive(Serialize, ToSchema)]
pub struct Grant {
    id: String,
    organization_id: String,
    role: String,
    /// `kind:key`, `kind:prefix*`, or `null` for the whole organization.
    resource: Option<String>,
    /// `rule`, `invite`, `manual`, `billing`, `api`, `guest` or `sso`.
    source: &'static str,
    source_id: Option<String>,
    source_name: Option<String>,
    why: Option<Why>,
    expires_at: Option<String>,
    created_at: String,
}

/// Which rule gave a grant, and by which facts.
#[derive(Serialize, ToSchema)]
#[schema(as = GrantWhy)]
pub struct Why {
    /// The rule's name.
    rule: Option<String>,
    matched: Vec<Matched>,
}

/// A fact that made a rule match.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchedFact)]
pub struct Matched {
    attribute: String,
    value: String,
}

/// A resource that a rule named and nobody registered.
#[derive(Serialize, ToSchema)]
pub struct Unresolved {
    /// The rule's id.
    rule: String,
    resource: String,
    /// The nearest registered resource of the kind.
    nearest: Option<String>,
}

/// A decision and why.
#[derive(Serialize, ToSchema)]
pub struct Decision {
    decision: bool,
    /// A stable code: `held`, `no-grant`, ...
    reason: &'static str,
    /// The number of the first condition that failed.
    condition: Option<u8>,
    detail: String,
    access_version: i64,
    grants: Vec<GivenRole>,
    /// When not covered: live grants that have the permission elsewhere.
    elsewhere: Vec<GivenRole>,
}

/// A grant that gave a decision.
#[derive(Serialize, ToSchema)]
pub struct GivenRole {
    id: String,
    role: String,
    resource: Option<String>,
    source: &'static str,
    source_name: Option<String>,
}

/// `?permission=&resource=`
#[derive(Deserialize)]
struct Asked {
    permission: Option<String>,
    resource: Option<String>,
}

impl From<NewGrant> for flow::grant::New {
    fn from(new: NewGrant) -> Self {
        let resources = new.resources.unwrap_or_default();
        Self { role: new.role, resources, expires_at: new.expires_at }
    }
}

impl From<Given> for GivenRole {
    fn from(from: Given) -> Self {
        let Given { id, role, resource, source, source_name } = from;
        Self { id: id.to_string(), role, resource, source: source.key(), source_name }
    }
}

impl From<Explained> for Decision {
    fn from(from: Explained) -> Self {
        let roles = |given: Vec<Given>| given.into_iter().map(GivenRole::from).collect();
        Self {
            decision: from.answer.allowed,
            reason: from.answer.reason.code(),
            condition: from.condition,
            detail: from.words,
            access_version: from.answer.version,
            grants: roles(from.answer.grants),
            elsewhere: roles(from.elsewhere),
        }
    }
}

impl Grant {
    fn of(organization: OrganizationId, from: Kept, source_name: Option<String>) -> Self {
        let matched = from.why.into_iter();
        let matched = matched.map(|one| Matched { attribute: one.attribute, value: one.value });
        let why = (from.source == Source::Rule)
            .then(|| Why { rule: source_name.clone(), matched: matched.collect() });
        Self {
            id: from.id.to_string(),
            organization_id: organization.to_string(),
            role: from.role,
            resource: from.reach.resource(),
            source: from.source.key(),
            source_id: Some(from.source_id).filter(|id| !id.is_empty()),
            source_name,
            why,
            expires_at: from.expires_at.map(|at| at.to_string()),
            created_at: from.created_at.to_string(),
        }
    }
}

/// `GET /users/{id}/access`
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    Params(asked): Params<Asked>,
) -> Answer<Json<Access>> {
    let organization = caller.organization()?;
    let kept = store::grant::of_user(&mut app.runner.read(organization), id).await?;
    let grants = shown(&app, organization, kept).await?;
    let unresolved = unresolved(&app, organization, id).await?;
    let decision = decision(&app, organization, id, &asked).await?;
    Ok(Json(Access { user_id: id.to_string(), grants, unresolved, decision }))
}

/// Grants with the names of their sources.
async fn shown(
    app: &App,
    organization: OrganizationId,
    kept: Vec<Kept>,
) -> Result<Vec<Grant>, Problem> {
    let scope = &mut app.runner.read(organization);
    let rules = store::rule::all(scope).await?;
    let mut shown = Vec::with_capacity(kept.len());
    for grant in kept {
        let name = match grant.source {
            Source::Rule => {
                let rule = rules.iter().find(|rule| rule.id.to_string() == grant.source_id);
                rule.map(|rule| rule.name.clone())
            }
            Source::Manual => match UserId::parse(&grant.source_id) {
                Ok(giver) => {
                    let giver = store::user::by_id(scope, giver).await?;
                    giver.map(|giver| giver.shown().to_owned())
                }
                Err(_) => None,
            },
            _ => None,
        };
        shown.push(Grant::of(organization, grant, name));
    }
    Ok(shown)
}

async fn unresolved(
    app: &App,
    organization: OrganizationId,
    user: UserId,
) -> Result<Vec<Unresolved>, Problem> {
    let rows = store::unresolved::of_user(&mut app.runner.read(organization), user).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    app.live
        .ask(organization, &[], |snapshot, _| {
            let nearest = |kind: &str, key: &str| {
                let snapshot = snapshot?;
                let key = snapshot.resources().nearest(snapshot.definition(), kind, key)?;
                Some(format!("{kind}:{key}"))
            };
            rows.into_iter()
                .map(|row| Unresolved {
                    rule: row.rule_id.to_string(),
                    nearest: nearest(&row.resource_kind, &row.resource_key),
                    resource: row.resource,
                })
                .collect()
        })
        .await
}

async fn decision(
    app: &App,
    organization: OrganizationId,
    user: UserId,
    asked: &Asked,
) -> Result<Option<Decision>, Problem> {
    let Some(permission) = asked.permission.as_deref() else { return Ok(None) };
    let resource = match asked.resource.as_deref() {
        None => None,
        Some(text) => Some(
            ResourceRef::parse(text)
                .map_err(|error| Problem::new(Code::Malformed, format!("resource {error}.")))?,
        ),
    };
    let resource = resource.as_ref().map(|resource| (resource.kind(), resource.key()));
    let question = Question { user, permission, resource, at: app.runner.clock.now() };
    let explained = app.live.explain(organization, &question).await?;
    Ok(Some(Decision::from(explained)))
}

/// `POST /users/{id}/grants`
async fn give(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    Body(new): Body<NewGrant>,
) -> Answer {
    let organization = caller.organization()?;
    if new.organization.as_ref().is_some_and(|other| *other != organization.to_string()) {
        let detail = "Grants in another organization than her home are not offered yet.";
        return Err(Problem::invalid("/organization", "not-offered", detail).into());
    }
    let new = flow::grant::New::from(new);
    permit::give(&app, &caller, organization, &new).await?;
    let given = app
        .runner
        .write(caller.actor, organization, move |work| {
            let new = new.clone();
            Box::pin(async move { flow::grant::give(work, id, &new).await })
        })
        .await?;
    Ok(created(Page::whole(shown(&app, organization, given).await?)))
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
    // Everybody may take away what the platform has forgotten.
    if let Some(role) = app.live.roles(organization).await?.index(&found.role) {
        permit::assign(&app, &caller, organization, &[(role, found.reach)]).await?;
    }
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::grant::take(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
