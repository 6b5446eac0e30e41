//! The preview of mapping rules: who would gain and lose what.

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mapping_rule::Each;
use crate::app::App;
use crate::domain::id::{OrganizationId, RuleId, UserId};
use crate::domain::mapping::preview::{Held, UnresolvedResult};
use crate::domain::mapping::{EachDraft, RuleDraft};
use crate::flow::access::{self, Previewed};
use crate::flow::problem::Problem;
use crate::http::answer::Answer;
use crate::http::extract::Body;
use crate::http::guard::Caller;
use crate::http::route::Method::Post;
use crate::http::route::{Doc, Needs, Of, Route, schema};
use crate::http::session;
use crate::store;

/// Routes of previews.
pub const ROUTES: &[Route] = &[Route::new(
    Post,
    "/organizations/{org}/mapping-rules/preview",
    Needs::Action("mapping_rules.manage", Of::Organization),
    || post(preview),
    Doc::of("Tells who would gain and lose what, were these all the rules; writes nothing.")
        .body(schema::<Candidate>)
        .answer(200, schema::<Preview>),
)];

/// A full list of rules: those left out are gone.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MappingRulesCandidate)]
pub struct Candidate {
    /// At most 500.
    rules: Vec<CandidateRule>,
}

/// A rule of the list.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MappingRuleCandidate)]
pub struct CandidateRule {
    /// The id of the rule that it stands for; a new one has none.
    #[schema(value_type = Option<String>)]
    id: Option<RuleId>,
    name: String,
    /// Its place: lower ones come first.
    #[serde(default)]
    position: u32,
    enabled: Option<bool>,
    directory: Option<String>,
    when: String,
    each: Option<Each>,
    role: String,
    resources: Option<Vec<String>>,
    exclusive: Option<String>,
}

/// What the rules would change.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingRulesPreview)]
pub struct Preview {
    /// The first 1,000 users that change.
    changes: Vec<Change>,
    /// Whether a list is shorter than what it counts.
    truncated: bool,
    summary: Summary,
    unresolved: Vec<Unresolved>,
}

/// What one user would gain and lose.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewedChange)]
pub struct Change {
    user: Named,
    gained: Vec<Role>,
    lost: Vec<Role>,
}

/// A user by name.
#[derive(Serialize, ToSchema)]
#[schema(as = NamedUser)]
pub struct Named {
    id: String,
    user_name: String,
    display_name: Option<String>,
}

/// A role on a reach.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewedRole)]
pub struct Role {
    role: String,
    /// `kind:key`, `kind:prefix*`, or `null` for the whole organization.
    resource: Option<String>,
}

/// The difference in numbers.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewSummary)]
pub struct Summary {
    pub(super) users_changed: usize,
    pub(super) gained: usize,
    pub(super) lost: usize,
    /// Ids of users who hold something now and would hold nothing.
    pub(super) left_with_nothing: Vec<String>,
    /// Keys of roles that must keep a holder and would have none.
    pub(super) vacant_roles: Vec<String>,
}

/// A resource that a rule would name and nobody registered.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewedUnresolved)]
pub struct Unresolved {
    /// The rule's id; `null` for a new one.
    rule: Option<String>,
    rule_name: String,
    resource: String,
    nearest: Option<String>,
    /// How many users it would be given to.
    users: usize,
}

impl From<CandidateRule> for RuleDraft {
    fn from(rule: CandidateRule) -> Self {
        let each = rule.each.map(|Each { attribute, pattern }| EachDraft { attribute, pattern });
        Self {
            id: rule.id,
            name: rule.name,
            position: rule.position,
            enabled: rule.enabled.unwrap_or(true),
            directory: rule.directory,
            when: rule.when,
            each,
            role: rule.role,
            resources: rule.resources,
            exclusive: rule.exclusive,
        }
    }
}

/// `POST /organizations/{org}/mapping-rules/preview`
async fn preview(
    State(app): State<App>,
    caller: Caller,
    Body(candidate): Body<Candidate>,
) -> Answer<Json<Preview>> {
    let organization = caller.organization()?;
    if let Some(signed) = &caller.signed {
        session::check_action(&app, signed, organization, "users.view").await?;
    }
    let drafts: Vec<RuleDraft> = candidate.rules.into_iter().map(RuleDraft::from).collect();
    let previewed = access::preview(&app.runner, &app.live, organization, &drafts).await?;
    Ok(Json(shown(&app, organization, previewed).await?))
}

async fn shown(
    app: &App,
    organization: OrganizationId,
    previewed: Previewed,
) -> Result<Preview, Problem> {
    let Previewed { preview, roles, rules } = previewed;
    let role =
        |(role, reach): Held| Role { role: roles.key(role).to_owned(), resource: reach.resource() };
    let mut changes = Vec::with_capacity(preview.changes.len());
    for (user, difference) in preview.changes {
        changes.push(Change {
            user: named(app, organization, user).await?,
            gained: difference.gained.into_iter().map(role).collect(),
            lost: difference.lost.into_iter().map(role).collect(),
        });
    }
    let unresolved = |one: UnresolvedResult| {
        let (name, is_kept) = rules.get(&one.rule).cloned().unwrap_or_default();
        Unresolved {
            rule: is_kept.then(|| one.rule.to_string()),
            rule_name: name,
            resource: one.resource,
            nearest: one.nearest,
            users: one.users,
        }
    };
    Ok(Preview {
        changes,
        truncated: preview.truncated,
        summary: Summary {
            users_changed: preview.users_changed,
            gained: preview.gained,
            lost: preview.lost,
            left_with_nothing: preview.left_with_nothing.iter().map(UserId::to_string).collect(),
            vacant_roles: preview.vacant_roles,
        },
        unresolved: preview.unresolved.into_iter().map(unresolved).collect(),
    })
}

/// A user by name.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn named(
    app: &App,
    organization: OrganizationId,
    id: UserId,
) -> Result<Named, Problem> {
    let user = store::user::by_id(&mut app.runner.read(organization), id).await?;
    let (user_name, display_name) =
        user.map(|user| (user.user_name, user.display_name)).unwrap_or_default();
    Ok(Named { id: id.to_string(), user_name, display_name })
}
