//! Mapping rules: make, read, list, change, delete, and how far they are applied.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::permit;
use crate::app::App;
use crate::domain::id::RuleId;
use crate::domain::mapping::{EachDraft, RuleDraft};
use crate::domain::time::Timestamp;
use crate::flow;
use crate::flow::problem::Problem;
use crate::http::answer::{Answer, Page, versioned};
use crate::http::extract::{Body, IfMatch, Paging, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::{Delete, Get, Patch, Post};
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page, schema};
use crate::store;
use crate::store::rule::Rule as Kept;

const IN_ORGANIZATION: Needs = Needs::Action("mapping_rules.manage", Of::Organization);
const OF_ITSELF: Needs = Needs::Action("mapping_rules.manage", Of::MappingRule);

/// Routes of mapping rules.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/mapping-rules",
        IN_ORGANIZATION,
        || post(create),
        Doc::of("Makes a mapping rule; without a position it comes last.")
            .body(schema::<New>)
            .answer(201, schema::<Rule>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/mapping-rules",
        IN_ORGANIZATION,
        || get(list),
        Doc::of("Lists mapping rules by position.").query(PAGED).answer(200, page::<Rule>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/mapping-rules/status",
        IN_ORGANIZATION,
        || get(status),
        Doc::of("Tells how far the rules are applied.").answer(200, schema::<Status>),
    ),
    Route::new(
        Get,
        "/mapping-rules/{id}",
        OF_ITSELF,
        || get(read),
        Doc::of("Reads a mapping rule.").answer(200, schema::<Rule>),
    ),
    Route::new(
        Patch,
        "/mapping-rules/{id}",
        OF_ITSELF,
        || patch(change),
        Doc::of("Changes a mapping rule.").body(schema::<Change>).answer(200, schema::<Rule>),
    ),
    Route::new(
        Delete,
        "/mapping-rules/{id}",
        OF_ITSELF,
        || delete(remove),
        Doc::of("Deletes a mapping rule; what it gave goes with it.").nothing(),
    ),
];

/// What makes one rule serve many resources.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MappingRuleEach)]
pub struct Each {
    /// Where the values are: `groups.display`.
    attribute: String,
    /// What a whole value must look like; its named captures fill the templates.
    pattern: String,
}

/// A new mapping rule.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMappingRule)]
pub struct New {
    /// Its name for people, 1 to 200 characters.
    name: String,
    /// Its place: lower ones come first. Last unless said.
    position: Option<u32>,
    /// Whether it gives anything; `true` unless said.
    enabled: Option<bool>,
    /// The id of the directory whose users it reaches; required when there are several.
    directory: Option<String>,
    /// A SCIM filter over the person's profile.
    when: String,
    each: Option<Each>,
    /// The role's key.
    role: String,
    /// `kind:key` templates; the whole organization unless said.
    resources: Option<Vec<String>>,
    /// `product`: of the exclusive rules of one product, the first that matches wins.
    exclusive: Option<String>,
}

/// A change as a JSON Merge Patch: what is left out stays, `null` clears.
#[derive(ToSchema)]
#[schema(as = MappingRuleChange)]
#[expect(dead_code, reason = "it describes the patch, which is merged as JSON")]
pub struct Change {
    name: Option<String>,
    position: Option<u32>,
    enabled: Option<bool>,
    directory: Option<String>,
    when: Option<String>,
    each: Option<Each>,
    role: Option<String>,
    resources: Option<Vec<String>>,
    exclusive: Option<String>,
}

/// A mapping rule.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingRule)]
pub struct Rule {
    id: String,
    name: String,
    position: u32,
    enabled: bool,
    directory: Option<String>,
    when: String,
    each: Option<Each>,
    role: String,
    resources: Option<Vec<String>>,
    exclusive: Option<String>,
    created_at: String,
    updated_at: String,
}

/// How far the rules are applied.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingRulesStatus)]
pub struct Status {
    /// `idle`, `running` or `failed`.
    state: &'static str,
    /// Counts edits of the rules.
    version: i64,
    /// The newest version whose outcome every user has.
    applied_version: i64,
    users_total: i64,
    users_done: i64,
    error: Option<String>,
}

impl From<New> for RuleDraft {
    fn from(new: New) -> Self {
        Self {
            id: None,
            name: new.name,
            position: new.position.unwrap_or(0),
            enabled: new.enabled.unwrap_or(true),
            directory: new.directory,
            when: new.when,
            each: new
                .each
                .map(|each| EachDraft { attribute: each.attribute, pattern: each.pattern }),
            role: new.role,
            resources: new.resources,
            exclusive: new.exclusive,
        }
    }
}

