//! The registry of resources: put, put many, read, list, remove.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::id::{OrganizationId, ResourceId};
use crate::domain::platform::Definition;
use crate::domain::resource::fold;
use crate::flow;
use crate::flow::problem::Problem;
use crate::flow::resource::{Done, Draft};
use crate::http::answer::{Answer, Page, versioned};
use crate::http::extract::{Body, IfMatch, Paging, Params, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Post, Put};
use crate::http::route::{AFTER, Doc, LIMIT, Needs, Of, Route, page, schema};
use crate::store;
use crate::store::resource::Resource as Kept;

const VIEW: Needs = Needs::Action("resources.view", Of::Organization);
const MANAGE: Needs = Needs::Action("resources.manage", Of::Organization);
const ONE: &str = "/organizations/{org}/resources/{kind}/{key}";

/// Routes of resources.
pub const ROUTES: &[Route] = &[
    Route::new(
        Put,
        ONE,
        MANAGE,
        || put(write),
        Doc::of("Makes a resource (201), or changes it to be as sent (200).")
            .body(schema::<Sent>)
            .answer(200, schema::<Resource>),
    ),
    Route::new(
        Get,
        ONE,
        VIEW,
        || get(read),
        Doc::of("Reads a resource.").answer(200, schema::<Resource>),
    ),
    Route::new(
        Delete,
        ONE,
        MANAGE,
        || delete(remove),
        Doc::of("Removes a resource.")
            .query(&[("cascade", "`true`: with all that lies in it and the grants on that.")])
            .nothing(),
    ),
    Route::new(
        Get,
        "/organizations/{org}/resources",
        VIEW,
        || get(list),
        Doc::of("Lists resources in order of creation.")
            .query(&[("kind", "Of this kind alone."), LIMIT, AFTER])
            .answer(200, page::<Resource>),
    ),
    Route::new(
        Post,
        "/organizations/{org}/resources/batch",
        MANAGE,
        || post(write_all),
        Doc::of("Puts up to 1,000 resources, all or none; parents may stand anywhere among them.")
            .body(schema::<Batch>)
            .answer(200, schema::<Written>),
    ),
];

/// A resource to put; what is left out is cleared.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResourceSent)]
pub struct Sent {
    /// Its name for people, 1 to 200 characters.
    name: String,
    /// What it lies in: `kind:key`.
    parent: Option<String>,
    /// One of the kind's statuses.
    status: Option<String>,
    /// Where it is, in words.
    location: Option<String>,
    /// The extra columns of its kind, at most 50: texts, numbers and truth values.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    /// Where the platform shows it; unless said, made from the kind's template.
    url: Option<String>,
}

/// Resources to put.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResourceBatch)]
pub struct Batch {
    /// 1 to 1,000.
    resources: Vec<Item>,
}

/// A resource of a batch.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResourceBatchItem)]
pub struct Item {
    /// The key of its kind.
    kind: String,
    /// Its key: 1 to 128 of `A-Z a-z 0-9 . _ - ~ @`.
    key: String,
    /// Its name for people.
    name: String,
    /// What it lies in: `kind:key`.
    parent: Option<String>,
    /// One of the kind's statuses.
    status: Option<String>,
    /// Where it is, in words.
    location: Option<String>,
    /// The extra columns of its kind.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    /// Where the platform shows it.
    url: Option<String>,
}

/// A resource.
#[derive(Serialize, ToSchema)]
pub struct Resource {
    /// `kind:key`, by which grants and rules name it.
    resource: String,
    kind: String,
    key: String,
    name: String,
    parent: Option<String>,
    status: Option<String>,
    location: Option<String>,
    #[schema(value_type = Object)]
    attributes: Value,
    url: Option<String>,
    created_at: String,
    updated_at: String,
}

/// What a batch did.
#[derive(Serialize, ToSchema)]
#[schema(as = ResourceBatchWritten)]
pub struct Written {
    /// The resources in the order in which they were sent.
    data: Vec<Resource>,
    created: usize,
    updated: usize,
    unchanged: usize,
}

/// `?kind=`
#[derive(Deserialize)]
struct Filter {
    kind: Option<String>,
}

/// `?cascade=`
#[derive(Deserialize)]
struct Removal {
    #[serde(default)]
    cascade: bool,
}

impl Sent {
    fn draft(self, kind: String, key: String) -> Draft {
        let Self { name, parent, status, location, attributes, url } = self;
        Draft { kind, key, name, parent, status, location, attributes, url }
    }
}

impl From<Item> for Draft {
    fn from(item: Item) -> Self {
        let Item { kind, key, name, parent, status, location, attributes, url } = item;
        Self { kind, key, name, parent, status, location, attributes, url }
    }
}

/// Shows resources, each parent under its key as it was sent.
struct Shown {
    parents: HashMap<(String, String), String>,
}

impl Shown {
    /// Looks the parents of these resources up, each once.
    async fn of(app: &App, organization: OrganizationId, of: &[Kept]) -> Result<Self, Problem> {
        let mut parents = HashMap::new();
        for (kind, folded) in of.iter().filter_map(|resource| resource.parent.clone()) {
            if parents.contains_key(&(kind.clone(), folded.clone())) {
                continue;
            }
            let scope = &mut app.runner.read(organization);
            if let Some(place) = store::resource::place(scope, &kind, &folded).await? {
                parents.insert((kind, folded), place.key);
            }
        }
        Ok(Self { parents })
    }

