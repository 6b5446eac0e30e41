//! The feed: what happened in an organization, in order.

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::id::{EventId, OrganizationId};
use crate::flow::problem::{Code, Problem};
use crate::http::answer::{Answer, Page};
use crate::http::extract::{Params, limit};
use crate::http::guard::Caller;
use crate::http::route::Method::Get;
use crate::http::route::{Doc, LIMIT, Needs, Of, Route, page};
use crate::store;
use crate::store::event::Placed;

/// Names of events that one call may ask for.
pub const TYPES_MAX: usize = 50;

/// Routes of the feed.
pub const ROUTES: &[Route] = &[Route::new(
    Get,
    "/organizations/{org}/events",
    Needs::Action("events.view", Of::Organization),
    || get(list),
    Doc::of("Reads the feed in order. An event's id is also the cursor behind it.")
        .query(&[
            ("after", "Where the page begins: `next` of the page before, or the id of an event."),
            ("types", "Events of these names alone, with commas between them, at most 50."),
            LIMIT,
        ])
        .answer(200, page::<Event>),
)];

/// Something that happened: ids and names of attributes, no personal values.
#[derive(Serialize, ToSchema)]
pub struct Event {
    id: String,
    /// Dotted and past tense: `user.created`.
    r#type: String,
    occurred_at: String,
    organization_id: String,
    /// The `X-Request-Id` of the request in which it was done; null for the gateway's own doing.
    request_id: Option<String>,
    actor: By,
    subject: Noun,
    #[schema(value_type = Object)]
    data: Value,
}

/// Who acted.
#[derive(Serialize, ToSchema)]
#[schema(as = EventActor)]
pub struct By {
    kind: String,
    id: Option<String>,
    /// The token of the directory by which its client acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
}

/// What it happened to.
#[derive(Serialize, ToSchema)]
#[schema(as = EventNoun)]
pub struct Noun {
    kind: String,
    id: Option<String>,
}

/// `?after=&types=&limit=`
#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
    types: Option<String>,
    limit: Option<String>,
}

impl Event {
    /// An event of an organization's feed.
    pub(super) fn of(organization: OrganizationId, from: Placed) -> Self {
        let (kind, id) = from.subject;
        Self {
            id: from.id.to_string(),
            r#type: from.name,
            occurred_at: from.occurred_at.to_string(),
            organization_id: organization.to_string(),
            request_id: from.request_id,
            actor: By { kind: from.actor.kind, id: from.actor.id, token_id: from.token_id },
            subject: Noun { kind, id: Some(id) },
            data: serde_json::from_str(&from.data).unwrap_or_default(),
        }
    }
}

/// `GET /organizations/{org}/events`
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Answer<Json<Page<Event>>> {
    let organization = caller.organization()?;
    let limit = limit(asked.limit.as_deref())?;
    let names = names(asked.types.as_deref())?;
    let scope = &mut app.runner.read(organization);
    let position = match asked.after.as_deref() {
        None => 0,
        Some(text) => {
            let unknown = || Problem::new(Code::Malformed, "after names no event of this feed.");
            let id = EventId::parse(text).map_err(|_| unknown())?;
            store::event::position_of(scope, id).await?.ok_or_else(unknown)?
        }
    };
    let found = store::event::after(scope, position, &names, limit + 1).await?;
    let next = |item: &Placed| item.id.to_string();
    Ok(Json(Page::map(found, limit, next, |item| Event::of(organization, item))))
}

/// The names that were asked for.
fn names(types: Option<&str>) -> Result<Vec<String>, Problem> {
    let Some(types) = types.filter(|types| !types.is_empty()) else { return Ok(Vec::new()) };
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b))
    };
    let names: Vec<&str> = types.split(',').map(str::trim).collect();
    if names.len() > TYPES_MAX || !names.iter().all(is_name) {
        let detail = format!("types holds 1 to {TYPES_MAX} names of events, as `user.created`.");
        return Err(Problem::new(Code::Malformed, detail));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_a_bounded_list_of_names() {
        assert!(names(None).unwrap().is_empty());
        assert_eq!(names(Some("user.created, group.member_added")).unwrap().len(), 2);
        let edge = vec!["a.b"; TYPES_MAX].join(",");
        assert!(names(Some(&edge)).is_ok());
        for bad in [",", "user.created,", "User.created", "%", &format!("{edge},a.b")] {
            assert!(names(Some(bad)).is_err(), "{bad}");
        }
    }
}
