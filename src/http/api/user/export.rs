//! `GET /users/{id}/export`: all that is kept of one person.
//!
//! It holds values of hers, and ids of others. What is kept of her as keyed digests alone (traces
//! of links, addresses that refused mail) tells nobody anything and is not in it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::connection_shown::SignIn;
use super::super::event::Event;
use super::super::grant::{self, Grant};
use super::super::identity::Identity;
use super::super::invite::Invite;
use super::super::permit;
use super::super::token::Token;
use super::shown::{self, Session, User};
use crate::app::App;
use crate::domain::id::{InviteId, OrganizationId, TokenId, UserId};
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;
use crate::http::answer::Answer;
use crate::http::guard::Caller;
use crate::store;
use crate::store::grant::Grant as Kept;
use crate::store::person::{Beside, Claim};

/// Items of one kind that are told.
const ITEMS_MAX: i64 = 10_000;
/// Events of the feed that one statement looks through.
const FEED_PART: i64 = 100_000;

/// All that is kept of one person.
#[derive(Serialize, ToSchema)]
pub struct Export {
    /// When it was read; what changed later is not in it.
    exported_at: String,
    user: User,
    /// Her attributes by their SCIM names, as her directory or an admin wrote them.
    #[schema(value_type = Object)]
    profile: Value,
    /// The groups of her directory in which she is.
    groups: Vec<InGroup>,
    /// What connections said of her, for mapping rules.
    claims: Vec<Said>,
    /// In the order in which they were given, ended ones too.
    grants: Vec<Grant>,
    /// What she holds in other organizations, as their guest.
    guest_grants: Vec<Grant>,
    /// Permissions that are denied to her, whatever her roles.
    denied: Vec<String>,
    /// Licences that she was allocated, by level.
    licences: BTreeMap<String, i64>,
    /// The ids of her sub-users.
    sub_users: Vec<String>,
    /// What rules would give her on resources that are not there.
    unresolved: Vec<String>,
    /// Whom she is at connections, and was.
    identities: Vec<Identity>,
    sessions: Vec<Session>,
    /// Those that she got, whatever became of them.
    invites: Vec<Invite>,
    tokens: Vec<Token>,
    /// The ids of tokens and webhooks of the organization that she made.
    made: Made,
    password: HasPassword,
    sign_ins: Vec<SignIn>,
    /// The ids of users who may be the same person.
    possible_duplicates: Vec<String>,
    /// What the feed tells of her, and what she did: the newest 10,000.
    events: Vec<Event>,
}

/// A group in which she is.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedGroup)]
struct InGroup {
    id: String,
    display_name: String,
}

/// What a connection said of her.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedClaim)]
struct Said {
    connection_id: String,
    name: String,
    #[schema(value_type = Vec<String>)]
    values: Value,
    at: String,
    expires_at: String,
}

/// What she made that is the organization's.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedMade)]
struct Made {
    tokens: Vec<String>,
    webhooks: Vec<String>,
}

/// Whether she has a password of ours: itself it is known to nobody.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedPassword)]
struct HasPassword {
    is_set: bool,
    one_time_codes: bool,
}

