//! What users may do and why.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::access::decision::Question;
use crate::domain::access::grant::Source;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::resource::ResourceRef;
use crate::flow;
use crate::flow::access::live::{Explained, Given};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, versioned};
use crate::http::extract::Params;
use crate::http::guard::Caller;
use crate::http::route::Method::Get;
use crate::http::route::{Doc, Needs, Of, Route, schema};
use crate::store;
use crate::store::grant::Grant as Kept;

/// Routes of access and grants.
pub const ROUTES: &[Route] = &[Route::new(
    Get,
    "/users/{id}/access",
    Needs::Action("access.explain", Of::Person),
    || get(read),
    Doc::of("Shows what a user holds and why, and explains one decision.")
        .query(&[
            ("permission", "Explain this permission ..."),
            ("resource", "... on this resource: `kind:key`."),
        ])
        .answer(200, schema::<Access>),
)];

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
    /// The rule, the invite or the giver.
    source_id: Option<String>,
    source_name: Option<String>,
    why: Option<Why>,
    expires_at: Option<String>,
    created_at: String,
}

/// Which rule gave a grant, and by which facts.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = GrantWhy)]
pub struct Why {
    /// The rule's name.
    rule: Option<String>,
    matched: Vec<Matched>,
}

/// A fact that made a rule match.
#[derive(Clone, Serialize, ToSchema)]
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
    /// For a rule: the group or attribute that made it match.
    why: Option<Why>,
}

/// `?permission=&resource=`
#[derive(Deserialize)]
struct Asked {
    permission: Option<String>,
    resource: Option<String>,
}

impl From<Given> for GivenRole {
    fn from(from: Given) -> Self {
        let Given { id, role, resource, source, source_name } = from;
        Self { id: id.to_string(), role, resource, source: source.key(), source_name, why: None }
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

impl Decision {
    /// Adds the facts behind each grant: the chain from group or attribute over rule to grant.
    fn tell_why(&mut self, grants: &[Grant]) {
        for given in self.grants.iter_mut().chain(&mut self.elsewhere) {
            let kept = grants.iter().find(|grant| grant.id == given.id);
            given.why = kept.and_then(|grant| grant.why.clone());
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
) -> Answer {
    let organization = caller.organization()?;
    let kept = store::grant::of_user(&mut app.runner.read(organization), id).await?;
    let version = flow::grant::version(&kept);
    let mut grants = shown(&app, organization, kept).await?;
    // At home it is seen where else she is a guest.
    if app.live.home(id).await? == Some(organization) {
        let scope = &mut app.runner.read(organization);
        for (elsewhere, grant) in store::guest::elsewhere(scope, id).await? {
            let grant = store::grant::by_id(&mut app.runner.read(elsewhere), grant).await?;
            grants.extend(grant.map(|grant| Grant::of(elsewhere, grant, None)));
        }
    }
    let unresolved = unresolved(&app, organization, id).await?;
    let mut decision = decision(&app, organization, id, &asked).await?;
    if let Some(decision) = &mut decision {
        decision.tell_why(&grants);
    }
    let access = Access { user_id: id.to_string(), grants, unresolved, decision };
    Ok(versioned(StatusCode::OK, version, access))
}

/// Grants with the names of their sources.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn shown(
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
    let names: Vec<String> = rows.iter().map(|row| row.resource.clone()).collect();
    let nearest = app.live.nearest(organization, &names).await?;
    let shown = rows.into_iter().zip(nearest).map(|(row, nearest)| Unresolved {
        rule: row.rule_id.to_string(),
        resource: row.resource,
        nearest,
    });
    Ok(shown.collect())
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