    fn show(&self, platform: &Definition, kept: Kept) -> Resource {
        let parent = kept.parent.map(|(kind, folded)| {
            let sent = self.parents.get(&(kind.clone(), folded.clone()));
            format!("{kind}:{}", sent.unwrap_or(&folded))
        });
        Resource {
            resource: format!("{}:{}", kept.kind, kept.key),
            url: kept.url.or_else(|| url(platform, &kept.kind, &kept.key)),
            kind: kept.kind,
            key: kept.key,
            name: kept.name,
            parent,
            status: kept.status,
            location: kept.location,
            attributes: serde_json::from_str(&kept.attributes).unwrap_or_default(),
            created_at: kept.created_at.to_string(),
            updated_at: kept.updated_at.to_string(),
        }
    }
}

/// Where the platform shows a resource, by the template of its kind.
fn url(platform: &Definition, kind: &str, key: &str) -> Option<String> {
    let kind = platform.kind(platform.kind_index(kind)?)?;
    // The letters of a key need no escape in a URL.
    kind.url.as_ref().map(|template| template.replace("{key}", key))
}

/// Resources as they are shown.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn shown(
    app: &App,
    organization: OrganizationId,
    kept: Vec<Kept>,
) -> Result<Vec<Resource>, Problem> {
    let shown = Shown::of(app, organization, &kept).await?;
    Ok(kept.into_iter().map(|kept| shown.show(&app.runner.platform, kept)).collect())
}

async fn show(app: &App, organization: OrganizationId, kept: Kept) -> Result<Resource, Problem> {
    let shown = Shown::of(app, organization, std::slice::from_ref(&kept)).await?;
    Ok(shown.show(&app.runner.platform, kept))
}

/// `PUT /organizations/{org}/resources/{kind}/{key}`
async fn write(
    State(app): State<App>,
    caller: Caller,
    Path((_, kind, key)): Path<(String, String, String)>,
    IfMatch(condition): IfMatch,
    Body(sent): Body<Sent>,
) -> Answer {
    let organization = caller.organization()?;
    let draft = sent.draft(kind, key);
    let (kept, done) = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (draft, condition) = (draft.clone(), condition.clone());
            Box::pin(async move { flow::resource::put(work, &draft, &condition).await })
        })
        .await?;
    let status = if done == Done::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(versioned(status, kept.version, show(&app, organization, kept).await?))
}

/// `POST /organizations/{org}/resources/batch`
async fn write_all(
    State(app): State<App>,
    caller: Caller,
    Body(batch): Body<Batch>,
) -> Answer<Json<Written>> {
    let organization = caller.organization()?;
    let drafts: Vec<Draft> = batch.resources.into_iter().map(Draft::from).collect();
    let written = app
        .runner
        .write(caller.actor, organization, move |work| {
            let drafts = drafts.clone();
            Box::pin(async move { flow::resource::put_all(work, &drafts).await })
        })
        .await?;
    let count = |what| written.iter().filter(|(_, done)| *done == what).count();
    let (created, updated) = (count(Done::Created), count(Done::Updated));
    let unchanged = count(Done::Unchanged);
    let kept: Vec<Kept> = written.into_iter().map(|(kept, _)| kept).collect();
    let shown = Shown::of(&app, organization, &kept).await?;
    let data = kept.into_iter().map(|kept| shown.show(&app.runner.platform, kept)).collect();
    Ok(Json(Written { data, created, updated, unchanged }))
}

/// `GET /organizations/{org}/resources/{kind}/{key}`
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path((_, kind, key)): Path<(String, String, String)>,
) -> Answer {
    let organization = caller.organization()?;
    let scope = &mut app.runner.read(organization);
    let found = store::resource::by_key(scope, &kind, &fold(&key)).await?;
    let found = found.ok_or_else(|| Problem::not_found("resource"))?;
    Ok(versioned(StatusCode::OK, found.version, show(&app, organization, found).await?))
}

/// `GET /organizations/{org}/resources`
async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
    Params(filter): Params<Filter>,
) -> Answer<Json<Page<Resource>>> {
    let organization = caller.organization()?;
    let after = (paging.after.0, ResourceId(paging.after.1));
    let scope = &mut app.runner.read(organization);
    let kind = filter.kind.as_deref();
    let found = store::resource::page(scope, kind, after, paging.limit + 1).await?;
    let shown = Shown::of(&app, organization, &found).await?;
    let next = |item: &Kept| cursor(item.created_at, item.id.0);
    let show = |kept| shown.show(&app.runner.platform, kept);
    Ok(Json(Page::map(found, paging.limit, next, show)))
}

/// `DELETE /organizations/{org}/resources/{kind}/{key}`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((_, kind, key)): Path<(String, String, String)>,
    IfMatch(condition): IfMatch,
    Params(removal): Params<Removal>,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    app.runner
        .write(caller.actor, organization, move |work| {
            let (kind, key, condition) = (kind.clone(), key.clone(), condition.clone());
            Box::pin(async move {
                let place = (kind.as_str(), key.as_str());
                flow::resource::delete(work, place, removal.cascade, &condition).await
            })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
