//! Users and their sessions as the management surface shows them.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::platform::LoginType;
use crate::domain::session as domain;
use crate::domain::time::Timestamp;
use crate::domain::user::User as Kept;
use crate::flow::access::live::Given;
use crate::flow::problem::Problem;

/// A user of the organization.
#[derive(Serialize, ToSchema)]
pub struct User {
    id: String,
    organization_id: String,
    user_name: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    /// Shown under the name.
    description: Option<String>,
    /// `member`: she is at home here; `partner`: she is a guest.
    class: &'static str,
    /// `invite`, `directory`, `sso`, `billing`, `api` or `sub_user`.
    source: &'static str,
    directory_id: Option<String>,
    /// Her directory's own id of her.
    external_id: Option<String>,
    /// The platform's own id of her.
    external_ref: Option<String>,
    /// Whose sub-user she is.
    parent_id: Option<String>,
    /// `sso` or `password`.
    login_type: &'static str,
    /// Whether she opens the house when nothing else does.
    break_glass: bool,
    /// `active`, `provisioned`, `invite_pending`, `invite_expired` or `suspended`.
    status: &'static str,
    /// Who suspended her: `directory`, `billing`, `admin`.
    suspended_by: Vec<&'static str>,
    /// Her live roles.
    roles: Vec<Role>,
    last_sign_in_at: Option<String>,
    created_at: String,
    updated_at: String,
}

/// A role that a user holds.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = HeldRole)]
pub struct Role {
    role: String,
    /// `kind:key`, or `null` for the whole organization.
    resource: Option<String>,
    source: &'static str,
    source_name: Option<String>,
}

/// A browser session of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = UserSession)]
pub struct Session {
    id: String,
    user_id: String,
    connection_id: Option<String>,
    signed_in_at: String,
    last_seen_at: String,
    /// When it ends at the latest.
    expires_at: String,
}

impl From<domain::Session> for Session {
    fn from(from: domain::Session) -> Self {
        Self {
            id: from.id.to_string(),
            user_id: from.user_id.to_string(),
            connection_id: from.connection_id.map(|id| id.to_string()),
            signed_in_at: from.signed_in_at.to_string(),
            last_seen_at: from.last_seen_at.to_string(),
            expires_at: from.expires_at.to_string(),
        }
    }
}

impl From<Given> for Role {
    fn from(from: Given) -> Self {
        let Given { role, resource, source, source_name, .. } = from;
        Self { role, resource, source: source.key(), source_name }
    }
}

impl User {
    fn of(organization: OrganizationId, from: Kept, roles: Vec<Role>, now: Timestamp) -> Self {
        Self {
            id: from.id.to_string(),
            organization_id: organization.to_string(),
            class: "member",
            source: from.source.as_str(),
            directory_id: from.directory.map(|id| id.to_string()),
            parent_id: from.parent.map(|id| id.to_string()),
            login_type: from.login_type.unwrap_or(LoginType::Sso).key(),
            break_glass: from.break_glass,
            status: from.status(now).as_str(),
            suspended_by: from.suspended_by.words(),
            roles,
            user_name: from.user_name,
            email: from.email,
            first_name: from.first_name,
            last_name: from.last_name,
            display_name: from.display_name,
            description: from.description,
            external_id: from.external_id,
            external_ref: from.external_ref,
            last_sign_in_at: from.last_sign_in_at.map(|at| at.to_string()),
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
        }
    }
}

/// Guests with the roles that they hold here; of their home no more is seen than who they are.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn guests(
    app: &App,
    organization: OrganizationId,
    guests: Vec<Kept>,
) -> Result<Vec<User>, Problem> {
    let masked = |guest: Kept| Kept {
        directory: None,
        user_name: guest.email.clone().unwrap_or_default(),
        external_id: None,
        description: None,
        external_ref: None,
        ..guest
    };
    let shown = all(app, organization, guests.into_iter().map(masked).collect()).await?;
    let partner = |user: User| User { class: "partner", suspended_by: Vec::new(), ..user };
    Ok(shown.into_iter().map(partner).collect())
}

/// Users with the roles that they hold now.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn all(
    app: &App,
    organization: OrganizationId,
    users: Vec<Kept>,
) -> Result<Vec<User>, Problem> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let now = app.runner.clock.now();
    let mut roles: HashMap<UserId, Vec<Role>> = app
        .live
        .ask(organization, &ids, |snapshot, _| {
            let Some(snapshot) = snapshot else { return HashMap::new() };
            let roles = |id: &UserId| {
                let grants = snapshot.user(*id).map(|user| user.grants()).unwrap_or_default();
                let live = grants.iter().filter(|grant| grant.is_live(now));
                (*id, live.map(|grant| Role::from(Given::of(snapshot, grant))).collect())
            };
            ids.iter().map(roles).collect()
        })
        .await?;
    let shown = users.into_iter().map(|user| {
        let roles = roles.remove(&user.id).unwrap_or_default();
        User::of(organization, user, roles, now)
    });
    Ok(shown.collect())
}
