//! Conflicts of an organization: one login or e-mail in two places, with what to do about it.

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::duplicate::{Named, NotAdopted, WHAT_TO_DO};
use crate::http::answer::{Answer, Page};
use crate::http::extract::{Paging, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::Get;
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page};
use crate::store;
use crate::store::duplicate::Listed;

/// Routes of conflicts.
pub const ROUTES: &[Route] = &[Route::new(
    Get,
    "/organizations/{org}/conflicts",
    Needs::Action("users.view", Of::Organization),
    || get(list),
    Doc::of("Lists users who share a login or an e-mail, oldest first, with what to do.")
        .query(PAGED)
        .answer(200, page::<Conflict>),
)];

/// Two users who share a login or an e-mail in two places of the organization.
#[derive(Serialize, ToSchema)]
pub struct Conflict {
    id: String,
    /// `duplicate`, or `adoption_refused` when a directory could have adopted the older one.
    kind: &'static str,
    /// The newer one first.
    users: Vec<ConflictUser>,
    /// What of the newer one the older one has too: `login`, `email`.
    same: Vec<&'static str>,
    /// Why the older one was not adopted: `billing`, `sub-user`, `domain-not-verified`,
    /// `domain-not-listed`, `email-not-proved`, `holds-kept-role` or `several`.
    reason: Option<&'static str>,
    what_to_do: &'static str,
    at: String,
}

/// A user in a conflict.
#[derive(Serialize, ToSchema)]
pub struct ConflictUser {
    id: String,
    user_name: String,
    /// `null` for a user of the organization itself.
    directory_id: Option<String>,
}

impl From<Named> for ConflictUser {
    fn from(named: Named) -> Self {
        Self {
            id: named.id.to_string(),
            user_name: named.user_name,
            directory_id: named.directory.map(|id| id.to_string()),
        }
    }
}

impl From<Listed> for Conflict {
    fn from(listed: Listed) -> Self {
        let duplicate = listed.duplicate;
        let same = [("login", duplicate.login), ("email", duplicate.email)];
        Self {
            id: listed.id.to_string(),
            kind: if duplicate.refused.is_some() { "adoption_refused" } else { "duplicate" },
            users: vec![listed.user.into(), listed.other.into()],
            same: same.into_iter().filter_map(|(name, is)| is.then_some(name)).collect(),
            reason: duplicate.refused.map(NotAdopted::as_str),
            what_to_do: duplicate.refused.map_or(WHAT_TO_DO, NotAdopted::what_to_do),
            at: duplicate.at.to_string(),
        }
    }
}

/// `GET /organizations/{org}/conflicts`
async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Answer<Json<Page<Conflict>>> {
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::duplicate::page(scope, paging.after, paging.limit + 1).await?;
    Ok(Json(Page::of(found, paging.limit, |item| cursor(item.duplicate.at, item.id))))
}
