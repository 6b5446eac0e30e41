//! Organizations: make, read, list, change, delete.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::id::OrganizationId;
use crate::domain::organization as domain;
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::answer::{Answer, Page, versioned};
use crate::http::extract::{Body, IfMatch, Paging, Params, clearable, cursor, kept};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::store;

const EDIT: Needs = Needs::Action("organization.edit", Of::Organization);

/// Routes of organizations.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations",
        Needs::Operator,
        || post(create),
        Doc::of("Makes an organization.").body(schema::<New>).answer(201, schema::<Organization>),
    ),
    Route::new(
        Get,
        "/organizations",
        Needs::Operator,
        || get(list),
        Doc::of("Lists organizations in order of creation.")
            .query(PAGED)
            .answer(200, page::<Organization>),
    ),
    Route::new(
        Get,
        "/organizations/{org}",
        EDIT,
        || get(read),
        Doc::of("Reads an organization.").answer(200, schema::<Organization>),
    ),
    Route::new(
        Patch,
        "/organizations/{org}",
        EDIT,
        || patch(change),
        Doc::of("Changes an organization.")
            .body(schema::<Change>)
            .answer(200, schema::<Organization>),
    ),
    Route::new(
        Delete,
        "/organizations/{org}",
        EDIT,
        || delete(remove),
        Doc::of("Suspends an organization at once and purges it after 30 days.")
            .query(&[("confirm", "The organization's slug.")])
            .nothing(),
    ),
];

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
    #[serde(default, deserialize_with = "kept")]
    name: Option<String>,
    /// The platform's own id for it; `null` clears it.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    external_ref: Option<Option<String>>,
    /// `active` or `suspended`; the operator alone may change it. `active` brings a deleted one
    /// back.
    #[serde(default, deserialize_with = "kept")]
    status: Option<String>,
    /// A session ends after this long without a request, in seconds: 60 to 2,592,000.
    #[serde(default, deserialize_with = "kept")]
    session_idle_s: Option<i64>,
    /// A session ends after this long, in seconds: 300 to 7,776,000.
    #[serde(default, deserialize_with = "kept")]
    session_max_s: Option<i64>,
    /// Claims of the last sign-in count this long, in seconds: 3,600 to 31,622,400.
    #[serde(default, deserialize_with = "kept")]
    claims_max_age_s: Option<i64>,
    /// Mail addresses that are written to when something ends or fails, at most 20.
    #[serde(default, deserialize_with = "kept")]
    technical_contacts: Option<Vec<String>>,
    /// The language of mail: `en`, `fr`, `de` or `es`.
    #[serde(default, deserialize_with = "kept")]
    language: Option<String>,
    /// Whether people sign in by a connection alone; break-glass users still use their passwords.
    #[serde(default, deserialize_with = "kept")]
    require_sso: Option<bool>,
    /// Whether an address in a verified domain links a user of the organization itself at her first
    /// sign-in without further proof; never holders of roles that must keep a holder.
    #[serde(default, deserialize_with = "kept")]
    silent_link_verified_domains: Option<bool>,
}

/// `?confirm=`
#[derive(Deserialize)]
struct Confirmed {
    confirm: Option<String>,
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
    /// The language of mail: `en`, `fr`, `de` or `es`.
    language: &'static str,
    /// Whether people sign in by a connection alone.
    require_sso: bool,
    silent_link_verified_domains: bool,
    created_at: String,
    updated_at: String,
    /// When it was deleted: it is purged 30 days later.
    deleted_at: Option<String>,
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
            language: from.settings.language.as_str(),
            require_sso: from.settings.require_sso,
            technical_contacts: from.settings.technical_contacts,
            silent_link_verified_domains: from.settings.silent_link_verified_domains,
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
            deleted_at: from.deleted_at.map(|at| at.to_string()),
        }
    }
}

/// `POST /organizations`
async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
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
async fn list(State(app): State<App>, paging: Paging) -> Answer<Json<Page<Organization>>> {
    let after = (paging.after.0, OrganizationId(paging.after.1));
    let found =
        store::organization::page(&mut app.runner.db.conn(), after, paging.limit + 1).await?;
    Ok(Json(Page::of(found, paging.limit, |item| cursor(item.created_at, item.id.0))))
}

/// `GET /organizations/{org}`
async fn read(State(app): State<App>, caller: Caller) -> Answer {
    let id = caller.organization()?;
    let found = store::organization::by_id(&mut app.runner.db.conn(), id).await?;
    let found = found.ok_or_else(|| Problem::not_found("organization"))?;
    Ok(versioned(StatusCode::OK, found.version, Organization::from(found)))
}

/// `PATCH /organizations/{org}`
async fn change(
    State(app): State<App>,
    caller: Caller,
    IfMatch(condition): IfMatch,
    Body(sent): Body<Change>,
) -> Answer {
    let organization = caller.organization()?;
    let patch = flow::organization::Patch {
        name: sent.name,
        external_ref: sent.external_ref,
        status: sent.status,
        session_idle_s: sent.session_idle_s,
        session_max_s: sent.session_max_s,
        claims_max_age_s: sent.claims_max_age_s,
        technical_contacts: sent.technical_contacts,
        language: sent.language,
        require_sso: sent.require_sso,
        silent_link_verified_domains: sent.silent_link_verified_domains,
    };
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (patch, condition) = (patch.clone(), condition.clone());
            Box::pin(async move { flow::organization::change(work, &condition, &patch).await })
        })
        .await?;
    Ok(versioned(StatusCode::OK, saved.version, Organization::from(saved)))
}

/// `DELETE /organizations/{org}?confirm=<slug>`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Params(sent): Params<Confirmed>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            let confirm = sent.confirm.clone().unwrap_or_default();
            Box::pin(async move { flow::organization::delete(work, &confirm).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
