//! Searches: which subjects, resources or actions a decision would allow.
//!
//! A page is a stretch of the order of ids, keys or permissions; its token is the last one looked
//! at, so that pages follow one another whatever changes in between.

use axum::Json;
use axum::extract::State;

use super::body::{Asked as Body, Found as Page, PageAsked, PageFound, Result as Hit, Search};
use super::body::{malformed, missing};
use super::who::{self, USER};
use crate::app::App;
use crate::domain::access::decision::{Asked, judge};
use crate::domain::access::{Question, Snapshot, decide};
use crate::domain::actor::Actor;
use crate::domain::api_token::Kind;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::platform::{self, ORGANIZATION, PermissionIndex};
use crate::domain::time::Timestamp;
use crate::flow::problem::{Code, Problem};
use crate::http::answer::Answer;
use crate::http::extract::{PAGE, PAGE_MAX};
use crate::http::guard::Caller;

impl PageAsked {
    fn limit(&self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=PAGE_MAX).contains(&limit) {
            let detail = format!("limit is a number from 1 to {PAGE_MAX}.");
            return Err(malformed("/page/limit", "range", &detail));
        }
        Ok(usize::try_from(limit).unwrap_or(0))
    }

    /// The token; an empty one begins at the beginning.
    fn token(&self) -> Option<&str> {
        self.token.as_deref().filter(|token| !token.is_empty())
    }
}

/// A page out of hits that hold one more when the search goes on; each hit with its token.
fn page(mut hits: Vec<(String, Hit)>, limit: usize) -> Page {
    let more = hits.len() > limit;
    hits.truncate(limit);
    let next_token = hits.last().filter(|_| more).map(|(token, _)| token.clone());
    Page {
        results: hits.into_iter().map(|(_, hit)| hit).collect(),
        page: PageFound { next_token: next_token.unwrap_or_default() },
    }
}

fn bad_token() -> Problem {
    malformed("/page/token", "token", "Send `next_token` of the page before.")
}

/// `POST /access/v1/search/subject`: who may do this on that?
pub async fn subjects(
    State(app): State<App>,
    caller: Caller,
    Body(search): Body<Search>,
) -> Answer<Json<Page>> {
    let asked = &search.question;
    let subject = asked.subject.as_ref().ok_or_else(|| missing("/subject"))?;
    let action = asked.action.as_ref().ok_or_else(|| missing("/action"))?;
    let resource = asked.resource.as_ref().ok_or_else(|| missing("/resource"))?;
    let (kind, name) = (resource.kind()?, action.named()?);
    let id = resource.id.as_deref().ok_or_else(|| missing("/resource/id"))?;
    let (of, limit) = (subject.kind()?, search.page.limit()?);
    let after = search.page.token().map(UserId::parse).transpose().map_err(|_| bad_token())?;
    let place = who::place(asked.context.as_ref(), Some(resource))?;
    let at = app.runner.clock.now();
    let Some(organization) = may_search(&app, &caller, place.ok().flatten(), at).await? else {
        return Ok(Json(page(Vec::new(), limit)));
    };
    who::told(&app, &caller, organization, "search/subject").await?;
    let whole = kind == ORGANIZATION;
    let elsewhere = whole && OrganizationId::parse(id) != Ok(organization);
    if of != USER || elsewhere {
        return Ok(Json(page(Vec::new(), limit)));
    }
    let on = (!whole).then_some((kind, id));
    let hits = app
        .live
        .ask_all(organization, |snapshot| {
            snapshot.map(|snapshot| allowed(snapshot, (name, on), at, (after, limit + 1)))
        })
        .await?;
    Ok(Json(page(hits.unwrap_or_default(), limit)))
}

