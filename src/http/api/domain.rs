//! E-mail domains: claim, list, give up.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::domain_name as domain;
use crate::domain::id::DomainId;
use crate::flow;
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, Page, created};
use crate::http::extract::{Body, Paging, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::store;

const IN_ORGANIZATION: Needs = Needs::Action("domains.manage", Of::Organization);

/// Routes of domains.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/domains",
        IN_ORGANIZATION,
        || post(create),
        Doc::of("Claims an e-mail domain.").body(schema::<New>).answer(201, schema::<Domain>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/domains",
        IN_ORGANIZATION,
        || get(list),
        Doc::of("Lists domains in order of their claim.").query(PAGED).answer(200, page::<Domain>),
    ),
    Route::new(
        Post,
        "/domains/{id}/verify",
        Needs::Action("domains.manage", Of::Domain),
        || post(verify),
        Doc::of("Looks for the TXT record of a domain now.").answer(200, schema::<Looked>),
    ),
    Route::new(
        Delete,
        "/domains/{id}",
        Needs::Action("domains.manage", Of::Domain),
        || delete(remove),
        Doc::of("Gives a domain up.").nothing(),
    ),
];

/// A domain to claim.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDomain)]
pub struct New {
    /// Its name, as people write it.
    domain: String,
    /// The operator vouches for the claim; nobody else may say so.
    verified: Option<bool>,
}

/// An e-mail domain of an organization.
#[derive(Serialize, ToSchema)]
pub struct Domain {
    id: String,
    /// Its name in A-labels and lower case.
    domain: String,
    /// `pending` or `verified`.
    state: &'static str,
    /// The name of the TXT record that proves the claim.
    txt_name: String,
    /// The value of the TXT record that proves the claim.
    txt_value: String,
    verified_at: Option<String>,
    /// `dns` or `operator`, once it is verified.
    method: Option<&'static str>,
    /// When the record was looked for last.
    checked_at: Option<String>,
    /// Since when the record of a verified domain is gone: a week later the domain is lost.
    failing_since: Option<String>,
    created_at: String,
}

/// A domain and what a look for its record found.
#[derive(Serialize, ToSchema)]
#[schema(as = LookedAtDomain)]
pub struct Looked {
    #[serde(flatten)]
    domain: Domain,
    /// `there`, `not_there`, or `unknown` when the name servers gave no answer.
    record: &'static str,
}

impl From<domain::Domain> for Domain {
    fn from(from: domain::Domain) -> Self {
        Self {
            id: from.id.to_string(),
            txt_name: from.txt_name(),
            txt_value: from.txt_value(),
            domain: from.name.as_str().to_owned(),
            state: from.state.as_str(),
            verified_at: from.verified_at.map(|at| at.to_string()),
            method: from.method.map(domain::Method::as_str),
            checked_at: from.checked_at.map(|at| at.to_string()),
            failing_since: from.failing_since.map(|at| at.to_string()),
            created_at: from.created_at.to_string(),
        }
    }
}

/// `POST /organizations/{org}/domains`
async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let verified = new.verified.unwrap_or(false);
    if verified && !matches!(caller.actor, Actor::Operator(_)) {
        let detail = "Only the operator may vouch for a domain: leave `verified` out.";
        return Err(Problem::new(Code::Forbidden, detail).into());
    }
    let organization = caller.organization()?;
    let made = app
        .runner
        .write(caller.actor, organization, move |work| {
            let name = new.domain.clone();
            Box::pin(async move { flow::domain::create(work, &name, verified).await })
        })
        .await?;
    Ok(created(Domain::from(made)))
}

/// `GET /organizations/{org}/domains`
async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Answer<Json<Page<Domain>>> {
    let after = (paging.after.0, DomainId(paging.after.1));
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::domain::page(scope, after, paging.limit + 1).await?;
    Ok(Json(Page::of(found, paging.limit, |item| cursor(item.created_at, item.id.0))))
}

/// `POST /domains/{id}/verify`
async fn verify(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DomainId>,
) -> Answer<Json<Looked>> {
    let organization = caller.organization()?;
    let found = store::domain::by_id(&mut app.runner.read(organization), id).await?;
    let found = found.ok_or_else(|| Problem::not_found("domain"))?;
    let record = app.dns.record(&found.txt_name(), &found.txt_value()).await;
    let (domain, _) = app
        .runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::domain::looked(work, id, record).await })
        })
        .await?;
    Ok(Json(Looked { domain: domain.into(), record: record.as_str() }))
}

/// `DELETE /domains/{id}`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DomainId>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            Box::pin(async move { flow::domain::delete(work, id).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
