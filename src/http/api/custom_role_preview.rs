//! Previews of roles and of platform definitions: who would be allowed more and less.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::custom_role::{NewRole, permitted};
use super::mapping_preview::{Named, Summary, named};
use crate::app::App;
use crate::domain::access::difference::{Difference, Right};
use crate::domain::id::{OrganizationId, RoleId, UserId};
use crate::domain::organization::Organization;
use crate::domain::platform::{Definition, Mistake};
use crate::domain::time::Timestamp;
use crate::flow::access::{self, Candidate};
use crate::flow::fields::{Fields, read};
use crate::flow::problem::Problem;
use crate::flow::role::New;
use crate::http::answer::Answer;
use crate::http::extract::Body;
use crate::http::guard::Caller;
use crate::http::route::Method::Post;
use crate::http::route::{Doc, Needs, Of, Route, schema};
use crate::http::session;
use crate::store;

/// Organizations that one preview of a platform definition looks at.
pub const ORGANIZATIONS_MAX: i64 = 1_000;

/// Routes of previews of roles.
pub const ROUTES: &[Route] = &[
    Route::new(
        Post,
        "/organizations/{org}/roles/preview",
        Needs::Action("roles.manage", Of::Organization),
        || post(of_role),
        Doc::of("Tells who would be allowed more and less with this role; writes nothing.")
            .body(schema::<RoleCandidate>)
            .answer(200, schema::<RolePreview>),
    ),
    Route::new(
        Post,
        "/platform/preview",
        Needs::Operator,
        || post(of_platform),
        Doc::of("Tells who would be allowed more and less with this platform definition.")
            .body(schema::<PlatformCandidate>)
            .answer(200, schema::<PlatformPreview>),
    ),
];

/// A role as it is to be.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleCandidate {
    /// A new role; with the `id` of one it stands for that role.
    #[schema(value_type = NewRole)]
    role: Map<String, Value>,
}

/// A platform definition as it is to be.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlatformCandidate {
    /// The definition as TOML.
    toml: String,
}

/// What a role would change.
#[derive(Serialize, ToSchema)]
pub struct RolePreview {
    /// The first 1,000 users that change.
    changes: Vec<RightsChange>,
    /// Whether a list is shorter than what it counts.
    truncated: bool,
    summary: Summary,
}

/// What one user would be allowed more and less.
#[derive(Serialize, ToSchema)]
pub struct RightsChange {
    user: Named,
    gained: Vec<HeldRight>,
    lost: Vec<HeldRight>,
}

/// A permission and what it is held on.
#[derive(Serialize, ToSchema)]
pub struct HeldRight {
    permission: String,
    /// `kind:key`, `kind:prefix*`, or `null` for the whole organization.
    resource: Option<String>,
}

/// What a platform definition would change.
#[derive(Serialize, ToSchema)]
pub struct PlatformPreview {
    /// The organizations in which something changes, oldest first.
    organizations: Vec<OrganizationPreview>,
    /// Whether there are more than 1,000 organizations: only the first are looked at.
    truncated: bool,
}

/// What a platform definition would change in one organization.
#[derive(Serialize, ToSchema)]
pub struct OrganizationPreview {
    organization_id: String,
    slug: String,
    preview: RolePreview,
}

impl From<Right> for HeldRight {
    fn from(right: Right) -> Self {
        Self { permission: right.permission, resource: right.resource }
    }
}

/// `POST /organizations/{org}/roles/preview`
async fn of_role(
    State(app): State<App>,
    caller: Caller,
    Body(RoleCandidate { role }): Body<RoleCandidate>,
) -> Answer<Json<RolePreview>> {
    let organization = caller.organization()?;
    if let Some(signed) = &caller.signed {
        session::check_action(&app, signed, organization, "users.view").await?;
    }
    let candidate = candidate(role)?;
    let parts = (&candidate.named, &candidate.draft);
    permitted(&app, &caller, organization, parts).await?;
    let difference = access::preview_role(&app.runner, &app.live, organization, &candidate).await?;
    Ok(Json(shown(&app, organization, difference).await?))
}

fn candidate(mut role: Map<String, Value>) -> Result<Candidate, Problem> {
    let id = match role.shift_remove("id") {
        None | Some(Value::Null) => None,
        Some(id) => {
            let id = id.as_str().and_then(|id| RoleId::parse(id).ok());
            Some(id.ok_or_else(|| Problem::not_found("role"))?)
        }
    };
    let sent: NewRole = read(Value::Object(role)).map_err(|mut problem| {
        for error in &mut problem.errors {
            error.pointer = format!("/role{}", error.pointer);
        }
        problem
    })?;
    let new = New::from(sent);
    Ok(Candidate { id, named: new.named(), draft: new.draft })
}

/// `POST /platform/preview`
async fn of_platform(
    State(app): State<App>,
    Body(PlatformCandidate { toml }): Body<PlatformCandidate>,
) -> Answer<Json<PlatformPreview>> {
    let definition = Arc::new(Definition::parse(&toml, "toml").map_err(mistaken)?);
    let first = (Timestamp(i64::MIN), OrganizationId(uuid::Uuid::nil()));
    let conn = &mut app.runner.db.conn();
    let mut all = store::organization::page(conn, first, ORGANIZATIONS_MAX + 1).await?;
    let most = usize::try_from(ORGANIZATIONS_MAX).unwrap_or(usize::MAX);
    let truncated = all.len() > most;
    all.truncate(most);
    let mut organizations = Vec::new();
    for Organization { id, slug, .. } in all {
        let difference = access::preview_platform(&app.runner, &app.live, id, &definition).await?;
        if difference.users_changed > 0 {
            organizations.push(OrganizationPreview {
                organization_id: id.to_string(),
                slug: slug.as_str().to_owned(),
                preview: shown(&app, id, difference).await?,
            });
        }
    }
    Ok(Json(PlatformPreview { organizations, truncated }))
}

/// Every mistake of a definition, as the check of it at start would tell.
fn mistaken(mistakes: Vec<Mistake>) -> Problem {
    let mut fields = Fields::new();
    for mistake in mistakes {
        fields.wrong("/toml", "definition", mistake.to_string());
    }
    fields.refusal()
}

async fn shown(
    app: &App,
    organization: OrganizationId,
    difference: Difference,
) -> Result<RolePreview, Problem> {
    let rights = |rights: Vec<Right>| rights.into_iter().map(HeldRight::from).collect();
    let mut changes = Vec::with_capacity(difference.changes.len());
    for (user, change) in difference.changes {
        changes.push(RightsChange {
            user: named(app, organization, user).await?,
            gained: rights(change.gained),
            lost: rights(change.lost),
        });
    }
    Ok(RolePreview {
        changes,
        truncated: difference.truncated,
        summary: Summary {
            users_changed: difference.users_changed,
            gained: difference.gained,
            lost: difference.lost,
            left_with_nothing: difference.left_with_nothing.iter().map(UserId::to_string).collect(),
            vacant_roles: difference.vacant_roles,
        },
    })
}
