//! Lists: the same for GET with parameters and for POST with a SearchRequest (C93), by index and
//! by cursor (N1, N3).

use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{self, Answer};
use super::guard::Caller;
use super::members::Writer;
use super::render;
use crate::app::App;
use crate::domain::group::Group;
use crate::flow::problem::Problem;
use crate::flow::provision::search::{
    self, Found, Listed, MembersOf, Mixed, OfferedRole, PAGES, Part, Search, Shelf, Tie,
    fingerprint,
};
use crate::scim::catalog::{GROUP, USER};
use crate::scim::list::{Frame, Query};
use crate::scim::page::Paging;
use crate::scim::project::Projection;
use crate::scim::{ResourceType, filter};
use crate::store::user::Grouped;

/// One question for a list: who asks, below which address, for what.
pub struct Question<'a> {
    /// The parts.
    pub app: &'a App,
    /// Who asks.
    pub caller: &'a Caller,
    /// The address below which she asks.
    pub base: &'a str,
    /// What she asks for.
    pub query: &'a Query,
}

/// A list of users.
///
/// # Errors
/// 400 for parameters that do not fit, `tooMany` for a list that would read too much.
pub async fn users(asked: Question<'_>) -> Answer {
    let projection = asked.projection(&USER)?;
    let (rows, frame) = asked.run::<Grouped>().await?;
    Ok(whole(&frame, rows.iter().map(|row| render::user(asked.base, row, &projection))))
}

/// A list of groups; members are read only when the answer holds them (C60).
///
/// # Errors
/// As [`users`].
pub async fn groups(asked: Question<'_>) -> Answer {
    let projection = asked.projection(&GROUP)?;
    let (rows, frame) = asked.run::<MembersOf>().await?;
    if !projection.wants("members") {
        let text = |row: &MembersOf| render::group(asked.base, &row.group, &projection) + "}";
        return Ok(whole(&frame, rows.iter().map(text)));
    }
    let groups: Vec<Group> = rows.into_iter().map(|row| row.group).collect();
    let before = frame.before(groups.len());
    let writer = asked.writer(&groups, projection);
    Ok(answer::body(StatusCode::OK, writer.within(before, Frame::AFTER).body().await?))
}

/// A list of roles.
///
/// # Errors
/// As [`users`].
pub async fn roles(asked: Question<'_>) -> Answer {
    let projection = asked.projection(asked.app.served.role())?;
    let (rows, frame) = asked.run::<OfferedRole>().await?;
    Ok(whole(&frame, rows.iter().map(|row| render::role(asked.base, row, &projection))))
}

/// A list of resources of all types (C57).
///
/// # Errors
/// As [`users`].
pub async fn everything(asked: Question<'_>) -> Answer {
    let (of_users, of_groups) = (asked.projection(&USER)?, asked.projection(&GROUP)?);
    let of_roles = asked.projection(asked.app.served.role())?;
    let shelf = asked.shelf();
    let (part, tie) = asked.part(Mixed::NAME)?;
    let (filter, frame) = (asked.filter()?, (part.start_index(), tie));
    let found = search::everything(&shelf, &asked.search(filter.as_ref(), part)).await?;
    let (rows, frame) = asked.framed(found, frame)?;
    let before = frame.before(rows.len());
    let with_members = of_groups.wants("members");
    let mut writer = asked.writer(&[], of_groups.clone());
    for row in &rows {
        match row {
            Mixed::User(row) => writer.push(render::user(asked.base, row, &of_users)),
            Mixed::Role(row) => writer.push(render::role(asked.base, row, &of_roles)),
            Mixed::Group(row) if with_members => writer.push_group(&row.group),
            Mixed::Group(row) => {
                writer.push(render::group(asked.base, &row.group, &of_groups) + "}");
            }
        }
    }
    Ok(answer::body(StatusCode::OK, writer.within(before, Frame::AFTER).body().await?))
}

/// An answer in one piece.
fn whole(frame: &Frame, texts: impl Iterator<Item = String>) -> Response {
    answer::body(StatusCode::OK, frame.around(&texts.collect::<Vec<_>>()))
}

impl<'a> Question<'a> {
    fn projection(&self, of: &ResourceType) -> Answer<Projection> {
        let only = self.query.attributes.as_deref();
        let but = self.query.excluded_attributes.as_deref();
        Ok(Projection::parse(only, but, of)?)
    }

    fn filter(&self) -> Answer<Option<filter::Filter>> {
        let text = self.query.filter.as_deref();
        Ok(text.map(|text| filter::parse(text, self.caller.client.dialect)).transpose()?)
    }

    fn shelf(&self) -> Shelf<'a> {
        Shelf {
            runner: &self.app.runner,
            organization: self.caller.organization,
            directory: self.caller.client.directory,
            base: self.base,
            served: self.app.served,
            pages: &self.app.pages,
            bounds: search::Bounds::default(),
        }
    }

    fn search<'s>(&'s self, filter: Option<&'s filter::Filter>, part: Part) -> Search<'s> {
        let sort_by = self.query.sort_by.as_deref();
        let sort_order = self.query.sort_order.as_deref();
        Search { filter, sort_by, sort_order, part }
    }

    fn writer(&self, groups: &[Group], projection: Projection) -> Writer {
        let organization = self.caller.organization;
        Writer::new(&self.app.runner, organization, self.base, groups, projection)
    }

    async fn run<T: Listed>(&self) -> Answer<(Vec<T>, Frame)> {
        let (part, tie) = self.part(T::NAME)?;
        let (filter, frame) = (self.filter()?, (part.start_index(), tie));
        let found = search::run(&self.shelf(), &self.search(filter.as_ref(), part)).await?;
        Ok(self.framed(found, frame)?)
    }

    /// Which part is asked for, and what a cursor of this list is bound to.
    fn part(&self, list: &str) -> Answer<(Part, Tie)> {
        let paging = Paging::parse(self.query, PAGES)?;
        let count = match &paging {
            Paging::Index(page) => page.count,
            Paging::Cursor { count, .. } => *count,
        };
        let (query, caller) = (self.query, self.caller);
        let scopes: Vec<&str> = caller.scopes.iter().map(|scope| scope.as_str()).collect();
        let scopes = scopes.join(" ");
        let tie = Tie {
            organization: caller.organization,
            directory: caller.client.directory,
            query: fingerprint(&[
                Some(list),
                Some(&scopes),
                query.filter.as_deref(),
                query.sort_by.as_deref(),
                query.sort_order.as_deref(),
                query.attributes.as_deref(),
                query.excluded_attributes.as_deref(),
            ]),
            count,
        };
        let part = match paging {
            Paging::Index(page) => Part::Index(page),
            Paging::Cursor { text, count } if text.is_empty() => {
                Part::Cursor { after: None, count }
            }
            Paging::Cursor { text, count } => {
                let now = self.app.runner.clock.now();
                let after = Some(tie.position(&self.app.seal, now, &text)?);
                Part::Cursor { after, count }
            }
        };
        Ok((part, tie))
    }

    /// What the answer says beside what was found.
    fn framed<T>(
        &self,
        found: Found<T>,
        (start_index, tie): (Option<u64>, Tie),
    ) -> Result<(Vec<T>, Frame), Problem> {
        let now = self.app.runner.clock.now();
        let next_cursor = found.next.map(|next| tie.cursor(&self.app.seal, now, &next));
        let next_cursor = next_cursor.transpose()?;
        Ok((found.rows, Frame { total: found.total, start_index, next_cursor }))
    }
}