/// `GET /users/{id}/export`
pub async fn export(State(app): State<App>, caller: Caller, Path(id): Path<UserId>) -> Answer {
    let organization = caller.organization()?;
    permit::manage(&app, &caller, organization, id).await?;
    let told = told(&app, organization, id).await?;
    let mut response: Response = Json(told).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn told(app: &App, organization: OrganizationId, id: UserId) -> Result<Export, Problem> {
    let scope = &mut app.runner.read(organization);
    let user = store::user::by_id(scope, id).await?;
    let user = user.ok_or_else(|| Problem::not_found("user"))?;
    let now = app.runner.clock.now();
    let start = (Timestamp(i64::MIN), TokenId(uuid::Uuid::nil()));
    let Beside { groups, claims, duplicates, invites } =
        store::person::beside(scope, id, ITEMS_MAX).await?;
    let grants = store::grant::of_user(scope, id).await?;
    let identities = store::identity::of_user(scope, id, ITEMS_MAX).await?;
    let former = store::former_identity::of_user(scope, id, ITEMS_MAX).await?;
    let former = former.into_iter().map(|one| Identity::former(id, one));
    let sessions = store::session::of_user(scope, id, now, ITEMS_MAX).await?;
    let tokens = store::api_token::of_owner(scope, id, start, ITEMS_MAX).await?;
    let sign_ins = store::sign_in::of_user(scope, id, ITEMS_MAX).await?;
    let events = store::event::of_person(scope, id, (ITEMS_MAX, FEED_PART)).await?;
    let unresolved = store::unresolved::of_user(scope, id).await?;
    let sub_users = store::sub_user::of_parent(scope, id, ITEMS_MAX).await?;
    let password = store::password::of_user(scope, id).await?;
    let denied = store::access_settings::of_user(scope, id).await?.denied;
    let licences = store::licence::of_user(scope, id).await?.into_iter().collect();
    let profile = serde_json::from_str(&user.document).unwrap_or_default();
    let shown = shown::all(app, organization, vec![user]).await?.pop();
    Ok(Export {
        exported_at: now.to_string(),
        user: shown.ok_or_else(|| Problem::not_found("user"))?,
        profile,
        groups: groups.into_iter().map(InGroup::from).collect(),
        claims: claims.into_iter().map(Said::from).collect(),
        grants: grant::shown(app, organization, grants).await?,
        guest_grants: elsewhere(app, organization, id).await?,
        denied,
        licences,
        sub_users: sub_users.iter().map(ToString::to_string).collect(),
        unresolved: unresolved.into_iter().map(|one| one.resource).collect(),
        identities: identities.into_iter().map(Identity::from).chain(former).collect(),
        sessions: sessions.into_iter().map(Session::from).collect(),
        invites: got(app, organization, invites).await?,
        tokens: tokens.into_iter().map(Token::from).collect(),
        made: made(app, organization, id).await?,
        password: HasPassword {
            is_set: password.is_some(),
            one_time_codes: password.is_some_and(|kept| kept.totp.is_some()),
        },
        sign_ins: sign_ins.into_iter().map(SignIn::from).collect(),
        possible_duplicates: duplicates.iter().map(ToString::to_string).collect(),
        events: events.into_iter().map(|event| Event::of(organization, event)).collect(),
    })
}

/// What she holds as a guest, by organization.
async fn elsewhere(app: &App, home: OrganizationId, id: UserId) -> Result<Vec<Grant>, Problem> {
    let held = store::guest::elsewhere(&mut app.runner.read(home), id).await?;
    let mut places: BTreeMap<OrganizationId, Vec<Kept>> = BTreeMap::new();
    for (there, grant) in held {
        if let Some(found) = store::grant::by_id(&mut app.runner.read(there), grant).await? {
            places.entry(there).or_default().push(found);
        }
    }
    let mut all = Vec::new();
    for (there, grants) in places {
        all.extend(grant::shown(app, there, grants).await?);
    }
    Ok(all)
}

async fn got(
    app: &App,
    organization: OrganizationId,
    ids: Vec<uuid::Uuid>,
) -> Result<Vec<Invite>, Problem> {
    let (now, scope) = (app.runner.clock.now(), &mut app.runner.read(organization));
    let mut all = Vec::new();
    for id in ids {
        if let Some(found) = store::invite::by_id(scope, InviteId(id)).await? {
            all.push(Invite::of(organization, found, now));
        }
    }
    Ok(all)
}

async fn made(app: &App, organization: OrganizationId, id: UserId) -> Result<Made, Problem> {
    let scope = &mut app.runner.read(organization);
    let tokens = store::api_token::of_creator(scope, id, ITEMS_MAX).await?;
    let webhooks = store::webhook::of_creator(scope, id, ITEMS_MAX).await?;
    Ok(Made {
        tokens: tokens.iter().map(|token| token.id.to_string()).collect(),
        webhooks: webhooks.iter().map(|webhook| webhook.id.to_string()).collect(),
    })
}

impl From<(uuid::Uuid, String)> for InGroup {
    fn from((id, display_name): (uuid::Uuid, String)) -> Self {
        Self { id: id.to_string(), display_name }
    }
}

impl From<Claim> for Said {
    fn from((connection, name, values, at, expires_at): Claim) -> Self {
        Self {
            connection_id: connection.to_string(),
            name,
            values: serde_json::from_str(&values).unwrap_or_default(),
            at: Timestamp(at).to_string(),
            expires_at: Timestamp(expires_at).to_string(),
        }
    }
}
