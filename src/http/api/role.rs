//! Permissions and roles, as the platform definition has them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

use super::permit;
use crate::app::App;
use crate::domain::access::RoleTable;
use crate::domain::id::RoleId;
use crate::domain::matrix;
use crate::domain::platform::{self, Definition, On, RoleIndex};
use crate::http::answer::{Answer, Page};
use crate::http::extract::Params;
use crate::http::guard::Caller;
use crate::http::route::Method::Get;
use crate::http::route::{Doc, Needs, Of, Route, page, schema};
use crate::store;
use crate::store::role::Role as Kept;

/// Routes of permissions and roles.
pub const ROUTES: &[Route] = &[
    Route::new(
        Get,
        "/permissions",
        Needs::Credential,
        || get(permissions),
        Doc::of("Lists the platform's permissions in display order, whole.")
            .answer(200, page::<Permission>),
    ),
    Route::new(
        Get,
        "/roles",
        Needs::Credential,
        || get(roles),
        Doc::of("Lists the platform's roles in display order, whole.").answer(200, page::<Role>),
    ),
    Route::new(
        Get,
        "/roles/matrix",
        Needs::Credential,
        || get(table),
        Doc::of("Shows who may do what: as JSON, `text/csv` or `text/markdown`.")
            .answer(200, schema::<Matrix>),
    ),
    Route::new(
        Get,
        "/organizations/{org}/roles",
        Needs::Action("roles.view", Of::Organization),
        || get(of_organization),
        Doc::of("Lists the platform's roles and those that the organization made, whole.")
            .query(&[("assignable", "`true`: those that the caller may give.")])
            .answer(200, page::<Role>),
    ),
];

/// A named action of the platform.
#[derive(Serialize, ToSchema)]
pub struct Permission {
    key: String,
    label: String,
    category: String,
    /// `organization`, or the kind of resource it is about.
    on: String,
    product: Option<String>,
    licence_level: Option<String>,
}

/// A named set of permissions.
#[derive(Serialize, ToSchema)]
pub struct Role {
    /// `null` for the platform's.
    id: Option<String>,
    key: String,
    label: String,
    description: Option<String>,
    products: Vec<String>,
    /// `organization`, `resources` or `either`.
    scope: &'static str,
    resource_kinds: Vec<String>,
    /// The keys of its closure: includes are in, excludes are out.
    permissions: Vec<String>,
    includes: Vec<String>,
    excludes: Vec<String>,
    assignable_by: Vec<String>,
    aliases: Vec<String>,
    keep_one: bool,
    custom: bool,
}

/// Who may do what.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleMatrix)]
pub struct Matrix {
    roles: Vec<MatrixRole>,
    categories: Vec<MatrixCategory>,
}

/// A column of the matrix.
#[derive(Serialize, ToSchema)]
pub struct MatrixRole {
    key: String,
    label: String,
}

/// A heading of the matrix with its rows.
#[derive(Serialize, ToSchema)]
pub struct MatrixCategory {
    label: String,
    rows: Vec<MatrixRow>,
}

/// A row of the matrix.
#[derive(Serialize, ToSchema)]
pub struct MatrixRow {
    label: String,
    permission: String,
    /// By the role's key.
    roles: BTreeMap<String, bool>,
}

/// `?assignable=`
#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    assignable: bool,
}

impl Permission {
    fn of(platform: &Definition, from: &platform::Permission) -> Self {
        let on = match from.on {
            On::Organization => platform::ORGANIZATION,
            On::Kind(kind) => platform.kind(kind).map_or("", |kind| kind.key.as_str()),
        };
        let level = from.licence_level.and_then(|level| platform.levels.get(usize::from(level.0)));
        Self {
            key: from.key.clone(),
            label: from.label.clone(),
            category: from.category.clone(),
            on: on.to_owned(),
            product: from.product.clone(),
            licence_level: level.map(|level| level.key.clone()),
        }
    }
}

impl Role {
    /// A role as it is shown, with the id of one that the organization made.
    pub(super) fn of(roles: &RoleTable, from: &platform::Role, id: Option<RoleId>) -> Self {
        let platform = roles.definition();
        let role = |index: &RoleIndex| roles.role(*index).map(|role| role.key.clone());
        let permission = |index| platform.permission(index).map(|row| row.key.clone());
        let kinds = from.kinds.iter().filter_map(|kind| platform.kind(*kind));
        Self {
            id: id.map(|id| id.to_string()),
            key: from.key.clone(),
            label: from.label.clone(),
            description: from.description.clone(),
            products: from.products.clone(),
            scope: from.scope.key(),
            resource_kinds: kinds.map(|kind| kind.key.clone()).collect(),
            permissions: from.permissions.iter().filter_map(permission).collect(),
            includes: from.includes.iter().filter_map(role).collect(),
            excludes: from.excludes.iter().copied().filter_map(permission).collect(),
            assignable_by: from.assignable_by.iter().filter_map(role).collect(),
            aliases: from.aliases.clone(),
            keep_one: from.keep_one,
            custom: from.custom,
        }
    }

