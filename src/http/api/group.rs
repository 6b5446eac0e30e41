//! Groups that directories pushed, and their members.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::group as domain;
use crate::domain::id::GroupId;
use crate::domain::time::Timestamp;
use crate::http::answer::{Answer, Page};
use crate::http::extract::{Paging, cursor};
use crate::http::guard::Caller;
use crate::http::route::Method::Get;
use crate::http::route::{Doc, Needs, Of, PAGED, Route, page};
use crate::store;
use crate::store::member;

/// Routes of groups.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/organizations/{org}/groups",
        Needs::Action("users.view", Of::Organization),
        || get(list),
        Doc::of("Lists the groups of all directories in order of creation.")
            .query(PAGED)
            .answer(200, page::<Group>),
    ),
    Route::new(
        Get,
        "/groups/{id}/members",
        Needs::Action("users.view", Of::Group),
        || get(members),
        Doc::of("Lists the members of a group, users and groups, by id.")
            .query(PAGED)
            .answer(200, page::<Member>),
    ),
];

/// A group of users that a directory pushed.
#[derive(Serialize, ToSchema)]
pub struct Group {
    id: String,
    directory_id: String,
    display_name: String,
    external_id: Option<String>,
    /// Users and groups that are members themselves.
    member_count: i64,
    /// Members that the client named before they came; they become members when they come.
    pending_count: i64,
    created_at: String,
    updated_at: String,
}

/// A member of a group.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupMember)]
pub struct Member {
    /// The id of the user or of the group.
    id: String,
    /// `User` or `Group`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// How others name it.
    display: String,
}

impl Group {
    fn new(from: domain::Group, pending_count: i64) -> Self {
        Self {
            id: from.id.to_string(),
            directory_id: from.directory.to_string(),
            display_name: from.display_name,
            external_id: from.external_id,
            member_count: from.member_count,
            pending_count,
            created_at: from.created_at.to_string(),
            updated_at: from.updated_at.to_string(),
        }
    }
}

impl From<member::Member> for Member {
    fn from(from: member::Member) -> Self {
        Self { id: from.id.to_string(), kind: from.kind.as_str(), display: from.display }
    }
}

/// `GET /organizations/{org}/groups`
async fn list(State(app): State<App>, caller: Caller, paging: Paging) -> Answer<Json<Page<Group>>> {
    let after = (paging.after.0, GroupId(paging.after.1));
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::group::page(scope, after, paging.limit + 1).await?;
    let ids: Vec<GroupId> = found.iter().map(|group| group.id).collect();
    let pending = store::pending::counts(scope, &ids).await?;
    let next = |item: &domain::Group| cursor(item.created_at, item.id.0);
    Ok(Json(Page::map(found, paging.limit, next, |item| {
        let count = pending.get(&item.id).copied().unwrap_or(0);
        Group::new(item, count)
    })))
}

/// `GET /groups/{id}/members`
async fn members(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<GroupId>,
    paging: Paging,
) -> Answer<Json<Page<Member>>> {
    let scope = &mut app.runner.read(caller.organization()?);
    let found = store::member::of_group(scope, id, paging.after.1, paging.limit + 1).await?;
    // Members are in the order of their ids alone.
    Ok(Json(Page::of(found, paging.limit, |item| cursor(Timestamp(0), item.id))))
}