/// Users who are allowed something, in the order of their ids.
fn allowed(
    snapshot: &Snapshot,
    (permission, resource): (&str, Option<(&str, &str)>),
    at: Timestamp,
    (after, limit): (Option<UserId>, usize),
) -> Vec<(String, Hit)> {
    let definition = snapshot.definition();
    let Some(permission) = definition.permission_index(permission) else { return Vec::new() };
    let resource = match resource {
        None => None,
        Some((kind, key)) => match snapshot.resources().find(definition, kind, key) {
            None => return Vec::new(),
            found => found,
        },
    };
    let asked = Asked { permission, resource, at };
    snapshot
        .users(after)
        .filter(|(user, _)| judge(snapshot, *user, &asked).allowed)
        .take(limit)
        .map(|(user, _)| {
            let id = user.to_string();
            (id.clone(), Hit::Entity { r#type: USER.to_owned(), id })
        })
        .collect()
}

/// The organization in which the caller may search subjects: the operator where she names one, a
/// person at home with the permission for it.
async fn may_search(
    app: &App,
    caller: &Caller,
    place: Option<OrganizationId>,
    at: Timestamp,
) -> Result<Option<OrganizationId>, Problem> {
    if let Some(token) = &caller.token {
        if token.confined().is_some() || !token.holds("decisions.search_subjects") {
            return Err(forbidden());
        }
        if token.kind == Kind::Organization {
            let own = token.organization_id;
            let within = place.is_none_or(|place| place == own);
            return within.then_some(Some(own)).ok_or_else(forbidden);
        }
    }
    let user = match caller.actor {
        Actor::Operator(_) => return Ok(place),
        Actor::User(user) => user,
        _ => return Err(forbidden()),
    };
    let Some(home) = app.live.home(user).await? else { return Err(forbidden()) };
    let definition = &app.runner.platform;
    let action = platform::Action::DecisionsSearchSubjects;
    let key = definition.permission(definition.action(action)).map(|row| row.key.as_str());
    let question = Question { user, permission: key.unwrap_or_default(), resource: None, at };
    if place.is_none_or(|place| place == home) && app.live.allows(home, &question).await? {
        return Ok(Some(home));
    }
    Err(forbidden())
}

fn forbidden() -> Problem {
    Problem::new(Code::Forbidden, "Searching subjects needs a permission of its own.")
}

/// `POST /access/v1/search/resource`: on what may she do this?
pub async fn resources(
    State(app): State<App>,
    caller: Caller,
    Body(search): Body<Search>,
) -> Answer<Json<Page>> {
    let asked = &search.question;
    let subject = asked.subject.as_ref().ok_or_else(|| missing("/subject"))?;
    let action = asked.action.as_ref().ok_or_else(|| missing("/action"))?;
    let resource = asked.resource.as_ref().ok_or_else(|| missing("/resource"))?;
    let (name, kind) = (action.named()?, resource.kind()?);
    let limit = search.page.limit()?;
    let place = who::place(asked.context.as_ref(), None)?;
    let found = match place {
        Ok(place) => who::user(&app, subject, place).await?,
        Err(_) => None,
    };
    who::admit(&caller, found)?;
    let Some((organization, user)) = found else { return Ok(Json(page(Vec::new(), limit))) };
    who::told(&app, &caller, organization, "search/resource").await?;
    let at = app.runner.clock.now();
    let after = search.page.token();
    let hits = app
        .live
        .ask(organization, &[user], |snapshot, _| {
            let Some(snapshot) = snapshot else { return Vec::new() };
            if kind == ORGANIZATION {
                let question = Question { user, permission: name, resource: None, at };
                let id = organization.to_string();
                let hit = (id.clone(), Hit::Entity { r#type: kind.to_owned(), id });
                let held = after.is_none() && decide(snapshot, &question).allowed;
                return held.then_some(hit).into_iter().collect();
            }
            covered(snapshot, (user, name, at), kind, (after, limit + 1))
        })
        .await?;
    Ok(Json(page(hits, limit)))
}

/// Resources of a kind on which a user is allowed something, in the order of their keys.
fn covered(
    snapshot: &Snapshot,
    (user, permission, at): (UserId, &str, Timestamp),
    kind: &str,
    (after, limit): (Option<&str>, usize),
) -> Vec<(String, Hit)> {
    let definition = snapshot.definition();
    let (Some(permission), Some(index)) =
        (definition.permission_index(permission), definition.kind_index(kind))
    else {
        return Vec::new();
    };
    let allowed = |resource| {
        judge(snapshot, user, &Asked { permission, resource: Some(resource), at }).allowed
    };
    snapshot
        .resources()
        .of_kind(index, after)
        .filter(|(resource, _)| allowed(*resource))
        .take(limit)
        .map(|(_, key)| {
            let hit = Hit::Entity { r#type: kind.to_owned(), id: key.to_owned() };
            (key.to_owned(), hit)
        })
        .collect()
}

/// `POST /access/v1/search/action`: what may she do on this?
pub async fn actions(
    State(app): State<App>,
    caller: Caller,
    Body(search): Body<Search>,
) -> Answer<Json<Page>> {
    let mut asked = search.question.clone();
    let limit = search.page.limit()?;
    // The question without its action is the same as with any: every permission is put in.
    asked.action = Some(super::body::Action { name: Some(String::new()) });
    let who::Asked::Found(found) = who::find(&app, &caller, &asked).await? else {
        return Ok(Json(page(Vec::new(), limit)));
    };
    let at = app.runner.clock.now();
    let definition = &app.runner.platform;
    let first = match search.page.token() {
        None => 0,
        Some(key) => definition.permission_index(key).ok_or_else(bad_token)?.at() + 1,
    };
    let hits = app
        .live
        .ask(found.organization, &[found.user], |snapshot, _| {
            let Some(snapshot) = snapshot else { return Vec::new() };
            let resource = match found.question(at).resource {
                None => None,
                Some((kind, key)) => match snapshot.resources().find(definition, kind, key) {
                    None => return Vec::new(),
                    found => found,
                },
            };
            let allowed = |permission: &PermissionIndex| {
                let asked = Asked { permission: *permission, resource, at };
                judge(snapshot, found.user, &asked).allowed
            };
            (0..)
                .map(PermissionIndex)
                .zip(definition.permissions())
                .skip(first)
                .filter(|(index, _)| allowed(index))
                .take(limit + 1)
                .map(|(_, row)| (row.key.clone(), Hit::Action { name: row.key.clone() }))
                .collect()
        })
        .await?;
    Ok(Json(page(hits, limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(limit: Option<i64>) -> PageAsked {
        PageAsked { token: None, limit }
    }

    #[test]
    fn a_page_has_1_to_100_results() {
        assert_eq!(asked(None).limit().unwrap(), 50);
        assert_eq!(asked(Some(1)).limit().unwrap(), 1);
        assert_eq!(asked(Some(PAGE_MAX)).limit().unwrap(), 100);
        assert!(asked(Some(0)).limit().is_err());
        assert!(asked(Some(PAGE_MAX + 1)).limit().is_err());
    }

    #[test]
    fn the_last_page_has_an_empty_token() {
        let hit = |name: &str| (name.to_owned(), Hit::Action { name: name.to_owned() });
        let full = page(vec![hit("a"), hit("b")], 1);
        assert_eq!((full.results.len(), full.page.next_token.as_str()), (1, "a"));
        let last = page(vec![hit("a")], 1);
        assert_eq!((last.results.len(), last.page.next_token.as_str()), (1, ""));
    }
}