    /// The roles that are offered, those that the organization made last.
    fn listed(roles: &RoleTable, own: &[Kept], offered: impl Fn(RoleIndex) -> bool) -> Page<Self> {
        let id = |key: &str| own.iter().find(|kept| kept.key == key).map(|kept| kept.id);
        let listed = roles.iter().filter(|(index, role)| role.listed && offered(*index));
        let shown = listed
            .map(|(_, role)| Self::of(roles, role, role.custom.then(|| id(&role.key)).flatten()));
        Page::whole(shown.collect())
    }
}

/// `GET /permissions`
async fn permissions(State(app): State<App>) -> Json<Page<Permission>> {
    let platform = &app.runner.platform;
    let all = platform.permissions().iter().map(|row| Permission::of(platform, row)).collect();
    Json(Page::whole(all))
}

/// `GET /roles`
async fn roles(State(app): State<App>) -> Json<Page<Role>> {
    let roles = RoleTable::new(Arc::clone(&app.runner.platform), Vec::new());
    Json(Role::listed(&roles, &[], |_| true))
}

/// `GET /organizations/{org}/roles`
async fn of_organization(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Answer<Json<Page<Role>>> {
    let organization = caller.organization()?;
    let own = store::role::all(&mut app.runner.read(organization)).await?;
    let roles = app.live.roles(organization).await?;
    if !filter.assignable {
        return Ok(Json(Role::listed(&roles, &own, |_| true)));
    }
    let assignable = permit::assignable(&app, &caller, organization).await?;
    Ok(Json(Role::listed(&roles, &own, |role| assignable.contains(&role))))
}

/// `GET /roles/matrix`
async fn table(State(app): State<App>, headers: HeaderMap) -> Response {
    let platform = &app.runner.platform;
    let (media, text) = match preferred(&headers) {
        Form::Json => return Json(Matrix::of(platform)).into_response(),
        Form::Csv => ("text/csv; charset=utf-8; header=present", matrix::csv(platform)),
        Form::Markdown => ("text/markdown; charset=utf-8", matrix::markdown(platform)),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media)),
        (header::VARY, HeaderValue::from_static("accept")),
    ];
    (headers, text).into_response()
}

impl Matrix {
    fn of(platform: &Definition) -> Self {
        let roles: Vec<MatrixRole> = matrix::columns(platform)
            .map(|role| MatrixRole { key: role.key.clone(), label: role.label.clone() })
            .collect();
        let row = |row: matrix::Row<'_>| MatrixRow {
            label: row.permission.label.clone(),
            permission: row.permission.key.clone(),
            roles: roles.iter().map(|role| role.key.clone()).zip(row.held).collect(),
        };
        let categories = matrix::rows(platform)
            .into_iter()
            .map(|(label, rows)| MatrixCategory {
                label: label.to_owned(),
                rows: rows.into_iter().map(row).collect(),
            })
            .collect();
        Self { categories, roles }
    }
}

/// The forms of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
    Markdown,
}

/// The form that the caller prefers; JSON when she does not say, or asks for none of ours.
fn preferred(headers: &HeaderMap) -> Form {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut best = (0.0, Form::Json);
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/json" | "application/*" | "*/*" => Form::Json,
            "text/csv" => Form::Csv,
            "text/markdown" | "text/*" => Form::Markdown,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse);
        let quality: f32 = quality.unwrap_or(0.0);
        if quality > best.0 {
            best = (quality, form);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &str) -> Form {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        preferred(&headers)
    }

    #[test]
    fn the_caller_chooses_the_form_of_the_matrix() {
        assert_eq!(preferred(&HeaderMap::new()), Form::Json);
        assert_eq!(form("*/*"), Form::Json);
        assert_eq!(form("text/csv"), Form::Csv);
        assert_eq!(form("TEXT/Markdown; charset=utf-8"), Form::Markdown);
        assert_eq!(form("text/csv;q=0.4, application/json;q=0.5"), Form::Json);
        assert_eq!(form("text/html, text/csv;q=0.9, */*;q=0.1"), Form::Csv);
        assert_eq!(form("text/csv;q=x, image/png"), Form::Json);
    }
}
