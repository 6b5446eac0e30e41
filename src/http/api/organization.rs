//! Organizations: make, read, list, change.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::id::OrganizationId;
use crate::domain::organization as domain;
use crate::flow::problem::{Code, Problem};
use crate::flow::{self};
use crate::http::answer::{Answer, Page, versioned};
use crate::http::extract::{Body, IfMatch, Paging, cursor};
use crate::http::guard::Caller;
use crate::store;

/// A new organization.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrganization)]
pub struct New {
    /// Its name as people write it, 1 to 200 characters.
    name: String,
    /// Its short name in URLs: 1 to 63 of `a-z 0-9 -`.
    slug: String,
    /// `customer` (unless said). The one organization of kind `operator` is made at first start.
    kind: Option<String>,
    /// The platform's own id for it.
    external_ref: Option<String>,
    /// Mail addresses that are written to when something ends or fails.
    technical_contacts: Option<Vec<String>>,
}

/// A change as a JSON Merge Patch: what is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrganizationChange)]
pub struct Change {
    /// Its name as people write it.
    name: Option<String>,
    /// `active` or `suspended`.
    status: Option<String>,
    /// A session ends after this long without a request, in seconds.
    session_idle_s: Option<i64>,
    /// A session ends after this long, in seconds.
    session_max_s: Option<i64>,
    /// Claims of the last sign-in count this long, in seconds.
    claims_max_age_s: Option<i64>,
}

/// An organization.
#[derive(Serialize, ToSchema)]
pub struct Organization {
    id: String,
    name: String,
    slug: String,
    kind: &'static str,
    external_ref: Option<String>,
    status: &'static str,
    session_idle_s: i64,
    session_max_s: i64,
    claims_max_age_s: i64,
    technical_contacts: Vec<String>,
    created_at: String,
    updated_at: String,
}

impl From<domain::Organization> for Organization {
    fn from(from: domain::Organization) -> Self {
        Self {
            id: from.id.to_string(),
            name: from.name,
            slug: from.slug.as_str().to_owned(),
            kind: from.kind.as_str(),
            external_ref: from.external_ref,
            status: from.status.as_str(),
            session_idle_s: from.settings.session_idle_s,
            session_max_s: from.settings.session_max_s,
            claims_max_age_s: from.settings.claims_max_age_s,
            technical_contacts: from.settings.technical_contacts,
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
        }
    }
}

/// `POST /organizations`
pub async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    if new.kind.as_deref().is_some_and(|kind| kind != "customer") {
        return Err(Problem::invalid("/kind", "kind", "Only `customer` can be made.").into());
    }
    let new = flow::organization::New {
        name: new.name,
        slug: new.slug,
        kind: domain::Kind::Customer,
        external_ref: new.external_ref,
        settings: domain::Settings {
            technical_contacts: new.technical_contacts.unwrap_or_default(),
            ..domain::Settings::default()
        },
    };
    let made = app
        .runner
        .write(caller.actor, app.runner.id(), move |work| {
            let new = new.clone();
            Box::pin(async move { flow::organization::create(work, &new).await })
        })
        .await?;
    Ok(versioned(StatusCode::CREATED, made.version, Organization::from(made)))
}

/// `GET /organizations`
pub async fn list(State(app): State<App>, paging: Paging) -> Answer<Json<Page<Organization>>> {
    let after = (paging.after.0, OrganizationId(paging.after.1));
    let found =
        store::organization::page(&mut app.runner.db.conn(), after, paging.limit + 1).await?;
    Ok(Json(Page::of(found, paging.limit, |item| cursor(item.created_at, item.id.0))))
}

/// `GET /organizations/{org}`
pub async fn read(State(app): State<App>, caller: Caller) -> Answer {
    let found = by_id(&app, caller.organization()?).await?;
    Ok(versioned(StatusCode::OK, found.version, Organization::from(found)))
}

/// `PATCH /organizations/{org}`
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    condition: IfMatch,
    Body(change): Body<Change>,
) -> Answer<Response> {
    let organization = caller.organization()?;
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (change, condition) = (change.clone(), condition.clone());
            Box::pin(async move {
                let found = store::organization::by_id(&mut work.conn(), organization).await?;
                let found = found.ok_or_else(|| Problem::not_found("organization"))?;
                if !condition.holds(found.version) {
                    return Err(Problem::stale());
                }
                flow::organization::save(work, change.over(found)?).await
            })
        })
        .await?;
    Ok(versioned(StatusCode::OK, saved.version, Organization::from(saved)))
}

impl Change {
    fn over(self, mut found: domain::Organization) -> Result<domain::Organization, Problem> {
        found.name = self.name.unwrap_or(found.name);
        if let Some(status) = self.status {
            found.status = domain::Status::parse(&status).ok_or_else(|| {
                Problem::invalid("/status", "value", "status is `active` or `suspended`.")
            })?;
        }
        found.settings.session_idle_s =
            self.session_idle_s.unwrap_or(found.settings.session_idle_s);
        found.settings.session_max_s = self.session_max_s.unwrap_or(found.settings.session_max_s);
        found.settings.claims_max_age_s =
            self.claims_max_age_s.unwrap_or(found.settings.claims_max_age_s);
        Ok(found)
    }
}

async fn by_id(app: &App, id: OrganizationId) -> Result<domain::Organization, Problem> {
    store::organization::by_id(&mut app.runner.db.conn(), id)
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound, "There is no such organization here."))
}