impl Rule {
    fn of(kept: &Kept) -> Result<Self, Problem> {
        let draft = flow::access::draft(kept)?;
        let each = draft.each.map(|each| Each { attribute: each.attribute, pattern: each.pattern });
        Ok(Self {
            id: kept.id.to_string(),
            name: draft.name,
            position: draft.position,
            enabled: draft.enabled,
            directory: draft.directory,
            when: draft.when,
            each,
            role: draft.role,
            resources: draft.resources,
            exclusive: draft.exclusive,
            created_at: kept.created_at.to_string(),
            updated_at: kept.updated_at.to_string(),
        })
    }
}

/// `POST /organizations/{org}/mapping-rules`
async fn create(State(app): State<App>, caller: Caller, Body(new): Body<New>) -> Answer {
    let organization = caller.organization()?;
    let position = new.position;
    let draft = RuleDraft::from(new);
    permit::rule(&app, &caller, organization, &draft.role).await?;
    let made = app
        .runner
        .write(caller.actor, organization, move |work| {
            let draft = draft.clone();
            Box::pin(async move { flow::mapping_rule::create(work, &draft, position).await })
        })
        .await?;
    Ok(versioned(StatusCode::CREATED, made.version, Rule::of(&made)?))
}

/// `GET /organizations/{org}/mapping-rules`
async fn list(State(app): State<App>, caller: Caller, paging: Paging) -> Answer<Json<Page<Rule>>> {
    let scope = &mut app.runner.read(caller.organization()?);
    // The cursor of this list is a position where others have an instant.
    let (Timestamp(position), id) = paging.after;
    let mut found = store::rule::all(scope).await?;
    found.retain(|rule| (rule.position, rule.id.0) > (position, id));
    let next = |item: &Kept| cursor(Timestamp(item.position), item.id.0);
    let page = Page::map(found, paging.limit, next, |rule| Rule::of(&rule));
    let data = page.data.into_iter().collect::<Result<_, _>>()?;
    Ok(Json(Page { data, next: page.next }))
}

/// `GET /organizations/{org}/mapping-rules/status`
async fn status(State(app): State<App>, caller: Caller) -> Answer<Json<Status>> {
    let set = store::rule_set::read(&mut app.runner.read(caller.organization()?)).await?;
    Ok(Json(Status {
        state: set.state.as_str(),
        version: set.version,
        applied_version: set.applied_version,
        users_total: set.users_total,
        users_done: set.users_done,
        error: set.error,
    }))
}

/// `GET /mapping-rules/{id}`
async fn read(State(app): State<App>, caller: Caller, Path(id): Path<RuleId>) -> Answer {
    let found = store::rule::by_id(&mut app.runner.read(caller.organization()?), id).await?;
    let found = found.ok_or_else(|| Problem::not_found("mapping rule"))?;
    Ok(versioned(StatusCode::OK, found.version, Rule::of(&found)?))
}

/// `PATCH /mapping-rules/{id}`
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RuleId>,
    IfMatch(condition): IfMatch,
    Body(patch): Body<Map<String, Value>>,
) -> Answer {
    let organization = caller.organization()?;
    let found = store::rule::by_id(&mut app.runner.read(organization), id).await?;
    let found = found.ok_or_else(|| Problem::not_found("mapping rule"))?;
    permit::rule(&app, &caller, organization, &flow::access::draft(&found)?.role).await?;
    if let Some(role) = patch.get("role").and_then(Value::as_str) {
        permit::rule(&app, &caller, organization, role).await?;
    }
    let saved = app
        .runner
        .write(caller.actor, organization, move |work| {
            let (patch, condition) = (patch.clone(), condition.clone());
            Box::pin(async move { flow::mapping_rule::change(work, id, &condition, &patch).await })
        })
        .await?;
    Ok(versioned(StatusCode::OK, saved.version, Rule::of(&saved)?))
}

/// `DELETE /mapping-rules/{id}`
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RuleId>,
    IfMatch(condition): IfMatch,
) -> Answer<StatusCode> {
    let organization = caller.organization()?;
    let found = store::rule::by_id(&mut app.runner.read(organization), id).await?;
    let found = found.ok_or_else(|| Problem::not_found("mapping rule"))?;
    permit::rule(&app, &caller, organization, &flow::access::draft(&found)?.role).await?;
    app.runner
        .write(caller.actor, organization, move |work| {
            let condition = condition.clone();
            Box::pin(async move { flow::mapping_rule::delete(work, id, &condition).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
