//! Lists: the same for GET with parameters and for POST with a SearchRequest (C93).

use axum::http::StatusCode;

use super::answer::{self, Answer};
use super::guard::Caller;
use super::members::Writer;
use super::render;
use crate::app::App;
use crate::flow::provision::search::{self, Found, Listed, MembersOf, PAGES, Search};
use crate::scim::ResourceType;
use crate::scim::catalog::{GROUP, USER};
use crate::scim::filter;
use crate::scim::list::{LIST_URN, Page, Query, response};
use crate::scim::project::Projection;
use crate::scim::sort::Sort;
use crate::store::user::Grouped;

/// A list of users.
///
/// # Errors
/// 400 for parameters that do not fit, `tooMany` for a list that would read too much.
pub async fn users(app: &App, caller: &Caller, base: &str, query: &Query) -> Answer {
    let projection = projection(query, &USER)?;
    let (found, page) = run::<Grouped>(app, caller, query).await?;
    let texts = found.rows.iter().map(|row| render::user(base, row, &projection));
    Ok(answer::body(StatusCode::OK, response(found.total, page.start_index, texts)))
}

/// A list of groups; members are read only when the answer holds them (C60).
///
/// # Errors
/// As [`users`].
pub async fn groups(app: &App, caller: &Caller, base: &str, query: &Query) -> Answer {
    let projection = projection(query, &GROUP)?;
    let (found, page) = run::<MembersOf>(app, caller, query).await?;
    if !projection.wants("members") {
        let texts = found.rows.iter().map(|row| render::group(base, &row.group, &projection) + "}");
        return Ok(answer::body(StatusCode::OK, response(found.total, page.start_index, texts)));
    }
    let groups: Vec<_> = found.rows.into_iter().map(|row| row.group).collect();
    let before = format!(
        "{{\"schemas\":[\"{LIST_URN}\"],\"totalResults\":{},\"startIndex\":{},\
         \"itemsPerPage\":{},\"Resources\":[",
        found.total,
        page.start_index,
        groups.len()
    );
    let writer = Writer::new(&app.runner, caller.organization, base, &groups, projection);
    Ok(answer::body(StatusCode::OK, writer.within(before, "]}").body().await?))
}

fn projection(query: &Query, of: &ResourceType) -> Answer<Projection> {
    let (only, but) = (query.attributes.as_deref(), query.excluded_attributes.as_deref());
    Ok(Projection::parse(only, but, of)?)
}

async fn run<T: Listed>(app: &App, caller: &Caller, query: &Query) -> Answer<(Found<T>, Page)> {
    let filter = query.filter.as_deref();
    let filter = filter.map(|text| filter::parse(text, caller.client.dialect)).transpose()?;
    let sort = Sort::parse(query.sort_by.as_deref(), query.sort_order.as_deref(), T::TYPE)?;
    let page = Page::parse(query.start_index.as_deref(), query.count.as_deref(), PAGES)?;
    let search = Search { filter: filter.as_ref(), sort: sort.as_ref(), page };
    let (organization, client) = (caller.organization, caller.client);
    let found = search::run(&app.runner, organization, client, &app.pages, &search).await?;
    Ok((found, page))
}
