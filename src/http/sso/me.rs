//! `GET /me`: who is signed in, and what she may do.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::app::App;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::flow::problem::Problem;
use crate::http::answer::Answer;
use crate::http::guard::Caller;

#[derive(Serialize)]
struct Me {
    user: Person,
    organization: Home,
    roles: Vec<Role>,
    permissions: Vec<Permission>,
}

#[derive(Serialize)]
struct Person {
    id: String,
    user_name: String,
    display_name: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    external_ref: Option<String>,
    status: &'static str,
    last_sign_in_at: Option<String>,
}

#[derive(Serialize)]
struct Home {
    id: String,
    name: String,
    slug: String,
}

#[derive(Serialize)]
struct Role {
    role: String,
    resource: Option<String>,
    source: &'static str,
    source_name: Option<String>,
}

#[derive(Serialize)]
struct Permission {
    permission: String,
    resource: Option<String>,
}

/// Who is signed in.
pub async fn me(State(app): State<App>, caller: Caller) -> Answer {
    let signed = caller.signed.ok_or_else(|| Problem::internal("the route needs no session"))?;
    let (organization, at) = (&signed.organization, app.runner.clock.now());
    let roles = app.live.roles_of(organization.id, signed.user.id, at).await?;
    let permissions = app.live.permissions_of(organization.id, signed.user.id, at).await?;
    let me = Me {
        user: Person::of(&signed.user, at),
        organization: Home {
            id: organization.id.to_string(),
            name: organization.name.clone(),
            slug: organization.slug.as_str().to_owned(),
        },
        roles: roles
            .into_iter()
            .map(|given| Role {
                role: given.role,
                resource: given.resource,
                source: given.source.key(),
                source_name: given.source_name,
            })
            .collect(),
        permissions: permissions
            .into_iter()
            .map(|(permission, resource)| Permission { permission, resource })
            .collect(),
    };
    let mut response: Response = Json(me).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Person {
    fn of(user: &User, at: Timestamp) -> Self {
        Self {
            id: user.id.to_string(),
            user_name: user.user_name.clone(),
            display_name: user.display_name.clone(),
            email: user.email.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            external_ref: user.external_ref.clone(),
            status: user.status(at).as_str(),
            last_sign_in_at: user.last_sign_in_at.map(|at| at.to_string()),
        }
    }
}
